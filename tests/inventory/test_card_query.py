"""The query language: what is understood, what is noted, and that both come back from what is written."""

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from inventory.card_query import LONGEST_TEXT, MOST_TERMS, CardQuery, parse, write
from inventory.card_query.sorting import Direction, Sort
from inventory.card_query.terms import (
    NOTHING,
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
    Not,
    OneOf,
    Oracle,
    Rarity,
    Type,
    Unknown,
    terms_of,
)
from inventory.card_query.words import ELSEWHERE, KEYS, SIGNS

BOLT, ELF = Name("bolt"), Type("elf")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", NOTHING),
        ("bolt", BOLT),
        ("lightning bolt", AllOf((Name("lightning"), BOLT))),
        ('"lightning bolt"', Name("lightning bolt")),
        ("“lightning bolt”", Name("lightning bolt")),
        ('!"Lightning Bolt"', Name("Lightning Bolt", exact=True)),
        ("!Shock", Name("Shock", exact=True)),
        ("-bolt", Not(BOLT)),
        ("--bolt", BOLT),
        ("fire - ice", AllOf((Name("fire"), Name("ice")))),
        ("lim-dul", Name("lim-dul")),
        ("bolt or t:elf", OneOf((BOLT, ELF))),
        ("bolt t:elf OR bolt", OneOf((AllOf((BOLT, ELF)), BOLT))),
        ("bolt (t:elf or -bolt)", AllOf((BOLT, OneOf((ELF, Not(BOLT)))))),
        ("-(bolt t:elf)", Not(AllOf((BOLT, ELF)))),
        ("-(bolt or t:elf)", Not(OneOf((BOLT, ELF)))),
        ("((bolt))", BOLT),
        ("()", NOTHING),
        ("or", Name("or")),
        ("bolt or", AllOf((BOLT, Name("or")))),
        ("and", Name("and")),
        ("bolt and", AllOf((BOLT, Name("and")))),
        ("(and) bolt", AllOf((Name("and"), BOLT))),
        ("bolt and t:elf", AllOf((BOLT, ELF))),
        ("fire and ice", AllOf((Name("fire"), Name("and"), Name("ice")))),
        ("Protection: Red", AllOf((Name("Protection:"), Name("Red")))),
    ],
)
def test_words_phrases_and_how_they_are_put_together(text, tree):
    query = parse(text)

    assert query.tree == tree
    assert query.notes == ()


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("t:elf", ELF),
        ("TYPE:elf", ELF),
        ('type:"basic land"', Type("basic land")),
        ("t!=elf", Not(ELF)),
        ('o:"draw a card"', Oracle("draw a card")),
        ("oracle:{T}", Oracle("{T}")),
        ("name:bolt", BOLT),
        ("c:ur", Colors(Hue.OWN, ">=", "UR")),
        ("color=RU", Colors(Hue.OWN, "=", "UR")),
        ("colour<=izzet", Colors(Hue.OWN, "<=", "UR")),
        ("c>blue", Colors(Hue.OWN, ">", "U")),
        ("c!=g", Colors(Hue.OWN, "!=", "G")),
        ("c:c", Colors(Hue.OWN, "=", "")),
        ("c:colourless", Colors(Hue.OWN, "=", "")),
        ("c:m", ColorCount(Hue.OWN, ">=", 2)),
        ("c=2", ColorCount(Hue.OWN, "=", 2)),
        ("id:esper", Colors(Hue.IDENTITY, "<=", "WUB")),
        ("identity>=w", Colors(Hue.IDENTITY, ">=", "W")),
        ("cmc:3", ManaValue("=", Decimal(3))),
        ("mv>=2.5", ManaValue(">=", Decimal("2.5"))),
        ("manavalue!=0", ManaValue("!=", Decimal(0))),
        ("mv:odd", ManaParity(odd=True)),
        ("set:lea", InSet("lea")),
        ("e:lea", InSet("lea")),
        ("s:lea", InSet("lea")),
        ("r:rare", Rarity("=", 2)),
        ("rarity>=u", Rarity(">=", 1)),
        ("in:lea", Ever(InSet("lea"))),
        ("in!=lea", Not(Ever(InSet("lea")))),
        ("in:Rare", Ever(Rarity("=", 2))),
        ("in:foil", Ever(Is("foil"))),
        ("mv=1000000", ManaValue("=", Decimal(1_000_000))),
        ("is:foil", Is("foil")),
        ("not:foil", Not(Is("foil"))),
        ("-is:mdfc", Not(Is("mdfc"))),
        ("is:tdfc", Is("transform")),
        ("is:owned", Is("owned")),
    ],
)
def test_keys(text, term):
    query = parse(text)

    assert query.tree == term
    assert query.notes == ()


