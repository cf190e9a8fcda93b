from typing import Any

from allauth.account.forms import SignupForm
from django import forms
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest


class SignUpForm(SignupForm):
    """allauth's, with an answer that takes as long where there is an account already.

    What takes long about a new one is to hash its password: without this the clock would say who has an account.
    """

    def try_save(self, request: HttpRequest) -> Any:
        if self.account_already_exists:
            make_password(self.cleaned_data["password1"])
        return super().try_save(request)


class ConfirmByPasswordForm(forms.Form):
    """Shows, in a browser that did not sign up, that whoever has the mailbox also has the account."""

    password = forms.CharField(
        label="The password of your account",
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": "Give the password that you chose for the account."},
        strip=False,
    )
