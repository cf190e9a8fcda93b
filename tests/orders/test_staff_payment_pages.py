"""The payment section of an order at the desk, the list of payments to look at, and the customer's money part."""

from datetime import timedelta
from html import unescape
from uuid import uuid4

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from orders.fulfilment import dispatch
from orders.models import (
    DisputeStatus,
    Order,
    Payment,
    PaymentAttempt,
    PaymentStatus,
    Refund,
    WebhookEvent,
)
from orders.models.order import DAYS
from orders.payment_forms import FeeForm, RefundForm
from orders.payments import sync_intent
from orders.payments_to_look_at import payments_to_look_at
from orders.states import Status
from orders.transitions import SYSTEM
from tests.factories import (
    TODAY,
    StaffFactory,
    UserFactory,
    cart_with,
    dispatched,
    paid,
    placed,
    settled,
    stocked_card,
)
from tests.orders.test_checkout import submit
from tests.orders.test_payment_timeline import attempted, fee_of
from tests.sandbox import Sandbox

pytestmark = pytest.mark.django_db

DESK = reverse("orders:staff_desk")


def clerk() -> Client:
    client = Client()
    client.force_login(StaffFactory(email=f"clerk-{uuid4().hex[:6]}@example.org"))
    return client


def owner_of(order: Order) -> Client:
    client = Client()
    session = client.session
    session["guest_id"] = str(order.guest_id)
    session.save()
    client.cookies["sessionid"] = session.session_key
    return client


def page_of(order: Order) -> str:
    return reverse("orders:staff_order", args=[order.number])


def text_of(response) -> str:
    return " ".join(unescape(strip_tags(response.content.decode())).split())


def messages_of(response) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def act(verb: str, order: Order, *more, client: Client | None = None, **typed):
    return (client or clerk()).post(reverse(f"orders:staff_{verb}", args=[order.number, *more]), typed)


def refund_of(payment: Payment, amount: str = "1.00", **typed) -> dict[str, str]:
    return {
        "refund_id": str(uuid4()),
        "payment": str(payment.pk),
        "amount_cents": amount,
        "reason": "A card was creased.",
    } | typed


def fee(amount: str = "1.00", **typed) -> dict[str, str]:
    return {"fee_id": str(uuid4()), "kind": "late", "amount_cents": amount, "reason": "Late."} | typed


def captured_order(sandbox: Sandbox, card: str = "pm_card_visa") -> Order:
    """An order that has left, its money really taken."""
    cart = cart_with({stocked_card(4, value_cents=2_000): 3}, first_day=TODAY)
    submit(cart, sandbox, TODAY, card)
    return dispatch(order=Order.objects.get(pk=cart.pk), by=SYSTEM, today=TODAY)


def days_late(order: Order, days: int) -> Order:
    ago = timedelta(days=(order.due_on - TODAY).days + days)
    for name in DAYS:
        setattr(order, name, getattr(order, name) - ago)
    order.save()
    return order


# --- who may ------------------------------------------------------------------------------------------------

FORMS = {
    "refund": lambda order: (),
    "fee": lambda order: (),
    "cancel": lambda order: (),
    "waive_fee": lambda order: (fee_of(order, status=PaymentStatus.FAILED).pk,),
    "paid_back": lambda order: (uuid4(),),
}


@pytest.mark.parametrize("verb", FORMS)
def test_the_forms_are_for_staff_and_are_posted(verb):
    order = placed({stocked_card(4): 1})
    address = reverse(f"orders:staff_{verb}", args=[order.number, *FORMS[verb](order)])
    stranger = Client()
    stranger.force_login(UserFactory())

    assert Client().post(address)["Location"].startswith("/accounts/login/?next=/staff/orders/")
    assert stranger.post(address).status_code == 403
    assert owner_of(order).post(address).status_code == 302
    assert clerk().get(address).status_code == 405
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(StaffFactory())
    assert careful.post(address).status_code == 403
    order.refresh_from_db()
    assert (order.status, Refund.objects.count()) == (Status.OPEN, 0)


