from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from inventory import deck_import
from inventory.catalogue import make_card
from inventory.deck_import import DeckError, ImportedDeck, import_deck
from inventory.decklist import LARGEST_LIST, DeckLine, DeckList
from inventory.models import Card, TemplateDeck
from inventory.template_decks import offered_deck
from tests.factories import TODAY, PrintingFactory

pytestmark = pytest.mark.django_db


def run(text: str, filename: str = "Otters.txt", **options: Any) -> ImportedDeck:
    return import_deck(content=text.encode(), filename=filename, by=None, **options)


def lines_of(slug: str) -> set[tuple[str, int, str]]:
    lines = offered_deck(slug, today=TODAY).lines
    return {(line.card.name, line.quantity, line.zone) for line in lines}


@pytest.fixture(autouse=True)
def _cards() -> None:
    make_card(name="Ember Otter")
    make_card(name="Stone Otter")
    make_card(name="Isle", type_line="Basic Land — Isle")


def test_a_file_becomes_a_deck_with_its_zones_and_equal_lines_added_up() -> None:
    done = run("4 Ember Otter\n1 ember otter\n1 Stone Otter *CMDR*\nSB: 2 Ember Otter\n", is_published=True)
    assert (done.deck.name, done.is_new, done.copies) == ("Otters", True, 8)
    assert lines_of("otters") == {
        ("Ember Otter", 5, "main"),
        ("Stone Otter", 1, "commander"),
        ("Ember Otter", 2, "sideboard"),
    }


def test_copies_of_two_printings_are_one_line_of_a_deck(monkeypatch: pytest.MonkeyPatch) -> None:
    PrintingFactory(card=Card.objects.get(name="Ember Otter"), set_code="inv")
    lines = (DeckLine(1, 2, "Ember Otter", set_code="inv"), DeckLine(2, 1, "Ember Otter"))
    monkeypatch.setattr(deck_import, "parse", lambda content, filename, **more: DeckList(lines))
    run("", is_published=True)
    assert lines_of("otters") == {("Ember Otter", 3, "main")}


def test_a_deck_is_not_published_unless_that_is_said() -> None:
    assert not run("4 Ember Otter").deck.published


def test_a_second_run_changes_the_deck_and_keeps_what_staff_made_of_it() -> None:
    run("4 Ember Otter", is_published=True)
    TemplateDeck.objects.update(description="Ours.", format="Modern")
    done = run("2 Stone Otter")
    assert not done.is_new
    deck = TemplateDeck.objects.get()
    assert (deck.description, deck.format, deck.published) == ("Ours.", "Modern", True)
    assert lines_of("otters") == {("Stone Otter", 2, "main")}
    assert run("2 Stone Otter", format="Legacy").deck.format == "Legacy"
    assert deck.current_version().number == 2  # not one more for a file that says the same


def test_files_of_one_run_do_not_change_each_other_s_decks() -> None:
    slugs: set[str] = set()
    for expected in ("otters", "otters-2", "otters-3"):
        done = run("4 Ember Otter", taken=slugs)
        assert done.deck.slug == expected
        slugs.add(done.deck.slug)
    assert run("1 Ember Otter", taken={"otters"}).is_new is False


@pytest.mark.parametrize(
    ("filename", "name", "slug"),
    [
        ("my_best_deck.dec", "my best deck", "my-best-deck"),
        ("Sneak & Show.dck", "Sneak & Show", "sneak-show"),
        ("___.txt", "Deck", "deck"),
        ("牌.txt", "牌", "deck"),
        ("x" * 200 + ".txt", "x" * 120, "x" * 120),
        ("a\x1bb\udcff.txt", "a b", "a-b"),
    ],
)
def test_a_list_without_a_name_is_called_as_its_file(filename: str, name: str, slug: str) -> None:
    deck = run("4 Ember Otter", filename).deck
    assert (deck.name, deck.slug) == (name, slug)


@pytest.mark.parametrize(
    ("text", "format"),
    [
        ("1 Ember Otter *CMDR*", "Commander"),
        ("1 Ember Otter\n99 Isle", "Commander"),
        ("1 Ember Otter\n98 Isle\n1 Nobody Knows This", "Commander"),
        ("99 Isle\nSB: 1 Ember Otter", "Commander"),
        ("1 Ember Otter\n98 Isle", "Other"),
        ("1 Ember Otter\n98 Isle\nSB: 1 Ember Otter", "Other"),
        ("2 Ember Otter\n98 Isle", "Other"),
        ("4 Ember Otter\nSB: 96 Isle", "Other"),
    ],
)
def test_a_commander_deck_is_recognised(text: str, format: str) -> None:
    assert run(text).deck.format == format
    assert run(text, "Given.txt", format="Pauper").deck.format == "Pauper"


@pytest.mark.parametrize("text", ["", "\n\n", "4 Nobody", "0 Ember Otter", "\x00\x01\x02"])
def test_a_file_of_which_nothing_is_understood_makes_no_deck(text: str) -> None:
    with pytest.raises(DeckError):
        run(text)
    assert not TemplateDeck.objects.exists()


def test_the_command_reports_by_file_and_line_and_does_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.txt").write_text("4 Ember Otter\n2 Embr Otter\n0 Isle\n")
    (tmp_path / "b.txt").write_text("nonsense\n")
    (tmp_path / "c.dec").write_text("3 Stone Otter\n")
    with pytest.raises(CommandError, match="2 decks made, 0 brought up to date, 2 files without a deck"):
        call_command("import_deck", str(tmp_path), str(tmp_path / "none.txt"), "--publish")
    out, err = capsys.readouterr()
    assert f"{tmp_path}/a.txt: “a” (Other), 4 copies, 2 lines left out: made, /decks/a/" in out
    assert f"{tmp_path}/a.txt:2: No card is called “Embr Otter”. Did you mean Ember Otter?" in err
    assert f"{tmp_path}/a.txt:3: “0 Isle”: 0 copies" in err
    assert f"{tmp_path}/b.txt: Its one line says" in err
    assert f"{tmp_path}/none.txt: it cannot be read" in err
    assert set(TemplateDeck.objects.published().values_list("slug", flat=True)) == {"a", "c"}
    call_command("import_deck", str(tmp_path / "a.txt"), str(tmp_path / "c.dec"))
    assert "0 decks made, 2 brought up to date" in capsys.readouterr().out
    assert TemplateDeck.objects.count() == 2


def test_the_command_says_when_there_is_nothing_to_import(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="name files or folders"):
        call_command("import_deck", str(tmp_path))


def test_a_file_may_be_larger_than_a_list_on_the_page() -> None:
    make_card(name="Ember Otter")
    content = '{"main": [{"name": "Ember Otter", "count": 4, "text": "' + "x" * LARGEST_LIST + '"}]}'

    assert import_deck(content=content.encode(), filename="Otters.json", by=None).copies == 4
