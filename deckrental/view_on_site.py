"""From a row in the admin to its page on the site."""

from django.contrib.contenttypes.views import shortcut
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponseRedirect


def view_on_site(request: HttpRequest, content_type_id: str, object_id: str) -> HttpResponseRedirect:
    """Django's, which answers a number that there is not with 404, but falls over a UUID that is none."""
    try:
        return shortcut(request, content_type_id, object_id)
    except ValidationError:
        raise Http404(f"“{object_id}” is no key.") from None
