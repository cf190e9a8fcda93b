"""Lines of a quick add that could not be added: in the session until each is put right or left out."""

import re
from typing import TypedDict

from django.http import HttpRequest

from inventory.deck_lists import UnknownLine

_KEPT_ASIDE = "quick_add_kept_aside"
_LAST_KEY = "quick_add_last_key"
MOST_KEPT = 1_000  # as many lines as a list has
MOST_FORMS = 20  # of these the builder shows; the others are put right as a list


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
    # No key is used twice: an old page would mean another line by it.
    last = request.session.get(_LAST_KEY) or max((line["key"] for line in known), default=0)
    new: list[KeptLine] = [{**line, "key": key} for key, line in enumerate(lines, last + 1)]
    request.session[_LAST_KEY] = last + len(new)
    request.session[_KEPT_ASIDE] = [*known, *new][-MOST_KEPT:]


def leave_out(request: HttpRequest, key: int | None = None) -> None:
    """One line is not wanted any more; without a key, none of them is."""
    _keep_only(request, [line for line in kept_aside(request) if key is not None and line["key"] != key])


def as_list(request: HttpRequest) -> tuple[str, str]:
    """The lines that have no form, as one list, and a mark by which they are known once it has been added."""
    more = kept_aside(request)[MOST_FORMS:]
    if not more:
        return "", ""
    return "\n".join(line["text"] for line in more), f"{more[0]['key']}-{more[-1]['key']}"


def leave_out_marked(request: HttpRequest, mark: str) -> None:
    """They went into the cart with a list, or were left out of it."""
    if found := re.fullmatch(r"([0-9]{1,9})-([0-9]{1,9})", mark):
        first, last = map(int, found.groups())
        _keep_only(request, [line for line in kept_aside(request) if not first <= line["key"] <= last])


def _keep_only(request: HttpRequest, left: list[KeptLine]) -> None:
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
