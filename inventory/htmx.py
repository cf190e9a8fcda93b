"""What htmx says of a request: whether it asks for a part of a page, and what was pressed."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails


def htmx(request: HttpRequest) -> HtmxDetails:
    """It is false where a whole page is asked for."""
    details: HtmxDetails = request.htmx  # type: ignore[attr-defined]
    return details
