"""What an order costs, in whole cents. Pure; the rule in words is docs/pricing.md."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quote:
    """The total of an order and what it is made of, in cents. `tax_basis_points`: hundredths of a percent."""

    days: int
    cards_cents: int
    shipping_cents: int
    tax_basis_points: int
    tax_cents: int

    @property
    def net_cents(self) -> int:
        """What is taxed."""
        return self.cards_cents + self.shipping_cents

    @property
    def total_cents(self) -> int:
        return self.net_cents + self.tax_cents

    @property
    def tax_percent(self) -> str:
        """For reading: 1900 basis points are "19", 750 are "7.5"."""
        return f"{self.tax_basis_points / 100:g}"


def tax_of(cents: int, basis_points: int) -> int:
    """The tax on an amount, in cents, half a cent rounded up.

    >>> tax_of(50, 1900)
    10
    """
    return (cents * basis_points + 5_000) // 10_000


def tax_within(cents: int, basis_points: int) -> int:
    """The tax in an amount that includes it: what `tax_of` has put on top.

    >>> tax_within(50 + tax_of(50, 1900), 1900)
    10
    """
    before_tax = (2 * cents * 10_000 + 10_000 + basis_points) // (2 * (10_000 + basis_points))
    return cents - before_tax


def quote_order(
    lines: Iterable[tuple[int, int]],
    *,
    days: int,
    shipping_cents: int,
    tax_basis_points: int,
    minimum_cents: int = 0,
) -> Quote:
    """The quote for lines of (copies, cents for a copy and a day), rented for `days` days.

    The cards of an order cost at least `minimum_cents`. Tax is worked out once, on the sum of cards and
    shipping, so that rounding happens once.
    """
    rent_cents = days * sum(copies * day_price_cents for copies, day_price_cents in lines)
    cards_cents = max(rent_cents, minimum_cents)
    tax_cents = tax_of(cards_cents + shipping_cents, tax_basis_points)
    return Quote(days, cards_cents, shipping_cents, tax_basis_points, tax_cents)
