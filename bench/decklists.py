"""Deck lists of the largest size: seconds and memory of reading hostile ones, and what it takes to find the cards.

As hostile as we could think of, and as large as may be sent. Each is read in a process of its own, so that what one
leaves behind is not laid to the next. Time is the processor's, and the best of three readings: what is asked is what a
list costs, not what else the machine did. Memory is the peak of what Python held at once, in a further reading, since
counting it takes time of its own.

Finding the cards is measured by the clock, since most of it is the database's time: lists of as many lines as are read
at once, with a catalogue as large as the real one; those that name no card are told the nearest names.
"""

import json
import random
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bench.table import Line
from inventory.decklist import LARGEST_LIST, MAX_LINES, parse

SECONDS, MEGABYTES = 1, 100
READINGS = 3
SEED = 8
_XML = '<?xml version="1.0"?>\n'


def _filled(piece: str, *, before: str = "", after: str = "") -> str:
    """As many pieces as fit into the largest list."""
    room = LARGEST_LIST - len((before + after).encode())
    return before + piece * (room // len(piece.encode())) + after


def _rows(row: str, *, before: str = "", after: str = "") -> str:
    """Rows that differ, `{}` being their number."""
    rows, room, number = [], LARGEST_LIST - len(before + after), 0
    while (room := room - len(written := row.replace("{}", str(number)))) >= 0:
        rows.append(written)
        number += 1
    return before + "".join(rows) + after


def _noise(alphabet: bytes, *, seed: int) -> bytes:
    return bytes(random.Random(seed).choices(alphabet, k=LARGEST_LIST))


def _bomb() -> str:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    return f'{_XML}<!DOCTYPE x [<!ENTITY a0 "lol">{entities}]><deck>&a11;</deck>'


HOSTILE: Mapping[str, Callable[[], str | bytes]] = {
    "50,000 lines": lambda: "4 Counterspell (M1)\n" * 50_000,
    "lines of one letter": lambda: _filled("a\n"),
    "comments": lambda: _filled("#\n"),
    "headings": lambda: _filled("Deck\n"),
    "blank lines": lambda: _filled("\n"),
    "long lines of brackets": lambda: _filled("1 " + "a [b] " * 160 + "\n"),
    "long lines of tags": lambda: _filled("1 a " + "*F* " * 240 + "\n"),
    "long lines of HTML": lambda: _filled("<a " * 300 + "\n"),
    "long lines of ampersands": lambda: _filled("&nbsp" * 190 + "\n"),
    "long lines of categories": lambda: _filled("1 a [" + "b," * 480 + "b]\n"),
    "long lines of pipes": lambda: _filled("1 a|b" + "|1" * 480 + "\n"),
    **{
        f"one line of {name}": lambda piece=piece: _filled(piece)  # type: ignore[misc]
        for name, piece in {
            "letters": "a", "digits": "9", "spaces": " ", "stars": "*", "slashes": "/", "brackets": "[",
            "brackets in pairs": "[]", "round brackets": "(", "angles": "<", "carets": "^", "hashes": " #",
            "pipes": "|", "fours": "4 ", "crosses": "x ", "numbers": "1,.", "commas": ",", "quotes": '"',
            "zero width": "\u200b", "overrides": "\u202e", "zeros": "\x00", "full width": "４",
        }.items()
    },
    "UTF-16": lambda: "4 Lightning Bolt\n".encode("utf-16-le") * 29_000,
    "UTF-16, one line": lambda: b"\xff\xfe" + ("稲" * 499_000).encode("utf-16-le"),
    "random bytes": lambda: _noise(bytes(range(256)), seed=1),
    "random marks": lambda: _noise(b"14xX *#/[]()<>|^+:\n\n SBDeck&;", seed=2),
    "XML: entity bomb": _bomb,
    "XML: nested": lambda: _filled("<a>", before="<deck>"),
    "XML: wide": lambda: _filled("<a/>", before="<deck>", after="</deck>"),
    "XML: cards": lambda: _rows('<Cards Quantity="1" Name="{}"/>', before="<Deck>", after="</Deck>"),
    "XML: attributes": lambda: _rows(' a{}="1"', before="<deck", after="/>"),
    "XML: one name": lambda: _filled("a", before='<Deck><Cards Quantity="1" Name="', after='"/></Deck>'),
    "XML: text": lambda: _filled("a&amp;", before="<deck><section><card>", after="</card></section></deck>"),
    "XML: comments": lambda: _filled("<!---->", before="<deck>", after="</deck>"),
    "JSON: nested lists": lambda: _filled("["),
    "JSON: nested objects": lambda: _filled('{"main":'),
    "JSON: wide": lambda: _rows('{"{}":1},', before='{"main":[', after="{}]}"),
    "JSON: cards": lambda: _rows('{"name":"{}","count":1},', before='{"main":[', after="{}]}"),
    "JSON: cards of text": lambda: _rows('"1 a{} (M10) 1",', before='{"main":[', after='""]}'),
    "JSON: keys": lambda: _rows('"{}":1,', before='{"main":{', after='"a":1}}'),
    "JSON: numbers": lambda: _filled("1.5,", before='{"main":[', after="1]}"),
    "JSON: one number": lambda: _filled("9", before='{"main":[{"name":"a","count":', after="}]}"),
    "JSON: one text": lambda: _filled("\\u0000", before='{"main":[{"count":1,"name":"', after='"}]}'),
    "CSV": lambda: _rows("1,Card {}\n", before="Count,Name\n"),
    "CSV: quotes": lambda: _filled('"', before="Count,Name\n"),
    "CSV: quoted lines": lambda: _filled('"1","a\n', before="Count,Name\n"),
    "CSV: wide": lambda: _filled(",", before="Count,Name\n"),
    "CSV: empty rows": lambda: _filled(",\n", before="Count,Name\n"),
}  # fmt: skip


def read_once(name: str) -> dict[str, Any]:
    """Seconds and megabytes of one hostile list, and whether everything came back in bounds. In this process."""
    content = HOSTILE[name]()
    size = len(content) if isinstance(content, bytes) else len(content.encode("utf-8", "surrogatepass"))
    if size > LARGEST_LIST:
        raise ValueError(f"{name}: {size} bytes are more than may be sent.")
    parse("1 Shock")  # what is imported and compiled once is no part of it
    taken = []
    for _ in range(READINGS):
        begun = time.process_time()
        parse(content)
        taken.append(time.process_time() - begun)
    tracemalloc.start()
    parse(content)
    peak = tracemalloc.get_traced_memory()[1]
    return {"seconds": min(taken), "megabytes": peak / 1e6, "bytes": size}


def measure(shop: Any, *, rounds: int) -> list[Line]:
    """Hostile lists need no card; the others are given a catalogue of their own."""
    return [*_hostile_lines(), *_found_lines(shop)]


def _found_lines(shop: Any) -> list[Line]:
    # Models, so only now that Django is set up.
    from bench.synthetic_cards import CARDS, catalogue
    from inventory.card_names import name_list
    from inventory.deck_lists import resolve

    with catalogue(shop) as all_names:
        name_list()  # read once in each process
        names = random.Random(SEED).sample(all_names, min(MAX_LINES, len(all_names)))
        lists = {
            "known": "\n".join(f"1 {name}" for name in names),
            "unknown": "\n".join(f"1 {name[:-2]}qz (M10) {n}" for n, name in enumerate(names, start=1)),
        }
        lines = []
        for kind, text in lists.items():
            taken = []
            for _ in range(READINGS):
                begun = time.perf_counter()
                read = resolve(parse(text))
                taken.append(time.perf_counter() - begun)
            print(f"  {kind}: {len(read.lines)} of {MAX_LINES:,} lines found, {min(taken):.2f} s")
            lines.append(
                Line(
                    f"reading {MAX_LINES:,} {kind} names, among {CARDS:,} cards",
                    [min(taken)],
                    "s",
                    limit=f"at most {SECONDS} s",
                    reached=min(taken) <= SECONDS,
                )
            )
    return lines


def _hostile_lines() -> list[Line]:
    figures = {}
    for name in HOSTILE:
        figures[name] = _in_a_process(name)
        print(f"  {name}: {figures[name]['seconds']:.2f} s, {figures[name]['megabytes']:.0f} MB")
    slowest = max(figures, key=lambda name: figures[name]["seconds"])
    largest = max(figures, key=lambda name: figures[name]["megabytes"])
    seconds = [figure["seconds"] for figure in figures.values()]
    megabytes = [figure["megabytes"] for figure in figures.values()]
    return [
        Line(
            f"the slowest of {len(figures)} hostile deck lists ({slowest})",
            [max(seconds)],
            "s",
            limit=f"at most {SECONDS} s",
            reached=max(seconds) <= SECONDS,
        ),
        Line(
            f"the largest of them in memory ({largest})",
            [max(megabytes)],
            "MB",
            limit=f"at most {MEGABYTES} MB",
            reached=max(megabytes) <= MEGABYTES,
        ),
    ]


def _in_a_process(name: str) -> dict[str, Any]:
    ran = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "bench.decklists", name],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=True,
    )
    figures: dict[str, Any] = json.loads(ran.stdout)
    return figures


if __name__ == "__main__":
    print(json.dumps(read_once(sys.argv[1])))
