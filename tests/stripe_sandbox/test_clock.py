"""The sandbox's clock: moved, kept over a restart; holds that end when it passes their last moment."""

import json
import time
from pathlib import Path

import pytest
import stripe

from stripe_sandbox.bank import DAY
from stripe_sandbox.config import Config
from stripe_sandbox.due import Sweep
from stripe_sandbox.resources import holds, refunds
from stripe_sandbox.server import RunningSandbox, run_in_thread
from tests.stripe_sandbox.surroundings import Clock, Shop, client_for, hold, lever


def advance(url: str, seconds: int) -> dict[str, int]:
    answer = lever(url, "POST", "/clock", {"advance_seconds": seconds})
    assert answer.status_code == 200
    return answer.json()


def event_types(client: stripe.StripeClient) -> list[str]:
    return [event.type for event in reversed(client.v1.events.list({"limit": 100}).data)]


def capture_before(client: stripe.StripeClient, intent: stripe.PaymentIntent) -> int:
    charge = client.v1.charges.retrieve(intent.latest_charge)
    return charge.payment_method_details.card.capture_before


def test_it_is_on_time_until_it_is_moved(sandbox: RunningSandbox) -> None:
    told = lever(sandbox.url, "GET", "/clock").json()
    assert told["ahead_seconds"] == 0
    assert abs(told["now"] - time.time()) < 60


def test_moves_add_up_and_can_be_taken_back(sandbox: RunningSandbox) -> None:
    advance(sandbox.url, 3600)
    assert advance(sandbox.url, DAY)["ahead_seconds"] == DAY + 3600
    told = lever(sandbox.url, "POST", "/clock", {"reset": True}).json()
    assert told["ahead_seconds"] == 0
    assert abs(told["now"] - time.time()) < 60


def test_what_is_made_is_dated_by_it(sandbox: RunningSandbox, client: stripe.StripeClient) -> None:
    advance(sandbox.url, 30 * DAY)
    intent = hold(client)
    assert abs(intent.created - time.time() - 30 * DAY) < 60
    assert capture_before(client, intent) == intent.created + 7 * DAY
    assert {event.created - intent.created for event in client.v1.events.list().data} <= {0, 1}


def test_it_is_kept_over_a_restart(tmp_path: Path) -> None:
    config = Config(port=0, database=tmp_path / "sandbox.sqlite3")
    running = run_in_thread(config)
    advance(running.url, 5 * DAY)
    running.stop()
    again = run_in_thread(config)
    assert lever(again.url, "GET", "/clock").json()["ahead_seconds"] == 5 * DAY
    assert abs(client_for(again.url).v1.customers.create({}).created - time.time() - 5 * DAY) < 60
    again.stop()


def test_keys_are_forgotten_by_it(sandbox: RunningSandbox, client: stripe.StripeClient) -> None:
    first = hold(client, idempotency_key="order-1")
    advance(sandbox.url, DAY - 60)
    assert hold(client, idempotency_key="order-1").id == first.id
    advance(sandbox.url, 120)
    assert hold(client, idempotency_key="order-1").id != first.id


def test_signatures_stay_on_the_real_time(sandbox_with_shop: RunningSandbox, shop: Shop) -> None:
    advance(sandbox_with_shop.url, 3 * DAY)
    client_for(sandbox_with_shop.url).v1.customers.create({})
    delivery = shop.wait_for(1)[0]
    signature = delivery.headers["Stripe-Signature"]
    event = stripe.Webhook.construct_event(delivery.body, signature, "whsec_new")
    assert event.created > time.time() + 2 * DAY
    signed_at = int(signature.removeprefix("t=").partition(",")[0])
    assert abs(signed_at - time.time()) < 60


def test_events_of_a_moved_clock_leave_when_it_is_back(sandbox_with_shop: RunningSandbox, shop: Shop) -> None:
    url = sandbox_with_shop.url
    lever(url, "POST", "/events/hold")
    advance(url, 3 * DAY)
    client_for(url).v1.customers.create({})
    lever(url, "POST", "/clock", {"reset": True})
    lever(url, "POST", "/events/release")
    shop.wait_for(1)


def test_a_hold_ends_at_its_last_moment(sandbox: RunningSandbox, client: stripe.StripeClient) -> None:
    intent = hold(client)
    last_moment = capture_before(client, intent)
    now = lever(sandbox.url, "GET", "/clock").json()["now"]
    advance(sandbox.url, last_moment - now - 60)
    assert client.v1.payment_intents.retrieve(intent.id).status == "requires_capture"
    advance(sandbox.url, 61)
    ended = client.v1.payment_intents.retrieve(intent.id)
    assert (ended.status, ended.cancellation_reason) == ("canceled", "automatic")
    assert (ended.amount_capturable, ended.amount_received) == (0, 0)
    assert ended.canceled_at >= last_moment


def test_the_bank_gives_the_money_back(sandbox: RunningSandbox, client: stripe.StripeClient) -> None:
    intent = hold(client)
    advance(sandbox.url, 8 * DAY)
    charge = client.v1.charges.retrieve(intent.latest_charge)
    assert (charge.captured, charge.refunded, charge.amount_refunded) == (False, True, 1250)


