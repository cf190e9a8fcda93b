"""Disputes: how they begin, what the shop may say, how they end, and what that means for the money."""

import pytest
import stripe

from stripe_sandbox.access import Caller
from stripe_sandbox.api import Call
from stripe_sandbox.errors import InvalidRequestError
from stripe_sandbox.resources import disputes
from stripe_sandbox.server import RunningSandbox
from tests.stripe_sandbox.surroundings import Clock, hold


def disputed(client: stripe.StripeClient) -> tuple[stripe.PaymentIntent, stripe.Dispute]:
    intent = hold(client, "pm_card_createDispute", capture_method=None)
    (dispute,) = client.v1.disputes.list({"payment_intent": intent.id}).data
    return intent, dispute


def refused(call) -> stripe.InvalidRequestError:
    with pytest.raises(stripe.InvalidRequestError) as raised:
        call()
    return raised.value


def types_since(client: stripe.StripeClient, count: int) -> list[str]:
    return [event.type for event in client.v1.events.list({"limit": 100}).data[::-1]][count:]


def refund_error(client: stripe.StripeClient, intent: stripe.PaymentIntent) -> str | None:
    return refused(lambda: client.v1.refunds.create({"payment_intent": intent.id})).code


def test_disputed_as_soon_as_the_money_is_taken(client: stripe.StripeClient) -> None:
    intent = hold(client, "pm_card_createDispute")
    assert client.v1.disputes.list().data == []
    client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 1000})
    (dispute,) = client.v1.disputes.list({"charge": intent.latest_charge}).data
    assert (dispute.amount, dispute.currency, dispute.reason, dispute.status) == (
        1000,
        "usd",
        "fraudulent",
        "needs_response",
    )
    assert (dispute.charge, dispute.payment_intent) == (intent.latest_charge, intent.id)
    assert dispute.evidence_details.due_by > dispute.created
    charge = client.v1.charges.retrieve(intent.latest_charge)
    assert (charge.disputed, charge.amount_refunded, charge.refunded) == (True, 250, False)
    assert types_since(client, 0)[-4:] == [
        "charge.captured",
        "payment_intent.succeeded",
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
    ]


def test_an_automatic_payment_is_disputed_as_well(client: stripe.StripeClient) -> None:
    _, dispute = disputed(client)
    assert dispute.amount == 1250
    assert types_since(client, 0)[-3:] == [
        "payment_intent.succeeded",
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
    ]


def test_lists_by_time(client: stripe.StripeClient) -> None:
    _, dispute = disputed(client)
    assert client.v1.disputes.list({"created": {"gt": dispute.created}}).data == []
    assert client.v1.disputes.list({"created": {"gte": dispute.created}}).data[0].id == dispute.id


def test_other_cards_are_not_disputed(client: stripe.StripeClient) -> None:
    charge = client.v1.charges.retrieve(hold(client, capture_method=None).latest_charge)
    assert not charge.disputed
    assert client.v1.disputes.list().data == []


def test_a_dispute_that_is_won(client: stripe.StripeClient) -> None:
    intent, dispute = disputed(client)
    assert refund_error(client, intent) == "charge_disputed"
    before = len(types_since(client, 0))
    won = client.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": "winning_evidence"}})
    assert (won.status, won.is_charge_refundable, won.evidence_details.submission_count) == ("won", True, 1)
    assert types_since(client, before) == [
        "charge.dispute.updated",
        "charge.dispute.funds_reinstated",
        "charge.dispute.closed",
    ]
    assert client.v1.charges.retrieve(dispute.charge).disputed
    assert client.v1.refunds.create({"payment_intent": intent.id}).amount == 1250


def test_a_dispute_that_is_lost(client: stripe.StripeClient) -> None:
    intent, dispute = disputed(client)
    before = len(types_since(client, 0))
    lost = client.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": "losing_evidence"}})
    assert (lost.status, lost.is_charge_refundable) == ("lost", False)
    assert types_since(client, before) == ["charge.dispute.updated", "charge.dispute.closed"]
    assert refund_error(client, intent) == "charge_disputed"


def test_a_dispute_that_the_shop_gives_up(client: stripe.StripeClient) -> None:
    intent, dispute = disputed(client)
    before = len(types_since(client, 0))
    assert client.v1.disputes.close(dispute.id).status == "lost"
    assert types_since(client, before) == ["charge.dispute.closed"]
    assert refund_error(client, intent) == "charge_disputed"
    for again in (
        lambda: client.v1.disputes.close(dispute.id),
        lambda: client.v1.disputes.update(dispute.id, {"evidence": {"customer_name": "A"}}),
    ):
        assert "already closed" in refused(again).user_message
    assert client.v1.disputes.update(dispute.id, {"metadata": {"a": "1"}}).metadata["a"] == "1"