@pytest.mark.parametrize(
    ("text", "sort", "direction"),
    [
        ("bolt order:price", Sort.PRICE, None),
        ("order:cmc direction:desc bolt", Sort.MANA_VALUE, Direction.DOWN),
        ("bolt", Sort.BEST, None),
    ],
)
def test_the_order_is_part_of_the_query(text, sort, direction):
    query = parse(text)

    assert (query.tree, query.sort, query.direction) == (BOLT, sort, direction)


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("f:modern bolt", "“f:modern” was left out. We do not know in which formats a card may be played."),
        ("colr:red bolt", "“colr:red” was left out. There is no key “colr”."),
        ("loy:3 bolt", "“loy:3” was left out. Power, toughness and loyalty are not searched."),
        ("cn:146 bolt", "“cn:146” was left out. Collector numbers are not searched; try set:m10."),
        ("game:paper bolt", "“game:paper” was left out. All cards here are of paper."),
        ("unique:prints bolt", "“unique:prints” was left out. Every card is shown once"),
        ("border:black bolt", "“border:black” was left out. How a card looks is not searched."),
        ("bolt c:xyz", "Colours are the letters"),
        ("bolt mv:many", "A mana value is a number"),
        ("r:shiny bolt", "Rarities are common"),
        ("is:banned bolt", "We know foil"),
        ("t>elf bolt", "It cannot be more or less"),
        ("t: bolt", "“t:” needs a word behind it, for example t:elf."),
        (
            "o:/draw a (card)/ bolt",
            "“o:/draw a (card)/” was left out. Patterns between slashes are not searched",
        ),
        ("in: bolt", "“in:” needs a word behind it, for example in:m10."),
        ("in>lea bolt", "It cannot be more or less; try in:m10."),
        ("in:arena bolt", "It takes a set, a rarity or a finish"),
        ("order:colour bolt", "Cards cannot be sorted by that."),
        ("(bolt", "is not closed"),
        ("bolt)", "closes none that is open"),
        ('"bolt', "A quotation mark is not closed."),
        ("bolt" + " " * LONGEST_TEXT, "Only the first 500 characters"),
    ],
)
def test_what_is_not_understood_is_noted_and_the_rest_is_asked(text, note):
    query = parse(text)

    assert BOLT in list(terms_of(query.tree))
    assert all(isinstance(term, Unknown | Name) for term in terms_of(query.tree))
    assert len(query.notes) == 1
    assert note in query.notes[0]


def test_of_very_many_parts_the_first_are_asked():
    query = parse("a " * (LONGEST_TEXT // 2))

    assert len(list(terms_of(query.tree))) == MOST_TERMS
    assert query.notes == (f"Only the first {MOST_TERMS} parts were searched by.",)


@pytest.mark.parametrize("text", ["(" * LONGEST_TEXT, "-" * LONGEST_TEXT + "a", "(-" * 250, ")" * 500])
def test_deep_nests_are_no_trouble(text):
    assert parse(text).tree == parse(write(parse(text))).tree


def test_control_characters_are_no_part_of_the_text():
    assert parse(" a\x00b\tc ").text == "a b c"


def test_the_shop_only_is_said_once():
    assert CardQuery.asked("is:owned bolt", owned_only=True).tree == AllOf((Is("owned"), BOLT))
    assert CardQuery.asked("bolt", owned_only=True).tree == AllOf((BOLT, Is("owned")))


PIECES = st.sampled_from(
    [
        *(
            '"',
            "(",
            ")",
            "-",
            "!",
            " ",
            " ",
            "or",
            "and",
            "bolt",
            "or or",
            "//",
            ":",
            ">=",
            "“",
            "'",
            "é",
            "\x00",
        ),
        *("t:elf", 'o:"a b"', "c:ur", "c>=c", "c:c", "id<=c", "id:m", "c<2", "mv:3.0", "mv<=007", "mv:even"),
        *(
            "r>rare",
            "is:free",
            "not:foil",
            "x:y",
            'x:"y z"',
            "t:",
            'set:"',
            "order:name",
            "direction:desc",
            "!=",
        ),
        *("t!=elf", "-or", "name:or", '"and"', "c!=m", "Protection:", "f:modern"),
    ]
)
KEYED = st.tuples(
    st.sampled_from([*KEYS, *ELSEWHERE, "x"]),
    st.sampled_from(SIGNS),
    st.sampled_from(
        ["", '""', "1", "r", "rare", "foil", "lea", "c", "price", "asc", '"a b"', "(elf", "/a b/", "~"]
    ),
).map("".join)
TEXTS = st.one_of(
    st.text(max_size=80),
    KEYED,
    st.lists(PIECES, max_size=14).map("".join),
    st.lists(PIECES | KEYED, max_size=14).map(" ".join),
)


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("word", KEYS)
def test_a_key_without_a_value_is_answered_with_an_example(word, sign):
    query = parse(f"{word}{sign}")

    (note,) = query.notes
    example = note.removesuffix(".").rpartition("for example ")[2]
    assert parse(example).notes == ()
    assert example.startswith(tuple(other for other in KEYS if KEYS[other] is KEYS[word]))


@given(TEXTS)
@example("bolt or ()")
@example("-(t!=elf)")
@example('name:"-bolt"')
def test_every_text_is_a_query_that_can_be_written_and_read_again(text):
    query = parse(text)

    written = write(query)
    again = parse(written)

    assert (again.tree, again.sort, again.direction) == (query.tree, query.sort, query.direction)
    assert write(again) == written
