"""A deck list into the cart: what is shown before anything is added, and what nonsense does."""

import json
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape

from inventory.models import Zone
from orders.list_forms import LARGEST_LIST, Source
from orders.models import Order, OrderCard
from tests.factories import CartFactory, PrintingFactory, cart_with, settled, stocked_card
from tests.orders.test_views import browser_of, messages_of

pytestmark = pytest.mark.django_db

PAGE = "/cart/list/"
UNDERSTOOD = re.compile(r'<h2 id="review-heading"[^>]*>(.*?)</h2>')


@pytest.fixture
def bolt():
    return stocked_card(4, name="Lightning Bolt", mana_cost="{R}")


@pytest.fixture
def opt():
    return stocked_card(4, name="Opt")


def understood(response) -> str:
    """The heading of the review."""
    assert response.status_code in (200, 422), response.status_code
    return UNDERSTOOD.search(response.content.decode())[1]


def hidden(response) -> dict[str, str]:
    """All that the form of the review sends, as it stands."""
    review = response.context["review"]
    return {
        "list": review.source.packed(),
        "filename": review.source.filename,
        "mends": response.context["mends"],
        "once": response.context["once"],
        **{f"line-{row}": line.key for row, line in enumerate(review.rows)},
        **{f"name-{row}": line.typed for row, line in enumerate(review.rows)},
        **{f"copies-{row}": line.typed_copies for row, line in enumerate(review.rows)},
    }


def add_as_shown(client: Client, response, **changes: str):
    button = re.search(r'name="add" value="([^"]*)"', response.content.decode())
    return client.post(PAGE, {**hidden(response), "add": button[1] if button else "1-0", **changes})


def file_of(content: bytes, name: str = "deck.txt") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


# --- what comes in ------------------------------------------------------------------------------------------


def test_the_page_is_there(client):
    assert client.get(reverse("orders:deck_list")).status_code == 200


def test_a_pasted_list_is_shown_and_nothing_is_added(client, bolt, opt):
    response = client.post(PAGE, {"cards": "4 Lightning Bolt\nSideboard\n2 Opt"})

    assert understood(response) == "6 cards understood"
    assert [(zone.zone, zone.copies) for zone in response.context["review"].zones] == [
        (Zone.MAIN, 4),
        (Zone.SIDEBOARD, 2),
    ]
    assert not Order.objects.exists()


def test_what_was_shown_is_added_when_the_customer_says_so(client, bolt, opt):
    response = client.post(PAGE, {"cards": "4 Lightning Bolt\nSideboard\n2 Opt"})
    response = add_as_shown(client, response)

    assert response.status_code == 302
    assert messages_of(response) == ["Added 6 cards."]
    assert sorted(OrderCard.objects.values_list("card__name", "zone", "quantity")) == [
        ("Lightning Bolt", Zone.MAIN, 4),
        ("Opt", Zone.SIDEBOARD, 2),
    ]


def test_a_file_goes_before_what_is_pasted_which_stays_in_its_field(client, bolt, opt):
    response = client.post(PAGE, {"cards": "4 Opt", "file": file_of(b"1 Lightning Bolt", "burn.txt")})

    assert [line.card.name for zone in response.context["review"].zones for line in zone.lines] == [
        "Lightning Bolt"
    ]
    content = response.content.decode()
    assert "From burn.txt" in content
    assert "4 Opt</textarea>" in content


