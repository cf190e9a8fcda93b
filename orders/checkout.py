"""From cart to open order: dates and shipping, the hold, the availability answer, and what the customer does about it.

It reads like the story: `set_shipping`, then the money is held (orders/submission.py), then `settle`, where a held
payment meets the stock, under lock; it may be called by the page, by a webhook and by a retry at the same
moment. Where cards are short, the customer's answer follows: `move_to_date`, `accept_shortfall` or `go_back`.
"""

from collections.abc import Mapping
from datetime import date

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from inventory.closed_days import shop_calendar
from inventory.money import format_cents
from inventory.periods import RentalPeriod
from inventory.reservations import Taken, take, tell_capacity_changed
from inventory.shop_calendar import ShopCalendar
from orders import payments
from orders.cart import CartError, cart_of, lock_cart
from orders.dates import (
    RentalPeriodError,
    blocked_period,
    check_length,
    check_rental_period,
    schedule_of,
    schedule_of_order,
)
from orders.deck_availability import short_by_line
from orders.fee_limits import late_day_cents, worth_cents
from orders.lines import lines_of, quote_of, write_lines
from orders.merging import pour
from orders.models import Order, OrderCard, Payment, PaymentStatus, ShippingMethod
from orders.models.order import DAYS, demand_of
from orders.owners import owner_of_order
from orders.pricing import Quote
from orders.shown_cart import ShownCart, shown_cart
from orders.signals import tell_customer
from orders.states import Status
from orders.transitions import Actor, customer, lock_order, move_order

MOST_TOTAL_CENTS = 99_999_999  # Stripe's own limit
# What the order cost when it was authorized; empty while it is a cart.
FROZEN = (
    "cards_cents",
    "shipping_cents",
    "tax_cents",
    "tax_basis_points",
    "total_cents",
    "late_day_cents",
    "worth_cents",
)


class CheckoutError(ValueError):
    """The order cannot go on like this; the message says what to do, `step` where: cart, shipping or payment."""

    def __init__(self, message: str, *, step: str) -> None:
        self.step = step
        super().__init__(message)


class StillShort(Exception):
    """The deck is not free on the new dates either (somebody was faster); nothing has changed."""


# --- dates and shipping ---------------------------------------------------------------------------------


@transaction.atomic
def choose_days(
    *, cart: Order, first_day: date, last_day: date, method: ShippingMethod, today: date
) -> Order:
    """Dates and way of shipping of a cart, whether or not an address is known: availability depends on no other.

    Raises RentalPeriodError or CartError; then nothing changes.
    """
    cart = lock_cart(cart)
    calendar = shop_calendar()
    period = check_rental_period(
        first_day=first_day, last_day=last_day, method=method, today=today, calendar=calendar
    )
    set_dates(cart, period, method, calendar)
    cart.save(update_fields=[*DAYS, "shipping_method"])
    return cart


@transaction.atomic
def clear_days(*, cart: Order) -> Order:
    """A cart without days; how it would be shipped stays. Raises CartError."""
    cart = lock_cart(cart)
    for day in DAYS:
        setattr(cart, day, None)
    cart.save(update_fields=DAYS)
    return cart


@transaction.atomic
def set_shipping(
    *,
    cart: Order,
    first_day: date,
    last_day: date,
    method: ShippingMethod,
    contact: Mapping[str, str],
    today: date,
) -> Order:
    """Dates, way of shipping and address of a cart. Raises RentalPeriodError or CartError; then nothing changes."""
    cart = choose_days(cart=cart, first_day=first_day, last_day=last_day, method=method, today=today)
    for name, value in contact.items():
        setattr(cart, name, value)
    cart.save(update_fields=[*contact])
    return cart


@transaction.atomic
def start_on(*, cart: Order, first_day: date, today: date) -> Order:
    """A cart takes other days of the same length; way of shipping and address stay. Nothing is promised by it.

    Raises RentalPeriodError, CartError, or CheckoutError where no days were chosen before; then nothing changes.
    """
    cart = lock_cart(cart)
    period, method = cart.rental_period, cart.shipping_method
    if period is None or method is None:
        raise CheckoutError("Choose your days and how the deck gets to you first.", step="shipping")
    calendar = shop_calendar()
    # The first day alone before the whole length: years end, too.
    check_rental_period(
        first_day=first_day, last_day=first_day, method=method, today=today, calendar=calendar
    )
    period = period.starting(first_day)
    check_length(period)
    set_dates(cart, period, method, calendar)
    cart.save(update_fields=DAYS)
    return cart


