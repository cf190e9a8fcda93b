"""From an object of Scryfall's bulk data to what this shop wants to know of it. Pure.

Source: https://scryfall.com/docs/api/cards. Files of many years differ: fields come and go, layouts are
invented. So nothing is required but a name, a set and a number, and what is not known is left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

WUBRG = "WUBRG"
FINISHES = ("nonfoil", "foil", "etched")
_LARGEST_INTEGER = 2**31 - 1  # what a column holds

# Layouts of what is no card to put into a deck, and how the report calls them.
_NO_CARD_LAYOUTS = {
    "token": "token",
    "double_faced_token": "token",
    "emblem": "emblem",
    "art_series": "art series",
    "front_card": "front card",
    "planar": "planar",
    "scheme": "scheme",
    "vanguard": "vanguard",
}
_NO_CARD_SET_TYPES = {"token": "token", "memorabilia": "memorabilia", "vanguard": "vanguard"}
_PRICE_FIELDS = {"nonfoil": "", "foil": "_foil", "etched": "_etched"}
_FACE_FACTS = (
    "name", "mana_cost", "type_line", "oracle_text", "colors", "power", "toughness", "loyalty", "defense",
)  # fmt: skip


class NotRentableError(Exception):
    """The object is sound, but nothing to rent out; the message is the reason, in a word or two."""


class BrokenObjectError(ValueError):
    """The object is not what Scryfall would say; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What the rules know. `own_facts` is False where the object shows the card only as a side of something
    else (layout reversible_card): good enough to make the card known, not good enough to change it."""

    oracle_id: UUID | None
    name: str
    layout: str
    mana_cost: str
    mana_value: Decimal
    type_line: str
    oracle_text: str
    colors: str
    color_identity: str
    faces: list[dict[str, Any]]
    power: str = ""
    toughness: str = ""
    loyalty: str = ""
    defense: str = ""
    own_facts: bool = True


@dataclass(frozen=True, slots=True)
class PrintingFacts:
    """One edition. `value_cents` is the price of the day in the shop's currency, or None."""

    scryfall_id: UUID | None
    set_code: str
    set_name: str
    collector_number: str
    language: str
    finish: str
    rarity: str
    released_on: date | None
    artist: str
    image_urls: list[str]
    value_cents: int | None

    @property
    def edition(self) -> tuple[str, str, str, str]:
        return self.set_code, self.collector_number, self.language, self.finish


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A card and its printings: one for each finish of the edition."""

    card: CardFacts
    printings: tuple[PrintingFacts, ...]


def read_object(found: object, *, currency: str) -> CatalogueEntry:
    """What the shop wants to know of one object of the bulk data.

    `currency` chooses among Scryfall's prices: "eur" takes euros before dollars, any other dollars first.
    Raises `NotRentableError` and `BrokenObjectError`.
    """
    if not isinstance(found, dict):
        raise BrokenObjectError("this is not an object")
    check_rentable(found)
    faces = _faces(found)
    layout = _text(found, "layout", longest=40) or "normal"
    # A reversible card is one card printed on both sides; whatever is known of it, its sides know.
    sides = faces
    reversible = layout == "reversible_card" and bool(faces)
    if reversible:
        layout = _text(faces[0], "layout", longest=40) or "normal"
        faces = faces[:1]
    source = faces[0] if reversible else found
    card = CardFacts(
        oracle_id=_uuid(found, "oracle_id") or next((_uuid(side, "oracle_id") for side in sides), None),
        name=_required(source, "name", longest=500),
        layout=layout,
        mana_cost=_own_or_faces(source, faces, "mana_cost", between=" // "),
        mana_value=_mana_value(found, faces),
        type_line=_own_or_faces(source, faces, "type_line", between=" // "),
        oracle_text=_own_or_faces(source, faces, "oracle_text", between="\n//\n"),
        colors=_colors_of(source, faces),
        color_identity=_colors(found.get("color_identity")),
        faces=[_face_facts(face) for face in faces] if len(faces) > 1 else [],
        power=_text(source, "power"),
        toughness=_text(source, "toughness"),
        loyalty=_text(source, "loyalty"),
        defense=_text(source, "defense"),
        own_facts=not reversible,
    )
    return CatalogueEntry(card=card, printings=_printings(found, sides, currency=currency))


def check_rentable(found: Mapping[str, Any]) -> None:
    """Raises `NotRentableError`, with the reason, for what cannot go into anybody's deck."""
    if found.get("object", "card") != "card":
        raise NotRentableError("not a card")
    layout, set_type, games = found.get("layout"), found.get("set_type"), found.get("games")
    if isinstance(layout, str) and layout in _NO_CARD_LAYOUTS:
        raise NotRentableError(_NO_CARD_LAYOUTS[layout])
    if found.get("digital") is True:
        raise NotRentableError("digital")
    if isinstance(games, list) and "paper" not in games:
        raise NotRentableError("not on paper")
    if found.get("oversized") is True:
        raise NotRentableError("oversized")
    if isinstance(set_type, str) and set_type in _NO_CARD_SET_TYPES:
        raise NotRentableError(_NO_CARD_SET_TYPES[set_type])
    type_line = found.get("type_line")
    if isinstance(type_line, str):
        first_word = type_line.split(" ", 1)[0].lower()
        if first_word == "card":  # what lies on top of a packet, or shows only the art
            raise NotRentableError("front card")
        if first_word in ("token", "emblem"):
            raise NotRentableError(first_word)


