"""The pages for everybody: what they show, what they answer to odd questions, and what they cost in queries."""

from datetime import timedelta

import pytest
from django.urls import reverse

from inventory.models import (
    Card,
    ClosedDay,
    Printing,
    Reservation,
    StockMovement,
    TemplateDeck,
    TemplateDeckCard,
    Zone,
)
from inventory.models.card import lowest_rent_cents
from tests.factories import (
    TODAY,
    CardFactory,
    PrintingFactory,
    StockMovementFactory,
    deck_version,
    stocked_card,
    template_deck,
)

pytestmark = pytest.mark.django_db

ODD_TEXTS = [
    "\x00",
    "a\x00b",
    "x" * 10_000,
    "%",
    "_",
    "\\",
    "'; --",
    "💀",
    "in:",
    "in:foil",
    "\ud800".encode("utf-8", "surrogatepass"),
]
WEEKEND = {"from": f"{TODAY + timedelta(days=10)}", "to": f"{TODAY + timedelta(days=12)}"}
ODD_PAGES = ["abc", "0", "-1", "999999", "9" * 5_000, "1.5", "\x00", ""]


def make_deck(lines: int, **fields) -> TemplateDeck:
    """A deck of that many different cards, each in stock."""
    cards = Card.objects.bulk_create(
        [
            Card(
                name=f"Line {n}",
                slug=f"line-{n}",
                folded_name=f"line {n}",
                folded_names=[f"line {n}"],
                type_line="Instant",
            )
            for n in range(lines)
        ]
    )
    printings = Printing.objects.bulk_create(
        [
            Printing(card=card, set_code="ln", collector_number=str(n), value_cents=100)
            for n, card in enumerate(cards)
        ]
    )
    StockMovement.objects.bulk_create(
        [
            StockMovement(printing=printing, quantity=4, kind="bought", effective_on=TODAY)
            for printing in printings
        ]
    )
    return template_deck(dict.fromkeys(cards, 1), **fields)


# --- home -----------------------------------------------------------------------------------------------


def test_home_shows_the_newest_decks(client):
    template_deck({stocked_card(4): 4}, name="Burn")
    template_deck({stocked_card(4): 4}, name="Hidden brew", published=False)

    page = client.get("/").content.decode()

    assert "Burn" in page
    assert "Hidden brew" not in page


def test_home_without_decks_says_so(client):
    assert "No deck is on offer yet" in client.get("/").content.decode()


# --- cards ----------------------------------------------------------------------------------------------


def test_a_card_is_found_without_its_accents(client):
    stocked_card(2, name="Lim-Dûl's Vault")

    page = client.get("/cards/", {"q": "vault LIM-DUL’S"}).content.decode()

    assert "Lim-Dûl&#x27;s Vault" in page
    assert "2 free today" in page


def test_what_the_shop_does_not_own_is_marked_and_can_still_be_added(client):
    CardFactory(name="Black Lotus")

    page = client.get("/cards/", {"q": "lotus"}).content.decode()

    assert "Not in stock" in page
    assert "we buy it if you order it" in page
    assert reverse("orders:add_card", args=["black-lotus"]) in page


def test_only_what_the_shop_owns(client):
    CardFactory(name="Black Lotus")
    stocked_card(1, name="Lotus Petal")

    page = client.get("/cards/", {"q": "lotus", "owned": "1"}).content.decode()

    assert "Lotus Petal" in page
    assert "Black Lotus" not in page


def test_a_mistyped_name_shows_the_nearest_and_says_so(client):
    stocked_card(4, name="Lightning Bolt")

    page = client.get("/cards/", {"q": "lightnig bolt"}).content.decode()

    assert "named like “lightning bolt”" in page
    assert reverse("orders:add_card", args=["lightning-bolt"]) in page


def test_add_returns_to_the_same_search(client):
    stocked_card(4, name="Lightning Bolt")

    page = client.get("/cards/?q=bolt").content.decode()

    assert '<input type="hidden" name="next" value="/cards/?q=bolt#card-lightning-bolt">' in page


def test_pages_keep_the_search_in_their_address(client):
    for n in range(30):
        CardFactory(name=f"Bolt {n}")

    page = client.get("/cards/?q=bolt").content.decode()

    assert "?q=bolt&amp;page=2" in page


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_an_odd_text_is_a_search_like_any_other(client, text):
    stocked_card(4)

    assert client.get("/cards/", {"q": text}).status_code == 200
    assert client.get("/cards/", {"q": text}, headers={"HX-Request": "true"}).status_code == 200
    assert client.get("/cards/", {"was": text}, follow=True).status_code == 200


