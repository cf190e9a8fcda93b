"""Holds, captures and cancellations, by the real library."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

from tests.stripe_sandbox.surroundings import RETURN_URL, hold


def refused(call, error: type[stripe.StripeError] = stripe.InvalidRequestError) -> stripe.StripeError:
    with pytest.raises(error) as raised:
        call()
    return raised.value


def test_a_hold_is_captured(client: stripe.StripeClient) -> None:
    intent = hold(client, metadata={"order": "7"}, expand=["latest_charge"])
    assert (intent.status, intent.amount_capturable, intent.amount_received) == ("requires_capture", 1250, 0)
    charge = intent.latest_charge
    assert (charge.captured, charge.paid, charge.status, charge.metadata["order"]) == (
        False,
        True,
        "succeeded",
        "7",
    )
    card = charge.payment_method_details.card
    assert (card.brand, card.last4, card.capture_before - charge.created) == ("visa", "4242", 7 * 86400)

    captured = client.v1.payment_intents.capture(intent.id, {"expand": ["latest_charge"]})
    assert (captured.status, captured.amount_capturable, captured.amount_received) == ("succeeded", 0, 1250)
    assert (captured.latest_charge.captured, captured.latest_charge.amount_captured) == (True, 1250)
    assert captured.latest_charge.amount_refunded == 0
    assert client.v1.charges.retrieve(captured.latest_charge.id).captured


def test_automatic_capture_pays_at_once(client: stripe.StripeClient) -> None:
    intent = hold(client, capture_method=None, expand=["latest_charge"])
    assert (intent.status, intent.capture_method, intent.amount_received) == (
        "succeeded",
        "automatic_async",
        1250,
    )
    assert intent.latest_charge.payment_method_details.card.capture_before is None


def test_created_first_and_confirmed_later(client: stripe.StripeClient) -> None:
    intent = client.v1.payment_intents.create({"amount": 1250, "currency": "usd", "capture_method": "manual"})
    assert intent.status == "requires_payment_method"
    error = refused(lambda: client.v1.payment_intents.confirm(intent.id, {"return_url": RETURN_URL}))
    assert error.code == "payment_intent_unexpected_state"
    intent = client.v1.payment_intents.update(intent.id, {"payment_method": "pm_card_visa", "amount": 900})
    assert (intent.status, intent.amount) == ("requires_confirmation", 900)
    intent = client.v1.payment_intents.confirm(intent.id, {"return_url": RETURN_URL})
    assert (intent.status, intent.amount_capturable) == ("requires_capture", 900)


def test_partial_capture_releases_the_rest(client: stripe.StripeClient) -> None:
    intent = hold(client)
    done = client.v1.payment_intents.capture(
        intent.id, {"amount_to_capture": 1000, "expand": ["latest_charge"]}
    )
    assert (done.status, done.amount, done.amount_received, done.amount_capturable) == (
        "succeeded",
        1250,
        1000,
        0,
    )
    assert (done.latest_charge.amount_captured, done.latest_charge.amount_refunded) == (1000, 250)
    assert not done.latest_charge.refunded


def test_no_more_than_was_held(client: stripe.StripeClient) -> None:
    intent = hold(client)
    error = refused(lambda: client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 1251}))
    assert (error.code, error.http_status) == ("amount_too_large", 400)
    assert error.error.payment_intent.status == "requires_capture"
    assert client.v1.payment_intents.retrieve(intent.id).amount_capturable == 1250


def test_captured_once_only(client: stripe.StripeClient) -> None:
    intent = hold(client)
    client.v1.payment_intents.capture(intent.id)
    error = refused(lambda: client.v1.payment_intents.capture(intent.id))
    assert (error.code, error.error.payment_intent.status) == ("payment_intent_unexpected_state", "succeeded")
    assert "already been captured" in error.user_message


def test_cancel_releases_the_hold(client: stripe.StripeClient) -> None:
    intent = hold(client)
    gone = client.v1.payment_intents.cancel(
        intent.id, {"cancellation_reason": "abandoned", "expand": ["latest_charge"]}
    )
    assert (gone.status, gone.cancellation_reason, gone.amount_capturable) == ("canceled", "abandoned", 0)
    assert gone.canceled_at >= gone.created
    assert (gone.latest_charge.refunded, gone.latest_charge.amount_refunded) == (True, 1250)
    assert not gone.latest_charge.captured


def test_nothing_after_a_cancel(client: stripe.StripeClient) -> None:
    intents = client.v1.payment_intents
    intent = hold(client)
    intents.cancel(intent.id)
    for call in (
        lambda: intents.capture(intent.id),
        lambda: intents.cancel(intent.id),
        lambda: intents.confirm(intent.id, {"payment_method": "pm_card_visa", "return_url": RETURN_URL}),
        lambda: intents.update(intent.id, {"amount": 100}),
    ):
        error = refused(call)
        assert (error.code, error.error.payment_intent.status) == (
            "payment_intent_unexpected_state",
            "canceled",
        )
    assert intents.update(intent.id, {"metadata": {"why": "test"}}).metadata["why"] == "test"


def test_no_cancel_after_capture(client: stripe.StripeClient) -> None:
    intent = hold(client)
    client.v1.payment_intents.capture(intent.id)
    error = refused(lambda: client.v1.payment_intents.cancel(intent.id))
    assert (error.code, error.error.payment_intent.status) == ("payment_intent_unexpected_state", "succeeded")


def test_a_confirmed_intent_is_not_confirmed_again(client: stripe.StripeClient) -> None:
    intent = hold(client)
    error = refused(lambda: client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"}))
    assert (error.code, error.error.payment_intent.status) == (
        "payment_intent_unexpected_state",
        "requires_capture",
    )
    assert len(client.v1.charges.list({"payment_intent": intent.id}).data) == 1


def test_the_amount_of_a_hold_is_fixed(client: stripe.StripeClient) -> None:
    intent = hold(client)
    error = refused(lambda: client.v1.payment_intents.update(intent.id, {"amount": 100}))
    assert error.code == "payment_intent_unexpected_state"


@pytest.mark.parametrize(
    ("changed", "code", "param"),
    [
        ({"amount": 0}, "parameter_invalid_integer", "amount"),
        ({"amount": 49}, "amount_too_small", "amount"),
        ({"amount": 100_000_000}, "amount_too_large", "amount"),
        ({"currency": "xyz"}, None, "currency"),
        ({"customer": "cus_nobody"}, "resource_missing", "customer"),
        ({"payment_method": "pm_nothing"}, "resource_missing", "payment_method"),
        ({"payment_method": "pm_card_nothing"}, "resource_missing", "payment_method"),
        ({"payment_method": None}, "payment_intent_unexpected_state", None),
        ({"return_url": None}, None, None),
        ({"confirm": False}, None, "return_url"),
        ({"expand": ["nothing"]}, None, None),
        ({"metadata": {"k": "v" * 501}}, None, "metadata[k]"),
    ],
)
def test_a_request_that_makes_no_sense_leaves_nothing(
    client: stripe.StripeClient, changed: dict[str, object], code: str | None, param: str | None
) -> None:
    error = refused(lambda: hold(client, **changed))
    assert (error.http_status, error.code, error.param) == (400, code, param)
    assert client.v1.events.list().data == []


def test_no_return_url_is_needed_without_redirects(client: stripe.StripeClient) -> None:
    intent = hold(
        client, return_url=None, automatic_payment_methods={"enabled": True, "allow_redirects": "never"}
    )
    assert intent.status == "requires_capture"


def test_metadata_is_merged_and_unset(client: stripe.StripeClient) -> None:
    intents = client.v1.payment_intents
    intent = hold(client, metadata={"a": "1", "b": "2"})
    assert intents.update(intent.id, {"metadata": {"b": "", "c": "3"}}).metadata.to_dict() == {
        "a": "1",
        "c": "3",
    }
    assert intents.update(intent.id, {"metadata": ""}).metadata.to_dict() == {}


def test_an_unknown_intent_is_404(client: stripe.StripeClient) -> None:
    error = refused(lambda: client.v1.payment_intents.retrieve("pi_nothing"))
    assert (error.http_status, error.code) == (404, "resource_missing")
    assert error.request_id.startswith("req_")


def test_capture_and_cancel_at_once_only_one_wins(client: stripe.StripeClient) -> None:
    intents = client.v1.payment_intents

    def attempt(verb: str, intent_id: str) -> str:
        try:
            return getattr(intents, verb)(intent_id).status
        except stripe.InvalidRequestError as error:
            return error.code

    for _ in range(5):
        intent = hold(client)
        with ThreadPoolExecutor(2) as both:
            ends = list(both.map(attempt, ("capture", "cancel"), (intent.id, intent.id)))
        assert ends.count("payment_intent_unexpected_state") == 1
        assert intents.retrieve(intent.id).status in ends
