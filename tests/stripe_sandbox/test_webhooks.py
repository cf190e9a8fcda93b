"""Events really leave: signed, in order, again where they were not taken, and also after a restart."""

import json
import sqlite3
import time
from pathlib import Path

import pytest
import stripe

from stripe_sandbox import webhooks
from stripe_sandbox.config import Config
from stripe_sandbox.server import RunningSandbox, run_in_thread
from tests.stripe_sandbox.surroundings import Clock, Shop, client_for, hold


def types(shop: Shop) -> list[str]:
    return [json.loads(delivery.body)["type"] for delivery in shop.deliveries]


def test_events_of_a_payment_in_order(sandbox_with_shop: RunningSandbox, shop: Shop) -> None:
    client = client_for(sandbox_with_shop.url)
    customer = client.v1.customers.create({})
    intent = hold(client, customer=customer.id, setup_future_usage="off_session", idempotency_key="order-1")
    client.v1.payment_intents.capture(intent.id)
    client.v1.payment_intents.cancel(hold(client).id)
    shop.wait_for(12)
    assert types(shop) == [
        "customer.created",
        "payment_intent.created",
        "charge.succeeded",
        "payment_method.attached",
        "payment_intent.amount_capturable_updated",
        "charge.captured",
        "payment_intent.succeeded",
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.amount_capturable_updated",
        "charge.refunded",
        "payment_intent.canceled",
    ]
    about_hold = json.loads(shop.deliveries[4].body)
    assert about_hold["data"]["object"]["status"] == "requires_capture"
    assert about_hold["request"]["idempotency_key"] == "order-1"
    assert about_hold["api_version"] == stripe.api_version


def test_the_library_verifies_the_signature(sandbox_with_shop: RunningSandbox, shop: Shop) -> None:
    client_for(sandbox_with_shop.url).v1.customers.create({})
    delivery = shop.wait_for(1)[0]
    signature = delivery.headers["Stripe-Signature"]
    for secret in ("whsec_new", "whsec_old"):
        event = stripe.Webhook.construct_event(delivery.body, signature, secret)
        assert event.type == "customer.created"
        assert event.data.object.id.startswith("cus_")
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(delivery.body, signature, "whsec_wrong")
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(delivery.body + b" ", signature, "whsec_new")


def test_what_is_not_taken_comes_again(
    sandbox_with_shop: RunningSandbox, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "PAUSES", (0.05,))
    shop.answers = [500, 302]
    client = client_for(sandbox_with_shop.url)
    client.v1.customers.create({})
    first, second, third = shop.wait_for(3)[:3]
    assert json.loads(first.body)["id"] == json.loads(second.body)["id"] == json.loads(third.body)["id"]
    time.sleep(0.2)
    assert len(shop.deliveries) == 3
    assert client.v1.events.list().data[0].pending_webhooks == 0


def test_a_refused_event_does_not_hold_up_the_next(
    sandbox_with_shop: RunningSandbox, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "PAUSES", (0.5,))
    shop.answers = [500]
    hold(client_for(sandbox_with_shop.url))
    shop.wait_for(4)
    assert types(shop) == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.amount_capturable_updated",
        "payment_intent.created",
    ]


def test_deliveries_survive_a_restart(tmp_path: Path) -> None:
    with Shop() as shop:
        away = Config(
            port=0,
            database=tmp_path / "sandbox.sqlite3",
            webhook_url=shop.url.replace("http://", "http://x:x@"),
        )
        config = Config(port=0, database=tmp_path / "sandbox.sqlite3", webhook_url=shop.url)
        running = run_in_thread(away)
        customer = client_for(running.url).v1.customers.create({"name": "A"})
        running.stop()
        assert shop.deliveries == []
        running = run_in_thread(config)
        shop.wait_for(1)
        assert json.loads(shop.deliveries[0].body)["data"]["object"]["id"] == customer.id
        assert client_for(running.url).v1.customers.retrieve(customer.id).name == "A"
        running.stop()


def test_given_up_after_a_day(tmp_path: Path, clock: Clock) -> None:
    config = Config(
        port=0, database=tmp_path / "sandbox.sqlite3", webhook_url="http://127.0.0.1:9/", clock=clock
    )
    running = run_in_thread(config)
    client_for(running.url).v1.customers.create({})

    def waiting() -> tuple[int, float | None]:
        with sqlite3.connect(config.database) as database:
            row = database.execute("SELECT attempts, next_attempt FROM deliveries").fetchone()
            return row[0], row[1]

    def until_attempts(number: int) -> float | None:
        deadline = time.monotonic() + 10
        while waiting()[0] < number and time.monotonic() < deadline:
            time.sleep(0.01)
        return waiting()[1]

    assert until_attempts(1) is not None
    clock.advance(days=1)
    running.sandbox.courier.wake()
    assert until_attempts(2) is None
    running.stop()


def test_pauses_grow() -> None:
    assert webhooks.PAUSES == (1, 2, 5, 10, 30)
