"""What kind of list it is, and who reads it."""

from inventory.decklist.csv import looks_like_csv, read_csv
from inventory.decklist.decoding import decode, size
from inventory.decklist.json import looks_like_json, read_json
from inventory.decklist.lines import LARGEST_LIST, DeckList, NotAList, Problem
from inventory.decklist.text import read_text
from inventory.decklist.xml import looks_like_xml, read_xml

# The first that knows the text reads it. What is in a file goes before what it is called.
_READERS = (
    (looks_like_xml, read_xml),
    (looks_like_json, read_json),
    (looks_like_csv, read_csv),
)


def parse(text: str | bytes, filename: str = "", *, limit: int = LARGEST_LIST) -> DeckList:
    """Reads a list of cards. Never raises: what is not understood is a Problem with its line number.

    Whatever the form (docs/deck-lists.md), `number` is the line in the text or file; only JSON, where a whole deck
    may stand on one line, counts its cards instead. Takes under a second and under 100 MB for any input, since more
    than `limit` bytes are not looked at; what is larger than LARGEST_LIST may take longer.
    """
    try:
        if len(text) > limit or (isinstance(text, str) and size(text) > limit):
            raise NotAList(
                f"This list is too large: at most {limit // 1_000_000} MB. Split it, or choose another file."
            )
        if isinstance(text, bytes):
            text = decode(text)
        text = text.lstrip("\ufeff")
        read = next((read for knows, read in _READERS if knows(text, filename)), read_text)
        return read(text, filename)
    except NotAList as error:
        return DeckList(problems=(Problem(error.number, "", str(error)),))
