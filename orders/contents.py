"""What is in an order, in a few words: the decks that it was made of, or how many cards."""

from collections.abc import Iterable, Sequence

from orders.models import Order, OrderTemplateDeck

_NAMED = 2  # decks; of more, the number


def name_of(order: Order) -> str:
    """By its decks, "Friday Burn", else by its cards, "40 cards". At most two queries."""
    rows = list(order.order_template_decks.select_related("version__deck").order_by("pk"))
    return words_of(rows, copies=0 if rows else sum(order.demand().values()))


def words_of(rows: Iterable[OrderTemplateDeck], *, copies: int) -> str:
    """`rows`: with their decks; `copies`: cards in the order, for where no deck went in."""
    names = list(dict.fromkeys(_name(row) for row in rows))
    if not names:
        return f"{copies} card{'' if copies == 1 else 's'}"
    return _listed(names)


def _name(row: OrderTemplateDeck) -> str:
    return f"{row.copies} × {row.template_deck.name}" if row.copies > 1 else row.template_deck.name


def _listed(names: Sequence[str]) -> str:
    if len(names) > _NAMED:
        return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} more"
    return " and ".join(names)
