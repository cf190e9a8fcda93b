"""The language in which cards are looked for, as players know it from Scryfall. Pure: no database, no clock.

`terms` is what can be asked, `parsing` reads it from text and never fails, `writing` makes the text again, `filters`
turns the controls of a page into terms and back.
"""

from inventory.card_query.parsing import LONGEST_TEXT, MOST_TERMS, CardQuery, parse
from inventory.card_query.writing import write

__all__ = ["LONGEST_TEXT", "MOST_TERMS", "CardQuery", "parse", "write"]
