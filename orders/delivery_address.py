"""A customer gives their order another name or address, for the same way of shipping, while nobody packs it yet.

From the day on which the deck leaves it is packed, and its label written, so the address stays from then on. Whoever
packs a day ahead is not fooled either: the form that sends the deck out names the address that it was packed for.
docs/customer-orders.md, "Another address".
"""

from collections.abc import Mapping
from datetime import date

from django.db import transaction
from django.utils import timezone

from orders import payments
from orders.change_forms import address_seen
from orders.change_plan import ChangeError
from orders.models import Order, Payment
from orders.models.order import ADDRESS
from orders.own_changes import ChangedMeanwhile, check_own
from orders.signals import tell_customer
from orders.states import Status
from orders.transitions import Actor, lock_order, note_event


class NothingToChange(Exception):
    """The order goes there already; the message says so."""


def why_address_stays(order: Order, *, today: date) -> str:
    """Why its customer cannot change where this order goes; empty where they can. One query."""
    try:
        _check(order, Payment.objects.live().filter(order=order.pk).first(), today=today)
    except ChangeError as error:
        return str(error)
    return ""


def is_being_packed(order: Order, *, today: date) -> bool:
    """Whether the day has come on which it leaves."""
    return order.status == Status.OPEN and order.out_on is not None and order.out_on <= today


def _check(order: Order, payment: Payment | None, *, today: date) -> None:
    check_own(order, payment)
    if is_being_packed(order, today=today):
        raise ChangeError(
            "This deck leaves now and may be packed already, so its address stays. Write to us where it is wrong."
        )


@transaction.atomic
def change_address(*, order: Order, address: Mapping[str, str], seen: str, by: Actor, today: date) -> Order:
    """The order goes to another name or address (`ADDRESS`), valid for its way of shipping; done again, to the same.

    `seen`: the address that the page showed. Raises NothingToChange, ChangedMeanwhile or ChangeError; then nothing has
    changed.
    """
    order = lock_order(order.pk)
    _check(order, payments.lock_live_payment(order), today=today)
    changed = [field for field in ADDRESS if getattr(order, field) != address[field]]
    if not changed:
        raise NothingToChange("Your order goes there already: nothing was changed.")
    if address_seen(order) != seen:
        raise ChangedMeanwhile
    for field in changed:
        setattr(order, field, address[field])
    order.address_changed_at = timezone.now()
    order.save(update_fields=[*changed, "address_changed_at"])
    # Without the address: it is forgotten with the order's customer, and what happened is kept.
    note_event(order, by=by, reason=_what_changed(changed))
    tell_customer(order, "address_changed")
    return order


def _what_changed(fields: list[str]) -> str:
    if fields == ["name"]:
        return "the name on the parcel was changed"
    return (
        "the name and delivery address were changed"
        if "name" in fields
        else "the delivery address was changed"
    )
