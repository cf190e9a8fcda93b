"""A card as it is typed: checked, recognised, and its number forgotten."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import Any

from .cards import BY_NUMBER, NOT_A_TEST_CARD, Card, brand_of, luhn_is_valid
from .errors import CardError

FARTHEST_EXPIRY = 50


@dataclass(frozen=True)
class EnteredCard:
    card: Card
    exp_month: int
    exp_year: int


def read_card(typed: dict[str, Any], today: datetime.date) -> EnteredCard:
    """`typed` holds ``number``, ``exp_month``, ``exp_year`` and ``cvc``. Raises `CardError`."""
    number = re.sub(r"[ -]", "", str(typed.get("number", "")))
    if not re.fullmatch(r"[0-9]{13,19}", number):
        raise refused("invalid_number", "The card number is not a valid credit card number.", "number")
    if not luhn_is_valid(number):
        raise refused("incorrect_number", "Your card number is incorrect.", "number")

    month, year = check_expiry(whole(typed.get("exp_month")), whole(typed.get("exp_year")), today)
    length = 4 if brand_of(number) == "amex" else 3
    if not re.fullmatch(f"[0-9]{{{length}}}", str(typed.get("cvc", ""))):
        raise refused("invalid_cvc", "Your card's security code is invalid.", "cvc")

    card = BY_NUMBER.get(number)
    if card is None:
        raise CardError(
            NOT_A_TEST_CARD.message,
            code=NOT_A_TEST_CARD.code,
            decline_code=NOT_A_TEST_CARD.decline_code,
            param=NOT_A_TEST_CARD.param,
        )
    return EnteredCard(card, month, year)


def check_expiry(month: int | None, year: int | None, today: datetime.date) -> tuple[int, int]:
    """Month and year, the year in full. Raises `CardError` on none, on one long ago and on one far ahead."""
    if month is None or not 1 <= month <= 12:
        raise refused("invalid_expiry_month", "Your card's expiration month is invalid.", "exp_month")
    year = year + today.year // 100 * 100 if year is not None and year < 100 else year
    if year is None or not today.year <= year <= today.year + FARTHEST_EXPIRY:
        raise refused("invalid_expiry_year", "Your card's expiration year is invalid.", "exp_year")
    if (year, month) < (today.year, today.month):
        raise refused("invalid_expiry_month", "Your card's expiration month is invalid.", "exp_month")
    return month, year


def whole(value: Any) -> int | None:
    return int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,4}", value) else None


def refused(code: str, message: str, param: str) -> CardError:
    return CardError(message, code=code, param=param)
