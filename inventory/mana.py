"""Mana costs. Pure."""

import re
from decimal import Decimal

_SYMBOL = re.compile(r"\{([^}]*)\}")


def symbols(mana_cost: str) -> list[str]:
    """The symbols of a cost, without their braces.

    >>> symbols("{2}{w/u} // {R}")
    ['2', 'W/U', 'R']
    """
    return [symbol.upper() for symbol in _SYMBOL.findall(mana_cost)]


def mana_value(mana_cost: str, *, layout: str = "normal") -> Decimal:
    """What a card with this cost counts as: the sum of its symbols, X as nothing.

    Of several costs, as in "{1}{R} // {1}{U}", a split card counts all and any other card the first.

    >>> mana_value("{X}{2}{U/P}"), mana_value("{2/W}{HW}"), mana_value("{1}{R} // {1}{U}", layout="split")
    (Decimal('3'), Decimal('2.5'), Decimal('4'))
    """
    costs = mana_cost.split(" // ")
    counted = costs if layout == "split" else costs[:1]
    return sum((_worth(symbol) for cost in counted for symbol in _SYMBOL.findall(cost)), Decimal(0))


def _worth(symbol: str) -> Decimal:
    if symbol in ("X", "Y", "Z"):
        return Decimal(0)
    number = symbol.split("/")[0]
    if number.isascii() and number.isdigit():
        return Decimal(number)
    return Decimal("0.5") if len(symbol) == 2 and symbol.startswith("H") else Decimal(1)
