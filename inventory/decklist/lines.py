"""What a list is read into, and the limits of reading it."""

from dataclasses import dataclass, field

from inventory.decklist.headings import is_total, zone_heading

MAX_QUANTITY = 250  # copies of a card on one line
MAX_LINES = 1_000
MAX_NAME = 200
LARGEST_LIST = 1_000_000  # bytes

# What a set and a collector number may look like, as patterns. Both are text: GNT-52, 791★.
SET = r"[A-Za-z0-9_]{2,8}"
COLLECTOR_NUMBER = r"[^\s()\[\]|^#][^\s()\[\]|^]{0,11}"

_FINISH_TAGS = {"foil": " *F*", "etched": " *E*"}
_TIMES = ("x ", "× ", "* ")
_ZONE_MARKS = {"sideboard": ("SB: ", ""), "commander": ("", " *CMDR*")}


def in_zone(card: str, zone: str) -> str:
    """A line as it can be read again, zone and all."""
    prefix, tag = _ZONE_MARKS.get(zone, ("", ""))
    return f"{prefix}{card}{tag}".strip()


def card_text(
    quantity: int | str, name: str, set_code: str = "", collector_number: str = "", finish: str = ""
) -> str:
    """`4 Lightning Bolt (M10) 146 *F*`: copies of a card as they can be read again."""
    # "4 x Foo" are 4 copies of Foo, and "24 Lands" is no card: "4x x Foo" and "24x Lands" are.
    is_card = not (is_total(bare := f"{quantity} {name}") or zone_heading(bare))
    times = "" if is_card and name[:2].lower() not in _TIMES else "x"
    printing = f" ({set_code}) {collector_number}".rstrip() if set_code else ""
    return f"{quantity}{times} {name}{printing}{_FINISH_TAGS.get(finish, '')}".strip()


@dataclass(frozen=True, slots=True)
class DeckLine:
    """A card asked for. `name` is as written; `zone` is main, sideboard or commander; `number` counts from 1.

    The printing that it asks for is as written, too: `set_code` and `collector_number` are text (GNT-52, 791★),
    `finish` is foil or etched; all of them empty where the line does not say. `tags` are what else was written
    behind the card (Ramp, *JP*), and for a line that was put aside the heading above it.

    A line can often be read in more than one way, and only who knows the cards can tell. In this order:

    1. `whole`: one copy of the card of this name, number and all ("1996 World Champion", "+2 Mace"). Where no
       number of copies is written, it is the line as it stands ("Hazmat Suit (Used)"); where one is, it is the
       line without its printing and its tags. Empty in forms that keep name and number apart (XML, JSON, CSV).
    2. `readings`: names with what was taken for a printing or a tag, the longest first; `quantity` copies, and
       no printing ("4 Hazmat Suit (Used)": 4 copies of "Hazmat Suit (Used)", and USED is no set).
    3. `name`: `quantity` copies in the printing that it asks for.
    """

    number: int
    quantity: int
    name: str
    zone: str = "main"
    whole: str = field(default="", compare=False)
    set_code: str = ""
    collector_number: str = ""
    finish: str = ""
    tags: tuple[str, ...] = field(default=(), compare=False)
    readings: tuple[str, ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        card = card_text(self.quantity, self.name, self.set_code, self.collector_number, self.finish)
        return in_zone(card, self.zone)


@dataclass(frozen=True, slots=True)
class Problem:
    """A line that could not be read: its number, what it says, and what to do about it.

    `text` is the line as it can be read again once it is mended; `whole` and `zone` are as of a DeckLine. A problem
    of the list as a whole has the number of the line at which it was noticed, and 1 where there is none. `is_rest`:
    `text` is all that was not read because it was too much at once, a list of its own, and nothing is wrong with it.
    """

    number: int
    text: str
    message: str
    zone: str = field(default="main", compare=False)
    whole: str = field(default="", compare=False)
    is_rest: bool = field(default=False, compare=False)


def rest_of_list(number: int, text: str) -> Problem:
    """The lines that are not read at once, the first of which has that number."""
    message = f"Only the first {MAX_LINES} cards were read. The rest is kept: add it in a second step."
    return Problem(number, text, message, is_rest=True)


@dataclass(frozen=True, slots=True)
class DeckList:
    """A list as it was read: what it asks for, what could not be read, and what is shown but never added.

    `aside` are the lines of zones that are no part of a deck (Maybeboard, Considering, Tokens); `name` is the
    deck's, and `form` says which kind of file it was (docs/deck-lists.md lists them), both empty where the list
    does not say.
    """

    lines: tuple[DeckLine, ...] = ()
    problems: tuple[Problem, ...] = ()
    aside: tuple[DeckLine, ...] = ()
    name: str = ""
    form: str = ""


class NotAList(ValueError):
    """The input as a whole cannot be read; the message says what to do. `number` is the line, where known."""

    def __init__(self, message: str, *, number: int = 1) -> None:
        super().__init__(message)
        self.number = max(1, number)


def check_quantity(text: str) -> int:
    """The number of copies that `text` says. Raises ValueError, saying what to do, unless it is 1 to MAX_QUANTITY."""
    if not (text.isascii() and text.isdigit()):
        raise ValueError(
            f"“{text[:20]}” is not a number of copies: write a whole number from 1 to {MAX_QUANTITY}."
        )
    digits = text.lstrip("0")
    if not digits:
        raise ValueError("0 copies are nothing to add: write at least 1.")
    if len(digits) > 9 or int(digits) > MAX_QUANTITY:
        raise ValueError(f"{text[:20]} copies are too many: at most {MAX_QUANTITY} on a line.")
    return int(digits)
