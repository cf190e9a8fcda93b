"""import_stock FILE.csv: a stock list as stock movements."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from inventory.stock_csv import LARGEST_FILE, StockFileError
from inventory.stock_import import import_stock
from inventory.terminal import printable


class Command(BaseCommand):
    help = (
        "Reads a CSV file with a line of headings, such as the collections that Archidekt, Deckbox, Dragon "
        "Shield, ManaBox, Moxfield, MTGGoldfish, TCGplayer and others export, and adds its rows to the stock as "
        "bought. A second run adds the same again; with --set it changes nothing. Columns: quantity and name; "
        "where known also set, collector number, finish, language, condition, value, date, note. Bad rows are "
        "reported by line, and the good ones are kept."
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
            content = _content(path)
            with tqdm(desc=path.name, unit=" steps", disable=None, leave=False) as bar:  # only on a terminal
                done = import_stock(
                    content=content,
                    by=None,
                    today=timezone.localdate(),
                    count_is_truth=options["set"],
                    dry_run=options["dry_run"],
                    after_rows=lambda rows, total: _show(bar, rows, total),
                )
        except StockFileError as error:
            raise CommandError(f"{path}: {error}") from None
        for problem in done.problems:
            self.stderr.write(printable(str(problem)))
        if done.damaged:
            copies = sum(row.quantity for row in done.damaged)
            lines = ", ".join(str(row.line) for row in done.damaged)
            self.stderr.write(
                f"{copies} copies are damaged (lines {lines}). They count as the shop's like all others: record as "
                "damaged those that cannot be rented out."
            )
        self.stdout.write(
            f"{done.rows} rows: {done.movements} movements, {done.copies_in} copies in, "
            f"{done.copies_out} out, {done.values} values set; {len(done.problems)} rows left out"
        )
        if options["dry_run"]:
            self.stdout.write("Nothing was kept: this was a dry run.")


def _content(path: Path) -> bytes:
    """Raises StockFileError; a file that is too large is not read at all."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise StockFileError(f"The file is larger than {LARGEST_FILE // 1_000_000} MB: split it.")
        return path.read_bytes()
    except OSError as error:
        raise StockFileError(f"it cannot be read: {error.strerror}. Name a CSV file.") from None


def _show(bar: Any, rows: int, total: int) -> None:
    bar.total = total
    bar.update(rows - bar.n)
