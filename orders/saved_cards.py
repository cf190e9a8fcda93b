"""Cards that Stripe keeps for customers: offered again where they asked for it, and forgotten when no longer needed.

Of a card only brand, last four digits and expiry are ever shown, and only to whoever is signed in: a computer may be
shared. Every hold keeps its card until the order is settled, for fees; docs/payments.md, "Saved cards".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import structlog
from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import User
from orders import stripe_gateway as gateway
from orders.models import Order, OrderEvent, Payment, PaymentAttempt, PaymentCustomer, PaymentStatus
from orders.models.payment import ENDED
from orders.states import Status
from orders.stripe_gateway import SavedCard

log = structlog.get_logger(__name__)

_OVER = (Status.RETURNED, Status.CANCELLED)
_PAYING_TAKES = timedelta(days=1)  # at most: a card that was given since then may be needed in a moment


class CardNeeded(ValueError):
    """An order or a fee still depends on the card; the message says which."""


class UnknownCard(LookupError):
    """Not a card of this customer (any more)."""


@dataclass(frozen=True, slots=True)
class KeptCard:
    """A card as its page shows it: `needed_for` the numbers of the orders that depend on it."""

    card: SavedCard
    needed_for: tuple[str, ...]
    expired: bool


def cards_to_offer(user: User, *, today: date) -> list[SavedCard]:
    """The cards that a signed-in customer wanted to be shown again, each once. Raises GatewayError."""
    customer = PaymentCustomer.objects.of_our_mode().filter(user=user).first()
    cards = gateway.cards_of(customer.stripe_id) if customer else []
    once = {card.fingerprint or card.id: card for card in reversed(cards) if card.offered}
    return [card for card in reversed(once.values()) if not has_expired(card, today=today)]


def check_offered(user: User, payment_method: str, *, today: date) -> SavedCard:
    """The customer's card of that id, as Stripe says now. Raises UnknownCard, or GatewayError."""
    for card in cards_to_offer(user, today=today):
        if card.id == payment_method:
            return card
    raise UnknownCard


def has_expired(card: SavedCard, *, today: date) -> bool:
    """A card is good until the end of its month."""
    return (card.exp_year, card.exp_month) < (today.year, today.month)


def kept_cards(user: User, *, today: date) -> list[KeptCard]:
    """Every card that is kept for a signed-in customer, with what it is needed for. Raises GatewayError."""
    return [
        KeptCard(card, tuple(order.number for order in _needing(card.id)), has_expired(card, today=today))
        for card in _cards_of(user)
    ]


def known_cards(user: User) -> list[SavedCard]:
    """Every card that Stripe keeps for a signed-in customer. Raises GatewayError."""
    return _cards_of(user)


def remove_card(user: User, payment_method: str) -> None:
    """Stripe keeps the card no more. Raises UnknownCard, CardNeeded or GatewayError; then nothing has changed."""
    if payment_method not in {card.id for card in _cards_of(user)}:
        raise UnknownCard
    needing = [order.number for order in _needing(payment_method)]
    if needing:
        raise CardNeeded(
            f"This card stands for order {', '.join(needing)}, which is not settled yet. "
            "It can be removed as soon as the deck is back, nothing is unpaid, or the order is cancelled."
        )
    gateway.forget_card(payment_method)


def _cards_of(user: User) -> list[SavedCard]:
    """Those given by the signed-in customer, and those of orders that they took over from a guest."""
    own = PaymentCustomer.objects.of_our_mode().filter(user=user).first()
    cards = gateway.cards_of(own.stripe_id) if own else []
    taken_over = Payment.objects.filter(order__user=user, customer__guest__isnull=False).exclude(
        payment_method=""
    )
    named = set(taken_over.values_list("payment_method", flat=True))
    for customer in PaymentCustomer.objects.of_our_mode().filter(payments__in=taken_over).distinct():
        cards += [card for card in gateway.cards_of(customer.stripe_id) if card.id in named]
    return cards


