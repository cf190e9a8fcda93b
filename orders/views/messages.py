from django import forms
from django.contrib import messages
from django.http import HttpRequest


def report_form_errors(request: HttpRequest, form: forms.Form, *, about: str = "") -> None:
    """Shows what is wrong with a form that has no page of its own."""
    for errors in form.errors.values():
        for error in errors:
            messages.error(request, f"{about}: {error}" if about else str(error))
