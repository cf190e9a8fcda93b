from pathlib import Path

import pytest
from django.core.management import call_command

from inventory.catalogue import make_card
from inventory.deck_files import LARGEST_FILE, DeckFile, DeckFileError, deck_files
from inventory.recognition import recognise
from tests.factories import PrintingFactory


def test_a_folder_is_walked_for_deck_files_and_each_file_is_taken_once(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("deep/a.TXT", "deep/b.cod", "c.csv", "d"):
        (tmp_path / name).touch()
    found = deck_files([tmp_path / "d", tmp_path, tmp_path / "deep" / "b.cod"])
    assert [file.path.name for file in found] == ["d", "a.TXT", "b.cod"]


def test_a_file_that_is_too_large_or_not_there_is_told(tmp_path: Path) -> None:
    large = tmp_path / "large.txt"
    large.write_bytes(b"x" * (LARGEST_FILE + 1))
    with pytest.raises(DeckFileError, match="larger than 5 MB"):
        DeckFile(large).read()
    with pytest.raises(DeckFileError, match="No such file"):
        DeckFile(tmp_path / "none.txt").read()


@pytest.mark.django_db
def test_lines_and_copies_are_counted_with_what_is_not_understood_and_why(tmp_path: Path) -> None:
    PrintingFactory(card=make_card(name="Ember Otter"), set_code="inv")
    (tmp_path / "a.txt").write_text("4 Ember Otter\n2 Embr Otter\n0 Ember Otter\n")
    (tmp_path / "b.txt").write_text("\n")
    found = recognise(deck_files([tmp_path, tmp_path / "none.txt"]), suggest=True)
    total = found.total
    assert (total.files, total.lines, total.copies) == (2, 3, 6)
    assert (total.understood_lines, total.understood_copies) == (1, 4)
    assert total.rate == pytest.approx(1 / 3)
    missing = {(Path(each.file).name, each.number): each for each in found.missing}
    assert set(missing) == {("a.txt", 2), ("a.txt", 3), ("b.txt", 0), ("none.txt", 0)}
    assert missing["a.txt", 2].is_unknown_name
    assert missing["a.txt", 2].nearest == ("Ember Otter",)
    assert "0 copies" in missing["a.txt", 3].reason


@pytest.mark.django_db
def test_the_command_prints_a_table_and_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_card(name="Ember Otter")
    (tmp_path / "a.txt").write_text("4 Ember Otter\n2 Embr Otter\n1 \x1b[2JOtter\n")
    call_command("recognise_decks", str(tmp_path))
    out = capsys.readouterr().out
    assert "33.3%" in out
    assert "1 × Embr Otter" in out
    assert "\x1b" not in out
    call_command("recognise_decks", str(tmp_path), "--missing")
    assert (
        "a.txt:2: 'Embr Otter': No card is called “Embr Otter”. Nearest: Ember Otter."
        in capsys.readouterr().out
    )
