"""The control API: who may use it, what it refuses, and what each lever does."""

import json
from typing import Any

import pytest
import requests
import stripe

from stripe_sandbox.control import LEVERS
from stripe_sandbox.server import RunningSandbox
from tests.stripe_sandbox.surroundings import PUBLISHABLE, SECRET, Shop, client_for, hold, lever


def types(shop: Shop) -> list[str]:
    return [json.loads(delivery.body)["type"] for delivery in shop.deliveries]


def error_of(answer: requests.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    return answer.json()["error"]


@pytest.mark.parametrize("moved", [entry for entry in LEVERS if entry.method != "GET"])
@pytest.mark.parametrize(
    ("key", "status"), [(None, 401), ("sk_test_somebody_elses", 401), (PUBLISHABLE, 403)]
)
def test_only_the_secret_key(
    sandbox: RunningSandbox, client: stripe.StripeClient, moved: Any, key: str | None, status: int
) -> None:
    intent = hold(client)
    path = moved.path.removeprefix("/_sandbox").replace("<intent_id>", intent.id)
    answer = lever(sandbox.url, moved.method, path, {"advance_seconds": 9 * 86400}, key=key)
    error_of(answer, status)
    assert lever(sandbox.url, "GET", "/clock").json()["ahead_seconds"] == 0
    assert client.v1.payment_intents.retrieve(intent.id).status == "requires_capture"


def test_not_by_what_a_browser_sends_by_itself(sandbox: RunningSandbox) -> None:
    answer = requests.get(f"{sandbox.url}/_sandbox/clock", auth=(SECRET, ""), timeout=10)
    assert "Bearer" in error_of(answer, 401)["message"]


@pytest.mark.parametrize("method", ["OPTIONS", "GET"])
def test_not_for_pages_of_other_origins(sandbox: RunningSandbox, method: str) -> None:
    headers = {"Origin": "https://shop.example", "Authorization": f"Bearer {SECRET}"}
    answer = requests.request(method, f"{sandbox.url}/_sandbox/clock", headers=headers, timeout=10)
    assert answer.status_code == {"OPTIONS": 405, "GET": 200}[method]
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"advance_seconds": 0},
        {"advance_seconds": -60},
        {"advance_seconds": "60"},
        {"advance_seconds": 1.5},
        {"advance_seconds": True},
        {"advance_seconds": 10**12},
        {"advance_seconds": 60, "reset": True},
        {"reset": False},
        {"advance_days": 1},
        {"advance_seconds": 60, "gently": True},
        [60],
        60,
    ],
)
def test_a_clock_change_that_makes_no_sense_changes_nothing(sandbox: RunningSandbox, told: object) -> None:
    lever(sandbox.url, "POST", "/clock", {"advance_seconds": 600})
    assert error_of(lever(sandbox.url, "POST", "/clock", told), 400)["message"]
    assert lever(sandbox.url, "GET", "/clock").json()["ahead_seconds"] == 600


def test_moves_do_not_add_up_beyond_the_furthest(sandbox: RunningSandbox) -> None:
    nine_years = {"advance_seconds": 9 * 365 * 86400}
    lever(sandbox.url, "POST", "/clock", nine_years)
    assert error_of(lever(sandbox.url, "POST", "/clock", nine_years), 400)["param"] == "advance_seconds"
    told = lever(sandbox.url, "GET", "/clock").json()
    assert told["ahead_seconds"] == nine_years["advance_seconds"]


def test_only_json(sandbox: RunningSandbox) -> None:
    address, headers = f"{sandbox.url}/_sandbox/clock", {"Authorization": f"Bearer {SECRET}"}
    form = requests.post(address, data={"advance_seconds": "60"}, headers=headers, timeout=10)
    assert "application/json" in error_of(form, 400)["message"]
    broken = {**headers, "Content-Type": "application/json"}
    for body in (b'{"advance_seconds": 60', b"\xff"):
        error_of(requests.post(address, data=body, headers=broken, timeout=10), 400)
    assert lever(sandbox.url, "GET", "/clock").json()["ahead_seconds"] == 0


@pytest.mark.parametrize(
    ("method", "path", "status"), [("POST", "/nothing", 404), ("DELETE", "/clock", 405), ("GET", "/", 404)]
)
def test_an_unknown_lever_names_those_there_are(
    sandbox: RunningSandbox, method: str, path: str, status: int
) -> None:
    assert "POST /_sandbox/clock" in error_of(lever(sandbox.url, method, path), status)["message"]


def test_the_bank_ends_a_hold_at_once(sandbox: RunningSandbox, client: stripe.StripeClient) -> None:
    intent, other = hold(client), hold(client)
    answer = lever(sandbox.url, "POST", f"/intents/{intent.id}/expire")
    assert (answer.status_code, answer.json()["status"]) == (200, "canceled")
    assert client.v1.payment_intents.retrieve(intent.id).cancellation_reason == "automatic"
    assert client.v1.payment_intents.retrieve(other.id).status == "requires_capture"
    last = [event.type for event in client.v1.events.list({"limit": 2}).data]
    assert last == ["payment_intent.canceled", "charge.expired"]


