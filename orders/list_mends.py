"""What a customer says about lines of a list that were not understood: which card was meant, or that they stay out.

A mend is tied to the number and the words of its line. It travels in the page that shows the list, and is looked up
again at every step.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from inventory.deck_lists import ReadLine, ReadList, UnknownLine, resolve
from inventory.decklist import DeckLine, DeckList, Problem, check_quantity, parse
from orders.list_forms import ListError

MOST_ROWS = (
    100  # lines that can be mended at once: each has fields of its own, and a form has at most a thousand
)
MOST_MENDS = 2_000
LONGEST = 300  # characters of a line that is to be mended; what is longer is no line with a card
LEAVE_OUT = "leave"
NAMED = "card:"  # goes before a name that was picked: a card could be called as what leaves a line out

_CHANGED = "What was chosen for the lines below did not come back whole, and is to be chosen again."

LineOfList = tuple[int, str]  # number and words: which line it is


@dataclass(frozen=True, slots=True)
class Mend:
    """The card that a line means, as it was picked or typed; no name at all leaves the line out."""

    line: LineOfList
    name: str = ""
    copies: str = ""


@dataclass(frozen=True, slots=True)
class OpenLine:
    """A line that is not understood yet.

    `copies`: what it asks for, None where it does not say so sensibly. `typed` and `typed_copies` stand in its fields.
    """

    problem: Problem
    nearest: tuple[str, ...]
    copies: int | None
    message: str
    typed: str = ""
    typed_copies: str = ""

    @property
    def mendable(self) -> bool:
        """Whether it can be one card at all: a rest that was not read, or a line without end, cannot."""
        return 0 < len(self.problem.text) <= LONGEST and "\n" not in self.problem.text

    @property
    def shown(self) -> str:
        """Its words, as far as a page can show them."""
        first = self.problem.text.partition("\n")[0]
        return first if len(first) <= 120 else f"{first[:120]}…"

    @property
    def key(self) -> str:
        return json.dumps(line_of(self.problem))


@dataclass(frozen=True, slots=True)
class MendedLine:
    """A line that names a card, and the mend that makes it do so where it took one."""

    read: ReadLine
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Mended:
    """A list after its mends: what is understood, what is not yet, and what is left out on purpose."""

    lines: tuple[MendedLine, ...]
    open: tuple[OpenLine, ...]
    left: tuple[Problem, ...]


def line_of(problem: Problem) -> LineOfList:
    return problem.number, problem.text[:LONGEST]


# --- from and to the page ---------------------------------------------------------------------------------


def mends_in(form: Mapping[str, str]) -> dict[LineOfList, Mend]:
    """The mends that a form carries, and those of its rows; `undo` is the line whose mend is taken back.

    Raises ListError where the form is not as it was sent out.
    """
    try:
        mends = {mend.line: mend for mend in map(_mend, _listed(form.get("mends", "[]"), most=MOST_MENDS))}
        for row in range(MOST_ROWS):
            if f"line-{row}" in form:
                line = _line(_listed(form[f"line-{row}"], most=2))
                mends.pop(line, None)
                if mend := _of_row(form, row, line):
                    mends[line] = mend
        if "undo" in form:
            mends.pop(_line(_listed(form["undo"], most=2)), None)
    except (ValueError, RecursionError):
        raise ListError(_CHANGED) from None
    return mends


def written(mends: Iterable[Mend]) -> str:
    """For the page: what `mends_in` reads again."""
    return json.dumps([[*mend.line, mend.name, mend.copies] for mend in mends])


def _listed(text: str, *, most: int) -> list[object]:
    listed = json.loads(text)
    if not isinstance(listed, list) or len(listed) > most:
        raise ValueError
    return listed


def _line(listed: list[object]) -> LineOfList:
    match listed:
        case [int(number), str(text)] if len(text) <= LONGEST:
            text.encode()  # half a surrogate pair, which no page can show, is a ValueError
            return number, text
    raise ValueError


def _mend(listed: object) -> Mend:
    match listed:
        case [number, text, str(name), str(copies)] if len(name) <= LONGEST and len(copies) <= LONGEST:
            (name + copies).encode()
            return Mend(_line([number, text]), name, copies)
    raise ValueError


def _of_row(form: Mapping[str, str], row: int, line: LineOfList) -> Mend | None:
    """What was typed goes before what was picked; nothing of both leaves the line open."""
    picked, copies = form.get(f"as-{row}", ""), form.get(f"copies-{row}", "").strip()[:LONGEST]
    if typed := " ".join(form.get(f"name-{row}", "").replace("\x00", " ").split())[:LONGEST]:
        return Mend(line, typed, copies)
    if picked == LEAVE_OUT:
        return Mend(line)
    if picked.startswith(NAMED) and (name := picked.removeprefix(NAMED)[:LONGEST].strip()):
        return Mend(line, name, copies)
    return None


# --- what they do to the list -------------------------------------------------------------------------------


def mend(read: ReadList, mends: Mapping[LineOfList, Mend]) -> Mended:
    """The list with its mends. As many queries as one more list takes, however many lines are mended."""
    left = [unknown.problem for unknown in read.unknown if _leaves_out(mends.get(line_of(unknown.problem)))]
    to_mend = [unknown for unknown in read.unknown if not _leaves_out(mends.get(line_of(unknown.problem)))]
    asked = [_asked(unknown) for unknown in to_mend]
    meant = [mends.get(line_of(unknown.problem)) for unknown in to_mend]
    found, unknown_names = _look_up(asked, meant)
    lines = [MendedLine(line) for line in read.lines]
    still_open = []
    for row, unknown in enumerate(to_mend):
        said = meant[row]
        if said is None:
            still_open.append(_untouched(unknown, asked[row]))
            continue
        line = found.get(2 * row) or found.get(2 * row + 1)
        try:
            if line is None:
                raise ValueError(f"No card is called “{said.name}” either.")
            copies = _copies(said, asked[row], line.line)
        except ValueError as error:
            nearest = unknown_names.get(2 * row) or unknown.nearest
            still_open.append(
                OpenLine(
                    unknown.problem, nearest, asked[row].quantity or None, str(error), said.name, said.copies
                )
            )
        else:
            mended = replace(line.line, number=unknown.problem.number, quantity=copies, zone=asked[row].zone)
            lines.append(MendedLine(replace(line, line=mended), unknown.problem))
    return Mended(
        tuple(sorted(lines, key=lambda line: line.read.line.number)), tuple(still_open), tuple(left)
    )


def _leaves_out(mend: Mend | None) -> bool:
    return mend is not None and not mend.name


def _asked(unknown: UnknownLine) -> DeckLine:
    """What the line asks for but for its name; 0 copies where it does not say so sensibly."""
    problem = unknown.problem
    if unknown.line:
        return unknown.line
    again = parse(problem.text[:LONGEST]).lines
    if (
        len(again) == 1
    ):  # words that are plain once what was wrong with them is gone: HTML, what cannot be seen
        return again[0]
    return DeckLine(problem.number, 0, problem.whole, problem.zone)


def _untouched(unknown: UnknownLine, asked: DeckLine) -> OpenLine:
    """Where only the copies are wrong, the name stands in its field already; a plain one can be picked."""
    first, _, rest = asked.name.partition(" ")
    typed = rest.strip() if not asked.quantity and not any(map(str.isalpha, first)) else ""
    plain = (asked.name,) if asked.quantity and not unknown.line else ()
    return OpenLine(
        unknown.problem, unknown.nearest or plain, asked.quantity or None, unknown.problem.message, typed
    )


def _look_up(
    asked: list[DeckLine], meant: list[Mend | None]
) -> tuple[dict[int, ReadLine], dict[int, tuple[str, ...]]]:
    """The cards that are meant: for the row n under 2n as a name, under 2n + 1 as a line of a list."""
    lines: list[DeckLine] = []
    for row, mend in enumerate(meant):
        if mend is None:
            continue
        lines.append(DeckLine(2 * row, 1, mend.name, asked[row].zone, mend.name))
        as_line = parse(mend.name).lines
        if as_line and as_line[0].name != mend.name:
            lines.append(replace(as_line[0], number=2 * row + 1))
    read = resolve(DeckList(tuple(lines)))
    return (
        {line.line.number: line for line in read.lines},
        {unknown.problem.number: unknown.nearest for unknown in read.unknown},
    )


def _copies(mend: Mend, asked: DeckLine, line: DeckLine) -> int:
    """Those that were typed with the name, else those typed beside it, else those of the line.

    Raises ValueError, saying what to do.
    """
    if line.name != line.whole and (mend.name[:1].isdigit() or line.quantity > 1):
        return line.quantity
    if mend.copies:
        return check_quantity(mend.copies)
    if not asked.quantity:
        raise ValueError("Write how many copies.")
    return asked.quantity
