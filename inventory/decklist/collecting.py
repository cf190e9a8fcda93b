"""Cards from forms that keep number, name and zone apart (XML, JSON, CSV), put together to a list."""

import re

from inventory.decklist.decoding import has_unseen, seen
from inventory.decklist.headings import ASIDE, MAIN
from inventory.decklist.lines import (
    COLLECTOR_NUMBER,
    MAX_LINES,
    MAX_NAME,
    SET,
    DeckLine,
    DeckList,
    NotAList,
    Problem,
    card_text,
    check_quantity,
    in_zone,
    rest_of_list,
)

MOST_CARDS = 5_000  # in a file that is read at all

_SET = re.compile(SET)
_COLLECTOR_NUMBER = re.compile(COLLECTOR_NUMBER)
FINISHES = {
    **dict.fromkeys(("foil", "f", "yes", "y", "true", "1", "x"), "foil"),
    **dict.fromkeys(("etched", "e", "fe", "foiletched", "etchedfoil"), "etched"),
}


class Collected:
    """What has been read so far. At most MAX_LINES are read; the others are kept, to be added in a second step."""

    def __init__(self) -> None:
        self.lines: list[DeckLine] = []
        self.problems: list[Problem] = []
        self.aside: list[DeckLine] = []
        self.name = ""
        self._cards = 0
        self._rest: list[str] = []
        self._rest_aside: list[str] = []
        self._rest_from = 0

    def add(
        self,
        number: int,
        quantity: str,
        name: str,
        zone: str = MAIN,
        *,
        set_code: str = "",
        collector_number: str = "",
        finish: str = "",
        tags: tuple[str, ...] = (),
    ) -> None:
        """One card. `quantity` is as written; `finish` is foil or etched by any of their names, or anything else.

        Raises NotAList beyond MOST_CARDS.
        """
        self._cards += 1
        if self._cards > MOST_CARDS:
            raise NotAList(
                f"This file holds more than {MOST_CARDS} cards, of which the others were not read. Split it.",
                number=number,
            )
        quantity, unseen, name = seen(quantity)[:MAX_NAME], has_unseen(name), seen(name)
        set_code, collector_number = seen(set_code), seen(collector_number)
        if not _SET.fullmatch(set_code):
            set_code = collector_number = ""
        if not _COLLECTOR_NUMBER.fullmatch(collector_number):
            collector_number = ""
        finish = FINISHES.get("".join(filter(str.isalnum, finish[:20].lower())), "")
        text = card_text(quantity, name[:MAX_NAME], set_code, collector_number, finish)
        if len(self.lines) + len(self.problems) + len(self.aside) >= MAX_LINES:
            self._rest_from = self._rest_from or number
            (self._rest_aside if zone == ASIDE else self._rest).append(in_zone(text, zone))
            return
        try:
            if unseen:
                raise ValueError(
                    "This name holds characters that cannot be seen and change how it reads. They are left out here:"
                    " add the line again if it is what you mean."
                )
            if not name:
                raise ValueError("There is no card name here: write for example 4 Lightning Bolt.")
            if len(name) > MAX_NAME:
                raise ValueError("This is too long for a card name.")
            copies = check_quantity(_without_times(quantity))
        except ValueError as error:
            if zone != ASIDE:  # what is never added need not be mended
                self.problems.append(Problem(number, in_zone(text, zone), str(error), zone))
                return
            name, copies = name[:MAX_NAME].strip(), 1
            if not name:
                return
        line = DeckLine(
            number=number,
            quantity=copies,
            name=name,
            zone=MAIN if zone == ASIDE else zone,
            set_code=set_code,
            collector_number=collector_number,
            finish=finish,
            tags=tags,
        )
        (self.aside if zone == ASIDE else self.lines).append(line)

    def named(self, name: str) -> None:
        self.name = self.name or seen(name[:1_000])[:MAX_NAME]

    def problem(self, number: int, message: str) -> None:
        """Something that is wrong with the file, at that line."""
        self.problems.append(Problem(number, "", message))

    def deck_list(self, form: str) -> DeckList:
        problems = self.problems
        if self._rest or self._rest_aside:
            rest = self._rest + (["Maybeboard", *self._rest_aside] if self._rest_aside else [])
            problems = [*problems, rest_of_list(self._rest_from, "\n".join(rest))]
        problems = sorted(problems, key=lambda problem: problem.number)
        return DeckList(tuple(self.lines), tuple(problems), tuple(self.aside), self.name, form)


def _without_times(quantity: str) -> str:
    """4 of 4x, as Delver Lens writes it."""
    return quantity[:-1].rstrip() if quantity[-1:] in ("x", "X", "×") else quantity
