import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.core.exceptions import SuspiciousOperation
from django.core.wsgi import get_wsgi_application

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deckrental.settings")
_site = get_wsgi_application()


def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """The site, which falls over nothing that it answers; what it cannot even read is refused here.

    Django reads the address by the charset of the body, which may be none that text is written in (base64, idna).
    """
    try:
        return _site(environ, start_response)
    except (LookupError, SuspiciousOperation):
        start_response("400 Bad Request", [("Content-Type", "text/plain; charset=utf-8")])
        return [b"We could not read this request: send it in UTF-8.\n"]
