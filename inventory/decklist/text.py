"""Lists that are plain text: a card on a line, headings, comments, and what the tools write around them."""

import re
from dataclasses import replace

from inventory.decklist.card_line import read_card_line
from inventory.decklist.decoding import has_unseen, printable, seen
from inventory.decklist.headings import (
    ASIDE,
    COMMANDER,
    MAIN,
    SHORT_ZONES,
    SIDEBOARD,
    ZONES,
    is_total,
    is_type_heading,
    zone_heading,
)
from inventory.decklist.lines import (
    MAX_LINES,
    MAX_NAME,
    DeckLine,
    DeckList,
    Problem,
    check_quantity,
    in_zone,
    rest_of_list,
)
from inventory.decklist.text_forms import form_of, keeps_blank_lines

MOST_RAW_LINES = 20_000  # with comments and blank lines
LONGEST_LINE = 1_000  # characters: a card with many tags
_FAR_TOO_LONG = 20_000

_COMMENT = re.compile(r"(?://|#|>)[/#>! ]*")
_PREFIXES = {
    **dict.fromkeys(("sb", "sideboard", "companion"), SIDEBOARD),
    **dict.fromkeys(("commander", "cmdr", "cmd"), COMMANDER),
    **dict.fromkeys(("mb", "maybeboard", "dng", "token", "tokens"), ASIDE),
}
_PREFIX = re.compile(rf"#?({'|'.join(_PREFIXES)}) ?(?:: *|(?<=^sb )(?=\d))", re.IGNORECASE)
_BULLET = re.compile(r"[-–—*•·▪●○◦‣☐☑✓✔] +(?:\[[ xX]?\] +)?")  # of a list in a chat
_WAGIC_PREFIX = re.compile(r"#(?:SB|CMD|DNG):")
_NAME = re.compile(r"(?:(?://|#) ?)?(?:deck ?)?name ?[:=] ?(.*)|# ?name (.*)", re.IGNORECASE)
_ORIGIN = re.compile(r" from \S+\.(?:com|net|org)\b.*")
_NO_CARD = re.compile(r"(?:AUTHOR|LAYOUT MAIN|LAYOUT SIDEBOARD):|#(?:DESC|HINT):")
_SETTINGS = frozenset(("[metadata]", "[shop]", "[duel]", "[general]", "[quest]", "[player]", "[about]"))
_HTML = re.compile(
    r"</?(?:a|b|br|body|button|center|code|div|em|font|form|h[1-6]|head|html|i|iframe|img|input|li|link|meta|object|ol|p"
    r"|pre|script|small|span|strong|style|sub|sup|svg|table|tbody|td|th|title|tr|u|ul)\b[^<>]{0,500}/?>"
    r"|&(?:nbsp|amp|quot|apos|lt|gt|#\d{1,6}|#x[0-9a-f]{1,6});",
    re.IGNORECASE,
)
# Marks by which a list says itself what its zones are.
_SAYS_ZONES = frozenset(("heading", "sideboard prefix", "zone tag"))
# Out of a spreadsheet: 4, Lightning Bolt, M10, 146.
_CELLS = re.compile(r"(\d+)\t([^\t]+)\t([A-Za-z0-9]{2,6})(?:\t([^\s()\[\]|]*\d[^\s()\[\]|]*))?")
_NAME_CELL_FIRST = re.compile(r"([^\t\d][^\t]*)\t(\d{1,3})")  # Lightning Bolt, 4
_TAG = re.compile(r"</?[a-z][^<>]{0,500}>", re.IGNORECASE)
_ENTITIES = {
    "&nbsp;": " ",
    "&quot;": '"',
    "&apos;": "'",
    "&#39;": "'",
    "&lt;": "<",
    "&gt;": ">",
    "&amp;": "&",
}


def read_text(text: str, filename: str = "") -> DeckList:
    """Never raises: what is not understood is a Problem with its line number. The forms: docs/deck-lists.md."""
    reader = _Reader()
    # Windows line ends that were translated twice: no blank line between any two.
    raw_lines = text.replace("\r\r\n", "\r\n").splitlines()
    for number, raw in enumerate(raw_lines, start=1):
        if not reader.has_room or number > MOST_RAW_LINES:
            if any(map(str.strip, raw_lines[number - 1 :])):
                reader.keep_rest(number, "\n".join(raw_lines[number - 1 :]))
            break
        reader.read(number, raw)
    return reader.deck_list(filename)


