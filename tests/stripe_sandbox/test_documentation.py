"""docs/stripe-sandbox.md says what the code says."""

import re
from pathlib import Path

import pytest

from stripe_sandbox.cards import TEST_CARDS
from stripe_sandbox.config import ENVIRONMENT_PREFIX, parse_config
from stripe_sandbox.control import LEVERS
from stripe_sandbox.faults import OF_EVENTS, Kind
from stripe_sandbox.intent_states import as_mermaid
from stripe_sandbox.resources import ROUTES

PAGE = (Path(__file__).parents[2] / "docs" / "stripe-sandbox.md").read_text()


def test_the_diagram_is_the_table() -> None:
    assert f"```mermaid\n{as_mermaid()}\n```" in PAGE


def test_every_call_is_listed_and_no_other() -> None:
    listed = set(re.findall(r"^\| `((?:GET|POST|DELETE) /\S+)` \| (yes)? *\|$", PAGE, re.M))
    calls = {f"{route.method} {route.path}".replace("<", "{").replace(">", "}"): route for route in ROUTES}
    assert listed == {(call, "yes" if route.open_to_browsers else "") for call, route in calls.items()}


def test_every_lever_is_listed_and_no_other() -> None:
    listed = re.findall(r"^\| `((?:GET|POST|DELETE) /_sandbox\S+)` \|", PAGE, re.M)
    levers = [f"{lever.method} {lever.path}".replace("<", "{").replace(">", "}") for lever in LEVERS]
    assert sorted(listed) == sorted(levers)


def test_every_kind_of_fault_is_listed_and_no_other() -> None:
    listed = re.findall(r"^\| `([a-z0-9_]+)` \| (request|delivery) \|", PAGE, re.M)
    assert sorted(listed) == sorted((kind, "delivery" if kind in OF_EVENTS else "request") for kind in Kind)


def test_every_card_is_listed() -> None:
    for card in TEST_CARDS:
        assert f"| {card.shown_number} | `pm_card_{card.name}` | {card.what} |" in PAGE


def test_every_option_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_config(["--help"], {})
    options = set(re.findall(r"--([a-z-]+)", capsys.readouterr().out)) - {"help"}
    assert options
    for option in options:
        name = ENVIRONMENT_PREFIX + option.upper().replace("-", "_")
        assert f"| `--{option}` | `{name}` |" in PAGE
