"""What programs do to the lines of a cart, which they know by sku and zone.

As in orders/cart.py: every change locks the cart's row first. All of a call is done, or nothing.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction

from inventory.deck_lists import LineKey, UnknownLine, resolve
from inventory.decklist import parse
from inventory.models import TemplateDeck, Zone
from inventory.skus import NamedBySku, cards_of
from orders import cart as carts
from orders.cart import MAX_LINES, CartError, WrongCopies, check_copies, key_of, lock_cart, take_out
from orders.models import Order, OrderCard
from orders.removals import note_removal


@dataclass(frozen=True, slots=True)
class CartItem:
    """Copies of a card, or of a printing; `zone` is None where the caller does not say."""

    sku: str
    quantity: int
    zone: str | None = None


class TooManyItems(CartError):
    """More items in one call than a cart has lines."""

    def __init__(self) -> None:
        super().__init__(f"Send at most {MAX_LINES} items at once.")


class WrongQuantity(WrongCopies):
    """An item asks for copies that no line may have."""

    def __init__(self, item: CartItem, message: str) -> None:
        self.sku, self.quantity = item.sku, item.quantity
        super().__init__(message)


class WrongZone(CartError):
    """No zone is called like this, or a sku stands in several and the caller must say in which it is meant."""

    def __init__(self, sku: str, zone: str | None, message: str) -> None:
        self.sku, self.zone = sku, zone
        super().__init__(message)


class NotInCart(CartError):
    """No line of the cart has this sku (in this zone)."""

    def __init__(self, sku: str, zone: str | None = None) -> None:
        self.sku, self.zone = sku, zone
        where = f" in the zone “{zone}”" if zone else ""
        super().__init__(f"The cart has no “{sku[:120]}”{where}. Ask for its cart_items to see what it has.")


class SameItemTwice(CartError):
    """Two items set the quantity of one line."""

    def __init__(self, sku: str, zone: str) -> None:
        self.sku, self.zone = sku, zone
        super().__init__(f"“{sku}” stands twice among the items of the zone “{zone}”. Send each line once.")


class UnknownDeck(CartError):
    """The shop offers no template deck of this name."""

    def __init__(self, slug: str) -> None:
        self.slug = slug
        super().__init__(f"The shop offers no deck “{slug[:140]}”. templateDecks gives the slug of each.")


class UnreadableLines(CartError):
    """Lines of a list that name no card; nothing of the list was added."""

    def __init__(self, lines: Sequence[UnknownLine]) -> None:
        self.lines = tuple(lines)
        many = "1 line" if len(lines) == 1 else f"{len(lines)} lines"
        super().__init__(
            f"Nothing was added: {many} of the list could not be read. Mend the list and send it again."
        )


def add_items(*, cart: Order, items: Sequence[CartItem]) -> None:
    """Adds copies: to the line that is equal where there is one, else as a new one. An item without zone goes to main.

    Raises CartError or UnknownSku.
    """
    named = _named(items)
    additions: Counter[LineKey] = Counter()
    for item in items:
        _check(item)
        key = _key(named[item.sku], item.zone or Zone.MAIN)
        additions[key] += item.quantity
        if additions[key] > carts.MAX_QUANTITY:
            raise WrongQuantity(item, f"A line has at most {carts.MAX_QUANTITY} copies.")
    with transaction.atomic():
        cart = lock_cart(cart)
        there = {key_of(line): line.quantity for line in cart.order_cards.all()}
        for item in items:
            key = _key(named[item.sku], item.zone or Zone.MAIN)
            try:
                check_copies(there.get(key, 0) + additions[key])
            except WrongCopies as error:
                raise WrongQuantity(item, f"{error} It has {there.get(key, 0)} already.") from None
        carts.add_to(cart, additions)


@transaction.atomic
def set_items(*, cart: Order, items: Sequence[CartItem]) -> None:
    """Lines have these quantities from now on. Raises CartError (NotInCart where there is no such line) or UnknownSku.

    An item without zone means the line in main, or else the only one of its sku.
    """
    named = _named(items)
    for item in items:
        _check(item)
    lines = {key_of(line): line for line in lock_cart(cart).order_cards.all()}
    changed: dict[LineKey, OrderCard] = {}
    for item in items:
        line = _line(lines, named[item.sku], item)
        if key_of(line) in changed:
            raise SameItemTwice(item.sku, line.zone)
        line.quantity = item.quantity
        changed[key_of(line)] = line
    OrderCard.objects.bulk_update(changed.values(), ["quantity"])


@transaction.atomic
def remove_item(*, cart: Order, sku: str) -> None:
    """Takes out every line of a sku, in whichever zone; the cart's page offers to put it back. As `set_items`."""
    named = cards_of([sku])[sku]
    cart = lock_cart(cart)
    lines = [line for line in cart.order_cards.all() if key_of(line) == _key(named, line.zone)]
    if not lines:
        raise NotInCart(sku)
    removed = take_out(cart, {line: line.quantity for line in lines})
    note_removal(cart, removed, what=named.card.name)


def add_deck(*, cart: Order, slug: str) -> None:
    """Adds every card of a template deck on offer. Raises CartError."""
    deck = TemplateDeck.objects.published().filter(slug=slug).first() if "\x00" not in slug else None
    if deck is None:
        raise UnknownDeck(slug)
    carts.add_template_deck(cart=cart, deck=deck)


def add_list(*, cart: Order, text: str) -> None:
    """Adds a whole deck list, in any format that the site reads, or nothing. Raises CartError."""
    read = resolve(parse(text))
    if read.unknown:
        raise UnreadableLines(read.unknown)
    if not read.lines:
        raise CartError("The list has no cards. Write for example “4 Lightning Bolt”, a card to a line.")
    carts.add_lines(cart=cart, read=read)


def _named(items: Sequence[CartItem]) -> dict[str, NamedBySku]:
    if len(items) > MAX_LINES:
        raise TooManyItems
    return cards_of(item.sku for item in items)


def _check(item: CartItem) -> None:
    if item.zone is not None and item.zone not in Zone.values:
        raise WrongZone(item.sku, item.zone, f"A card goes to one of these zones: {', '.join(Zone.values)}.")
    if item.quantity < 1:
        raise WrongQuantity(item, "A line has at least 1 copy. removeItemFromCart takes it out.")
    try:
        check_copies(item.quantity)
    except WrongCopies as error:
        raise WrongQuantity(item, str(error)) from None


def _key(named: NamedBySku, zone: str) -> LineKey:
    return (named.card.pk, str(zone), named.printing.pk if named.printing else None)


def _line(lines: Mapping[LineKey, OrderCard], named: NamedBySku, item: CartItem) -> OrderCard:
    zones = [zone for zone in Zone.values if _key(named, zone) in lines]
    if item.zone is not None:
        zones = [zone for zone in zones if zone == item.zone]
    elif Zone.MAIN in zones:
        zones = [Zone.MAIN]
    if not zones:
        raise NotInCart(item.sku, item.zone)
    if len(zones) > 1:
        raise WrongZone(
            item.sku, None, f"“{item.sku}” stands in several zones: say which, {' or '.join(zones)}."
        )
    return lines[_key(named, zones[0])]
