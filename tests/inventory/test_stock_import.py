from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory import stock_import
from inventory.card_names import nearest_names
from inventory.catalogue import make_card
from inventory.models import Printing, StockMovement
from inventory.stock import owned_by_printing
from inventory.stock_import import StockImport, import_stock
from tests.factories import CardFactory, PrintingFactory

pytestmark = pytest.mark.django_db

DAY = date(2026, 5, 10)


def run(text: str, **options: Any) -> StockImport:
    return import_stock(content=text.encode(), by=None, today=DAY, **options)


def otter(number: str = "1", **fields: Any) -> Printing:
    card = fields.pop("card", None) or CardFactory(name="Ember Otter")
    return PrintingFactory(card=card, collector_number=number, **fields)


def owned(printing: Printing, on: date = DAY) -> int:
    return owned_by_printing(printing_ids=[printing.pk], on=on).get(printing.pk, 0)


def test_a_row_is_bought_from_its_date_on() -> None:
    printing = otter()
    done = run("quantity,name,date,note\n3,ember otter,2026-05-20,ordered\n1,Ember Otter,,\n")
    assert (done.rows, done.copies_in, done.problems) == (2, 4, [])
    assert owned(printing) == 1
    assert owned(printing, on=date(2026, 5, 20)) == 4
    assert set(StockMovement.objects.values_list("kind", "note")) == {("bought", "ordered"), ("bought", "")}


def test_a_second_run_adds_the_same_again() -> None:
    printing = otter()
    for expected in (3, 6):
        run("quantity,name\n3,Ember Otter\n")
        assert owned(printing) == expected


def test_a_count_becomes_the_truth_and_stays_it() -> None:
    counted, other = otter(), otter("2", card=CardFactory(name="Stone Otter"))
    run("quantity,name\n5,Ember Otter\n2,Stone Otter\n")
    text = "quantity,name\n1,Ember Otter\n2,Ember Otter\n"
    done = run(text, count_is_truth=True)
    assert (owned(counted), owned(other), done.copies_out) == (3, 2, 2)
    assert run(text, count_is_truth=True).movements == 0
    assert run("quantity,name\n0,Ember Otter\n", count_is_truth=True).copies_out == 3


def test_a_dry_run_keeps_nothing() -> None:
    printing = otter(value_cents=100)
    done = run("quantity,name,value\n3,Ember Otter,2.00\n", dry_run=True)
    printing.refresh_from_db()
    assert (done.rows, done.values) == (1, 1)
    assert (owned(printing), printing.value_cents) == (0, 100)


def test_a_value_becomes_the_printing_s() -> None:
    printing = otter(value_cents=None)
    run("quantity,name,value\n3,Ember Otter,\n")
    run("quantity,name,value\n3,Ember Otter,2.50\n")
    printing.refresh_from_db()
    assert printing.value_cents == 250


def test_condition_and_a_language_that_is_not_known_are_noted() -> None:
    otter()
    run(
        "quantity,name,note,condition,language\n1,Ember Otter,mine,Lightly Played,German\n"
        "1,Ember Otter,,,English\n"
    )
    assert set(StockMovement.objects.values_list("note", flat=True)) == {
        "mine, condition LP, language de",
        "",
    }


def test_a_count_notes_what_all_of_its_rows_say() -> None:
    otter()
    text = "quantity,name,condition\n1,Ember Otter,NM\n2,Ember Otter,HP\n1,Ember Otter,NM\n"
    run(text, count_is_truth=True)
    assert StockMovement.objects.get().note == "condition NM, condition HP"


def test_damaged_copies_count_and_are_told() -> None:
    printing = otter()
    done = run("quantity,name,condition\n2,Ember Otter,Poor\n1,Ember Otter,NM\n")
    assert owned(printing) == 3
    assert [(row.line, row.quantity) for row in done.damaged] == [(2, 2)]


@pytest.mark.parametrize(
    "name",
    ["Ember Otter (Showcase)", "Ember Otter (Borderless) - Full Art", "Ember-Otter", "Ember Otter (12)"],
)
def test_a_shop_s_name_of_a_card_is_known(name: str) -> None:
    printing = otter("12")
    assert run(f"quantity,name\n1,{name}\n").problems == []
    assert owned(printing) == 1


def test_a_number_or_a_finish_behind_the_name_chooses_the_printing() -> None:
    first = otter("271", value_cents=100)
    second = otter("272", card=first.card, value_cents=900)
    etched = otter("272", card=first.card, finish="etched", value_cents=900)
    run("quantity,name\n2,Ember Otter (272)\n3,Ember Otter (272) (Foil Etched)\n")
    assert run("quantity,name,number,foil\n1,Ember Otter (Foil Etched),272,foil\n").problems == []
    assert (owned(first), owned(second), owned(etched)) == (0, 2, 4)


