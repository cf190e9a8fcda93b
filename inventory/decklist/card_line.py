"""One line of a list: how many copies of which card, in which printing.

Written without regular expressions that walk back: a line may be hostile, and there may be a thousand of them.
"""

import re
from dataclasses import dataclass, field

from inventory.decklist.headings import ASIDE, COMMANDER, SIDEBOARD, ZONES
from inventory.decklist.lines import COLLECTOR_NUMBER, SET

_DIGIT = (
    r"\d²³¹⁰⁴-⁹₀-₉¼-¾⅐-⅞①-⑳"  # digits, and what looks like one: refused as a number of copies, but no name
)
_NUMBER = rf"([+\-−]?[{_DIGIT}][{_DIGIT}.,/_]*(?:e[+-]?\d+)?)"
_QUANTITY_FIRST = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_NUMBER}[x×*]\s*(\S.*)",  # 4x Lightning Bolt
        rf"{_NUMBER}\s+[x×*]\s+([^\s(\[<*#].*)",  # 4 x Lightning Bolt, not 4 X (UNG) 1
        rf"{_NUMBER}\s+(\S.*)",  # 4 Lightning Bolt
        rf"{_NUMBER}\s*[x×*]?()",  # 4: of what?
        rf"[x×]\s?{_NUMBER}\s+(\S.*)",  # x4 Lightning Bolt
    )
)
_QUANTITY_ALONE = re.compile(rf"{_NUMBER}\s?[x×*]?", re.IGNORECASE)
_TIMES_LAST = re.compile(rf"[x×*]\s?([{_DIGIT}]+)", re.IGNORECASE)  # Lightning Bolt x4

_PRINTING = re.compile(rf"({SET})(?:\s?[:#/\s]\s?#?({COLLECTOR_NUMBER}))?")  # between brackets: M10, M10:146
_TIMES_BEHIND = re.compile(r"(.*\S) ([1-9]\d{0,2})[x×]", re.IGNORECASE)  # Lightning Bolt 4x
_STAR_TAG = re.compile(r"\*[\w -]{1,12}\*")
_PRICE = re.compile(r" (?:[-–—] )?(?:[$€£] ?\d[\d.,]*|\d[\d.,]* ?(?:[$€£]|usd|eur|tix))", re.IGNORECASE)
_LONGEST_PRICE = 20
_NUMBER_ALONE = re.compile(r"\d{1,4}[★†]?")  # 40K is a set
_ZONE_REMARKS = {
    **dict.fromkeys(("commander", "cmdr"), COMMANDER),
    **dict.fromkeys(("sideboard", "sb", "companion"), SIDEBOARD),
    "maybeboard": ASIDE,
}
_FOIL, _ETCHED = "foil", "etched"
_FINISHES = {
    **dict.fromkeys(("f", "foil", "foils", "premium"), _FOIL),
    **dict.fromkeys(("e", "fe", "etched", "foil etched", "etched foil", "foil-etched", "f-etch"), _ETCHED),
}
_PIPED_SET = re.compile(rf"{SET}\+?")
_PIPED_PART = re.compile(rf"\d{{0,5}}|\[(?:{COLLECTOR_NUMBER})?\]|#.*")  # which picture, which number
_MOST_MARKS = 8  # behind one name


@dataclass(slots=True)
class CardLine:
    """What a line says. `quantity` is as written, "1" where none is; `zone` is empty where the line says none."""

    quantity: str
    name: str
    whole: str
    readings: list[str] = field(default_factory=list)
    set_code: str = ""
    collector_number: str = ""
    finish: str = ""
    zone: str = ""
    is_counted: bool = False  # a number of copies is written
    tags: list[str] = field(default_factory=list)
    marks: set[str] = field(default_factory=set)  # what was met, by which the form of the list is known


def split_quantity(text: str) -> tuple[str, str, str]:
    """(quantity as written, name, number as it stands before the name); "1" where no quantity is written."""
    first = next((match for pattern in _QUANTITY_FIRST if (match := pattern.fullmatch(text))), None)
    if first and (not first[2] or _is_likely(first[1])):
        return first[1], first[2].strip(), text[: first.start(2)]
    for word in (" x", " X", " ×", " *"):
        start = text.rfind(word)
        if start > 0 and (last := _TIMES_LAST.fullmatch(text, start + 1)):
            return last[1], text[:start].strip(), ""  # with a number first, that one belongs to the name
    if first:
        return first[1], first[2].strip(), text[: first.start(2)]
    if behind := _TIMES_BEHIND.fullmatch(text):
        return behind[2], behind[1], ""
    return "1", text, ""


def _is_likely(quantity: str) -> bool:
    """Whether somebody may have so many copies: not 1996, and not +2."""
    return quantity.isascii() and quantity.isdigit() and len(quantity) <= 3


