"""What happened to an order, in words for its customer. Pure.

The reasons of events are written for everybody who may read them; what they say of the customer is said to them here.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from orders.models import OrderEvent
from orders.states import Status


@dataclass(frozen=True, slots=True)
class Told:
    """`says`: what the title leaves to say; `who`: empty for what came about by itself."""

    at: datetime
    title: str
    says: str
    who: str


_WHO = {"customer": "you", "staff": "the shop"}

_TITLES: dict[tuple[str, str], str] = {
    (Status.CART, Status.OPEN): "Ordered, and every card set aside",
    (Status.CART, Status.CONFIRMING): "Ordered, and found short",
    (Status.CONFIRMING, Status.OPEN): "Open: every card is set aside",
    (Status.CONFIRMING, Status.PENDING): "In the queue, with these dates",
    (Status.CONFIRMING, Status.CART): "Back to the cart",
    (Status.PENDING, Status.OPEN): "Open: every card is free now",
    (Status.PENDING, Status.CANCELLED): "Cancelled",
    (Status.OPEN, Status.CANCELLED): "Cancelled",
    (Status.OPEN, Status.DISPATCHED): "The deck left the shop",
    (Status.DISPATCHED, Status.RETURNED): "Everything is back or settled",
}

# Reasons that the title says already (""), or that a customer reads better in other words.
_IN_OTHER_WORDS = [
    (re.compile(pattern), words)
    for pattern, words in (
        (r"the customer cancels|the customer goes back|waiting with these dates", ""),
        (r"every card is (back|free now|free by now)( or settled)?|the rest is back", ""),
        (r"the total is held; .*", "The total is held on your card."),
        (r"paid and on its way", "The total was charged to your card."),
        (r"moved to (.+)", r"Moved to \1, when nothing is short."),
        (
            r"its dispatch day has passed",
            "The day on which it should have left came before all of its cards.",
        ),
        (r"no answer within (\d+) minutes", r"There was no answer within \1 minutes."),
        (
            r"the hold on the card had ended, and it was not paid again by (.+)",
            r"It was not paid again by \1.",
        ),
        (
            r"the hold on the card could not be renewed \(.*\); the customer is asked to pay again by (.+)",
            r"The hold on your card could not be renewed. We asked you to pay again by \1.",
        ),
        (r"back: (.+)", r"Came back: \1."),
        (r"cards or days changed", "Cards or days were changed."),
        (r"cards or days changed: (.+)", r"Cards or days were changed. \1."),
        (r"kept until (.+)", r"The deck may stay with you until \1."),
        (r"expected on (.+)", r"What is out is expected on \1."),
        (r"nobody knows when it comes back", "It is not known when it comes back."),
        (
            r"refund of (.+) that failed, paid back in another way: (.+)",
            r"\1 was paid back to you in another way: \2",
        ),
        (r"refund of (.+): the order is cancelled", r"\1 goes back to your card."),
        (r"changed, and every card is free now", "It was changed."),
        (r"changed, and every card is free now: (.+)", r"It was changed. \1."),
    )
]


def history_of(events: Iterable[OrderEvent]) -> Iterator[Told]:
    """One for each event, in their order."""
    for event in events:
        says, who = _in_words(event.reason), _WHO.get(event.actor, "")
        if event.from_status == event.to_status:  # a note: what it says is all there is
            yield Told(event.at, says or "Noted", "", who)
        else:
            title = _TITLES.get((event.from_status, event.to_status)) or Status(event.to_status).label
            yield Told(event.at, title, says, who)


def _in_words(reason: str) -> str:
    for pattern, words in _IN_OTHER_WORDS:
        found = pattern.fullmatch(reason)
        if found:
            return found.expand(words)
    reason = reason.strip()
    if not reason:
        return ""
    return f"{reason[0].upper()}{reason[1:]}{'' if reason[-1] in '.!?' else '.'}"
