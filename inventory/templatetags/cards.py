"""Drawing what is printed on a card: mana symbols and rules text, each readable aloud."""

import re
from collections.abc import Sequence
from functools import lru_cache

from django import template
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from inventory.card_drawing import DrawnCard, DrawnFace, drawn
from inventory.models import Card, Printing

register = template.Library()

_SYMBOL = re.compile(r"\{([^{}]{1,12})\}")
_REMINDER = re.compile(r"(\([^()]*\))")
_COLORS = {"W": "white", "U": "blue", "B": "black", "R": "red", "G": "green", "C": "colourless"}
_SPOKEN = {
    **_COLORS, "S": "snow", "P": "2 life", "T": "tap", "Q": "untap", "E": "energy", "∞": "infinite", "½": "one half",
}  # fmt: skip
_DRAWN = {
    *_COLORS,
    "S",
    "T",
    "Q",
    "P",
}  # have a picture in static/img/mana.svg; all others show their letters


def spoken(symbol: str) -> str:
    """A mana symbol as it is read aloud.

    >>> spoken("W/U"), spoken("2"), spoken("B/P")
    ('white or blue', '2', 'black or 2 life')
    """
    return " or ".join(_SPOKEN.get(part, part) for part in symbol.upper().split("/"))


def _drawn(symbol: str) -> SafeString:
    parts = [part for part in symbol.upper().split("/") if part]
    if len(parts) > 1:
        halves = format_html_join(
            "", '<span class="mana-half">{}</span>', ((_disc(part),) for part in parts[:2])
        )
        return format_html('<span class="mana-split">{}</span>', halves)
    return _disc(parts[0] if parts else symbol)


def _disc(part: str) -> SafeString:
    if part in _DRAWN:
        return format_html('<span class="mana mana-{}"></span>', part.lower())
    return format_html('<span class="mana{}">{}</span>', " mana-long" if len(part) > 2 else "", part)


@register.filter
@lru_cache(maxsize=2_000)  # there are some hundred costs, and pages with hundreds of lines
def mana(cost: str) -> SafeString:
    """A mana cost as symbols: "{2}{W/U}". Faces stay apart at " // ". Nothing for an empty cost."""
    faces = [_SYMBOL.findall(face) for face in str(cost or "").split("//")]
    faces = [face for face in faces if face]
    if not faces:
        return mark_safe("")
    aloud = "; ".join(", ".join(spoken(symbol) for symbol in face) for face in faces)
    discs = format_html_join(
        mark_safe('<span class="mana-or" aria-hidden="true">/</span>'),
        "{}",
        ((format_html_join("", "{}", ((_drawn(symbol),) for symbol in face)),) for face in faces),
    )
    return format_html(
        '<span class="mana-cost" role="img" aria-label="Mana cost: {}">{}</span>', aloud, discs
    )


@register.filter
def rules(text: str) -> SafeString:
    """Rules text as paragraphs, with symbols drawn and reminder text set apart."""
    paragraphs = [line.strip() for line in str(text or "").splitlines() if line.strip()]
    return format_html_join("\n", "<p>{}</p>", ((_rules_line(line),) for line in paragraphs))


def _rules_line(line: str) -> SafeString:
    parts = [
        format_html('<span class="reminder">{}</span>', _with_symbols(part))
        if part.startswith("(") and part.endswith(")")
        else _with_symbols(part)
        for part in _REMINDER.split(line)
    ]
    return format_html_join("", "{}", ((part,) for part in parts))


def _with_symbols(text: str) -> SafeString:
    pieces: list[SafeString] = []
    for position, piece in enumerate(_SYMBOL.split(text)):
        if position % 2:
            symbol = format_html('<span role="img" aria-label="{}">{}</span>', spoken(piece), _drawn(piece))
            pieces.append(symbol)
        else:
            pieces.append(conditional_escape(piece))
    return format_html_join("", "{}", ((piece,) for piece in pieces))


@register.filter
def spine(colors: str) -> str:
    """The colour of a card's spine: one of w, u, b, r, g; "many", or "none" where it has no colour.

    >>> spine("U"), spine("WU"), spine("")
    ('u', 'many', 'none')
    """
    if not colors:
        return "none"
    return colors.lower() if len(colors) == 1 else "many"


@register.filter
def color_names(colors: str) -> str:
    """Colours in words.

    >>> color_names("WU")
    'white, blue'
    """
    return ", ".join(_COLORS[color] for color in colors if color in _COLORS) or "colourless"


@register.filter
def color_discs(colors: str) -> SafeString:
    """A disc for each colour, for a parent that says them in words (`color_names`)."""
    return format_html_join("", "{}", ((_disc(color),) for color in colors if color in _COLORS))


@register.simple_tag
def drawn_card(card: Card, pictured: Printing | None = None) -> DrawnCard:
    """The card as it is drawn, with the pictures of a printing where it has any."""
    urls: Sequence[str] = pictured.image_urls if pictured else ()
    return drawn(card, image_urls=urls)


@register.simple_tag
def engraved(face: DrawnFace, *, tall: bool = False) -> SafeString:
    """What stands in the window of a face."""
    return face.engraving.svg(tall=tall)