@pytest.mark.parametrize("verb", ["refund", "fee", "cancel"])
def test_an_order_that_does_not_exist_is_not_found(verb):
    assert clerk().post(reverse(f"orders:staff_{verb}", args=["NOWHERE"]), {}).status_code == 404


# --- the section --------------------------------------------------------------------------------------------


def test_the_page_tells_where_the_money_is_and_what_happened_to_it():
    order = placed({stocked_card(4): 1})
    attempted(
        Payment.objects.get(),
        PaymentStatus.AUTHORIZED,
        capture_before=timezone.make_aware(timezone.datetime(2030, 1, 2, 3, 4)),
    )
    WebhookEvent.objects.create(
        id="evt_1", type="charge.succeeded", intent_id=PaymentAttempt.objects.get().intent_id
    )

    text = text_of(clerk().get(page_of(order)))

    total = f"€{order.total_cents / 100:.2f}"
    for part in (
        f"Held {total}",
        "Charged €0.00",
        f"Asked to hold {total}",
        "The hold ends on Wednesday 2 January 2030, 03:04",
        "charge.succeeded",
        f"The hold of {total} is released, and nothing is charged.",
        "Dispatch then charges the new total only",
    ):
        assert part in text


def test_a_cart_has_no_payment_section():
    assert b'id="payment"' not in clerk().get(page_of(cart_with({stocked_card(4): 1}))).content


def test_before_the_deck_has_left_no_fee_is_offered_and_nothing_can_be_given_back():
    page = clerk().get(page_of(placed({stocked_card(4): 1}))).content.decode()

    assert "Charge a fee" not in page
    assert "Give money back" not in page


# --- giving back --------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_money_goes_back_once_however_often_the_form_is_sent(sandbox):
    order = captured_order(sandbox)
    payment, client = Payment.objects.get(), clerk()
    typed = refund_of(payment, "1,50")

    response = act("refund", order, client=client, **typed)
    again = act("refund", order, client=client, **typed)

    assert response["Location"] == f"{page_of(order)}#payment"
    assert again.status_code == 302
    payment.refresh_from_db()
    assert payment.refunded_cents == 150
    assert Refund.objects.get().by.email.startswith("clerk-")
    text = text_of(client.get(page_of(order)))
    assert "€1.50 goes back to the customer's card." in text
    assert "Given back €1.50" in text


@pytest.mark.django_db(transaction=True)
def test_all_of_it_sent_twice_is_no_error(sandbox):
    order = captured_order(sandbox)
    typed = refund_of(Payment.objects.get(), f"{order.total_cents / 100:.2f}")

    assert [act("refund", order, **typed).status_code for _ in range(2)] == [302, 302]

    assert Payment.objects.get().refunded_cents == order.total_cents


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"amount_cents": ""}, "Write an amount, for example 12.50."),
        ({"amount_cents": "a lot"}, "Write an amount like 12, 12.50 or 12,50."),
        ({"amount_cents": "1.005"}, "Write an amount like"),
        ({"amount_cents": "-1"}, "Write an amount like"),
        ({"amount_cents": "١٢"}, "Write an amount like"),
        ({"amount_cents": "1\x00"}, "Write an amount like"),
        ({"amount_cents": "1e5"}, "Write an amount like"),
        ({"amount_cents": "0"}, "Write an amount above 0"),
        ({"amount_cents": "9999999"}, "Write an amount above 0"),
        ({"amount_cents": "99999"}, "can be given back."),
        ({"amount_cents": "9" * 500}, "Write an amount like"),
        ({"reason": ""}, "Write why the money goes back"),
        ({"reason": "x" * 501}, "Write it in at most 500 characters."),
        ({"reason": "a\x00b"}, "Null characters are not allowed."),
        ({"payment": "nonsense"}, "Nothing can be given back of this payment."),
        ({"payment": str(uuid4())}, "Nothing can be given back of this payment."),
        ({"payment": ""}, "Choose what is given back."),
        ({"refund_id": ""}, "This page did not say what it showed."),
        ({"refund_id": "nonsense"}, "This page did not say what it showed."),
    ],
)
def test_what_cannot_be_given_back_is_refused_beside_the_form_and_nothing_is_lost(typed, says):
    order = paid(placed({stocked_card(4): 1}))
    sent = refund_of(Payment.objects.get(), "1.00", reason="Typed with care") | typed

    response = act("refund", order, **sent)

    page = response.content.decode()
    assert response.status_code == 422
    assert says in text_of(response)
    assert '<details class="sheet" id="refund" open>' in page
    assert Refund.objects.count() == 0
    if "reason" not in typed:
        assert 'value="Typed with care"' in page


