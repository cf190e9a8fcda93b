from django.urls import path, re_path

from accounts import views

# Before allauth's: where both have a page, this one is shown.
urlpatterns = [
    path("", views.hub, name="account"),
    path("sessions/", views.sessions, name="account_sessions"),
    path("tokens/", views.api_tokens, name="account_tokens"),
    re_path(
        r"^confirm-email/(?P<key>[-:\w]+)/$", views.ConfirmAddressView.as_view(), name="account_confirm_email"
    ),
]
