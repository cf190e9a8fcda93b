"""A customer gives an accepted order another name or address, until it is being packed."""

from datetime import timedelta

import pytest
from django.conf import settings as site
from django.core import mail
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from orders.change_forms import seen_of
from orders.emails import order_link
from orders.forgetting import forget_addresses
from orders.fulfilment import NotDispatchable, dispatch
from orders.fulfilment_pages import dispatches
from orders.lines import lines_of
from orders.models import Order, Payment, ShippingMethod
from orders.models.order import ADDRESS
from orders.order_history import history_of
from orders.states import Status
from orders.transitions import SYSTEM
from tests.factories import (
    TODAY,
    PickupFactory,
    ShippingMethodFactory,
    StaffFactory,
    UserFactory,
    paid,
    placed,
    settled,
    stocked_card,
)
from tests.orders.test_views import browser_of, messages_of

pytestmark = pytest.mark.django_db

OLD = {
    "name": "Pat Player",
    "street": "1 Old Road",
    "postcode": "1000",
    "city": "Oldtown",
    "country": "Ruritania",
}
NEW = {
    "name": "Sam Sender",
    "street": "2 New Way",
    "postcode": "2000",
    "city": "Newtown",
    "country": "Ruritania",
}


WHERE = {field: value for field, value in OLD.items() if field != "name"}  # who it is the factory says


def sent_order(cards: int = 1, *, signed_up: bool = True, method: ShippingMethod | None = None) -> Order:
    """An open order that leaves by post on day 8."""
    cards_of_it = {stocked_card(4): 1 for _ in range(cards)}
    owner = {"user": UserFactory()} if signed_up else {}
    return placed(cards_of_it, shipping_method=method or ShippingMethodFactory(), **WHERE, **owner)


def page_of(order: Order) -> str:
    return reverse("orders:address", args=[order.number])


def send(browser: Client, order: Order, **typed: str) -> HttpResponse:
    """What the page shows, with what is typed over it."""
    shown = browser.get(page_of(order)).context["form"]
    return browser.post(page_of(order), {**OLD, "seen": shown["seen"].value(), **typed})


def address_of(order: Order) -> dict[str, str]:
    return Order.objects.values(*ADDRESS).get(pk=order.pk)


def notes_of(order: Order) -> list[str]:
    return list(order.events.filter(reason__contains="address").values_list("reason", flat=True))


# --- changed ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("signed_up", [True, False])
def test_its_owner_gives_an_open_order_another_address(signed_up, django_capture_on_commit_callbacks):
    order = sent_order(signed_up=signed_up)
    browser = browser_of(order)

    with django_capture_on_commit_callbacks(execute=True):
        answer = send(browser, order, **NEW)

    assert answer.url == order.get_absolute_url()
    assert messages_of(browser.get(answer.url)) == ["Your order goes to the new address."]
    assert address_of(order) == NEW
    (told,) = [one for one in history_of(order.events.order_by("at", "pk")) if "address" in one.title]
    assert (told.title, told.who) == ("The name and delivery address were changed.", "you")
    (letter,) = mail.outbox
    assert letter.to == [order.contact_email]
    assert "2 New Way\n2000 Newtown\nRuritania" in letter.body
    assert "If this was not you" in letter.body


def test_a_pending_order_takes_another_address_and_keeps_its_place():
    order = placed({stocked_card(0): 1}, shipping_method=ShippingMethodFactory(), user=UserFactory(), **WHERE)
    before = order.queued_at

    send(browser_of(order), order, street="9 Other Street")

    now = Order.objects.get(pk=order.pk)
    assert (now.street, now.status, now.queued_at) == ("9 Other Street", Status.PENDING, before)
    assert notes_of(order) == ["the delivery address was changed"]


def test_what_happened_says_no_address_so_that_it_is_forgotten_with_the_customer():
    order = sent_order()
    send(browser_of(order), order, **NEW)

    Order.objects.update(address_until=TODAY - timedelta(days=1))
    forget_addresses(today=TODAY)

    for value in (*OLD.values(), *NEW.values()):
        assert not order.events.filter(reason__contains=value).exists()


def test_an_order_that_is_picked_up_takes_another_name_without_an_address():
    order = sent_order(method=PickupFactory())
    nothing = dict.fromkeys(ADDRESS, "")

    send(browser_of(order), order, **{**nothing, "name": "Sam Sender"})

    assert address_of(order) == {**nothing, "name": "Sam Sender"}


def test_the_same_sent_twice_changes_it_once_and_is_told_once(django_capture_on_commit_callbacks):
    order = sent_order()
    browser = browser_of(order)
    seen = browser.get(page_of(order)).context["form"]["seen"].value()

    with django_capture_on_commit_callbacks(execute=True):
        answers = [browser.post(page_of(order), {**NEW, "seen": seen}, follow=True) for _ in range(2)]

    assert "goes there already" in answers[1].content.decode()
    assert address_of(order) == NEW
    assert len(notes_of(order)) == len(mail.outbox) == 1


# --- refused ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ADDRESS)
def test_what_the_way_of_shipping_needs_is_asked_for_as_at_checkout_and_what_was_typed_stays(field):
    order = sent_order()

    answer = send(browser_of(order), order, **{**NEW, field: " "})

    assert answer.status_code == 422
    form = answer.context["form"]
    assert list(form.errors) == [field]
    assert "goes to an address" in form.errors[field][0]
    assert all(form[name].value() == NEW[name] for name in ADDRESS if name != field)
    assert address_of(order) == OLD
    assert notes_of(order) == []


