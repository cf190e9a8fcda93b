"""docs/graphql.md and docs/schema.graphql say what is so: the examples are run as they stand there."""

import json
import re
import shlex
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from django.conf import settings

from deckrental.graphql.errors import CODES
from deckrental.graphql.schema import schema
from tests.factories import TODAY, PickupFactory, UserFactory, stocked_card

DOCS = Path(settings.BASE_DIR) / "docs"
PAGE = (DOCS / "graphql.md").read_text()
EXAMPLES = re.findall(r"```sh\n(.*?)```\n```json\n(.*?)```", PAGE, re.DOTALL)
MADE_UP = re.compile(r"(Customer|Guest)Cart\w+|(Laptop|Smartphone)Token")  # what is another on every site


def days_from(today: date) -> dict[str, str]:
    """For each day of the examples one that can be rented."""
    return {f"2026-12-{7 + later:02}": (today + timedelta(days=10 + later)).isoformat() for later in range(3)}


def test_the_schema_in_the_docs_is_the_schema():
    assert (DOCS / "schema.graphql").read_text() == f"{schema.as_str()}\n", "Run: manage.py graphql_schema"


def test_the_docs_explain_every_code_and_no_other():
    explained = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)*)`", PAGE.split("## Errors")[1].split("## Limits")[0]))
    assert explained - {"POST"} == CODES


def sent_by(command: str, site: str) -> requests.Response:
    """Does what curl does with these arguments."""
    curl, url, *options = shlex.split(command)
    assert curl == "curl"
    headers, body = {}, None
    for option, value in zip(options[::2], options[1::2], strict=True):
        if option == "-H":
            name, _, text = value.partition(": ")
            headers[name] = text
        else:
            assert option == "-d"
            body = value
    return requests.post(url.replace("http://127.0.0.1:8000", site), headers=headers, data=body, timeout=30)


def learn(documented: Any, answered: Any, known: dict[str, str]) -> None:
    """Which made-up id of the docs is which real one: those that stand at the same place."""
    if isinstance(documented, dict) and isinstance(answered, dict):
        for name in documented:
            learn(documented[name], answered.get(name), known)
    elif isinstance(documented, str) and isinstance(answered, str) and MADE_UP.fullmatch(documented):
        known.setdefault(documented, answered)


def with_known(text: str, known: dict[str, str]) -> str:
    """All at once: what one is replaced by may be the name of another."""
    return re.sub("|".join(map(re.escape, known)), lambda found: known[found[0]], text)


def test_the_days_of_the_examples_are_replaced_whatever_day_it_is():
    for later in range(400):
        known = days_from(date(2026, 6, 1) + timedelta(days=later))
        assert with_known(" ".join(known), known) == " ".join(known.values())


def as_documented(answer: Any) -> Any:
    """Without places in the query, which the docs leave out."""
    for error in answer.get("errors", ()):
        error.pop("locations", None)
        error.pop("path", None)
    return answer


@pytest.mark.django_db(transaction=True)
def test_the_examples_answer_what_the_docs_say(live_server):
    UserFactory(email="player@example.org")
    PickupFactory()
    for name in ("Lightning Bolt", "Counterspell"):
        stocked_card(4, name=name)
    known = days_from(TODAY)
    for command, documented in EXAMPLES:
        answer = as_documented(sent_by(with_known(command, known), live_server.url).json())
        learn(json.loads(documented), answer, known)
        assert answer == json.loads(with_known(documented, known)), command
    assert len(EXAMPLES) == PAGE.count("```sh") > 10
    assert len(set(known.values())) == len(known)