def test_a_payment_of_another_order_is_not_given_back():
    order, other = paid(placed({stocked_card(4): 1})), paid(placed({stocked_card(4): 1}))

    response = act("refund", order, **refund_of(other.payments.get()))

    assert "Nothing can be given back of this payment." in text_of(response)
    assert Refund.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_what_stripe_refuses_is_said_and_the_form_is_good_for_another_try(sandbox):
    order = captured_order(sandbox)
    intent = PaymentAttempt.objects.get().intent_id
    sandbox.client.v1.refunds.create({"payment_intent": intent})  # in the dashboard; no webhook tells us
    typed = refund_of(Payment.objects.get())

    response = act("refund", order, **typed)

    assert response.status_code == 422
    assert "Stripe did not give it back" in text_of(response)
    assert typed["refund_id"] not in response.content.decode()


def test_what_can_be_given_back_stands_in_the_field():
    order = paid(placed({stocked_card(4): 1}))
    payment = Payment.objects.get()
    Refund.objects.create(payment=payment, amount_cents=100, status=Refund.Status.CREATED)

    page = clerk().get(page_of(order)).content.decode()

    assert f'name="amount_cents" value="{(order.total_cents - 100) / 100:.2f}"' in page


def test_of_two_payments_the_one_is_chosen():
    order = paid(placed({stocked_card(4): 1}))
    fee_of(order, status=PaymentStatus.CAPTURED, captured_cents=400, captured_at=timezone.now())

    text = text_of(clerk().get(page_of(order)))

    assert "Late fee, at most €4.00" in text
    assert f"Order, at most €{order.total_cents / 100:.2f}" in text


@pytest.mark.parametrize(
    ("typed", "cents"),
    [
        ("12", 1200),
        ("12.50", 1250),
        ("12,50", 1250),
        ("12.5", 1250),
        ("€12", 1200),
        (" 12 € ", 1200),
        ("0,01", 1),
    ],
)
def test_an_amount_is_read_as_people_write_it(typed, cents):
    form = FeeForm(fee(typed))

    assert form.is_valid(), form.errors
    assert form.cleaned_data["amount_cents"] == cents


# --- fees ---------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_fee_is_charged_once_however_often_the_form_is_sent(sandbox):
    order = days_late(captured_order(sandbox), 3)
    typed, client = fee("1.00", reason="Three days late."), clerk()

    responses = [act("fee", order, client=client, **typed) for _ in range(2)]

    assert [response.status_code for response in responses] == [302, 302]
    charged = Payment.objects.get(kind=Payment.Kind.LATE)
    assert (charged.status, charged.captured_cents, charged.reason) == ("captured", 100, "Three days late.")
    text = text_of(client.get(page_of(order)))
    assert "Late fee of €1.00: charged. The customer is told why." in text
    assert "€1.00 asked for already" in text


def test_the_limits_stand_beside_the_field():
    order = days_late(dispatched({stocked_card(4, value_cents=2_000): 3}), 3)

    text = text_of(clerk().get(page_of(order)))

    assert order.late_day_cents
    day = f"€{order.late_day_cents / 100:.2f}"
    assert f"At most €{3 * order.late_day_cents / 100:.2f}: 3 days late at {day}." in text
    assert "At most €60.00: the cards are worth €60.00." in text


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"kind": "order"}, "Choose what the fee is for"),
        ({"kind": ""}, "Choose what the fee is for."),
        ({"amount_cents": "900"}, "For late days of this order at most"),
        ({"amount_cents": "0.10"}, "The least that a card can be charged"),
        ({"amount_cents": "ten"}, "Write an amount like"),
        ({"reason": ""}, "Write what the fee is for"),
        ({"fee_id": "nonsense"}, "This page did not say what it showed."),
    ],
)
def test_a_fee_that_cannot_be_charged_is_refused_beside_the_form(typed, says):
    order = days_late(dispatched({stocked_card(4): 1}), 3)

    response = act("fee", order, **(fee("1.00", reason="Typed with care") | typed))

    assert response.status_code == 422
    assert says in text_of(response)
    assert '<details class="sheet" id="fee" open>' in response.content.decode()
    assert not Payment.objects.exclude(kind=Payment.Kind.ORDER).exists()


