"""A deck list as it comes in: pasted, as a file, or back again from the page that showed what was understood.

The list itself travels in that page, byte for byte, and is read again at every step: nothing is kept between two
requests, and nothing that a page says about a list is believed.
"""

import base64
import binascii
import zlib
from dataclasses import dataclass
from typing import Any, Self

from django import forms

from inventory.decklist import LARGEST_LIST, DeckList, parse

LONGEST_FILE_NAME = 200

TOO_LARGE = (
    f"This list is larger than {LARGEST_LIST:,} bytes, far more than a deck has. Nothing was read: look whether it is "
    "the right file, or add it in parts."
)
NOT_WHOLE = "The list did not come back whole, so nothing was added. Paste it, or choose the file, once more."


class ListError(ValueError):
    """This list cannot be read; the message says what can be done. Nothing has changed."""


@dataclass(frozen=True, slots=True)
class Source:
    """A list as it came, and the name of its file; no name where it was pasted."""

    content: bytes
    filename: str = ""

    def read(self) -> DeckList:
        """Raises ListError where there is nothing in it to show."""
        read = parse(self.content, self.filename)
        if not (read.lines or read.aside) and any(not problem.text for problem in read.problems):
            raise ListError(next(problem.message for problem in read.problems if not problem.text))
        if not (read.lines or read.problems or read.aside):
            raise ListError(
                f"There is no card in {f'“{self.filename}”' if self.filename else 'this list'}: it is empty, or all "
                "of it is headings and comments. Write a card on each line, for example 4 Lightning Bolt."
            )
        return read

    @property
    def text(self) -> str:
        """The list as it can stand in a field to be changed by hand; empty where it was no plain text."""
        try:
            text = self.content.decode("utf-8-sig")
        except UnicodeDecodeError:
            return ""
        return "" if "\x00" in text or text.lstrip()[:1] in ("<", "{") else text

    def packed(self) -> str:
        return base64.urlsafe_b64encode(zlib.compress(self.content)).decode()

    @classmethod
    def unpacked(cls, packed: str, filename: str) -> Self:
        """Raises ListError where that is no packed list."""
        unpacker = zlib.decompressobj()
        try:
            content = unpacker.decompress(base64.urlsafe_b64decode(packed.encode()), LARGEST_LIST + 1)
        except (binascii.Error, zlib.error, ValueError):
            raise ListError(NOT_WHOLE) from None
        if len(content) > LARGEST_LIST or not unpacker.eof:
            raise ListError(NOT_WHOLE)
        return cls(content, _shown_name(filename))


class ListField(forms.CharField):
    """A list that was pasted, as it is: which characters it may have is for its reader to say."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strip=False, **kwargs)
        self.validators = []


class DeckListForm(forms.Form):
    """A list to read: a file where one was chosen, else what was pasted."""

    cards = ListField(
        label="Your list",
        required=False,
        widget=forms.Textarea(
            attrs={
                "rows": 14,
                "spellcheck": "false",
                "autocapitalize": "off",
                "placeholder": "4 Lightning Bolt\n3 Fire // Ice\n20 Mountain\n\nSideboard\n2 Smash to Smithereens",
            }
        ),
    )
    file = forms.FileField(
        label="Choose a file",
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"aria-describedby": "file-help"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        file = cleaned.get("file")
        if file is not None:
            if file.size > LARGEST_LIST:
                self.add_error("file", TOO_LARGE)
            elif not file.size:
                self.add_error("file", f"“{_shown_name(file.name)}” is an empty file. Choose another one.")
            else:
                cleaned["source"] = Source(file.read(), _shown_name(file.name))
            return cleaned
        content = cleaned.get("cards", "").replace("\r\n", "\n").encode(errors="replace")
        if len(content) > LARGEST_LIST:
            self.add_error("cards", TOO_LARGE)
        elif not content.strip():
            self.add_error(
                "cards", "Paste a list, or choose a file: a card on each line, like 4 Lightning Bolt."
            )
        else:
            cleaned["source"] = Source(content)
        return cleaned

    # For the page, and for the script that looks at a list before it is sent.
    largest = LARGEST_LIST
    too_large = TOO_LARGE
    largest_in_words = f"{LARGEST_LIST // 1_000_000} MB"

    @property
    def wrong(self) -> str:
        """What is wrong with it, in one sentence."""
        return " ".join(str(error) for errors in self.errors.values() for error in errors)


def _shown_name(filename: str) -> str:
    return "".join(character for character in filename if character.isprintable())[-LONGEST_FILE_NAME:]