def test_a_file_is_the_same_file_when_it_comes_back(client, bolt):
    response = client.post(PAGE, {"file": file_of("\ufeff4 Lightning Bolt\r\n".encode("utf-16"), "a.txt")})
    review = response.context["review"]
    again = client.post(PAGE, {**hidden(response), "check": "1"}).context["review"]

    assert again.source == review.source == Source("\ufeff4 Lightning Bolt\r\n".encode("utf-16"), "a.txt")


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"cards": ""},
        {"cards": " \n\t\n "},
        {"cards": "// only\n# comments\n\n> here"},
        {"cards": "Deck\n\nSideboard"},
        {"cards": "x" * (LARGEST_LIST + 1)},
        {"cards": "é" * (LARGEST_LIST // 2 + 1)},
    ],
    ids=lambda sent: repr(sent)[:30],
)
def test_what_is_no_list_is_told_so_and_stays_in_its_field(client, sent):
    response = client.post(PAGE, sent)

    assert response.status_code == 422
    assert response.context["wrong"]
    assert 'id="list-wrong"' in response.content.decode()
    assert f"{escape(sent.get('cards', ''))}</textarea>" in response.content.decode()
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty file"),
        (b"x" * (LARGEST_LIST + 1), "larger than"),
        (b"// nothing\n", "no card in “a.txt”"),
    ],
    ids=["empty", "large", "comments"],
)
def test_a_file_that_is_no_list_is_told_so_and_what_was_pasted_stays(client, content, says):
    response = client.post(PAGE, {"cards": "4 Opt", "file": file_of(content, "a.txt")})

    assert response.status_code == 422
    assert says in response.context["wrong"]
    assert "4 Opt</textarea>" in response.content.decode()


def test_a_list_of_the_largest_size_is_read(client, bolt):
    cards = "4 Lightning Bolt\n".ljust(LARGEST_LIST, "/")
    response = client.post(PAGE, {"file": file_of(cards.encode())})

    assert understood(response).startswith("4 cards understood")


def test_more_than_a_request_may_hold_is_told_so(client):
    response = client.post(PAGE, {"cards": "x" * 3_000_000})

    assert response.status_code == 422
    assert "larger than" in response.context["wrong"]


NASTY = [
    b"\x00\x01\x02\xff\xfe" * 500,
    b"4 Lightning\x00Bolt",
    b"\x00",
    "4 \u202etloB gninthgiL\u202c".encode(),
    b'=HYPERLINK("http://example.org")\n+1+1\n@SUM(1)',
    b"4 <script>alert(1)</script>\n<img src=x onerror=alert(1)>",
    b"-4 Opt\n0 Opt\n1.5 Opt\n999999999999 Opt\n\xc2\xb2 Opt",
    b'<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><a>&c;</a>',
    b'{"mainboard": {"x": [[[[[[[[[[',
    b"[" * 5_000,
    b"x" * 200_000,
    b"\n".join(b"%d Nothing Like This %d" % (1 + n % 4, n) for n in range(2_000)),
    b"\xff\xfe4\x00 \x00O\x00p\x00t\x00",
    "4 \ud800".encode(errors="surrogatepass"),
]


@pytest.mark.parametrize("content", NASTY, ids=lambda content: repr(content[:24]))
@pytest.mark.parametrize("name", ["a.txt", "a.dek", "a.json", "a\r\nb\x00\u202e.cod"])
def test_nothing_that_comes_in_breaks_the_page_or_adds_anything(client, opt, content, name):
    response = client.post(PAGE, {"file": file_of(content, name)})

    assert response.status_code in (200, 422)
    page = response.content.decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    if response.context["review"]:
        assert client.post(PAGE, {**hidden(response), "check": "1"}).status_code in (200, 422)
    assert not Order.objects.exists()


@pytest.mark.parametrize("content", NASTY, ids=lambda content: repr(content[:24]))
def test_the_same_when_it_is_pasted(client, opt, content):
    response = client.post(PAGE, {"cards": content.decode(errors="replace")})

    assert response.status_code in (200, 422)
    assert "<script>alert" not in response.content.decode()
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"%PDF-1.7 \x00\x01", "a PDF document"), (b"\x89PNG\r\n\x1a\n\x00\x00", "a picture")],
)
def test_a_file_that_is_no_text_is_told_what_it_is_and_what_was_pasted_stays(client, content, says):
    response = client.post(PAGE, {"cards": "4 Opt", "file": file_of(content, "a.txt")})

    assert response.status_code == 422
    assert says in response.context["wrong"]
    assert "4 Opt</textarea>" in response.content.decode()


