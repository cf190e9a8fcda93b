"""A stock list becomes stock movements. The columns and the rules in words: docs/catalogue.md."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import date

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from inventory.locks import lock_cards
from inventory.models import Printing, StockMovement
from inventory.stock import StockError, new_movement, owned_by_printing, record_movements, record_possible
from inventory.stock_csv import RowProblem, StockRow, read_stock_csv
from inventory.stock_csv.rows import DAMAGED
from inventory.stock_rows import Matched, match_rows

_ROWS_AT_ONCE = 1_000
_PRINTINGS_AT_ONCE = 500  # whose cards are locked together


@dataclass(slots=True)
class StockImport:
    """What an import of stock did. `problems` are the rows that were left out."""

    rows: int = 0
    movements: int = 0
    copies_in: int = 0
    copies_out: int = 0
    values: int = 0  # printings whose value is now another
    damaged: list[StockRow] = field(
        default_factory=list
    )  # rows whose copies count, although they are damaged
    problems: list[RowProblem] = field(default_factory=list)

    def count(self, movements: Iterable[StockMovement]) -> None:
        for movement in movements:
            self.movements += 1
            self.copies_in += max(0, movement.quantity)
            self.copies_out += max(0, -movement.quantity)


def import_stock(
    *,
    content: bytes,
    by: AbstractBaseUser | None,
    today: date,
    count_is_truth: bool = False,
    dry_run: bool = False,
    after_rows: Callable[[int, int], None] = lambda done, total: None,
) -> StockImport:
    """Reads a CSV file and writes its rows as movements; bad rows are reported, good ones kept.

    Every row says what was bought, from its date on, else from today; a second run adds the same again. With
    `count_is_truth` a row says instead what is there: the difference to what is owned is written as a
    correction, and a second run changes nothing. Printings that the file does not name are left as they are.
    `dry_run` does everything but keep it. `after_rows(steps done, of all)` is called once in a while, two steps to
    a row. Raises `StockFileError`.
    """
    sheet = read_stock_csv(content)
    done = StockImport(problems=list(sheet.problems))
    rows, total = sheet.rows, 2 * len(sheet.rows)  # each is looked up, and then written
    matched: list[Matched] = []
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        matched += match_rows(rows[start : start + _ROWS_AT_ONCE], done.problems)
        after_rows(min(start + _ROWS_AT_ONCE, len(rows)), total)
    with transaction.atomic() if dry_run or not count_is_truth else nullcontext():
        if count_is_truth:
            written = _correct(matched, by=by, today=today, done=done)
            for count in written:
                after_rows(len(rows) + count, total)
        else:
            _add(matched, by=by, today=today, done=done)
        done.values = _set_values(matched)
        if dry_run:
            transaction.set_rollback(True)
    after_rows(total, total)
    done.damaged = [each.row for each in matched if each.row.condition == DAMAGED and each.row.quantity]
    done.problems.sort(key=lambda problem: problem.line)
    return done


def _add(matched: Sequence[Matched], *, by: AbstractBaseUser | None, today: date, done: StockImport) -> None:
    movements = []
    for each in matched:
        try:
            movement = new_movement(
                printing=each.printing,
                kind=StockMovement.Kind.BOUGHT,
                quantity=each.row.quantity,
                by=by,
                effective_on=each.row.effective_on or today,
                note=_note([each]),
            )
        except StockError as error:
            done.problems.append(RowProblem(each.row.line, str(error)))
        else:
            movements.append(movement)
    record_movements(movements)
    done.rows = len(movements)
    done.count(movements)


def _correct(
    matched: Sequence[Matched], *, by: AbstractBaseUser | None, today: date, done: StockImport
) -> Iterator[int]:
    """Corrects some cards after the others, each time in a transaction of its own; yields the rows done so far.

    So nobody who rents waits for the whole list. What an interruption leaves is true, and another run completes it.
    """
    counted: dict[int, list[Matched]] = defaultdict(list)
    for each in sorted(matched, key=lambda each: (each.printing.card_id, each.printing.pk, each.row.line)):
        counted[each.printing.pk].append(each)
    of_printings = list(counted.values())
    count = 0
    for start in range(0, len(of_printings), _PRINTINGS_AT_ONCE):
        some = of_printings[start : start + _PRINTINGS_AT_ONCE]
        _correct_some(some, by=by, today=today, done=done)
        count += sum(len(rows) for rows in some)
        yield count


@transaction.atomic
def _correct_some(
    of_printings: Sequence[Sequence[Matched]], *, by: AbstractBaseUser | None, today: date, done: StockImport
) -> None:
    lock_cards({rows[0].printing.card_id for rows in of_printings})
    owned = owned_by_printing(printing_ids=[rows[0].printing.pk for rows in of_printings], on=today)
    movements, rows_of = [], {rows[0].printing.pk: rows for rows in of_printings}
    refused: list[tuple[int, StockError]] = []
    for printing_id, rows in rows_of.items():
        difference = sum(each.row.quantity for each in rows) - owned.get(printing_id, 0)
        try:
            if difference:
                movement = new_movement(
                    printing=rows[0].printing,
                    kind=StockMovement.Kind.CORRECTED,
                    quantity=difference,
                    by=by,
                    effective_on=today,
                    note=_note(rows) or "counted",
                )
                movements.append(movement)
        except StockError as error:
            refused.append((printing_id, error))
    refused += [(movement.printing_id, error) for movement, error in record_possible(movements)]
    left_out = {printing_id for printing_id, _ in refused}
    done.problems += [RowProblem(rows_of[each][0].row.line, str(error)) for each, error in refused]
    done.rows += sum(len(rows) for each, rows in rows_of.items() if each not in left_out)
    done.count(movement for movement in movements if movement.printing_id not in left_out)


def _note(matched: Sequence[Matched]) -> str:
    """What the rows of a printing say that the printing itself does not."""
    said: dict[str, None] = {}
    for each in matched:
        row, printing = each.row, each.printing
        said[row.note] = None
        said[row.condition and f"condition {row.condition}"] = None
        if row.language not in ("", printing.language):
            said[f"language {row.language}"] = None
    return ", ".join(filter(None, said))


def _set_values(matched: Sequence[Matched]) -> int:
    told = {
        each.printing.pk: (each.printing, each.row.value_cents)
        for each in matched
        if each.row.value_cents is not None
    }
    changed: dict[int, Printing] = {}
    for printing, value_cents in told.values():  # of several rows for a printing the last one stands
        if printing.value_cents != value_cents:
            printing.value_cents = value_cents
            changed[printing.pk] = printing
    Printing.objects.bulk_update(changed.values(), ["value_cents"], batch_size=500)
    return len(changed)