def test_evidence_is_kept_until_it_is_submitted(client: stripe.StripeClient) -> None:
    _, dispute = disputed(client)
    update = client.v1.disputes.update
    staged = update(dispute.id, {"evidence": {"uncategorized_text": "winning_evidence"}, "submit": False})
    details = staged.evidence_details
    assert (staged.status, details.has_evidence, details.submission_count) == ("needs_response", True, 0)
    assert update(dispute.id, {"metadata": {"a": "1"}}).status == "needs_response"
    assert update(dispute.id, {"submit": True}).status == "won"


def test_other_evidence_goes_to_the_bank_once(client: stripe.StripeClient) -> None:
    _, dispute = disputed(client)
    sent = client.v1.disputes.update(dispute.id, {"evidence": {"shipping_carrier": "Post"}})
    assert (sent.status, sent.evidence.shipping_carrier, sent.evidence_details.submission_method) == (
        "under_review",
        "Post",
        "manual",
    )
    again = {"evidence": {"uncategorized_text": "winning_evidence"}}
    assert "submitted already" in refused(lambda: client.v1.disputes.update(dispute.id, again)).user_message
    assert client.v1.disputes.retrieve(dispute.id).status == "under_review"
    assert client.v1.disputes.close(dispute.id).status == "lost"


def test_nothing_is_no_evidence(client: stripe.StripeClient) -> None:
    _, dispute = disputed(client)
    assert refused(lambda: client.v1.disputes.update(dispute.id, {"submit": True})).param == "evidence"


def test_files_and_unknown_disputes_are_refused(client: stripe.StripeClient) -> None:
    _, dispute = disputed(client)
    error = refused(lambda: client.v1.disputes.update(dispute.id, {"evidence": {"receipt": "file_1"}}))
    assert (error.code, error.param) == ("parameter_not_simulated", "evidence[receipt]")
    for call in (client.v1.disputes.retrieve, client.v1.disputes.close):
        error = refused(lambda call=call: call("du_nothing"))
        assert (error.http_status, error.code) == (404, "resource_missing")
    error = refused(lambda: client.v1.disputes.list({"charge": "ch_nothing"}))
    assert (error.http_status, error.param) == (400, "charge")


def open_for(sandbox: RunningSandbox, clock: Clock, charge_id: str, **more: object) -> dict[str, object]:
    """As whoever runs the sandbox opens one: from within its own process."""
    config = sandbox.sandbox.config
    with sandbox.sandbox.storage.write() as tables:
        call = Call({}, tables, int(clock()), Caller.SERVER, None, None, sandbox.url, config)
        charge = tables.find("charge", charge_id)
        assert charge
        return disputes.open_for(call, charge, **more).body


def test_any_captured_charge_can_be_disputed(
    client: stripe.StripeClient, sandbox: RunningSandbox, clock: Clock
) -> None:
    intent = hold(client, "pm_card_mastercard", capture_method=None)
    client.v1.refunds.create({"payment_intent": intent.id, "amount": 250})
    opened = open_for(sandbox, clock, intent.latest_charge, reason="product_not_received")
    seen = client.v1.disputes.retrieve(opened["id"], {"expand": ["charge"]})
    assert (seen.amount, seen.reason, seen.charge.disputed) == (1000, "product_not_received", True)
    assert seen.payment_method_details.card.brand == "mastercard"


@pytest.mark.parametrize("more", [{"reason": "boredom"}, {"amount": 1251}, {"amount": 0}, {"amount": -1}])
def test_disputes_that_make_no_sense(
    client: stripe.StripeClient, sandbox: RunningSandbox, clock: Clock, more: dict[str, object]
) -> None:
    intent = hold(client, capture_method=None)
    with pytest.raises(InvalidRequestError):
        open_for(sandbox, clock, intent.latest_charge, **more)
    assert client.v1.disputes.list().data == []


def test_neither_holds_nor_disputed_charges_are_disputed(
    client: stripe.StripeClient, sandbox: RunningSandbox, clock: Clock
) -> None:
    held, (twice, _) = hold(client), disputed(client)
    for charge in (held.latest_charge, twice.latest_charge):
        with pytest.raises(InvalidRequestError):
            open_for(sandbox, clock, charge)
    assert len(client.v1.disputes.list().data) == 1
