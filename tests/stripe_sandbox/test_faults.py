"""Faults on demand, as the real library and a real webhook address meet them."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import stripe

from stripe_sandbox import webhooks
from stripe_sandbox.config import Config
from stripe_sandbox.server import RunningSandbox, run_in_thread
from tests.stripe_sandbox.surroundings import PUBLISHABLE, SECRET, Shop, client_for, hold, lever

INTENTS = "/v1/payment_intents"


def fault(sandbox: RunningSandbox, kind: str, **more: Any) -> None:
    answer = lever(sandbox.url, "POST", "/faults", {"kind": kind, **more})
    assert answer.status_code == 200, answer.text


def waiting(sandbox: RunningSandbox) -> list[dict[str, Any]]:
    return lever(sandbox.url, "GET", "/faults").json()["faults"]


def charges(client: stripe.StripeClient) -> int:
    return len(client.v1.charges.list().data)


def until(there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not there() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert there()


# What was asked of the API


def test_dropped_before_nothing_is_done(sandbox: RunningSandbox, client: stripe.StripeClient) -> None:
    fault(sandbox, "drop_before", method="POST", path=INTENTS)
    with pytest.raises(stripe.APIConnectionError):
        hold(client, idempotency_key="order-1")
    assert client.v1.events.list().data == []
    again = hold(client, idempotency_key="order-1", amount=1300)  # The key was not used.
    assert (again.status, charges(client)) == ("requires_capture", 1)


def test_dropped_after_everything_is_done(sandbox: RunningSandbox, client: stripe.StripeClient) -> None:
    fault(sandbox, "drop_after", method="POST", path=INTENTS)
    with pytest.raises(stripe.APIConnectionError):
        hold(client, idempotency_key="order-1")
    assert charges(client) == 1
    again = hold(client, idempotency_key="order-1")
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert (again.status, charges(client)) == ("requires_capture", 1)


def test_a_refusal_can_be_lost_as_well(sandbox: RunningSandbox, client: stripe.StripeClient) -> None:
    fault(sandbox, "drop_after", path=INTENTS)
    with pytest.raises(stripe.APIConnectionError):
        hold(client, "pm_card_chargeDeclined", idempotency_key="order-1")
    with pytest.raises(stripe.CardError) as declined:
        hold(client, "pm_card_chargeDeclined", idempotency_key="order-1")
    assert declined.value.headers["Idempotent-Replayed"] == "true"
    assert charges(client) == 1


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_the_library_tries_again_with_the_same_key(sandbox: RunningSandbox, kind: str) -> None:
    fault(sandbox, kind, path=INTENTS)
    patient = stripe.StripeClient(SECRET, base_addresses={"api": sandbox.url}, max_network_retries=1)
    assert hold(patient).status == "requires_capture"
    assert charges(patient) == 1


def test_a_500_is_kept_under_its_key(sandbox: RunningSandbox, client: stripe.StripeClient) -> None:
    fault(sandbox, "error_500", method="POST", path=INTENTS)
    for replayed in (None, "true"):
        with pytest.raises(stripe.APIError) as failed:
            hold(client, idempotency_key="order-1")
        assert (failed.value.http_status, failed.value.error.type) == (500, "api_error")
        assert failed.value.headers.get("Idempotent-Replayed") == replayed
        assert failed.value.headers["Stripe-Should-Retry"] == "false"
    assert client.v1.events.list().data == []
    assert hold(client, idempotency_key="order-2").status == "requires_capture"


def test_a_500_before_anything_began_keeps_no_key(
    sandbox: RunningSandbox, client: stripe.StripeClient
) -> None:
    fault(sandbox, "error_500", method="POST", path=INTENTS)
    with pytest.raises(stripe.InvalidRequestError):
        hold(client, idempotency_key="order-1", capture_method="later")
    assert hold(client, idempotency_key="order-1").status == "requires_capture"


def test_a_500_on_a_read(sandbox: RunningSandbox, client: stripe.StripeClient) -> None:
    intent = hold(client)
    fault(sandbox, "error_500", method="GET", path=f"{INTENTS}/{intent.id}")
    with pytest.raises(stripe.APIError) as failed:
        client.v1.payment_intents.retrieve(intent.id)
    assert failed.value.http_status == 500
    assert client.v1.payment_intents.retrieve(intent.id).status == "requires_capture"


def test_too_many_requests(sandbox: RunningSandbox, client: stripe.StripeClient) -> None:
    fault(sandbox, "rate_limit", path=INTENTS)
    with pytest.raises(stripe.RateLimitError) as refused:
        hold(client, idempotency_key="order-1")
    assert (refused.value.http_status, refused.value.error.code) == (429, "rate_limit")
    assert client.v1.events.list().data == []
    assert hold(client, idempotency_key="order-1", amount=1300).status == "requires_capture"


def test_slow_the_work_is_done_and_the_client_has_gone(
    sandbox: RunningSandbox, client: stripe.StripeClient
) -> None:
    fault(sandbox, "slow", path=INTENTS, seconds=5)
    hasty = stripe.StripeClient(
        SECRET,
        base_addresses={"api": sandbox.url},
        http_client=stripe.RequestsClient(timeout=1),
        max_network_retries=0,
    )
    with pytest.raises(stripe.APIConnectionError):
        hold(hasty, idempotency_key="order-1")
    until(lambda: charges(client) == 1)
    again = hold(client, idempotency_key="order-1")
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert charges(client) == 1


def test_slow_is_late_and_otherwise_well(sandbox: RunningSandbox, client: stripe.StripeClient) -> None:
    fault(sandbox, "slow", path=INTENTS, seconds=0.5)
    began = time.monotonic()
    assert hold(client).status == "requires_capture"
    assert time.monotonic() - began >= 0.5


def test_an_answer_that_is_no_json(sandbox: RunningSandbox, client: stripe.StripeClient) -> None:
    fault(sandbox, "garbage", path=INTENTS)
    with pytest.raises(stripe.APIError, match="Invalid response body from API"):
        hold(client, idempotency_key="order-1")
    assert hold(client, idempotency_key="order-1").last_response.headers["Idempotent-Replayed"] == "true"


# Whose turn it is


def test_only_what_it_was_meant_for(sandbox: RunningSandbox, client: stripe.StripeClient) -> None:
    fault(sandbox, "error_500", method="POST", path=f"{INTENTS}/*/capture")
    intent = hold(client)
    assert client.v1.payment_intents.retrieve(intent.id).status == "requires_capture"
    with pytest.raises(stripe.APIError):
        client.v1.payment_intents.capture(intent.id)
    assert client.v1.payment_intents.capture(intent.id).status == "succeeded"


def test_an_exact_path_is_exact(sandbox: RunningSandbox, client: stripe.StripeClient) -> None:
    fault(sandbox, "error_500", path=INTENTS)
    client.v1.customers.create({})
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.retrieve("pi_nothing")
    assert len(waiting(sandbox)) == 1


def test_so_many_times_after_so_many(sandbox: RunningSandbox, client: stripe.StripeClient) -> None:
    fault(sandbox, "rate_limit", path="/v1/customers", times=2, skip=1)
    seen = []
    for _ in range(4):
        try:
            seen.append(client.v1.customers.create({}).object)
        except stripe.RateLimitError:
            seen.append("429")
    assert seen == ["customer", "429", "429", "customer"]
    assert waiting(sandbox) == []


def test_each_time_is_used_once_whoever_comes(sandbox: RunningSandbox, client: stripe.StripeClient) -> None:
    fault(sandbox, "rate_limit", path="/v1/customers", times=7)

    def attempt(_: int) -> bool:
        try:
            return bool(client.v1.customers.create({}))
        except stripe.RateLimitError:
            return False

    with ThreadPoolExecutor(8) as many:
        assert sorted(many.map(attempt, range(20))) == [False] * 7 + [True] * 13


def test_a_wrong_key_meets_no_fault(sandbox: RunningSandbox) -> None:
    fault(sandbox, "rate_limit")
    with pytest.raises(stripe.AuthenticationError):
        client_for(sandbox.url, "sk_test_somebody_elses").v1.customers.create({})
    with pytest.raises(stripe.PermissionError):
        client_for(sandbox.url, PUBLISHABLE).v1.customers.create({})
    assert len(waiting(sandbox)) == 1


def test_they_are_listed_and_cleared(sandbox: RunningSandbox, client: stripe.StripeClient) -> None:
    fault(sandbox, "drop_after", method="POST", path=INTENTS)
    fault(sandbox, "slow", seconds=2.5, times=3, skip=1)
    assert waiting(sandbox) == [
        {"kind": "drop_after", "strikes": f"POST {INTENTS}", "times": 1, "skip": 0, "seconds": 0},
        {"kind": "slow", "strikes": "* *", "times": 3, "skip": 1, "seconds": 2.5},
    ]
    assert lever(sandbox.url, "DELETE", "/faults").json() == {"cleared": 2}
    assert waiting(sandbox) == []
    assert hold(client).status == "requires_capture"


@pytest.mark.parametrize("path", ["/calm", "/reset"])
def test_calm_and_reset_end_them(sandbox: RunningSandbox, path: str) -> None:
    fault(sandbox, "rate_limit", times=5)
    lever(sandbox.url, "POST", path)
    assert waiting(sandbox) == []


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"kind": "explode"},
        {"kind": "drop_before", "times": 0},
        {"kind": "drop_before", "times": "2"},
        {"kind": "drop_before", "times": True},
        {"kind": "drop_before", "times": 1001},
        {"kind": "drop_before", "skip": -1},
        {"kind": "drop_before", "path": "payment_intents"},
        {"kind": "drop_before", "path": "/_sandbox/clock"},
        {"kind": "drop_before", "path": ""},
        {"kind": "drop_before", "method": "PATCH"},
        {"kind": "drop_before", "seconds": 1},
        {"kind": "drop_before", "event_type": "charge.*"},
        {"kind": "drop_before", "where": "/v1/customers"},
        {"kind": "slow"},
        {"kind": "slow", "seconds": 0},
        {"kind": "slow", "seconds": 121},
        {"kind": "slow", "seconds": "NaN"},
        {"kind": "duplicate_event"},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(sandbox: RunningSandbox, told: dict[str, Any]) -> None:
    answer = lever(sandbox.url, "POST", "/faults", told)
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")
    assert waiting(sandbox) == []


# What the site is told


@pytest.fixture
def impatient(tmp_path: Path, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A sandbox that tries again at once."""
    monkeypatch.setattr(webhooks, "PAUSES", (0,))
    running = run_in_thread(
        Config(
            port=0,
            database=tmp_path / "sandbox.sqlite3",
            webhook_url=shop.url,
            webhook_secrets=("whsec_shop",),
        )
    )
    yield running
    running.stop()


