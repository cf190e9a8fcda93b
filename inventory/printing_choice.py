"""Which of a card's printings is meant where what is known of it leaves a choice. Pure."""

from inventory.models.card import Finish, Printing

Preference = tuple[bool, int, bool, bool, int, int, int]


def preference(printing: Printing, *, language: str = "") -> Preference:
    """The smallest of several printings is the one that is meant.

    First the language that is asked for, then non-foil before foil before etched, English before others, the
    lowest known value, the newest, the one entered first.
    """
    value, released = printing.value_cents, printing.released_on
    return (
        bool(language) and printing.language != language,
        Finish.values.index(printing.finish),
        printing.language != "en",
        value is None,
        value or 0,
        -released.toordinal() if released else 0,
        printing.pk,
    )


_SIGNS = str.maketrans("*+", "★†")  # as XMage writes them


def number_key(collector_number: str) -> str:
    """The form in which collector numbers are compared: "007a" is "7A", "12*" is "12★", and "0" stays "0"."""
    plain = collector_number.strip().lower().translate(_SIGNS)
    return plain.lstrip("0") or plain[:1]