def test_what_is_no_part_of_the_deck_is_shown_and_not_added(client, bolt, opt):
    response = client.post(PAGE, {"cards": "1 Opt\n\nMaybeboard\n4 Lightning Bolt\n\nTokens\n2 Goblin"})
    review = response.context["review"]

    assert [(zone.name, zone.copies) for zone in review.aside] == [("Maybeboard", 4), ("Tokens", 2)]
    assert understood(response) == "1 card understood"
    add_as_shown(client, response)
    assert OrderCard.objects.get().card == opt


def test_the_name_of_the_deck_is_shown_and_said(client, opt):
    response = client.post(PAGE, {"cards": "About\nName Friday <b>Burn</b>\n\nDeck\n1 Opt"})

    assert response.context["review"].name == "Friday <b>Burn</b>"
    assert "“Friday &lt;b&gt;Burn&lt;/b&gt;”" in response.content.decode()
    assert messages_of(add_as_shown(client, response)) == ["Added 1 card of “Friday <b>Burn</b>”."]


def test_a_printing_that_is_asked_for_goes_into_the_cart_and_one_that_is_not_known_is_said(client, opt):
    printing = PrintingFactory(card=opt, set_code="xln", set_name="Ixalan", collector_number="65")
    response = client.post(PAGE, {"cards": "1 Opt (XLN) 65\n2 Opt (ZZZ) 7 *F*"})

    assert "Ixalan #65" in response.content.decode()
    assert "ZZZ 7 foil is no printing we know" in response.content.decode()
    add_as_shown(client, response)
    assert sorted(OrderCard.objects.values_list("preferred_printing", "quantity"), key=str) == [
        (printing.pk, 1),
        (None, 2),
    ]


def test_words_that_are_plain_without_what_cannot_be_seen_can_be_picked(client, opt):
    response = client.post(PAGE, {"cards": "3 \u202eOpt\u202c"})
    row = response.context["review"].rows[0]

    assert (row.copies, row.nearest) == (3, ("Opt",))
    assert "\u202e" not in response.content.decode().partition("<textarea")[0]
    response = client.post(PAGE, {**hidden(response), "as-0": "card:Opt", "check": "1"})
    assert understood(response) == "3 cards understood"


# --- mending ------------------------------------------------------------------------------------------------


def test_a_line_that_is_not_understood_is_shown_with_its_number_and_the_nearest_names(client, bolt):
    response = client.post(PAGE, {"cards": "// mine\n3 Lightnig Bolt\n"})
    row = response.context["review"].rows[0]

    assert understood(response) == "0 cards understood, 1 line not"
    assert (row.problem.number, row.problem.text, row.nearest) == (2, "3 Lightnig Bolt", ("Lightning Bolt",))


def test_a_name_that_is_picked_takes_the_copies_and_the_zone_of_its_line(client, bolt):
    response = client.post(PAGE, {"cards": "SB: 3 Lightnig Bolt"})
    response = client.post(PAGE, {**hidden(response), "as-0": "card:Lightning Bolt", "check": "1"})

    review = response.context["review"]
    assert understood(response) == "3 cards understood"
    assert [(zone.zone, zone.lines[0].written) for zone in review.zones] == [
        (Zone.SIDEBOARD, ("SB: 3 Lightnig Bolt",))
    ]
    add_as_shown(client, response)
    assert OrderCard.objects.get().quantity == 3


@pytest.mark.parametrize(
    ("typed", "copies"), [("opt", 3), ("2 Opt", 2), ("Opt x4", 4), ("1 Opt", 1), ("  OPT ", 3)]
)
def test_a_name_that_is_typed_goes_before_one_that_is_picked(client, bolt, opt, typed, copies):
    response = client.post(PAGE, {"cards": "3 Lightnig Bolt"})
    changed = {"as-0": "card:Lightning Bolt", "name-0": typed, "check": "1"}
    response = client.post(PAGE, {**hidden(response), **changed})

    line = response.context["review"].zones[0].lines[0]
    assert (line.card, line.quantity) == (opt, copies)


def test_a_card_whose_name_begins_with_a_number_can_be_picked(client):
    stocked_card(4, name="1996 World Champion")
    response = client.post(PAGE, {"cards": "2 1996 World Champon"})
    response = client.post(PAGE, {**hidden(response), "as-0": "card:1996 World Champion", "check": "1"})

    assert response.context["review"].zones[0].lines[0].quantity == 2


