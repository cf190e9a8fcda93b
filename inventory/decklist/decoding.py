"""From bytes to text: marks, UTF-8, UTF-16, Windows-1252, and what is no text at all.

And from text to text that can be stored and shown: no characters that cannot be seen and change how a line reads.
"""

import codecs
import re

from inventory.decklist.lines import NotAList

_SAMPLE = 20_000  # bytes or characters by which a file is judged
_MARKS = (  # the longer first: UTF-32 begins like UTF-16
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_COPY = "Open it, copy the list and paste it here, or save it as plain text."
_BINARY = (
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"RIFF", "a picture or a recording"),
    (b"\xd0\xcf\x11\xe0", "an old Word or Excel file"),
    (b"{\\rtf", "a formatted document (RTF)"),
    (b"\x1f\x8b", "a compressed file"),
    (b"Rar!", "a compressed file"),
    (b"7z\xbc\xaf", "a compressed file"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"SQLite format 3", "a database"),
)

# Written only by accident or in bad faith: control characters, halves of a pair, overrides of the direction.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f\x80-\x84\x86-\x9f"
    "\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufff9-\ufffb\ufffe\uffff]"
)
# Harmless leftovers of web pages: zero width, soft hyphens, marks of direction, byte-order marks in the middle.
_LEFTOVERS = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")


def decode(content: bytes) -> str:
    """The text of a file. Raises NotAList, saying what to do, where it holds no text."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, errors="replace")
    for beginning, what in _BINARY:
        if content.startswith(beginning):
            raise NotAList(f"This is {what}, no deck list. {_COPY}")
    if content.startswith(b"PK\x03\x04"):
        raise NotAList(f"This is {_kind_of_archive(content)}, no deck list. {_COPY}")
    if utf_16 := _utf_16_without_mark(content):
        return content.decode(utf_16, errors="replace")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    sample = text[:_SAMPLE]
    unseen = len(_UNSEEN.findall(sample))
    if unseen > 5 and unseen > len(sample) / 50:
        raise NotAList(f"This file is no text. {_COPY}")
    return text


def _kind_of_archive(content: bytes) -> str:
    beginning = content[:_SAMPLE]
    if b"xl/" in beginning:
        return "an Excel file"
    if b"word/" in beginning:
        return "a Word document"
    return "a compressed file"


def _utf_16_without_mark(content: bytes) -> str | None:
    """Every second byte of Latin text in UTF-16 is zero; in text of any other encoding none is."""
    sample = content[:_SAMPLE]
    half = len(sample) // 2
    if half < 2:
        return None
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if odd > 0.4 * half and even < 0.1 * half:
        return "utf-16-le"
    if even > 0.4 * half and odd < 0.1 * half:
        return "utf-16-be"
    return None


def size(text: str) -> int:
    """Bytes that the text takes in UTF-8; halves of pairs count as what they would be replaced with."""
    return len(text.encode("utf-8", "surrogatepass"))


def has_unseen(text: str) -> bool:
    """Whether it holds characters that cannot be seen and must not be stored or shown."""
    return _UNSEEN.search(text) is not None


def seen(text: str) -> str:
    """The text as it can be stored and shown, on one line."""
    return " ".join(_LEFTOVERS.sub("", _UNSEEN.sub(" ", text)).split())


def printable(text: str) -> str:
    """The text as it can be stored and shown, lines and all."""
    return _UNSEEN.sub(" ", text)
