"""Controls beside a search: they show the query, and write it again where they are changed."""

from dataclasses import replace

import pytest
from django.http import QueryDict
from hypothesis import given

from inventory.card_query import parse, write
from inventory.card_query.filters import Controls, controls_of, with_controls
from tests.inventory.test_card_query import TEXTS


@pytest.mark.parametrize(
    ("text", "controls"),
    [
        ("bolt", Controls()),
        ("c:ur", Controls(colors="UR")),
        ("c<=ur", Controls(colors="UR", compare="only")),
        ("c=g t:creature", Controls(colors="G", compare="exactly", type="Creature")),
        ("id:esper", Controls(colors="WUB", compare="identity")),
        ("c:c", Controls(colors="C", compare="exactly")),
        ("mv>=2 mv<=4", Controls(mana_from="2", mana_to="4")),
        ("mv:3", Controls(mana_from="3", mana_to="3")),
        ("r:rare set:m10 is:foil", Controls(rarity="rare", set="m10", finish="foil")),
        ("is:owned is:free", Controls(owned=True, free=True)),
        ("order:price direction:desc", Controls(sort="price", direction="desc")),
        ("-c:r or t:elf mv>2 (c:u or c:r)", Controls()),
    ],
)
def test_controls_show_what_a_query_says(text, controls):
    assert controls_of(parse(text)) == controls


@pytest.mark.parametrize(
    ("text", "change", "written"),
    [
        ("bolt", {"colors": "R"}, "bolt c:r"),
        ("bolt c:r t:elf", {"colors": ""}, "bolt t:elf"),
        ("bolt c:r", {"compare": "exactly"}, "bolt c=r"),
        ("c:r", {"colors": "C"}, "c:c"),
        ("bolt or shock", {"owned": True}, "(bolt or shock) is:owned"),
        ("mv>=2 mv<=4 bolt", {"mana_to": "2"}, "bolt mv=2"),
        ("f:modern bolt", {"free": True}, "f:modern bolt is:free"),
        ("set:m10", {"set": "Modern Horizons"}, 'set:"Modern Horizons"'),
        ("bolt", {"sort": "price"}, "bolt order:price"),
        ("bolt order:price direction:desc", {"sort": "name"}, "bolt order:name"),
        ("bolt order:price", {"direction": "desc"}, "bolt order:price direction:desc"),
        ("-c:r bolt", {"colors": "R"}, "-c:r bolt c:r"),
    ],
)
def test_a_control_that_is_changed_changes_its_part_of_the_query(text, change, written):
    controls = replace(controls_of(parse(text)), **change)

    assert with_controls(text, was=text, controls=controls) == written


def test_what_was_typed_meanwhile_stays():
    assert with_controls("bolt c:r", was="bolt", controls=controls_of(parse("bolt"))) == "bolt c:r"
    assert with_controls("bolt c:r", was="bolt", controls=Controls(owned=True)) == "bolt c:r is:owned"


def test_a_text_stays_as_it_was_typed_where_no_control_is_changed():
    text = "  Bolt   COLOR:red "

    assert with_controls(text, was=text, controls=controls_of(parse(text))) == text


@given(TEXTS)
def test_controls_that_are_not_changed_change_nothing_and_all_can_be_cleared(text):
    query = parse(text)

    assert with_controls(text, was=write(query), controls=controls_of(query)) == text
    assert controls_of(parse(with_controls(text, was=text, controls=Controls()))).sort == "best"


@pytest.mark.parametrize(
    "address",
    [
        "color=x&compare=y&type=z&mana_from=-1&mana_to=1e9&rarity=q&set=%00%22&finish=w&owned=2&sort=v&direction=u"
    ],
)
def test_what_no_control_offers_is_taken_for_nothing(address):
    assert Controls.of_address(QueryDict(address)) == Controls()


def test_controls_are_read_from_an_address():
    address = QueryDict(
        "color=r&color=U&compare=only&type=Land&mana_from=02&set=M10&owned=1&sort=mv&direction=desc"
    )

    assert Controls.of_address(address) == Controls(
        colors="UR",
        compare="only",
        type="Land",
        mana_from="2",
        set="M10",
        owned=True,
        sort="mv",
        direction="desc",
    )