def test_a_name_that_is_no_card_either_stays_in_its_field(client, bolt):
    response = client.post(PAGE, {"cards": "3 Lightnig Bolt"})
    response = client.post(PAGE, {**hidden(response), "name-0": "Lihtning Bolt", "check": "1"})

    row = response.context["review"].rows[0]
    assert "Lihtning Bolt" in row.message
    assert (row.typed, row.nearest) == ("Lihtning Bolt", ("Lightning Bolt",))


def test_where_only_the_copies_are_wrong_they_are_asked_for(client, opt):
    response = client.post(PAGE, {"cards": "0 Opt"})
    row = response.context["review"].rows[0]
    assert (row.copies, row.typed) == (None, "Opt")

    response = client.post(PAGE, {**hidden(response), "check": "1"})
    assert response.context["review"].rows[0].message == "Write how many copies."
    response = client.post(PAGE, {**hidden(response), "copies-0": "a lot", "check": "1"})
    assert "not a number of copies" in response.context["review"].rows[0].message
    response = client.post(PAGE, {**hidden(response), "copies-0": "2", "check": "1"})
    assert understood(response) == "2 cards understood"


def test_a_line_is_left_out_and_taken_back(client, bolt, opt):
    response = client.post(PAGE, {"cards": "4 Opt\n3 Lightnig Bolt"})
    response = client.post(PAGE, {**hidden(response), "as-0": "leave", "check": "1"})
    left = response.context["review"].left

    assert [line.problem.number for line in left] == [2]
    assert "Add 4 cards, leave out 1<" in response.content.decode()
    response = client.post(PAGE, {**hidden(response), "undo": left[0].key})
    assert not response.context["review"].left
    assert len(response.context["review"].rows) == 1


def test_a_mend_is_taken_back(client, bolt):
    response = client.post(PAGE, {"cards": "3 Lightnig Bolt"})
    response = client.post(PAGE, {**hidden(response), "as-0": "card:Lightning Bolt", "check": "1"})
    line = response.context["review"].zones[0].lines[0]
    response = client.post(PAGE, {**hidden(response), "undo": line.settled[0].key})

    assert understood(response) == "0 cards understood, 1 line not"


def test_mends_last_over_the_next_ones(client, bolt, opt):
    response = client.post(PAGE, {"cards": "3 Lightnig Bolt\n2 Optt"})
    response = client.post(PAGE, {**hidden(response), "as-0": "card:Lightning Bolt", "check": "1"})
    assert understood(response) == "3 cards understood, 1 line not"
    response = client.post(PAGE, {**hidden(response), "name-0": "Opt", "check": "1"})

    assert understood(response) == "5 cards understood"


def test_lines_that_are_left_as_they_are_stay_out_if_the_button_says_so(client, opt):
    response = client.post(PAGE, {"cards": "4 Opt\nNothing Like This\nNor This"})
    assert "Add 4 cards, leave out 2<" in response.content.decode()
    response = add_as_shown(client, response)

    assert messages_of(response) == ["Added 4 cards. 2 lines were left out."]
    assert OrderCard.objects.get().quantity == 4


def test_a_button_whose_words_are_no_longer_true_adds_nothing(client, bolt, opt):
    response = client.post(PAGE, {"cards": "4 Opt\n3 Lightnig Bolt"})
    response = add_as_shown(client, response, **{"as-0": "card:Lightning Bolt"})

    assert response.status_code == 422
    assert understood(response) == "7 cards understood"
    assert not Order.objects.exists()
    assert add_as_shown(client, response).status_code == 302
    assert sum(OrderCard.objects.values_list("quantity", flat=True)) == 7


def test_a_rest_that_was_not_read_cannot_be_mended_and_fits_on_the_page(client, opt):
    response = client.post(PAGE, {"cards": "4 Opt\n" + "1 Opt\n" * 3_000})
    review = response.context["review"]

    assert not review.rows
    assert len(response.content) < 1_000_000
    assert review.copies >= 4


