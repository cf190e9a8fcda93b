"""The cart: an order that holds nothing yet.

Every change locks the cart's row first and fails on an order that is no cart any more, so that a second tab
cannot change what has been paid for. Domain errors are `CartError`s with a message for the customer; nothing
has changed when one is raised.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from django.db import IntegrityError, transaction

from accounts.models import Guest, User
from inventory.deck_lists import LineKey, ReadList, UnknownLine, resolve
from inventory.decklist import MAX_QUANTITY, parse
from inventory.models import Card, Printing, TemplateDeck, TemplateDeckVersion, Zone
from inventory.skus import skus_of
from inventory.some_of import some_of
from orders.deck_shares import deck_shares, left_out_of, went_in
from orders.models import Order, OrderCard, OrderTemplateDeck, Removal
from orders.owners import Owner
from orders.removals import note_removal
from orders.states import Status
from orders.transitions import lock_order

MAX_LINES = 500
_MOST_ROUNDS = 3  # of another request making, and submitting, the cart that is looked for


class CartError(ValueError):
    """What the customer asked for cannot be done; the message says what can. The cart is unchanged."""


class CartMoved(CartError):
    """It is no cart any more. `instead`: what to say where the thing asked for was done to the next one."""

    def __init__(self, message: str, *, instead: str = "") -> None:
        self.instead = instead
        super().__init__(message)


class WrongCopies(CartError):
    """A line cannot have that many copies."""


class NoRoom(WrongCopies):
    """Lines would have more copies than a line may. `skus`: which."""

    def __init__(self, lines: Collection[LineKey]) -> None:
        cards = Card.objects.in_bulk({card for card, _, _ in lines})
        printings = Printing.objects.in_bulk({printing for _, _, printing in lines if printing})
        self.skus = tuple(
            skus_of([(cards[card], printings.get(printing or 0)) for card, _, printing in lines])
        )
        names = [card.name for card in sorted(cards.values(), key=lambda card: card.folded_name)]
        super().__init__(
            f"A line has at most {MAX_QUANTITY} copies. With what is in your cart there would be more of "
            f"{some_of(names)}: take some out first."
        )


class TooManyLines(CartError):
    """More lines than a cart may have."""


@dataclass(frozen=True, slots=True)
class QuickAdded:
    """What a quick add did: the copies that were added, and the lines that were not."""

    copies: int
    unknown: tuple[UnknownLine, ...]


@dataclass(frozen=True, slots=True)
class DeckRemoved:
    """A template deck that was taken out. `stay`: copies of its cards, by name, that are in the cart still."""

    deck: TemplateDeck
    removal: Removal
    stay: dict[str, int]

    @property
    def says(self) -> str:
        """In words; of what stays the first few."""
        removed = f"Removed “{self.deck.name}”."
        if not self.stay:
            return removed
        named = some_of(f"{copies} {name}" for name, copies in self.stay.items())
        why = "stays: it" if sum(self.stay.values()) == 1 else "stay: they"
        return f"{removed} {named} {why} did not come with it."


def cart_of(owner: Owner | None) -> Order | None:
    """The owner's cart, or None where there is none yet."""
    return owner.orders().filter(status=Status.CART).first() if owner else None


def make_cart_of(owner: Owner) -> Order:
    """The owner's cart, made now where there is none. Safe against a second request doing the same.

    Of a guest who signs in at this very moment, in another tab, it is the cart of the customer that they are now.
    """
    for _ in range(_MOST_ROUNDS):
        cart = cart_of(owner)
        if cart is not None:
            return cart
        try:
            return _make_cart_of(owner)
        except IntegrityError:
            continue  # the other request was faster: one cart per owner is a constraint
    raise CartError("Your cart is busy in another tab. Please try again.")


@transaction.atomic
def _make_cart_of(owner: Owner) -> Order:
    if owner.guest is not None:
        # Signing in holds the row until the guest's cart is merged.
        guest = Guest.objects.select_for_update(no_key=True).filter(pk=owner.guest.pk).first()
        if guest is None:
            raise CartError(
                "Your cart was put away, since you were not here for long. Please add this again."
            )
        if guest.user_id is not None:
            return make_cart_of(Owner(user=User.objects.get(pk=guest.user_id)))
    return Order.objects.create(**owner.as_fields)


def check_copies(quantity: int) -> None:
    """Raises WrongCopies unless a line may have that many copies."""
    if quantity < 1:
        raise WrongCopies("A line has at least 1 copy. To take it out, use Remove.")
    if quantity > MAX_QUANTITY:
        raise WrongCopies(f"A line has at most {MAX_QUANTITY} copies.")


