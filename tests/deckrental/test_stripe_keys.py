"""A wrong key stops the start, not the first payment."""

import os
import subprocess
import sys

import pytest
from django.conf import settings as django_settings

from deckrental.stripe_keys import check_stripe_settings

EMPTY = {"test": {"publishable": "", "secret": ""}, "live": {"publishable": "", "secret": ""}}
RIGHT = {
    "test": {"publishable": "pk_test_1", "secret": "sk_test_1"},
    "live": {"publishable": "pk_live_1", "secret": "sk_live_1"},
}


def keys(mode: str, kind: str, key: str) -> dict:
    return {**RIGHT, mode: {**RIGHT[mode], kind: key}}


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("given", [EMPTY, RIGHT], ids=["no keys", "right keys"])
def test_right_keys_and_none_at_all_are_fine(given, debug):
    check_stripe_settings(debug=debug, keys=given, api_base="")


@pytest.mark.parametrize("mode", ["test", "live"])
def test_a_restricted_key_is_a_secret_key(mode):
    check_stripe_settings(debug=True, keys=keys(mode, "secret", f"rk_{mode}_1"), api_base="")


@pytest.mark.parametrize(
    ("mode", "kind", "key"),
    [
        pytest.param("test", "publishable", "pk_live_1", id="live publishable as test"),
        pytest.param("test", "secret", "sk_live_1", id="live secret as test"),
        pytest.param("test", "secret", "rk_live_1", id="live restricted as test"),
        pytest.param("live", "publishable", "pk_test_1", id="test publishable as live"),
        pytest.param("live", "secret", "sk_test_1", id="test secret as live"),
        pytest.param("test", "publishable", "sk_test_1", id="secret where everybody can read it"),
        pytest.param("live", "publishable", "sk_live_1", id="live secret where everybody can read it"),
        pytest.param("test", "secret", "pk_test_1", id="publishable as secret"),
        pytest.param("test", "secret", "whsec_1", id="webhook secret as secret"),
        pytest.param("live", "secret", " sk_live_1", id="pasted with a space"),
        pytest.param("live", "secret", "nonsense", id="nonsense"),
    ],
)
@pytest.mark.parametrize("debug", [True, False])
def test_a_key_in_the_wrong_place_names_the_variable_but_not_the_key(mode, kind, key, debug):
    with pytest.raises(
        ValueError, match=f"STRIPE_{mode.upper()}_{kind.upper()}_KEY must begin with"
    ) as caught:
        check_stripe_settings(debug=debug, keys=keys(mode, kind, key), api_base="")

    assert f"put a {mode}-mode {kind} key there" in str(caught.value)
    assert key not in str(caught.value)


def test_a_stand_in_gets_the_test_keys():
    check_stripe_settings(debug=True, keys=RIGHT, api_base="http://127.0.0.1:12111")


@pytest.mark.parametrize("given", [RIGHT, EMPTY], ids=["live keys", "no keys"])
def test_a_stand_in_never_sees_live_keys(given):
    with pytest.raises(ValueError, match="STRIPE_API_BASE names a stand-in"):
        check_stripe_settings(debug=False, keys=given, api_base="http://127.0.0.1:12111")


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        (
            {"STRIPE_LIVE_SECRET_KEY": "sk_test_1"},
            "STRIPE_LIVE_SECRET_KEY must begin with sk_live_ or rk_live_",
        ),
        ({"STRIPE_API_BASE": "http://127.0.0.1:1", "STRIPE_DEBUG": "false"}, "unset STRIPE_API_BASE"),
    ],
    ids=["wrong mode", "stand-in with live keys"],
)
def test_the_site_does_not_start_with_it_and_says_why(environment, words):
    started = subprocess.run(
        [sys.executable, "-c", "import django; django.setup()"],
        cwd=django_settings.BASE_DIR,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("STRIPE_")},
            "DJANGO_SETTINGS_MODULE": "deckrental.settings",
            # Nothing is connected to: the settings are read, and that is all.
            "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
            "REDIS_URL": "redis://127.0.0.1:1/0",
            "SECRET_KEY": "x" * 50,
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert started.returncode != 0
    assert "ImproperlyConfigured" in started.stderr.splitlines()[-1]
    assert words in started.stderr.splitlines()[-1]
