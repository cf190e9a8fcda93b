"""Other accounts to sign in with: offered where the environment has both keys."""

import pytest

from deckrental.csp import content_security_policy
from deckrental.sign_in_providers import configured_providers

GOOGLE = {"GOOGLE_CLIENT_ID": "id", "GOOGLE_CLIENT_SECRET": "secret"}
DISCORD = {"DISCORD_CLIENT_ID": "id", "DISCORD_CLIENT_SECRET": "secret"}


def test_without_keys_nobody_is_offered():
    assert configured_providers({}) == {}


@pytest.mark.parametrize(
    ("environment", "ids"),
    [(GOOGLE, ["google"]), (DISCORD, ["discord"]), (GOOGLE | DISCORD, ["google", "discord"])],
)
def test_who_has_both_keys_is_offered(environment, ids):
    configured = configured_providers(environment)

    assert [provider.id for provider in configured] == ids
    assert all(keys["APPS"] == [{"client_id": "id", "secret": "secret"}] for keys in configured.values())


@pytest.mark.parametrize("given", [*GOOGLE, *DISCORD])
@pytest.mark.parametrize("empty", [{}, dict.fromkeys([*GOOGLE, *DISCORD], " ")])
def test_half_a_pair_is_an_error_that_names_the_other_half(given, empty):
    other = given.replace("_ID", "_X").replace("_SECRET", "_ID").replace("_X", "_SECRET")

    with pytest.raises(ValueError, match=f"{given} is set and {other} is not"):
        configured_providers({**empty, given: "x"})


def test_the_browser_may_go_on_to_those_who_are_offered_and_to_nobody_else():
    origins = [provider.origin for provider in configured_providers(GOOGLE)]

    allowed = content_security_policy(stripe_api_base="", sign_in_at=origins)["DIRECTIVES"]["form-action"]

    assert allowed == ["'self'", "https://accounts.google.com"]
