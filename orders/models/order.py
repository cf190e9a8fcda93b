"""The order: one record from the first card to the return. While nothing is authorized, it is the cart."""

import secrets
import uuid
from collections import Counter
from collections.abc import Collection, Iterable
from datetime import date
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Case, F, OuterRef, Q, Subquery, Sum, When
from django.db.models.functions import Coalesce, Lower
from django.urls import reverse
from django.utils import timezone

from accounts.models import Guest
from inventory.models import Card, Printing, Reservation, TemplateDeck, TemplateDeckVersion, Zone
from inventory.models.card import lowest_value_cents
from inventory.periods import BlockedPeriod, RentalPeriod
from orders.models.shipping_method import ShippingMethod
from orders.states import AUTHORIZED, Status

if TYPE_CHECKING:
    from orders.deck_availability import DeckAvailability

# Of an order, all or none: with the customer, and away from the shop.
DAYS = ("first_day", "last_day", "out_on", "due_on", "back_on")
ADDRESS = ("name", "street", "postcode", "city", "country")
CONTACT = ("email", *ADDRESS)
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # nothing that is misread on a parcel


def new_number() -> str:
    """An order number: short enough to say on the phone, too many to guess (10 of 32 signs: 50 bits)."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(10))


def new_cart_id() -> str:
    """What a cart is known by to programs: whoever knows it may use a guest's cart, so it is 192 random bits."""
    return secrets.token_urlsafe(24)


class OrderQuerySet(models.QuerySet["Order"]):
    def pending_in_queue_order(self) -> "OrderQuerySet":
        return self.filter(status=Status.PENDING).order_by("queued_at", "claim")

    def placed_with(self, emails: Collection[str]) -> "OrderQuerySet":
        """Orders that are more than a cart, with one of these addresses, in whatever case it was written."""
        placed = self.exclude(status__in=(Status.CART, Status.CONFIRMING)).exclude(email="")  # as the index
        return placed.alias(lower_email=Lower("email")).filter(
            lower_email__in=[email.lower() for email in emails]
        )

    def with_copies(self) -> "OrderQuerySet":
        """Annotates `copies`: the number of cards in the order, every copy counted."""
        lines = OrderCard.objects.filter(order=OuterRef("pk")).order_by().values("order")
        return self.annotate(
            copies=Coalesce(Subquery(lines.annotate(copies=Sum("quantity")).values("copies")), 0)
        )


