"""The admin: Django's, behind the site's own door."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast
from urllib.parse import unquote

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


class AdminSite(admin.AdminSite):
    """Staff sign in where everybody does: tries are counted there, and the address has to be confirmed.

    Its addresses carry keys and values of rows. Most that make no sense are no page for Django; these would be errors:
    a UUID that is none, and a NUL, which PostgreSQL does not take.
    """

    @method_decorator(secure_admin_login)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().login(request, extra_context)

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        @wraps(view)
        def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if "\x00" in unquote(request.get_full_path()):
                raise Http404("No row has a NUL in it.")
            try:
                return view(request, *args, **kwargs)
            except ValidationError as error:
                raise Http404(error) from None

        return cast("View", super().admin_view(shown, cacheable))
