"""A stock list becomes stock movements. The columns and the rules in words: docs/catalogue.md."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from inventory.card_names import nearest_cards, resolve_names
from inventory.locks import lock_cards
from inventory.models import Card, Printing, StockMovement
from inventory.names import fold_name
from inventory.printing_choice import number_key, preference
from inventory.stock import StockError, new_movement, owned_by_printing, record_movement, record_movements
from inventory.stock_csv import RowProblem, StockRow, read_stock_csv

_MOST_SUGGESTIONS = 200  # unknown names for which the nearest ones are looked up


@dataclass(slots=True)
class StockImport:
    """What an import of stock did. `problems` are the rows that were left out."""

    rows: int = 0
    movements: int = 0
    copies_in: int = 0
    copies_out: int = 0
    values: int = 0  # printings whose value is now another
    problems: list[RowProblem] = field(default_factory=list)

    def count(self, movements: Iterable[StockMovement]) -> None:
        for movement in movements:
            self.movements += 1
            self.copies_in += max(0, movement.quantity)
            self.copies_out += max(0, -movement.quantity)


@dataclass(frozen=True, slots=True)
class _Matched:
    row: StockRow
    printing: Printing


def import_stock(
    *,
    content: bytes,
    by: AbstractBaseUser | None,
    today: date,
    count_is_truth: bool = False,
    dry_run: bool = False,
) -> StockImport:
    """Reads a CSV file and writes its rows as movements; bad rows are reported, good ones kept.

    Every row says what was bought, from its date on, else from today; a second run adds the same again. With
    `count_is_truth` a row says instead what is there: the difference to what is owned is written as a
    correction, and a second run changes nothing. Printings that the file does not name are left as they are.
    `dry_run` does everything but keep it. Raises `StockFileError`.
    """
    sheet = read_stock_csv(content)
    done = StockImport(problems=list(sheet.problems))
    with transaction.atomic():
        matched = _match(sheet.rows, done.problems)
        if count_is_truth:
            _correct(matched, by=by, today=today, done=done)
        else:
            _add(matched, by=by, today=today, done=done)
        done.values = _set_values(matched)
        if dry_run:
            transaction.set_rollback(True)
    done.problems.sort(key=lambda problem: problem.line)
    return done


def _add(matched: Sequence[_Matched], *, by: AbstractBaseUser | None, today: date, done: StockImport) -> None:
    movements = []
    for each in matched:
        try:
            movement = new_movement(
                printing=each.printing,
                kind=StockMovement.Kind.BOUGHT,
                quantity=each.row.quantity,
                by=by,
                effective_on=each.row.effective_on or today,
                note=each.row.note,
            )
        except StockError as error:
            done.problems.append(RowProblem(each.row.line, str(error)))
        else:
            movements.append(movement)
    record_movements(movements)
    done.rows = len(movements)
    done.count(movements)


def _correct(
    matched: Sequence[_Matched], *, by: AbstractBaseUser | None, today: date, done: StockImport
) -> None:
    counted: dict[int, list[_Matched]] = defaultdict(list)
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
                    note=rows[0].row.note or "counted",
                )
                done.count([movement])
        except StockError as error:
            done.problems.append(RowProblem(rows[0].row.line, str(error)))
        else:
            done.rows += len(rows)


def _set_values(matched: Sequence[_Matched]) -> int:
    changed: dict[int, Printing] = {}
    for each in matched:
        if each.row.value_cents not in (None, each.printing.value_cents):
            each.printing.value_cents = each.row.value_cents
            changed[each.printing.pk] = each.printing
    Printing.objects.bulk_update(changed.values(), ["value_cents"], batch_size=500)
    return len(changed)


# --- which printing a row means -------------------------------------------------------------------------


def _match(rows: Sequence[StockRow], problems: list[RowProblem]) -> list[_Matched]:
    """The printing of each row; rows without one are added to `problems`. Two queries, and two to suggest."""
    cards = resolve_names(row.name for row in rows)
    printings: dict[int, list[Printing]] = defaultdict(list)
    for printing in Printing.objects.filter(card__in={card.pk for card in cards.values()}).select_related(
        "card"
    ):
        printings[printing.card_id].append(printing)
    unknown = list(dict.fromkeys(row.name for row in rows if row.name not in cards))[:_MOST_SUGGESTIONS]
    nearest = nearest_cards(unknown) if unknown else {}
    matched = []
    for row in rows:
        try:
            if row.name not in cards:
                raise ValueError(_unknown_name(row.name, nearest.get(row.name, [])))
            card = cards[row.name]
            matched.append(_Matched(row, choose_printing(row, card=card, printings=printings[card.pk])))
        except ValueError as error:
            problems.append(RowProblem(row.line, str(error)))
    return matched


def choose_printing(row: StockRow, *, card: Card, printings: Sequence[Printing]) -> Printing:
    """The printing that a row means, among those of its card. Pure. Raises ValueError where there is none.

    What the row names must fit: Scryfall's id, else set, number, finish. Where a language is not in the
    catalogue, another one of the same edition stands for it. Where the row leaves a choice: non-foil before
    foil before etched, English before others, the lowest known value, the newest, the lowest number.
    """
    fitting = [p for p in printings if row.scryfall_id and str(p.scryfall_id) == row.scryfall_id.lower()]
    if not fitting:
        fitting = [p for p in printings if _fits_edition(row, p)]
    if not fitting:
        raise ValueError(_unknown_edition(row, card, printings))
    if row.finish:
        of_finish = [p for p in fitting if p.finish == row.finish]
        if not of_finish:
            known = ", ".join(sorted({p.finish for p in fitting}))
            raise ValueError(f"{card} is not known as {row.finish} in this edition, only as {known}.")
        fitting = of_finish
    return min(fitting, key=lambda printing: preference(printing, language=row.language))


def _fits_edition(row: StockRow, printing: Printing) -> bool:
    fits_set = (
        not row.set
        or row.set.lower() == printing.set_code
        or fold_name(row.set) == fold_name(printing.set_name)
    )
    return fits_set and (
        not row.collector_number or number_key(row.collector_number) == number_key(printing.collector_number)
    )


def _unknown_name(name: str, nearest: Sequence[Card]) -> str:
    if not nearest:
        return f"the catalogue has no card “{name[:80]}”, nor one of a similar name."
    return (
        f"the catalogue has no card “{name[:80]}”. Did you mean {' or '.join(card.name for card in nearest)}?"
    )


def _unknown_edition(row: StockRow, card: Card, printings: Sequence[Printing]) -> str:
    wanted = " ".join(filter(None, [row.set, row.collector_number]))
    known = list(dict.fromkeys(f"{p.set_code.upper()} {p.collector_number}" for p in printings))
    if not known:
        return f"the catalogue has no printing of {card}."
    more = f" and {len(known) - 8} more" if len(known) > 8 else ""
    return f"the catalogue has no printing {wanted} of {card}; it has {', '.join(known[:8])}{more}."
