"""The decks on offer, on the days that a visitor asks about: what is short in each, and those alone that are free."""

import re
from datetime import timedelta
from html import unescape

import pytest

from inventory.availability import available_for
from inventory.deck_shortages import free_as_a_whole
from inventory.models import Card, Reservation, TemplateDeckVersion, Zone
from inventory.periods import BlockedPeriod
from tests.factories import TODAY, stocked_card, template_deck

pytestmark = pytest.mark.django_db

FIRST, LAST = TODAY + timedelta(days=10), TODAY + timedelta(days=12)
DAYS = {"from": f"{FIRST}", "to": f"{LAST}"}


def away(card: Card, quantity: int) -> None:
    """Promised to somebody else on the days that are asked about, and not today."""
    Reservation.objects.create(card=card, quantity=quantity, out_on=FIRST, back_on=LAST, state="firm")


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
    away(cards[1], 1)
    away(cards[3], 1)
    for card in cards:
        for other in cards:
            template_deck({card: 2, other: 1} if card != other else {card: 3})
    days = BlockedPeriod(FIRST, LAST)
    versions = TemplateDeckVersion.objects.offered()

    free = set(free_as_a_whole(versions, days, today=TODAY))

    assert free == {
        version.pk
        for version in versions
        if all(
            available_for(line.card_id, line.quantity, days.out_on, days.back_on, today=TODAY)
            for line in version.deck_cards.all()
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


def test_the_other_choices_keep_the_days_and_the_days_keep_them(client):
    template_deck({stocked_card(1, colors="R"): 1}, name="Burn", format="Modern")

    page = page_of(client, **DAYS, free="1", format="Modern", color="R", sort="price")

    links = re.findall(r'href="(\?.*?)"', page)
    kept = [link for link in links if "free=" in link]
    assert len(kept) == len(links) - 1 == 2 + 7 + 4  # formats, colours, orders
    assert all(f"from={FIRST}" in link and f"to={LAST}" in link for link in kept)
    assert '<a href="?format=Modern&color=R&sort=price">Any days</a>' in page
    for name, value in {"format": "Modern", "color": "R", "sort": "price"}.items():
        assert f'<input type="hidden" name="{name}" value="{value}">' in page
    assert re.search(r'name="free" id="free" value="1" checked', page)
    for name, day in DAYS.items():
        assert f'name="{name}" id="{name}" value="{day}"' in page


def test_where_none_is_free_the_way_leads_to_those_with_short_cards(client):
    card = stocked_card(1)
    template_deck({card: 1}, name="Burn")
    away(card, 1)

    page = page_of(client, **DAYS, free="1")

    assert "No such deck is free as a whole" in page
    assert f'href="?from={FIRST}&to={LAST}">Show those with short cards' in page
    assert shortages(client, **DAYS) == {"Burn": 1}


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"from": "soon", "to": "later"}, "“soon” is no day."),
        ({"from": f"{FIRST}"}, "Choose the last day, too."),
        ({"from": f"{LAST}", "to": f"{FIRST}"}, "The last day is before the first."),
        ({"from": "\x00", "to": "9" * 5_000, "free": "\x00"}, "is no day."),
    ],
)
def test_odd_days_are_told_and_the_page_is_about_today(client, asked, says):
    card = stocked_card(1)
    template_deck({card: 1}, name="Burn")
    away(card, 1)

    response = client.get("/decks/", asked)

    assert response.status_code == 200
    page = response.content.decode()
    assert says in page.partition('role="alert">')[2].partition("</p>")[0]
    assert "Available today" in page
    assert 'href="/decks/burn/"' in page


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