def test_the_plain_name_of_a_tool_stands_in_for_its_name() -> None:
    printing = otter()
    assert run("quantity,name,simple name\n1,Ember Otter [Left],Ember Otter\n").problems == []
    assert owned(printing) == 1


def test_scryfall_s_id_is_enough_where_no_name_is_known() -> None:
    nonfoil = otter("2", scryfall_id="11111111-1111-4111-8111-111111111111")
    foil = otter("2", card=nonfoil.card, finish="foil", scryfall_id=nonfoil.scryfall_id)
    done = run(
        f"quantity,name,foil,scryfall id\n1,Loutre,foil,{nonfoil.scryfall_id}\n1,,,{nonfoil.scryfall_id}\n"
        "1,,,22222222-1111-4111-8111-111111111111\n1,,,nonsense\n"
    )
    assert (owned(nonfoil), owned(foil)) == (1, 1)
    assert [problem.line for problem in done.problems] == [4, 5]


@pytest.mark.parametrize("written", ["usg", "UZ", "Urza's Saga", "Urzas Saga (USG)", "URZA’S SAGA"])
def test_a_set_is_known_by_its_codes_and_names(written: str) -> None:
    saga = otter("1", set_code="usg", set_name="Urza's Saga", value_cents=900)
    otter("1", card=saga.card, set_code="xyz", set_name="Other", value_cents=100)
    for column in ("set", "set code", "set name"):
        assert run(f"quantity,name,{column}\n1,Ember Otter,{written}\n").problems == []
    assert owned(saga) == 3


def test_a_set_s_name_stands_in_for_a_code_that_only_the_tool_knows() -> None:
    saga = otter("1", set_code="usg", set_name="Urza's Saga", value_cents=900)
    otter("1", card=saga.card, set_code="xyz", set_name="Other", value_cents=100)
    assert run("quantity,name,set code,set name\n1,Ember Otter,ex_12,Urza's Saga\n").problems == []
    assert run("quantity,name,set code,set name\n1,Ember Otter,usg,Other\n").problems == []
    assert owned(saga) == 2


def test_etched_stands_in_for_foil_where_there_is_no_other() -> None:
    etched = otter(finish="etched")
    assert run("quantity,name,foil\n1,Ember Otter,foil\n").problems == []
    foil = otter("1", card=etched.card, finish="foil", value_cents=9000)
    assert run("quantity,name,foil\n1,Ember Otter,foil\n").problems == []
    assert (owned(etched), owned(foil)) == (1, 1)


@pytest.mark.parametrize("many", [1, 100])
def test_any_number_of_rows_is_as_many_queries(many: int) -> None:
    otter()
    nearest_names("otter")  # the names have been read
    text = "quantity,name,scryfall id\n" + "1,Ember Otter,\n1,Ember-Otter,\n1,Embr Otter,\n" * many
    with CaptureQueriesContext(connection) as queries:
        done = run(text)
    assert (done.rows, len(done.problems)) == (2 * many, many)
    assert len(queries) == 11


def test_who_waits_is_told_how_far_it_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    otter()
    monkeypatch.setattr(stock_import, "_ROWS_AT_ONCE", 2)
    told: list[tuple[int, int]] = []
    run(
        "quantity,name\n" + "1,Ember Otter\n" * 5,
        after_rows=lambda done, total: told.append((done, total)),
    )
    assert told == [(2, 10), (4, 10), (5, 10), (10, 10)]  # looked up, and then written


@pytest.mark.parametrize(
    ("columns", "row", "number"),
    [
        ("", "", "cheap"),
        (",set", ",OLD", "old"),
        (",edition", ",old times", "old"),
        (",collector number", ",DEAR", "dear"),
        (",foil", ",foil", "foil"),
        (",language", ",japanese", "ja"),
        (",language", ",korean", "cheap"),
    ],
)
def test_a_row_means_the_printing_that_fits_best(columns: str, row: str, number: str) -> None:
    dear = otter("dear", value_cents=900)
    for each in ("cheap", "unvalued"):
        otter(each, card=dear.card, value_cents=300 if each == "cheap" else None)
    otter("old", card=dear.card, set_code="old", set_name="Old Times")
    otter("foil", card=dear.card, finish="foil", value_cents=100)
    otter("ja", card=dear.card, language="ja", value_cents=10)
    run(f"quantity,name{columns}\n1,Ember Otter{row}\n")
    assert StockMovement.objects.get().printing.collector_number == number


def test_of_printings_of_the_same_value_the_newest_is_meant() -> None:
    old = otter("1", released_on=date(2001, 1, 1))
    new = otter("2", card=old.card, released_on=date(2020, 1, 1))
    otter("3", card=old.card, released_on=None)
    run("quantity,name\n1,Ember Otter\n")
    assert StockMovement.objects.get().printing == new