@pytest.mark.parametrize("wrong", [{"street": "x" * 201}, {"city": "a\x00b"}, {"name": "x" * 121}])
def test_what_no_address_can_be_is_refused_beside_its_field(wrong):
    order = sent_order()

    answer = send(browser_of(order), order, **{**NEW, **wrong})

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == list(wrong)
    assert address_of(order) == OLD


def test_what_was_changed_in_another_tab_meanwhile_is_not_undone_unseen():
    order = sent_order()
    browser = browser_of(order)
    seen = browser.get(page_of(order)).context["form"]["seen"].value()
    send(browser, order, **NEW)

    answer = browser.post(page_of(order), {**OLD, "city": "Thirdtown", "seen": seen}, follow=True)

    assert "changed after this page was shown" in answer.content.decode()
    assert "2 New Way" in answer.content.decode()
    assert address_of(order) == NEW


@pytest.mark.parametrize("signed_up", [True, False])
def test_who_has_only_the_link_neither_reads_nor_changes_it(signed_up):
    order = sent_order(signed_up=signed_up)
    browser = Client()
    browser.get(order_link(order).removeprefix(site.SITE_URL))

    answers = [
        browser.get(page_of(order), follow=True),
        browser.post(page_of(order), {**NEW, "seen": ""}, follow=True),
    ]

    for answer in answers:
        assert "With the link alone" in answer.content.decode()
        assert "1 Old Road" not in answer.content.decode()
    assert address_of(order) == OLD


def test_the_owner_who_came_by_a_link_changes_it():
    order = sent_order()
    browser = browser_of(order)
    browser.get(order_link(order).removeprefix(site.SITE_URL))

    send(browser, order, **NEW)

    assert address_of(order) == NEW


def refused(order: Order) -> str:
    browser = browser_of(order)
    for answer in (browser.get(page_of(order)), browser.post(page_of(order), NEW)):
        assert answer.url == order.get_absolute_url()
    shown = browser.get(order.get_absolute_url())
    assert page_of(order) not in shown.content.decode()
    assert address_of(order) == OLD
    return " ".join(messages_of(shown))


def test_from_the_day_on_which_it_leaves_the_address_stays():
    order = sent_order()
    assert page_of(order) in browser_of(order).get(order.get_absolute_url()).content.decode()
    Order.objects.update(out_on=TODAY)

    assert "may be packed already" in refused(order)


@pytest.mark.parametrize("status", [Status.DISPATCHED, Status.RETURNED, Status.CANCELLED])
def test_an_order_that_has_left_or_is_over_keeps_its_address(status):
    order = sent_order()
    Order.objects.update(status=status)

    assert "Only an order that has been accepted and has not left yet" in refused(order)


def test_an_order_whose_money_is_being_taken_keeps_its_address():
    order = sent_order()
    Payment.objects.update(capture_begun_at=timezone.now())

    assert "just leaving" in refused(order)


# --- at the desk ------------------------------------------------------------------------------------------


def test_the_desk_reads_that_the_address_is_another_one():
    order, desk = sent_order(), Client()
    desk.force_login(StaffFactory())
    pages = [reverse("orders:staff_dispatch"), reverse("orders:staff_order", args=[order.number])]
    assert not any("Another name or address" in desk.get(page).content.decode() for page in pages)

    send(browser_of(order), order, **NEW)

    leaving, at_desk = (desk.get(page).content.decode() for page in pages)
    assert "use no label that was written before" in leaving
    assert 'id="address-changed"' in at_desk
    assert "2 New Way, 2000 Newtown, Ruritania" in at_desk
    assert "the name and delivery address were changed" in at_desk


def test_a_parcel_that_was_packed_for_the_old_address_does_not_leave():
    order = sent_order()
    (row,) = dispatches(page="1", today=TODAY).coming
    packed = row.seen
    send(browser_of(order), order, **NEW)
    Order.objects.update(out_on=TODAY, first_day=TODAY)
    paid(order)

    with pytest.raises(NotDispatchable, match="address is another one"):
        dispatch(order=order, by=SYSTEM, today=TODAY, seen=packed)

    assert Order.objects.get(pk=order.pk).status == Status.OPEN


def test_another_address_undoes_nothing_that_is_being_changed_otherwise():
    """A change that waits for its money is of days and cards: it is paid for all the same."""
    order = sent_order()
    before = seen_of(order, lines_of(order))

    send(browser_of(order), order, **NEW)

    order = Order.objects.get(pk=order.pk)
    assert seen_of(order, lines_of(order)) == before


# --- the page ---------------------------------------------------------------------------------------------


def test_the_page_takes_as_many_queries_for_one_card_as_for_fifty():
    def queries_for(cards: int) -> int:
        order = sent_order(cards)
        browser = browser_of(order)
        browser.get(page_of(order))
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(page_of(order)).status_code == 200
        return len(queries)

    assert queries_for(1) == queries_for(50)


def test_an_order_that_waits_for_the_customers_answer_has_no_such_page():
    order = settled(
        {stocked_card(0): 1}, shipping_method=ShippingMethodFactory(), user=UserFactory(), **WHERE
    )

    answer = browser_of(order).get(page_of(order))

    assert answer.url == order.get_absolute_url()
