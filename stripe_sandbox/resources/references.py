"""Objects that a request names in its parameters."""

from __future__ import annotations

from ..api import Call
from ..errors import no_such
from ..storage import Stored


def living_customer(
    call: Call, customer_id: str, *, param: str = "customer", in_path: bool = False
) -> Stored:
    """The customer, or "no such": that holds for a deleted one as well."""
    customer = call.tables.find("customer", customer_id)
    if customer is None or customer.body.get("deleted"):
        raise no_such("customer", customer_id, param=param, in_path=in_path)
    return customer
