"""Forgetting a customer who leaves: the books keep what happened, not who it was. docs/adr/0011-forgetting.md."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.template.loader import render_to_string
from django.utils import timezone

from accounts.leaving import delete_account
from accounts.models import Guest, User
from orders.models import Order, Payment, PaymentCustomer, PaymentStatus, Refund
from orders.models.payment import DisputeStatus
from orders.payments import failed_refunds, is_taken, release_hold, taken_astray
from orders.payments_to_look_at import still_with_us
from orders.saved_cards import unpaid_fees
from orders.sign_in import join_guest_orders
from orders.signals import tell_cards_to_forget
from orders.states import Status
from orders.transitions import lock_orders

_GOING_BACK = (Refund.Status.CREATED, Refund.Status.PENDING)
_ADDRESS = ("name", "street", "postcode", "city", "country")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an account cannot be deleted yet. `order` is None where it is not about one."""

    order: Order | None
    says: str


class StillNeeded(ValueError):
    """The account is needed yet; nothing has changed."""

    def __init__(self, reasons: Sequence[Reason]) -> None:
        self.reasons = reasons
        super().__init__("; ".join(reason.says for reason in reasons))


_WHILE = {
    Status.CONFIRMING: "waits for your answer: give it, or go back to the cart.",
    Status.PENDING: "waits for its cards: cancel it, or wait until the deck is back.",
    Status.OPEN: "is set aside for you: cancel it, or wait until the deck is back.",
    Status.DISPATCHED: "is with you: send the deck back. When it is checked in, this is done.",
}

_HELD = "has money held on your card. That ends by itself within minutes: try again then."
_OWED = "has money of yours that is still with us: write to us, and we give it back."


def reasons_to_stay(user: User) -> list[Reason]:
    """What has to be over before the account can be deleted. Empty: it can.

    What was ordered as a guest with the account's address joins it first: it is about the same person.
    """
    join_guest_orders(user=user)
    return _reasons_to_stay(user)


def _reasons_to_stay(user: User) -> list[Reason]:
    if user.is_staff:
        return [
            Reason(
                None, "You are one of the staff. Let somebody else of the staff take the rights away first."
            )
        ]
    mine = Order.objects.filter(user=user)
    over = mine.exclude(status__in=_WHILE)
    of_order = Payment.objects.filter(order=OuterRef("pk"))
    held = of_order.filter(kind=Payment.Kind.ORDER, status=PaymentStatus.AUTHORIZED, released_at=None)
    going_back = Refund.objects.filter(payment__order=OuterRef("pk"), status__in=_GOING_BACK)
    reasons = [
        Reason(order, _WHILE[Status(order.status)])
        for order in mine.filter(status__in=_WHILE).order_by("created_at", "pk")
    ]
    for orders, says in (
        (
            mine.filter(Exists(unpaid_fees().filter(order=OuterRef("pk")))),
            "has a fee that is not paid: pay it, or write to us about it.",
        ),
        (over.filter(Exists(held)), _HELD),
        (
            mine.filter(Exists(of_order.filter(dispute=DisputeStatus.OPEN))),
            "is disputed at your bank: when the bank has decided, this is done.",
        ),
        (
            mine.filter(Exists(going_back)),
            "has a refund that is on its way to you: when it has arrived, this is done.",
        ),
        (mine.filter(_owes_money()), _OWED),
    ):
        reasons += [Reason(order, says) for order in orders.order_by("created_at", "pk")]
    return reasons


def _owes_money() -> Q:
    """Whether the shop has money of an order that is nobody's rent, and no refund is under way."""
    unfounded = still_with_us().filter(
        order=OuterRef("pk"), order__status__in=(Status.CART, Status.CANCELLED)
    )
    going_back = Refund.objects.filter(payment=OuterRef("pk"), status__in=_GOING_BACK)
    return Q(
        Exists(unfounded.exclude(Exists(going_back)))
        | Exists(failed_refunds().filter(payment__order=OuterRef("pk")))
        | Exists(taken_astray().filter(payment__order=OuterRef("pk")).order_by())
    )


