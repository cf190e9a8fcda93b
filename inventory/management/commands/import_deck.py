"""import_deck FILE...: deck files as template decks."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from inventory.deck_files import DeckFile, DeckFileError, deck_files
from inventory.deck_import import DeckError, ImportedDeck, import_deck
from inventory.deck_lists import UnknownLine
from inventory.terminal import printable


class Command(BaseCommand):
    help = (
        "Makes a template deck of each deck file, of any form that this site can read; folders are searched for "
        "deck files. The deck is called as the list says, else as the file. A deck of that name that is there "
        "already is changed to what the file says and keeps its format, description and address, so a second run "
        "doubles nothing. Lines that are not understood are reported and left out; a file of which nothing is "
        "understood makes no deck, and the exit code is 1 then."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--publish", action="store_true", help="offer the decks to customers at once")
        parser.add_argument(
            "--format",
            default="",
            help="Modern, Commander …; where it is not given, Commander decks are recognised",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        imported: dict[str, ImportedDeck] = {}  # by address
        failed = 0
        for file in deck_files(options["files"]):
            try:
                done = import_deck(
                    content=file.read(),
                    filename=file.path.name,
                    by=None,
                    format=options["format"],
                    is_published=options["publish"],
                    taken=imported,
                )
            except (DeckFileError, DeckError) as error:
                failed += 1
                self._warn(f"{file.path}: {error}")
            else:
                imported[done.deck.slug] = done
                self._report(file, done)
        made = sum(done.is_new for done in imported.values())
        summary = (
            f"{made} decks made, {len(imported) - made} brought up to date, {failed} files without a deck"
        )
        if failed or not imported:
            raise CommandError(
                summary if imported or failed else "No deck files there: name files or folders."
            )
        self.stdout.write(summary)

    def _report(self, file: DeckFile, done: ImportedDeck) -> None:
        for each in done.read.unknown:
            self._warn(f"{file.path}:{each.problem.number}: {_reason(each)}")
        what = "made" if done.is_new else "brought up to date"
        left_out = f", {len(done.read.unknown)} lines left out" if done.read.unknown else ""
        self.stdout.write(
            printable(
                f"{file.path}: “{done.deck}” ({done.deck.format}), {done.copies} copies{left_out}: {what}, "
                f"{done.deck.get_absolute_url()}{'' if done.deck.published else ', not published'}"
            )
        )

    def _warn(self, text: str) -> None:
        self.stderr.write(printable(text))


def _reason(unknown: UnknownLine) -> str:
    nearest = f" Did you mean {' or '.join(unknown.nearest)}?" if unknown.nearest else ""
    text = "" if unknown.line else f"“{unknown.problem.text[:80]}”: "
    return f"{text}{unknown.problem.message}{nearest}"
