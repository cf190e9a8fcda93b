"""recognise_decks PATH...: how much of some deck files is understood, by form."""

from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from inventory.deck_files import deck_files
from inventory.recognition import NotUnderstood, Recognised, recognise
from inventory.terminal import printable

_SHOWN = 20  # names, lines and files that are not understood; --missing shows all


class Command(BaseCommand):
    help = (
        "Reads deck files, or all of a folder, and says how many of their lines mean a card of the catalogue, by "
        "form of file; below it what does not, and why. Nothing is written."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
        parser.add_argument(
            "--missing",
            action="store_true",
            help="list every line that is not understood, with nearest names",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        found = recognise(deck_files(options["paths"]), suggest=options["missing"])
        self.stdout.write(
            f"{'form':<20}{'files':>7}{'lines':>8}{'copies':>8}{'understood':>12}{'rate':>8}{'printings':>11}"
        )
        for sums in (*found.forms, found.total):
            self.stdout.write(_row(sums))
        if options["missing"]:
            for each in found.missing:
                self.stdout.write(printable(str(each)))
        elif found.missing:
            self._summarise(found.missing)

    def _summarise(self, missing: list[NotUnderstood]) -> None:
        names = Counter(each.text for each in missing if each.is_unknown_name)
        others = [str(each) for each in missing if not each.is_unknown_name]
        for title, lines in (
            ("names that no card of the catalogue has", [f"{n} × {name}" for name, n in names.most_common()]),
            ("lines and files that could not be read", others),
        ):
            if lines:
                self.stdout.write(f"\n{title}: {len(lines)}")
            for line in lines[:_SHOWN]:
                self.stdout.write(f"  {printable(line)}")
            if len(lines) > _SHOWN:
                self.stdout.write(f"  and {len(lines) - _SHOWN} more: see --missing")


def _row(sums: Recognised) -> str:
    understood = f"{sums.understood_lines:>12}{sums.rate:>8.1%}{sums.printings:>11}"
    return f"{sums.form:<20}{sums.files:>7}{sums.lines:>8}{sums.copies:>8}{understood}"
