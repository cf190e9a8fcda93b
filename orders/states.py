"""The statuses of an order, and the one table of what may follow what. Pure but for the choices' base class.

docs/order-states.md is generated from this table (`python manage.py order_states`), and a test fails
if they differ. orders/transitions.py is the one place that changes a status.
"""

from django.db import models


class Status(models.TextChoices):
    CART = "cart", "Cart"
    CONFIRMING = "confirming", "Waiting for your answer"
    PENDING = "pending", "Pending"
    OPEN = "open", "Open"
    DISPATCHED = "dispatched", "Dispatched"
    RETURNED = "returned", "Returned"
    CANCELLED = "cancelled", "Cancelled"


# from -> to -> when
TRANSITIONS: dict[Status, dict[Status, str]] = {
    Status.CART: {
        Status.OPEN: "authorized, nothing short",
        Status.CONFIRMING: "authorized, found short",
    },
    Status.CONFIRMING: {
        Status.OPEN: "moved to dates on which nothing is short, or no longer short",
        Status.PENDING: "the customer waits with these dates",
        Status.CART: "the customer goes back, or does not answer in time; the hold is released",
    },
    Status.PENDING: {
        Status.OPEN: "promoted: nothing is short any more",
        Status.CANCELLED: "by the customer or staff, the dispatch day has passed, or not paid again in time; "
        "the hold is released",
    },
    Status.OPEN: {
        Status.DISPATCHED: "captured and shipped",
        Status.CANCELLED: "by the customer or staff, or not paid again in time; the hold is released, or what was "
        "taken goes back",
    },
    Status.DISPATCHED: {
        Status.RETURNED: "every copy is checked in or settled",
    },
    Status.RETURNED: {},
    Status.CANCELLED: {},
}

# The payment provider holds (or has taken) the order's total exactly in these.
AUTHORIZED = (Status.CONFIRMING, Status.PENDING, Status.OPEN, Status.DISPATCHED, Status.RETURNED)
# The order has reservations exactly in these.
RESERVED = (Status.PENDING, Status.OPEN, Status.DISPATCHED)
# The customer's answer is given and the deck is still here, so cards and days can be changed.
NOT_YET_LEFT = (Status.PENDING, Status.OPEN)


class TransitionNotAllowed(ValueError):
    """The table does not lead from here to there; carries both."""

    def __init__(self, from_status: str, to_status: str) -> None:
        self.from_status, self.to_status = from_status, to_status
        super().__init__(f"An order that is {from_status} cannot become {to_status}.")


def check_transition(from_status: str, to_status: str) -> None:
    """Raises TransitionNotAllowed where the table does not lead from the one to the other."""
    if to_status not in TRANSITIONS[Status(from_status)]:
        raise TransitionNotAllowed(from_status, to_status)


def diagram() -> str:
    """The table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", "    [*] --> cart"]
    for from_status, following in TRANSITIONS.items():
        lines += [f"    {from_status.value} --> {to.value}: {when}" for to, when in following.items()]
        if not following:
            lines.append(f"    {from_status.value} --> [*]")
    return "\n".join(lines) + "\n"