def test_scryfall_s_id_goes_before_set_and_number() -> None:
    known = otter("2", scryfall_id="11111111-1111-4111-8111-111111111111")
    otter("1", card=known.card)
    run(f"quantity,name,number,scryfall id\n1,Ember Otter,1,{known.scryfall_id}\n")
    assert StockMovement.objects.get().printing == known


def test_bad_rows_are_told_by_line_with_what_may_have_been_meant() -> None:
    otter(set_code="inv")
    done = run(
        "quantity,name,set,finish\n1,Embr Otter,,\n1,Zzzzzzzz,,\n1,Ember Otter,XYZ,\n1,Ember Otter,,etched\n"
        "x,Ember Otter,,\n0,Ember Otter,,\n2,Ember Otter,,\n"
    )
    messages = {problem.line: problem.message for problem in done.problems}
    assert list(messages) == [2, 3, 4, 5, 6, 7]
    assert "Did you mean Ember Otter?" in messages[2]
    assert "nor one of a similar name" in messages[3]
    assert "no printing XYZ of Ember Otter; it has INV 1" in messages[4]
    assert "only as nonfoil" in messages[5]
    assert done.copies_in == 2


def test_the_command_reports_and_keeps_the_good_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    printing = otter()
    path = tmp_path / "stock.csv"
    path.write_text("quantity,name\n3,Ember Otter\n1,Unknown\n")
    call_command("import_stock", str(path))
    out, err = capsys.readouterr()
    assert "1 rows: 1 movements, 3 copies in, 0 out, 0 values set; 1 rows left out" in out
    assert err.startswith("line 3: the catalogue has no card “Unknown”")
    call_command("import_stock", str(path), "--set", "--dry-run")
    assert "1 rows: 0 movements" in capsys.readouterr().out
    assert owned(printing, on=date.max) == 3


def test_the_command_shows_no_terminal_what_a_file_may_write_to_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "stock.csv"
    path.write_text("quantity,name,condition\n1,\x1b[2JOtter,\n")
    call_command("import_stock", str(path))
    out, err = capsys.readouterr()
    assert "Otter" in err
    assert "\x1b" not in out + err


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "stock.csv"
    with path.open("wb") as file:
        file.truncate(20_000_001)
    with pytest.raises(CommandError, match="larger than 20 MB"):
        call_command("import_stock", str(path))


@pytest.mark.parametrize("content", [None, b"", b"no,headings\n"])
def test_the_command_says_what_is_wrong_with_the_file(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "stock.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CommandError, match=r"stock\.csv"):
        call_command("import_stock", str(path))


def test_a_count_is_as_many_queries_for_any_number_of_rows() -> None:
    counts = []
    for many in (2, 60):
        printings = [otter(f"{many}-{n}", card=CardFactory(name=f"Otter {many} {n}")) for n in range(many)]
        text = "quantity,name\n" + "".join(f"3,{each.card.name}\n" for each in printings)
        run(text)
        with CaptureQueriesContext(connection) as queries:
            run(text.replace("3,", "2,"), count_is_truth=True)
        counts.append(len(queries))
        assert [owned(each) for each in printings] == [2] * many
    assert counts[0] == counts[1]


@pytest.mark.django_db(transaction=True)
def test_what_a_count_has_done_before_it_is_interrupted_is_kept_and_a_second_run_completes_it(
    monkeypatch,
) -> None:
    monkeypatch.setattr(stock_import, "_PRINTINGS_AT_ONCE", 1)
    printings = [otter(str(n), card=CardFactory(name=f"Otter {n}")) for n in range(3)]
    text = "quantity,name\n" + "".join(f"4,{each.card.name}\n" for each in printings)
    told = []

    def interrupted(done: int, total: int) -> None:
        told.append((done, total))
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(text, count_is_truth=True, after_rows=interrupted)
    assert told == [(3, 6), (4, 6), (5, 6)]
    assert [owned(each) for each in printings] == [4, 4, 0]

    assert run(text, count_is_truth=True).copies_in == 4
    assert [owned(each) for each in printings] == [4, 4, 4]


def test_of_cards_of_one_name_the_row_means_the_one_that_has_its_printing() -> None:
    first, second = (
        otter(number, card=make_card(name="Very Cryptic Otter"), set_code="ust") for number in ("49a", "49b")
    )
    done = run("quantity,name,set code,collector number\n2,Very Cryptic Otter,UST,49b\n")
    assert (done.problems, owned(first), owned(second)) == ([], 0, 2)


def test_the_id_of_a_printing_goes_before_the_name() -> None:
    otter("1", card=make_card(name="Very Cryptic Otter"))
    second = otter("2", card=make_card(name="Very Cryptic Otter"), scryfall_id=UUID(int=7))
    run(f"quantity,name,scryfall id\n2,Very Cryptic Otter,{UUID(int=7)}\n")
    assert owned(second) == 2