def in_wubrg_order(colors: Sequence[str]) -> str:
    """
    >>> in_wubrg_order(["G", "U", "U"])
    'UG'
    """
    return "".join(color for color in WUBRG if color in colors)


# --- the printings --------------------------------------------------------------------------------------


def _printings(
    found: Mapping[str, Any], sides: Sequence[Mapping[str, Any]], *, currency: str
) -> tuple[PrintingFacts, ...]:
    scryfall_id = _uuid(found, "id")
    set_code = _required(found, "set", longest=10).lower()
    collector_number = _required(found, "collector_number", longest=20)
    language = (_text(found, "lang", longest=5) or "en").lower()
    set_name, rarity = _text(found, "set_name"), _text(found, "rarity", longest=20)
    released_on = _date(found, "released_at")
    artist = _own_or_faces(found, sides, "artist", between=" & ")
    image_urls = _image_urls(found, sides)
    return tuple(
        PrintingFacts(
            scryfall_id=scryfall_id,
            set_code=set_code,
            set_name=set_name,
            collector_number=collector_number,
            language=language,
            finish=finish,
            rarity=rarity,
            released_on=released_on,
            artist=artist,
            image_urls=image_urls,
            value_cents=price_cents(found.get("prices"), finish=finish, currency=currency),
        )
        for finish in _finishes(found)
    )


def _finishes(found: Mapping[str, Any]) -> list[str]:
    """Non-foil, foil, etched: from the list, or from the two booleans of older files."""
    finishes = found.get("finishes")
    if isinstance(finishes, list):
        known = [finish for finish in FINISHES if finish in finishes]
        if finishes and not known:
            raise NotRentableError("unknown finish")
    else:
        known = [finish for finish in ("nonfoil", "foil") if found.get(finish) is True]
    return known or ["nonfoil"]


def price_cents(prices: object, *, finish: str, currency: str) -> int | None:
    """The price of that finish in cents; in the shop's currency where it is known, else in the other one.

    >>> price_cents({"eur": None, "usd": "2.10"}, finish="nonfoil", currency="eur")
    210
    """
    if not isinstance(prices, dict):
        return None
    for known in ("eur", "usd") if currency.lower() == "eur" else ("usd", "eur"):
        price = prices.get(known + _PRICE_FIELDS[finish])
        if not isinstance(price, str):
            continue
        try:
            cents = (Decimal(price) * 100).to_integral_value()
            if 0 <= cents <= _LARGEST_INTEGER:
                return int(cents)
        except ArithmeticError:  # "NaN", "cheap": a hint only, and what cannot be read is not known
            continue
    return None


