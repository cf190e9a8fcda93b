"""The lines of an order as they are shown, priced and written."""

from collections.abc import Sequence

from django.conf import settings
from django.db import connection

from orders.models import Order, OrderCard
from orders.pricing import Quote, quote_order


def lines_of(order: Order) -> list[OrderCard]:
    """All lines with card, printing and price, in the order in which a deck is read. One query."""
    return list(order.order_cards.with_rent().by_zone_and_name())


def write_lines(lines: Sequence[OrderCard]) -> None:
    """Saves what checkout decides of lines: frozen price and value, reservation, and what is needed. One query.

    Locks on cards are held meanwhile, and `bulk_update` would spend more time on its statement than on all else there.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE orders_ordercard AS line SET day_price_cents = decided.day_price_cents,"
            " value_cents = decided.value_cents, reservation_id = decided.reservation_id, needed = decided.needed"
            " FROM unnest(%s::bigint[], %s::integer[], %s::integer[], %s::bigint[], %s::integer[])"
            " AS decided (id, day_price_cents, value_cents, reservation_id, needed) WHERE line.id = decided.id",
            [
                [line.pk for line in lines],
                [line.day_price_cents for line in lines],
                [line.value_cents for line in lines],
                [line.reservation_id for line in lines],
                [line.needed for line in lines],
            ],
        )


def quote_of(order: Order, lines: Sequence[OrderCard]) -> Quote | None:
    """What the order costs: as frozen where it is authorized, else by today's prices.

    None until dates and shipping are chosen: without days there is no price.
    """
    period, method = order.rental_period, order.shipping_method
    if period is None or method is None:
        return None
    if order.total_cents is not None:
        assert order.cards_cents is not None
        assert order.shipping_cents is not None
        assert order.tax_basis_points is not None
        assert order.tax_cents is not None
        return Quote(
            period.length, order.cards_cents, order.shipping_cents, order.tax_basis_points, order.tax_cents
        )
    return quote_order(
        [(line.quantity, line.rent_cents) for line in lines],
        days=period.length,
        shipping_cents=method.price_cents,
        tax_basis_points=settings.TAX_BASIS_POINTS,
        minimum_cents=settings.ORDER_MINIMUM_CENTS,
    )
