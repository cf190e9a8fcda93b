"""What a copy costs for a day. Pure; the rule in words is in docs/pricing.md."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DayRate:
    """The shop's rule from a printing's value to the price of a copy for a day.

    `basis_points`: hundredths of a percent of the value. `minimum_cents`: what a day costs at least.
    """

    basis_points: int
    minimum_cents: int

    def price_cents(self, *, value_cents: int, override_cents: int | None = None) -> int:
        """Cents for one copy and one day: the card's own price where it has one, else the rule, rounded up.

        >>> DayRate(basis_points=100, minimum_cents=3).price_cents(value_cents=4_001)
        41
        """
        if override_cents is not None:
            return override_cents
        return max(self.minimum_cents, -(-value_cents * self.basis_points // 10_000))
