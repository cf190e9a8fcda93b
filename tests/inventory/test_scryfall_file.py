import contextlib
import gzip
import json
import lzma
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.scryfall_file import BulkFile, BulkFileError, FoundObject, _objects
from tests.inventory.scryfall_objects import card_object

THREE: list[dict[str, Any]] = [card_object(f"Otter {n}", collector_number=str(n)) for n in (1, 2, 3)]
LINES = "".join(json.dumps(each) + "\n" for each in THREE)
LAYOUTS = {
    "lines": LINES,
    "one line": json.dumps(THREE),
    "an object on each line": "[\n" + ",\n".join(map(json.dumps, THREE)) + "\n]\n",
    "pretty": json.dumps(THREE, indent=2),
    "with a mark": "\ufeff" + json.dumps(THREE, ensure_ascii=False),
}


def read(path: Path) -> list[FoundObject]:
    with BulkFile(path) as objects:
        return list(objects)


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("ending", "pack"), [("", bytes), (".gz", gzip.compress), (".xz", lzma.compress)])
def test_every_layout_and_packing_gives_the_same_objects(
    tmp_path: Path, layout: str, ending: str, pack: Any
) -> None:
    path = written(tmp_path, f"cards.json{ending}", pack(LAYOUTS[layout].encode()))
    assert [found.value for found in read(path)] == THREE


@settings(deadline=None)
@given(st.sampled_from(sorted(LAYOUTS)), st.integers(1, 60))
def test_it_does_not_matter_where_the_pieces_are_cut(layout: str, size: int) -> None:
    text = LAYOUTS[layout].removeprefix("\ufeff")
    pieces = iter([text[start : start + size] for start in range(0, len(text), size)])
    assert [found.value for found in _objects(lambda: next(pieces, ""), name="cards.json")] == THREE


def test_a_broken_line_is_told_with_its_number_and_the_others_are_read(tmp_path: Path) -> None:
    first, second, third = LINES.splitlines()
    path = written(
        tmp_path, "cards.jsonl", "\n".join([first, second[:40], "no json", '"\x00"', "[" * 100_000, third])
    )
    found = read(path)
    assert [each.line for each in found if each.broken] == [2, 3, 4, 5]
    assert [each.value for each in found if not each.broken] == [THREE[0], THREE[2]]
    assert found[-1].line == 6


@pytest.mark.parametrize("layout", ["one line", "an object on each line", "pretty"])
def test_a_broken_object_in_an_array_costs_only_itself(tmp_path: Path, layout: str) -> None:
    text = LAYOUTS[layout].replace('"Otter 2"', '"Otter 2', 1).replace('"set_name"', "set_name", 1)
    path = written(tmp_path, "cards.json", text)
    found = read(path)
    assert [each.value for each in found if not each.broken] in ([THREE[2]], [THREE[1], THREE[2]])
    assert any(each.broken for each in found)


def test_bytes_that_are_not_utf_8_stay_in_their_object(tmp_path: Path) -> None:
    path = written(tmp_path, "cards.jsonl", LINES.encode().replace(b"Otter 2", b"Ott\xe9r 2"))
    names = [found.value["name"] for found in read(path) if isinstance(found.value, dict)]
    assert names == ["Otter 1", "Ott\udce9r 2", "Otter 3"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("cards.json", b"", "is empty"),
        ("cards.json", b" \n ", "nothing but blanks"),
        ("cards.json.gz", gzip.compress(b"", mtime=0), "nothing but blanks"),
        ("cards.json", b"<!doctype html>", "no Scryfall bulk data"),
        ("cards.json", b'"hello"', "no Scryfall bulk data"),
        ("cards.json", "[]".encode("utf-16"), "no Scryfall bulk data"),
        ("cards.csv", b"a,b", "none of the endings"),
        ("cards.jsonl.gz", LINES.encode(), "not packed as its ending says"),
        ("cards.jsonl.xz", LINES.encode(), "not packed as its ending says"),
    ],
)
def test_what_is_no_bulk_file_is_told(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    with pytest.raises(BulkFileError, match=message):
        read(written(tmp_path, name, content))


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(BulkFileError, match="no file"):
        BulkFile(tmp_path / "cards.json")
    with pytest.raises(BulkFileError, match="is a folder"):
        BulkFile(tmp_path)


@pytest.mark.parametrize(("ending", "pack"), [(".gz", gzip.compress), (".xz", lzma.compress)])
def test_a_file_that_ends_too_early_gives_what_came_before(tmp_path: Path, ending: str, pack: Any) -> None:
    many = "".join(json.dumps(card_object(f"Otter {n}")) + "\n" for n in range(5_000))
    packed = pack(many.encode())
    path = written(tmp_path, f"cards.jsonl{ending}", packed[: len(packed) // 2])
    with BulkFile(path) as objects:
        found = iter(objects)
        assert all(not next(found).broken for _ in range(500))
        with pytest.raises(BulkFileError, match="ends too early"):
            list(found)


def test_an_array_without_its_end_is_told(tmp_path: Path) -> None:
    path = written(tmp_path, "cards.json", LAYOUTS["an object on each line"].removesuffix("]\n"))
    with pytest.raises(BulkFileError, match="in the middle of its array"):
        read(path)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_no_content_is_too_strange(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("strange") / "cards.json"
    path.write_bytes(content)
    with contextlib.suppress(BulkFileError):
        read(path)