@pytest.mark.parametrize("page", ODD_PAGES)
@pytest.mark.parametrize("path", ["/cards/", "/decks/"])
def test_an_odd_page_is_a_page_like_any_other(client, path, page):
    template_deck({stocked_card(4): 4})

    assert client.get(path, {"page": page}).status_code == 200


def test_search_pins_its_queries(client, django_assert_num_queries):
    stocked_card(4, name="Bolt 0")
    client.get("/cards/?q=bolt")  # the catalogue is read
    with django_assert_num_queries(3):
        client.get("/cards/?q=bolt")
    for n in range(1, 100):
        stocked_card(4, name=f"Bolt {n}")
    client.get("/cards/?q=bolt")
    with django_assert_num_queries(3):
        client.get("/cards/?q=bolt")


@pytest.mark.parametrize("cards", [1, 24])
@pytest.mark.parametrize("text", ["bolt is:owned order:mv", "is:free t:instant", "blot", "bolt foo:bar"])
def test_search_on_days_pins_its_queries(client, django_assert_num_queries, text, cards):
    for n in range(cards):
        stocked_card(4, name=f"Bolt {n}")
    asked = {"q": text, **WEEKEND}
    client.get("/cards/", asked)  # the catalogue is read

    with django_assert_num_queries(4):
        client.get("/cards/", asked)


# --- a card ---------------------------------------------------------------------------------------------


def test_a_card_shows_price_printings_calendar_and_decks(client):
    card = stocked_card(
        4, name="Lightning Bolt", value_cents=1_000, mana_cost="{R}", oracle_text="Deals {3}\nhot"
    )
    template_deck({card: 4}, name="Burn")
    Reservation.objects.create(
        card=card,
        quantity=4,
        out_on=TODAY + timedelta(days=1),
        back_on=TODAY + timedelta(days=3),
        state="firm",
    )

    response = client.get("/cards/lightning-bolt/")

    page = response.content.decode()
    assert "€0.10" in page
    assert 'aria-label="Mana cost: red"' in page
    assert "Test Set" in page
    assert "Burn" in page
    assert [day.free for day in response.context["details"].calendar[:4]] == [4, 0, 0, 4]
    assert [day.degree for day in response.context["details"].calendar[:2]] == ["all", "none"]


def test_a_preferred_printing_costs_what_follows_from_its_own_value(client):
    card = stocked_card(4, value_cents=1_000)
    StockMovementFactory(printing__card=card, printing__value_cents=5_000, printing__set_name="Alpha")

    printings = client.get(card.get_absolute_url()).context["details"].printings

    assert {offered.rent_cents for offered in printings} == {10, 50}


def test_the_calendar_of_a_card_says_each_of_sixty_days_and_marks_today_and_closed_ones(client):
    card = stocked_card(4)
    ClosedDay.objects.create(first_day=TODAY + timedelta(days=2), last_day=TODAY + timedelta(days=2))

    page = client.get(card.get_absolute_url()).content.decode()

    closed = TODAY + timedelta(days=2)
    assert page.count(": 4 free") == 60
    assert f"Today, {TODAY:%a} {TODAY.day} {TODAY:%B}: 4 free" in page
    assert f"{closed:%a} {closed.day} {closed:%B}: 4 free, the shop is closed" in page
    assert page.count("the shop is closed</span>") == 2  # that day, and the key


def test_a_card_says_how_often_and_where_decks_use_it(client):
    card = stocked_card(4)
    template_deck({card: 3, (card, Zone.SIDEBOARD): 1, stocked_card(4): 4}, name="Burn")
    template_deck({card: 1}, name="Hidden brew", published=False)
    deck_version(template_deck({card: 1}, name="Once with it"), {stocked_card(1): 1})

    response = client.get(card.get_absolute_url())

    decks = response.context["details"].decks
    assert [(found.deck.name, found.copies) for found in decks] == [
        ("Burn", [(Zone.MAIN, 3), (Zone.SIDEBOARD, 1)])
    ]
    assert "<b>3</b> in main, <b>1</b> in sideboard" in response.content.decode()