def _image_urls(found: Mapping[str, Any], sides: Sequence[Mapping[str, Any]]) -> list[str]:
    """One address for each side that has a picture of its own: of the whole card, else of its faces."""
    own = _image_url(found)
    if own:
        return [own]
    return [url for url in map(_image_url, sides) if url]


def _image_url(source: Mapping[str, Any]) -> str:
    images = source.get("image_uris")
    if not isinstance(images, dict):
        return ""
    for size in ("normal", "large", "png", "small"):
        url = images.get(size)
        if isinstance(url, str) and url.startswith("https://"):
            return _sound(url, "image_uris")
    return ""


# --- the card and its faces -----------------------------------------------------------------------------


def _faces(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    faces = found.get("card_faces") or []
    if not isinstance(faces, list) or not all(isinstance(face, dict) for face in faces):
        raise BrokenObjectError("card_faces is not a list of objects")
    return faces


def _face_facts(face: Mapping[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for key in _FACE_FACTS:
        if key == "colors":
            facts[key] = _colors(face.get(key))
        elif text := _text(face, key):
            facts[key] = text
    if "name" not in facts:
        raise BrokenObjectError("a face has no name")
    return facts


def _own_or_faces(
    source: Mapping[str, Any], faces: Sequence[Mapping[str, Any]], key: str, *, between: str
) -> str:
    if source.get(key) is not None:
        return _text(source, key)
    texts = [text for face in faces if (text := _text(face, key))]
    return between.join(dict.fromkeys(texts))


def _colors_of(source: Mapping[str, Any], faces: Sequence[Mapping[str, Any]]) -> str:
    if source.get("colors") is not None:
        return _colors(source["colors"])
    return in_wubrg_order("".join(_colors(face.get("colors")) for face in faces))


def _colors(found: object) -> str:
    if found is None:
        return ""
    if not isinstance(found, list) or not all(isinstance(color, str) for color in found):
        raise BrokenObjectError("colors are not a list of letters")
    return in_wubrg_order(found)


def _mana_value(found: Mapping[str, Any], faces: Sequence[Mapping[str, Any]]) -> Decimal:
    known = found.get("cmc")
    if known is None and faces:
        known = faces[0].get("cmc")
    if known is None:
        return Decimal(0)
    if isinstance(known, bool) or not isinstance(known, int | float) or not 0 <= known < 1_000_000_000:
        raise BrokenObjectError("cmc is not a mana value")
    return Decimal(str(known)).quantize(Decimal("0.1"))


# --- single fields --------------------------------------------------------------------------------------


def _text(source: Mapping[str, Any], key: str, *, longest: int | None = None) -> str:
    found = source.get(key)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise BrokenObjectError(f"{key} is not a text")
    if longest is not None and len(found) > longest:
        raise BrokenObjectError(f"{key} is longer than {longest} characters")
    return _sound(found, key)


def _sound(text: str, key: str) -> str:
    """The text, unless PostgreSQL could not hold it."""
    if "\x00" in text:
        raise BrokenObjectError(f"{key} contains a NUL")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise BrokenObjectError(f"{key} is not UTF-8") from None
    return text


def _required(source: Mapping[str, Any], key: str, *, longest: int) -> str:
    text = _text(source, key, longest=longest).strip()
    if not text:
        raise BrokenObjectError(f"{key} is missing")
    return text


def _uuid(source: Mapping[str, Any], key: str) -> UUID | None:
    text = _text(source, key)
    try:
        return UUID(text) if text else None
    except ValueError:
        raise BrokenObjectError(f"{key} is not a UUID") from None


def _date(source: Mapping[str, Any], key: str) -> date | None:
    text = _text(source, key)
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise BrokenObjectError(f"{key} is not a date") from None
