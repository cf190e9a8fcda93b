"""A few of many names, for a message that must not become a page."""

from collections.abc import Iterable

MOST_NAMED = 8


def some_of(names: Iterable[str], most: int = MOST_NAMED) -> str:
    """The first `most` names, and how many more there are: “Forest, Island and 3 more”."""
    names = list(names)
    listed = ", ".join(names[:most])
    return f"{listed} and {len(names) - most} more" if len(names) > most else listed
