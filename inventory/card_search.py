"""The search of cards as a page asks for it: read from its address, and put back into one that can be shared."""

from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import cast
from urllib.parse import parse_qs, urlencode, urlsplit

from django.http import QueryDict
from django.urls import reverse

from inventory.card_query import CardQuery, parse, write
from inventory.card_query.filters import COMPARE_NAMES, TYPES, Address, Controls, controls_of, with_controls
from inventory.card_query.sorting import DIRECTIONS, SORT_NAMES, Direction
from inventory.card_query.terms import FINISHES, RARITIES
from inventory.models import Finish
from inventory.rental_days import AskedDays, asked_days
from inventory.search import FoundCards, search_cards

SHORTEST = 2  # characters from which a search begins while it is typed
EXAMPLES = (
    ("lightning bolt", "both words in the name, of any face"),
    ("\"sol ring\"", "these words in this order"),
    ("!\"Fire // Ice\"", "exactly this name"),
    ("t:elf -t:warrior", "an Elf that is no Warrior"),
    ("c:ur", "blue and red, perhaps more; also c=ur, c<=ur, c:izzet, c:c, c:m"),
    ("id:esper", "fits a commander of these colours"),
    ("mv<=3", "mana value; also mv:even"),
    ("r>=rare", "rarity of a printing"),
    ("set:m10 is:foil", "a foil of that set; also is:nonfoil, is:etched"),
    ("o:\"draw a card\"", "in the rules text"),
    ("t:angel or t:demon", "one of the two; brackets group"),
    ("is:commander", "also is:permanent, is:split, is:dfc, is:mdfc, is:transform"),
    ("is:owned is:free", "in the shop, and free on your days"),
    ("order:price direction:desc", "also name, mv, newest, owned, free"),
)  # fmt: skip


@dataclass(frozen=True)
class AskedCards:
    """`query` and `days` with the page of answers that is wanted; `controls` as they are shown beside it."""

    query: CardQuery
    days: AskedDays
    page: str
    today: date

    def search(self) -> FoundCards:
        return search_cards(query=self.query, page=self.page, today=self.today, days=self.days.blocked)

    @property
    def too_short(self) -> bool:
        return 0 < len(self.query.text) < SHORTEST

    @cached_property
    def controls(self) -> Controls:
        return controls_of(self.query)

    @property
    def address(self) -> str:
        """Of the first page."""
        return self._address()

    @property
    def address_before_page(self) -> str:
        """Of any page; its number comes behind it."""
        return self._address(page="")

    @cached_property
    def own_address(self) -> str:
        """Of this very page, to come back to."""
        return self._address(page=self.page) if self.page not in ("", "1") else self.address

    @property
    def without_owned(self) -> str:
        """Of the same search among all cards."""
        text = self.query.text
        among_all = replace(self.controls, owned=False, free=False)
        return self.with_text(with_controls(text, was=text, controls=among_all))

    def with_text(self, text: str) -> str:
        return self._address(text=text)

    def goes_on_from(self, current_url: str) -> bool:
        """Whether the text at that address is being typed on (or taken back): no page to go back to by itself."""
        before = parse_qs(urlsplit(current_url).query).get("q", [""])[0]
        return bool(before) and (self.query.text.startswith(before) or before.startswith(self.query.text))

    def _address(self, *, text: str | None = None, **more: str) -> str:
        text = self.query.text if text is None else text
        parameters = ({"q": text} if text else {}) | self.days.written | more
        path = reverse("inventory:cards")
        return f"{path}?{urlencode(parameters)}" if parameters else path

    # --- what the controls offer ------------------------------------------------------------------------

    compare_names = COMPARE_NAMES
    types = TYPES
    rarities = RARITIES[:3] + RARITIES[4:5]
    finishes = tuple((finish, Finish(finish).label) for finish in FINISHES)
    sort_names = SORT_NAMES
    examples = EXAMPLES

    @property
    def colors(self) -> list[tuple[str, str, bool]]:
        """(letter, name, whether it is chosen) of each."""
        names = (
            ("W", "White"),
            ("U", "Blue"),
            ("B", "Black"),
            ("R", "Red"),
            ("G", "Green"),
            ("C", "Colourless"),
        )
        return [(letter, name, letter in self.controls.colors) for letter, name in names]

    @property
    def direction(self) -> Direction:
        return self.query.direction or DIRECTIONS[self.query.sort]


def asked_cards(address: QueryDict, *, today: date) -> AskedCards:
    """What stands in an address, the controls put into the query."""
    text = address.get("q", "")
    if "was" in address:
        sent = cast("Address", address)
        text = with_controls(text, was=sent.get("was"), controls=Controls.of_address(sent))
        query = parse(text)
    else:
        query = CardQuery.asked(text, owned_only=address.get("owned") == "1")
        if query.tree != parse(text).tree:
            query = parse(write(query))
    return AskedCards(query, asked_days(address, today=today), address.get("page", "1"), today)
