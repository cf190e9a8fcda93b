"""What a query finds, against a model that looks at one card after the other and at nothing but the rules."""

import operator
from datetime import timedelta
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory.card_query import parse
from inventory.card_query.sorting import Sort
from inventory.card_query.terms import (
    FINISHES,
    RARITIES,
    AllOf,
    ColorCount,
    Colors,
    Ever,
    Hue,
    InSet,
    Is,
    ManaParity,
    ManaValue,
    Name,
    Node,
    Not,
    OneOf,
    Oracle,
    Rarity,
    Type,
    Unknown,
)
from inventory.models import Card, Printing, Reservation
from inventory.search import CardQuery, search_cards
from tests.factories import TODAY, CardFactory, PrintingFactory, StockMovementFactory

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
SIGNS = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
LAYOUTS = {
    "split": {"split"},
    "transform": {"transform"},
    "mdfc": {"modal_dfc"},
    "dfc": {"transform", "modal_dfc"},
}

CARDS = [
    # name, layout, type line, colours, identity, mana value, text
    ("Lightning Bolt", "normal", "Instant", "R", "R", 1, "It deals 3 damage."),
    ("Lightning Helix", "normal", "Instant", "WR", "WR", 2, "It deals 3 damage and you gain 3 life."),
    ("Fire // Ice", "split", "Instant // Instant", "UR", "UR", 4, "Two damage.\n//\nDraw a card."),
    ("Serra Angel", "normal", "Creature — Angel", "W", "W", 5, "Flying, vigilance"),
    ("Æther Vial", "normal", "Artifact", "", "", 1, "{T}: Put a creature card onto the battlefield."),
    ("Delver // Aberration", "transform", "Creature — Human // Creature — Insect", "U", "U", 1, ""),
    ("Jace, the Mind Sculptor", "normal", "Legendary Planeswalker — Jace", "U", "U", 4, "Draw three cards."),
    ("Niv-Mizzet", "normal", "Legendary Creature — Dragon", "UR", "UR", 6, "Flying\nDraw a card."),
    ("Island", "normal", "Basic Land — Island", "", "U", 0, "{T}: Add {U}."),
    ("Glasspool Mimic // Glasspool Shore", "modal_dfc", "Creature // Land", "U", "U", 3, "A copy."),
    ("Bonecrusher // Stomp", "adventure", "Creature — Giant // Instant — Adventure", "R", "R", 3, "Two damage."),
    ("Azcanta // Sunken Ruin", "transform", "Legendary Enchantment // Legendary Land", "U", "U", 2, "Surveil."),
    ("Westvale Abbey // Ormendahl", "transform", "Land // Legendary Creature — Demon", "", "", 0, "Flying"),
    ("Gleemax", "normal", "Legendary Artifact", "U", "U", 1_000_000, "You choose all targets."),
]  # fmt: skip
EDITIONS = [
    # place of the card, set, finish, rarity, copies owned, of which are reserved; the number is that of the card
    (0, "lea", "nonfoil", "common", 4, 1), (0, "m10", "foil", "common", 0, 0), (0, "sld", "etched", "rare", 0, 0),
    (1, "rav", "nonfoil", "uncommon", 2, 2), (2, "apc", "foil", "uncommon", 1, 0),
    (3, "lea", "nonfoil", "uncommon", 0, 0), (4, "dst", "nonfoil", "rare", 3, 1),
    (5, "isd", "nonfoil", "common", 0, 0),
    (6, "wwk", "foil", "mythic", 1, 1), (7, "grn", "nonfoil", "", 2, 0),
    (7, "grn", "foil", "", 0, 0), (3, "m10", "foil", "rare", 0, 0), (10, "eld", "foil", "rare", 1, 0),
    (10, "eld", "nonfoil", "rare", 0, 0), (10, "peld", "foil", "rare", 0, 0),
]  # fmt: skip


@pytest.fixture
def catalogue() -> None:
    cards = [
        CardFactory(
            name=name,
            slug=f"card-{place}",
            layout=layout,
            type_line=types,
            colors=colors,
            color_identity=identity,
            mana_value=mana_value,
            oracle_text=text,
        )
        for place, (name, layout, types, colors, identity, mana_value, text) in enumerate(CARDS)
    ]
    for place, code, finish, rarity, owned, reserved in EDITIONS:
        printing = PrintingFactory(
            card=cards[place],
            set_code=code,
            collector_number=str(place),
            finish=finish,
            rarity=rarity,
            set_name="",
        )
        if owned:
            StockMovementFactory(printing=printing, quantity=owned)
        if reserved:
            Reservation.objects.create(
                card=cards[place],
                quantity=reserved,
                out_on=TODAY,
                back_on=TODAY + timedelta(days=365),
                state="firm",
            )


# --- the model ------------------------------------------------------------------------------------------


def model(tree: Node) -> set[str]:
    """The names of the cards that any of their printings, or none where there are none, lets be found."""
    printings = Printing.objects.select_related("card")
    editions = [(printing.card, printing) for printing in printings]
    editions += [(card, None) for card in Card.objects.filter(printings=None)]
    return {card.name for card, printing in editions if holds(tree, card, printing)}


