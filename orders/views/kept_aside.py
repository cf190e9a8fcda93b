"""Lines of a quick add that could not be added: in the session until each is put right or left out."""

from typing import TypedDict

from django.http import HttpRequest

from inventory.deck_lists import UnknownLine

_KEPT_ASIDE = "quick_add_kept_aside"
MOST_KEPT = 1_000  # as many lines as a list has


class KeptLine(TypedDict):
    """A line as it can be written again. `number`: in its list, 0 where all of the list is meant."""

    key: int
    number: int
    text: str
    message: str
    nearest: list[str]


def kept_aside(request: HttpRequest) -> list[KeptLine]:
    return request.session.get(_KEPT_ASIDE, [])


def keep(request: HttpRequest, lines: list[KeptLine]) -> None:
    """Keeps lines, of which a new one has no key yet (0), behind those that are kept already."""
    known = kept_aside(request)
    following = max((line["key"] for line in known), default=0) + 1
    new: list[KeptLine] = [{**line, "key": following + index} for index, line in enumerate(lines)]
    request.session[_KEPT_ASIDE] = [*known, *new][-MOST_KEPT:]


def leave_out(request: HttpRequest, key: int | None = None) -> None:
    """One line is not wanted any more; without a key, none of them is."""
    left = [line for line in kept_aside(request) if key is not None and line["key"] != key]
    if left:
        request.session[_KEPT_ASIDE] = left
    else:
        request.session.pop(_KEPT_ASIDE, None)


def unknown_line(line: UnknownLine) -> KeptLine:
    problem = line.problem
    return {
        "key": 0,
        "number": problem.number,
        "text": problem.text,
        "message": problem.message,
        "nearest": list(line.nearest),
    }


def whole_list(text: str, message: str) -> KeptLine:
    return {"key": 0, "number": 0, "text": text, "message": message, "nearest": []}
