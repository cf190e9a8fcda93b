"""A stock list becomes stock movements. The columns and the rules in words: docs/catalogue.md."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from inventory.locks import lock_cards
from inventory.models import Printing, StockMovement
from inventory.stock import StockError, new_movement, owned_by_printing, record_movement, record_movements
from inventory.stock_csv import RowProblem, StockRow, read_stock_csv
from inventory.stock_csv.rows import DAMAGED
from inventory.stock_rows import Matched, match_rows

_ROWS_AT_ONCE = 1_000


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
    `dry_run` does everything but keep it. `after_rows(done, of all)` is called once in a while. Raises
    `StockFileError`.
    """
    sheet = read_stock_csv(content)
    done = StockImport(problems=list(sheet.problems))
    with transaction.atomic():
        matched: list[Matched] = []
        for start in range(0, len(sheet.rows), _ROWS_AT_ONCE):
            rows = sheet.rows[start : start + _ROWS_AT_ONCE]
            matched += match_rows(rows, done.problems)
            after_rows(start + len(rows), len(sheet.rows))
        if count_is_truth:
            _correct(matched, by=by, today=today, done=done)
        else:
            _add(matched, by=by, today=today, done=done)
        done.values = _set_values(matched)
        done.damaged = [each.row for each in matched if each.row.condition == DAMAGED and each.row.quantity]
        if dry_run:
            transaction.set_rollback(True)
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
) -> None:
    counted: dict[int, list[Matched]] = defaultdict(list)
    for each in matched:
        counted[each.printing.pk].append(each)
    lock_cards({each.printing.card_id for each in matched})
    owned = owned_by_printing(printing_ids=counted, on=today)
    for printing_id, rows in counted.items():
        difference = sum(each.row.quantity for each in rows) - owned.get(printing_id, 0)
        try:
            if difference:
                movement = record_movement(
                    printing=rows[0].printing,
                    kind=StockMovement.Kind.CORRECTED,
                    quantity=difference,
                    by=by,
                    effective_on=today,
                    note=_note(rows) or "counted",
                )
                done.count([movement])
        except StockError as error:
            done.problems.append(RowProblem(rows[0].row.line, str(error)))
        else:
            done.rows += len(rows)


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