def read_card_line(text: str) -> CardLine:
    """`text` is on one line, with single spaces, without what stands before its number of copies."""
    tags: list[str] = []
    text = _cut_hash_tags(text, tags)
    quantity, name, number = split_quantity(text)
    times_last = name != text and not number
    card = CardLine(quantity, name, text, is_counted=name != text, tags=tags)
    if " !commander" in (tag.lower() for tag in tags):  # deckstats: 1 Krenko, Mob Boss # !Commander
        card.zone = COMMANDER
        card.marks.add("zone tag")
    card.tags = tags = [tag.strip(" !") for tag in tags]
    if tags:
        card.marks.add("hash tag")
    if times_last:
        card.marks.add("times last")
    _take_pipes(card)
    for _ in range(_MOST_MARKS):
        if _take_star_tag(card):  # no card is called so
            continue
        before = card.name
        if not (_take_mark(card) or _take_printing(card)):
            break
        card.readings.append(before)
    _take_leading_printing(card)
    _take_pipes(card)
    if card.name.endswith("+") and len(card.name) > 1:
        card.readings.append(card.name)
        card.name, card.finish = card.name[:-1].rstrip(), card.finish or _FOIL
    card.readings = sorted({it for it in card.readings if it != card.name}, key=lambda it: (-len(it), it))
    if card.set_code and not card.collector_number and tags and _is_collector_number(tags[0]):  # (M10) #146
        card.collector_number = tags.pop(0)
    if number:
        card.whole = number + card.name
    elif not times_last:
        card.whole = card.readings[0] if card.readings else card.name
    return card


def _cut_hash_tags(text: str, tags: list[str]) -> str:
    """`#tag`, `#!tag` and Archidekt's `^Have,#37d67a^`; a lone # ends a line of Wagic.

    What stands between the # and the word is left on.
    """
    if text.endswith("^") and (start := text.rfind(" ^", 0, -1)) > 0:
        tags.append(text[start + 2 : -1])
        text = text[:start].rstrip()
    start = text.find(" #")
    if start <= 0 or _QUANTITY_ALONE.fullmatch(text, 0, start):
        return text
    tags += [written.rstrip() for written in text[start:].split(" #") if written.strip(" !")]
    return text[:start].rstrip()


def _take_pipes(card: CardLine) -> None:
    """Forge: `Island|ONS|2`, `Island+|ONS|[347]`."""
    name, *rest = (part.strip() for part in card.name.split("|"))
    if not rest or not name or not _PIPED_SET.fullmatch(rest[0]):
        return
    if not all(_PIPED_PART.fullmatch(part) for part in rest[1:]):
        return
    card.marks.add("pipe")
    card.readings.append(card.name)
    card.name = name
    if card.set_code:
        return
    card.set_code = rest[0].removesuffix("+")
    if rest[0].endswith("+"):
        card.finish = card.finish or _FOIL
    card.collector_number = next(
        (part[1:-1] for part in rest[1:] if part.startswith("[") and len(part) > 2), ""
    )


def _take_leading_printing(card: CardLine) -> None:
    """`[M10] Lightning Bolt`, `[M10:146] Lightning Bolt`; the Magic Workstation also counts pictures: `(2)`."""
    end = card.name.find("]", 0, 30)
    if not card.name.startswith("[") or end < 0:
        return
    code, number = _printing(card.name[1:end])
    name = card.name[end + 1 :].strip()
    if not code or not name:
        return
    card.marks.add("number before" if number else "set before")
    bracket = card.name[: end + 1]
    card.readings += [card.name, *(it.removeprefix(bracket).strip() for it in card.readings)]
    card.set_code, card.collector_number = code, "" if number == "*" else number
    card.name = name
    if re.fullmatch(r"\(\d{1,2}\)", name[-4:].strip()) and (bare := name[: name.rfind("(")].strip()):
        card.readings.append(name)
        card.name = bare


def _take_mark(card: CardLine) -> bool:
    """One of `[Ramp]`, `(foil)`, `<extended>`, `(*)`, `(271)`, `Foil`, `{1}{R}`, `$1.99` from the end of the name."""
    name = card.name
    if _take_word(card):
        return True
    for opening, closing in (("[", "]"), ("(", ")"), ("<", ">")):
        start = name.rfind(opening)
        if name.endswith(closing) and start > 0:
            inner, bare = name[start + 1 : -1].strip(), name[:start].rstrip()
            if finish := _FINISHES.get(inner.lower()):
                card.finish = card.finish or finish
            elif inner == "*":  # any printing
                card.marks.add("any set")
            elif opening == "(" and (zone := _ZONE_REMARKS.get(inner.lower())):
                card.zone = card.zone or zone
                card.marks.add("zone remark")
            elif opening == "(" and card.is_counted and _NUMBER_ALONE.fullmatch(inner):
                card.collector_number = card.collector_number or inner  # 1 Forest (271) [THB]
            elif opening == "<" and inner.isdigit() and card.set_code and not card.collector_number:
                card.collector_number = inner
            elif opening == "<":
                card.tags.append(inner)
            elif opening == "[" and (card.set_code or not _is_set(inner)):
                _say_categories(card, inner)
            else:
                return False
            card.name = bare
            return True
    return False