def lock_cart(cart: Order) -> Order:
    """The cart, locked. Raises CartMoved where it is no cart any more."""
    try:
        locked = lock_order(cart.pk)
    except Order.DoesNotExist:
        raise CartMoved(
            "This cart has gone into another one, by signing in. Please look again.",
            instead="You signed in at the same moment, in another tab: this went into the cart of your account.",
        ) from None
    if locked.status != Status.CART:
        raise CartMoved(
            "This cart has been submitted in the meantime. What you add now starts a new one.",
            instead=went_to_a_new_cart(locked),
        )
    return locked


def went_to_a_new_cart(order: Order, *, added: bool = True) -> str:
    """What somebody is told who still saw an order as their cart. `added`: whether they have put something in."""
    meanwhile = "Your cart was submitted in the meantime, in another tab or on another device"
    says = f"{meanwhile}: it is order {order.number} now."
    return f"{says} What you have just added is not in it, but in a new cart." if added else says


def line_now(cart: Order, line: OrderCard) -> OrderCard:
    """The line of a locked cart as it stands now. Raises CartError where it is gone."""
    now = cart.order_cards.select_related("card").filter(pk=line.pk).first()
    if now is None:
        raise CartError("This line has been taken out in the meantime. Please look again.")
    return now


def add_to(cart: Order, additions: Mapping[LineKey, int]) -> None:
    """Adds copies to a locked cart: to the line that is equal where there is one, else as a line of its own."""
    lines = {key_of(line): line for line in cart.order_cards.all()}
    new = [key for key in additions if key not in lines]
    if len(lines) + len(new) > MAX_LINES:
        raise TooManyLines(f"A cart has at most {MAX_LINES} lines; this would make {len(lines) + len(new)}.")
    together = {
        key: copies + (lines[key].quantity if key in lines else 0) for key, copies in additions.items()
    }
    if full := [key for key, copies in together.items() if copies > MAX_QUANTITY]:
        raise NoRoom(full)
    for copies in together.values():
        check_copies(copies)
    OrderCard.objects.bulk_create(
        OrderCard(
            order=cart,
            card_id=card,
            zone=zone,
            preferred_printing_id=printing,
            quantity=additions[card, zone, printing],
        )
        for card, zone, printing in new
    )
    for key in additions.keys() & lines.keys():
        lines[key].quantity += additions[key]
    OrderCard.objects.bulk_update([lines[key] for key in additions.keys() & lines.keys()], ["quantity"])


@transaction.atomic
def add_card(
    *,
    cart: Order,
    card: Card,
    quantity: int,
    zone: str = Zone.MAIN,
    preferred_printing: Printing | None = None,
) -> None:
    """Adds copies of a card: to its line where card, zone and preferred printing are equal, else as a new line."""
    check_copies(quantity)
    if preferred_printing is not None and preferred_printing.card_id != card.pk:
        raise CartError(f"That is no printing of {card.name}. Choose one of the list.")
    printing_id = preferred_printing.pk if preferred_printing else None
    add_to(lock_cart(cart), {(card.pk, zone, printing_id): quantity})


@transaction.atomic
def add_template_deck(*, cart: Order, deck: TemplateDeck) -> int:
    """Adds every card of a published template deck and notes that it went in; returns the number of copies."""
    # Held until the end, so that nobody deletes the deck meanwhile: inventory/deck_shelf.py.
    held = TemplateDeckVersion.objects.offered().select_for_update(of=["self"], no_key=True)
    version = held.filter(deck=deck).first()
    if version is None:
        raise CartError(
            f"“{deck.name}” is not offered any more. Your cart is as it was; look for another under Decks."
        )
    additions: dict[LineKey, int] = {
        (line.card_id, line.zone, None): line.quantity for line in version.deck_cards.all()
    }
    if not additions:
        raise CartError(f"“{deck.name}” has no cards yet.")
    cart = lock_cart(cart)
    add_to(cart, additions)
    note_template_deck(cart, OrderTemplateDeck(version=version))
    return sum(additions.values())


