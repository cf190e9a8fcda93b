"""What the library says is always there, is there: its own classes are the checklist."""

from types import NoneType, UnionType
from typing import Any, ClassVar, Union, get_args, get_origin

import pytest
import stripe

from stripe_sandbox.server import RunningSandbox
from tests.stripe_sandbox.surroundings import RETURN_URL, Clock, answer_bank, hold

ELSEWHERE = {"deleted"}


def missing(shown: Any, kind: type, path: str = "") -> list[str]:
    """Attributes that `kind` does not call optional and that `shown` lacks, in nested objects as well."""
    lacking = []
    for name, annotation in kind.__annotations__.items():
        if name.startswith("_") or name in ELSEWHERE or get_origin(annotation) is ClassVar:
            continue
        union = get_origin(annotation) in (Union, UnionType)
        members = get_args(annotation) if union else (annotation,)
        if not hasattr(shown, name):
            if NoneType not in members:
                lacking.append(path + name)
            continue
        value = getattr(shown, name)
        if value is None and NoneType not in members:
            lacking.append(f"{path}{name} is None")
        inner = next(
            (one for one in members if isinstance(one, type) and issubclass(one, stripe.StripeObject)), None
        )
        if inner is not None and isinstance(value, stripe.StripeObject) and get_origin(inner) is None:
            lacking += missing(value, inner, f"{path}{name}.")
    return lacking


@pytest.fixture
def everything(
    client: stripe.StripeClient, sandbox: RunningSandbox, clock: Clock
) -> list[stripe.StripeObject]:
    customer = client.v1.customers.create({"email": "a@example.com"})
    token = client.v1.test_helpers.confirmation_tokens.create({"payment_method": "pm_card_visa"})
    held = hold(
        client,
        customer=customer.id,
        setup_future_usage="off_session",
        expand=["latest_charge", "payment_method"],
    )
    challenged = hold(client, "pm_card_threeDSecure2Required")
    authenticated = hold(client, "pm_card_threeDSecure2Required", use_stripe_sdk=True)
    answer_bank(authenticated, "complete", sandbox.url)
    with pytest.raises(stripe.CardError) as declined:
        hold(client, "pm_card_chargeDeclined")
    failed = client.v1.payment_intents.retrieve(
        declined.value.error.payment_intent.id, {"expand": ["latest_charge"]}
    )
    after = client.v1.payment_intents.retrieve(authenticated.id, {"expand": ["latest_charge"]})
    partly = client.v1.payment_intents.capture(
        held.id, {"amount_to_capture": 100, "expand": ["latest_charge"]}
    )
    canceled = client.v1.payment_intents.cancel(challenged.id)
    paid = hold(client, "pm_card_refundFail", capture_method=None)
    refund = client.v1.refunds.create({"payment_intent": paid.id})
    slow = hold(client, "pm_card_pendingRefund", capture_method=None)
    pending = client.v1.refunds.create({"payment_intent": slow.id})
    clock.advance(hours=1)
    refunds = [refund, pending, *client.v1.refunds.list().data]
    hold(client, "pm_card_createDispute", capture_method=None)
    (dispute,) = client.v1.disputes.list().data
    won = client.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": "winning_evidence"}})
    refunded = client.v1.payment_intents.retrieve(paid.id, {"expand": ["latest_charge.refunds"]})
    event = client.v1.events.list().data[0]
    intents = [held, challenged, authenticated, failed, after, partly, canceled, refunded]
    charges = [
        one.latest_charge for one in intents if one.latest_charge and not isinstance(one.latest_charge, str)
    ]
    return [customer, token, held.payment_method, event, *intents, *charges, *refunds, dispute, won]


def test_every_object_is_complete(everything: list[stripe.StripeObject]) -> None:
    kinds = {type(shown).__name__ for shown in everything}
    assert kinds == {
        "Charge",
        "ConfirmationToken",
        "Customer",
        "Dispute",
        "Event",
        "PaymentIntent",
        "PaymentMethod",
        "Refund",
    }
    lacking = {
        f"{type(shown).__name__}.{name}" for shown in everything for name in missing(shown, type(shown))
    }
    assert lacking == set()


def test_nothing_is_invented(everything: list[stripe.StripeObject]) -> None:
    """Every attribute that is sent is one that the library knows."""
    for shown in everything:
        unknown = set(shown.to_dict()) - set(type(shown).__annotations__)
        assert unknown == set(), type(shown).__name__


def test_nothing_is_live(everything: list[stripe.StripeObject]) -> None:
    assert not any(getattr(shown, "livemode", False) for shown in everything)


@pytest.mark.parametrize(
    "path", ["charge", "latest_charge.nothing", "latest_charge.refunds.nothing", "latest_charge.refunds.data"]
)
@pytest.mark.parametrize("confirm", [True, False], ids=["with a charge", "without a charge"])
def test_what_cannot_be_expanded_is_refused(client: stripe.StripeClient, path: str, confirm: bool) -> None:
    intent = hold(client, confirm=confirm, return_url=RETURN_URL if confirm else None)
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded") as refused:
        client.v1.payment_intents.retrieve(intent.id, {"expand": [path]})
    assert refused.value.http_status == 400


@pytest.mark.parametrize("path", ["latest_charge.refunds", "latest_charge.refunds.data.payment_intent"])
def test_what_could_be_expanded_is_not_refused(client: stripe.StripeClient, path: str) -> None:
    intent = hold(client, confirm=False, return_url=None)
    assert client.v1.payment_intents.retrieve(intent.id, {"expand": [path]}).latest_charge is None


def test_objects_are_refreshed_and_expanded(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({})
    intent = hold(client, customer=customer.id)
    seen = client.v1.payment_intents.retrieve(
        intent.id, {"expand": ["latest_charge.payment_intent", "customer", "payment_method"]}
    )
    assert seen.customer.id == customer.id
    assert seen.latest_charge.payment_intent.id == intent.id
    assert seen.payment_method.card.last4 == "4242"
    listed = client.v1.charges.list({"customer": customer.id, "expand": ["data.payment_intent"]})
    assert listed.data[0].payment_intent.status == "requires_capture"
