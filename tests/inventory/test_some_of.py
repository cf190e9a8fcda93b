"""A few of many names."""

import pytest

from inventory.some_of import some_of


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], ""),
        (["Island"], "Island"),
        (["Island", "Forest"], "Island, Forest"),
        (["Island", "Forest", "Swamp"], "Island, Forest and 1 more"),
        (["Island", "Forest", "Swamp", "Plains"], "Island, Forest and 2 more"),
    ],
)
def test_of_many_names_the_first_are_said_and_how_many_more_there_are(names, said):
    assert some_of(names, 2) == said


def test_unless_told_it_names_eight():
    letters = "abcdefghi"

    assert some_of(letters[:8]) == "a, b, c, d, e, f, g, h"
    assert some_of(letters) == "a, b, c, d, e, f, g, h and 1 more"


def test_names_may_come_one_by_one():
    assert some_of((name for name in "abc"), 1) == "a and 2 more"
