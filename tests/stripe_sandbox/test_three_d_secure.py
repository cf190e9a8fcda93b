"""Authentication: completed, failed, abandoned, impossible, and remembered."""

from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import stripe

from stripe_sandbox.server import RunningSandbox
from tests.stripe_sandbox.surroundings import answer_bank, hold

REQUIRED = "pm_card_threeDSecure2Required"


def test_completed(client: stripe.StripeClient, sandbox: RunningSandbox) -> None:
    intent = hold(client, REQUIRED, use_stripe_sdk=True)
    assert (intent.status, intent.next_action.type) == ("requires_action", "use_stripe_sdk")
    assert (intent.latest_charge, intent.amount_capturable) == (None, 0)
    assert answer_bank(intent, "complete", sandbox.url).json()["status"] == "requires_capture"
    intent = client.v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]})
    assert (intent.status, intent.next_action, intent.amount_capturable) == ("requires_capture", None, 1250)
    assert intent.latest_charge.payment_method_details.card.three_d_secure.result == "authenticated"


def test_failed(client: stripe.StripeClient, sandbox: RunningSandbox) -> None:
    intent = hold(client, REQUIRED)
    assert answer_bank(intent, "fail", sandbox.url).json()["status"] == "requires_payment_method"
    intent = client.v1.payment_intents.retrieve(intent.id)
    assert (intent.status, intent.latest_charge, intent.payment_method) == (
        "requires_payment_method",
        None,
        None,
    )
    assert intent.last_payment_error.code == "payment_intent_authentication_failure"
    assert intent.last_payment_error.type == "invalid_request_error"
    assert client.v1.events.list().data[0].type == "payment_intent.payment_failed"


def test_abandoned(client: stripe.StripeClient) -> None:
    intent = hold(client, REQUIRED)
    assert client.v1.payment_intents.retrieve(intent.id).status == "requires_action"
    with pytest.raises(stripe.InvalidRequestError, match="requires_action"):
        client.v1.payment_intents.capture(intent.id)
    assert client.v1.payment_intents.cancel(intent.id).status == "canceled"


def test_no_answer_counts_twice(client: stripe.StripeClient, sandbox: RunningSandbox) -> None:
    intent = hold(client, REQUIRED)
    answer_bank(intent, "complete", sandbox.url)
    again = answer_bank(intent, "fail", sandbox.url)
    assert (again.status_code, again.json()["error"]["code"]) == (400, "payment_intent_unexpected_state")
    assert client.v1.payment_intents.retrieve(intent.id).status == "requires_capture"


def test_only_the_customer_answers(client: stripe.StripeClient, sandbox: RunningSandbox) -> None:
    intent = hold(client, REQUIRED)
    for wrong in ({}, {"client_secret": f"{intent.id}_secret_guessed"}):
        data = {"outcome": "complete", **wrong}
        assert requests.post(f"{sandbox.url}/3ds/{intent.id}", data=data, timeout=10).status_code == 400
        assert requests.get(f"{sandbox.url}/3ds/{intent.id}", params=wrong, timeout=10).status_code == 404
    assert client.v1.payment_intents.retrieve(intent.id).status == "requires_action"


def test_authenticated_and_then_declined(client: stripe.StripeClient, sandbox: RunningSandbox) -> None:
    intent = hold(client, "pm_card_threeDSecureRequiredChargeDeclined")
    assert intent.status == "requires_action"
    seen = answer_bank(intent, "complete", sandbox.url).json()
    assert (seen["status"], seen["last_payment_error"]["code"]) == (
        "requires_payment_method",
        "card_declined",
    )


def test_there_and_back_by_redirect(client: stripe.StripeClient, sandbox: RunningSandbox) -> None:
    intent = hold(client, REQUIRED)
    assert intent.next_action.type == "redirect_to_url"
    page = requests.get(intent.next_action.redirect_to_url.url, timeout=10)
    assert "Complete authentication" in page.text
    answered = requests.post(
        f"{sandbox.url}/3ds/{intent.id}",
        data={"client_secret": intent.client_secret, "outcome": "complete"},
        headers={"Accept": "text/html"},
        allow_redirects=False,
        timeout=10,
    )
    assert answered.status_code == 303
    back = urlsplit(answered.headers["Location"])
    assert (back.netloc, back.path) == ("shop.example", "/back")
    query = parse_qs(back.query)
    assert (query["order"], query["payment_intent"], query["redirect_status"]) == (
        ["7"],
        [intent.id],
        ["succeeded"],
    )


@pytest.mark.parametrize(
    "card", ["pm_card_authenticationRequired", REQUIRED, "pm_card_authenticationRequiredOnSetup"]
)
def test_without_the_customer_it_is_a_decline(client: stripe.StripeClient, card: str) -> None:
    customer = client.v1.customers.create({})
    method = client.v1.payment_methods.attach(card, {"customer": customer.id})
    with pytest.raises(stripe.CardError) as declined:
        hold(client, method.id, customer=customer.id, off_session=True)
    assert (declined.value.code, declined.value.error.decline_code) == ("authentication_required",) * 2
    intent = client.v1.payment_intents.retrieve(declined.value.error.payment_intent.id)
    assert (intent.status, intent.last_payment_error.payment_method.id) == (
        "requires_payment_method",
        method.id,
    )


def test_a_card_set_up_once_pays_without_the_customer(
    client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    customer = client.v1.customers.create({})
    first = hold(
        client,
        "pm_card_authenticationRequiredOnSetup",
        customer=customer.id,
        setup_future_usage="off_session",
    )
    answer_bank(first, "complete", sandbox.url)
    method = client.v1.customers.payment_methods.list(customer.id).data[0]
    later = hold(client, method.id, customer=customer.id, off_session=True, expand=["latest_charge"])
    assert later.status == "requires_capture"
    charge = later.latest_charge
    assert charge.payment_method_details.card.capture_before - charge.created == 4 * 86400 + 18 * 3600
    with_customer = hold(client, method.id, customer=customer.id)
    assert with_customer.status == "requires_action"


def test_asked_for_where_it_is_optional(client: stripe.StripeClient) -> None:
    wanted = {"card": {"request_three_d_secure": "any"}}
    assert hold(client, "pm_card_threeDSecureOptional").status == "requires_capture"
    assert (
        hold(client, "pm_card_threeDSecureOptional", payment_method_options=wanted).status
        == "requires_action"
    )


def test_an_action_may_be_ruled_out(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.CardError) as refused:
        hold(client, REQUIRED, error_on_requires_action=True)
    assert refused.value.error.payment_intent.status == "requires_payment_method"
