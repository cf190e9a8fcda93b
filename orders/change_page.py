"""What a customer's change would do, in words and in rows: for the page that shows it before anything happens."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings

from inventory.availability import Shortfall
from inventory.money import format_cents
from orders.change_differences import Difference, differences
from orders.change_plan import ChangeIsShort
from orders.dates import Schedule
from orders.desk_changes import refusal
from orders.models import Order, OrderCard
from orders.own_changes import Look, Outcome


@dataclass(frozen=True, slots=True)
class ChangePage:
    """A look at a change, ready to be shown."""

    look: Look
    differences: Sequence[Difference]
    short_says: Sequence[str]

    @property
    def says(self) -> str:
        """What becomes of the order."""
        if self.look.is_at_risk:
            return _AT_RISK
        if self.look.outcome == Outcome.STAYS_OPEN and self.look.plan.asks_for_less:
            return "Your order stays open."  # nothing of it is asked for anew
        return _SAYS[self.look.outcome]

    @property
    def keeps_place_by(self) -> str:
        """What would keep the place of an order that this change would put at the end of the queue."""
        if self.look.outcome != Outcome.GOES_TO_THE_END:
            return ""
        return (
            "To keep your place, only take copies or whole cards out, or choose a shorter stay within your days. "
            "Everything else is asked for anew, since others have come to wait meanwhile."
        )

    @property
    def money_says(self) -> str:
        """What happens with the money, once it is confirmed."""
        look = self.look
        total, held = (
            format_cents(cents, settings.CURRENCY) for cents in (look.total_cents, look.held_cents)
        )
        if look.needs_hold and look.held_cents:
            return (
                f"This costs more than the {held} held on your card, so the new total of {total} is held anew. Once "
                "it is, the old hold is released; for a moment your bank may show both. Nothing is charged before the "
                "deck leaves. If your card does not hold it, your order stays as it is."
            )
        if look.needs_hold:
            return (
                f"Nothing is held for your order at the moment, so its total of {total} is held on your card."
            )
        if look.held_cents > look.total_cents:
            return (
                f"The {held} held on your card stay held. When the deck leaves we charge {total} only, and let the "
                "rest go."
            )
        if look.held_cents:
            return f"The {held} held on your card stay held, and are charged when the deck leaves."
        return f"Nothing is held for your order at the moment; {total} are held before the deck leaves."

    @property
    def schedule(self) -> Schedule:
        order = self.look.plan.order
        assert order.out_on is not None
        assert order.first_day is not None
        assert order.last_day is not None
        assert order.due_on is not None
        return Schedule(order.out_on, order.first_day, order.last_day, order.due_on)


_AT_RISK = (
    "What comes to your order is free, and it stays open. But of cards that were set aside for you before, the shop "
    "is short at the moment: we write to you should they not be there in time."
)
_SAYS = {
    Outcome.STAYS_OPEN: "Every card is free: your order stays open.",
    Outcome.OPENS: "Every card is free: your order opens with this change.",
    Outcome.KEEPS_PLACE: "Your order still waits, and keeps its place in the queue.",
    Outcome.GOES_TO_THE_END: "This asks for more than before, and not all of it is free: your order would go to the "
    "end of the queue.",
    Outcome.REFUSED: "Not all of this is free, so your order cannot be changed like this. It stays as it is.",
}


def change_page(*, order: Order, lines: Sequence[OrderCard], look: Look) -> ChangePage:
    """`order` and `lines`: as they are now."""
    return ChangePage(look, differences(order, lines, look.plan), short_in_words(look.shortfalls))


def short_in_words(shortfalls: Mapping[int, Shortfall]) -> list[str]:
    """Each short card: by how many, and on which days."""
    return refusal(ChangeIsShort(shortfalls))[1:] if shortfalls else []
