"""The page for people: what was paid, and what went back."""

import re

import requests
import stripe

from stripe_sandbox.server import RunningSandbox
from tests.stripe_sandbox.surroundings import hold


def rows_of(sandbox: RunningSandbox) -> dict[str, str]:
    """The text of each intent's row."""
    page = requests.get(f"{sandbox.url}/dashboard", timeout=10).text
    texts = [re.sub(r"<[^>]+>", " ", row) for row in re.findall(r"<tr>(.*?)</tr>", page, re.S)]
    return {found[0]: " ".join(text.split()) for text in texts if (found := re.search(r"pi_\w+", text))}


def test_refunds_and_disputes_stand_beside_their_payment(
    client: stripe.StripeClient, sandbox: RunningSandbox
) -> None:
    slow = hold(client, "pm_card_pendingRefund", capture_method=None)
    client.v1.refunds.create({"payment_intent": slow.id, "amount": 300})
    disputed = hold(client, "pm_card_createDispute", capture_method=None)
    plain = hold(client)
    rows = rows_of(sandbox)
    assert "3.00 USD refund pending" in rows[slow.id]
    assert "12.50 USD dispute needs_response" in rows[disputed.id]
    assert not re.search("USD (refund|dispute)", rows[plain.id])