def test_a_fee_before_the_deck_has_left_is_refused():
    order = placed({stocked_card(4): 1})

    response = act("fee", order, **fee())

    assert "fees are for decks that have left the shop" in text_of(response)
    assert Payment.objects.count() == 1


@pytest.mark.parametrize(
    "wished", ["kind=loss&amount=12.00", "kind=nonsense&amount=%00", "kind=", "amount=3"]
)
def test_a_link_can_suggest_a_fee(wished):
    order = dispatched({stocked_card(4): 1})

    page = clerk().get(f"{page_of(order)}?{wished}").content.decode()

    if wished.startswith("kind=loss"):
        assert '<option value="loss" selected>' in page
        assert 'value="12.00"' in page
    assert ('<details class="sheet" id="fee" open>' in page) == ("kind" in wished)


@pytest.mark.django_db(transaction=True)
def test_a_fee_that_the_card_did_not_pay_is_given_up(sandbox):
    order = captured_order(sandbox)
    unpaid = fee_of(order, status=PaymentStatus.FAILED)
    client = clerk()
    assert "Give up the late fee of €4.00" in text_of(client.get(page_of(order)))

    refused = act("waive_fee", order, unpaid.pk, client=client)
    unpaid.refresh_from_db()
    assert (refused.status_code, unpaid.released_at) == (422, None)
    assert "Write why the fee is given up." in text_of(refused)

    act("waive_fee", order, unpaid.pk, client=client, **{f"{unpaid.pk}-reason": "It was the post."})

    unpaid.refresh_from_db()
    assert unpaid.released_at is not None
    text = text_of(client.get(page_of(order)))
    assert "is given up: nothing is owed of it." in text
    assert "Give up the late fee" not in text


def test_a_fee_that_is_paid_meanwhile_cannot_be_given_up():
    order = dispatched({stocked_card(4): 1})
    charged = fee_of(order, status=PaymentStatus.CAPTURED, captured_cents=400, captured_at=timezone.now())

    response = act("waive_fee", order, charged.pk, **{f"{charged.pk}-reason": "Late click"})

    assert response.status_code == 302
    assert "This fee is paid. Give the money back instead." in messages_of(response)


def test_the_payment_of_an_order_is_no_fee_and_a_fee_belongs_to_its_order():
    order, other = placed({stocked_card(4): 1}), dispatched({stocked_card(4): 1})

    assert act("waive_fee", order, Payment.objects.filter(order=order).get().pk).status_code == 404
    assert act("waive_fee", order, fee_of(other).pk).status_code == 404


# --- paid back in another way -------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_refund_that_failed_is_noted_as_paid_back_and_nobody_is_asked_for_it_again(sandbox):
    order = captured_order(sandbox, "pm_card_refundFail")
    client = clerk()
    act("refund", order, client=client, **refund_of(order.payments.get(), "1.50"))
    sandbox.advance(seconds=301)
    sync_intent(PaymentAttempt.objects.get().intent_id)
    failed = Refund.objects.get()
    assert looked_at() == ["Refund failed"]
    assert "Note that €1.50 was paid back" in text_of(client.get(page_of(order)))

    refused = act("paid_back", order, failed.pk, client=client)
    assert refused.status_code == 422
    assert "Write how it was paid back" in text_of(refused)
    note = {f"{failed.pk}-note": "by bank transfer on 3 May"}
    for _ in range(2):
        assert act("paid_back", order, failed.pk, client=client, **note).status_code == 302

    assert looked_at() == []
    text = text_of(client.get(page_of(order)))
    assert "€1.50 is noted as paid back: by bank transfer on 3 May" in text
    assert text.count("€1.50 paid back in another way by bank transfer on 3 May (clerk-") == 1
    assert "Given back €1.50" in text
    assert "Note that €1.50" not in text
    told = text_of(owner_of(order).get(order.get_absolute_url()))
    assert "€1.50 was paid back to you in another way: by bank transfer on 3 May." in told
    receipt = text_of(owner_of(order).get(reverse("orders:receipt", args=[order.number])))
    assert "Given back: A card was creased. by bank transfer on 3 May −€1.50" in receipt


