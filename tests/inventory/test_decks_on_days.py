"""The decks on offer, on the days that a visitor asks about: what is short in each, and those alone that are free."""

import re
from datetime import date, timedelta
from html import unescape

import pytest
from django.conf import settings
from django.db.models import Sum

from inventory.availability import available_for
from inventory.deck_shortages import free_as_a_whole
from inventory.models import Card, Reservation, TemplateDeckVersion, Zone
from inventory.periods import BlockedPeriod
from inventory.templatetags.days import to_day
from orders.models import Order
from tests.factories import TODAY, UserFactory, cart_with, stocked_card, template_deck

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
HORIZON = TODAY + timedelta(days=settings.RENTAL_HORIZON_DAYS)
FIRST, LAST = TODAY + timedelta(days=10), TODAY + timedelta(days=12)
DAYS = {"from": f"{FIRST}", "to": f"{LAST}"}


def away(card: Card, quantity: int, *, on: date = FIRST) -> None:
    """Promised to somebody else on that day: one of those that are asked about, not today."""
    Reservation.objects.create(card=card, quantity=quantity, out_on=on, back_on=on + DAY, state="firm")


def with_days_in_the_cart(client) -> None:
    cart = cart_with({stocked_card(1): 1}, user=UserFactory())
    Order.objects.filter(pk=cart.pk).update(first_day=FIRST, last_day=LAST)
    client.force_login(cart.user)


PROPOSED = [f'id="from" value="{FIRST}"', f'id="to" value="{LAST}"']


def page_of(client, **asked) -> str:
    return unescape(client.get("/decks/", asked).content.decode())


def shortages(client, **asked) -> dict[str, int]:
    return {
        offered.deck.name: offered.short for offered in client.get("/decks/", asked).context["offer"].decks
    }


def test_each_deck_says_what_it_lacks_on_those_days(client):
    lent, kept = stocked_card(4), stocked_card(4)
    template_deck({lent: 4, kept: 1}, name="Burn")
    template_deck({kept: 4}, name="Elves")
    away(lent, 3)

    assert shortages(client) == {"Burn": 0, "Elves": 0}
    assert shortages(client, **DAYS) == {"Burn": 3, "Elves": 0}

    page = page_of(client, **DAYS)
    assert re.findall(r'<span class="stamp [\w-]+">(.+)</span>', page) == ["Short by 3", "Available"]
    assert f'href="/decks/burn/?from={FIRST}&to={LAST}"' in page


def test_every_day_counts_on_which_the_deck_would_be_away(client):
    """The last one is one of them, as the deck comes back on it, the day after it is not."""
    days = [FIRST + offset * DAY for offset in range(-1, 5)]
    for day in days:
        card = stocked_card(1)
        template_deck({card: 1}, name=f"{day}")
        away(card, 1, on=day)

    assert shortages(client, **DAYS, sort="name") == {f"{day}": int(FIRST <= day <= LAST) for day in days}


def test_where_the_shop_is_closed_it_is_said_when_to_collect_and_that_day_counts(client, settings):
    settings.CLOSED_WEEKDAYS = frozenset({FIRST.weekday()})
    card = stocked_card(1)
    template_deck({card: 1}, name="Burn")
    away(card, 1, on=FIRST - DAY)

    assert f"you collect the cards on {FIRST - DAY:%A}" in page_of(client, **DAYS)
    assert shortages(client, **DAYS) == {"Burn": 1}


def test_decks_that_share_a_card_are_each_free_by_themselves(client):
    shared = stocked_card(4)
    template_deck({shared: 4}, name="Burn")
    template_deck({shared: 3}, name="Elves")
    away(shared, 1)

    assert shortages(client, **DAYS) == {"Burn": 1, "Elves": 0}
    assert shortages(client, **DAYS, free="1") == {"Elves": 0}


