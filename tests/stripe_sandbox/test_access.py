"""Keys, versions, addresses and encodings: what is refused before anything begins."""

import pytest
import requests
import stripe

from stripe_sandbox.server import RunningSandbox
from tests.stripe_sandbox.surroundings import PUBLISHABLE, SECRET, client_for, hold


def test_a_wrong_key(sandbox: RunningSandbox) -> None:
    with pytest.raises(stripe.AuthenticationError) as refused:
        client_for(sandbox.url, "sk_test_somebody_elses_1234").v1.customers.create({})
    assert refused.value.http_status == 401
    assert "somebody" not in refused.value.user_message
    assert refused.value.user_message.endswith("1234")


def test_no_key(sandbox: RunningSandbox) -> None:
    answer = requests.get(f"{sandbox.url}/v1/events", timeout=10)
    assert (answer.status_code, answer.json()["error"]["type"]) == (401, "invalid_request_error")


def test_basic_authentication(sandbox: RunningSandbox) -> None:
    assert requests.get(f"{sandbox.url}/v1/events", auth=(SECRET, ""), timeout=10).ok


def test_a_publishable_key_is_for_browsers_only(sandbox: RunningSandbox) -> None:
    with pytest.raises(stripe.PermissionError) as refused:
        client_for(sandbox.url, PUBLISHABLE).v1.customers.create({})
    assert (refused.value.http_status, refused.value.error.code) == (403, "secret_key_required")


def test_a_browser_sees_an_intent_by_its_secret(sandbox: RunningSandbox, client: stripe.StripeClient) -> None:
    intent = hold(client, metadata={"internal": "1"})
    browser = client_for(sandbox.url, PUBLISHABLE).v1.payment_intents
    seen = browser.retrieve(intent.id, {"client_secret": intent.client_secret})
    assert (seen.status, seen.amount) == ("requires_capture", 1250)
    for hidden in ("metadata", "customer", "latest_charge", "amount_capturable"):
        assert not hasattr(seen, hidden)
    for wrong in ({}, {"client_secret": f"{intent.id}_secret_wrong"}):
        with pytest.raises(stripe.InvalidRequestError):
            browser.retrieve(intent.id, wrong)


def test_a_browser_may_confirm_by_the_secret(sandbox: RunningSandbox, client: stripe.StripeClient) -> None:
    intent = client.v1.payment_intents.create({"amount": 1250, "currency": "usd"})
    given = {
        "key": PUBLISHABLE,
        "client_secret": intent.client_secret,
        "payment_method": "pm_card_visa",
        "return_url": "https://shop.example/",
    }
    address = f"{sandbox.url}/v1/payment_intents/{intent.id}/confirm"
    assert requests.post(address, data={**given, "client_secret": "wrong"}, timeout=10).status_code == 400
    answer = requests.post(address, data=given, timeout=10)
    assert (answer.status_code, answer.json()["status"]) == (200, "succeeded")
    assert "latest_charge" not in answer.json()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/nothing"),
        ("POST", "/v1/subscriptions"),
        ("GET", "/v1/payment_intents/"),
        ("PUT", "/v1/customers"),
        ("GET", "/v2/core/events"),
        ("DELETE", "/v1/payment_intents/pi_1"),
    ],
)
def test_an_unknown_address_is_404_as_at_stripe(sandbox: RunningSandbox, method: str, path: str) -> None:
    answer = requests.request(method, sandbox.url + path, auth=(SECRET, ""), timeout=10)
    error = answer.json()["error"]
    assert (answer.status_code, error["type"]) == (404, "invalid_request_error")
    assert f"Unrecognized request URL ({method}: {path})" in error["message"]
    assert answer.headers["Request-Id"].startswith("req_")


def test_what_is_not_simulated_is_refused_by_the_library_too(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="Unrecognized request URL"):
        client.v1.subscriptions.list()
    with pytest.raises(stripe.InvalidRequestError) as refused:
        hold(client, application_fee_amount=5)
    assert (refused.value.code, refused.value.param) == ("parameter_not_simulated", "application_fee_amount")


def test_only_the_version_of_the_library(sandbox: RunningSandbox) -> None:
    for version, status in (("2019-01-01", 400), (stripe.api_version, 200)):
        headers = {"Stripe-Version": version}
        answer = requests.get(f"{sandbox.url}/v1/events", auth=(SECRET, ""), headers=headers, timeout=10)
        assert answer.status_code == status


def test_only_forms(sandbox: RunningSandbox) -> None:
    address = f"{sandbox.url}/v1/customers"
    assert requests.post(address, json={"name": "A"}, auth=(SECRET, ""), timeout=10).status_code == 400
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (
        requests.post(address, data=b"name=\xff", headers=form, auth=(SECRET, ""), timeout=10).status_code
        == 400
    )
    assert requests.post(address, auth=(SECRET, ""), timeout=10).status_code == 200


def test_pages_of_other_origins_may_call(sandbox: RunningSandbox) -> None:
    asked = requests.options(f"{sandbox.url}/v1/confirmation_tokens", timeout=10)
    assert (asked.status_code, asked.headers["Access-Control-Allow-Origin"]) == (204, "*")
    assert "Authorization" in asked.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize(
    ("path", "framed"), [("/", False), ("/dashboard", False), ("/elements/payment", True)]
)
def test_own_pages_are_locked_down(
    sandbox: RunningSandbox, client: stripe.StripeClient, path: str, framed: bool
) -> None:
    hold(client)
    answer = requests.get(sandbox.url + path, timeout=10)
    policy = answer.headers["Content-Security-Policy"]
    assert answer.ok
    assert "unsafe" not in policy
    assert ("frame-ancestors *" if framed else "frame-ancestors 'none'") in policy
    assert "X-Frame-Options" not in answer.headers
    assert "style=" not in answer.text
    assert "onclick" not in answer.text


def test_the_front_page_says_what_it_is(sandbox: RunningSandbox) -> None:
    page = requests.get(sandbox.url, timeout=10).text
    assert "A stand-in for Stripe" in page
    assert "No money moves" in page
    assert "4000 0000 0000 9995" in page


def test_the_script_is_served_under_stripes_names(sandbox: RunningSandbox) -> None:
    for path in ("/v3/", "/v3", "/stripe.js"):
        answer = requests.get(sandbox.url + path, timeout=10)
        assert answer.ok
        assert answer.headers["Content-Type"].startswith("text/javascript")
    assert requests.get(f"{sandbox.url}/healthz", timeout=10).json() == {"status": "ok"}