@pytest.mark.django_db(transaction=True)
def test_a_refund_that_succeeded_cannot_be_noted_as_paid_back(sandbox):
    order = captured_order(sandbox)
    act("refund", order, **refund_of(order.payments.get()))
    given = Refund.objects.get()
    client = clerk()

    response = act("paid_back", order, given.pk, client=client, **{f"{given.pk}-note": "in cash"})

    assert response.status_code == 302
    assert "“refunded” by now: it has not failed." in messages_of(response)[0]
    given.refresh_from_db()
    assert given.paid_back_at is None
    assert "paid back in another way" not in text_of(client.get(page_of(order)))


def test_a_refund_is_noted_at_its_own_order():
    order, other = dispatched({stocked_card(4): 1}), dispatched({stocked_card(4): 1})
    paid(other)
    failed = Refund.objects.create(payment=other.payments.get(), amount_cents=5, status="failed")

    assert act("paid_back", order, failed.pk, **{f"{failed.pk}-note": "in cash"}).status_code == 404


# --- cancelling ---------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_cancelling_what_is_held_releases_it_and_tells_why(sandbox, mailoutbox):
    cart = cart_with({stocked_card(4): 1})
    submit(cart, sandbox, TODAY)
    order = Order.objects.get(pk=cart.pk)

    response = act("cancel", order, reason="The cards are water-damaged.")

    order.refresh_from_db()
    assert (order.status, Payment.objects.get().status) == (Status.CANCELLED, PaymentStatus.VOIDED)
    assert messages_of(response) == [f"Order {order.number} is cancelled. Nothing is charged."]
    assert "is cancelled: The cards are water-damaged. The hold" in mailoutbox[-1].body


@pytest.mark.django_db(transaction=True)
def test_cancelling_what_is_charged_gives_it_back_and_the_customer_is_told_the_truth(sandbox):
    cart = cart_with({stocked_card(4): 1}, first_day=TODAY)
    submit(cart, sandbox, TODAY)
    sandbox.client.v1.payment_intents.capture(PaymentAttempt.objects.get().intent_id)
    order = Order.objects.get(pk=cart.pk)
    sync_intent(PaymentAttempt.objects.get().intent_id)
    total = f"€{order.total_cents / 100:.2f}"
    assert f"{total} is charged already and goes back to the card." in text_of(clerk().get(page_of(order)))

    response = act("cancel", order, reason="We cannot send it")

    assert messages_of(response) == [f"Order {order.number} is cancelled. What was charged goes back."]
    assert Payment.objects.get().refunded_cents == order.total_cents
    text = text_of(owner_of(order).get(order.get_absolute_url()))
    assert "This order is cancelled. Everything that was charged is given back." in text
    assert "Nothing is charged" not in text


def test_cancelling_wants_a_reason_and_an_order_that_has_not_left():
    order = placed({stocked_card(4): 1})

    response = act("cancel", order, reason=" ")
    assert (response.status_code, Order.objects.get().status) == (422, Status.OPEN)
    assert "Write why the order is cancelled" in text_of(response)

    out = dispatched({stocked_card(4): 1})
    response = act("cancel", out, reason="Too late")
    assert response.status_code == 422
    assert "cannot be cancelled any more" in text_of(response)


# --- from the returns desk ----------------------------------------------------------------------------------


def test_the_return_page_leads_to_the_fee_form():
    order = dispatched({stocked_card(4): 1})

    page = clerk().get(reverse("orders:staff_return", args=[order.number])).content.decode()

    assert f'href="{page_of(order)}?kind=late#fee">Charge a fee</a>' in page


