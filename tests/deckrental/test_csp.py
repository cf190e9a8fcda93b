"""The policy that keeps scripts and styles of others out: it stands on every answer and has no way around it."""

import pytest
from django.conf import settings

from deckrental.csp import content_security_policy
from tests.factories import StaffFactory, stocked_card


def directives(header: str) -> dict[str, list[str]]:
    return {name: sources for name, *sources in (part.split() for part in header.split(";") if part.strip())}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address", ["/", "/cards/", "/cards/names/?q=bo", "/cart/", "/accounts/login/", "/nowhere/", "/staff/"]
)
def test_every_answer_has_a_policy_without_a_way_around_it(client, address: str):
    stocked_card(1)
    client.force_login(StaffFactory())

    policy = directives(client.get(address, follow=True).headers["Content-Security-Policy"])

    assert not [
        source for sources in policy.values() for source in sources if "unsafe" in source or source == "*"
    ]
    assert policy["default-src"] == ["'none'"]
    assert policy["style-src"] == ["'self'"]
    assert policy["font-src"] == ["'self'"]
    assert {"object-src", "script-src-elem", "script-src-attr", "style-src-attr"}.isdisjoint(policy)


def test_only_stripe_may_be_asked_besides_the_site_itself():
    policy = content_security_policy(stripe_api_base="")["DIRECTIVES"]
    asked = {source for name, sources in policy.items() if name != "img-src" for source in sources}
    assert {source for source in asked if source.startswith("http")} == {
        "https://js.stripe.com",
        "https://api.stripe.com",
        "https://hooks.stripe.com",
    }
    assert settings.CONTENT_SECURITY_POLICY["DIRECTIVES"].keys() == policy.keys()
