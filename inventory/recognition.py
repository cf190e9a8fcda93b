"""How much of some deck files this site understands, form by form, and what it does not and why. Reads only."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from inventory.deck_files import LARGEST_FILE, DeckFile, DeckFileError
from inventory.deck_lists import MOST_SUGGESTIONS, ReadList, UnknownLine, resolve
from inventory.decklist import parse
from inventory.models import Printing

NO_FORM = "not known"


@dataclass(slots=True)
class Recognised:
    """Sums over files of one form, or of all. A line that could not be read counts as one without copies."""

    form: str
    files: int = 0
    lines: int = 0
    copies: int = 0
    understood_lines: int = 0
    understood_copies: int = 0
    printings: int = 0  # lines whose printing is known, too

    @property
    def rate(self) -> float:
        """Lines understood, of 1; a form without lines has nothing that was not."""
        return self.understood_lines / self.lines if self.lines else 1.0

    def count(self, read: ReadList) -> None:
        self.files += 1
        self.lines += len(read.lines) + len(read.unknown)
        self.understood_lines += len(read.lines)
        self.printings += sum(each.printing is not None for each in read.lines)
        copies = sum(each.line.quantity for each in read.lines)
        self.understood_copies += copies
        self.copies += copies + sum(each.line.quantity for each in read.unknown if each.line)


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """A line of a file, or a whole file (then `number` is 0), and why it means no card."""

    file: str
    number: int
    text: str
    reason: str
    nearest: Sequence[str] = ()
    is_unknown_name: bool = False

    def __str__(self) -> str:
        place = f"{self.file}:{self.number}" if self.number else self.file
        nearest = f" Nearest: {'; '.join(self.nearest)}." if self.nearest else ""
        return f"{place}: {self.text[:80]!r}: {self.reason}{nearest}"


@dataclass(slots=True)
class Recognition:
    """`forms` in alphabetical order; `total` over all of them."""

    forms: list[Recognised] = field(default_factory=list)
    total: Recognised = field(default_factory=lambda: Recognised("all"))
    missing: list[NotUnderstood] = field(default_factory=list)


def recognise(files: Iterable[DeckFile], *, suggest: bool = False) -> Recognition:
    """Reads deck files and looks up their cards. `suggest` the nearest names, which takes longer."""
    found = Recognition()
    forms: dict[str, Recognised] = {}
    unknown: list[tuple[str, UnknownLine]] = []
    for file in files:
        name = str(file.path)
        try:
            deck_list = parse(file.read(), filename=file.path.name, limit=LARGEST_FILE)
        except DeckFileError as error:
            found.missing.append(NotUnderstood(name, 0, "", str(error)))
            continue
        read = resolve(deck_list, suggestions=MOST_SUGGESTIONS if suggest else 0)
        form = deck_list.form or NO_FORM
        for sums in (forms.setdefault(form, Recognised(form)), found.total):
            sums.count(read)
        unknown += [(name, each) for each in read.unknown]
        if not read.lines and not read.unknown:
            found.missing.append(NotUnderstood(name, 0, "", "there is no card in it."))
    found.forms = sorted(forms.values(), key=lambda sums: sums.form)
    found.missing += _reasons(unknown)
    return found


def _reasons(unknown: Sequence[tuple[str, UnknownLine]]) -> list[NotUnderstood]:
    """Where a line names a set, and no card of that set is in the catalogue, that is a reason, too. One query."""
    wanted = {code for _, each in unknown if each.line and (code := each.line.set_code.lower()).isalnum()}
    known = set(Printing.objects.filter(set_code__in=wanted).values_list("set_code", flat=True))
    missing = []
    for name, each in unknown:
        reason = each.problem.message
        if each.line and each.line.set_code.lower() in wanted - known:
            reason += f" The catalogue has no set {each.line.set_code.upper()}."
        missing.append(
            NotUnderstood(
                file=name,
                number=each.problem.number,
                text=each.line.name if each.line else each.problem.text,
                reason=reason,
                nearest=each.nearest,
                is_unknown_name=each.line is not None,
            )
        )
    return missing