def set_dates(order: Order, period: RentalPeriod, method: ShippingMethod, calendar: ShopCalendar) -> None:
    schedule, blocked = schedule_of(period, method, calendar), blocked_period(period, method, calendar)
    order.first_day, order.last_day, order.shipping_method = period.first_day, period.last_day, method
    order.out_on, order.due_on, order.back_on = blocked.out_on, schedule.due_back_on, blocked.back_on


def check_ready(order: Order, lines: list[OrderCard], *, today: date, calendar: ShopCalendar) -> Quote:
    """What the order costs. Raises CheckoutError unless it could be paid for now."""
    if not lines:
        raise CheckoutError("Your cart is empty. Add cards or a deck first.", step="cart")
    method = order.shipping_method
    if order.first_day is None or order.last_day is None or method is None:
        raise CheckoutError("Choose your days and how the deck gets to you first.", step="shipping")
    if not method.active:
        raise CheckoutError(f"“{method.name}” is not offered any more. Choose another way.", step="shipping")
    if method.needs_address and not order.has_address:
        raise CheckoutError(f"For {method.name.lower()} we need your name and address.", step="shipping")
    if not order.contact_email:
        raise CheckoutError("Write the e-mail address at which we can reach you first.", step="shipping")
    try:
        check_rental_period(
            first_day=order.first_day,
            last_day=order.last_day,
            method=method,
            today=today,
            calendar=calendar,
        )
    except RentalPeriodError as error:
        raise CheckoutError(f"Your days cannot be kept any more. {error}", step="shipping") from error
    quote = quote_of(order, lines)
    assert quote is not None
    if quote.total_cents > MOST_TOTAL_CENTS:
        most = format_cents(MOST_TOTAL_CENTS, settings.CURRENCY)
        raise CheckoutError(
            f"No card pays more than {most} at once. Take fewer cards or fewer days.", step="cart"
        )
    return quote


# --- the stock ------------------------------------------------------------------------------------------


def settle(*, payment: Payment, today: date) -> Order:
    """A held payment meets the stock: the order becomes open, or confirming where cards are short.

    Does nothing to an order that has been settled before, but that one which waits is looked at again: it may have
    been waiting for the hold alone. Where the order is not what was paid for any more
    (changed in another tab, its days passed), the hold is released and CheckoutError says so.
    """
    try:
        with transaction.atomic():
            order = lock_order(payment.order_id)
            payment.refresh_from_db()
            if payment.status != PaymentStatus.AUTHORIZED or payment.released_at is not None:
                return order
            if order.status == Status.PENDING:
                tell_capacity_changed()
            if order.status != Status.CART:
                return order
            lines, calendar = lines_of(order), shop_calendar()
            quote = check_ready(order, lines, today=today, calendar=calendar)
            # The way of shipping may take other days by now than when it was chosen, or the shop have closed on one.
            period, method = order.rental_period, order.shipping_method
            assert period is not None
            assert method is not None
            set_dates(order, period, method, calendar)
            if quote.total_cents != payment.amount_cents:
                raise CheckoutError(
                    "Your cart changed while you paid, so nothing is held. Please look at the new total.",
                    step="payment",
                )
            why = _shown(payment).why_not(shown_cart(lines, schedule_of_order(order, calendar)))
            if why:
                raise CheckoutError(why, step="payment")
            _freeze_prices(order, lines, quote)
            taken = _take(order, lines, today=today)
            to, found = (
                (Status.CONFIRMING, "some cards are short")
                if taken.shortfalls
                else (Status.OPEN, "every card is free")
            )
            _become(order, lines, to, taken, by=customer(order.user), reason=f"the total is held; {found}")
            return order
    except CheckoutError:
        with transaction.atomic():
            order = lock_order(payment.order_id)
            if order.status == Status.CART:
                payments.release_hold(order)
        raise


def _shown(payment: Payment) -> ShownCart:
    """What the customer saw when they paid; empty of a hold that says nothing of it."""
    in_force = payment.attempts.filter(sequence=payment.in_force)
    return ShownCart(*(in_force.values_list("days", "cards").first() or ()))


def _take(order: Order, lines: list[OrderCard], *, today: date, accept_short: bool = False) -> Taken:
    period = order.blocked_period
    assert period is not None
    return take(
        claim=order.claim, demand=demand_of(lines), period=period, today=today, accept_short=accept_short
    )


def _freeze_prices(order: Order, lines: list[OrderCard], quote: Quote) -> None:
    for line in lines:
        line.day_price_cents, line.value_cents = (
            line.rent_cents,
            line.replacement_cents,
        )  # saved with what is taken
    order.cards_cents, order.shipping_cents = quote.cards_cents, quote.shipping_cents
    order.tax_cents, order.tax_basis_points = quote.tax_cents, quote.tax_basis_points
    order.total_cents = quote.total_cents
    order.late_day_cents = late_day_cents(quote, percent=settings.LATE_FEE_PERCENT)
    order.worth_cents = worth_cents((line.quantity, line.value_cents) for line in lines)
    order.save(update_fields=[*DAYS, *FROZEN])
    order.authorized_at = timezone.now()  # saved with the status: the database wants the two to agree