def test_a_card_shows_the_pictures_of_a_printing_and_names_the_artist(client):
    card = stocked_card(1)
    PrintingFactory(card=card, image_urls=["https://x.example/de.jpg"], language="de", artist="B. Niemand")
    PrintingFactory(card=card, image_urls=["https://x.example/en.jpg"], artist="A. Nobody")

    page = client.get(card.get_absolute_url()).content.decode()

    assert 'src="https://x.example/en.jpg"' in page
    assert "Illustrated by A. Nobody" in page
    assert "de.jpg" not in page


def test_a_card_with_faces_shows_each(client):
    faces = [
        {"name": "Fire", "mana_cost": "{1}{R}", "type_line": "Instant", "oracle_text": "Two damage."},
        {"name": "Ice", "mana_cost": "{1}{U}", "type_line": "Instant"},
    ]
    CardFactory(name="Fire // Ice", slug="fire-ice", faces=faces)

    page = client.get("/cards/fire-ice/").content.decode()

    assert "Two damage." in page
    assert 'aria-label="Mana cost: 1, blue"' in page


def test_a_card_with_next_to_no_data_has_a_page(client):
    CardFactory(name="Nameless", type_line="", faces=[{}])

    assert client.get("/cards/nameless/").status_code == 200


def test_text_of_cards_is_escaped(client):
    CardFactory(name="<b>Bold</b>", slug="bold", oracle_text="<script>{T}</script>", mana_cost="{<i>}")

    page = client.get("/cards/bold/").content.decode()

    assert "<script>" not in page.replace('<script src="', "")
    assert "<b>Bold" not in page
    assert "<i>" not in page


@pytest.mark.parametrize("path", ["/cards/nothing/", f"/cards/{'x' * 5_000}/", "/decks/nothing/"])
def test_what_does_not_exist_is_not_found(client, path):
    assert client.get(path).status_code == 404


def test_a_card_pins_its_queries(client, django_assert_num_queries):
    card = stocked_card(4)
    # the card, its free days, closed days, its printings, the decks with it
    with django_assert_num_queries(5):
        client.get(card.get_absolute_url())
    for n in range(100):
        StockMovementFactory(printing__card=card, printing__collector_number=f"x{n}")
        template_deck({card: 1}, name=f"Deck with it {n}")
    with django_assert_num_queries(5):
        client.get(card.get_absolute_url())


# --- decks ----------------------------------------------------------------------------------------------


def test_decks_of_one_format(client):
    template_deck({stocked_card(4): 4}, name="Burn", format="Modern")
    template_deck({stocked_card(4): 4}, name="Elves", format="Pauper")

    page = client.get("/decks/", {"format": "pauper"}).content.decode()

    assert "Elves" in page
    assert "Burn" not in page


@pytest.mark.parametrize("format", ODD_TEXTS)
def test_an_odd_format_has_no_decks(client, format):
    template_deck({stocked_card(4): 4})

    response = client.get("/decks/", {"format": format})

    assert response.status_code == 200


def names_of(response) -> list[str]:
    return [offered.deck.name for offered in response.context["offer"].decks]


def test_decks_of_one_colour(client):
    template_deck({stocked_card(4, colors="R"): 4, stocked_card(4): 1}, name="Burn")
    template_deck({stocked_card(4, colors="WU"): 4}, name="Fliers")
    template_deck({stocked_card(4): 4}, name="Robots")

    assert [names_of(client.get(f"/decks/?color={color}")) for color in "RUC"] == [
        ["Burn"],
        ["Fliers"],
        ["Robots"],
    ]
    assert "No such deck of this colour" in client.get("/decks/?color=G").content.decode()


@pytest.mark.parametrize(
    "asked", [{"color": "X"}, {"color": "WU"}, {"sort": "odd"}, {"color": "\x00", "sort": "\x00"}]
)
def test_an_odd_choice_is_none(client, asked):
    template_deck({stocked_card(4): 4}, name="Burn")

    assert names_of(client.get("/decks/", asked)) == ["Burn"]


def test_decks_in_order_of_name_age_and_price(client):
    dear, cheap = stocked_card(4, value_cents=90_000), stocked_card(4, value_cents=1)
    fixed = stocked_card(4, value_cents=90_000, day_price_cents=1)
    template_deck({dear: 1}, name="Zoo", format="A")
    template_deck({cheap: 4}, name="Aggro", format="Z")
    template_deck({fixed: 2}, name="Mill", format="M")
    template_deck({}, name="Nothing yet", format="N")

    assert names_of(client.get("/decks/")) == ["Zoo", "Mill", "Nothing yet", "Aggro"]
    assert names_of(client.get("/decks/?sort=name")) == ["Aggro", "Mill", "Nothing yet", "Zoo"]
    assert names_of(client.get("/decks/?sort=newest")) == ["Nothing yet", "Mill", "Aggro", "Zoo"]
    assert names_of(client.get("/decks/?sort=price")) == ["Nothing yet", "Mill", "Aggro", "Zoo"]


