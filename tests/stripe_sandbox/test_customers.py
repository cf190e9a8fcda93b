"""Customers and the cards that are saved with them."""

import pytest
import stripe

from tests.stripe_sandbox.surroundings import hold


def test_a_customer_from_first_to_last(client: stripe.StripeClient) -> None:
    customers = client.v1.customers
    customer = customers.create({"email": "a@example.com", "name": "A", "metadata": {"user": "7"}})
    assert customers.retrieve(customer.id).metadata["user"] == "7"
    customer = customers.update(customer.id, {"name": "B", "metadata": {"user": "8"}})
    assert (customer.name, customer.email, customer.metadata["user"]) == ("B", "a@example.com", "8")
    updated = client.v1.events.list({"type": "customer.updated"}).data[0]
    assert updated.data.previous_attributes["name"] == "A"
    assert customers.delete(customer.id).deleted
    assert customers.retrieve(customer.id).deleted
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        hold(client, customer=customer.id)
    types = [event.type for event in client.v1.events.list().data]
    assert types == ["customer.deleted", "customer.updated", "customer.created"]


def test_an_address_that_is_none(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.customers.create({"email": "nobody"})
    assert (refused.value.code, refused.value.param) == ("email_invalid", "email")


def test_attach_list_detach(client: stripe.StripeClient) -> None:
    methods, customer = client.v1.payment_methods, client.v1.customers.create({})
    visa = methods.attach("pm_card_visa", {"customer": customer.id})
    mastercard = methods.attach("pm_card_mastercard", {"customer": customer.id})
    listed = client.v1.customers.payment_methods.list(customer.id)
    assert [method.id for method in listed.data] == [mastercard.id, visa.id]
    assert [
        method.id for method in methods.list({"customer": customer.id, "type": "card"}).auto_paging_iter()
    ] == [
        mastercard.id,
        visa.id,
    ]
    assert methods.detach(visa.id).customer is None
    assert len(client.v1.customers.payment_methods.list(customer.id).data) == 1
    with pytest.raises(stripe.InvalidRequestError) as refused:
        methods.attach(visa.id, {"customer": customer.id})
    assert refused.value.code == "payment_method_unexpected_state"


def test_a_bank_may_refuse_to_save(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({})
    with pytest.raises(stripe.CardError) as refused:
        client.v1.payment_methods.attach("pm_card_chargeDeclined", {"customer": customer.id})
    assert refused.value.code == "card_declined"
    saved = client.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer.id})
    with pytest.raises(stripe.CardError):
        hold(client, saved.id, customer=customer.id, off_session=True)


@pytest.mark.parametrize(("usage", "saved"), [("off_session", True), ("on_session", True), (None, False)])
def test_a_card_is_saved_where_that_was_asked_for(
    client: stripe.StripeClient, usage: str | None, saved: bool
) -> None:
    customer = client.v1.customers.create({})
    intent = hold(client, customer=customer.id, setup_future_usage=usage)
    method = client.v1.payment_methods.retrieve(intent.payment_method)
    assert (method.customer == customer.id) is saved
    if saved:
        assert hold(client, method.id, customer=customer.id, off_session=True).status == "requires_capture"
    else:
        with pytest.raises(stripe.InvalidRequestError, match="used again"):
            hold(client, method.id, customer=customer.id)


def test_a_card_of_another_customer(client: stripe.StripeClient) -> None:
    owner, other = client.v1.customers.create({}), client.v1.customers.create({})
    method = client.v1.payment_methods.attach("pm_card_visa", {"customer": owner.id})
    with pytest.raises(stripe.InvalidRequestError, match="does not have a payment method"):
        hold(client, method.id, customer=other.id)
    with pytest.raises(stripe.InvalidRequestError, match="provide the customer"):
        hold(client, method.id)


def test_the_same_card_has_the_same_fingerprint(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({})
    marks = [
        client.v1.payment_methods.attach(card, {"customer": customer.id}).card.fingerprint
        for card in ("pm_card_visa", "pm_card_visa", "pm_card_mastercard")
    ]
    assert marks[0] == marks[1] != marks[2]


def test_payment_methods_from_tokens_and_never_from_numbers(client: stripe.StripeClient) -> None:
    made = client.v1.payment_methods.create({"type": "card", "card": {"token": "tok_mastercard"}})
    assert (made.card.brand, made.card.last4) == ("mastercard", "4444")
    number = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2034, "cvc": "123"}
    with pytest.raises(stripe.StripeError, match="unsafe"):
        client.v1.payment_methods.create({"type": "card", "card": number})


def test_pages_of_a_list(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({})
    made = [client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id}).id for _ in range(5)][
        ::-1
    ]
    methods = client.v1.customers.payment_methods
    first = methods.list(customer.id, {"limit": 2})
    assert ([one.id for one in first.data], first.has_more) == (made[:2], True)
    assert [one.id for one in methods.list(customer.id, {"limit": 2}).auto_paging_iter()] == made
    before = methods.list(customer.id, {"limit": 2, "ending_before": made[3]})
    assert ([one.id for one in before.data], before.has_more) == (made[1:3], True)
    with pytest.raises(stripe.InvalidRequestError):
        methods.list(customer.id, {"limit": 101})