class _Reader:
    """Where in the list we are, and what has been read so far."""

    def __init__(self) -> None:
        self.entries: list[DeckLine | Problem] = []
        self.aside: list[DeckLine] = []
        self.name = ""
        self.zone = MAIN
        self.heading = ""  # key of the zone's heading, as long as it may end by itself
        self.in_zone = False  # a card has been read under that heading
        self.about = ""  # "name" right after About, "settings" within Forge's sections of settings
        self.marks: set[str] = set()
        self.rest: tuple[int, str] | None = None
        self.gaps: list[int] = []  # how many entries stood before each blank line
        self.typed_at = -1  # how many stood before the last heading of a type
        self.counted: set[int] = set()  # lines on which a number of copies is written
        self.companions: set[int] = set()  # lines below that heading

    @property
    def has_room(self) -> bool:
        return len(self.entries) + len(self.aside) < MAX_LINES

    def read(self, number: int, raw: str) -> None:
        if "\t" in raw and (cells := _CELLS.fullmatch(raw.strip()[:LONGEST_LINE])):
            raw = f"{cells[1]} {cells[2]} ({cells[3]}) {cells[4] or ''}"
        elif "\t" in raw and (cells := _NAME_CELL_FIRST.fullmatch(raw.strip()[:LONGEST_LINE])):
            raw = f"{cells[2]} {cells[1]}"
        written = seen(raw)
        if not written:
            self._blank()
        elif len(written) > _FAR_TOO_LONG:
            self._problem(number, written, "This line is too long for a card name: write one card per line.")
        elif self._is_about(written) or self._is_comment(number, written) or self._is_heading(written):
            pass
        elif has_unseen(raw):
            self._problem(
                number,
                written,
                "This line holds characters that cannot be seen and change how it reads. They are left out here:"
                " add the line again if it is what you mean.",
            )
        elif _HTML.search(written):
            self._problem(number, _without_html(written), "This line is HTML: write the card alone, as here.")
        elif written.startswith("="):
            self._problem(
                number,
                written,
                "This line is a formula of a spreadsheet: write the card, for example 4 Lightning Bolt.",
            )
        else:
            self._card(number, written)

    # --- lines that are no cards ----------------------------------------------------------------------------

    def _blank(self) -> None:
        if self.typed_at != len(self.entries):
            self.gaps.append(len(self.entries))
        self.about = "" if self.about == "name" else self.about
        if self.in_zone and self.heading in SHORT_ZONES:
            self.zone, self.heading = MAIN, ""

    def _is_about(self, written: str) -> bool:
        """`About` / `Name X` of Arena, and the sections of settings of Forge."""
        if written.lower() == "about":
            self.about = "name"
            self.marks.add("about")
            return True
        if written.lower() in _SETTINGS:
            self.about = "settings"
            self.marks.add("settings")
            return True
        if self.about == "name" and written[:5].lower() == "name ":
            self._named(written[5:])
            return True
        if self.about == "settings" and "=" in written:
            key, _, value = written.partition("=")
            if key.strip().lower() == "name":
                self._named(value)
            return True
        return False

    def _is_comment(self, number: int, written: str) -> bool:
        if _WAGIC_PREFIX.match(written):  # a card in the guise of a comment
            self.marks.add("wagic")
            return False
        if match := _NAME.fullmatch(written):
            self.marks.add(
                {"#NAME:": "wagic", "NAME:": "xmage"}.get(written[: written.find(":") + 1], "name")
            )
            self._named(match[1] if match[1] is not None else match[2])
            return True
        if _NO_CARD.match(written):
            self.marks.add("wagic" if written.startswith("#") else "xmage")
            return True
        comment = _COMMENT.match(written)
        if not comment:
            return False
        said = written[comment.end() :]
        self.marks.add("comment")
        if "magic workstation" in said.lower():
            self.marks.add("workstation")
        if said.startswith("SOURCE:"):
            self.marks.add("source")
        if written.startswith("//") or is_type_heading(said):  # "# Maybe" is only a remark
            if is_type_heading(said) or zone_heading(said):
                self.marks.add("comment heading" if written.startswith("//") else "comment")
            self._is_heading(said)
        return True

    def _is_heading(self, written: str) -> bool:
        if heading := zone_heading(written):
            self.zone, self.heading, self.in_zone = ZONES[heading], heading, False
            self.about = ""
            self.marks.add("heading")
            self.marks.add("bracket heading" if written.startswith("[") else f"heading {written.lower()}")
            return True
        if is_type_heading(written):
            while self.gaps and self.gaps[-1] == len(self.entries):
                self.gaps.pop()  # a blank line above it only sets it off
            self.typed_at = len(self.entries)
            if self.heading in SHORT_ZONES:
                self.zone, self.heading = MAIN, ""
            return True
        return is_total(written)

    def _named(self, name: str) -> None:
        self.name = self.name or _ORIGIN.sub("", name.strip())[:MAX_NAME].strip()

    # --- cards ----------------------------------------------------------------------------------------------

    def _card(self, number: int, written: str) -> None:
        zone, tags = self.zone, []
        if bullet := _BULLET.match(written):
            written = written[bullet.end() :] or written
        if prefix := _PREFIX.match(written):
            zone = _PREFIXES[prefix[1].lower()]
            written = written[prefix.end() :]
            self.marks.add("sideboard prefix" if zone == SIDEBOARD else "zone prefix")
        elif zone == ASIDE:
            tags = [self.heading]
        if len(written) > LONGEST_LINE and not written[:1].isdigit():
            self._problem(number, written, "This line is too long for a card name: write one card per line.")
            return
        card = read_card_line(written)
        if card.is_counted:
            self.counted.add(number)
        if self.heading.startswith("companion"):
            self.companions.add(number)
        self.marks |= card.marks
        zone = card.zone or zone
        self.in_zone = True
        if not card.name:
            message = "There is no card name on this line: write for example 4 Lightning Bolt."
        elif len(card.name) > MAX_NAME:
            message = "This line is too long for a card name: write one card per line."
        else:
            try:
                quantity = check_quantity(card.quantity)
            except ValueError as error:
                message = str(error)
            else:
                line = DeckLine(
                    number=number,
                    quantity=quantity,
                    name=card.name,
                    zone=MAIN if zone == ASIDE else zone,
                    whole=card.whole,
                    set_code=card.set_code,
                    collector_number=card.collector_number,
                    finish=card.finish,
                    tags=(*tags, *card.tags),
                    readings=tuple(card.readings),
                )
                self.aside.append(line) if zone == ASIDE else self.entries.append(line)
                return
        if zone == ASIDE:
            written = card.name or written or ASIDE
        self._problem(number, written, message, zone=zone, whole=card.whole)

    def _problem(self, number: int, written: str, message: str, *, zone: str = "", whole: str = "") -> None:
        zone = zone or self.zone
        if zone == ASIDE:  # shown and never added, so that nothing need be mended
            self.aside.append(DeckLine(number, 1, written[:MAX_NAME].strip(), tags=(self.heading or ASIDE,)))
            return
        text = in_zone(written[:MAX_NAME], zone)
        self.entries.append(Problem(number, text, message, zone, whole[:MAX_NAME]))

    def keep_rest(self, number: int, rest: str) -> None:
        self.rest = (number, printable(rest))

    # --- the whole ------------------------------------------------------------------------------------------

    def deck_list(self, filename: str) -> DeckList:
        form = form_of(self.marks, filename)
        if not keeps_blank_lines(form):
            self._split_at_the_only_blank_line()
        self._put_repeated_companions_aside()
        if self.rest:
            number, rest = self.rest
            self.entries.append(rest_of_list(number, self._heading_of_rest(form) + rest))
        return DeckList(
            lines=tuple(entry for entry in self.entries if isinstance(entry, DeckLine)),
            problems=tuple(entry for entry in self.entries if isinstance(entry, Problem)),
            aside=tuple(self.aside),
            name=self.name,
            form=form,
        )

    def _put_repeated_companions_aside(self) -> None:
        """Arena tells a companion twice: below a heading of its own, and where it is, in the sideboard."""
        lines = [entry for entry in self.entries if isinstance(entry, DeckLine)]
        elsewhere = {
            line.name.lower()
            for line in lines
            if line.zone == SIDEBOARD and line.number not in self.companions
        }
        for line in lines:
            if line.number in self.companions and line.name.lower() in elsewhere:
                self.entries.remove(line)
                self.aside.append(replace(line, zone=MAIN, tags=("companion, as in the sideboard",)))

    def _heading_of_rest(self, form: str) -> str:
        """So that the rest goes on in the zone where it broke off, and what is settled about blank lines stays so."""
        heading = {SIDEBOARD: "Sideboard\n", COMMANDER: "Commander\n", ASIDE: "Maybeboard\n"}.get(self.zone)
        is_settled = keeps_blank_lines(form) or self._gaps_between() or self.marks & _SAYS_ZONES
        return heading or ("Deck\n" if is_settled else "")

    def _gaps_between(self) -> list[int]:
        """The blank lines between cards. Above the first line with a number of copies there may be a title."""
        first = next((at for at, entry in enumerate(self.entries) if entry.number in self.counted), 0)
        return [gap for gap in self.gaps if first < gap < len(self.entries)]

    def _split_at_the_only_blank_line(self) -> None:
        """One blank line between cards splits off the sideboard, where nothing else says what the zones are."""
        gaps = self._gaps_between()
        if len(gaps) != 1 or self.marks & _SAYS_ZONES:
            return
        if all(entry.zone == COMMANDER for entry in self.entries[: gaps[0]]):
            return  # the commander stands apart, above the deck
        self.zone = SIDEBOARD  # for the rest, too
        for place in range(gaps[0], len(self.entries)):
            entry = self.entries[place]
            if entry.zone != MAIN:
                continue
            if isinstance(entry, DeckLine):
                self.entries[place] = replace(entry, zone=SIDEBOARD)
            else:
                self.entries[place] = replace(entry, zone=SIDEBOARD, text=in_zone(entry.text, SIDEBOARD))


def _without_html(written: str) -> str:
    text = _TAG.sub(" ", written)
    for entity, character in _ENTITIES.items():
        text = text.replace(entity, character)
    return " ".join(text.split())
