"""The lines of the shop's address, however they are written into an environment."""

import pytest

from deckrental.shop_address import address_lines


@pytest.mark.parametrize(
    ("written", "lines"),
    [
        ("Desk Lane 1|12345 Town", ["Desk Lane 1", "12345 Town"]),
        (" Desk Lane 1 | | 12345 Town |", ["Desk Lane 1", "12345 Town"]),
        (r"Desk Lane 1\n12345 Town", ["Desk Lane 1", "12345 Town"]),
        ("Desk Lane 1\n12345 Town\n", ["Desk Lane 1", "12345 Town"]),
        ("Ünter den Linden 5, 10117 Berlin", ["Ünter den Linden 5, 10117 Berlin"]),
        ("", []),
        (" | ", []),
    ],
)
def test_an_address_is_read_line_by_line(written: str, lines: list[str]):
    assert address_lines(written) == lines
