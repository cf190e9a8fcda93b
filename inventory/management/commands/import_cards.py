"""import_cards FILE: cards and printings from Scryfall's bulk data."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from inventory.catalogue_import import CatalogueImport
from inventory.scryfall_file import ENDINGS, BulkFile, BulkFileError

_LINES_OF_PROBLEMS = 50  # as many are printed; all are counted


class Command(BaseCommand):
    help = (
        f"Imports cards and printings from Scryfall's bulk data ({', '.join(ENDINGS)}; to be had at "
        "https://scryfall.com/docs/api/bulk-data). Run it again with a newer file to bring everything up to "
        "date. What cannot be rented out is skipped, what is broken is reported, and the rest is imported."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument(
            "--update-values",
            action="store_true",
            help="replace the values of copies by the prices in the file (else only empty ones are filled)",
        )
        parser.add_argument("--no-progress", action="store_true", help="show no progress")

    def handle(self, *args: Any, **options: Any) -> None:
        run = CatalogueImport(currency=settings.CURRENCY, update_values=options["update_values"])
        try:
            with (
                BulkFile(options["file"]) as objects,
                _progress(objects, silent=options["no_progress"]) as bar,
            ):
                run.run(objects, after_batch=lambda: bar.update(objects.bytes_read - bar.n))
        except BulkFileError as error:
            if run.counts.cards:
                self._print_counts(run)
            raise CommandError(str(error)) from None
        self._print_counts(run)

    def _print_counts(self, run: CatalogueImport) -> None:
        counts = run.counts
        for problem in counts.problems[:_LINES_OF_PROBLEMS]:
            self.stderr.write(str(problem))
        if len(counts.problems) > _LINES_OF_PROBLEMS:
            self.stderr.write(f"and {len(counts.problems) - _LINES_OF_PROBLEMS} more like these")
        for what, outcomes in (("cards", counts.cards), ("printings", counts.printings)):
            figures = (f"{outcomes[outcome]} {outcome}" for outcome in ("added", "updated", "unchanged"))
            self.stdout.write(f"{what}: {', '.join(figures)}")
        self.stdout.write(f"skipped: {counts.skipped.total()}")
        for reason, count in counts.skipped.most_common():
            self.stdout.write(f"  {reason}: {count}")


def _progress(objects: BulkFile, *, silent: bool) -> Any:
    """By bytes of the file as it lies on the disk. Where nobody watches, a line every ten seconds will do."""
    watched = sys.stderr.isatty()
    return tqdm(
        total=objects.size,
        unit="B",
        unit_scale=True,
        desc=objects.path.name,
        disable=silent,
        mininterval=0.1 if watched else 10,
        ascii=not watched,
        bar_format=None if watched else "{desc}: {percentage:.0f}%\n",
    )