def test_moving_the_clock_is_enough(sandbox: RunningSandbox, client: stripe.StripeClient) -> None:
    intent = hold(client)
    advance(sandbox.url, 8 * DAY)
    with sandbox.sandbox.storage.read() as tables:  # Without a request, which would do what is due.
        stored = tables.find("payment_intent", intent.id)
    assert stored
    assert stored.body["status"] == "canceled"


def test_the_site_is_told(sandbox_with_shop: RunningSandbox, shop: Shop) -> None:
    intent = hold(client_for(sandbox_with_shop.url))
    advance(sandbox_with_shop.url, 8 * DAY)
    expired, canceled = (json.loads(delivery.body) for delivery in shop.wait_for(5)[3:5])
    assert (expired["type"], expired["data"]["object"]["id"]) == ("charge.expired", intent.latest_charge)
    assert (canceled["type"], canceled["data"]["object"]["id"]) == ("payment_intent.canceled", intent.id)
    assert canceled["data"]["object"]["cancellation_reason"] == "automatic"
    assert canceled["request"] == {"id": None, "idempotency_key": None}


def test_it_happens_once(sandbox: RunningSandbox, client: stripe.StripeClient) -> None:
    hold(client)
    for _ in range(2):
        advance(sandbox.url, 8 * DAY)
    assert event_types(client)[3:] == ["charge.expired", "payment_intent.canceled"]


def test_a_shorter_hold_ends_first(sandbox: RunningSandbox, client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({})
    with_customer = hold(client, customer=customer.id, setup_future_usage="off_session")
    without = hold(
        client, with_customer.payment_method, customer=customer.id, off_session=True, return_url=None,
        automatic_payment_methods={"enabled": True, "allow_redirects": "never"},
    )  # fmt: skip
    advance(sandbox.url, 4 * DAY + 19 * 3600)
    assert client.v1.payment_intents.retrieve(without.id).status == "canceled"
    assert client.v1.payment_intents.retrieve(with_customer.id).status == "requires_capture"


@pytest.mark.parametrize("end", ["capture", "cancel"])
def test_a_hold_that_is_over_does_not_end_again(
    sandbox: RunningSandbox, client: stripe.StripeClient, end: str
) -> None:
    intent = hold(client)
    getattr(client.v1.payment_intents, end)(intent.id)
    before = event_types(client)
    advance(sandbox.url, 8 * DAY)
    assert client.v1.payment_intents.retrieve(intent.id).cancellation_reason is None
    assert event_types(client) == before


def test_what_waits_for_a_customer_does_not_end(sandbox: RunningSandbox, client: stripe.StripeClient) -> None:
    intent = hold(client, "pm_card_threeDSecure2Required")
    advance(sandbox.url, 8 * DAY)
    assert client.v1.payment_intents.retrieve(intent.id).status == "requires_action"


@pytest.mark.parametrize(("sweep", "index"), [(holds.SWEEP, "holds_by_end"), (refunds.SWEEP, "refunds_due")])
def test_looking_for_what_is_due_reads_nothing_else(
    sandbox: RunningSandbox, sweep: Sweep, index: str
) -> None:
    with sandbox.sandbox.storage.read() as tables:
        plan = tables.connection.execute(f"EXPLAIN QUERY PLAN {sweep.due}", (0,)).fetchall()
    assert [step["detail"] for step in plan] == [f"SEARCH objects USING INDEX {index} (<expr><?)"]


# The next three move the real clock of the sandbox: nothing but the request itself can end the hold.


def test_real_time_ends_a_hold_before_it_is_read(client: stripe.StripeClient, clock: Clock) -> None:
    intent = hold(client)
    clock.advance(days=7, seconds=1)
    assert client.v1.payment_intents.retrieve(intent.id).status == "canceled"


def test_real_time_ends_a_hold_before_it_is_captured(client: stripe.StripeClient, clock: Clock) -> None:
    intent = hold(client)
    clock.advance(days=7, seconds=1)
    with pytest.raises(stripe.InvalidRequestError, match="has a status of canceled") as refused:
        client.v1.payment_intents.capture(intent.id)
    assert refused.value.code == "payment_intent_unexpected_state"
    assert refused.value.error.payment_intent.cancellation_reason == "automatic"
    charge = client.v1.charges.retrieve(intent.latest_charge)
    assert (charge.captured, charge.amount_captured, charge.amount_refunded) == (False, 0, 1250)


def test_real_time_ends_a_hold_before_its_charge_is_read(client: stripe.StripeClient, clock: Clock) -> None:
    intent = hold(client)
    clock.advance(days=7, seconds=1)
    assert client.v1.charges.retrieve(intent.latest_charge).refunded is True


def test_real_time_tells_the_site_without_a_request(tmp_path: Path, shop: Shop, clock: Clock) -> None:
    running = run_in_thread(
        Config(port=0, database=tmp_path / "sandbox.sqlite3", webhook_url=shop.url, clock=clock)
    )
    hold(client_for(running.url))
    shop.wait_for(3)
    clock.advance(days=7, seconds=1)
    running.sandbox.courier.wake()  # In place of the minute after which it looks by itself.
    types = [json.loads(delivery.body)["type"] for delivery in shop.wait_for(5)]
    assert types[3:] == ["charge.expired", "payment_intent.canceled"]
    running.stop()
