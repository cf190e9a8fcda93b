"""Refunds: what may be given back, how often, what the charge then shows, and which events tell of it."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

from stripe_sandbox.server import RunningSandbox
from tests.stripe_sandbox.surroundings import Clock, client_for, hold

MINUTES = 6


def paid(client: stripe.StripeClient, card: str = "pm_card_visa", **more: object) -> stripe.PaymentIntent:
    """12.50 USD, taken."""
    return hold(client, card, capture_method=None, **more)


def charge_of(client: stripe.StripeClient, intent: stripe.PaymentIntent) -> stripe.Charge:
    return client.v1.charges.retrieve(client.v1.payment_intents.retrieve(intent.id).latest_charge)


def refund(client: stripe.StripeClient, intent: stripe.PaymentIntent, **more: object) -> stripe.Refund:
    return client.v1.refunds.create({"payment_intent": intent.id, **more})


def refused(client: stripe.StripeClient, **given: object) -> stripe.InvalidRequestError:
    with pytest.raises(stripe.InvalidRequestError) as raised:
        client.v1.refunds.create(given)
    return raised.value


def types_since(client: stripe.StripeClient, count: int) -> list[str]:
    """The types of the events after the first `count`, oldest first."""
    return [event.type for event in client.v1.events.list({"limit": 100}).data[::-1]][count:]


def test_the_whole_is_refunded_where_no_amount_is_said(client: stripe.StripeClient) -> None:
    intent = paid(client)
    done = refund(client, intent, reason="requested_by_customer", metadata={"order": "7"})
    assert (done.amount, done.currency, done.status, done.reason, done.metadata["order"]) == (
        1250,
        "usd",
        "succeeded",
        "requested_by_customer",
        "7",
    )
    charge = charge_of(client, intent)
    assert (done.charge, done.payment_intent) == (charge.id, intent.id)
    assert (charge.amount_captured, charge.amount_refunded, charge.refunded) == (1250, 1250, True)
    after = client.v1.payment_intents.retrieve(intent.id)
    assert (after.status, after.amount_received) == ("succeeded", 1250)


def test_parts_add_up_and_the_rest_is_the_default(client: stripe.StripeClient) -> None:
    intent = paid(client)
    refund(client, intent, amount=200)
    refund(client, intent, amount=300)
    charge = charge_of(client, intent)
    assert (charge.amount_refunded, charge.refunded) == (500, False)
    assert refund(client, intent).amount == 750
    charge = charge_of(client, intent)
    assert (charge.amount_refunded, charge.refunded) == (1250, True)


def test_no_more_than_was_taken(client: stripe.StripeClient) -> None:
    intent = paid(client)
    error = refused(client, payment_intent=intent.id, amount=1251)
    assert (error.http_status, error.param) == (400, "amount")
    assert error.user_message == "Refund amount ($12.51) is greater than charge amount ($12.50)"
    refund(client, intent, amount=1000)
    error = refused(client, payment_intent=intent.id, amount=251)
    assert error.user_message == "Refund amount ($2.51) is greater than unrefunded amount on charge ($2.50)"
    assert charge_of(client, intent).amount_refunded == 1000
    refund(client, intent, amount=250)
    error = refused(client, payment_intent=intent.id, amount=1)
    assert (error.code, error.http_status) == ("charge_already_refunded", 400)


@pytest.mark.parametrize("amount", [0, -5])
def test_nothing_is_no_refund(client: stripe.StripeClient, amount: int) -> None:
    error = refused(client, payment_intent=paid(client).id, amount=amount)
    assert (error.code, error.param) == ("parameter_invalid_integer", "amount")


def test_what_a_partial_capture_released_is_not_refunded_again(client: stripe.StripeClient) -> None:
    intent = hold(client)
    client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 1000})
    assert charge_of(client, intent).amount_refunded == 250
    assert client.v1.refunds.list({"payment_intent": intent.id}).data == []
    refund(client, intent, amount=400)
    error = refused(client, payment_intent=intent.id, amount=601)
    assert error.user_message == "Refund amount ($6.01) is greater than unrefunded amount on charge ($6.00)"
    assert refund(client, intent).amount == 600
    charge = charge_of(client, intent)
    assert (charge.amount_captured, charge.amount_refunded, charge.refunded) == (1000, 1250, True)
    assert refused(client, payment_intent=intent.id).code == "charge_already_refunded"


def test_a_hold_is_not_refunded(client: stripe.StripeClient) -> None:
    intent = hold(client)
    for named in ({"payment_intent": intent.id}, {"charge": intent.latest_charge}):
        assert refused(client, **named).code == "charge_not_refundable"
    client.v1.payment_intents.cancel(intent.id)
    assert refused(client, payment_intent=intent.id).code == "charge_not_refundable"
    assert client.v1.refunds.list().data == []


def test_a_failed_charge_is_not_refunded(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.CardError) as declined:
        paid(client, "pm_card_chargeDeclined")
    intent = declined.value.error.payment_intent
    error = refused(client, payment_intent=intent.id)
    assert "does not have a successful charge to refund" in error.user_message
    assert refused(client, charge=intent.latest_charge).code == "charge_not_refundable"


@pytest.mark.parametrize(
    ("given", "code", "param"),
    [
        ({}, "parameter_missing", None),
        ({"payment_intent": "pi_a", "charge": "ch_a"}, "parameters_exclusive", None),
        ({"payment_intent": "pi_nothing"}, "resource_missing", "payment_intent"),
        ({"charge": "ch_nothing"}, "resource_missing", "charge"),
        ({"charge": "ch_nothing", "reason": "boredom"}, None, "reason"),
        ({"charge": "ch_nothing", "sum": 3}, "parameter_unknown", "sum"),
        ({"charge": "ch_nothing", "reverse_transfer": True}, "parameter_not_simulated", "reverse_transfer"),
    ],
)
def test_requests_that_make_no_sense(
    client: stripe.StripeClient, given: dict[str, object], code: str | None, param: str | None
) -> None:
    error = refused(client, **given)
    assert (error.http_status, error.code, error.param) == (400, code, param)


def test_a_refund_is_looked_up_and_described(client: stripe.StripeClient) -> None:
    made = refund(client, paid(client), metadata={"a": "1"})
    changed = client.v1.refunds.update(made.id, {"metadata": {"b": "2"}})
    assert changed.metadata.to_dict() == {"a": "1", "b": "2"}
    assert client.v1.refunds.retrieve(made.id).metadata.to_dict() == {"a": "1", "b": "2"}
    updated = client.v1.events.list({"type": "refund.updated"}).data[0]
    assert updated.data.previous_attributes["metadata"].to_dict() == {"a": "1"}
    with pytest.raises(stripe.InvalidRequestError) as missing:
        client.v1.refunds.retrieve("re_nothing")
    assert (missing.value.http_status, missing.value.code) == (404, "resource_missing")


@pytest.mark.parametrize("card", ["pm_card_visa", "pm_card_pendingRefund"])
def test_no_refund_to_a_card_is_cancelled(client: stripe.StripeClient, card: str) -> None:
    made = refund(client, paid(client, card))
    with pytest.raises(stripe.InvalidRequestError, match=f"status of {made.status}"):
        client.v1.refunds.cancel(made.id)
    assert client.v1.refunds.retrieve(made.id).status == made.status


def test_lists_by_intent_and_by_charge(client: stripe.StripeClient) -> None:
    one, other = paid(client), paid(client)
    first, second = refund(client, one, amount=100), refund(client, one, amount=200)
    third = refund(client, other)
    refunds = client.v1.refunds
    assert [made.id for made in refunds.list().data] == [third.id, second.id, first.id]
    assert [made.id for made in refunds.list({"payment_intent": one.id}).data] == [second.id, first.id]
    assert [made.id for made in refunds.list({"charge": third.charge}).data] == [third.id]
    paged = refunds.list({"payment_intent": one.id, "limit": 1})
    assert paged.has_more
    assert [made.id for made in paged.auto_paging_iter()] == [second.id, first.id]
    with pytest.raises(stripe.InvalidRequestError, match="No such payment_intent"):
        refunds.list({"payment_intent": "pi_nothing"})


def test_the_events_of_a_refund(client: stripe.StripeClient) -> None:
    intent = paid(client)
    before = len(types_since(client, 0))
    refund(client, intent, amount=100)
    assert types_since(client, before) == ["refund.created", "charge.refunded"]
    told = client.v1.events.list({"type": "charge.refunded"}).data[0].data.object
    assert (told["object"], told["amount_refunded"], told["refunded"]) == ("charge", 100, False)


def test_a_slow_refund_is_pending_and_then_succeeds(client: stripe.StripeClient, clock: Clock) -> None:
    intent = paid(client, "pm_card_pendingRefund")
    made = refund(client, intent)
    assert (made.status, made.pending_reason) == ("pending", "processing")
    assert charge_of(client, intent).refunded
    before = len(types_since(client, 0))
    clock.advance(minutes=MINUTES)
    assert client.v1.refunds.retrieve(made.id).status == "succeeded"
    assert types_since(client, before) == ["refund.updated", "charge.refund.updated"]
    clock.advance(minutes=MINUTES)
    assert len(types_since(client, before)) == 2
    assert charge_of(client, intent).amount_refunded == 1250


def test_a_refund_that_comes_back(client: stripe.StripeClient, clock: Clock) -> None:
    intent = paid(client, "pm_card_refundFail")
    made = refund(client, intent, amount=500)
    assert made.status == "succeeded"
    assert charge_of(client, intent).amount_refunded == 500
    before = len(types_since(client, 0))
    clock.advance(minutes=MINUTES)
    failed = client.v1.refunds.retrieve(made.id)
    assert (failed.status, failed.failure_reason) == ("failed", "expired_or_canceled_card")
    assert types_since(client, before) == ["refund.updated", "charge.refund.updated", "refund.failed"]
    event = client.v1.events.list({"type": "refund.failed"}).data[0]
    assert event.request.id is None
    charge = charge_of(client, intent)
    assert (charge.amount_refunded, charge.refunded) == (0, False)
    assert refund(client, intent).amount == 1250


def test_the_same_key_refunds_once(client: stripe.StripeClient) -> None:
    intent = paid(client)
    asked = {"payment_intent": intent.id, "amount": 100}
    once, again = (client.v1.refunds.create(asked, {"idempotency_key": "refund-1"}) for _ in range(2))
    assert once.id == again.id
    assert charge_of(client, intent).amount_refunded == 100


def test_refunds_that_cross_each_other(client: stripe.StripeClient, sandbox: RunningSandbox) -> None:
    """Four times half of it at once: two go through."""
    intent = paid(client)

    def attempt(_: int) -> str:
        try:
            return refund(client_for(sandbox.url), intent, amount=625).status
        except stripe.InvalidRequestError as error:
            return str(error.code)

    with ThreadPoolExecutor(4) as pool:
        ends = list(pool.map(attempt, range(4)))
    assert sorted(ends) == ["charge_already_refunded"] * 2 + ["succeeded"] * 2
    assert charge_of(client, intent).amount_refunded == 1250


def test_a_charge_shows_its_refunds_where_asked(client: stripe.StripeClient) -> None:
    intent = paid(client)
    made = [refund(client, intent, amount=100).id for _ in range(11)]
    assert "refunds" not in charge_of(client, intent)
    seen = client.v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge.refunds"]})
    shown = seen.latest_charge.refunds
    assert [one.id for one in shown.data] == made[:0:-1]
    assert shown.has_more
    assert [one.id for one in shown.auto_paging_iter()] == made[::-1]
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        client.v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge.refund"]})
