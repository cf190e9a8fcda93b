"""Pages for everybody: home, cards, decks. Each makes one domain call and shows the answer."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from inventory.autocomplete import suggestions
from inventory.card_details import card_details
from inventory.models import Card, TemplateDeck, Zone
from inventory.search import CardQuery, search_cards
from inventory.template_decks import deck_details, featured_decks, offered_decks


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What the shop is, where to begin, and the newest decks."""
    return render(request, "inventory/home.html", {"featured": featured_decks(today=timezone.localdate())})


@require_safe
def cards(request: HttpRequest) -> HttpResponse:
    """Search and browse: `?q=` words of a name, `?owned=1` only what the shop owns, `?page=`."""
    query = CardQuery.asked(request.GET.get("q", ""), owned_only=request.GET.get("owned") == "1")
    found = search_cards(query=query, page=request.GET.get("page", "1"), today=timezone.localdate())
    return render(request, "inventory/cards.html", {"found": found, "query": query})


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
def decks(request: HttpRequest) -> HttpResponse:
    """The decks on offer: `?format=` one format, `?page=`."""
    offer = offered_decks(
        format=request.GET.get("format", ""), page=request.GET.get("page", "1"), today=timezone.localdate()
    )
    return render(request, "inventory/decks.html", {"offer": offer})


@require_safe
def deck(request: HttpRequest, slug: str) -> HttpResponse:
    """A deck on offer, with its lines by zone, and when it is free. One that is not published is not found."""
    try:
        details = deck_details(slug, today=timezone.localdate())
    except TemplateDeck.DoesNotExist:
        raise Http404(f"No deck on offer has the address {slug}.") from None
    context = {"offered": details.offered, "deck": details.offered.deck, "starts": details.starts}
    return render(request, "inventory/deck.html", context)
