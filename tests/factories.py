"""Objects for tests: valid by default, and each says in its name what it is."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import factory
from allauth.account.models import EmailAddress
from django.db.models import F
from django.utils import timezone
from django.utils.text import slugify

from accounts.models import Guest, User
from inventory.models import (
    Card,
    Finish,
    Printing,
    Reservation,
    StockMovement,
    TemplateDeck,
    TemplateDeckCard,
    TemplateDeckVersion,
    Zone,
)
from inventory.names import fold_name
from orders.checkout import accept_shortfall, settle
from orders.fulfilment import dispatch
from orders.lines import lines_of, quote_of
from orders.models import Order, OrderCard, Payment, PaymentStatus, ShippingMethod
from orders.models.order import DAYS
from orders.states import Status
from orders.transitions import SYSTEM, customer

TODAY = timezone.localdate()  # tasks read the clock, so the tests' today is the real one


class UserFactory(factory.django.DjangoModelFactory):
    """Has confirmed the address; `confirmed=False` for one who has not, and so cannot sign in by a form."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"player{n}@example.org")
    password = factory.django.Password("correct horse battery")

    @factory.post_generation
    def confirmed(self: User, create: bool, extracted: bool | None, **kwargs: Any) -> None:
        if create:
            EmailAddress.objects.create(
                user=self, email=self.email, verified=extracted is not False, primary=True
            )


class StaffFactory(UserFactory):
    is_staff = True


class GuestFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Guest


class CardFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Card

    name = factory.Sequence(lambda n: f"Card {n}")
    slug = factory.LazyAttribute(lambda card: slugify(card.name))
    folded_name = factory.LazyAttribute(lambda card: fold_name(card.name))
    folded_names = factory.LazyAttribute(lambda card: [fold_name(card.name)])
    type_line = "Instant"


class PrintingFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Printing

    card = factory.SubFactory(CardFactory)
    set_code = "tst"
    set_name = "Test Set"
    collector_number = factory.Sequence(str)
    finish = Finish.NONFOIL
    value_cents = 500


class StockMovementFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = StockMovement

    printing = factory.SubFactory(PrintingFactory)
    quantity = 4
    kind = StockMovement.Kind.BOUGHT
    effective_on = TODAY - timedelta(days=100)


def stocked_card(copies: int, *, name: str | None = None, value_cents: int = 500, **fields: Any) -> Card:
    """A card of which the shop has owned that many copies for long."""
    card = CardFactory(**({"name": name} if name else {}), **fields)
    printing = PrintingFactory(card=card, value_cents=value_cents)
    if copies:
        StockMovementFactory(printing=printing, quantity=copies)
    return card


class TemplateDeckFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = TemplateDeck

    name = factory.Sequence(lambda n: f"Deck {n}")
    slug = factory.LazyAttribute(lambda deck: slugify(deck.name))
    format = "Modern"
    published = True


def deck_version(
    deck: TemplateDeck, cards: Mapping[Card | tuple[Card, str], int], **fields: Any
) -> TemplateDeckVersion:
    """The next version of a deck, with these copies of cards: of the main deck, or `(card, zone)`."""
    fields.setdefault("number", deck.versions.count() + 1)
    version = TemplateDeckVersion.objects.create(deck=deck, **fields)
    lines = {(key if isinstance(key, tuple) else (key, Zone.MAIN)): copies for key, copies in cards.items()}
    TemplateDeckCard.objects.bulk_create(
        TemplateDeckCard(version=version, card=card, zone=zone, quantity=copies)
        for (card, zone), copies in lines.items()
    )
    return version


def template_deck(cards: Mapping[Card | tuple[Card, str], int], **fields: Any) -> TemplateDeck:
    """A published deck in its version 1, with these copies of cards: of the main deck, or `(card, zone)`."""
    deck = TemplateDeckFactory(**fields)
    deck_version(deck, cards)
    return deck


class ShippingMethodFactory(factory.django.DjangoModelFactory):
    """Standard shipping: two days out, three back, a day to get ready."""

    class Meta:
        model = ShippingMethod
        django_get_or_create = ("slug",)

    slug = "standard"
    name = "Standard"
    price_cents = 590
    transit_out_days = 2
    transit_back_days = 3
    lead_days = 1
    needs_address = True


class PickupFactory(ShippingMethodFactory):
    slug = "pickup"
    name = "Pickup"
    price_cents = 0
    transit_out_days = 0
    transit_back_days = 0
    lead_days = 0
    needs_address = False


class CartFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Order

    guest = factory.SubFactory(GuestFactory)


def cart_with(
    cards: dict[Card, int], *, first_day: date = TODAY + timedelta(days=10), days: int = 3, **fields: Any
) -> Order:
    """A guest's cart that is ready to be paid for: these cards, picked up on `first_day`, for `days` days."""
    method = fields.pop("shipping_method", None) or PickupFactory()
    last_day = first_day + timedelta(days=days - 1)
    if "user" in fields:
        fields.setdefault("guest", None)
    cart = CartFactory(
        email="player@example.org",
        name="Pat Player",
        first_day=first_day,
        last_day=last_day,
        shipping_method=method,
        out_on=first_day - timedelta(days=method.transit_out_days),
        due_on=last_day + timedelta(days=method.transit_back_days),
        back_on=last_day + timedelta(days=method.transit_back_days + 1),
        **fields,
    )
    OrderCard.objects.bulk_create(
        OrderCard(order=cart, card=card, quantity=quantity) for card, quantity in cards.items()
    )
    return cart


def held_payment(cart: Order) -> Payment:
    """The cart's total, held: the next step is settling it against the stock."""
    quote = quote_of(cart, lines_of(cart))
    assert quote is not None
    return Payment.objects.create(
        order=cart, amount_cents=quote.total_cents, currency="eur", status=PaymentStatus.AUTHORIZED
    )


def settled(cards: dict[Card, int], **fields: Any) -> Order:
    """An authorized order for these cards: open, or confirming where something is short."""
    return settle(payment=held_payment(cart_with(cards, **fields)), today=TODAY)


def placed(cards: dict[Card, int], **fields: Any) -> Order:
    """An accepted order for these cards: open, or pending where something is short."""
    order = settled(cards, **fields)
    if order.status == Status.CONFIRMING:
        order = accept_shortfall(order=order, by=customer(), today=TODAY)
    return order


def paid(order: Order) -> Order:
    """The order, its money taken: dispatching it needs no payment provider any more."""
    Payment.objects.live().filter(order=order).update(
        status=PaymentStatus.CAPTURED, captured_cents=F("amount_cents"), captured_at=timezone.now()
    )
    return order


def dispatched(cards: dict[Card, int], *, days_ago: int = 0, **fields: Any) -> Order:
    """An order that left the shop so many days ago, on the day that was its first. It is over after `days` days."""
    order = paid(settled(cards, first_day=TODAY, **fields))
    order = dispatch(order=order, by=SYSTEM, today=TODAY)
    if days_ago:
        ago = timedelta(days=days_ago)
        for name in DAYS:
            setattr(order, name, getattr(order, name) - ago)
        order.save()
        Reservation.objects.filter(claim=order.claim).update(out_on=order.out_on, back_on=order.back_on)
    return order