def test_what_is_written_off_can_be_charged_for_at_its_worth():
    card = stocked_card(4, value_cents=2_000, name="Bolt")
    order = dispatched({card: 3})
    client = clerk()

    client.post(
        reverse("orders:staff_write_off", args=[order.number]),
        {"seen": 3, "printing": card.printings.get().pk, "copies": 2, "kind": "lost"},
    )
    page = client.get(reverse("orders:staff_return", args=[order.number])).content.decode()

    assert (
        f'2 × Bolt: <a href="{page_of(order)}?kind=loss&amp;amount=40.00#fee">charge a fee of €40.00</a>'
        in page
    )


def test_a_late_deck_that_is_back_can_be_charged_for_its_days():
    order = days_late(dispatched({stocked_card(4): 1}), 2)
    client = clerk()

    client.post(reverse("orders:staff_check_in_everything", args=[order.number]))
    page = client.get(reverse("orders:staff_returns")).content.decode()

    amount = f"{2 * order.late_day_cents / 100:.2f}"
    assert f"?kind=late&amp;amount={amount}#fee" in page


def test_a_deck_that_is_in_time_costs_no_fee():
    order = dispatched({stocked_card(4): 1})

    response = clerk().post(reverse("orders:staff_check_in_everything", args=[order.number]))

    assert order.number in messages_of(response)[0]
    assert not any("charge a fee" in message for message in messages_of(response))


# --- the desk -----------------------------------------------------------------------------------------------


def looked_at() -> list[str]:
    return [found.what for found in payments_to_look_at(now=timezone.now())]


def test_where_all_is_well_the_desk_says_nothing_of_payments():
    placed({stocked_card(4): 1})
    dispatched({stocked_card(4): 1})

    assert looked_at() == []
    assert "Payments to look at" not in text_of(clerk().get(DESK))


def disputed(order: Order) -> None:
    paid(order)
    Payment.objects.update(dispute=DisputeStatus.OPEN)


def mismatched(order: Order) -> None:
    attempted(order.payments.get(), PaymentStatus.FAILED, error_code="mismatch", error_message="Not so.")


def taken_astray(order: Order) -> None:
    attempted(order.payments.get(), PaymentStatus.CAPTURED)
    PaymentAttempt.objects.update(stray_cents=5)


def cancelled_and_paid(order: Order) -> None:
    paid(order)
    Order.objects.update(status=Status.CANCELLED)


def refund_failed(order: Order) -> None:
    paid(order)
    Refund.objects.create(payment=order.payments.get(), amount_cents=5, status=Refund.Status.FAILED)


def hold_lost(order: Order) -> None:
    Payment.objects.update(status=PaymentStatus.EXPIRED)


def fee_not_paid(order: Order) -> None:
    fee_of(order, status=PaymentStatus.FAILED)


LOOKS = {
    "Disputed": disputed,
    "Not as asked for": mismatched,
    "Taken astray": taken_astray,
    "Paid and cancelled": cancelled_and_paid,
    "Refund failed": refund_failed,
    "Nothing held": hold_lost,
    "Fee not paid": fee_not_paid,
}


@pytest.mark.parametrize("what", LOOKS)
def test_what_needs_a_person_stands_at_the_desk_with_its_order(what):
    order = placed({stocked_card(4): 1})
    LOOKS[what](order)

    response = clerk().get(DESK)

    assert looked_at() == [what]
    assert f'href="{page_of(order)}#payment"' in response.content.decode()
    assert what in text_of(response)


def settle_dispute(order: Order) -> None:
    Payment.objects.update(dispute=DisputeStatus.WON)


def give_back(order: Order) -> None:
    payment = order.payments.get()
    Payment.objects.filter(pk=payment.pk).update(refunded_cents=payment.captured_cents)


def try_the_refund_again(order: Order) -> None:
    Refund.objects.create(payment=order.payments.get(), amount_cents=5, status=Refund.Status.PENDING)


def hold_again(order: Order) -> None:
    Payment.objects.update(status=PaymentStatus.AUTHORIZED)


def give_the_fee_up(order: Order) -> None:
    Payment.objects.exclude(kind="order").update(released_at=timezone.now())


