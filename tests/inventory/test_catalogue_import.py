import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory import catalogue_import
from inventory.catalogue import make_card
from inventory.catalogue_import import CatalogueImport, ImportCounts
from inventory.models import Card, Printing
from inventory.scryfall_file import FoundObject
from tests.inventory.scryfall_objects import card_object, reversible, scryfall_id, two_sided

pytestmark = pytest.mark.django_db


def import_objects(*found: object, **options: Any) -> ImportCounts:
    run = CatalogueImport(currency="eur", **options)
    run.run([FoundObject(number=n, line=n, value=value) for n, value in enumerate(found, start=1)])
    return run.counts


def printing_of(card: Card, **fields: Any) -> Printing:
    edition = {"set_code": "inv", "collector_number": "1", "language": "en", "finish": "nonfoil"}
    return Printing.objects.create(card=card, **(edition | fields))


def test_a_first_run_adds_cards_and_printings() -> None:
    counts = import_objects(card_object(finishes=["nonfoil", "foil"]), two_sided(collector_number="2"))
    assert counts.cards == {"added": 2}
    assert counts.printings == {"added": 3}
    card = Card.objects.get(name="Shy Caterpillar // Loud Moth")
    assert card.slug == "shy-caterpillar-loud-moth"
    assert card.folded_names == ["shy caterpillar // loud moth", "shy caterpillar", "loud moth"]


def test_a_second_run_changes_nothing_and_writes_nothing() -> None:
    objects = [card_object(), two_sided(collector_number="2"), reversible(collector_number="3")]
    import_objects(*objects)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        counts = import_objects(*objects)
    assert counts.cards == {"unchanged": 3}
    assert counts.printings == {"unchanged": 3}
    assert not [query["sql"] for query in queries if query["sql"].startswith(("INSERT", "UPDATE"))]


def test_a_later_file_updates_what_has_changed_and_keeps_the_slug() -> None:
    import_objects(card_object(), card_object("Stone Otter", collector_number="2"))
    counts = import_objects(
        card_object("Ember Otter, Reborn", oracle_id=scryfall_id("Ember Otter")),
        card_object("Stone Otter", collector_number="2", artist="B. Nobody"),
    )
    assert counts.cards == {"updated": 1, "unchanged": 1}
    assert counts.printings == {"updated": 2}
    card = Card.objects.get(oracle_id=scryfall_id("Ember Otter"))
    assert (card.name, card.slug, card.folded_name) == (
        "Ember Otter, Reborn",
        "ember-otter",
        "ember otter, reborn",
    )


def test_a_card_of_many_printings_counts_once_and_the_first_tells_its_facts() -> None:
    objects = [
        card_object(collector_number="1", oracle_text="First."),
        card_object(collector_number="2", oracle_text="Second."),
    ]
    for expected in ({"added": 1}, {"unchanged": 1}):
        assert import_objects(*objects).cards == expected
    assert Card.objects.get().oracle_text == "First."


def test_batches_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue_import, "_BATCH", 2)
    objects = [card_object(f"Otter {n % 3}", collector_number=str(n)) for n in range(7)]
    assert import_objects(*objects).cards == {"added": 3}
    assert import_objects(*objects).cards == {"unchanged": 3}


def test_a_card_entered_by_hand_is_adopted_with_its_printings() -> None:
    card = make_card(name="Ember Otter")
    printing = printing_of(card, value_cents=700)
    counts = import_objects(card_object())
    assert (counts.cards, counts.printings) == ({"updated": 1}, {"updated": 1})
    card.refresh_from_db()
    printing.refresh_from_db()
    assert str(card.oracle_id) == scryfall_id("Ember Otter")
    assert (printing.card, printing.artist, printing.value_cents) == (card, "A. Nobody", 700)


def test_of_two_cards_of_one_name_only_one_adopts_the_card_entered_by_hand() -> None:
    make_card(name="Ember Otter")
    counts = import_objects(
        card_object(), card_object(oracle_id=scryfall_id("variant"), collector_number="2")
    )
    assert counts.cards == {"updated": 1, "added": 1}
    assert set(Card.objects.values_list("slug", flat=True)) == {"ember-otter", "ember-otter-2"}


def test_a_card_to_which_scryfall_gives_another_id_stays_the_same_card() -> None:
    import_objects(card_object())
    counts = import_objects(card_object(oracle_id=scryfall_id("another")))
    assert counts.cards == {"updated": 1}
    assert str(Card.objects.get().oracle_id) == scryfall_id("another")


def test_a_printing_never_moves_to_another_card() -> None:
    printing = printing_of(make_card(name="Amber Otter"))
    counts = import_objects(card_object())
    printing.refresh_from_db()
    assert printing.card.name == "Amber Otter"
    assert counts.skipped == {"edition of another card": 1}
    assert "taken by 'Amber Otter'" in str(counts.problems[0])


def test_a_reversible_printing_does_not_change_its_card() -> None:
    plain = card_object("Mirror Heron", oracle_text="All that it does.", collector_number="2")
    for objects in ([plain, reversible()], [reversible(), plain]):
        import_objects(*objects)
        card = Card.objects.get()
        assert (card.oracle_text, card.layout) == ("All that it does.", "normal")
    assert import_objects(reversible(), plain).cards == {"unchanged": 1}


def test_a_price_fills_an_empty_value_and_spares_the_shop_s_own() -> None:
    printing = printing_of(make_card(name="Ember Otter"))
    for price, update, expected in [
        ("1.50", False, 150),
        ("9.00", False, 150),
        ("9.00", True, 900),
        (None, True, 900),
    ]:
        import_objects(card_object(prices={"eur": price}), update_values=update)
        printing.refresh_from_db()
        assert printing.value_cents == expected


def test_what_is_broken_is_reported_and_the_rest_imported() -> None:
    counts = import_objects(card_object(), "no object", card_object(set=5), card_object(), {"name": "x"})
    assert counts.cards == {"added": 1}
    assert counts.skipped == {"broken": 3, "edition twice": 1}
    assert [problem.line for problem in counts.problems] == [2, 3, 4, 5]


def test_what_the_database_refuses_costs_only_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue_import, "fold_name", lambda name: None if name == "Stone Otter" else name)
    objects = [card_object(), card_object("Stone Otter", collector_number="2")]
    import_objects(*objects)
    counts = import_objects(
        card_object(artist="B."), card_object("Stone Otter", collector_number="2", artist="B.")
    )
    assert counts.printings == {"updated": 1}
    assert "the database refused it" in counts.problems[0].message


def test_the_command_prints_what_it_did(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "cards.jsonl"
    path.write_text(
        "\n".join(map(json.dumps, [card_object(), card_object("T", layout="token"), {"name": "x"}]))
    )
    call_command("import_cards", str(path), "--no-progress")
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "cards: 1 added, 0 updated, 0 unchanged",
        "printings: 1 added, 0 updated, 0 unchanged",
        "skipped: 2",
        "  token: 1",
        "  broken: 1",
    ]
    assert "line 3, object 3: 'x': set is missing" in err


def test_the_command_keeps_what_came_before_the_damage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "cards.json"
    path.write_text(f"[{json.dumps(card_object())},")
    with pytest.raises(CommandError, match="download it again"):
        call_command("import_cards", str(path), "--no-progress")
    assert "cards: 1 added" in capsys.readouterr().out
    assert Card.objects.count() == 1


def test_the_command_says_where_a_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no file"):
        call_command("import_cards", str(tmp_path / "cards.json"))
