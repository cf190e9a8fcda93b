"""Confirmation tokens: from the browser, from the test helper, once, and not for long."""

from pathlib import Path

import pytest
import requests
import stripe

from stripe_sandbox.server import RunningSandbox
from tests.stripe_sandbox.surroundings import PUBLISHABLE, RETURN_URL, Clock, hold

CARD = {
    "payment_method_data[type]": "card",
    "payment_method_data[card][number]": "4242424242424242",
    "payment_method_data[card][exp_month]": "12",
    "payment_method_data[card][exp_year]": "2034",
    "payment_method_data[card][cvc]": "123",
    "payment_method_data[billing_details][name]": "A B",
    "payment_method_data[billing_details][address][postal_code]": "90210",
    "return_url": RETURN_URL,
    "setup_future_usage": "off_session",
    "key": PUBLISHABLE,
}


def token_of_browser(url: str, **changed: str) -> requests.Response:
    return requests.post(f"{url}/v1/confirmation_tokens", data={**CARD, **changed}, timeout=10)


def token(client: stripe.StripeClient, card: str = "pm_card_visa", **more: str) -> str:
    given = {"payment_method": card, "return_url": RETURN_URL, **more}
    return client.v1.test_helpers.confirmation_tokens.create(given).id


def test_a_token_pays_and_saves_the_card(client: stripe.StripeClient, sandbox: RunningSandbox) -> None:
    made = token_of_browser(sandbox.url).json()
    seen = client.v1.confirmation_tokens.retrieve(made["id"])
    preview = seen.payment_method_preview
    assert (preview.card.brand, preview.card.last4, preview.card.exp_year) == ("visa", "4242", 2034)
    assert (preview.billing_details.name, preview.card.checks.address_postal_code_check) == ("A B", "pass")
    assert (seen.setup_future_usage, seen.use_stripe_sdk, seen.expires_at - seen.created) == (
        "off_session",
        True,
        43200,
    )

    customer = client.v1.customers.create({})
    intent = hold(client, None, return_url=None, confirmation_token=seen.id, customer=customer.id)
    assert (intent.status, intent.setup_future_usage) == ("requires_capture", "off_session")
    method = client.v1.customers.payment_methods.list(customer.id).data[0]
    assert (method.id, method.billing_details.name) == (intent.payment_method, "A B")
    used = client.v1.confirmation_tokens.retrieve(seen.id)
    assert (used.payment_intent, used.expires_at) == (intent.id, None)


def test_a_token_is_good_once(client: stripe.StripeClient) -> None:
    once = token(client)
    hold(client, None, confirmation_token=once)
    with pytest.raises(stripe.InvalidRequestError, match="already been used"):
        hold(client, None, confirmation_token=once)


def test_a_declined_token_is_used_up(client: stripe.StripeClient) -> None:
    once = token(client, "pm_card_chargeDeclined")
    for error in (stripe.CardError, stripe.InvalidRequestError):
        with pytest.raises(error):
            hold(client, None, confirmation_token=once)


def test_a_refused_request_leaves_the_token(client: stripe.StripeClient) -> None:
    once = token(client)
    with pytest.raises(stripe.InvalidRequestError):
        hold(client, None, confirmation_token=once, expand=["nonsense"])
    assert hold(client, None, confirmation_token=once).status == "requires_capture"


def test_a_token_expires(client: stripe.StripeClient, clock: Clock) -> None:
    old = token(client)
    clock.advance(hours=12)
    with pytest.raises(stripe.InvalidRequestError, match="expired"):
        hold(client, None, confirmation_token=old)


def test_a_token_for_a_saved_card(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({})
    method = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    intent = hold(client, None, confirmation_token=token(client, method.id), customer=customer.id)
    assert intent.payment_method == method.id


def test_token_and_intent_may_not_disagree(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="setup_future_usage"):
        hold(
            client,
            None,
            confirmation_token=token(client, setup_future_usage="on_session"),
            setup_future_usage="off_session",
        )
    with pytest.raises(stripe.InvalidRequestError):
        hold(client, confirmation_token=token(client))
    with pytest.raises(stripe.InvalidRequestError, match="No such confirmation_token"):
        hold(client, None, confirmation_token="ctoken_nothing")


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"payment_method_data[card][number]": "4242424242424241"}, 402, "incorrect_number"),
        ({"payment_method_data[card][number]": "4111111111111111"}, 402, "card_declined"),
        ({"payment_method_data[card][exp_year]": "2001"}, 402, "invalid_expiry_year"),
        ({"payment_method_data[card][cvc]": "1"}, 402, "invalid_cvc"),
        ({"payment_method_data[card][number]": ""}, 400, "parameter_invalid_empty"),
        ({"payment_method_data[type]": "sepa_debit"}, 400, None),
        ({"amount": "5"}, 400, "parameter_unknown"),
        ({"key": "pk_test_wrong"}, 401, None),
        ({"key": ""}, 401, None),
    ],
)
def test_what_the_form_may_not_send(
    sandbox: RunningSandbox, changed: dict[str, str], status: int, code: str | None
) -> None:
    answer = token_of_browser(sandbox.url, **changed)
    assert (answer.status_code, answer.json()["error"].get("code")) == (status, code)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_no_card_number_is_kept(client: stripe.StripeClient, sandbox: RunningSandbox, tmp_path: Path) -> None:
    for number in ("4242424242424242", "4111111111111111", "4000000000009995"):
        token_of_browser(sandbox.url, **{"payment_method_data[card][number]": number})
    hold(client)
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"pm_1" in kept
    for number in (b"4242424242424242", b"4111111111111111", b"4000000000009995"):
        assert number not in kept
