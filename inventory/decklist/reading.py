"""What kind of list it is, and who reads it."""

from inventory.decklist.decoding import decode, size
from inventory.decklist.lines import LARGEST_LIST, DeckList, NotAList, Problem
from inventory.decklist.text import read_text


def parse(text: str | bytes, filename: str = "") -> DeckList:
    """Reads a list of cards. Never raises: what is not understood is a Problem with its line number."""
    try:
        if len(text) > LARGEST_LIST or (isinstance(text, str) and size(text) > LARGEST_LIST):
            raise NotAList(
                f"This list is too large: at most {LARGEST_LIST // 1_000_000} MB. Split it, or choose another file."
            )
        if isinstance(text, bytes):
            text = decode(text)
        return read_text(text.lstrip("\ufeff"), filename)
    except NotAList as error:
        return DeckList(problems=(Problem(error.number, "", str(error)),))
