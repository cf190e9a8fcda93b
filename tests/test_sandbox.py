"""The levers that tests have on the stand-in for Stripe, and that the next test finds none of them moved."""

import pytest
import stripe

from tests.sandbox import Sandbox


def hold(sandbox: Sandbox) -> stripe.PaymentIntent:
    return sandbox.client.v1.payment_intents.create(
        {
            "amount": 1250,
            "currency": "usd",
            "capture_method": "manual",
            "confirm": True,
            "payment_method": "pm_card_visa",
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        }
    )


def ahead(sandbox: Sandbox) -> int:
    return sandbox.control("GET", "/clock")["ahead_seconds"]


def test_a_week_passes(sandbox: Sandbox) -> None:
    intent = hold(sandbox)
    sandbox.advance(days=6, hours=23)
    assert sandbox.client.v1.payment_intents.retrieve(intent.id).status == "requires_capture"
    sandbox.advance(hours=1, seconds=1)
    assert sandbox.client.v1.payment_intents.retrieve(intent.id).status == "canceled"
    sandbox.reset_clock()
    assert ahead(sandbox) == 0


def test_a_hold_ends_at_once(sandbox: Sandbox) -> None:
    intent = hold(sandbox)
    sandbox.expire(intent.id)
    assert sandbox.client.v1.payment_intents.retrieve(intent.id).cancellation_reason == "automatic"


def test_something_goes_wrong(sandbox: Sandbox) -> None:
    sandbox.fault("rate_limit", "/v1/payment_intents", method="POST", times=2)
    with pytest.raises(stripe.RateLimitError):
        hold(sandbox)
    assert [fault["times"] for fault in sandbox.faults()] == [1]
    sandbox.clear_faults()
    assert hold(sandbox).status == "requires_capture"


def test_a_lever_that_does_not_move_is_an_error(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="kind"):
        sandbox.fault("explode")
    with pytest.raises(ValueError, match="--webhook-url"):
        sandbox.hold_events()
    with pytest.raises(ValueError, match="No such payment_intent"):
        sandbox.expire("pi_nothing")


def test_levers_are_left_moved(sandbox: Sandbox) -> None:
    sandbox.advance(days=1)
    sandbox.fault("drop_before", times=1000)
    assert (ahead(sandbox), len(sandbox.faults())) == (24 * 3600, 1)


def test_and_found_as_usual(sandbox: Sandbox) -> None:
    assert (ahead(sandbox), sandbox.faults()) == (0, [])