def forget_person(*, user: User, now: datetime) -> None:
    """Deletes the account. Its orders stay in the books, under a guest that nobody is. Raises StillNeeded.

    The cart goes, cards and customer at Stripe are deleted by the task that forgets cards, sessions end, and the
    address is told. Whoever signs up with the address later gets nothing of it.
    """
    email = user.email
    join_guest_orders(user=user)  # by itself: it locks orders, too
    with transaction.atomic():
        # Orders before their owner, as everywhere: whoever writes an event holds the order and then needs the user.
        orders = lock_orders(Order.objects.filter(user=user))
        # From here on nothing new hangs on it.
        locked = User.objects.select_for_update().filter(pk=user.pk).first()
        if locked is None:
            return  # a double click
        user = locked
        if Order.objects.filter(user=user).exclude(pk__in=[order.pk for order in orders]).exists():
            raise StillNeeded([Reason(None, "Something was ordered at this very moment. Please look again.")])
        reasons = _reasons_to_stay(user)
        if reasons:
            raise StillNeeded(reasons)
        keeper = Guest.objects.create()
        _delete_cart(orders)
        _hand_over(user, keeper, now=now)
        _leave_the_provider(user, keeper)
        delete_account(user)
        if not _keeps_anything(keeper):
            keeper.delete()
        transaction.on_commit(lambda: _tell(email), robust=True)


def _delete_cart(orders: Sequence[Order]) -> None:
    """The cart goes with all that is in it. Where paying was tried, the tries stay in the books."""
    for cart in (order for order in orders if order.status == Status.CART):
        if not is_taken(cart):
            release_hold(cart)
        if cart.payments.exists():
            cart.order_cards.all().delete()
            cart.order_template_decks.all().delete()
            cart.removals.all().delete()
        else:
            cart.delete()


def _hand_over(user: User, keeper: Guest, *, now: datetime) -> None:
    taken = dict(
        Payment.objects.filter(order__user=user)
        .order_by()
        .values_list("order")
        .annotate(cents=Sum("captured_cents"))
    )
    orders = list(Order.objects.filter(user=user))
    until = date(timezone.localdate(now).year + settings.BILL_YEARS, 12, 31)
    for order in orders:
        order.user, order.guest, order.email, order.forgotten_at = None, keeper, "", now
        if taken.get(order.pk, 0) > settings.BILL_NAMES_FROM_CENTS:
            order.address_until = until
        else:
            _blank(order)
    Order.objects.bulk_update(
        orders, ["user", "guest", "email", "forgotten_at", "address_until", *_ADDRESS], batch_size=500
    )
    Payment.objects.filter(order__in=orders).update(card_exp_month=None, card_exp_year=None)


def _keeps_anything(keeper: Guest) -> bool:
    return any(kept.objects.filter(guest=keeper).exists() for kept in (Order, PaymentCustomer))


def _blank(order: Order) -> None:
    for field in _ADDRESS:
        setattr(order, field, "")
    order.address_until = None


def _leave_the_provider(user: User, keeper: Guest) -> None:
    """Who they are at Stripe is remembered until Stripe has deleted it: the customer's, and of orders taken over."""
    PaymentCustomer.objects.filter(user=user).update(user=None, guest=keeper, leaving=True)
    elsewhere = Payment.objects.filter(customer=OuterRef("pk")).exclude(order__guest=keeper)
    taken_over: QuerySet[PaymentCustomer] = PaymentCustomer.objects.filter(payments__order__guest=keeper)
    in_use = Order.objects.filter(guest=OuterRef("guest_id")).exclude(guest=keeper)
    alone = taken_over.exclude(Exists(elsewhere)).exclude(Exists(in_use))
    PaymentCustomer.objects.filter(pk__in=list(alone.values_list("pk", flat=True))).update(leaving=True)
    tell_cards_to_forget()


def _tell(email: str) -> None:
    """By hand and not by the queue: the address is in no other place any more, and should not get into one."""
    subject, _, body = render_to_string("emails/account_deleted.txt").strip().partition("\n")
    EmailMessage(subject.strip(), body.strip() + "\n", to=[email]).send()


def forget_addresses(*, today: date) -> int:
    """Blanks name and address of bills whose time is over; returns how many. Safe at any time."""
    due = Order.objects.filter(address_until__lt=today)
    return due.update(**dict.fromkeys(_ADDRESS, ""), address_until=None)