def test_only_those_that_are_free_as_a_whole(client):
    lent, kept = stocked_card(4), stocked_card(9)
    template_deck({lent: 2, (lent, Zone.SIDEBOARD): 2, kept: 1}, name="In two zones", format="Modern")
    template_deck({lent: 2, kept: 1}, name="Fewer", format="Modern")
    template_deck({kept: 4}, name="Elves", format="Pauper")
    template_deck({}, name="No cards yet", format="Pauper")
    template_deck({kept: 1}, name="A draft", published=False)
    away(lent, 1)

    assert shortages(client, **DAYS, free="1") == {"Fewer": 0, "Elves": 0}
    assert shortages(client, **DAYS, free="1", format="modern") == {"Fewer": 0}
    assert shortages(client, free="1") == {"Fewer": 0, "In two zones": 0, "Elves": 0}  # today


def test_they_are_those_for_whose_every_card_the_engine_says_yes():
    cards = [stocked_card(copies) for copies in (0, 1, 3, 4)]
    for copies in (1, 2):
        template_deck({cards[3]: copies, (cards[3], Zone.SIDEBOARD): 1})
    away(cards[1], 1)
    away(cards[3], 1)
    for card in cards:
        for other in cards:
            template_deck({card: 2, other: 1} if card != other else {card: 3})
    days = BlockedPeriod(FIRST, LAST)
    versions = TemplateDeckVersion.objects.offered()
    without_one = versions.exclude(pk=versions.latest("pk").pk)

    free = set(free_as_a_whole(versions, days, today=TODAY))

    assert set(free_as_a_whole(without_one, days, today=TODAY)) == free & set(
        without_one.values_list("pk", flat=True)
    )

    assert free == {
        version.pk
        for version in versions
        if all(
            available_for(card_id, copies, days.out_on, days.back_on, today=TODAY)
            for card_id, copies in version.deck_cards.values_list("card").annotate(Sum("quantity"))
        )
    }
    assert 0 < len(free) < versions.count()


def test_pages_of_free_decks_are_full(client):
    lent, kept = stocked_card(1), stocked_card(1)
    for n in range(13):
        template_deck({lent: 1}, name=f"Lent {n:02}")
        template_deck({kept: 1}, name=f"Kept {n:02}")
    away(lent, 1)

    pages = [shortages(client, **DAYS, free="1", sort="name", page=page) for page in (1, 2)]

    assert [list(page) for page in pages] == [[f"Kept {n:02}" for n in range(12)], ["Kept 12"]]
    first, second = (page_of(client, **DAYS, free="1", sort="name", page=page) for page in (1, 2))
    for page in (first, second):
        assert f"All formats: 13 decks free as a whole, {to_day(FIRST, LAST)}</h2>" in page
    assert f"?from={FIRST}&to={LAST}&free=1&sort=name&page=2" in first
    # Every other choice begins with its first page.
    assert not [link for link in re.findall(r'href="(\?.*?)"', second) if "page=2" in link]


def test_only_1_asks_for_what_is_free(client):
    card = stocked_card(1)
    template_deck({card: 1}, name="Burn")
    away(card, 1)

    for odd in ("", "0", "2", "yes", "\x00", "1" * 5_000):
        assert shortages(client, **DAYS, free=odd) == {"Burn": 1}
    assert shortages(client, **DAYS, free="1") == {}


def test_the_days_of_the_cart_are_proposed_but_not_where_there_is_an_answer_for_today(client):
    card = stocked_card(1)
    template_deck({card: 1}, name="Burn")
    away(card, 1)
    with_days_in_the_cart(client)
    assert all(each in page_of(client) for each in PROPOSED)
    assert not any(each in page_of(client, free="1") for each in PROPOSED)
    assert "Available today" in page_of(client, free="1")
    assert not any(each in page_of(client, **{"from": "", "to": "", "free": "1"}) for each in PROPOSED)


def test_the_other_choices_keep_the_days_and_the_days_keep_them(client):
    template_deck({stocked_card(1, colors="R"): 1}, name="Burn", format="Modern")

    page = page_of(client, **DAYS, free="1", format="Modern", color="R", sort="price")

    links = re.findall(r'href="(\?.*?)"', page)
    kept = [link for link in links if "free=" in link]
    assert len(kept) == len(links) - 1 == 2 + 7 + 4  # formats, colours, orders
    assert all(f"from={FIRST}" in link and f"to={LAST}" in link for link in kept)
    assert '<a href="?format=Modern&color=R&sort=price">All, today</a>' in page
    for name, value in {"format": "Modern", "color": "R", "sort": "price"}.items():
        assert f'<input type="hidden" name="{name}" value="{value}">' in page
    assert re.search(r'name="free" id="free" value="1" checked', page)
    for name, day in DAYS.items():
        assert f'name="{name}" id="{name}" value="{day}"' in page


