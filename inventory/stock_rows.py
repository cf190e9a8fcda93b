"""Which printing a row of a stock list means."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from inventory.card_names import nearest_cards, resolve_by_letters, resolve_names
from inventory.models import Card, Finish, Printing
from inventory.printing_choice import number_key, preference
from inventory.set_codes import is_set
from inventory.some_of import some_of
from inventory.stock_csv import RowProblem, StockRow, plainer_name

_MOST_SUGGESTIONS = 20  # unknown names of a call for which the nearest ones are looked up


@dataclass(frozen=True, slots=True)
class Matched:
    row: StockRow
    printing: Printing


def match_rows(rows: Sequence[StockRow], problems: list[RowProblem]) -> list[Matched]:
    """The printing of each row; rows without one are added to `problems`. Seven queries at most."""
    cards = _cards_of(rows)
    by_id = _printings_by_id(rows)
    printings: dict[str, list[Printing]] = defaultdict(list)
    folded = {card.folded_name for card in cards.values()}
    for printing in Printing.objects.filter(card__folded_name__in=folded).select_related("card"):
        printings[printing.card.folded_name].append(printing)
    unknown = dict.fromkeys(
        row.name for row in rows if row.name not in cards and row.scryfall_id not in by_id
    )
    nearest = nearest_cards([name for name in unknown if name][:_MOST_SUGGESTIONS]) if unknown else {}
    matched = []
    for row in rows:
        try:
            if same_id := by_id.get(row.scryfall_id.lower()):
                printing = choose_printing(row, card=same_id[0].card, printings=same_id)
            elif card := cards.get(row.name):
                printing = _choose_among_namesakes(row, card, printings[card.folded_name])
            else:
                raise ValueError(_unknown_name(row, nearest.get(row.name, [])))
            matched.append(Matched(row, printing))
        except ValueError as error:
            problems.append(RowProblem(row.line, str(error)))
    return matched


def _cards_of(rows: Sequence[StockRow]) -> dict[str, Card]:
    """The cards behind the names of the rows: as written, as in a further column, without a shop's remarks."""
    others = {row.name: [row.simple_name, plainer_name(row.name)[0]] for row in rows}
    cards = resolve_names({*others, *(name for names in others.values() for name in names)})
    for name, plainer in others.items():
        if name not in cards and (card := next((cards[each] for each in plainer if each in cards), None)):
            cards[name] = card
    unknown = {name: plainer_name(name)[0] for name in others if name not in cards}
    by_letters = resolve_by_letters(unknown.values()) if unknown else {}
    return cards | {name: by_letters[plain] for name, plain in unknown.items() if plain in by_letters}


def _choose_among_namesakes(row: StockRow, card: Card, printings: Sequence[Printing]) -> Printing:
    """The card's own printing; where it has none that fits, that of another card of the same name."""
    own = [printing for printing in printings if printing.card_id == card.pk]
    try:
        return choose_printing(row, card=card, printings=own)
    except ValueError:
        if len(own) == len(printings):
            raise
        return choose_printing(row, card=card, printings=printings)


def _printings_by_id(rows: Iterable[StockRow]) -> Mapping[str, list[Printing]]:
    """The printings of Scryfall's ids, which say more than any name: one in another language, one of several cards."""
    found: dict[str, list[Printing]] = defaultdict(list)
    ids = {row.scryfall_id.lower() for row in rows if _is_uuid(row.scryfall_id)}
    if ids:
        for printing in Printing.objects.filter(scryfall_id__in=ids).select_related("card"):
            found[str(printing.scryfall_id)].append(printing)
    return found


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def choose_printing(row: StockRow, *, card: Card, printings: Sequence[Printing]) -> Printing:
    """The printing that a row means, among those of its card. Pure. Raises ValueError where there is none.

    What the row names must fit: Scryfall's id, else set (its code before its name), number, finish. Where a
    language is not in the catalogue, another one of the same edition stands for it; and etched for foil, since
    not every tool tells them apart. What choice is left: inventory/printing_choice.py.
    """
    row = _with_remark(row)
    fitting = [p for p in printings if row.scryfall_id and str(p.scryfall_id) == row.scryfall_id.lower()]
    if not fitting:
        fitting = [p for p in _of_set(row, printings) if _fits_number(row, p)]
    if not fitting:
        raise ValueError(_unknown_edition(row, card, printings))
    if row.finish:
        wanted = (row.finish, Finish.ETCHED) if row.finish == Finish.FOIL else (row.finish,)
        of_finish = [p for p in fitting if p.finish in wanted]
        if not of_finish:
            known = ", ".join(sorted({p.finish for p in fitting}))
            raise ValueError(f"{card} is not known as {row.finish} in this edition, only as {known}.")
        fitting = of_finish
    return min(fitting, key=lambda printing: preference(printing, language=row.language))


def _with_remark(row: StockRow) -> StockRow:
    """What a shop puts behind the name, where it is a number or a finish: "Forest (271)", "… (Foil Etched)"."""
    _, remark = plainer_name(row.name)
    number = remark.strip(" ()#")
    if number.isdigit() and not row.collector_number:
        row = replace(row, collector_number=number)
    if "etched" in remark.lower() and row.finish in ("", Finish.FOIL):
        row = replace(row, finish=str(Finish.ETCHED))
    return row


def _of_set(row: StockRow, printings: Sequence[Printing]) -> Sequence[Printing]:
    """Those of the set that the row names, by the first of its columns that fits; all where it names none."""
    written = [each for each in (row.set_code, row.set_name) if each]
    if not written:
        return printings
    of_sets = ([p for p in printings if is_set(each, code=p.set_code, name=p.set_name)] for each in written)
    return next(filter(None, of_sets), [])


def _fits_number(row: StockRow, printing: Printing) -> bool:
    number = row.collector_number
    return not number or number_key(number) == number_key(printing.collector_number)


def _unknown_name(row: StockRow, nearest: Sequence[Card]) -> str:
    if not row.name:
        return f"the catalogue has no printing with Scryfall's id {row.scryfall_id[:40]}."
    if not nearest:
        return f"the catalogue has no card “{row.name[:80]}”, nor one of a similar name."
    names = " or ".join(card.name for card in nearest)
    return f"the catalogue has no card “{row.name[:80]}”. Did you mean {names}?"


def _unknown_edition(row: StockRow, card: Card, printings: Sequence[Printing]) -> str:
    wanted = " ".join(filter(None, [row.set_code or row.set_name, row.collector_number]))[:80]
    known = list(dict.fromkeys(f"{p.set_code.upper()} {p.collector_number}" for p in printings))
    if not known:
        return f"the catalogue has no printing of {card}."
    return f"the catalogue has no printing {wanted} of {card}; it has {some_of(known)}."
