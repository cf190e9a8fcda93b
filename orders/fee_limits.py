"""What may be charged besides an order's total, at most, in whole cents. Pure; in words: docs/payments.md, "Fees".

Whatever does not come out even is rounded down, in the customer's favour.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from orders.pricing import Quote, tax_of

MOST_LATE_DAYS = 28  # a deck that is later than that is lost, and its worth is the limit


@dataclass(frozen=True, slots=True)
class AgreedLimits:
    """What a customer agrees to with an order: so much for a late day, and for damage and loss together."""

    late_day_cents: int
    value_cents: int

    @property
    def late_cents(self) -> int:
        """All late days together."""
        return self.late_day_cents * MOST_LATE_DAYS

    @property
    def most_cents(self) -> int:
        """All fees together."""
        return self.late_cents + self.value_cents


@dataclass(frozen=True, slots=True)
class FeeLimits:
    """What may be charged for an order as it stands: `late_days` so far, and what is charged already.

    `late_charged_before_cents`: for late days that were over when the deck was kept longer.
    """

    late_day_cents: int
    late_days: int
    value_cents: int
    late_charged_cents: int
    harm_charged_cents: int
    late_charged_before_cents: int = 0

    @property
    def late_cents(self) -> int:
        """For the late days there were."""
        return self.late_day_cents * self.late_days

    @property
    def late_left_cents(self) -> int:
        most_cents = AgreedLimits(self.late_day_cents, 0).late_cents - self.late_charged_before_cents
        return max(0, min(self.late_cents, most_cents) - self.late_charged_cents)

    @property
    def harm_left_cents(self) -> int:
        """For damage and loss together: a copy is not worth more because both happened to it."""
        return max(0, self.value_cents - self.harm_charged_cents)

    @property
    def left_cents_by_kind(self) -> Mapping[str, int]:
        """What may still be charged, by kind of fee; damage and loss share theirs."""
        return {"late": self.late_left_cents, "damage": self.harm_left_cents, "loss": self.harm_left_cents}


def late_day_cents(quote: Quote, *, percent: int) -> int:
    """So many percent of what a day of the deck costs, with tax and without shipping.

    >>> late_day_cents(Quote(3, 600, 590, 1900, 226), percent=200)
    476
    """
    cards_cents = quote.cards_cents + tax_of(quote.cards_cents, quote.tax_basis_points)
    return cards_cents * percent // (100 * quote.days)


def late_days(*, due_on: date, back_on: date) -> int:
    """The days after `due_on` until everything was back (or today), at most MOST_LATE_DAYS.

    >>> late_days(due_on=date(2026, 5, 1), back_on=date(2026, 5, 3))
    2
    """
    return min(max(0, (back_on - due_on).days), MOST_LATE_DAYS)


def worth_cents(lines: Iterable[tuple[int, int | None]]) -> int:
    """What lines of (copies, cents that a copy is worth) are worth; of what was never valued, nothing."""
    return sum(copies * (value_cents or 0) for copies, value_cents in lines)