def _take_word(card: CardLine) -> bool:
    """One of `Foil`, `{1}{R}`, `$1.99` from the end of the name; `F` only behind a printing."""
    name = card.name
    bare, _, last = name.rpartition(" ")
    finish = _FINISHES.get(last.lower(), "")
    if bare and finish and (len(last) > 2 or _ends_with_printing(bare)):
        card.name, card.finish = bare.rstrip(), _ETCHED if finish == _ETCHED else card.finish or finish
        return True
    if name.endswith("}") and (start := name.find("{")) > 0:  # what it costs to play
        card.name = name[:start].rstrip()
        return True
    for start in range(max(1, len(name) - _LONGEST_PRICE), len(name)):
        if name[start] == " " and _PRICE.fullmatch(name, start):
            card.name = name[:start].rstrip()
            return True
    return False


def _ends_with_printing(name: str) -> bool:
    """Whether `(M10)` or `(M10) 146` stands there."""
    before, _, last = name.rpartition(" ")
    return name.endswith((")", "]")) or (before.endswith((")", "]")) and _is_collector_number(last))


def _take_star_tag(card: CardLine) -> bool:
    """`*F*`, `*E*`, `*CMDR*` from the end of the name."""
    name = card.name
    start = name.rfind("*", 0, -1)
    if not name.endswith("*") or start <= 0 or not _STAR_TAG.fullmatch(name, start):
        return False
    tag, card.name = name[start + 1 : -1], name[:start].rstrip()
    card.marks.add("star tag")
    if tag.lower() == "cmdr":
        card.zone = card.zone or "commander"
    elif (finish := _FINISHES.get(tag.lower())) or tag.lower().startswith("f-"):
        card.finish = card.finish or finish or _FOIL
    else:
        card.tags.append(tag)
    return True


def _is_set(inner: str) -> bool:
    """Whether `[inner]` is a set and no category: M10, M10:146, neo; not Ramp, Card Draw, Commander{top}."""
    code, number = _printing(inner)
    return bool(number) or (
        code != "" and (code.upper() == code or (len(code) == 3 and code.lower() == code))
    )


def _printing(text: str) -> tuple[str, str]:
    """(set, collector number) that stand between brackets; empty where there are none."""
    match = _PRINTING.fullmatch(text)
    if not match or match[1].isdigit() or set(match[1]) == {"_"}:
        return "", ""
    number = match[2] or ""
    if number and number != "*" and not _is_collector_number(number):
        return "", ""  # two words
    return match[1], number


def _say_categories(card: CardLine, inner: str) -> None:
    """Archidekt: `[Ramp,Artifact]`, `[Commander{top}]`, `[Maybeboard{noDeck}{noPrice}]`; the first one places it."""
    card.marks.add("category")
    categories = [category.strip() for category in inner.split(",")]
    first, brace, options = categories[0].partition("{")
    zone = ZONES.get("".join(filter(str.isalpha, first.lower())), "")
    if not zone and brace and "nodeck" in options.lower():
        zone = ASIDE
    if zone:
        card.marks.add("zone tag")
        card.zone = card.zone or zone
    card.tags += [name for category in categories if (name := category.partition("{")[0].strip())]


def _take_printing(card: CardLine) -> bool:
    """`(M10) 146`, `(M10)`, `(M10:146)`, `[M10]`, `[M10:146]` from the end of the name."""
    name = card.name
    if card.set_code:
        return False
    last = ""
    if not name.endswith((")", "]")):
        name, _, last = name.rpartition(" ")
        last = last.removeprefix("#")
        if not name.endswith((")", "]")) or not _is_collector_number(last):
            return False
    start = name.rfind("(" if name.endswith(")") else "[")
    bare = name[:start].rstrip() if start > 0 else ""
    code, number = _printing(name[start + 1 : -1]) if bare else ("", "")
    if not code:
        return False
    card.marks.add("printing" if name.endswith(")") else "bracket printing")
    number = last or ("" if number == "*" else number)
    card.set_code, card.collector_number = code, number or card.collector_number
    card.name = bare
    return True


def _is_collector_number(text: str) -> bool:
    return re.fullmatch(COLLECTOR_NUMBER, text) is not None and any(character.isdigit() for character in text)
