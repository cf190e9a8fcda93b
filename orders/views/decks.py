"""The desk: the shop's own decks, made from a list, a file or an order; changed, published, unpublished, deleted."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from inventory import deck_shelf
from inventory.deck_drafts import Draft, mend, text_of_file, version_text
from inventory.deck_merge import FIELDS, write_signs
from inventory.deck_shelf import DeckChangedMeanwhile, DeckError
from inventory.deck_versions import changes_between
from inventory.models import TemplateDeck, TemplateDeckVersion
from orders import deck_desk
from orders.deck_forms import DeckFileForm, DeckForm
from orders.models import Order
from orders.views.access import check_staff, sign_in_for
from orders.views.unsaved_deck import forget_unsaved_deck, sign_in_and_go_on, unsaved_deck

TYPED = ("name", "format", "description", "cards", "began_from", "began_with")


@never_cache
@login_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """`?q=` words of a name or format, `?show=` published or drafts, `?page=`."""
    check_staff(request)
    asked = {"words": request.GET.get("q", ""), "show": request.GET.get("show", "")}
    shelf = deck_desk.deck_shelf(**asked, page=request.GET.get("page", "1"), today=timezone.localdate())
    return render(request, "staff/decks.html", {"shelf": shelf})


@never_cache
@sign_in_and_go_on(TYPED)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """A new deck; `?order=`: with the cards of that order; `?anew=`: without what was written before a sign-in."""
    check_staff(request)
    if request.method == "POST":
        return _work_on(request, None)
    if (typed := _left_unsaved(request)) is not None:
        return _show_form(request, None, DeckForm(initial=typed), unsaved=True)
    initial = {}
    if number := request.GET.get("order", ""):
        order = get_object_or_404(Order, number=number.replace("\x00", ""))
        initial["cards"] = deck_desk.text_of_order(order)
        messages.info(request, f"These are the cards of order {order.number}. Name the deck and save it.")
    return _show_form(request, None, DeckForm(initial=initial))


@never_cache
@sign_in_and_go_on(TYPED)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """A deck of the shop and what can be done with it; `?version=`: with the cards of that one; `?anew=`: as it is."""
    check_staff(request)
    deck = get_object_or_404(TemplateDeck, pk=pk)
    if request.method == "POST":
        return _work_on(request, deck)
    if (typed := _left_unsaved(request)) is not None:
        return _show_form(request, deck, DeckForm(initial=typed, deck=deck), unsaved=True)
    initial = {
        "name": deck.name,
        "format": deck.format,
        "description": deck.description,
        "cards": deck_desk.text_of_version(deck, request.GET.get("version", "")),
        **_beginning(deck),
    }
    return _show_form(request, deck, DeckForm(initial=initial, deck=deck))


def _beginning(deck: TemplateDeck) -> dict[str, Any]:
    """By these two it is noticed that somebody else saved the deck meanwhile, and told what they changed."""
    lines = deck_shelf.lines_of_version(deck.current_version())
    return {"began_from": deck.saves, "began_with": write_signs(deck_shelf.signs_of(deck, lines))}


def _left_unsaved(request: HttpRequest) -> dict[str, str] | None:
    """What was written before a sign-in, unless it is not wanted any more."""
    if "anew" in request.GET:
        forget_unsaved_deck(request)
    return unsaved_deck(request)


def _work_on(request: HttpRequest, deck: TemplateDeck | None) -> HttpResponse:
    """What the pressed button says: read a file, mend a line, check the list, or save it."""
    forget_unsaved_deck(request)
    typed = {name: request.POST.get(name, "") for name in TYPED}
    if "read_file" in request.POST:
        return _read_file(request, deck, typed)
    if "mend" in request.POST:
        number, _, name = request.POST["mend"].partition(":")
        if number.isascii() and number.isdigit() and len(number) < 9:
            typed["cards"] = mend(typed["cards"], number=int(number), name=name)
        return _show_form(request, deck, DeckForm(initial=typed, deck=deck), read=True)
    if "check" in request.POST:
        return _show_form(request, deck, DeckForm(initial=typed, deck=deck), read=True)
    form = DeckForm(typed, deck=deck)
    draft = Draft.of(typed["cards"]) if form.is_valid() or "cards" in form.cleaned_data else None
    if draft and not draft.lines and "cards" not in form.errors:
        form.add_error("cards", "No card in this list was understood yet. Nothing was saved.")
    leaves_out = draft is not None and request.POST.get("without") == draft.unknown_sign
    if form.errors or draft is None or (draft.unknown and not leaves_out):
        return _show_form(request, deck, form, draft=draft, status=422)
    return _save(request, deck, form, draft)


def _publishes(request: HttpRequest) -> bool:
    """Whether a new deck goes on offer when it is saved: said by the button, now or before a look at the list."""
    return "publish" in request.POST or ("publishing" in request.POST and "draft" not in request.POST)


def _save(request: HttpRequest, deck: TemplateDeck | None, form: DeckForm, draft: Draft) -> HttpResponse:
    try:
        saved = deck_shelf.save_deck(**form.saved, lines=draft.lines, by=request.user, deck=deck)  # type: ignore[arg-type]
        version = saved.current_version()
        lines = deck_shelf.lines_of_version(version)
        copies = sum(lines.values())
        cards = "1 card" if copies == 1 else f"{copies} cards"
        says = f"Saved “{saved.name}”: version {version.number}, {cards}."
        if kept := _kept_of_others(form, draft, deck_shelf.signs_of(saved, lines)):
            says += f" What somebody else changed meanwhile stays: {kept}."
        if _publishes(request):
            deck_shelf.publish(deck=saved)
            says += " It is on offer now."
        messages.success(request, says)
        return redirect("orders:staff_deck", pk=saved.pk)
    except DeckChangedMeanwhile as error:
        return _show_conflict(request, error, form, draft)
    except DeckError as error:
        form.add_error(None, str(error))
        return _show_form(request, deck, form, draft=draft, status=422)


def _kept_of_others(form: DeckForm, draft: Draft, saved: dict[str, str]) -> str:
    """Which fields are now other than they were sent, in words; `saved`: signs of the deck as it is."""
    sent = deck_shelf.signs_as_saved(**form.facts, lines=draft.lines)
    return " and ".join(f"the {field}" for field in saved if saved[field] != sent[field])


def _show_conflict(
    request: HttpRequest, error: DeckChangedMeanwhile, form: DeckForm, draft: Draft
) -> HttpResponse:
    """What I changed stays in the form, and saving it again means it; theirs is shown beside, and stays as a version.

    What I did not change is in the form as they left it.
    """
    theirs, merged = error.deck, error.merged
    version = theirs.versions.current().select_related("by").get()
    conflict = {
        "says": str(error),
        "version": version,
        "changes": changes_between(draft.lines, deck_shelf.lines_of_version(version), cards=draft.cards)
        if "cards" in merged.conflicts
        else [],
        "facts": [
            (field, getattr(theirs, field)) for field in FIELDS if field in merged.conflicts - {"cards"}
        ],
        "taken": " and ".join(field for field in FIELDS if field in merged.theirs),
        "taken_many": "cards" in merged.theirs or len(merged.theirs) > 1,
    }
    initial = {**form.cleaned_data, **_beginning(theirs)}
    initial |= {field: getattr(theirs, field) for field in merged.theirs - {"cards"}}
    if "cards" in merged.theirs:
        initial["cards"] = version_text(version)
        draft = Draft.of(initial["cards"])
    return _show_form(
        request, theirs, DeckForm(initial=initial, deck=theirs), draft=draft, conflict=conflict, status=409
    )


def _read_file(request: HttpRequest, deck: TemplateDeck | None, typed: dict[str, str]) -> HttpResponse:
    file_form = DeckFileForm(request.POST, request.FILES)
    form = DeckForm(initial=typed, deck=deck)
    if not file_form.is_valid():
        return _show_form(request, deck, form, file_form=file_form, status=422)
    file = file_form.cleaned_data["file"]
    before, form.initial["cards"] = typed["cards"], text_of_file(file.read(), file.name)
    return _show_form(request, deck, form, read=True, before_file=before)


def _show_form(
    request: HttpRequest,
    deck: TemplateDeck | None,
    form: DeckForm,
    *,
    read: bool = False,
    draft: Draft | None = None,
    file_form: DeckFileForm | None = None,
    status: int = 200,
    **shown: Any,
) -> HttpResponse:
    """`read`: say what was understood of the list; `draft`: where that is known already."""
    if read and draft is None:
        draft = Draft.of(form.initial["cards"])
    context = {
        "form": form,
        "file_form": file_form or DeckFileForm(),
        "draft": draft,
        "publishing": _publishes(request),
        "formats": deck_desk.known_formats(),
        "edited": deck_desk.edited_deck(deck.pk, today=timezone.localdate()) if deck else None,
        **shown,
    }
    return render(request, "staff/deck.html", context, status=status)


@sign_in_for("orders:staff_decks")
@require_POST
def publish(request: HttpRequest, pk: int) -> HttpResponse:
    check_staff(request)
    deck = get_object_or_404(TemplateDeck, pk=pk)
    try:
        deck_shelf.publish(deck=deck)
        messages.success(request, f"“{deck.name}” is on offer now.")
    except DeckError as error:
        messages.error(request, str(error))
    return _back(request, deck)


@sign_in_for("orders:staff_decks")
@require_POST
def unpublish(request: HttpRequest, pk: int) -> HttpResponse:
    check_staff(request)
    deck = get_object_or_404(TemplateDeck, pk=pk)
    try:
        deck_shelf.unpublish(deck=deck)
        messages.success(
            request, f"“{deck.name}” is not offered any more. Carts and orders that have it keep it."
        )
    except DeckError as error:
        messages.error(request, str(error))
    return _back(request, deck)


@sign_in_for("orders:staff_decks")
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    check_staff(request)
    deck = get_object_or_404(TemplateDeck, pk=pk)
    try:
        deck_shelf.delete_deck(deck=deck)
    except DeckError as error:
        messages.error(request, str(error))
        return redirect("orders:staff_deck", pk=pk)
    messages.success(request, f"“{deck.name}” is deleted.")
    return redirect("orders:staff_decks")


@never_cache
@login_required
@require_safe
def versions(request: HttpRequest, pk: int) -> HttpResponse:
    """What became of a deck, version by version; `?page=`."""
    check_staff(request)
    try:
        shown = deck_desk.deck_versions(pk, page=request.GET.get("page", "1"))
    except TemplateDeck.DoesNotExist:
        raise Http404("There is no such deck.") from None
    return render(request, "staff/deck_versions.html", {"shown": shown, "deck": shown.deck})


@never_cache
@login_required
@require_safe
def version(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """What is in a version, and which orders have it; `?page=` of these."""
    check_staff(request)
    try:
        shown = deck_desk.version_at_desk(pk, number, page=request.GET.get("page", "1"))
    except TemplateDeckVersion.DoesNotExist:
        raise Http404("There is no such version of a deck.") from None
    return render(
        request,
        "staff/deck_version.html",
        {"shown": shown, "version": shown.version, "deck": shown.version.deck},
    )


def _back(request: HttpRequest, deck: TemplateDeck) -> HttpResponse:
    """To the page that the button stood on: the deck's own, or the list of them."""
    if request.POST.get("from") == "deck":
        return redirect("orders:staff_deck", pk=deck.pk)
    return redirect("orders:staff_decks")