@pytest.mark.parametrize("value", [0, 1, 299, 300, 301, 12_345, 99_999, 2**31 - 1])
def test_the_price_that_decks_are_sorted_by_is_the_price_that_they_show(value):
    card = stocked_card(1, value_cents=value)

    by_database = TemplateDeckCard.objects.filter(
        version=template_deck({card: 3}).current_version()
    ).annotate(rent=lowest_rent_cents("card"))

    assert by_database.get().rent == Card.objects.with_value().get(pk=card.pk).rent_cents


def test_an_unknown_format_says_that_there_is_no_deck_of_it(client):
    template_deck({stocked_card(4): 4})

    assert "No deck of this format" in client.get("/decks/?format=Nix").content.decode()


@pytest.mark.parametrize("lines", [1, 100])
def test_decks_pin_their_queries(client, django_assert_num_queries, lines):
    make_deck(lines)

    for choice in ("", "?color=C&sort=price"):
        with django_assert_num_queries(6):
            client.get(f"/decks/{choice}")


@pytest.mark.parametrize("decks", [1, 12])
@pytest.mark.parametrize(
    ("path", "queries"), [("/", 4), ("/decks/", 6), ("/decks/?format=Modern&color=C&sort=newest", 6)]
)
def test_a_page_of_many_decks_takes_as_many_queries_as_of_one(
    client, django_assert_num_queries, path, queries, decks
):
    for _ in range(decks):
        template_deck({stocked_card(1): 4, stocked_card(9): 1})

    with django_assert_num_queries(queries):
        client.get(path)


# --- a deck ---------------------------------------------------------------------------------------------


def test_a_deck_says_what_is_short_today(client):
    deck = template_deck({stocked_card(1, name="Goblin Guide"): 4, stocked_card(4): 4})

    response = client.get(deck.get_absolute_url())

    assert response.content.decode().count("Short by 3") == 2  # at the line, and of the deck
    assert response.context["offered"].copies == 8


def test_a_card_in_two_zones_is_short_once(client):
    card = stocked_card(3)
    deck = template_deck({card: 3, (card, Zone.SIDEBOARD): 2})

    offered = client.get(deck.get_absolute_url()).context["offered"]

    assert offered.short == 2
    assert [[line.short for group in zone.groups for line in group.lines] for zone in offered.zones()] == [
        [0],
        [2],
    ]


def test_a_deck_shows_the_starts_on_which_the_whole_of_it_is_free(client):
    card = stocked_card(4, name="Goblin Guide")
    deck = template_deck({card: 4, stocked_card(4): 4})
    Reservation.objects.create(
        card=card,
        quantity=3,
        out_on=TODAY + timedelta(days=4),
        back_on=TODAY + timedelta(days=5),
        state="firm",
    )

    response = client.get(deck.get_absolute_url())

    page, day = response.content.decode(), TODAY + timedelta(days=2)
    assert [start.first_day for start in response.context["starts"].strip if not start.free] == [
        TODAY + timedelta(days=offset) for offset in (2, 3, 4)
    ]
    assert page.count(": free</span>") == 57
    assert f"{day:%a %-d %B}: short by 3</span>" in page
    assert "three days, collected at the shop" in page
    assert page.count('<a class="start-cell"') == 57  # what is short cannot be chosen
    free = TODAY + timedelta(days=1)
    assert f'href="?from={free}&amp;to={free + timedelta(days=2)}#take-it"' in page


def test_a_free_start_of_a_deck_is_a_link_to_as_many_days_and_the_chosen_one_is_marked(client):
    deck = template_deck({stocked_card(4): 4})
    first = TODAY + timedelta(days=7)
    asked = {"from": f"{first}", "to": f"{first + timedelta(days=4)}"}

    page = client.get(deck.get_absolute_url(), asked).content.decode()

    chosen = f'href="?from={first}&amp;to={first + timedelta(days=4)}#take-it" aria-current="date"'
    assert page.count('aria-current="date"') == 1
    assert chosen in page
    later = first + timedelta(days=3)
    assert f'href="?from={later}&amp;to={later + timedelta(days=4)}#take-it">' in page