@pytest.mark.parametrize(
    ("what", "mended"),
    [
        ("Disputed", settle_dispute),
        ("Paid and cancelled", give_back),
        ("Refund failed", try_the_refund_again),
        ("Nothing held", hold_again),
        ("Fee not paid", give_the_fee_up),
    ],
)
def test_what_is_put_right_leaves_the_list(what, mended):
    order = placed({stocked_card(4): 1})
    LOOKS[what](order)

    mended(order)

    assert looked_at() == []


@pytest.mark.parametrize("number", [1, 10])
def test_eight_queries_find_what_to_look_at(number, django_assert_num_queries):
    for _ in range(number):
        order = placed({stocked_card(4): 1}, user=UserFactory())
        fee_of(order, status=PaymentStatus.FAILED)
        attempted(order.payments.get(kind="order"), PaymentStatus.FAILED, error_code="mismatch")
    Payment.objects.filter(kind="order").update(status=PaymentStatus.EXPIRED)

    with django_assert_num_queries(8):
        found = payments_to_look_at(now=timezone.now())
        assert [one.order.contact_email for one in found]

    assert len(found) == 3 * number


# --- what the customer sees ---------------------------------------------------------------------------------


def test_the_customer_reads_what_is_held_until_when_and_what_late_days_cost():
    order = placed({stocked_card(4, value_cents=2_000): 3})
    attempted(Payment.objects.get(), PaymentStatus.AUTHORIZED)
    Payment.objects.update(card_brand="visa", card_last4="4242")

    text = text_of(owner_of(order).get(order.get_absolute_url()))

    total = f"€{order.total_cents / 100:.2f}"
    assert f"{total} is held on your Visa ending in 4242 and not charged yet." in text
    assert f"costs at most €{order.late_day_cents / 100:.2f}" in text
    assert "€60.00 for the whole deck" in text


def test_fees_and_refunds_are_shown_with_their_reasons_and_a_fee_that_is_owed_can_be_paid():
    order = dispatched({stocked_card(4): 1})
    owed = fee_of(order, status=PaymentStatus.FAILED, reason="Three days late.")
    attempted(owed, PaymentStatus.FAILED, off_session=True, error_code="insufficient_funds")
    Refund.objects.create(
        payment=order.payments.get(kind="order"),
        amount_cents=150,
        reason="A creased card.",
        status="succeeded",
    )

    response = owner_of(order).get(order.get_absolute_url())

    text = text_of(response)
    for part in (
        "Three days late.",
        "There is not enough money on this card.",
        "€4.00 is still to be paid.",
        "A creased card.",
        "€1.50 was given back to your card",
    ):
        assert part in text
    assert reverse("orders:pay_again_fee", args=[order.number, owed.pk]) in response.content.decode()


@pytest.mark.parametrize("status", PaymentStatus)
def test_no_status_is_shown_raw_and_no_page_breaks(status):
    order = placed({stocked_card(4): 1})
    Payment.objects.update(
        status=status,
        captured_cents=order.total_cents if status == PaymentStatus.CAPTURED else 0,
        captured_at=timezone.now() if status == PaymentStatus.CAPTURED else None,
    )

    text = text_of(owner_of(order).get(order.get_absolute_url()))

    assert status.label not in text or status.label in ("Failed", "Processing")
    assert status.value not in text.split()
    assert clerk().get(page_of(order)).status_code == 200


def test_an_order_that_lost_its_hold_says_until_when_to_pay_again():
    order = placed({stocked_card(4): 1})
    Payment.objects.update(status=PaymentStatus.EXPIRED)
    Order.objects.update(pay_again_by=timezone.make_aware(timezone.datetime(2030, 1, 2, 3, 4)))

    response = owner_of(order).get(order.get_absolute_url())

    assert "Pay again by Wednesday 2 January 2030, 03:04" in text_of(response)
    assert reverse("orders:pay_again", args=[order.number]) in response.content.decode()


def test_an_order_that_is_held_is_not_asked_to_pay_again():
    order = placed({stocked_card(4): 1})
    Order.objects.update(pay_again_by=timezone.now())

    assert b"Pay again" not in owner_of(order).get(order.get_absolute_url()).content


