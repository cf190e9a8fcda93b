"""GraphQL of carts and orders. A resolver makes one domain call; deckrental/graphql/ turns errors into answers."""

from orders.schema.mutations import OrdersMutation
from orders.schema.queries import OrdersQuery

__all__ = ["OrdersMutation", "OrdersQuery"]
