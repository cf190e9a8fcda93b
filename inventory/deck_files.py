"""Deck files as they lie on a disk."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

# What a folder is searched for; a file that is named itself may be called anything.
ENDINGS = (
    ".txt", ".mtga", ".dec", ".deck", ".dek", ".dck", ".cod", ".mwdeck", ".o8d", ".json",
)  # fmt: skip
LARGEST_FILE = 5_000_000  # bytes; a deck in the wordiest form (MTGJSON, all languages) has some 2,000,000


class DeckFileError(ValueError):
    """The file cannot be read; the message says what to do."""


@dataclass(frozen=True, slots=True)
class DeckFile:
    path: Path

    def read(self) -> bytes:
        """Raises DeckFileError."""
        try:
            if self.path.stat().st_size > LARGEST_FILE:
                raise DeckFileError(f"the file is larger than {LARGEST_FILE // 1_000_000} MB: it is no deck.")
            return self.path.read_bytes()
        except OSError as error:
            raise DeckFileError(
                f"it cannot be read ({error.strerror}). Name a deck file or a folder."
            ) from None


def deck_files(paths: Iterable[Path]) -> Iterator[DeckFile]:
    """The files that are named, and the deck files in the folders that are, at any depth; each of them once."""
    seen: set[Path] = set()
    for path in paths:
        for file in _deck_files_in(path) if path.is_dir() else [path]:
            if (known := file.resolve()) not in seen:
                seen.add(known)
                yield DeckFile(file)


def _deck_files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS and path.is_file())