def test_a_deck_on_chosen_days_costs_their_sum_and_says_what_is_short_on_them(client):
    bolt = stocked_card(4, name="Lightning Bolt", value_cents=1_000)
    deck = template_deck({bolt: 4, stocked_card(4, value_cents=1_000): 2})
    first, last = TODAY + timedelta(days=7), TODAY + timedelta(days=10)
    Reservation.objects.create(card=bolt, quantity=3, out_on=first, back_on=last, state="firm")

    response = client.get(deck.get_absolute_url(), {"from": f"{first}", "to": f"{last}"})

    page, details = response.content.decode(), response.context["details"]
    assert (details.days, details.period_cents) == (4, 4 * 6 * 10)
    assert '<dd id="period-price">€2.40</dd>' in page
    assert page.count("Short by 3</span>") == 2  # at the line, and of the deck
    assert "For four days, collected at the shop" in page
    assert f'<input type="hidden" name="from" value="{first}">' in page
    assert details.starts.days[0].short == 0
    assert "3 of 6 cards" in page


def test_a_deck_of_little_worth_says_what_an_order_costs_at_least(client, settings):
    settings.ORDER_MINIMUM_CENTS = 200
    deck = template_deck({stocked_card(4, value_cents=1_000): 4})

    page = client.get(deck.get_absolute_url(), {"from": f"{TODAY}", "to": f"{TODAY}"}).content.decode()

    assert '<dd id="period-price">€0.40</dd>' in page
    assert "at least €2.00" in page


@pytest.mark.parametrize(
    ("first", "last"), [("soon", "later"), ("2001-01-01", "2001-01-02"), ("", "2999-01-01"), ("\x00", "<b>")]
)
def test_days_that_are_none_are_said_beside_their_fields_and_change_nothing(client, first, last):
    deck = template_deck({stocked_card(4): 4})

    response = client.get(deck.get_absolute_url(), {"from": first, "to": last})

    page = response.content.decode()
    assert response.status_code == 200
    assert 'id="days-message"' in page
    assert page.count('aria-describedby="days-message"') == 2
    assert "period-price" not in page
    assert "<b>" not in page.replace("<b>4</b>", "").replace("<b>€", "")


def test_a_deck_of_which_all_is_free_or_nothing_offers_no_part(client):
    free, short = template_deck({stocked_card(4): 4}), template_deck({CardFactory(): 4})

    for deck in (free, short):
        assert "Take what is free" not in client.get(deck.get_absolute_url()).content.decode()


def test_a_deck_has_a_curve_without_its_sideboard(client):
    bolt = stocked_card(4, mana_cost="{R}", mana_value=1)
    plots = (
        client.get(template_deck({bolt: 3, (bolt, Zone.SIDEBOARD): 1}).get_absolute_url())
        .context["offered"]
        .plots
    )

    assert [bar.copies for bar in plots.curve[:3]] == [0, 3, 0]


def test_a_deck_without_cards_has_no_starts(client):
    assert b"collected at the shop" not in client.get(template_deck({}).get_absolute_url()).content


def test_an_unpublished_deck_is_not_found(client):
    deck = template_deck({stocked_card(4): 4}, published=False)

    assert client.get(deck.get_absolute_url()).status_code == 404


@pytest.mark.parametrize("lines", [1, 100])
def test_a_deck_pins_its_queries(client, django_assert_num_queries, lines):
    deck = make_deck(lines)

    for days in ({}, WEEKEND):
        # the deck, its lines, its cards; free today or then; closed days; the starts
        with django_assert_num_queries(6):
            client.get(deck.get_absolute_url(), days)


# --- all of them ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["/", "/cards/", "/cards/lightning-bolt/", "/decks/", "/decks/burn/", "/accounts/login/", "/nothing/"],
)
def test_every_page_has_one_heading_and_nothing_inline(client, path):
    template_deck({stocked_card(4, name="Lightning Bolt"): 4}, name="Burn")

    page = client.get(path).content.decode()

    assert page.count("<h1") == 1
    assert " style=" not in page
    assert "<style" not in page
    assert "<script>" not in page
    assert " onclick=" not in page


@pytest.mark.parametrize("path", ["/", "/cards/", "/decks/"])
def test_pages_are_for_reading(client, path):
    assert client.post(path).status_code == 405