def test_the_way_back_from_a_deck_keeps_the_days(client):
    template_deck({stocked_card(1): 1}, name="Burn", format="Modern")

    page = unescape(client.get("/decks/burn/", DAYS).content.decode())

    assert f'href="/decks/?from={FIRST}&to={LAST}">Decks' in page
    assert f'href="/decks/?format=Modern&from={FIRST}&to={LAST}">Modern' in page


def test_where_none_is_free_the_way_leads_to_those_with_short_cards(client):
    card = stocked_card(1)
    template_deck({card: 1}, name="Burn")
    away(card, 1)

    page = page_of(client, **DAYS, free="1")

    assert "No such deck is free as a whole" in page
    assert f'href="?from={FIRST}&to={LAST}">Show those with short cards' in page
    assert shortages(client, **DAYS) == {"Burn": 1}


def test_where_there_is_no_deck_of_a_format_or_colour_none_is_promised_on_other_days(client):
    card = stocked_card(1, colors="R")
    template_deck({card: 1}, name="Burn", format="Modern")
    away(card, 1)

    assert "No deck of this format" in page_of(client, **DAYS, free="1", format="Nix")
    assert "No such deck of this colour" in page_of(client, **DAYS, free="1", color="U")
    assert "No such deck is free as a whole" in page_of(client, **DAYS, free="1", color="R")


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"from": "soon", "to": "later"}, "“soon” is no day."),
        ({"from": f"{FIRST}"}, "Choose the last day, too."),
        ({"from": f"{LAST}", "to": f"{FIRST}"}, "The last day is before the first."),
        ({"from": "a\x00", "to": "9" * 5_000}, "is no day."),
        ({"from": "9999-12-31", "to": "9999-12-31"}, f"We plan until {HORIZON:%A %-d %B %Y}."),
    ],
)
@pytest.mark.parametrize("free", ["", "1"])
def test_odd_days_are_told_and_the_page_is_about_today(client, asked, says, free):
    """All decks: which are free on days that nobody knows cannot be said. What was typed and ticked stays."""
    card = stocked_card(1)
    template_deck({card: 1}, name="Burn")
    template_deck({stocked_card(0): 1}, name="Short today")
    away(card, 1)

    response = client.get("/decks/", {**asked, "free": free})

    assert response.status_code == 200
    page = response.content.decode()
    assert says in page.partition('role="alert">')[2].partition("</p>")[0]
    assert [deck.deck.name for deck in response.context["offer"].decks] == ["Burn", "Short today"]
    assert "Available today" in page
    assert "Short by 1 today" in page
    assert 'href="/decks/burn/"' in page
    assert ("checked" in page) == bool(free)
    assert "\x00" not in page


def test_nor_does_a_search_for_what_is_free_today_show_the_days_of_the_cart(client):
    with_days_in_the_cart(client)

    def search(**asked) -> str:
        return client.get("/cards/", asked).content.decode()

    fields = [re.sub('id="(from|to)" value', r'id="\1" .*value', each) for each in PROPOSED]
    assert all(re.search(each, search(q="bolt")) for each in fields)
    assert not any(re.search(each, search(q="is:free")) for each in fields)
    assert all(re.search(each, search(q="is:free", **DAYS)) for each in fields)
    assert not re.search(
        fields[1], search(**{"q": "bolt", "from": f"{FIRST}"})
    )  # "Choose the last day, too."


@pytest.mark.parametrize("decks", [1, 12])
@pytest.mark.parametrize("lines", [1, 100])
@pytest.mark.parametrize(("asked", "queries"), [(DAYS, 7), ({"free": "1"}, 8), ({**DAYS, "free": "1"}, 9)])
def test_it_takes_as_many_queries_for_many_decks_and_lines(
    client, django_assert_num_queries, decks, lines, asked, queries
):
    cards = [stocked_card(1) for _ in range(lines)]
    for _ in range(decks):
        template_deck(dict.fromkeys(cards, 1))

    with django_assert_num_queries(queries):
        client.get("/decks/", asked)
