"""Searching the cards: what is asked, and a page of answers with price and stock. Reads only.

`searching` is the way in. The catalogue is searched in memory: `catalogue` is that copy and `memory` keeps it as
new as the database, `matching` decides, `order` sorts, `near_names` forgives what was mistyped.
"""

from inventory.card_query import CardQuery
from inventory.search.owned import with_owned
from inventory.search.searching import CARDS_PER_PAGE, FoundCard, FoundCards, search_cards

__all__ = ["CARDS_PER_PAGE", "CardQuery", "FoundCard", "FoundCards", "search_cards", "with_owned"]