class Order(models.Model):
    """From the cart to the return. See orders/states.py for what may follow what.

    Money is frozen on the order and its lines at authorization, in cents; until then it is worked out anew
    (orders/pricing.py) and these fields are empty.
    """

    number = models.CharField(max_length=10, unique=True, default=new_number, editable=False)
    claim = models.UUIDField(
        unique=True,
        default=uuid.uuid4,
        editable=False,
        help_text="What its reservations in the stock are known by.",
    )
    cart_id = models.CharField(max_length=32, unique=True, default=new_cart_id, editable=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.CART, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="orders"
    )
    guest = models.ForeignKey(Guest, null=True, blank=True, on_delete=models.PROTECT, related_name="orders")

    first_day = models.DateField(null=True, blank=True)
    last_day = models.DateField(null=True, blank=True)
    shipping_method = models.ForeignKey(ShippingMethod, null=True, blank=True, on_delete=models.PROTECT)
    out_on = models.DateField(null=True, blank=True, editable=False)
    due_on = models.DateField(null=True, blank=True, editable=False)
    back_on = models.DateField(null=True, blank=True, editable=False)

    email = models.EmailField(blank=True, default="")
    name = models.CharField(max_length=120, blank=True, default="")
    street = models.CharField(max_length=200, blank=True, default="")
    postcode = models.CharField(max_length=20, blank=True, default="")
    city = models.CharField(max_length=120, blank=True, default="")
    country = models.CharField(max_length=60, blank=True, default="")

    address_changed_at = models.DateTimeField(
        null=True,
        editable=False,
        help_text="When its customer gave another name or address, after it was accepted.",
    )

    cards_cents = models.PositiveIntegerField(null=True, editable=False)
    shipping_cents = models.PositiveIntegerField(null=True, editable=False)
    tax_cents = models.PositiveIntegerField(null=True, editable=False)
    tax_basis_points = models.PositiveIntegerField(null=True, editable=False)
    total_cents = models.PositiveIntegerField(null=True, editable=False)
    late_day_cents = models.PositiveIntegerField(
        null=True, editable=False, help_text="What a day that the deck is late may cost at most."
    )
    worth_cents = models.PositiveBigIntegerField(
        null=True,
        editable=False,
        help_text="What damage and loss may cost at most, whatever is changed later.",
    )

    authorized_at = models.DateTimeField(null=True, editable=False)
    pay_again_by = models.DateTimeField(
        null=True,
        editable=False,
        help_text="The hold is gone and the customer was asked to pay again: until then the order keeps its place.",
    )
    pay_again_told_at = models.DateTimeField(
        null=True, editable=False, help_text="When the e-mail that asks for it was sent."
    )
    queued_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    forgotten_at = models.DateTimeField(
        null=True,
        editable=False,
        help_text="When its customer left: the books keep the order, not whose it was.",
    )
    address_until = models.DateField(
        null=True,
        editable=False,
        help_text="The customer left, but the tax law wants name and address on the bill up to this day.",
    )

    objects = OrderQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user"], condition=Q(status="cart"), name="one_cart_per_user"),
            models.UniqueConstraint(fields=["guest"], condition=Q(status="cart"), name="one_cart_per_guest"),
            models.CheckConstraint(
                name="order_has_one_owner",
                condition=Q(user__isnull=False, guest__isnull=True)
                | Q(user__isnull=True, guest__isnull=False),
            ),
            models.CheckConstraint(
                name="order_authorized_at_as_status_says",
                condition=Q(status__in=[status.value for status in AUTHORIZED], authorized_at__isnull=False)
                | Q(status="cart", authorized_at__isnull=True)
                | Q(status="cancelled"),
            ),
            models.CheckConstraint(
                name="order_queued_at_exactly_while_pending",
                condition=Q(status="pending", queued_at__isnull=False)
                | (~Q(status="pending") & Q(queued_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="order_dates_come_together_and_in_order",
                condition=Q(**{f"{day}__isnull": True for day in DAYS})
                | Q(
                    **{f"{day}__isnull": False for day in DAYS},  # else nothing compared with NULL would pass
                    out_on__lte=F("first_day"),
                    first_day__lte=F("last_day"),
                    last_day__lte=F("due_on"),
                    due_on__lte=F("back_on"),
                ),
            ),
        ]
        indexes = [
            models.Index(fields=["queued_at", "claim"], name="order_queue", condition=Q(status="pending")),
            models.Index(fields=["user", "-created_at"], name="order_of_user"),
            models.Index(fields=["guest", "-created_at"], name="order_of_guest"),
            models.Index(Lower("email"), name="order_by_email", condition=~Q(email="")),
        ]

    def __str__(self) -> str:
        return f"Order {self.number}"

    def get_absolute_url(self) -> str:
        return reverse("orders:order", args=[self.number])

    @property
    def pending(self) -> bool:
        """Authorized and accepted by the customer, although short."""
        return self.status == Status.PENDING

    @property
    def rental_period(self) -> RentalPeriod | None:
        """First and last day the customer has the deck; None until they are chosen."""
        if self.first_day is None or self.last_day is None:
            return None
        return RentalPeriod(self.first_day, self.last_day)

    @property
    def blocked_period(self) -> BlockedPeriod | None:
        """The half-open days on which the copies are away; None until dates and shipping are chosen."""
        if self.out_on is None or self.back_on is None:
            return None
        return BlockedPeriod(self.out_on, self.back_on)

    @property
    def contact_email(self) -> str:
        return self.email or (self.user.email if self.user else "")

    @property
    def has_address(self) -> bool:
        return bool(self.name and self.street and self.city)

    @property
    def knows_whereto(self) -> bool:
        """Whether it can be shipped as was chosen: where to write to, and where the deck goes if it is sent."""
        method = self.shipping_method
        return bool(method and self.contact_email and (self.has_address or not method.needs_address))

    def demand(self) -> dict[int, int]:
        """Copies asked for, by card id. One query, unless the lines were prefetched."""
        return demand_of(self.order_cards.all())

    def deck_available(self, *, today: date | None = None) -> "DeckAvailability":
        """Whether every card is free on every blocked day, at this order's place; see orders/deck_availability.py."""
        from orders.deck_availability import deck_available

        return deck_available(order=self, today=today or timezone.localdate())


class OrderCardQuerySet(models.QuerySet["OrderCard"]):
    def with_rent(self) -> "OrderCardQuerySet":
        """With card and preferred printing, and annotated with what `OrderCard.rent_cents` reads. One query."""
        return self.select_related("card", "preferred_printing").annotate(
            card_value_cents=lowest_value_cents("card_id")  # type: ignore[no-redef]
        )

    def by_zone_and_name(self) -> "OrderCardQuerySet":
        """In the order in which a deck is read: zone, then name."""
        zones = Case(*(When(zone=zone, then=position) for position, zone in enumerate(Zone.values)))
        return self.order_by(zones, "card__name", "pk")


class OrderCard(models.Model):
    """A line: a card, how many, in which zone, and the printing that the customer would like."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="order_cards")
    card = models.ForeignKey(Card, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField()
    zone = models.CharField(max_length=10, choices=Zone, default=Zone.MAIN)
    preferred_printing = models.ForeignKey(
        Printing, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    needed = models.PositiveIntegerField(
        default=0, editable=False, help_text="Copies that the shop lacks for this line while its order waits."
    )
    day_price_cents = models.PositiveIntegerField(
        null=True, editable=False, help_text="Cents for a copy and a day, frozen at authorization."
    )
    value_cents = models.PositiveIntegerField(
        null=True,
        editable=False,
        help_text="Cents that a copy is worth, frozen at authorization: what its loss or damage may cost at most.",
    )
    reservation = models.ForeignKey(
        Reservation, null=True, blank=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )
    added_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = OrderCardQuerySet.as_manager()

    card_value_cents: int  # set by with_rent()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order", "card", "zone", "preferred_printing"],
                nulls_distinct=False,
                name="one_line_per_card_zone_and_printing",
            ),
            models.CheckConstraint(name="order_card_quantity_above_0", condition=Q(quantity__gt=0)),
            models.CheckConstraint(
                name="order_card_needed_within_quantity", condition=Q(needed__lte=F("quantity"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} {self.card}"

    @property
    def rent_cents(self) -> int:
        """Cents for a copy and a day: frozen, or by today's rule. Needs a line that was read `with_rent()`."""
        if self.day_price_cents is not None:
            return self.day_price_cents
        return self.card.rent_at(self.card_value_cents, preferred=self.preferred_printing)

    @property
    def replacement_cents(self) -> int:
        """Cents that a copy is worth: frozen, or by today's value. Needs a line that was read `with_rent()`."""
        if self.value_cents is not None:
            return self.value_cents
        return self.card.value_at(self.card_value_cents, preferred=self.preferred_printing)


def demand_of(lines: Iterable[OrderCard]) -> dict[int, int]:
    """Copies asked for, by card id: the lines of a card together."""
    demand: Counter[int] = Counter()
    for line in lines:
        demand[line.card_id] += line.quantity
    return dict(demand)


class OrderTemplateDeck(models.Model):
    """That a template deck went into the order, in which version, and how often. Its cards are ordinary lines.

    `left_out`: [card, zone, copies] by ids, of those times together: what was short then and did not go in.
    """

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="order_template_decks")
    version = models.ForeignKey(TemplateDeckVersion, on_delete=models.PROTECT, related_name="+")
    copies = models.PositiveSmallIntegerField(default=1)
    left_out = models.JSONField(default=list, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order", "version"], name="one_row_per_order_and_template_deck_version"
            ),
            models.CheckConstraint(name="order_template_deck_copies_above_0", condition=Q(copies__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.version} in {self.order}"

    @property
    def template_deck(self) -> TemplateDeck:
        """Whose version it is; read with `select_related("version__deck")`."""
        return self.version.deck
