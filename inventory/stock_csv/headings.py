"""What the columns of a stock list are called. A further tool is a further name in `COLUMNS`."""

from collections.abc import Mapping, Sequence

# Folded to letters and digits. The first heading of a row that the file has is taken.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "quantity": (
        "quantity", "count", "qty", "copies", "amount", "quantityx", "totalquantity", "addtoquantity",
        "onlinequantity", "totalqty", "owned", "have", "cardcount", "anzahl", "menge",
    ),
    "regular_copies": ("regqty", "regularqty", "regularquantity", "nonfoilquantity", "normalquantity"),
    "foil_copies": ("foilqty", "foilquantity"),
    "name": ("name", "cardname", "card", "productname", "title", "englishname"),
    "simple_name": ("simplename",),
    "set_code": ("setcode", "editioncode", "setid", "expansioncode"),
    "set_name": ("setname", "editionname", "set", "edition", "expansion", "expansionname"),
    "collector_number": (
        "collectornumber", "cardnumber", "collector", "collectorsnumber", "collectornum", "number", "cardno",
        "collno",
    ),
    "finish": ("finish", "foil", "isfoil", "printing", "premium", "extras"),
    "condition": ("condition", "cardcondition", "grade"),
    "language": ("language", "lang", "cardlanguage"),
    "scryfall_id": ("scryfallid",),
    "value": ("value",),
    "effective_on": ("date", "effectiveon"),
    "note": ("note", "notes", "comment", "comments"),
    "signed": ("signed", "issigned", "signing"),
    "altered": ("altered", "isaltered", "alteredart", "alter", "alteration"),
    "misprint": ("misprint",),
    "proxy": ("proxy", "isproxy"),
}  # fmt: skip

EXAMPLE = "Quantity,Name,Set Code,Collector Number,Foil"


def folded(heading: str) -> str:
    return "".join(character for character in heading.lower() if character.isalnum())


def find_columns(headings: Sequence[str]) -> dict[str, int]:
    """The place of each column that the headings name."""
    places = {folded(heading): place for place, heading in reversed(list(enumerate(headings)))}
    return {
        column: places[next(name for name in names if name in places)]
        for column, names in COLUMNS.items()
        if any(name in places for name in names)
    }


def missing_columns(columns: Mapping[str, int]) -> list[str]:
    """The names of the columns without which a line of headings is none."""
    counted = "quantity" in columns or {"regular_copies", "foil_copies"} <= columns.keys()
    named = "name" in columns or "simple_name" in columns or "scryfall_id" in columns
    return [name for name, there in (("quantity", counted), ("name", named)) if not there]