def test_an_order_that_waits_need_not_be_held():
    order = placed({stocked_card(0): 1})
    Payment.objects.update(status=PaymentStatus.EXPIRED)

    text = text_of(owner_of(order).get(order.get_absolute_url()))

    assert "While your order waits, nothing has to be held." in text
    assert "Pay again" not in text


def test_what_is_cancelled_and_was_never_charged_says_so():
    order = placed({stocked_card(4): 1})
    owner_of(order).post(reverse("orders:cancel", args=[order.number]))

    text = text_of(owner_of(order).get(order.get_absolute_url()))

    assert "This order is cancelled. Nothing is charged." in text


def test_a_refund_that_is_not_answered_is_on_its_way():
    order = paid(placed({stocked_card(4): 1}))
    Refund.objects.create(payment=order.payments.get(), amount_cents=order.total_cents)
    Order.objects.update(status=Status.CANCELLED)

    text = text_of(owner_of(order).get(order.get_absolute_url()))

    assert "This order is cancelled. What was charged is being given back." in text


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, "held"),
        ({"status": "expired"}, "not charged"),
        ({"captured": True}, "charged"),
        ({"captured": True, "refunded_cents": 1}, "charged, part given back"),
        ({"captured": True, "refunded_cents": None}, "given back"),
    ],
)
def test_the_list_says_what_became_of_the_total(changes, word):
    order = settled({stocked_card(4): 1})
    if changes.pop("captured", None):
        paid(order)
    if "refunded_cents" in changes:
        changes["refunded_cents"] = changes["refunded_cents"] or order.total_cents
    if changes:
        Payment.objects.update(**changes)

    page = owner_of(order).get(reverse("orders:list"))

    assert f"€{order.total_cents / 100:.2f} {word}" in text_of(page)


# --- how often the database is asked ------------------------------------------------------------------------


def queries_of(client: Client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    return len(asked)


@pytest.mark.parametrize("number", [1, 8])
def test_pages_ask_as_often_for_many_payments_as_for_one(number):
    order = dispatched({stocked_card(4): 1})
    for index in range(number):
        charged = fee_of(
            order,
            status=PaymentStatus.CAPTURED,
            captured_cents=400,
            captured_at=timezone.now(),
            requested_by=StaffFactory(),
        )
        attempt = attempted(charged, PaymentStatus.CAPTURED, off_session=True)
        WebhookEvent.objects.create(id=f"evt_{index}", type="charge.captured", intent_id=attempt.intent_id)
        Refund.objects.create(payment=charged, amount_cents=1, by=StaffFactory(), status="succeeded")
        attempted(fee_of(order, status=PaymentStatus.FAILED), PaymentStatus.FAILED, off_session=True)

    assert queries_of(clerk(), page_of(order)) == 17
    assert queries_of(owner_of(order), order.get_absolute_url()) == 16
    assert queries_of(owner_of(order), reverse("orders:receipt", args=[order.number])) == 10


# --- the admin ----------------------------------------------------------------------------------------------


def test_refunds_and_attempts_are_read_in_the_admin_and_not_written():
    order = paid(placed({stocked_card(4): 1}))
    attempted(Payment.objects.get(), PaymentStatus.CAPTURED, off_session=True)
    refund = Refund.objects.create(payment=order.payments.get(), amount_cents=150, reason="A creased card.")
    admin = Client()
    admin.force_login(StaffFactory(is_superuser=True))

    listed = admin.get(reverse("admin:orders_refund_changelist"))
    one = admin.get(reverse("admin:orders_refund_change", args=[refund.pk]))
    payment = admin.get(reverse("admin:orders_payment_change", args=[refund.payment_id]))

    assert "A creased card." in text_of(listed)
    assert one.status_code == 200
    assert "Off session" in text_of(payment)
    assert admin.get(reverse("admin:orders_refund_add")).status_code == 403
    assert admin.post(reverse("admin:orders_refund_delete", args=[refund.pk])).status_code == 403


def test_a_form_without_payments_offers_nothing():
    assert not RefundForm(refund_of(Payment()), of=[]).is_valid()
