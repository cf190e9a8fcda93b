"""The cards that a page showed when they were paid for: from another device they can change at the same total.

They are written down with the try to pay, and compared where the money is booked: nobody pays for cards unseen.
"""

import hashlib
from collections.abc import Iterable

from orders.models import OrderCard

CHANGED = (
    "Your cart was changed on another device or in another tab since you looked at it, so nothing is held. Please "
    "look at your cards once more before you pay."
)


def cards_shown(lines: Iterable[OrderCard]) -> str:
    """What a page shows of the cards, in short: another one as soon as one comes, goes or is another printing."""
    shown = sorted((line.card_id, line.preferred_printing_id or 0, line.quantity) for line in lines)
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]