def told(shop: Shop) -> list[tuple[str, str]]:
    bodies = [json.loads(delivery.body) for delivery in shop.deliveries]
    return [(body["id"], body["type"]) for body in bodies]


def test_an_event_comes_twice(impatient: RunningSandbox, shop: Shop) -> None:
    fault(impatient, "duplicate_event", event_type="charge.*")
    hold(client_for(impatient.url))
    shop.wait_for(4)
    assert [kind for _, kind in told(shop)] == [
        "payment_intent.created",
        "charge.succeeded",
        "charge.succeeded",
        "payment_intent.amount_capturable_updated",
    ]
    assert told(shop)[1] == told(shop)[2]


def test_an_event_never_comes_until_it_is_asked_for(impatient: RunningSandbox, shop: Shop) -> None:
    fault(impatient, "drop_event", event_type="charge.succeeded")
    client = client_for(impatient.url)
    hold(client)
    shop.wait_for(2)
    assert [kind for _, kind in told(shop)] == [
        "payment_intent.created",
        "payment_intent.amount_capturable_updated",
    ]
    event = client.v1.events.list({"type": "charge.succeeded"}).data[0]
    assert event.pending_webhooks == 1
    assert lever(impatient.url, "POST", f"/events/{event.id}/deliver").json()["result"] == "200"
    assert told(shop)[2] == (event.id, "charge.succeeded")


