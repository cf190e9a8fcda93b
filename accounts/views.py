"""Pages of the account that django-allauth has not, or not as they are wanted here."""

from typing import Any

from allauth.account.decorators import reauthentication_required
from allauth.account.internal.stagekit import unstash_login
from allauth.account.models import EmailAddress
from allauth.account.views import ConfirmEmailView
from allauth.core import ratelimit
from allauth.socialaccount.models import SocialAccount
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import tokens
from accounts.email_addresses import make_way
from accounts.forms import ConfirmByPasswordForm
from accounts.models import User
from accounts.sessions import browser_of, seen_now, sessions_of, sign_out, sign_out_others

MOST_TOKENS = 20  # that the page makes for one customer: a program keeps its own
MOST_TOKENS_SHOWN = 100  # a program that asks for one each time it runs has thousands


@never_cache
@login_required
@require_safe
def hub(request: HttpRequest) -> HttpResponse:
    """Everything that belongs to the account, and the way to each."""
    assert isinstance(request.user, User)
    addresses = EmailAddress.objects.filter(user=request.user)
    context = {
        "addresses": sorted(addresses, key=lambda each: (not each.primary, each.email)),
        "connections": SocialAccount.objects.filter(user=request.user).order_by("provider", "pk"),
        "tokens": tokens.tokens_of(request.user, now=timezone.now()).count(),
        "sessions": len(sessions_of(request)),
    }
    return render(request, "account/hub.html", context)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def sessions(request: HttpRequest) -> HttpResponse:
    """GET lists where the customer is signed in; POST ends `session`, or all others."""
    assert isinstance(request.user, User)
    current = request.session.session_key
    if request.method == "POST":
        return _sign_out(request, request.user)
    listed = [
        {
            "session": each,
            "browser": browser_of(each),
            "current": each.session_key == current,
            "now": each.session_key == current or seen_now(each),
        }
        for each in sessions_of(request)
    ]
    return render(request, "usersessions/usersession_list.html", {"sessions": listed})


def _sign_out(request: HttpRequest, user: User) -> HttpResponse:
    chosen = request.POST.get("session", "")
    if not chosen:
        ended = sign_out_others(user, current=request.session.session_key)
        messages.success(
            request,
            f"Signed out {ended} other{'s' if ended > 1 else ''}." if ended else "There are no others.",
        )
        programs = tokens.tokens_of(user, now=timezone.now()).count()
        if programs:
            messages.warning(
                request,
                f"{programs} program{'s have tokens' if programs > 1 else ' has a token'} and can still use the "
                "account. Revoke what you do not know under “Your account”, “Programs”.",
            )
    elif is_pk(chosen) and sign_out(user, session=int(chosen)):
        messages.success(request, "Signed out there.")
    else:
        messages.info(request, "That one is signed out already.")
    return redirect("account_sessions")


def _makes_a_token(request: HttpRequest) -> bool:
    return not request.POST.get("token")


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
# A token outlives the session: whoever finds a browser open makes none. To revoke one needs no password.
@reauthentication_required(allow_get=True, app="allauth.account", enabled=_makes_a_token)
def api_tokens(request: HttpRequest) -> HttpResponse:
    """GET lists the tokens of programs; POST makes one, which is shown this once, or revokes `token` (or `all`)."""
    assert isinstance(request.user, User)
    now = timezone.now()
    issued = None
    if request.method == "POST":
        if not _makes_a_token(request):
            return _revoke(request, request.user, request.POST["token"])
        try:
            issued = tokens.issue(user=request.user, now=now, most=MOST_TOKENS)
        except tokens.TooManyTokens as error:
            messages.error(request, str(error))
            return redirect("account_tokens")
    newest = list(tokens.tokens_of(request.user, now=now)[: MOST_TOKENS_SHOWN + 1])
    context = {
        "issued": issued,
        "tokens": newest[:MOST_TOKENS_SHOWN],
        "most_shown": MOST_TOKENS_SHOWN if len(newest) > MOST_TOKENS_SHOWN else None,
    }
    return render(request, "account/tokens.html", context)


def _revoke(request: HttpRequest, user: User, chosen: str) -> HttpResponse:
    if chosen == "all":
        tokens.revoke_all(user, now=timezone.now())
        messages.success(request, "All tokens are revoked: every program is signed out.")
        return redirect("account_tokens")
    token = (
        tokens.tokens_of(user, now=timezone.now()).filter(pk=int(chosen)).first() if is_pk(chosen) else None
    )
    if token is not None and tokens.revoke(token, now=timezone.now()):
        messages.success(request, "Revoked: the program that used it is signed out.")
    else:
        messages.info(request, "That one is revoked already.")
    return redirect("account_tokens")


def is_pk(text: str) -> bool:
    """Whether it can be the key of a row at all."""
    return text.isascii() and text.isdecimal() and len(text) < 19


@method_decorator(never_cache, name="dispatch")
class ConfirmAddressView(ConfirmEmailView):
    """Following the link shows who has the mailbox. That they have the account, too, is shown by the browser that
    signed up or is signed in, or else by the password: nobody confirms an account that a stranger made in their name.
    """

    by_password: ConfirmByPasswordForm | None = None

    def logout_other_user(self, confirmation: Any) -> None:
        """Not before the address is confirmed: a link from elsewhere signs nobody out."""

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        self.object = self.get_object()
        owner = self.object.email_address.user
        if not self._is_there(owner):
            if not owner.has_usable_password():
                return self.get(*args, **kwargs)
            limited = ratelimit.consume_or_429(
                self.request, action="confirm_by_password", key=self.object.email_address.email
            )
            if limited:
                return limited
            self.by_password = ConfirmByPasswordForm(self.request.POST)
            if not self.by_password.is_valid() or not owner.check_password(
                self.by_password.cleaned_data["password"]
            ):
                if not self.by_password.errors:
                    self.by_password.add_error(
                        "password", "That is not its password. Try again, or set a new one by “Forgotten?”."
                    )
                return self.render_to_response(self.get_context_data(), status=422)
        if not make_way(self.object.email_address.email, keep=owner):
            messages.error(
                self.request,
                "There is another account with this address, so nothing was changed. Set a new password for that one "
                "here, or choose another address for this one.",
            )
            return redirect("account_reset_password")
        if self.request.user.is_authenticated and self.request.user.pk != owner.pk:
            logout(self.request)
        return super().post(*args, **kwargs)

    def _is_there(self, owner: User) -> bool:
        if self.request.user.is_authenticated:
            return self.request.user.pk == owner.pk
        signing_up = unstash_login(self.request, peek=True)
        return bool(signing_up and signing_up.user and signing_up.user.pk == owner.pk)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        if self.object:
            owner = self.object.email_address.user
            there = self._is_there(owner)
            context["by_password"] = (
                None
                if there or not owner.has_usable_password()
                else self.by_password or ConfirmByPasswordForm()
            )
            context["elsewhere"] = not there and not owner.has_usable_password()
        return context
