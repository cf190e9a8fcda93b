"""Amounts and currencies: what may be charged at all."""

from __future__ import annotations

from ..errors import InvalidRequestError

#: Lower-case code, smallest charge, digits after the point. Others are refused.
CURRENCIES = {
    "usd": (50, 2),
    "eur": (50, 2),
    "gbp": (30, 2),
    "chf": (50, 2),
    "cad": (50, 2),
    "aud": (50, 2),
    "nzd": (50, 2),
    "sek": (300, 2),
    "dkk": (250, 2),
    "nok": (300, 2),
    "pln": (200, 2),
    "czk": (1500, 2),
    "jpy": (50, 0),
}
LARGEST = 99_999_999
SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£"}


def check_currency(given: str) -> str:
    currency = given.lower()
    if currency not in CURRENCIES:
        raise InvalidRequestError(
            f"Invalid currency: {currency}. This sandbox supports these currencies: "
            f"{', '.join(sorted(CURRENCIES))}",
            param="currency",
        )
    return currency


def check_amount(amount: int, currency: str) -> None:
    smallest, _ = CURRENCIES[currency]
    if amount < 1:
        raise InvalidRequestError(
            "This value must be greater than or equal to 1.", code="parameter_invalid_integer", param="amount"
        )
    if amount < smallest:
        raise InvalidRequestError(
            f"Amount must be at least {shown(smallest, currency)}.", code="amount_too_small", param="amount"
        )
    if amount > LARGEST:
        raise InvalidRequestError(
            f"Amount must be no more than {shown(LARGEST, currency)}.",
            code="amount_too_large",
            param="amount",
        )


def with_symbol(amount: int, currency: str) -> str:
    """As Stripe's sentences about refunds have it: $12.50."""
    symbol = SYMBOLS.get(currency)
    return f"{symbol}{amount / 100:,.2f}" if symbol else shown(amount, currency)


def shown(amount: int, currency: str) -> str:
    digits = CURRENCIES[currency][1]
    return f"{amount / 10**digits:,.{digits}f} {currency.upper()}"
