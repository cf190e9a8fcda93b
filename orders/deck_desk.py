"""The shop's decks as the desk sees them: all, one, its versions, and who has which. Reads only."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q, QuerySet

from inventory.deck_drafts import deck_text, version_text
from inventory.deck_versions import ShownVersion, ZoneOfDeck, versions_page, zones_of
from inventory.models import TemplateDeck, TemplateDeckVersion
from inventory.template_decks import OfferedDeck, with_shortages
from orders.models import Order, OrderTemplateDeck
from orders.states import Status

DECKS_PER_PAGE = 25
ORDERS_PER_PAGE = 50
LONGEST_WORDS = 100

# Formats that players name most; those of the shop's own decks are added to them.
FORMATS = (
    "Standard",
    "Pioneer",
    "Modern",
    "Legacy",
    "Vintage",
    "Pauper",
    "Commander",
    "Brawl",
    "Cube",
    "Casual",
)


@dataclass(frozen=True, slots=True)
class Uses:
    """In how many accepted orders and in how many carts a deck, or a version of it, is."""

    orders: int = 0
    carts: int = 0

    @property
    def none(self) -> bool:
        return not (self.orders or self.carts)


@dataclass(frozen=True, slots=True)
class DeckAtDesk:
    offered: OfferedDeck
    uses: Uses


@dataclass(frozen=True, slots=True)
class DeckShelf:
    """A page of all decks. `words`: of a name or a format; `show`: "published", "drafts" or empty for both."""

    words: str
    show: str
    published: int
    drafts: int
    page: Page[TemplateDeckVersion]
    decks: Sequence[DeckAtDesk]

    @property
    def total(self) -> int:
        return self.published + self.drafts


def deck_shelf(*, words: str = "", show: str = "", page: str | int = 1, today: date) -> DeckShelf:
    """All decks, drafts first, then by name. Seven queries, however many decks and lines."""
    words = " ".join(words.replace("\x00", " ").split())[:LONGEST_WORDS]
    versions = TemplateDeckVersion.objects.current().select_related("deck")
    for word in words.split():
        versions = versions.filter(Q(deck__name__icontains=word) | Q(deck__format__icontains=word))
    if show in ("published", "drafts"):
        versions = versions.filter(deck__published=show == "published")
    else:
        show = ""
    by_offer = TemplateDeck.objects.values_list("published").annotate(decks=Count("pk")).order_by()
    counted = dict(by_offer)
    shown = Paginator(versions.order_by("deck__published", "deck__name", "deck"), DECKS_PER_PAGE).get_page(
        page
    )
    offered = with_shortages(shown.object_list, today=today)
    uses = uses_of_decks([deck.deck.pk for deck in offered])
    return DeckShelf(
        words=words,
        show=show,
        published=counted.get(True, 0),
        drafts=counted.get(False, 0),
        page=shown,
        decks=[DeckAtDesk(deck, uses.get(deck.deck.pk, Uses())) for deck in offered],
    )


@dataclass(frozen=True, slots=True)
class EditedDeck:
    """A deck with its current version, as the page that changes it shows it."""

    offered: OfferedDeck
    uses: Uses

    @property
    def deck(self) -> TemplateDeck:
        return self.offered.deck


def edited_deck(pk: int, *, today: date) -> EditedDeck:
    """Five queries, however many lines. Raises TemplateDeck.DoesNotExist."""
    version = TemplateDeckVersion.objects.current().select_related("deck", "by").filter(deck=pk).first()
    if version is None:
        raise TemplateDeck.DoesNotExist
    offered = with_shortages([version], today=today)[0]
    return EditedDeck(offered, uses_of_decks([pk]).get(pk, Uses()))


@dataclass(frozen=True, slots=True)
class DeckVersions:
    deck: TemplateDeck
    page: Page[TemplateDeckVersion]
    versions: Sequence[tuple[ShownVersion, Uses]]


def deck_versions(pk: int, *, page: str | int = 1) -> DeckVersions:
    """The deck's versions, the newest first. Six queries. Raises TemplateDeck.DoesNotExist."""
    deck = TemplateDeck.objects.get(pk=pk)
    shown, versions = versions_page(deck, page=page)
    uses = _uses_by("version", OrderTemplateDeck.objects.filter(version__in=[v.version.pk for v in versions]))
    return DeckVersions(deck, shown, [(one, uses.get(one.version.pk, Uses())) for one in versions])


@dataclass(frozen=True, slots=True)
class VersionAtDesk:
    """A version: what is in it, and the accepted orders that have it."""

    version: TemplateDeckVersion
    zones: Sequence[ZoneOfDeck]
    text: str
    newest: int
    uses: Uses
    orders: Page[Order]


def version_at_desk(pk: int, number: int, *, page: str | int = 1) -> VersionAtDesk:
    """The version of that number. Seven queries. Raises TemplateDeckVersion.DoesNotExist."""
    version = (
        TemplateDeckVersion.objects.select_related("deck", "by")
        .prefetch_related("deck_cards__card")
        .get(deck=pk, number=number)
    )
    orders = Order.objects.filter(order_template_decks__version=version).exclude(status=Status.CART)
    return VersionAtDesk(
        version=version,
        zones=zones_of(version.deck_cards.all()),
        text=version_text(version),
        newest=TemplateDeckVersion.objects.current().get(deck=pk).number,
        uses=_uses_by("version", OrderTemplateDeck.objects.filter(version=version)).get(version.pk, Uses()),
        orders=Paginator(orders.select_related("user").order_by("-pk"), ORDERS_PER_PAGE).get_page(page),
    )


def text_of_version(deck: TemplateDeck, number: str) -> str:
    """What a version of the deck has, as a list; of the current one where there is none of that number."""
    known = number.isascii() and number.isdigit() and len(number) < 9
    version = deck.versions.filter(number=number).first() if known else None
    return version_text(version or deck.current_version())


def text_of_order(order: Order) -> str:
    """The cards of an order as a list, whatever printings were preferred. One query."""
    lines: Counter[tuple[str, str]] = Counter()
    for line in order.order_cards.select_related("card"):
        lines[line.zone, line.card.name] += line.quantity
    return deck_text((zone, copies, name) for (zone, name), copies in lines.items())


def known_formats() -> list[str]:
    """What to suggest for the format of a deck: the shop's own, and the usual ones. One query."""
    own = TemplateDeck.objects.values_list("format", flat=True).distinct()
    return sorted({*own, *FORMATS}, key=str.casefold)


def deck_called(name: str, *, but: TemplateDeck | None = None) -> TemplateDeck | None:
    """Another deck of that name, whichever way it is capitalised."""
    decks = TemplateDeck.objects.filter(name__iexact=name)
    return (decks.exclude(pk=but.pk) if but else decks).order_by("pk").first()


def uses_of_decks(pks: Iterable[int]) -> dict[int, Uses]:
    """By deck; none where it is in no order. One query."""
    return _uses_by("version__deck", OrderTemplateDeck.objects.filter(version__deck__in=list(pks)))


def _uses_by(what: str, rows: QuerySet[OrderTemplateDeck]) -> dict[int, Uses]:
    """An order that has two versions of a deck counts once for the deck."""
    in_cart = Q(order__status=Status.CART)
    counted = rows.values(what).annotate(
        orders=Count("order", filter=~in_cart, distinct=True),
        carts=Count("order", filter=in_cart, distinct=True),
    )
    return {row[what]: Uses(row["orders"], row["carts"]) for row in counted}