def _become(
    order: Order, lines: list[OrderCard], to: Status, taken: Taken, *, by: Actor, reason: str
) -> None:
    """Writes down what was taken (or not) with the change of status, and tells the customer after the commit.

    The cards are locked meanwhile, so all that is read was read before.
    """
    needed = short_by_line(lines, taken.shortfalls) if taken.reservations else {}
    for line in lines:
        line.reservation = taken.reservations.get(line.card_id)
        line.needed = needed.get(line.pk, 0)
    write_lines(lines)
    move_order(
        order,
        to,
        by=by,
        reason=reason,
        authorized_at=order.authorized_at,
        queued_at=taken.queued_at if to == Status.PENDING else None,
    )
    if to in (Status.OPEN, Status.PENDING):
        tell_customer(order, to.value)


# --- three ways on from a shortfall ---------------------------------------------------------------------


@transaction.atomic
def accept_shortfall(*, order: Order, by: Actor, today: date) -> Order:
    """The customer waits with these dates: the whole demand is queued, the short cards are marked needed.

    Where the shortfall has gone in the meantime, the order is open at once.
    """
    order = _lock_confirming(order)
    _check_hold(order)
    _check_days(order, today=today, calendar=shop_calendar())
    lines = list(order.order_cards.all())
    taken = _take(order, lines, today=today, accept_short=True)
    if taken.shortfalls:
        _become(order, lines, Status.PENDING, taken, by=by, reason="waiting with these dates")
    else:
        _become(order, lines, Status.OPEN, taken, by=by, reason="every card is free by now")
    return order


def move_to_date(*, order: Order, first_day: date, by: Actor, today: date) -> Order:
    """The customer takes other dates of the same length, so the total stays. Raises StillShort or CheckoutError."""
    with transaction.atomic():
        order = _lock_confirming(order)
        _check_hold(order)
        period, method = order.rental_period, order.shipping_method
        assert period is not None
        assert method is not None
        calendar = shop_calendar()
        set_dates(order, period.starting(first_day), method, calendar)
        _check_days(order, today=today, calendar=calendar)
        lines = list(order.order_cards.all())
        taken = _take(order, lines, today=today)
        if taken.shortfalls:
            raise StillShort  # rolls the dates back
        order.save(update_fields=DAYS)
        _become(order, lines, Status.OPEN, taken, by=by, reason=f"moved to {first_day:%-d %B %Y}")
    return order


def go_back(*, order: Order, by: Actor, reason: str = "the customer goes back") -> Order:
    """The order is a cart again and the hold is let go. A cart begun in the meantime is merged into it."""
    for _ in range(3):
        try:
            return _go_back(order=order, by=by, reason=reason)
        except (IntegrityError, CartError):
            continue  # a cart was begun, or submitted, at this very moment
    raise CheckoutError("Your cart is busy in another tab. Please try again.", step="shortfall")


@transaction.atomic
def _go_back(*, order: Order, by: Actor, reason: str) -> Order:
    order = _lock_confirming(order)
    payments.release_hold(order)
    OrderCard.objects.filter(order=order).update(day_price_cents=None, value_cents=None)
    newer = cart_of(owner_of_order(order))
    if newer is not None:  # one cart per owner
        pour(source=lock_cart(newer), destination=order)
    move_order(order, Status.CART, by=by, reason=reason, **dict.fromkeys([*FROZEN, "authorized_at"]))
    return order


def _lock_confirming(order: Order) -> Order:
    order = lock_order(order.pk)
    if order.status != Status.CONFIRMING:
        raise CheckoutError("This has been decided already; here is how your order stands.", step="order")
    return order


def _check_hold(order: Order) -> None:
    if not payments.is_held(order):
        raise CheckoutError(
            "The hold on your card has ended. Go back to the cart and pay once more.", step="shortfall"
        )


def _check_days(order: Order, *, today: date, calendar: ShopCalendar) -> None:
    method = order.shipping_method
    assert order.first_day is not None
    assert order.last_day is not None
    assert method is not None
    try:
        check_rental_period(
            first_day=order.first_day,
            last_day=order.last_day,
            method=method,
            today=today,
            calendar=calendar,
        )
    except RentalPeriodError as error:
        raise CheckoutError(str(error), step="shortfall") from error
