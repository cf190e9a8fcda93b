"""The demo's orders: made by the shop, on a real PostgreSQL, and paid for through the real Stripe library."""

from collections import Counter
from datetime import date, datetime, time, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import User
from deckrental.demo import orders as demo_orders
from deckrental.demo import stand_in
from deckrental.demo.clock import clock_at
from deckrental.demo.loader import load_demo
from deckrental.demo.order_plan import PLAN
from deckrental.demo.orders import DemoOrdersError, load_demo_orders
from deckrental.demo.sign_ins import CUSTOMER, EMAILS, demo_sign_ins
from inventory.models import Card, TemplateDeckVersion
from inventory.shop_calendar import weekdays_of
from orders.books import violations
from orders.desk import desk_counts
from orders.fulfilment import check_in
from orders.models import Order, OrderEvent, OrderTemplateDeck, Payment, PaymentStatus
from orders.needed import needed_cards
from orders.reconciliation import reconcile
from orders.states import Status
from orders.transitions import SYSTEM
from tests.factories import dispatched, stocked_card
from tests.sandbox import Sandbox, free_port

pytestmark = pytest.mark.django_db(transaction=True)

STATES = {Status.RETURNED: 2, Status.DISPATCHED: 4, Status.OPEN: 4, Status.PENDING: 4, Status.CANCELLED: 1}


@pytest.fixture
def demo(sandbox, settings) -> None:
    settings.CLOSED_WEEKDAYS = weekdays_of(["sat", "sun"])
    demo_sign_ins(remembered_in=None)
    load_demo(today=timezone.localdate(), by=None)


def states() -> Counter[str]:
    return Counter(Order.objects.exclude(status=Status.CART).values_list("status", flat=True))


def order_for(name: str) -> Order:
    return Order.objects.get(name=name)


@pytest.mark.usefixtures("demo")
def test_the_shop_is_at_work_and_its_books_agree_with_the_bank():
    now, today = timezone.now(), timezone.localdate()

    assert load_demo_orders(now=now) == len(PLAN)

    assert states() == STATES
    counts = desk_counts(today=today)
    assert (counts.dispatched, counts.overdue, counts.pending, counts.open) == (4, 1, 4, 4)
    needed = {row.card.name: row for row in needed_cards(today=today)}
    assert set(needed) == {"Karn Liberated", "Jace, the Mind Sculptor", "Death's Shadow"}
    assert [order.name for order in needed["Jace, the Mind Sculptor"].orders] == [
        "Piet de Vries",
        "Yuki Tanaka",
    ]
    own = Order.objects.filter(user__email=EMAILS[CUSTOMER])
    assert Counter(own.values_list("status", flat=True)) == dict.fromkeys(STATES, 1)
    assert list(violations(today=today)) == []
    found = reconcile(now=timezone.now())
    assert found.compared >= len(PLAN)  # other tests have paid at this stand-in, too
    assert (found.repairs, found.reports, found.failures) == ([], [], [])
    taken = Payment.objects.filter(status=PaymentStatus.CAPTURED)
    assert taken.count() == STATES[Status.RETURNED] + STATES[Status.DISPATCHED]
    assert {payment.captured_cents for payment in taken} == {
        payment.order.total_cents for payment in taken.select_related("order")
    }


@pytest.mark.parametrize("day", [date(2026, 12, 31), date(2027, 1, 6)], ids=str)
def test_it_is_the_same_shop_on_every_day(sandbox, settings, day):
    settings.CLOSED_WEEKDAYS, settings.HOLIDAYS = weekdays_of(["sat", "sun"]), "DE"
    demo_sign_ins(remembered_in=None)
    load_demo(today=day, by=None)

    load_demo_orders(now=timezone.make_aware(datetime.combine(day, time(12))))

    assert states() == STATES
    assert desk_counts(today=day).overdue == 1
    assert list(violations(today=day)) == []
    assert reconcile(now=timezone.now()).repairs == []


@pytest.mark.usefixtures("demo")
def test_what_happened_is_dated_when_it_happened():
    now = timezone.now()
    load_demo_orders(now=now)

    today = timezone.localdate(now)
    for order in Order.objects.exclude(status=Status.CART):
        moments = list(OrderEvent.objects.filter(order=order).order_by("pk").values_list("at", flat=True))
        assert moments == sorted(moments)
        assert order.authorized_at is None or order.authorized_at <= moments[-1]
        assert timezone.localdate(moments[0]) <= min(order.out_on, today - timedelta(days=1))
        if order.status == Status.DISPATCHED:
            assert timezone.localdate(moments[-1]) == order.out_on
            assert timezone.localdate(Payment.objects.get(order=order).captured_at) == order.out_on
    assert timezone.now() >= now


