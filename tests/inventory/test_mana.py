from decimal import Decimal

import pytest

from inventory.mana import mana_value


@pytest.mark.parametrize(
    ("mana_cost", "layout", "expected"),
    [
        ("", "normal", "0"),
        ("{0}", "normal", "0"),
        ("{15}", "normal", "15"),
        ("{X}{X}{W}{W}{W}", "normal", "3"),
        ("{1}{B/P}{B/P}", "normal", "3"),
        ("{2/W}{2/U}", "normal", "4"),
        ("{HW}", "normal", "0.5"),
        ("{1000000}", "normal", "1000000"),
        ("{1}{R} // {1}{U}", "split", "4"),
        ("{1}{U}{U} // {1}{U}", "adventure", "3"),
        ("{C}{S}", "normal", "2"),
    ],
)
def test_the_mana_value_of_a_cost(mana_cost: str, layout: str, expected: str) -> None:
    assert mana_value(mana_cost, layout=layout) == Decimal(expected)
