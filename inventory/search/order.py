"""In which order the cards come that were found."""

import numpy as np

from inventory.card_query import CardQuery
from inventory.card_query.sorting import DIRECTIONS, Direction, Sort
from inventory.models.card import shop_day_rate
from inventory.names import fold_name
from inventory.search.catalogue import UNKNOWN, Catalogue, Ints
from inventory.search.matching import Matching


def in_order(cards: Ints, query: CardQuery, matching: Matching) -> Ints:
    """The same cards (places in the catalogue), sorted as the query says; among equals by the alphabet."""
    catalogue = matching.catalogue
    by_name = catalogue.place_by_name[cards]
    down = (query.direction or DIRECTIONS[query.sort]) is Direction.DOWN
    keys: list[Ints]
    match query.sort:
        case Sort.BEST:
            owned_first = (matching.shelves.owned[cards] <= 0).astype(np.int64)
            keys = [closeness(cards, query, catalogue), owned_first, by_name]
            down = query.direction is Direction.DOWN
        case Sort.NAME:
            keys = [-by_name if down else by_name]
            return cards[np.lexsort(keys)]
        case Sort.MANA_VALUE:
            keys = [catalogue.mana_values[cards].astype(np.float64)]
        case Sort.PRICE:
            keys = [rent_cents(catalogue)[cards]]
        case Sort.NEWEST:
            keys = [catalogue.newest[cards].astype(np.int64)]
        case Sort.OWNED:
            keys = [matching.shelves.owned[cards]]
        case Sort.FREE:
            keys = [matching.free(cards)]
    if query.sort is Sort.BEST:
        order = np.lexsort(keys[::-1])
        return cards[order[::-1] if down else order]
    return cards[np.lexsort([by_name, -keys[0] if down else keys[0]])]


def closeness(cards: Ints, query: CardQuery, catalogue: Catalogue) -> Ints:
    """Of each card how near it comes to the words of a name.

    0 the card of exactly that name, 1 a face of that name, 2 a name that begins so, 3 a word of it that begins so,
    4 any other.
    """
    text = fold_name(query.name_text)
    if not text:
        return np.zeros(len(cards), dtype=np.int64)
    ranks = np.full(catalogue.size, 4, dtype=np.int64)
    ranks[catalogue.names.containing(f" {text}")] = 3
    ranks[catalogue.forms.beginning(text)] = 2
    ranks[catalogue.forms.equal(text)] = 1
    ranks[catalogue.forms.equal_whole(text)] = 0
    return ranks[cards]


def rent_cents(catalogue: Catalogue) -> Ints:
    """Cents for one copy and one day, of every card: `Card.rent_cents` of all at once."""
    rate = shop_day_rate()
    by_value = np.maximum(rate.minimum_cents, -(-catalogue.values * rate.basis_points // 10_000))
    return np.where(catalogue.price_overrides == UNKNOWN, by_value, catalogue.price_overrides)
