"""The shop's address, as it is written in one line of an environment. Pure."""

import re


def address_lines(written: str) -> list[str]:
    """Its lines, which `|`, or a line break that is written out or real, stands between.

    >>> address_lines("Desk Lane 1 | 12345 Town")
    ['Desk Lane 1', '12345 Town']
    """
    lines = (line.strip() for line in re.split(r"\||\\n|\n", written))
    return [line for line in lines if line]
