"""Requests are held against the types of the installed library."""

import pytest

from stripe_sandbox.errors import InvalidRequestError
from stripe_sandbox.form import parse_form
from stripe_sandbox.parameters import accepts, adapter, check
from stripe_sandbox.resources import ROUTES

CREATE = accepts(
    "_payment_intent_create_params:PaymentIntentCreateParams",
    "amount currency confirm off_session capture_method metadata shipping automatic_payment_methods "
    "payment_method_options.card.request_three_d_secure",
)
MODIFY = accepts(
    "_payment_intent_modify_params:PaymentIntentModifyParams", "amount metadata setup_future_usage"
)


def test_text_becomes_what_the_type_says() -> None:
    given = "amount=1250&currency=usd&confirm=true&off_session=recurring&metadata[a]=1&expand[]=latest_charge"
    assert check(parse_form(given), CREATE) == {
        "amount": 1250,
        "currency": "usd",
        "confirm": True,
        "off_session": "recurring",
        "metadata": {"a": "1"},
        "expand": ["latest_charge"],
    }


@pytest.mark.parametrize(
    ("given", "code", "param"),
    [
        ("currency=usd", "parameter_missing", "amount"),
        ("amount=1&currency=usd&amonut=2", "parameter_unknown", "amonut"),
        ("amount=1&currency=usd&payment_method_types[]=card", "parameter_unknown", "payment_method_types"),
        ("amount=1&currency=usd&idempotency_key=x", "parameter_unknown", "idempotency_key"),
        ("amount=12.5&currency=usd", "parameter_invalid_integer", "amount"),
        ("amount=1_000&currency=usd", "parameter_invalid_integer", "amount"),
        ("amount=1&currency=", "parameter_invalid_empty", "currency"),
        ("amount=1&currency=usd&confirm=yes", None, "confirm"),
        ("amount=1&currency=usd&capture_method=later", None, "capture_method"),
        ("amount=1&currency=usd&metadata=x", None, "metadata"),
        ("amount=1&currency=usd&expand=latest_charge", None, "expand"),
        ("amount=1&currency=usd&shipping[name]=A", "parameter_missing", "shipping[address]"),
        (
            "amount=1&currency=usd&payment_method_options[card][nonsense]=1",
            "parameter_unknown",
            "payment_method_options[card][nonsense]",
        ),
        ("amount=1&currency=usd&transfer_group=x", "parameter_not_simulated", "transfer_group"),
        (
            "amount=1&currency=usd&payment_method_options[card][moto]=true",
            "parameter_not_simulated",
            "payment_method_options[card][moto]",
        ),
    ],
)
def test_what_is_wrong_is_named(given: str, code: str | None, param: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        check(parse_form(given), CREATE)
    assert (refused.value.code, refused.value.param) == (code, param)


def test_an_enumeration_names_its_values() -> None:
    with pytest.raises(InvalidRequestError, match="must be one of automatic, automatic_async or manual"):
        check(parse_form("amount=1&currency=usd&capture_method=later"), CREATE)


def test_empty_unsets_only_where_that_is_possible() -> None:
    assert check(parse_form("metadata=&setup_future_usage="), MODIFY) == {
        "metadata": "",
        "setup_future_usage": "",
    }
    with pytest.raises(InvalidRequestError, match="cannot be unset"):
        check(parse_form("amount="), MODIFY)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_route_acts_on_parameters_that_the_library_knows(route) -> None:
    types = adapter(route.accepts.params).json_schema()["properties"]
    unknown = {path.split(".")[0] for path in route.accepts.acted_on} - set(types) - {"expand"}
    assert unknown == set()