def test_there_must_be_a_hold_to_end(sandbox: RunningSandbox, client: stripe.StripeClient) -> None:
    intent = hold(client)
    client.v1.payment_intents.capture(intent.id)
    answer = lever(sandbox.url, "POST", f"/intents/{intent.id}/expire")
    assert "succeeded" in error_of(answer, 400)["message"]
    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"
    error = error_of(lever(sandbox.url, "POST", "/intents/pi_nothing/expire"), 404)
    assert error["code"] == "resource_missing"


@pytest.mark.parametrize("order", ["forward", "reverse"])
def test_events_are_held_and_released(sandbox_with_shop: RunningSandbox, shop: Shop, order: str) -> None:
    url = sandbox_with_shop.url
    client_for(url).v1.customers.create({})
    first = json.loads(shop.wait_for(1)[0].body)["id"]
    lever(url, "POST", "/events/hold")
    hold(client_for(url))
    lever(url, "POST", f"/events/{first}/deliver")  # Asked for by name, it leaves; the held ones do not.
    assert types(shop) == ["customer.created", "customer.created"]
    assert lever(url, "POST", "/events/release", {"order": order}).json() == {"held": False, "released": 3}
    client_for(url).v1.customers.create({})
    shop.wait_for(6)
    held = ["payment_intent.created", "charge.succeeded", "payment_intent.amount_capturable_updated"]
    expected = held if order == "forward" else held[::-1]
    assert [kind for kind in types(shop) if kind != "customer.created"] == expected


def test_order_is_forward_or_reverse(sandbox_with_shop: RunningSandbox) -> None:
    url = sandbox_with_shop.url
    lever(url, "POST", "/events/hold")
    error_of(lever(url, "POST", "/events/release", {"order": "random"}), 400)
    assert sandbox_with_shop.sandbox.courier.held is True


def test_an_event_is_delivered_again(sandbox_with_shop: RunningSandbox, shop: Shop) -> None:
    url = sandbox_with_shop.url
    client_for(url).v1.customers.create({})
    event_id = json.loads(shop.wait_for(1)[0].body)["id"]
    assert lever(url, "POST", f"/events/{event_id}/deliver").json() == {"event": event_id, "result": "200"}
    first, second = shop.deliveries
    assert json.loads(first.body)["id"] == json.loads(second.body)["id"] == event_id
    shop.answers = [500]
    assert lever(url, "POST", f"/events/{event_id}/deliver").json()["result"] == "500"
    error = error_of(lever(url, "POST", "/events/evt_nothing/deliver"), 404)
    assert error["code"] == "resource_missing"


@pytest.mark.parametrize("path", ["/events/hold", "/events/release", "/events/evt_1/deliver"])
def test_nothing_is_delivered_without_an_address(sandbox: RunningSandbox, path: str) -> None:
    assert "--webhook-url" in error_of(lever(sandbox.url, "POST", path), 400)["message"]


def test_calm_leaves_payments_as_they_are(sandbox_with_shop: RunningSandbox, shop: Shop) -> None:
    url = sandbox_with_shop.url
    lever(url, "POST", "/clock", {"advance_seconds": 60})
    lever(url, "POST", "/events/hold")
    intent = hold(client_for(url))
    lever(url, "POST", "/calm")
    assert lever(url, "GET", "/clock").json()["ahead_seconds"] == 0
    shop.wait_for(3)
    assert client_for(url).v1.payment_intents.retrieve(intent.id).status == "requires_capture"


def test_reset_forgets_everything(sandbox_with_shop: RunningSandbox, shop: Shop) -> None:
    url, client = sandbox_with_shop.url, client_for(sandbox_with_shop.url)
    lever(url, "POST", "/events/hold")
    lever(url, "POST", "/clock", {"advance_seconds": 60})
    intent = hold(client, idempotency_key="order-1")
    assert lever(url, "POST", "/reset").status_code == 200
    with pytest.raises(stripe.InvalidRequestError, match="No such payment_intent"):
        client.v1.payment_intents.retrieve(intent.id)
    assert client.v1.events.list().data == []
    assert lever(url, "GET", "/clock").json()["ahead_seconds"] == 0
    assert hold(client, idempotency_key="order-1", amount=1300).id != intent.id
    shop.wait_for(3)
    assert json.loads(shop.deliveries[0].body)["data"]["object"]["id"] != intent.id


def test_the_dashboard_tells_of_a_moved_clock(sandbox: RunningSandbox) -> None:
    assert "ahead" not in requests.get(f"{sandbox.url}/dashboard", timeout=10).text
    lever(sandbox.url, "POST", "/clock", {"advance_seconds": 3 * 86400 + 3600})
    assert "The clock is 3 d 1 h 0 min ahead" in requests.get(f"{sandbox.url}/dashboard", timeout=10).text
