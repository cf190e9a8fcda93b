"""In which order answers come."""

from enum import StrEnum


class Sort(StrEnum):
    BEST = "best"
    NAME = "name"
    MANA_VALUE = "mv"
    PRICE = "price"
    NEWEST = "newest"
    OWNED = "owned"
    FREE = "free"


class Direction(StrEnum):
    UP = "asc"
    DOWN = "desc"


SORT_NAMES = {
    Sort.BEST: "Best match",
    Sort.NAME: "Name",
    Sort.MANA_VALUE: "Mana value",
    Sort.PRICE: "Price a day",
    Sort.NEWEST: "Newest",
    Sort.OWNED: "Most owned",
    Sort.FREE: "Most free",
}
# In which direction each goes unless another is asked for.
DIRECTIONS = {
    sort: Direction.DOWN if sort in (Sort.NEWEST, Sort.OWNED, Sort.FREE) else Direction.UP for sort in Sort
}
SORT_WORDS = {
    "best": Sort.BEST, "relevance": Sort.BEST, "name": Sort.NAME,
    "mv": Sort.MANA_VALUE, "cmc": Sort.MANA_VALUE, "manavalue": Sort.MANA_VALUE,
    "price": Sort.PRICE, "usd": Sort.PRICE, "eur": Sort.PRICE,
    "newest": Sort.NEWEST, "released": Sort.NEWEST, "new": Sort.NEWEST,
    "owned": Sort.OWNED, "stock": Sort.OWNED, "free": Sort.FREE,
}  # fmt: skip
