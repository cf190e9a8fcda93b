"""Everything that the page of a deck on offer shows. Reads only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.conf import settings

from inventory.closed_days import shop_calendar
from inventory.rental_days import AskedDays, asked_days
from inventory.starts import COLLECTED_DAYS, Starts, collected_starts
from inventory.template_decks import OfferedDeck, offered_deck


@dataclass(frozen=True, slots=True)
class DeckDetails:
    """`offered` says what is short on the days that were `asked` for, or today; `starts`: the next 60 for `days`."""

    offered: OfferedDeck
    asked: AskedDays
    days: int
    starts: Starts

    @property
    def period_cents(self) -> int:
        """For the whole deck and `days`, without shipping and tax."""
        return self.days * self.offered.day_price_cents

    @property
    def order_minimum_cents(self) -> int | None:
        """What the cards of an order cost at least, where these cost less."""
        least = settings.ORDER_MINIMUM_CENTS
        return least if self.period_cents < least else None

    @property
    def free_copies(self) -> int:
        return self.offered.copies - self.offered.short

    @property
    def part_is_free(self) -> bool:
        """Whether something is free and something else is short."""
        return 0 < self.free_copies < self.offered.copies


def deck_details(slug: str, *, query: Mapping[str, str], today: date, drafts: bool = False) -> DeckDetails:
    """A deck on the days in the `query` of an address, and when the whole of it is free.

    The published one of that slug, with `drafts` any. Six queries. Raises `TemplateDeck.DoesNotExist`.
    """
    calendar = shop_calendar()
    asked = asked_days(query, today=today, calendar=calendar)
    offered = offered_deck(slug, today=today, days=asked.blocked, drafts=drafts)
    days = asked.period.length if asked.period else COLLECTED_DAYS
    return DeckDetails(
        offered=offered,
        asked=asked,
        days=days,
        starts=collected_starts(offered.demand, today=today, calendar=calendar, days=days),
    )