def test_at_most_a_hundred_lines_are_mended_at_once(client, opt):
    lines = "\n".join(f"1 Nothing {number}" for number in range(150))
    response = client.post(PAGE, {"cards": lines})
    review = response.context["review"]
    assert (len(review.rows), len(review.more)) == (100, 50)

    leave = {f"as-{row}": "leave" for row in range(100)}
    review = client.post(PAGE, {**hidden(response), **leave, "check": "1"}).context["review"]
    assert (len(review.rows), len(review.more), len(review.left)) == (50, 0, 100)


def test_words_that_look_like_markup_are_shown_as_words(client, opt):
    response = client.post(PAGE, {"cards": "4 <b onclick=x>Opt</b>"})
    again = client.post(PAGE, {**hidden(response), "name-0": '"><script>alert(1)</script>', "check": "1"})

    assert "<b onclick" not in response.content.decode()
    assert "<script>alert" not in again.content.decode()


def test_a_name_in_a_file_that_looks_like_markup_is_shown_as_words(client, opt):
    """A file that keeps names apart from all else, so that nothing of them is taken off."""
    name = "&lt;i onclick=x&gt;"
    dek = f'<Deck><Cards Quantity="2" Sideboard="false" Name="{name}" Annotation="0"/></Deck>'
    response = client.post(PAGE, {"file": file_of(dek.encode(), "a.dek")})

    assert f"<code>2 {name}</code>" in response.content.decode()
    assert "<i onclick" not in response.content.decode()


# --- forms that were tampered with ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "packed", ["", "x", "!!!!", "💀", "eJw", "A" * 10_000, Source(b"1 Opt").packed()[:-6], "\x00"]
)
def test_a_list_that_does_not_come_back_whole_is_told_so(client, packed):
    response = client.post(PAGE, {"list": packed, "add": "1-0"})

    assert response.status_code == 422
    assert "did not come back whole" in response.context["wrong"]
    assert not Order.objects.exists()


def test_a_small_list_that_unpacks_to_a_huge_one_is_not_unpacked(client):
    response = client.post(PAGE, {"list": Source(b"x" * 50_000_000).packed(), "check": "1"})

    assert response.status_code == 422


@pytest.mark.parametrize(
    "changes",
    [
        {"mends": "no json"},
        {"mends": "[" * 100_000},
        {"mends": "{}"},
        {"mends": '[[1, "a"]]'},
        {"mends": '[["1", 2, 3, 4]]'},
        {"mends": json.dumps([[1, "a", "b", "c"]] * 2_001)},
        {"mends": "1e999"},
        {"line-0": "x"},
        {"line-0": "[]"},
        {"line-0": '["a", "b"]'},
        {"undo": "x"},
        {"undo": "[1]"},
        {"mends": json.dumps([[1, "a", "\ud800", ""]])},
        {"line-0": json.dumps([1, "\ud800"])},
    ],
    ids=lambda changes: repr(changes)[:40],
)
def test_mends_that_do_not_come_back_whole_are_told_so(client, opt, changes):
    response = client.post(PAGE, {"cards": "4 Opt\n3 Nothing"})
    response = add_as_shown(client, response, **changes)

    assert response.status_code == 422
    assert "did not come back whole" in response.context["wrong"]
    assert understood(response) == "4 cards understood, 1 line not"
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    "mend",
    [
        [1, "3 Nothing", "No Such Card", ""],
        [1, "3 Nothing", "Opt", "-5"],
        [1, "3 Nothing", "Opt", "9" * 300],
        [1, "3 Nothing", "Opt", "\u0664"],
        [1, "3 Nothing", "\x00", ""],
        [1, "3 Nothing", "999999 Opt", ""],
        [1, "3 Nothing", "Deck", ""],
    ],
    ids=repr,
)
def test_a_mend_that_means_nothing_leaves_its_line_open(client, opt, mend):
    response = client.post(PAGE, {"cards": "3 Nothing"})
    sent = {**hidden(response), "mends": json.dumps([mend]), "check": "1"}
    del sent["line-0"]
    response = client.post(PAGE, sent)

    assert response.status_code == 200
    assert understood(response) == "0 cards understood, 1 line not"
    assert response.context["review"].rows[0].message


