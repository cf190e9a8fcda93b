"""A deck list into the cart: read, looked over, mended, and only then added."""

import secrets
from typing import Any

from django.contrib import messages
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from inventory.htmx import htmx
from orders import cart as carts
from orders.cart import CartError
from orders.list_forms import TOO_LARGE, DeckListForm, ListError, Source
from orders.list_mends import mends_in, written
from orders.list_review import Review, review_list
from orders.owners import owner_of
from orders.views.filling import put_in
from orders.views.kept_aside import as_list, leave_out_marked
from orders.views.once import once

_UNPROCESSABLE = 422


@csrf_exempt  # for the answer below alone: who posts what can be read is checked
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def deck_list(request: HttpRequest) -> HttpResponse:
    try:
        request.POST  # noqa: B018  reading it is what fails
    except RequestDataTooBig:
        return _show(request, DeckListForm(), wrong=TOO_LARGE)
    return _deck_list(request)


@csrf_protect
def _deck_list(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _show(
            request, DeckListForm(initial={"cards": as_list(request)[0]} if "kept" in request.GET else {})
        )
    if "list" in request.POST:
        return _mend_or_add(request)
    form = DeckListForm(request.POST, request.FILES)
    if not form.is_valid():
        return _show(request, form, wrong=form.wrong)
    try:
        review = _review(request, form.cleaned_data["source"])
    except ListError as error:
        return _show(request, form, wrong=str(error))
    return _show(request, form, review)


def _mend_or_add(request: HttpRequest) -> HttpResponse:
    """What the page of a review sends: the list, what was said about its lines, and perhaps `add`."""
    try:
        source = Source.unpacked(request.POST["list"], request.POST.get("filename", ""))
    except ListError as error:
        return _show(request, DeckListForm(), wrong=str(error))
    form = DeckListForm(initial={"cards": source.text})
    wrong = ""
    try:
        mends = mends_in(request.POST)
    except ListError as error:
        mends, wrong = {}, str(error)
    try:
        review = _review(request, source, mends)
    except ListError as error:
        return _show(request, form, wrong=str(error))
    if "next" in request.POST and review.rest:
        return _read_on(request, review.rest)
    if "add" not in request.POST or wrong:
        return _show(request, form, review, wrong=wrong)
    if request.POST["add"] != review.fingerprint or not review.copies:
        wrong = "Nothing is added yet: with what you chose last, the list reads as below. Look it over, and add it."
        return _show(request, form, review, wrong=wrong)
    try:
        with once("list-added", request.POST.get("once", "")) as first:
            if not first:
                messages.info(request, "This list has been added already. To add it again, read it again.")
                return _read_on(request, review.rest) if review.rest else redirect("orders:cart")
            copies = put_in(request, lambda cart: carts.add_lines(cart=cart, read=review.read))
    except CartError as error:
        too_many = f" Look at {', '.join(review.too_many[:3])}." if review.too_many else ""
        return _show(request, form, review, wrong=f"Nothing was added. {error}{too_many}")
    leave_out_marked(request, request.POST.get("kept", ""))
    messages.success(request, _added(review, copies))
    return _read_on(request, review.rest, added=True) if review.rest else redirect("orders:cart")


def _read_on(request: HttpRequest, rest: Source, *, added: bool = False) -> HttpResponse:
    """What was too much to be read at once, as the next list."""
    form = DeckListForm(initial={"cards": rest.text})
    try:
        return _show(request, form, _review(request, rest), added=added)
    except ListError as error:
        return _show(request, form, wrong=str(error))


def _added(review: Review, copies: int) -> str:
    said = f"Added {copies} card{'' if copies == 1 else 's'}{f' of “{review.name}”' if review.name else ''}."
    if review.left_out:
        said += f" {review.left_out} line{' was' if review.left_out == 1 else 's were'} left out."
    return said


def _review(request: HttpRequest, source: Source, mends: Any = None) -> Review:
    cart = carts.cart_of(owner_of(request))
    return review_list(source=source, mends=mends or {}, cart=cart, today=timezone.localdate())


def _show(
    request: HttpRequest,
    form: DeckListForm,
    review: Review | None = None,
    *,
    wrong: str = "",
    added: bool = False,
) -> HttpResponse:
    """`added`: what stood here before has gone into the cart, so that a new round begins."""
    context: dict[str, Any] = {
        "form": form,
        "review": review,
        "mends": written(review.mends) if review else "",
        "wrong": wrong,
        "once": secrets.token_urlsafe(16),
        "kept": request.POST.get("kept", "") or (as_list(request)[1] if "kept" in request.GET else ""),
    }
    if "cart" in request.POST and not added:
        context["cart_number"] = request.POST["cart"]  # as it was when the list was begun
    template = "orders/_list_review.html" if htmx(request) else "orders/deck_list.html"
    return render(request, template, context, status=_UNPROCESSABLE if wrong else 200)
