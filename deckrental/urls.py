from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from deckrental import health
from deckrental.graphql.view import graphql
from deckrental.view_on_site import view_on_site
from inventory import views as inventory_views

handler400 = "deckrental.error_pages.bad_request"
handler404 = "deckrental.error_pages.page_not_found"

# Staff sign in where everybody does: tries are counted there, and the address has to be confirmed.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("", inventory_views.home, name="home"),
    path("", include("inventory.urls")),
    path("", include("orders.urls")),
    path("accounts/", include("accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/r/<path:content_type_id>/<path:object_id>/", admin.site.admin_view(view_on_site)),
    path("admin/", admin.site.urls),
    path("graphql/", graphql, name="graphql"),
    path("healthz", health.process_is_up, name="healthz"),
    path("readyz", health.site_is_ready, name="readyz"),
]
