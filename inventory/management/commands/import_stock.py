"""import_stock FILE.csv: a stock list as stock movements."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from inventory.stock_csv import StockFileError
from inventory.stock_import import import_stock


class Command(BaseCommand):
    help = (
        "Reads a CSV file with a line of headings and adds its rows to the stock as bought. A second run "
        "adds the same again; with --set it changes nothing. Columns: quantity and name; where known also "
        "set, collector number, finish, language, value, date, note. Bad rows are reported by line, and the "
        "good ones are kept."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE.csv")
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would happen, and keep nothing of it"
        )
        parser.add_argument(
            "--set",
            action="store_true",
            help="the rows say what is there today: write the difference as corrections. Printings that the "
            "file does not name stay as they are",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            content = path.read_bytes()
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}. Name a CSV file.") from None
        try:
            done = import_stock(
                content=content,
                by=None,
                today=timezone.localdate(),
                count_is_truth=options["set"],
                dry_run=options["dry_run"],
            )
        except StockFileError as error:
            raise CommandError(f"{path}: {error}") from None
        for problem in done.problems:
            self.stderr.write(str(problem))
        self.stdout.write(
            f"{done.rows} rows: {done.movements} movements, {done.copies_in} copies in, "
            f"{done.copies_out} out, {done.values} values set; {len(done.problems)} rows left out"
        )
        if options["dry_run"]:
            self.stdout.write("Nothing was kept: this was a dry run.")
