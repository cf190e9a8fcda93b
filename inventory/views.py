"""Pages for everybody: home, cards, decks. Each makes one domain call and shows the answer."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import push_url, replace_url

from inventory.autocomplete import suggestions
from inventory.card_details import card_details
from inventory.card_details import card_face as card_face_of
from inventory.card_search import asked_cards
from inventory.deck_choice import COLORS, SORTS
from inventory.deck_details import deck_details
from inventory.htmx import htmx
from inventory.models import Card, TemplateDeck, Zone
from inventory.rental_days import asked_days
from inventory.template_decks import featured_decks, offered_decks


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What the shop is, where to begin, and the newest decks."""
    return render(request, "inventory/home.html", {"featured": featured_decks(today=timezone.localdate())})


@require_safe
@vary_on_headers("HX-Request")
def cards(request: HttpRequest) -> HttpResponse:
    """Search and browse. `?q=` what is asked (inventory/card_query), `?from=` and `?to=` days, `?page=`.

    The controls of the page come as parameters of their own, with `?was=` the query that they showed: they are put
    into the query, and the address that is shown and shared has the query alone. htmx gets the answers.
    """
    asked = asked_cards(request.GET, today=timezone.localdate())
    part = htmx(request)
    live = part and not part.history_restore_request
    if live and part.trigger == "q" and asked.too_short:
        return HttpResponse(status=204)  # the next letter is on its way
    if "was" in request.GET and not live:
        return redirect(asked.address)
    context = {"asked": asked, "found": asked.search(), "query": asked.query, "typed": False}
    if not live:
        return render(request, "inventory/cards.html", context)
    context["typed"] = part.trigger == "q"
    response = render(request, "inventory/_cards_answer.html", context)
    goes_on = context["typed"] and asked.goes_on_from(part.current_url or "")
    return (replace_url if goes_on else push_url)(response, asked.address)


@require_safe
@cache_control(private=True, max_age=60)
def card_names(request: HttpRequest) -> HttpResponse:
    """Names that `?q=` may be the beginning of, as options of a list. With quantity and zone in front, if typed."""
    found = suggestions(request.GET.get("q", ""), today=timezone.localdate())
    return render(request, "inventory/_card_names.html", {"suggestions": found})


@require_safe
def card(request: HttpRequest, slug: str) -> HttpResponse:
    """A card: what it says, its printings and prices, when it is free, the decks that use it."""
    try:
        details = card_details(slug, today=timezone.localdate())
    except Card.DoesNotExist:
        raise Http404(f"No card has the address {slug}.") from None
    return render(
        request, "inventory/card.html", {"details": details, "card": details.card, "zones": Zone.choices}
    )


@require_safe
@cache_control(public=True, max_age=3600)
def card_face(request: HttpRequest, slug: str) -> HttpResponse:
    """The card alone, small, for static/js/preview.js. `?ink`: with what its drawing is made of, once for a page."""
    try:
        face = card_face_of(slug, today=timezone.localdate())
    except Card.DoesNotExist:
        raise Http404(f"No card has the address {slug}.") from None
    return render(request, "inventory/_card_face.html", {"face": face, "ink": "ink" in request.GET})


@require_safe
def decks(request: HttpRequest) -> HttpResponse:
    """The decks on offer: `?format=` one format, `?color=` one of WUBRGC, `?sort=`, `?page=`.

    `?from=` and `?to=` ask for days, `?free=1` for decks alone that are free then as a whole.
    """
    today = timezone.localdate()
    asked = asked_days(request.GET, today=today)
    free_wanted = request.GET.get("free") == "1"
    offer = offered_decks(
        **{name: request.GET.get(name, "") for name in ("format", "color", "sort")},
        days=asked.blocked,
        free_only=free_wanted and not asked.message,  # free on which days?
        page=request.GET.get("page", "1"),
        today=today,
    )
    context = {
        "offer": offer,
        "asked": asked,
        "free_wanted": free_wanted,
        "today": today,
        "colors": COLORS,
        "sorts": SORTS.items(),
    }
    return render(request, "inventory/decks.html", context)


@require_safe
def deck(request: HttpRequest, slug: str) -> HttpResponse:
    """A deck on offer, with its lines by zone, its plots, and when it is free: `?from=` and `?to=` ask for days.

    One that is not published only staff find.
    """
    try:
        details = deck_details(
            slug, query=request.GET, today=timezone.localdate(), drafts=request.user.is_staff
        )
    except TemplateDeck.DoesNotExist:
        raise Http404(f"No deck on offer has the address {slug}.") from None
    context = {
        "details": details,
        "offered": details.offered,
        "deck": details.offered.deck,
        "starts": details.starts,
        "today": timezone.localdate(),
    }
    return render(request, "inventory/deck.html", context)
