"""`make stripe-smoke` runs against the stand-in, too, so that it works when somebody has keys."""

import os
import subprocess
import sys
from io import StringIO

import pytest
from django.conf import settings as site
from django.core.management import CommandError, call_command

from orders import stripe_gateway as gateway
from orders import stripe_smoke
from orders.models import PaymentStatus
from tests.sandbox import Sandbox


def smoke(*arguments: str) -> str:
    out = StringIO()
    call_command("stripe_smoke", *arguments, stdout=out)
    return out.getvalue()


def test_the_life_runs_against_the_stand_in_and_leaves_nothing_held(sandbox):
    sandbox.control("POST", "/reset")

    told = smoke("--stand-in")

    steps = [line for line in told.splitlines() if line.startswith("ok ")]
    statuses = {intent.status for intent in sandbox.client.v1.payment_intents.list({"limit": 100}).data}
    assert f"Stripe does what we believe: {len(steps)} steps." in told
    assert len(steps) == 12
    assert statuses == {"succeeded", "canceled"}
    assert "customer is deleted" in told


def test_where_stripe_does_something_else_it_fails_and_cleans_up(sandbox, monkeypatch):
    sandbox.control("POST", "/reset")
    monkeypatch.setattr(stripe_smoke, "TAKEN_CENTS", stripe_smoke.HELD_CENTS + 1)

    with pytest.raises(CommandError, match="FAILED"):
        smoke("--stand-in")

    [intent] = sandbox.client.v1.payment_intents.list({"limit": 100}).data
    assert intent.status == "canceled"


def test_a_belief_that_is_wrong_is_named(sandbox, monkeypatch):
    retrieve = gateway.retrieve

    def not_held(intent_id):
        found = retrieve(intent_id)
        object.__setattr__(found, "status", PaymentStatus.PROCESSING)
        return found

    monkeypatch.setattr(gateway, "retrieve", not_held)

    with pytest.raises(CommandError, match="the hold is processing"):
        smoke("--stand-in")


def test_the_stand_in_is_not_taken_for_stripe(sandbox):
    assert smoke().startswith("NOT RUN: STRIPE_API_BASE names a stand-in")


def test_without_a_key_it_says_that_it_was_not_run(settings):
    settings.STRIPE_API_KEYS = {"test": {"publishable": "", "secret": ""}}
    settings.STRIPE_DEBUG, settings.STRIPE_API_BASE = True, ""

    assert smoke().startswith("NOT RUN: no test key of Stripe is given.")


@pytest.mark.parametrize(("debug", "key"), [(False, "sk_test_1"), (True, "sk_live_1"), (True, "rk_live_1")])
def test_live_keys_are_refused(sandbox: Sandbox, settings, monkeypatch, debug, key):
    settings.STRIPE_API_KEYS = {"test": {"publishable": "", "secret": key}}
    settings.STRIPE_DEBUG, settings.STRIPE_API_BASE = debug, ""
    monkeypatch.setattr(gateway, "_client", None)

    with pytest.raises(CommandError, match="FAILED"):
        smoke()


def test_make_needs_no_server_to_say_that_there_is_no_key():
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STRIPE_")}
    nowhere = {"DATABASE_URL": "postgres://none@127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1/0"}

    done = subprocess.run(
        [sys.executable, "manage.py", "stripe_smoke"],
        cwd=site.BASE_DIR,
        env={**kept, **nowhere, "SECRET_KEY": "none"},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("NOT RUN")
