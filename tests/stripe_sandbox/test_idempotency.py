"""Idempotency keys: replayed, refused, in flight, forgotten."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

from stripe_sandbox import bank
from stripe_sandbox.server import RunningSandbox
from tests.stripe_sandbox.surroundings import Clock, hold


def charges(client: stripe.StripeClient) -> int:
    return len(client.v1.charges.list().data)


def test_the_same_again_is_the_same_answer(client: stripe.StripeClient) -> None:
    first = hold(client, idempotency_key="order-1")
    second = hold(client, idempotency_key="order-1")
    assert (first.id, charges(client)) == (second.id, 1)
    assert "Idempotent-Replayed" not in first.last_response.headers
    assert second.last_response.headers["Idempotent-Replayed"] == "true"
    assert second.last_response.headers["Original-Request"] == first.last_response.request_id
    assert second.last_response.request_id != first.last_response.request_id


def test_the_answer_is_as_it_was_then(client: stripe.StripeClient) -> None:
    intent = hold(client, idempotency_key="order-1")
    client.v1.payment_intents.capture(intent.id)
    assert hold(client, idempotency_key="order-1").status == "requires_capture"


def test_other_parameters_are_an_error(client: stripe.StripeClient) -> None:
    hold(client, idempotency_key="order-1")
    with pytest.raises(stripe.IdempotencyError) as refused:
        hold(client, idempotency_key="order-1", amount=1300)
    assert refused.value.http_status == 400
    assert charges(client) == 1


def test_another_address_is_an_error(client: stripe.StripeClient) -> None:
    intent = hold(client, idempotency_key="order-1")
    with pytest.raises(stripe.IdempotencyError, match="same endpoint"):
        client.v1.payment_intents.capture(intent.id, {}, {"idempotency_key": "order-1"})


def test_a_decline_is_replayed(client: stripe.StripeClient) -> None:
    seen = []
    for _ in range(2):
        with pytest.raises(stripe.CardError) as declined:
            hold(client, "pm_card_chargeDeclined", idempotency_key="order-1")
        seen.append(declined.value)
    assert seen[0].http_body == seen[1].http_body
    assert seen[1].headers["Idempotent-Replayed"] == "true"
    assert charges(client) == 1


def test_a_wrong_state_is_replayed(client: stripe.StripeClient) -> None:
    intent = client.v1.payment_intents.create({"amount": 1250, "currency": "usd", "capture_method": "manual"})
    for replayed in (None, "true"):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            client.v1.payment_intents.capture(intent.id, {}, {"idempotency_key": "capture-1"})
        assert refused.value.headers.get("Idempotent-Replayed") == replayed


def test_a_fault_is_replayed(client: stripe.StripeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a fault that the test makes")

    with monkeypatch.context() as fault:
        fault.setattr(bank, "ask", broken)
        with pytest.raises(stripe.APIError) as first:
            hold(client, idempotency_key="order-1")
    with pytest.raises(stripe.APIError) as second:
        hold(client, idempotency_key="order-1")
    assert (first.value.http_status, second.value.http_status) == (500, 500)
    assert second.value.headers["Idempotent-Replayed"] == "true"
    assert charges(client) == 0
    assert client.v1.events.list().data == []


@pytest.mark.parametrize("wrong", [{"amount": 0}, {"customer": "cus_nobody"}, {"capture_method": "later"}])
def test_a_request_that_never_began_frees_its_key(
    client: stripe.StripeClient, wrong: dict[str, object]
) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        hold(client, idempotency_key="order-1", **wrong)
    assert hold(client, idempotency_key="order-1").status == "requires_capture"


def test_a_key_in_flight(client: stripe.StripeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on, ask = threading.Event(), threading.Event(), bank.ask

    def slow(*given: object) -> object:
        begun.set()
        assert go_on.wait(10)
        return ask(*given)

    monkeypatch.setattr(bank, "ask", slow)
    with ThreadPoolExecutor(1) as other:
        first = other.submit(hold, client, idempotency_key="order-1")
        assert begun.wait(10)
        with pytest.raises(stripe.APIError) as refused:
            hold(client, idempotency_key="order-1")
        go_on.set()
        intent = first.result(10)
    assert (refused.value.http_status, refused.value.error.code) == (409, "idempotency_key_in_use")
    assert hold(client, idempotency_key="order-1").id == intent.id
    assert charges(client) == 1


def test_many_at_once_make_one(client: stripe.StripeClient) -> None:
    def attempt(_: int) -> str | int | None:
        try:
            return hold(client, idempotency_key="order-1").id
        except stripe.APIError as error:
            return error.http_status

    with ThreadPoolExecutor(8) as many:
        answers = set(many.map(attempt, range(16))) - {409}
    assert len(answers) == 1
    assert charges(client) == 1


def test_a_key_is_forgotten_after_a_day(client: stripe.StripeClient, clock: Clock) -> None:
    first = hold(client, idempotency_key="order-1")
    clock.advance(hours=23, minutes=59)
    assert hold(client, idempotency_key="order-1").id == first.id
    clock.advance(minutes=2)
    assert hold(client, idempotency_key="order-1", amount=1300).id != first.id


def test_keys_do_not_count_on_get(client: stripe.StripeClient) -> None:
    intent = hold(client)
    client.v1.payment_intents.retrieve(intent.id, {}, {"idempotency_key": "look"})
    client.v1.payment_intents.capture(intent.id)
    assert (
        client.v1.payment_intents.retrieve(intent.id, {}, {"idempotency_key": "look"}).status == "succeeded"
    )


def test_nothing_that_was_sent_is_kept_with_the_key(
    client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    client.v1.customers.create({"email": "someone@example.com"}, {"idempotency_key": "customer-1"})
    with sandbox.sandbox.storage.read() as tables:
        row = tables.connection.execute("SELECT fingerprint, path FROM idempotency_keys").fetchone()
    assert "example" not in row["fingerprint"]
    assert row["path"] == "/v1/customers"