def test_the_signature_of_somebody_else(impatient: RunningSandbox, shop: Shop) -> None:
    shop.answers = [400]
    fault(impatient, "wrong_signature")
    client_for(impatient.url).v1.customers.create({})
    forged, real = shop.wait_for(2)
    with pytest.raises(stripe.SignatureVerificationError, match="No signatures found"):
        stripe.Webhook.construct_event(forged.body, forged.headers["Stripe-Signature"], "whsec_shop")
    event = stripe.Webhook.construct_event(real.body, real.headers["Stripe-Signature"], "whsec_shop")
    assert event.type == "customer.created"


def test_a_signature_of_ten_minutes_ago(impatient: RunningSandbox, shop: Shop) -> None:
    shop.answers = [400]
    fault(impatient, "stale_timestamp")
    client_for(impatient.url).v1.customers.create({})
    stale, fresh = shop.wait_for(2)
    with pytest.raises(stripe.SignatureVerificationError, match="outside the tolerance zone"):
        stripe.Webhook.construct_event(stale.body, stale.headers["Stripe-Signature"], "whsec_shop")
    signature = stale.headers["Stripe-Signature"]
    assert stripe.Webhook.construct_event(stale.body, signature, "whsec_shop", tolerance=660)
    assert stripe.Webhook.construct_event(fresh.body, fresh.headers["Stripe-Signature"], "whsec_shop")


@pytest.mark.parametrize(
    "more", [{"path": INTENTS}, {"method": "POST"}, {"seconds": 1}, {"event_type": "Charge!"}]
)
def test_a_fault_of_events_is_not_one_of_requests(impatient: RunningSandbox, more: dict[str, Any]) -> None:
    answer = lever(impatient.url, "POST", "/faults", {"kind": "duplicate_event", **more})
    assert (answer.status_code, waiting(impatient)) == (400, [])
