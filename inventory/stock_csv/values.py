"""What stands in the columns of a stock list, brought to one spelling. ValueErrors say what to do."""

import re
from datetime import date
from decimal import Decimal, InvalidOperation

from inventory.stock_csv.headings import folded

LONGEST_NOTE = 500

_FINISHES = {
    **dict.fromkeys(("nonfoil", "normal", "regular", "no", "n", "false", "0", "none"), "nonfoil"),
    **dict.fromkeys(("foil", "f", "yes", "y", "true", "1", "x"), "foil"),
    **dict.fromkeys(("etched", "e", "fe", "foiletched", "etchedfoil"), "etched"),
}
_LANGUAGES = {
    "english": "en", "german": "de", "deutsch": "de", "french": "fr", "italian": "it", "spanish": "es",
    "portuguese": "pt", "brazilian": "pt", "ptbr": "pt", "japanese": "ja", "korean": "ko", "russian": "ru",
    "chinese": "zhs", "simplifiedchinese": "zhs", "chinesesimplified": "zhs", "schinese": "zhs",
    "traditionalchinese": "zht", "chinesetraditional": "zht", "tchinese": "zht", "phyrexian": "ph",
    # What Archidekt, Moxfield and others write for the codes of Scryfall's:
    "jp": "ja", "kr": "ko", "sp": "es", "cs": "zhs", "cn": "zhs", "zhcn": "zhs", "zh": "zhs", "zhhans": "zhs",
    "ct": "zht", "tw": "zht", "zhtw": "zht", "zhhant": "zht",
}  # fmt: skip
_CONDITIONS = {
    **dict.fromkeys(("mint", "m", "nearmint", "nm", "mintnearmint", "nmm", "unplayed"), "NM"),
    **dict.fromkeys(
        (
            "excellent", "ex", "good", "gd", "goodlightlyplayed", "lightlyplayed", "lp",
            "slightlyplayed", "sp", "verygood", "vg",
        ),
        "LP",
    ),
    **dict.fromkeys(("lightplayed", "played", "pl", "moderatelyplayed", "mp", "fine"), "MP"),
    **dict.fromkeys(("heavilyplayed", "heavyplayed", "hp"), "HP"),
    **dict.fromkeys(("poor", "po", "p", "damaged", "dmg", "d"), "DMG"),
}  # fmt: skip
_NO = ("", "no", "false", "0", "none", "n")
_REMARKS = re.compile(r"(?:\s*\(([^()]*)\)|\s+-\s+[^-()]+)+$")  # (271), (Extended Art), - Full Art


def quantity(text: str) -> int:
    """A whole number; an "x" may stand behind it."""
    digits = text[:-1].rstrip() if text[-1:] in "xX×" else text
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 9:
        raise ValueError(f"“{text[:20]}” is no number of copies: write a whole number.")
    return int(digits)


def finish(text: str) -> str:
    """nonfoil, foil or etched; "Surge Foil" is foil, too."""
    plain = folded(text)
    if not plain:
        return ""
    if plain in _FINISHES:
        return _FINISHES[plain]
    if "etched" in plain:
        return "etched"
    if plain.endswith("foil") and not plain.endswith(("nonfoil", "notfoil")):
        return "foil"
    raise ValueError(f"“{text[:20]}” is no finish: write nonfoil, foil or etched.")


def language(text: str) -> str:
    """A code of Scryfall's where the language is known, else what is written, if it is short."""
    code = folded(text)
    return _LANGUAGES.get(code, code if len(code) <= 5 else "")


def condition(text: str) -> tuple[str, str]:
    """(NM, LP, MP, HP or DMG; what it says of the finish). What is not known is left as it is written.

    >>> condition("Good (Lightly Played)"), condition("Near Mint Foil"), condition("7.5")
    (('LP', ''), ('NM', 'foil'), ('7.5', ''))
    """
    plain = folded(text.partition(" - ")[0])  # Near Mint Foil - Japanese
    foil = "foil" if plain.endswith("foil") else ""
    return _CONDITIONS.get(plain.removesuffix("foil"), text[:40]), foil


def is_yes(text: str) -> bool:
    return folded(text) not in _NO


def collector_number(text: str) -> str:
    """Without the sign before it and the size of the set behind it: "#149/249" is "149"."""
    number, slash, size = text.lstrip("# ").partition("/")
    return number.strip() if slash and size.strip().isdigit() else text.lstrip("# ")


def plainer_name(name: str) -> tuple[str, str]:
    """(the name without the remarks of a shop, those remarks).

    >>> plainer_name("Forest (271)"), plainer_name("Sol Ring (Foil Etched) - Promo")
    (('Forest', ' (271)'), ('Sol Ring', ' (Foil Etched) - Promo'))
    """
    found = _REMARKS.search(name)
    return (name[: found.start()], found[0]) if found and found.start() else (name, "")


def unquoted(cell: str) -> str:
    """What a spreadsheet shows of `="007"`, with which it is told that this is text."""
    return cell[2:-1] if cell.startswith('="') and cell.endswith('"') and '"' not in cell[2:-1] else cell


def cents(text: str) -> int:
    """An amount as people write it, in cents. Raises ValueError.

    >>> cents("2.50"), cents("€ 1.234,5"), cents("3")
    (250, 123450, 300)
    """
    digits = re.sub(r"[^\d.,\-]", "", text)
    whole, mark, fraction = max((digits.rpartition(mark) for mark in ".,"), key=lambda parts: len(parts[0]))
    if mark and len(fraction) <= 2:
        digits = re.sub(r"[.,]", "", whole) + "." + fraction
    else:  # 1,234: the mark stands between thousands
        digits = re.sub(r"[.,]", "", digits)
    try:
        amount = (Decimal(digits) * 100).to_integral_value()
    except InvalidOperation:
        raise ValueError(f"“{text[:20]}” is no value: write an amount like 2.50.") from None
    if not 0 <= amount < 2**31:
        raise ValueError(f"“{text[:20]}” is no value: write an amount like 2.50.")
    return int(amount)


def day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"“{text[:20]}” is no date: write it like 2026-05-01.") from None
