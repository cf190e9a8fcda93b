"""Reads bulk data as a stream of objects, however the file is laid out: nothing is ever held as a whole.

One decoder reads an array on one line, an array with an object on each line, a pretty-printed array, and JSON
lines. A broken object is reported with its place, and reading goes on with the next one.
"""

import codecs
import gzip
import json
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

ENDINGS = (".json", ".jsonl", ".json.gz", ".jsonl.gz", ".json.xz", ".jsonl.xz")
_CHUNK = 1 << 20  # characters read at a time
_LONGEST_OBJECT = 1 << 24  # characters: beyond this it is no card, and memory is worth more than its end
# A decoder that complains this near to the end of what was read has probably just not seen the rest.
_NEAR_THE_END = 16


class BulkFileError(ValueError):
    """The file as a whole cannot be read (any further); the message says what to do."""


@dataclass(frozen=True, slots=True)
class FoundObject:
    """What stands at a place of the file: any JSON value, or `broken` with what is wrong."""

    number: int  # counted from 1
    line: int  # on which it begins, counted from 1
    value: object = None
    broken: str = ""


class BulkFile:
    """An open file of bulk data; iterate over it for its objects. `bytes_read` tells how far it has come.

    Raises `BulkFileError` on opening, and while it is read where it turns out damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if path.is_dir():
            raise BulkFileError(f"{path} is a folder: name the file in it.")
        if not path.name.lower().endswith(ENDINGS):
            raise BulkFileError(
                f"{path} has none of the endings {', '.join(ENDINGS)}: rename it, or unpack it."
            )
        try:
            self.size = path.stat().st_size
            self._raw: IO[bytes] = path.open("rb")
        except FileNotFoundError:
            raise BulkFileError(f"There is no file {path}: check the path.") from None
        except OSError as error:
            raise BulkFileError(f"{path} cannot be opened: {error.strerror}.") from None
        if self.size == 0:
            self._raw.close()
            raise BulkFileError(f"{path} is empty: download it again.")
        self._unpacked: Any = self._raw
        if path.name.lower().endswith(".gz"):
            self._unpacked = gzip.GzipFile(fileobj=self._raw)
        elif path.name.lower().endswith(".xz"):
            self._unpacked = lzma.LZMAFile(self._raw)  # noqa: SIM115  closed by __exit__
        # What is not UTF-8 comes through as half surrogates, and is found in the object that contains it.
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")(errors="surrogateescape")
        self._failure: BulkFileError | None = None

    @property
    def bytes_read(self) -> int:
        """Of the file as it lies on the disk, so packed where it is packed."""
        return self.size if self._raw.closed else self._raw.tell()

    def __enter__(self) -> "BulkFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._unpacked.close()
        self._raw.close()

    def __iter__(self) -> Iterator[FoundObject]:
        return _objects(self._read, name=str(self.path))

    def _read(self) -> str:
        """The next piece of text, empty at the end. A failure comes after all the text before it."""
        if self._failure:
            raise self._failure
        pieces: list[str] = []
        length = 0
        while length < _CHUNK:
            try:
                packed = self._unpacked.read1(_CHUNK)
            except (EOFError, OSError, lzma.LZMAError, zlib.error) as error:
                self._failure = self._explained(error)
                if not pieces:
                    raise self._failure from None
                break
            pieces.append(self._decoder.decode(packed, final=not packed))
            length += len(pieces[-1])
            if not packed:
                break
        return "".join(pieces)

    def _explained(self, error: Exception) -> BulkFileError:
        if isinstance(error, EOFError):
            return BulkFileError(f"{self.path} ends too early: download it again. What came before is kept.")
        if isinstance(error, OSError) and not isinstance(error, gzip.BadGzipFile):
            return BulkFileError(f"{self.path} cannot be read: {error.strerror or error}.")
        return BulkFileError(f"{self.path} is damaged, or not packed as its ending says: download it again.")


def _objects(read: Callable[[], str], *, name: str) -> Iterator[FoundObject]:
    """The objects of a JSON array or of JSON lines; `read` gives the text piece by piece."""
    scan = json.JSONDecoder().raw_decode
    text, at, line, number, in_array, ended = "", 0, 1, 0, False, False
    next_object: re.Pattern[str] | None = None

    while True:
        # Forward to the next value.
        while True:
            blanks = _BLANKS.match(text, at)
            start = blanks.end() if blanks else at
            line += text.count("\n", at, start)
            at = start
            if at < len(text):
                break
            text, at = read(), 0
            if not text:
                ended = True
                break
        if ended:
            break
        if number == 0 and not in_array:
            if text[at] == "[":
                in_array = True
                at += 1
                continue
            if text[at] != "{":
                raise BulkFileError(
                    f"{name} begins with {text[at : at + 20]!r}, so it is no Scryfall bulk data: "
                    "this takes an array of objects, or an object on each line."
                )
        if text[at] == "]" and in_array:
            return
        number += 1
        if next_object is None:
            next_object = _beginning_like(text, at) if in_array else _NEXT_LINE

        # The value; more is read until it is whole.
        while True:
            broken, value, end = "", None, at
            try:
                value, end = scan(text, at)
            except json.JSONDecodeError as error:
                broken, cut_off = f"bad JSON ({error.msg})", _may_be_cut_off(error, len(text))
            except (ValueError, RecursionError):  # a number of thousands of digits, thousands of brackets
                broken, cut_off = "bad JSON (beyond all measure)", False
            else:
                cut_off = end == len(text) and not isinstance(value, dict | list)
            if not cut_off or len(text) - at > _LONGEST_OBJECT:
                break
            more = read()
            if not more:
                break
            text, at = text[at:] + more, 0

        if not broken:
            yield FoundObject(number=number, line=line, value=value)
            line += text.count("\n", at, end)
            at = end
            continue

        yield FoundObject(number=number, line=line, broken=broken)
        # On to what looks like the beginning of another object.
        line += text.count("\n", at, at + 1)
        at += 1
        while (found := next_object.search(text, at)) is None:
            keep = max(at, len(text) - 100)  # the beginning may lie across the seam
            line += text.count("\n", at, keep)
            more = read()
            text, at = text[keep:] + more, 0
            if not more:
                text = ""
                break
        else:
            line += text.count("\n", at, found.start())
            at = found.start()

    if in_array:
        raise BulkFileError(
            f"{name} ends in the middle of its array, so its end is missing: download it again. "
            "What came before is kept."
        )
    if number == 0:
        raise BulkFileError(f"{name} contains nothing but blanks: download it again.")


_NEXT_LINE = re.compile("\n")
_BLANKS = re.compile(r"[\s,]+")


def _beginning_like(text: str, at: int) -> re.Pattern[str]:
    """Finds the beginning of a further object, judged by how the first one stands on its line."""
    line_start = text.rfind("\n", 0, at) + 1
    indent = text[line_start:at]
    card = r'\{\s*"object"\s*:\s*"card"\s*,'
    return re.compile(rf"\n{indent}\{{|{card}" if not indent.strip() else card)


def _may_be_cut_off(error: json.JSONDecodeError, length: int) -> bool:
    return error.msg.startswith("Unterminated string") or error.pos >= length - _NEAR_THE_END
