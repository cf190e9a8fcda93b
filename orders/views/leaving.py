"""What is kept about a customer: taken along as a file, and deleted."""

from allauth.account.decorators import reauthentication_required
from django import forms
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from orders.forgetting import StillNeeded, forget_person, reasons_to_stay
from orders.person_export import what_is_kept


class DeleteAccountForm(forms.Form):
    """The address, typed: nobody deletes an account by a slip of the finger."""

    email = forms.CharField(
        label="Your e-mail address",
        max_length=254,
        help_text="Write it, so that this happens to no other account.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Write the e-mail address of this account."},
    )

    def __init__(self, *args: object, user: User) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self.user = user

    def clean_email(self) -> str:
        if self.cleaned_data["email"].strip().lower() != self.user.email.lower():
            raise forms.ValidationError(
                f"This is not the address of this account, which is {self.user.email}."
            )
        return self.cleaned_data["email"]


@never_cache
@login_required
@reauthentication_required(allow_get=True, app="allauth.account")
@require_http_methods(["GET", "POST"])
def delete_account(request: HttpRequest) -> HttpResponse:
    """GET shows what goes and what stays, or why it cannot be yet; POST does it, after the password."""
    assert isinstance(request.user, User)
    user = request.user
    reasons = reasons_to_stay(user)
    form = DeleteAccountForm(request.POST if request.method == "POST" else None, user=user)
    if request.method == "POST" and not reasons and form.is_valid():
        try:
            forget_person(user=user, now=timezone.now())
        except StillNeeded as error:
            reasons = list(error.reasons)
        else:
            logout(request)
            messages.success(request, "Your account is deleted. You are a guest again.")
            return redirect("home")
    status = 422 if request.method == "POST" else 200
    return render(request, "account/delete.html", {"reasons": reasons, "form": form}, status=status)


@never_cache
@login_required
@reauthentication_required(app="allauth.account")
@require_safe
def export_person(request: HttpRequest) -> HttpResponse:
    """One JSON file with everything that is kept about the customer, after the password."""
    assert isinstance(request.user, User)
    now = timezone.now()
    kept = what_is_kept(user=request.user, now=now)
    response = JsonResponse(kept, json_dumps_params={"indent": 2, "ensure_ascii": False})
    response["Content-Disposition"] = (
        f'attachment; filename="deckrental-{timezone.localdate(now):%Y-%m-%d}.json"'
    )
    return response