@pytest.mark.usefixtures("demo")
def test_a_second_time_and_on_another_day_adds_nothing_whatever_has_become_of_them(settings):
    load_demo_orders(now=timezone.now())
    check_in(order=order_for("Jonas Weber"), by=SYSTEM, today=timezone.localdate())
    before = set(Order.objects.values_list("pk", "status"))
    assert ("open",) in set(Order.objects.filter(name="Mira Novak").values_list("status"))

    settings.STRIPE_API_BASE = f"http://127.0.0.1:{free_port()}"  # where nobody answers: nothing is asked for
    assert load_demo_orders(now=timezone.now() + timedelta(days=5)) == 0

    assert set(Order.objects.values_list("pk", "status")) == before


@pytest.mark.usefixtures("demo")
def test_what_the_customer_ordered_before_is_left_alone(settings):
    settings.CLOSED_WEEKDAYS = frozenset()  # else nothing could be fetched on some day on which this runs
    own = dispatched({stocked_card(4): 2}, user=User.objects.get(email=EMAILS[CUSTOMER]))
    Order.objects.filter(pk=own.pk).update(email=EMAILS[CUSTOMER])
    OrderTemplateDeck.objects.create(
        order=own, version=TemplateDeckVersion.objects.get(deck__slug="goblins-all-the-way")
    )

    assert load_demo_orders(now=timezone.now()) == len(PLAN)

    own.refresh_from_db()
    assert own.status == Status.DISPATCHED


@pytest.mark.usefixtures("demo")
def test_broken_off_it_goes_on_from_there(monkeypatch):
    done = []

    def only_some(*args, **kwargs):
        if len(done) == 5:
            raise KeyboardInterrupt
        done.append(submit(*args, **kwargs))
        return done[-1]

    submit = demo_orders.submit
    monkeypatch.setattr(demo_orders, "submit", only_some)
    with pytest.raises(KeyboardInterrupt):
        load_demo_orders(now=timezone.now())
    assert sum(states().values()) == 5
    monkeypatch.undo()

    assert load_demo_orders(now=timezone.now()) == len(PLAN) - 5

    assert states() == STATES


@pytest.mark.usefixtures("demo")
def test_where_the_customer_has_left_the_others_are_there():
    User.objects.get(email=EMAILS[CUSTOMER]).delete()

    assert load_demo_orders(now=timezone.now()) == len([planned for planned in PLAN if planned.who.guest])


@pytest.mark.usefixtures("demo")
def test_where_the_stand_in_does_not_answer_one_line_says_so_and_nothing_is_begun(settings, monkeypatch):
    monkeypatch.setattr(demo_orders, "_PATIENCE", 0.0)
    settings.STRIPE_API_BASE = f"http://127.0.0.1:{free_port()}"

    with pytest.raises(CommandError, match="The payment sandbox does not answer"):
        call_command("load_demo_orders")

    assert not Order.objects.exists()


def test_an_empty_shop_is_told_what_to_do_first(sandbox):
    with pytest.raises(DemoOrdersError, match="Run load_demo first"):
        load_demo_orders(now=timezone.now())


@pytest.mark.usefixtures("demo")
def test_nothing_is_ordered_from_stripe_itself(settings, monkeypatch):
    settings.STRIPE_API_BASE = ""
    said = StringIO()

    call_command("load_demo_orders", stdout=said)

    assert "No demo orders" in said.getvalue()
    assert not Order.objects.exists()


def test_webhooks_wait_until_everything_is_made(tmp_path, settings):
    sandbox = Sandbox(folder=tmp_path, webhook_url=f"http://127.0.0.1:{free_port()}/")
    sandbox.start()
    try:
        sandbox.use_in(settings)
        with stand_in.webhooks_wait():
            sandbox.client.v1.customers.create({"email": "ines@players.example"})
            assert sandbox.release_events() == 1  # nothing is released where nothing was held
        with pytest.raises(KeyboardInterrupt), stand_in.webhooks_wait():
            raise KeyboardInterrupt
        sandbox.client.v1.customers.create({"email": "tom@players.example"})
        assert sandbox.release_events() == 0
    finally:
        sandbox.stop()


def test_the_clock_is_set_back_for_models_as_for_everything_else():
    then = timezone.now() - timedelta(days=9)
    with clock_at(then):
        card = Card.objects.create(name="A Card", slug="a-card")
        order = Order(user=None)
        assert timezone.localdate() == timezone.localdate(then)
        assert timezone.template_localtime(then).utcoffset() == timezone.localtime(then).utcoffset()
    assert card.pk
    assert timedelta() <= order.created_at - then < timedelta(minutes=5)
    assert timezone.now() - then >= timedelta(days=9)