def test_a_mend_of_a_line_that_the_list_does_not_have_is_forgotten(client, opt):
    response = client.post(PAGE, {"cards": "4 Opt"})
    mends = json.dumps([[7, "Whatever", "Opt", "200"]])
    response = client.post(PAGE, {**hidden(response), "mends": mends, "check": "1"})

    assert understood(response) == "4 cards understood"
    assert response.context["mends"] == "[]"


def test_a_post_without_its_token_is_refused(opt):
    client = Client(enforce_csrf_checks=True)

    assert client.post(PAGE, {"cards": "4 Opt"}).status_code == 403


# --- limits of the cart --------------------------------------------------------------------------------------


def test_too_many_copies_are_told_and_change_nothing(opt, bolt):
    cart = cart_with({opt: 249})
    client = browser_of(cart)
    response = client.post(PAGE, {"cards": "2 Opt\n1 Lightning Bolt"})
    response = add_as_shown(client, response)

    assert response.status_code == 422
    assert "at most 250 copies" in response.context["wrong"]
    assert understood(response) == "3 cards understood"
    assert cart.order_cards.get().quantity == 249


def test_a_list_with_too_many_copies_in_itself_is_told_the_card(client, opt):
    response = client.post(PAGE, {"cards": "200 Opt\n51 opt"})
    response = add_as_shown(client, response)

    assert response.status_code == 422
    assert "Look at Opt." in response.context["wrong"]
    assert not OrderCard.objects.exists()


def test_too_many_lines_are_told_and_change_nothing(client):
    for number in range(501):
        stocked_card(0, name=f"Number {number}")
    response = client.post(PAGE, {"cards": "\n".join(f"1 Number {number}" for number in range(501))})
    response = add_as_shown(client, response)

    assert response.status_code == 422
    assert "at most 500 lines" in response.context["wrong"]
    assert not OrderCard.objects.exists()


# --- what can be had -----------------------------------------------------------------------------------------


def short_lines_of(response) -> list[tuple[str, int]]:
    review = response.context["review"]
    return [(line.card.name, line.short) for zone in review.zones for line in zone.lines]


def test_with_days_in_the_cart_each_line_says_what_is_short_on_them(bolt, opt):
    settled({bolt: 3})
    client = browser_of(cart_with({opt: 3}))
    response = client.post(PAGE, {"cards": "4 Lightning Bolt\n2 Opt\nSideboard\n1 Lightning Bolt"})

    assert response.context["review"].has_days
    # Of 4 Bolts 1 is free: the main deck is served first; 3 of 4 Opts are in the cart already.
    assert short_lines_of(response) == [("Lightning Bolt", 3), ("Opt", 1), ("Lightning Bolt", 1)]
    assert "5 copies short in 3 lines" in response.content.decode()


def test_what_is_free_on_the_days_is_said_to_be(bolt):
    client = browser_of(cart_with({stocked_card(1): 1}))
    response = client.post(PAGE, {"cards": "4 Lightning Bolt"})

    assert "All of it is free on your days" in response.content.decode()


def test_without_days_each_line_says_what_we_own(client, bolt, opt):
    settled({bolt: 4})
    response = client.post(PAGE, {"cards": "6 Lightning Bolt\n4 Opt"})

    assert short_lines_of(response) == [("Lightning Bolt", 2), ("Opt", 0)]
    assert "we own 4" in response.content.decode()


# --- queries --------------------------------------------------------------------------------------------------


def queries_of_a_review(client: Client, lines: int, mends: int) -> int:
    """Of a list with so many lines, of which one is wrong, or so many that are mended."""
    called = f"Of {lines} for {client.session.session_key}"
    names = [stocked_card(1, name=f"Card {number} {called}").name for number in range(lines)]
    wrong = [f"Nothing {number}" for number in range(mends or 1)]
    response = client.post(PAGE, {"cards": "\n".join(f"2 {name}" for name in [*names, *wrong])})
    sent = {**hidden(response), "check": "1"} | {f"name-{row}": names[row] for row in range(mends)}
    client.post(PAGE, sent)  # the names are read once in each process
    with CaptureQueriesContext(connection) as captured:
        response = client.post(PAGE, sent)
    assert response.context["review"].copies == 2 * (lines + mends)
    return len(captured)


