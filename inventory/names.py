"""Folding of card names, so that "Aether Vial", "Æther Vial" and "æther vial’s" can meet. Pure."""

import unicodedata

# What Unicode does not decompose, but players type with plain letters.
_LETTERS = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "ß": "ss", "ð": "d", "þ": "th", "ł": "l"}
    | dict.fromkeys("’‘´`ʼ", "'")
    | dict.fromkeys("“”„", '"')
    | dict.fromkeys("‐‑‒–—−", "-")
    | {"／": "/", "꞉": ":"}
    | dict.fromkeys("®™", "")
)


def fold_name(name: str) -> str:
    """The form in which names are compared: lower case, no accents, plain apostrophes, single spaces.

    >>> fold_name("  Ætherize ")
    'aetherize'
    >>> fold_name("Lim-Dûl’s  Vault")
    "lim-dul's vault"
    """
    lowered = name.casefold().translate(_LETTERS)
    decomposed = unicodedata.normalize("NFKD", lowered)
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    # Some characters decompose to capitals and to letters of the table: once more.
    return " ".join(plain.casefold().translate(_LETTERS).split())


def letters_of(folded: str) -> str:
    """The letters and digits of a folded name, without what stands between them. Pure."""
    return "".join(character for character in folded if character.isalnum())