def holds(node: Node, card: Card, printing: Printing | None) -> bool:
    match node:
        case Not(of):
            return not holds(of, card, printing)
        case AllOf(of):
            return all(holds(inner, card, printing) for inner in of)
        case OneOf(of):
            return any(holds(inner, card, printing) for inner in of)
        case Name(text, exact):
            plain, asked = card.name.lower().replace("æ", "ae"), text.lower().replace("æ", "ae")
            return asked in [plain, *plain.split(" // ")] if exact else asked in plain
        case Type(text):
            return text.lower() in card.type_line.lower()
        case Oracle(text):
            return text.lower() in " ".join(card.oracle_text.lower().split())
        case Colors(hue, sign, letters):
            mine = frozenset(card.colors if hue is Hue.OWN else card.color_identity)
            return SIGNS[sign](mine, frozenset(letters))
        case ColorCount(hue, sign, number):
            return SIGNS[sign](len(card.colors if hue is Hue.OWN else card.color_identity), number)
        case ManaValue(sign, number):
            return SIGNS[sign](card.mana_value, number)
        case ManaParity(odd):
            return int(card.mana_value) % 2 == odd
        case InSet(text):
            return printing is not None and printing.set_code == text
        case Rarity(sign, rank):
            known = printing is not None and printing.rarity
            return bool(known) and SIGNS[sign](RARITIES.index(printing.rarity), rank)
        case Is(word) if word in FINISHES:
            return (
                printing is not None
                and card.printings.filter(finish=word, set_code=printing.set_code).exists()
            )
        case Ever(of):
            return any(holds(of, card, each) for each in card.printings.all())
        case Is("owned"):
            return owned(card) > 0
        case Is("free"):
            return owned(card) - sum(r.quantity for r in card.reservations.all()) > 0
        case Is("commander"):
            front = card.type_line.split(" // ")[0]
            return "Legendary" in front and "Creature" in front
        case Is("permanent"):
            return any("Instant" not in face and "Sorcery" not in face for face in playable(card))
        case Is("spell"):
            return any("Land" not in face for face in playable(card))
        case Unknown():
            return True
        case Is(word):
            return card.layout in LAYOUTS[word]
    raise AssertionError(node)


def playable(card: Card) -> list[str]:
    """The types of the faces as which it can be played."""
    faces = card.type_line.split(" // ")
    return faces[:1] if card.layout == "transform" else faces


def owned(card: Card) -> int:
    return sum(
        movement.quantity for printing in card.printings.all() for movement in printing.stock_movements.all()
    )


# --- the two agree --------------------------------------------------------------------------------------

TERMS = [
    *("lightning", "ice", "fire", "aether", "jace,", "!fire", '!"Lightning Bolt"', '"mind sculptor"'),
    *("t:creature", "t:instant", 't:"basic land"', "o:draw", 'o:"draw a card"', "o:{t}"),
    *(
        f"c{sign}{letters}"
        for sign, letters in product((":", "=", "!=", "<", "<=", ">", ">="), ("u", "ur", "c"))
    ),
    *(f"id{sign}{letters}" for sign, letters in product((":", "=", ">="), ("u", "wr", "c"))),
    *("c:m", "c=2", "id<2", "mv=1", "mv>=4", "mv<2", "mv!=4", "mv:even", "mv:odd"),
    *("set:lea", "s:m10", "r:common", "r>=rare", "r<rare", "r!=common"),
    *("is:foil", "is:nonfoil", "is:etched", "is:split", "is:dfc", "is:mdfc", "is:transform"),
    *("is:commander", "is:permanent", "is:spell", "is:owned", "is:free", "mv=1000000"),
    *("in:lea", "in:rare", "in:foil", "in!=m10", "set:lea in:m10"),
    *("is:foil is:nonfoil", "is:foil -is:nonfoil", "is:foil r:rare", "set:m10 is:foil"),
]
QUERIES = st.recursive(
    st.sampled_from(TERMS),
    lambda inner: st.one_of(
        inner.map(lambda text: f"-({text})"),
        st.lists(inner, min_size=2, max_size=3).map(lambda texts: f"({' '.join(texts)})"),
        st.lists(inner, min_size=2, max_size=3).map(lambda texts: f"({' or '.join(texts)})"),
    ),
    max_leaves=5,
)


@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize("text", TERMS)
def test_every_term_finds_what_its_rule_says_and_its_negation_too(text):
    check(text)
    check(f"-{text}")


@pytest.mark.usefixtures("catalogue")
@given(QUERIES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_terms_put_together_find_what_their_rules_say(text):
    check(text)


@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize(
    "text",
    [
        "c:r -(f:modern pow>3)",
        "t:creature -(pow>3 tou>3)",
        "c:r (f:modern pow>3)",
        "-(c:r f:modern)",
        "-f:modern",
    ],
)
def test_what_is_not_understood_rules_nothing_out_wherever_it_stands(text):
    understood = {
        "c:r -(f:modern pow>3)": "c:r", "t:creature -(pow>3 tou>3)": "t:creature",
        "c:r (f:modern pow>3)": "c:r", "-(c:r f:modern)": "-c:r", "-f:modern": "",
    }[text]  # fmt: skip
    check(understood)

    assert found_by(text) == found_by(understood) != set()


def found_by(text: str) -> set[str]:
    answer = search_cards(query=CardQuery.asked(text), today=TODAY)
    return {line.card.name for line in answer.found}


def check(text: str) -> None:
    query = parse(text)
    assert query.notes == ()

    found = search_cards(query=CardQuery(query.text, query.tree, Sort.NAME), today=TODAY)

    if not found.named_like:  # near names are told by their own tests
        assert {line.card.name for line in found.found} == model(query.tree)
