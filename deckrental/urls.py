from django.contrib import admin
from django.urls import include, path

from deckrental import health
from deckrental.graphql.view import graphql
from inventory import views as inventory_views

handler400 = "deckrental.error_pages.bad_request"
handler404 = "deckrental.error_pages.page_not_found"

urlpatterns = [
    path("", inventory_views.home, name="home"),
    path("", include("inventory.urls")),
    path("", include("orders.urls")),
    path("accounts/", include("accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("graphql/", graphql, name="graphql"),
    path("healthz", health.process_is_up, name="healthz"),
    path("readyz", health.site_is_ready, name="readyz"),
]