@pytest.mark.parametrize("days", [True, False])
def test_a_review_takes_as_many_queries_for_a_hundred_lines_as_for_one(days):
    cart = cart_with({stocked_card(1): 1}) if days else CartFactory()
    client = browser_of(cart)

    assert queries_of_a_review(client, 1, 0) == queries_of_a_review(client, 100, 0) <= 10
    # Where twenty names are looked for already, more of them cost no more.
    assert queries_of_a_review(client, 30, 30) == queries_of_a_review(client, 99, 99)


def test_in_a_page_that_swaps_its_parts_only_the_review_is_sent(client, opt):
    response = client.post(PAGE, {"cards": "4 Opt"}, headers={"HX-Request": "true"})

    assert understood(response) == "4 cards understood"
    assert "<html" not in response.content.decode()


# --- what is too much to be read at once --------------------------------------------------------------------


def test_a_list_that_is_too_long_says_so_and_calls_nothing_left_out(client, bolt, opt):
    first = client.post(PAGE, {"cards": "1 Lightning Bolt\n" * 100 + "//\n" + "1 Opt\n" * 1_000})

    review = first.context["review"]
    assert (review.copies, review.open, review.left_out) == (1_000, 0, 0)
    assert "its first 1,000 lines" in first.content.decode()
    assert "Mend the line" not in first.content.decode()


def test_the_rest_is_read_once_the_first_lines_are_added(client, bolt, opt):
    first = client.post(PAGE, {"cards": "1 Lightning Bolt\n" * 200 + "// x\n" * 900 + "\n".join(["a"] * 850)})
    second = add_as_shown(client, first)

    assert second.status_code == 200
    assert messages_of(second) == ["Added 200 cards. 800 lines were left out."]
    assert [(row.problem.number, row.problem.text) for row in second.context["review"].rows][::49] == [
        (1, "1 a"),
        (50, "1 a"),
    ]
    assert OrderCard.objects.get().quantity == 200
    assert "a\na" in second.content.decode()  # and it can be changed by hand


def test_the_rest_can_be_read_without_adding_what_was_read(client, bolt, opt):
    first = client.post(PAGE, {"cards": "1 Sol Rnig\n" * 1_000 + "2 Opt\nSideboard\n1 Lightning Bolt"})
    second = client.post(PAGE, {**hidden(first), "next": "1"})

    assert understood(second) == "3 cards understood"
    assert [zone.zone for zone in second.context["review"].zones] == [Zone.MAIN, Zone.SIDEBOARD]
    assert not Order.objects.exists()


# --- twice --------------------------------------------------------------------------------------------------


def test_a_page_that_is_sent_twice_adds_its_list_once(client, bolt):
    response = client.post(PAGE, {"cards": "2 Lightning Bolt"})
    add_as_shown(client, response)
    again = add_as_shown(client, response)

    assert again.status_code == 302
    assert messages_of(again)[-1] == "This list has been added already. To add it again, read it again."
    assert OrderCard.objects.get().quantity == 2


def test_a_list_that_is_read_again_is_added_again(client, bolt):
    for _ in range(2):
        add_as_shown(client, client.post(PAGE, {"cards": "2 Lightning Bolt"}))

    assert OrderCard.objects.get().quantity == 4


def test_what_could_not_be_added_can_be_added_later(client, bolt):
    response = client.post(PAGE, {"cards": "200 Lightning Bolt"})
    cart_line = add_as_shown(client, client.post(PAGE, {"cards": "100 Lightning Bolt"}))
    assert cart_line.status_code == 302
    assert add_as_shown(client, response).status_code == 422
    OrderCard.objects.update(quantity=1)

    assert add_as_shown(client, response).status_code == 302
    assert OrderCard.objects.get().quantity == 201
