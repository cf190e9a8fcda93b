"""Changes that customers have confirmed, and that wait for their money."""

from datetime import date

from orders import extensions, own_changes
from orders.change_forms import seen_of
from orders.change_plan import Wanted
from orders.lines import lines_of
from orders.models import Order, OrderChange
from orders.transitions import customer
from tests.factories import TODAY


def asked_for(order: Order, wanted: Wanted) -> OrderChange:
    """The customer looks at a change that costs more than is held, and confirms it."""
    order = Order.objects.get(pk=order.pk)
    looked = own_changes.look(order=order, wanted=wanted, today=TODAY)
    done = own_changes.confirm(
        order=order,
        wanted=wanted,
        seen=seen_of(order, lines_of(order)),
        shown=looked.shown,
        by=customer(),
        today=TODAY,
    )
    assert isinstance(done, OrderChange)
    return done


def extension_asked_for(order: Order, last_day: date) -> OrderChange:
    """The customer of a deck that is out looks at further days that cost something, and confirms them."""
    order = Order.objects.get(pk=order.pk)
    looked = extensions.look_at_extension(order=order, last_day=last_day, today=TODAY)
    done = extensions.confirm_extension(
        order=order,
        last_day=last_day,
        shown_cents=looked.cents,
        seen=seen_of(order, lines_of(order)),
        by=customer(),
        today=TODAY,
    )
    assert isinstance(done, OrderChange)
    return done
