"""Which tool wrote a list of plain text, by the marks that were met in it."""

from pathlib import PurePath

# The first whose marks were all met. What the list holds goes before what its file is called.
_BY_MARKS = (
    ("forge", {"settings"}),
    ("forge", {"pipe"}),
    ("wagic", {"wagic"}),
    ("mwdeck", {"workstation"}),
    ("xmage", {"xmage"}),
    ("precon", {"name", "source"}),
    ("archidekt", {"category", "printing"}),
    ("archidekt", {"zone tag"}),
    ("moxfield", {"hash tag", "printing"}),
    ("moxfield", {"star tag", "printing"}),
    ("arena", {"about"}),
    ("arena", {"heading deck"}),
    ("moxfield", {"heading sideboard:", "printing"}),
    ("mtgo", {"heading sideboard:"}),
    ("arena", {"printing", "heading"}),
)
_BY_FILE = {
    ".dck": "xmage",
    ".dec": "dec",
    ".mwdeck": "mwdeck",
    ".mtga": "arena",
}
_BY_MARKS_LAST = (
    ("dec", {"comment heading"}),
    ("xmage", {"number before", "sideboard prefix"}),
    ("mwdeck", {"set before", "sideboard prefix"}),
    ("dec", {"sideboard prefix"}),
    ("wagic", {"times last", "comment"}),
    ("arena", {"printing"}),
)
# Their sideboard is marked on its lines or by a heading, and a blank line is only a blank line.
_KEEP_BLANK_LINES = frozenset(("forge", "wagic", "mwdeck", "xmage", "dec", "archidekt"))


def form_of(marks: set[str], filename: str) -> str:
    """The key of the form, as docs/deck-lists.md lists them; "text" where nothing tells."""
    for form, wanted in _BY_MARKS:
        if wanted <= marks:
            return form
    if form := _BY_FILE.get(PurePath(filename).suffix.lower(), ""):
        return form
    return next((form for form, wanted in _BY_MARKS_LAST if wanted <= marks), "text")


def keeps_blank_lines(form: str) -> bool:
    return form in _KEEP_BLANK_LINES
