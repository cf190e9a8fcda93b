"""The form in which staff make and change the shop's decks."""

from typing import Any

from django import forms

from inventory.deck_merge import read_signs
from inventory.deck_shelf import MAX_FORMAT, MAX_NAME
from inventory.models import TemplateDeck
from orders.deck_desk import deck_called
from orders.forms import MAX_LIST_CHARACTERS

LARGEST_FILE = 1_000_000  # bytes
_TOO_LONG = "At most {} characters, please: these are too many."


class FormatInput(forms.TextInput):
    """A field with suggestions; the page writes them down under this id."""

    SUGGESTIONS = "known-formats"

    def __init__(self) -> None:
        super().__init__(attrs={"list": self.SUGGESTIONS, "autocomplete": "off"})


class DeckForm(forms.Form):
    """`began_from`: `TemplateDeck.saves` when the form was opened, `began_with`: what stands for the deck then.

    None for a deck that is being made.
    """

    name = forms.CharField(
        max_length=MAX_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Give the deck a name.", "max_length": _TOO_LONG.format(MAX_NAME)},
    )
    format = forms.CharField(
        max_length=MAX_FORMAT,
        widget=FormatInput(),
        error_messages={
            "required": "Say for which format the deck is, for example Modern.",
            "max_length": _TOO_LONG.format(MAX_FORMAT),
        },
    )
    description = forms.CharField(
        max_length=2_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="How it plays, in a sentence or two. An empty line begins a new paragraph.",
        error_messages={"max_length": _TOO_LONG.format("2,000")},
    )
    cards = forms.CharField(
        max_length=MAX_LIST_CHARACTERS,
        strip=False,
        widget=forms.Textarea(
            attrs={
                "rows": 18,
                "spellcheck": "false",
                "autocapitalize": "off",
                "placeholder": "4 Lightning Bolt\n20 Mountain\n\nSideboard\n2 Smash to Smithereens",
            }
        ),
        help_text="A card on each line, with its copies before it, and headings for Commander, Deck and Sideboard.",
        error_messages={
            "required": "There is no card in this list yet: write for example 4 Lightning Bolt.",
            "max_length": _TOO_LONG.format(f"{MAX_LIST_CHARACTERS:,}"),
        },
    )
    began_from = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)
    began_with = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)

    def __init__(self, *args: Any, deck: TemplateDeck | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.deck = deck

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split())
        if other := deck_called(name, but=self.deck):
            raise forms.ValidationError(
                f"There is a deck called “{other.name}” already, at {other.get_absolute_url()}. Choose another name, "
                "or change that one."
            )
        return name

    @property
    def facts(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in ("name", "format", "description")}

    @property
    def saved(self) -> dict[str, Any]:
        """What `save_deck` takes of it, beside the lines."""
        began = self.cleaned_data
        return {
            **self.facts,
            "began_from": began["began_from"],
            "began_with": read_signs(began["began_with"]),
        }


class DeckFileForm(forms.Form):
    file = forms.FileField(
        label="Deck file",
        allow_empty_file=True,
        widget=forms.FileInput(
            attrs={"form": "deck-form", "accept": ".txt,.dec,.dek,.cod,.dck,.mwDeck,.o8d,.json"}
        ),
        help_text="Its list takes the place of the one in the form. Nothing is saved by it.",
        error_messages={"required": "Choose a file first.", "invalid": "Choose a file first."},
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > LARGEST_FILE:
            raise forms.ValidationError(
                "This file is larger than 1 MB, far more than a deck has. Look whether it is the right one."
            )
        if not file.size:
            raise forms.ValidationError("This file is empty. Choose another one.")
        return file
