"""Saved cards: shown again, changed, charged again with and without the customer, and taken off."""

import datetime

import pytest
import stripe

from tests.stripe_sandbox.surroundings import RETURN_URL, hold


@pytest.fixture
def customer(client: stripe.StripeClient) -> stripe.Customer:
    return client.v1.customers.create({"email": "a@example.com"})


def saved(
    client: stripe.StripeClient, customer: stripe.Customer, card: str = "pm_card_visa"
) -> stripe.PaymentMethod:
    return client.v1.payment_methods.attach(card, {"customer": customer.id})


def token(
    client: stripe.StripeClient, card: str = "pm_card_visa", **more: object
) -> stripe.ConfirmationToken:
    given = {"payment_method": card, "return_url": RETURN_URL, **more}
    return client.v1.test_helpers.confirmation_tokens.create(given)


def refused(call) -> stripe.StripeError:
    with pytest.raises(stripe.StripeError) as raised:
        call()
    return raised.value


def test_a_saved_card_is_changed(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    method = saved(client, customer)
    assert method.allow_redisplay == "unspecified"
    year = datetime.datetime.now(datetime.UTC).year + 5
    update = client.v1.payment_methods.update
    update(
        method.id,
        {
            "allow_redisplay": "always",
            "billing_details": {"name": "A", "address": {"city": "Bern", "postal_code": "3000"}},
            "card": {"exp_year": year},
            "metadata": {"a": "1"},
        },
    )
    changed = client.v1.payment_methods.retrieve(method.id)
    assert (changed.allow_redisplay, changed.metadata.to_dict()) == ("always", {"a": "1"})
    assert (changed.card.exp_month, changed.card.exp_year, changed.card.last4) == (12, year, "4242")
    event = client.v1.events.list({"type": "payment_method.updated"}).data[0]
    assert event.data.previous_attributes["allow_redisplay"] == "unspecified"

    changed = update(method.id, {"billing_details": {"email": "a@example.com", "address": {"city": "Thun"}}})
    details = changed.billing_details
    assert (details.name, details.email) == ("A", "a@example.com")
    assert (details.address.city, details.address.postal_code) == ("Thun", "3000")
    changed = update(method.id, {"billing_details": {"name": "", "address": ""}})
    details = changed.billing_details
    assert (details.name, details.email) == (None, "a@example.com")
    assert (details.address.city, details.address.postal_code) == (None, None)


def test_only_saved_cards_are_changed(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    loose = client.v1.payment_methods.create({"type": "card", "card": {"token": "tok_visa"}})
    gone = saved(client, customer)
    client.v1.payment_methods.detach(gone.id)
    for method in (loose, gone):
        error = refused(lambda id=method.id: client.v1.payment_methods.update(id, {"metadata": {"a": "1"}}))
        assert "save this PaymentMethod to a customer" in error.user_message
    assert refused(lambda: client.v1.payment_methods.update("pm_nothing", {})).http_status == 404


@pytest.mark.parametrize(
    ("given", "code", "param"),
    [
        ({"card": {"exp_year": 2001}}, "invalid_expiry_year", "exp_year"),
        ({"card": {"exp_month": 13}}, "invalid_expiry_month", "exp_month"),
        ({"allow_redisplay": "never"}, None, "allow_redisplay"),
        ({"card": {"number": "4242424242424242"}}, "parameter_unknown", "card[number]"),
        ({"us_bank_account": {"account_type": "savings"}}, "parameter_not_simulated", None),
    ],
)
def test_changes_that_make_no_sense(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    given: dict[str, object],
    code: str | None,
    param: str | None,
) -> None:
    method = saved(client, customer)
    error = refused(lambda: client.v1.payment_methods.update(method.id, given))
    assert error.code == code
    assert param in (None, error.param)
    assert client.v1.payment_methods.retrieve(method.id).card.exp_year == method.card.exp_year


def test_lists_by_whether_a_card_may_be_shown_again(
    client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    shown, hidden = saved(client, customer), saved(client, customer, "pm_card_mastercard")
    client.v1.payment_methods.update(shown.id, {"allow_redisplay": "always"})
    of_customer = client.v1.customers.payment_methods.list
    every = client.v1.payment_methods.list
    for told, expected in (("always", [shown.id]), ("unspecified", [hidden.id]), ("limited", [])):
        filtered = {"allow_redisplay": told, "type": "card"}
        assert [one.id for one in of_customer(customer.id, filtered).data] == expected
        assert [one.id for one in every({"customer": customer.id, **filtered}).data] == expected
    assert [one.id for one in of_customer(customer.id).data] == [hidden.id, shown.id]
    assert of_customer(customer.id, {"type": "sepa_debit"}).data == []


def test_a_token_carries_allow_redisplay_to_the_saved_card(
    client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    method = client.v1.payment_methods.create(
        {
            "type": "card",
            "card": {"token": "tok_visa"},
            "allow_redisplay": "limited",
            "billing_details": {"name": "A"},
        }
    )
    made = token(client, method.id, setup_future_usage="off_session")
    preview = made.payment_method_preview
    assert (preview.allow_redisplay, preview.billing_details.name) == ("limited", "A")
    hold(client, None, confirmation_token=made.id, customer=customer.id)
    listed = client.v1.customers.payment_methods.list(customer.id, {"allow_redisplay": "limited"}).data
    assert [one.id for one in listed] == [method.id]
    assert token(client).payment_method_preview.allow_redisplay == "unspecified"


def test_a_token_shows_which_card_it_is(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    card = token(client, "pm_card_amex").payment_method_preview.card
    method = saved(client, customer, "pm_card_amex").card
    assert (card.brand, card.last4, card.exp_month, card.exp_year) == (
        "amex",
        "0005",
        method.exp_month,
        method.exp_year,
    )
    assert card.fingerprint == method.fingerprint
    assert card.fingerprint != token(client).payment_method_preview.card.fingerprint


@pytest.mark.parametrize("off_session", [None, True])
def test_a_saved_card_pays_again_and_again(
    client: stripe.StripeClient, customer: stripe.Customer, off_session: bool | None
) -> None:
    method = saved(client, customer)
    for _ in range(2):
        intent = hold(client, method.id, customer=customer.id, off_session=off_session)
        assert (intent.status, intent.payment_method) == ("requires_capture", method.id)


def test_a_card_of_another_or_of_nobody_any_more(
    client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    other = client.v1.customers.create({})
    method = saved(client, customer)
    error = refused(lambda: hold(client, method.id, customer=other.id, off_session=True))
    assert (error.code, error.param) == ("resource_missing", "payment_method")
    assert "does not have a payment method with the ID" in error.user_message
    client.v1.payment_methods.detach(method.id)
    for given in ({"customer": customer.id}, {}):
        error = refused(lambda given=given: hold(client, method.id, **given))
        assert error.code == "payment_method_unexpected_state"
        assert "may not be used again" in error.user_message
    assert client.v1.payment_intents.list({"customer": customer.id}).data == []


def test_a_card_is_taken_off_and_its_holds_stay(
    client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    method = saved(client, customer)
    intent = hold(client, method.id, customer=customer.id)
    client.v1.payment_methods.detach(method.id)
    assert client.v1.customers.payment_methods.list(customer.id).data == []
    assert client.v1.payment_intents.capture(intent.id).status == "succeeded"
    assert client.v1.refunds.create({"payment_intent": intent.id}).status == "succeeded"


@pytest.mark.parametrize("reason", ["abandoned", "duplicate", "fraudulent", "requested_by_customer"])
def test_a_cancellation_says_why(client: stripe.StripeClient, reason: str) -> None:
    intent = hold(client)
    gone = client.v1.payment_intents.cancel(intent.id, {"cancellation_reason": reason})
    assert gone.cancellation_reason == reason


def test_only_stripe_itself_gives_other_reasons(client: stripe.StripeClient) -> None:
    intent = hold(client)
    error = refused(lambda: client.v1.payment_intents.cancel(intent.id, {"cancellation_reason": "automatic"}))
    assert error.param == "cancellation_reason"
    assert client.v1.payment_intents.retrieve(intent.id).status == "requires_capture"