@transaction.atomic
def remove_template_deck(*, cart: Order, row: OrderTemplateDeck) -> DeckRemoved | None:
    """Takes a template deck out again: as many copies of its cards as went in with it, as far as they are there.

    Also in a printing that was chosen since, or from a zone that they were moved to (`deck_shares` has the rule);
    never more than went in, and never what the page counts as another deck's. Returns what went, so that it can
    be put back, and what stays; None where the deck was out already.
    """
    cart = lock_cart(cart)
    # As it is now: it may have gone in once more since the page was shown.
    decks = cart.order_template_decks.select_related("version__deck").prefetch_related("version__deck_cards")
    lines = list(cart.order_cards.select_related("card"))
    shares = deck_shares(list(decks.order_by("pk")), lines)
    share = next((share for share in shares if share.row.pk == row.pk), None)
    if share is None:
        return None  # a double click
    row, deck = share.row, share.row.version.deck
    removed = take_out(cart, share.came)
    removal = note_removal(cart, removed, what=f"“{deck.name}”", deck=row)
    row.delete()
    its_cards = {card_id for card_id, _ in went_in(row)}
    stay: Counter[str] = Counter()
    for line in sorted(lines, key=lambda line: line.card.folded_name):
        if line.card_id in its_cards and line.quantity:
            stay[line.card.name] += line.quantity
    return DeckRemoved(deck, removal, dict(stay))


def take_out(cart: Order, leaving: Mapping[OrderCard, int]) -> dict[LineKey, int]:
    """Takes copies out of lines of a locked cart, as far as they are there; returns what went. Two queries."""
    removed = {key_of(line): min(copies, line.quantity) for line, copies in leaving.items()}
    for line in leaving:
        line.quantity -= removed[key_of(line)]
    OrderCard.objects.filter(pk__in=[line.pk for line in leaving if line.quantity <= 0]).delete()
    OrderCard.objects.bulk_update([line for line in leaving if line.quantity > 0], ["quantity"])
    return removed


@transaction.atomic
def set_quantity(*, cart: Order, line: OrderCard, quantity: int) -> None:
    """The line has this many copies from now on."""
    check_copies(quantity)
    lock_cart(cart)
    if not OrderCard.objects.filter(pk=line.pk, order=cart).update(quantity=quantity):
        raise CartError("This line has been taken out in the meantime. Please look again.")


@transaction.atomic
def remove_line(*, cart: Order, line: OrderCard) -> Removal:
    """Takes a line out; returns what went, so that it can be put back."""
    cart = lock_cart(cart)
    line = line_now(cart, line)
    removed = take_out(cart, {line: line.quantity})
    return note_removal(cart, removed, what=line.card.name)


def quick_add(*, cart: Order, text: str) -> QuickAdded:
    """Adds the cards of a typed or pasted list. Lines that name no card are kept aside; the rest is added.

    Raises CartError where the text holds nothing to add at all.
    """
    deck_list = parse(text)
    if not deck_list.lines and not deck_list.problems:
        raise CartError("Write a card to add, for example 4 Lightning Bolt.")
    read = resolve(deck_list)
    return QuickAdded(add_lines(cart=cart, read=read), read.unknown)


def quick_add_named(*, cart: Order, text: str, name: str) -> QuickAdded:
    """Adds a line that was kept aside under the name that was meant: its copies and its zone stay.

    Raises CartError where the line holds no copies that could be added.
    """
    line = next(iter(parse(text).lines), None)
    if line is None:
        raise CartError("Write the line again, for example 4 Lightning Bolt.")
    return quick_add(cart=cart, text=str(replace(line, name=" ".join(name.split()))))


def add_lines(*, cart: Order, read: ReadList) -> int:
    """Adds what a list asks for, as far as it was understood; returns the number of copies."""
    additions = read.copies()
    if additions:
        with transaction.atomic():
            add_to(lock_cart(cart), additions)
    return sum(additions.values())


def note_template_deck(order: Order, deck: OrderTemplateDeck) -> None:
    """Writes down in a locked order that a version of a template deck went in, as often and as far as `deck` says."""
    row, made = OrderTemplateDeck.objects.get_or_create(
        order=order,
        version_id=deck.version_id,
        defaults={"copies": deck.copies, "left_out": deck.left_out},
    )
    if not made:
        left_out = left_out_of(row) + left_out_of(deck)
        row.copies += deck.copies
        row.left_out = [[*key, copies] for key, copies in left_out.items()]
        row.save(update_fields=["copies", "left_out"])


def forget_template_deck(order: Order, deck: OrderTemplateDeck) -> None:
    """Takes back in a locked order what `note_template_deck` wrote down with the same deck."""
    row = order.order_template_decks.filter(version_id=deck.version_id).first()
    if row is None:
        return
    if row.copies <= deck.copies:
        row.delete()
        return
    left_out = left_out_of(row) - left_out_of(deck)
    row.copies -= deck.copies
    row.left_out = [[*key, copies] for key, copies in left_out.items()]
    row.save(update_fields=["copies", "left_out"])


def key_of(line: OrderCard) -> LineKey:
    return (line.card_id, line.zone, line.preferred_printing_id)
