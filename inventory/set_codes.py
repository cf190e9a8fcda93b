"""Codes and names of sets as they are written elsewhere than at Scryfall. Pure."""

from functools import lru_cache

from inventory.names import fold_name

# The codes of Gatherer, Magic Online, Magic Workstation and Arena that no set has at Scryfall.
_OLD_CODES = {
    "1e": "lea", "2e": "leb", "2u": "2ed", "3e": "3ed", "4e": "4ed", "5e": "5ed", "6e": "6ed", "7e": "7ed",
    "an": "arn", "aq": "atq", "le": "leg", "dk": "drk", "fe": "fem", "ia": "ice", "hm": "hml", "al": "all",
    "ch": "chr", "mi": "mir", "vi": "vis", "wl": "wth", "te": "tmp", "st": "sth", "ex": "exo", "uz": "usg",
    "ul": "ulg", "gu": "ulg", "ud": "uds", "cg": "uds", "mm": "mmq", "ne": "nem", "nm": "nem", "pr": "pcy",
    "in": "inv", "ps": "pls", "ap": "apc", "od": "ody", "po": "por", "p2": "p02", "pk": "ptk", "p3": "ptk",
    "ug": "ugl", "rv": "3ed", "8e": "8ed", "9e": "9ed", "lg": "leg", "hl": "hml", "mr": "mir", "tp": "tmp",
    "sh": "sth", "us": "usg", "mrq": "mmq", "nms": "nem", "tsts": "tsb", "cfx": "con", "conf": "con", "dar": "dom",
}  # fmt: skip

# Names, by their letters, that shops and tools write and Scryfall does not.
_NAMES = {
    **dict.fromkeys(("alpha", "alphaedition"), "lea"),
    **dict.fromkeys(("beta", "betaedition"), "leb"),
    "unlimited": "2ed",
    "revised": "3ed",
    "4thedition": "4ed",
    "5thedition": "5ed",
    **dict.fromkeys(("6thedition", "sixthedition", "classic6thedition"), "6ed"),
    "7thedition": "7ed",
    "8thedition": "8ed",
    "9thedition": "9ed",
    "10thedition": "10e",
    **{f"{year}coreset": f"m{year - 2000}" for year in (*range(2010, 2016), *range(2019, 2022))},
    **dict.fromkeys(("magicorigins", "origins"), "ori"),
    "ravnica": "rav",
    **dict.fromkeys(("commander", "commander2011edition"), "cmd"),
    "timespiraltimeshifted": "tsb",
    "portal3kingdoms": "ptk",
}


def set_code(written: str) -> str:
    """The code as Scryfall writes it; empty for what cannot be one.

    >>> set_code(" APC "), set_code("AP"), set_code("Apocalypse!")
    ('apc', 'apc', '')
    """
    code = written.strip().lower()
    return _OLD_CODES.get(code, code) if code.isalnum() and code.isascii() and len(code) <= 10 else ""


def is_set(written: str, *, code: str, name: str) -> bool:
    """Whether `written` is the code or the name of the set with this code and name.

    >>> is_set("2011 Core Set", code="m11", name="Magic 2011")
    True
    >>> is_set("Magic 2011 (M11)", code="m11", name="Magic 2011")
    True
    """
    if set_code(written) == code:
        return True
    letters = _letters(written)
    without_remark = _letters(written.partition("(")[0])
    return bool(letters) and (
        _letters(name) in (letters, without_remark)
        or code in (_NAMES.get(letters), _NAMES.get(without_remark))
    )


@lru_cache(maxsize=10_000)  # a long list asks for the same few hundred names again and again
def _letters(text: str) -> str:
    return "".join(character for character in fold_name(text) if character.isalnum())
