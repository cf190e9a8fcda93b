from django import forms


class ConfirmByPasswordForm(forms.Form):
    """Shows, in a browser that did not sign up, that whoever has the mailbox also has the account."""

    password = forms.CharField(
        label="The password of your account",
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": "Give the password that you chose for the account."},
        strip=False,
    )