def _needing(payment_method: str) -> list[Order]:
    """The orders that are not over, or have an unpaid fee, and whose total was last held on this card."""
    unpaid = unpaid_fees().filter(order=OuterRef("pk"))
    orders = Order.objects.filter(payments__payment_method=payment_method, payments__kind=Payment.Kind.ORDER)
    unsettled = orders.exclude(status=Status.CART).filter(~Q(status__in=_OVER) | Exists(unpaid)).distinct()
    latest = {order: _latest_card_of(order) for order in unsettled.order_by("pk")}
    return [order for order, card in latest.items() if card == payment_method]


def _latest_card_of(order: Order) -> str:
    payments = order.payments.filter(kind=Payment.Kind.ORDER).exclude(payment_method="")
    return payments.order_by("-created_at", "-pk").values_list("payment_method", flat=True)[0]


def unpaid_fees() -> QuerySet[Payment]:
    """Fees that were asked for, and neither paid nor given up."""
    fees = Payment.objects.fees().filter(released_at=None)
    return fees.exclude(status=PaymentStatus.CAPTURED)


# --- forgotten --------------------------------------------------------------------------------------------


def forget_cards(*, now: datetime) -> int:
    """Cards that nobody asked to keep, FORGET_CARDS_DAYS after their last order; returns how many. Safe at any time.

    The books forget the card's id at Stripe then, also of one that is kept; brand, last four and expiry stay for
    the receipts. Where one customer cannot be asked now, the others are, and the error is raised at the end.
    """
    due = _due_for_forgetting(now=now)
    forgotten = 0
    failure = _delete_who_left()
    for customer in PaymentCustomer.objects.of_our_mode().filter(payments__in=due).distinct().order_by("pk"):
        if _is_paying(customer, since=now - _PAYING_TAKES):
            continue
        theirs = due.filter(customer=customer)
        needed = Payment.objects.exclude(pk__in=theirs).exclude(payment_method="")
        try:
            named = set(needed.filter(customer=customer).values_list("payment_method", flat=True))
            forgotten += _forget(customer, needed=named)
        except gateway.GatewayError as error:
            log.warning("cards_not_forgotten", customer=customer.stripe_id, reason=str(error))
            failure = error
            continue
        Payment.objects.filter(pk__in=list(theirs.values_list("pk", flat=True))).update(payment_method="")
    if failure is not None:
        raise failure
    return forgotten


def _delete_who_left() -> gateway.GatewayError | None:
    """Customers whose people have deleted their account: Stripe deletes them, with all their cards.

    Returns the last error, where there was one; then these are deleted next time.
    """
    failure: gateway.GatewayError | None = None
    for customer in PaymentCustomer.objects.of_our_mode().filter(leaving=True).order_by("pk"):
        try:
            gateway.delete_customer(customer.stripe_id)
        except gateway.CustomerGone:
            pass  # as wanted
        except gateway.GatewayError as error:
            log.warning("customer_not_deleted", customer=customer.stripe_id, reason=str(error))
            failure = error
            continue
        customer.payments.update(payment_method="")
        customer.delete()
    return failure


def _due_for_forgetting(*, now: datetime) -> QuerySet[Payment]:
    """Payments whose order is over for so long, or which were let go by a cart, and name a card."""
    since = now - timedelta(days=settings.FORGET_CARDS_DAYS)
    lately = OrderEvent.objects.filter(order=OuterRef("order"), at__gt=since)
    over = Q(order__status__in=_OVER) & ~Exists(lately)
    let_go = Q(order__status=Status.CART, status__in=ENDED, released_at__lte=since)
    unpaid = unpaid_fees().filter(order=OuterRef("order"))
    return Payment.objects.filter(over | let_go).exclude(payment_method="").exclude(Exists(unpaid))


def _is_paying(customer: PaymentCustomer, *, since: datetime) -> bool:
    return PaymentAttempt.objects.filter(payment__customer=customer, created_at__gt=since).exists()


def _forget(customer: PaymentCustomer, *, needed: Iterable[str]) -> int:
    forgotten = 0
    for card in gateway.cards_of(customer.stripe_id):
        if not card.offered and card.id not in needed:
            gateway.forget_card(card.id)
            forgotten += 1
    return forgotten
