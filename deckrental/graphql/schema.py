"""The schema, put together from the rooms. docs/schema.graphql is written from it (`manage.py graphql_schema`)."""

import strawberry
import structlog
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from accounts.schema import AccountsMutation
from deckrental.graphql.errors import is_unexpected
from deckrental.graphql.limits import Limits
from inventory.schema import InventoryQuery
from orders.schema import OrdersMutation, OrdersQuery

log = structlog.get_logger(__name__)


@strawberry.type
class Query(OrdersQuery, InventoryQuery):
    pass


@strawberry.type
class Mutation(AccountsMutation, OrdersMutation):
    pass


class Schema(strawberry.Schema):
    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """What a caller did wrong is told to the caller; what we did wrong is logged."""
        for error in errors:
            if is_unexpected(error):
                log.error("graphql_failed", path=error.path, exc_info=error.original_error)


schema = Schema(
    query=Query,
    mutation=Mutation,
    config=StrawberryConfig(auto_camel_case=False),
    extensions=[Limits],
)
