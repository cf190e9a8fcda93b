from pathlib import Path

import pytest
from django.conf import settings

from orders.states import TRANSITIONS, Status, TransitionNotAllowed, check_transition, diagram


@pytest.mark.parametrize("from_status", Status)
@pytest.mark.parametrize("to_status", Status)
def test_only_what_the_table_says_is_allowed(from_status, to_status):
    if to_status in TRANSITIONS[from_status]:
        check_transition(from_status, to_status)
    else:
        with pytest.raises(TransitionNotAllowed, match=f"{from_status} cannot become {to_status}"):
            check_transition(from_status, to_status)


def test_every_status_can_be_reached_from_the_cart():
    reached, waiting = {Status.CART}, [Status.CART]
    while waiting:
        for following in TRANSITIONS[waiting.pop()]:
            if following not in reached:
                reached.add(following)
                waiting.append(following)

    assert reached == set(Status)


def test_the_diagram_in_the_docs_is_the_table():
    page = (Path(settings.BASE_DIR) / "docs" / "order-states.md").read_text()

    assert f"```mermaid\n{diagram()}```" in page, "Run: python manage.py order_states"
