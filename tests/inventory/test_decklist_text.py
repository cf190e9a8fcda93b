"""What the tools write around the cards of a plain list: printings, tags, headings, zones, names of decks."""

import pytest

from inventory.decklist import MAX_LINES, DeckList, parse
from inventory.decklist.lines import DeckLine

BOLT = "Lightning Bolt"


def copies(deck_list: DeckList) -> list[tuple[int, str, str]]:
    """(copies, name, zone) of every line; a list with a problem fails the test."""
    assert deck_list.problems == ()
    return [(line.quantity, line.name, line.zone) for line in deck_list.lines]


def only_line(text: str) -> DeckLine:
    deck_list = parse(text)
    assert deck_list.problems == ()
    [line] = deck_list.lines
    return line


# --- printings and tags -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "set_code", "collector_number", "finish"),
    [
        ("4 Lightning Bolt (M10) 146", "M10", "146", ""),
        ("4 Lightning Bolt (m10)", "m10", "", ""),
        ("4 Lightning Bolt (PLST) GNT-52", "PLST", "GNT-52", ""),
        ("4 Lightning Bolt (SLD) 791★", "SLD", "791★", ""),
        ("4 Lightning Bolt (PM10) 116p", "PM10", "116p", ""),
        ("4 Lightning Bolt (M10) #146", "M10", "146", ""),
        ("4 Lightning Bolt (M10:146)", "M10", "146", ""),
        ("4 Lightning Bolt [M10]", "M10", "", ""),
        ("4 Lightning Bolt [M10:146]", "M10", "146", ""),
        ("4 Lightning Bolt [M10:*]", "M10", "", ""),
        ("4 Lightning Bolt [neo]", "neo", "", ""),
        ("4 [M10] Lightning Bolt", "M10", "", ""),
        ("4 [M10:146] Lightning Bolt", "M10", "146", ""),
        ("4 [ODY:72+] Lightning Bolt", "ODY", "72+", ""),
        ("4 [WAR:2*] Lightning Bolt", "WAR", "2*", ""),
        ("4 [M10] Lightning Bolt (2)", "M10", "", ""),
        ("[M10:146] Lightning Bolt x4", "M10", "146", ""),
        ("Lightning Bolt (M10) x4", "M10", "", ""),
        ("Lightning Bolt (M10)    *4 #", "M10", "", ""),
        ("Lightning Bolt (m10) (*) * 4", "m10", "", ""),
        ("4 Lightning Bolt|M10", "M10", "", ""),
        ("4 Lightning Bolt|M10|2", "M10", "", ""),
        ("4 Lightning Bolt|M10|2|[146]", "M10", "146", ""),
        ("4 Lightning Bolt+|M10|2", "M10", "", "foil"),
        ("4 Lightning Bolt|M10+", "M10", "", "foil"),
        ("4 Lightning Bolt+", "", "", "foil"),
        ("4 Lightning Bolt *F*", "", "", "foil"),
        ("4 Lightning Bolt *E*", "", "", "etched"),
        ("4 Lightning Bolt *f-etch*", "", "", "etched"),
        ("4 Lightning Bolt [foil]", "", "", "foil"),
        ("4 Lightning Bolt [M10:146] [foil]", "M10", "146", "foil"),
        ("4 Lightning Bolt (foil)", "", "", "foil"),
        ("4 Lightning Bolt <extended> [M10] (F)", "M10", "", "foil"),
        ("4 Lightning Bolt <146> [M10]", "M10", "146", ""),
        ("4x Lightning Bolt (m10) 146 *F* [Ramp] ^Have,#37d67a^", "m10", "146", "foil"),
        ("4 Lightning Bolt (M10) 146 *F* #!Card Advantage #Win Condition", "M10", "146", "foil"),
    ],
)
def test_a_line_may_ask_for_a_printing(written, set_code, collector_number, finish):
    line = only_line(written)

    assert (line.quantity, line.name) == (4, BOLT)
    assert (line.set_code, line.collector_number, line.finish) == (set_code, collector_number, finish)


@pytest.mark.parametrize(
    ("behind", "tags"),
    [
        ("#!Card Advantage #Win Condition", ("Card Advantage", "Win Condition")),
        ("#!Ramp", ("Ramp",)),
        ("[Ramp]", ("Ramp",)),
        ("[Ramp,Card Draw]", ("Ramp", "Card Draw")),
        ("^Have,#37d67a^", ("Have,#37d67a",)),
        ("*JP*", ("JP",)),
        ("<retro>", ("retro",)),
    ],
)
def test_a_tag_is_taken_off_and_remembered(behind, tags):
    line = only_line(f"4 Lightning Bolt {behind}")

    assert (line.quantity, line.name, line.set_code, line.tags) == (4, BOLT, "", tags)


@pytest.mark.parametrize(
    ("tag", "zone"),
    [
        ("*CMDR*", "commander"),
        ("*cmdr* (M10) 146", "commander"),
        ("(M10) 146 *CMDR* *F*", "commander"),
        ("[Commander{top}]", "commander"),
        ("(M10) 146 [Sideboard{noDeck},Burn]", "sideboard"),
        ("[Companion]", "sideboard"),
        ("[Ramp,Sideboard]", "main"),
    ],
)
def test_a_tag_may_say_the_zone(tag, zone):
    assert only_line(f"1 Lightning Bolt {tag}").zone == zone


@pytest.mark.parametrize("tag", ["[Maybeboard{noDeck}{noPrice},Ramp]", "[Maybeboard]", "[Cut{noDeck}]"])
def test_a_tag_may_put_a_card_aside(tag):
    deck_list = parse(f"1 Shock\n1 Lightning Bolt (m10) 146 {tag}")

    assert copies(deck_list) == [(1, "Shock", "main")]
    assert [line.name for line in deck_list.aside] == [BOLT]


@pytest.mark.parametrize(
    "name",
    [
        "Erase (Not the Urza's Legacy One)",
        "B.F.M. (Big Furry Monster)",
        "B.F.M. (Big Furry Monster, Right Side)",
        "_____",
        "_____ _____ _____ Trespasser",
        "Borrowing 100,000 Arrows",
        "SP//dr, Piloted by Peni",
        "Fire // Ice",
        "Fire/Ice",
        "Wear／／Tear",
        '"Name Sticker" Goblin',
        "Rumors of My Death . . .",
        "R&D's Secret Lair",
        "Ach! Hans, Run!",
        "X",
        "Lim-Dûl’s Vault",
        "稲妻",
        "Look at Me, I'm the DCI",
    ],
)
@pytest.mark.parametrize(
    "form", ["{}", "3 {}", "3x {}", "{} x3", "3 {} (M10) 146 *F* #!Tag", "3 [M10:146] {}", "3 {}|M10|1"]
)
def test_a_name_is_no_printing_and_no_tag(form, name):
    line = only_line(form.format(name))

    assert line.name == name
    assert line.quantity == (3 if "3" in form else 1)


@pytest.mark.parametrize(
    "form", ["4 {}", "4x {}", "{} x4", "4 {} (UND) 71 *F*", "4 {} [Ramp]", "4 {} #!Ramp"]
)
def test_what_may_be_part_of_the_name_is_offered_as_a_reading(form):
    line = only_line(form.format("Hazmat Suit (Used)"))

    assert line.quantity == 4
    assert "Hazmat Suit (Used)" in (line.name, *line.readings)


def test_readings_begin_with_the_longest():
    line = only_line("4 Hazmat Suit (Used) [Ramp]")

    assert line.readings == ("Hazmat Suit (Used) [Ramp]", "Hazmat Suit (Used)")
    assert (line.name, line.set_code) == ("Hazmat Suit", "Used")


@pytest.mark.parametrize(
    ("written", "whole"),
    [
        ("1996 World Champion", "1996 World Champion"),
        ("1996 World Champion (PCEL) 1 *F*", "1996 World Champion"),
        ("SB: 1996 World Champion #!Joke", "1996 World Champion"),
        ("+2 Mace", "+2 Mace"),
        ("+2 Mace (AFR) 1", "+2 Mace"),
    ],
)
def test_a_number_that_may_belong_to_the_name_is_kept_with_it(written, whole):
    [problem] = parse(written).problems

    assert problem.whole == whole


def test_a_line_without_a_number_may_be_a_name_as_it_stands():
    assert only_line("Hazmat Suit (Used)").whole == "Hazmat Suit (Used)"
    assert only_line("Number 7 x2").whole == "Number 7 x2"


@pytest.mark.parametrize("form", ["3 {}", "{} x3"])
@pytest.mark.parametrize("name", ["+2 Mace", "1996 World Champion"])
def test_a_number_that_belongs_to_the_name_leaves_the_number_of_copies_alone(form, name):
    line = only_line(form.format(name))

    assert (line.quantity, line.name) == (3, name)


@pytest.mark.parametrize(
    "line",
    [
        DeckLine(1, 4, BOLT, "main", set_code="M10", collector_number="146", finish="foil"),
        DeckLine(1, 1, BOLT, "commander", set_code="PLST", collector_number="GNT-52", finish="etched"),
        DeckLine(1, 2, BOLT, "sideboard", set_code="SLD"),
        DeckLine(1, 2, "x Marks"),
        DeckLine(1, 24, "Lands"),
        DeckLine(1, 2, "SB: Island"),
        DeckLine(1, 2, "// Island", "sideboard"),
        DeckLine(1, 2, "#Island"),
        DeckLine(1, 2, "4 Islands"),
    ],
    ids=str,
)
def test_a_line_as_it_is_written_out_keeps_its_printing(line):
    assert parse(str(line)).lines == (line,)


# --- blank lines and headings -----------------------------------------------------------------------------


def test_exactly_one_blank_line_splits_off_the_sideboard():
    assert copies(parse("4 Bolt\n20 Mountain\n\n3 Smash\n1 Shock")) == [
        (4, "Bolt", "main"),
        (20, "Mountain", "main"),
        (3, "Smash", "sideboard"),
        (1, "Shock", "sideboard"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "4 A\n\n4 B\n\n4 C",  # two of them
        "\n\n4 A\n4 B\n\n",  # none between cards
        "4 A\n\n4 B\nSB: 1 C",  # marked line by line
        "Deck\n4 A\n\n4 B",  # headings win
        "4 A\n\n4 B\n\nSideboard\n1 C",
        "Creatures (4)\n4 A\n\nLands (4)\n4 B",
        "// Creatures\n4 A\n\n// Lands\n4 B",
        "1 A *CMDR*\n\n4 B",  # the commander stands apart
        "#NAME:Wagic\nA * 4\n\nB * 4",  # forms that mark their sideboards
        "NAME:XMage\n4 [M10:1] A\n\n4 [M10:2] B",
        "[metadata]\nName=Forge\n[Main]\n4 A|M10\n\n4 B|M10",
    ],
)
def test_otherwise_a_blank_line_is_a_blank_line(text):
    assert {line.name: line.zone for line in parse(text).lines}.get("B") in {"main", None}
    assert "sideboard" not in {line.zone for line in parse(text).lines if line.name != "C"}


def test_a_file_of_a_form_that_marks_its_sideboard_is_not_split_at_a_blank_line():
    assert copies(parse("4 A\n\n4 B", "lands.dec")) == [(4, "A", "main"), (4, "B", "main")]


def test_a_problem_below_the_only_blank_line_is_mended_in_the_sideboard():
    [problem] = parse("4 A\n\n0 B").problems

    assert (problem.zone, problem.text) == ("sideboard", "SB: 0 B")


def test_line_ends_that_were_translated_twice_are_no_blank_lines():
    assert [line.number for line in parse("4 A\r\r\n4 B\r\r\n").lines] == [1, 2]


@pytest.mark.parametrize(
    "name", ["Commander's Sphere", "Deckbuilder", "Sideboard Bob", "Main Event", "Token Hunter", "Land Tax"]
)
def test_the_beginning_of_a_line_is_no_heading(name):
    assert copies(parse(f"{name}\n1 {name}")) == [(1, name, "main"), (1, name, "main")]


def test_a_card_called_like_a_section_of_forge_is_a_card():
    assert copies(parse("Conspiracy\n[Conspiracy]\n1 Shock")) == [
        (1, "Conspiracy", "main"),
        (1, "Shock", "sideboard"),
    ]


@pytest.mark.parametrize("heading", ["[Main]", "[main]", "// Main", "//[Main]", "Mainboard (60)"])
def test_brackets_and_comments_may_be_headings(heading):
    assert copies(parse(f"Sideboard\n1 Shock\n{heading}\n1 Bolt")) == [
        (1, "Shock", "sideboard"),
        (1, "Bolt", "main"),
    ]


@pytest.mark.parametrize(
    "heading",
    ["Creatures (24)", "Land (40)", "Instants & Sorceries", "Planeswalkers:", "[Lands]", "Other Spells (9)"],
)
def test_headings_of_types_and_totals_are_passed_over(heading):
    assert copies(parse(f"{heading}\n4 Bolt\n-----\nTotal: 60\n60 cards\n24 lands\n")) == [
        (4, "Bolt", "main")
    ]


def test_a_heading_that_is_no_type_is_shown_as_what_it_is():
    assert copies(parse("Ramp\n4 Bolt")) == [(1, "Ramp", "main"), (4, "Bolt", "main")]


@pytest.mark.parametrize("end", ["\n", "Creatures (1)\n", "// Creatures (1)\n", "Deck\n"])
def test_the_zone_of_the_commander_ends_with_a_blank_line_or_the_next_heading(end):
    assert copies(parse(f"Commander (1)\n1 Krenko\n{end}1 Goblin")) == [
        (1, "Krenko", "commander"),
        (1, "Goblin", "main"),
    ]


@pytest.mark.parametrize("heading", ["Maybeboard", "Considering:", "Tokens (3)", "[tokens]", "// Maybeboard"])
def test_what_is_no_part_of_the_deck_is_put_aside(heading):
    deck_list = parse(f"4 Bolt\n\n{heading}\n1 Shock (M10) 155\n0 Nothing\n\nSideboard\n1 Smash")

    assert copies(deck_list) == [(4, "Bolt", "main"), (1, "Smash", "sideboard")]
    assert [line.name for line in deck_list.aside] == ["Shock", "Nothing"]
    assert all(line.tags for line in deck_list.aside)


@pytest.mark.parametrize("prefix", ["COMMANDER: ", "Commander: ", "#CMD:", "cmdr: "])
def test_a_prefix_may_name_the_commander(prefix):
    assert copies(parse(f"{prefix}1 Krenko\n1 Goblin")) == [(1, "Krenko", "commander"), (1, "Goblin", "main")]


@pytest.mark.parametrize("between", ["", "Sideboard"])
def test_the_rest_of_a_long_list_keeps_its_zone(between):
    text = "1 Shock\n" * 10 + f"{between}\n" + "1 Bolt\n" * MAX_LINES

    [problem] = parse(text).problems

    assert copies(parse(problem.text)) == [(1, "Bolt", "sideboard")] * 10


# --- names of decks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "About\nName Goblins\n\nDeck\n4 Shock",
        "// NAME : Goblins\n4 Shock",
        "//NAME: Goblins from deckstats.net\n4 Shock",
        "// Name: Goblins from MTGSalvation.com\n4 Shock",
        "#NAME:Goblins\n#DESC:Small\n#HINT:alwaysattackwith(Goblin)\nShock * 4",
        "# name Goblins\n4 Shock",
        "NAME:Goblins\nAUTHOR:me\n4 [M10:155] Shock\nLAYOUT MAIN:(1,1)(NONE,false,50)|([M10:155])",
        "[shop]\nCredits=1200\n[metadata]\nName=Goblins\nDeck Type=constructed\n[main]\n4 Shock|M10",
    ],
)
def test_the_name_of_the_deck_is_no_card(text):
    deck_list = parse(text)

    assert deck_list.name == "Goblins"
    assert copies(deck_list) == [(4, "Shock", "main")]


def test_a_name_is_one_only_below_about():
    assert copies(parse("4 Shock\nName Dropping")) == [(4, "Shock", "main"), (1, "Name Dropping", "main")]


# --- forms ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "filename", "form"),
    [
        ("4 Shock", "", "text"),
        ("4 Shock", "list.txt", "text"),
        ("Deck\n4 Shock (M10) 155", "", "arena"),
        ("About\nName X\n\n4 Shock", "", "arena"),
        ("1 Shock (M10) 155 *F*\n1 Bolt (M10) 146 #!Burn", "", "moxfield"),
        ("1x Shock (m10) 155 [Burn]", "", "archidekt"),
        ("4 Shock\n\nSIDEBOARD:\n1 Bolt", "", "mtgo"),
        ("4 [M10:155] Shock\nSB: 1 [M10:146] Bolt", "", "xmage"),
        ("4 Shock", "goblins.dck", "xmage"),
        ("[metadata]\nName=X\n[Main]\n4 Shock|M10|1", "goblins.dck", "forge"),
        ("// Creatures\n4 Shock\nSB: 1 Bolt", "", "dec"),
        ("4 Shock", "goblins.DEC", "dec"),
        ("// Deck file for Magic Workstation\n4 [M10] Shock", "", "mwdeck"),
        ("#NAME:X\nShock * 4", "deck1.txt", "wagic"),
    ],
)
def test_the_form_is_known_by_what_the_list_holds_and_then_by_the_name_of_the_file(text, filename, form):
    assert parse(text, filename).form == form


# --- what only looks like more than it is -------------------------------------------------------------------


@pytest.mark.parametrize(
    "heading",
    [
        "STICKERS:",
        "Acquireboard (3)",
        "Tokens & Extras",
        "Tokens and Emblems",
        "Planes (10)",
    ],
)
def test_what_stands_below_such_a_heading_is_put_aside(heading):
    deck_list = parse(f"4 Shock\n{heading}\n1 Bolt")

    assert copies(deck_list) == [(4, "Shock", "main")]
    assert [line.name for line in deck_list.aside] == ["Bolt"]


@pytest.mark.parametrize(
    "name", ["Conspiracy", "Acquire", "Dungeon Master", "- Conspiracy", "Commander's Sphere"]
)
def test_a_card_that_is_called_like_a_zone_is_a_card(name):
    assert copies(parse(f"4 Shock\n{name}\n4 Bolt"))[1:] == [
        (1, name.removeprefix("- "), "main"),
        (4, "Bolt", "main"),
    ]


@pytest.mark.parametrize(
    "heading",
    [
        "32 INSTANTS and SORC.",
        "Lands - 24",
        "**Creatures (24)**",
        "--- Lands ---",
        "Noncreature (12)",
        "Deck total: 60",
    ],
)
def test_headings_of_types_may_be_set_off(heading):
    assert copies(parse(f"4 Shock\n{heading}\n4 Bolt")) == [(4, "Shock", "main"), (4, "Bolt", "main")]


def test_arena_tells_a_companion_twice_and_it_is_one_copy():
    deck_list = parse(
        "Companion\n1 Yorion (IKO) 232\n\nDeck\n3 Yorion (IKO) 232\n\nSideboard\n1 Yorion (IKO) 232\n2 Shock"
    )

    assert copies(deck_list) == [(3, "Yorion", "main"), (1, "Yorion", "sideboard"), (2, "Shock", "sideboard")]
    assert [(line.number, line.name) for line in deck_list.aside] == [(2, "Yorion")]


def test_a_companion_that_is_told_once_stands_in_the_sideboard():
    deck_list = parse("Companion\n1 Yorion\n\nDeck\n3 Yorion\n\nSideboard\n2 Shock")

    assert copies(deck_list) == [(1, "Yorion", "sideboard"), (3, "Yorion", "main"), (2, "Shock", "sideboard")]


@pytest.mark.parametrize("bullet", ["-", "*", "•", "–", "- [ ]", "- [x]", "☐"])
def test_a_bullet_is_no_part_of_the_line(bullet):
    deck_list = parse(f"{bullet} 4 Shock\n{bullet} Bolt\n{bullet} SB: 2 Smash")

    assert copies(deck_list) == [(4, "Shock", "main"), (1, "Bolt", "main"), (2, "Smash", "sideboard")]


def test_a_number_without_a_space_is_no_bullet():
    assert [problem.number for problem in parse("-4 Shock\n1 Bolt").problems] == [1]


def test_a_table_may_have_the_name_first():
    assert copies(parse("Shock\t4\nLightning Bolt\t3")) == [
        (4, "Shock", "main"),
        (3, "Lightning Bolt", "main"),
    ]


@pytest.mark.parametrize(
    ("behind", "printing"),
    [
        ("(271)", ("", "271", "")),
        ("(271) [THB]", ("THB", "271", "")),
        ("(40K) 271", ("40K", "271", "")),
        ("(THB) 271 F", ("THB", "271", "foil")),
        ("(THB) 271 Etched", ("THB", "271", "etched")),
        ("(THB) 271 foil etched", ("THB", "271", "etched")),
        ("Foil", ("", "", "foil")),
        ("$1.99", ("", "", "")),
        ("(THB) 271 - $ 0.25", ("THB", "271", "")),
        ("0,25 €", ("", "", "")),
        ("{1}{R}", ("", "", "")),
    ],
)
def test_what_shops_write_behind_a_name_is_no_part_of_it(behind, printing):
    line = only_line(f"4 Forest {behind}")

    assert (line.quantity, line.name) == (4, "Forest")
    assert (line.set_code, line.collector_number, line.finish) == printing


def test_a_number_in_brackets_may_be_one_of_copies_where_none_is_written():
    assert only_line("Forest (4)").name == "Forest (4)"


@pytest.mark.parametrize(
    ("written", "zone"),
    [
        ("1 Krenko (Commander)", "commander"),
        ("1 Krenko (sideboard)", "sideboard"),
        ("1 Krenko (M13) 138 (SB)", "sideboard"),
        ("SB 1 Krenko", "sideboard"),
    ],
)
def test_a_remark_may_say_the_zone(written, zone):
    assert (only_line(written).name, only_line(written).zone) == ("Krenko", zone)


@pytest.mark.parametrize("remark", ["# Maybe", "> tokens", "# Sideboard", "#Considering"])
def test_a_remark_is_no_heading(remark):
    deck_list = parse(f"4 Shock\n{remark}\n4 Bolt")

    assert copies(deck_list) == [(4, "Shock", "main"), (4, "Bolt", "main")]
    assert deck_list.aside == ()


def test_a_title_above_a_blank_line_leaves_the_deck_where_it_is():
    deck_list = parse("Mono Red Burn\n\n4 Bolt\n20 Mountain")
    assert {line.zone for line in deck_list.lines} == {"main"}

    deck_list = parse("Mono Red Burn\n\n4 Bolt\n20 Mountain\n\n2 Smash")
    assert [line.zone for line in deck_list.lines] == ["main", "main", "main", "sideboard"]


def test_names_alone_may_have_a_sideboard_below_a_blank_line():
    assert copies(parse("Bolt\nShock\n\nSmash"))[-1] == (1, "Smash", "sideboard")


def test_headings_of_types_leave_the_sideboard_below_the_blank_line():
    deck_list = parse("Creatures (4)\n4 Bear\nLands (20)\n20 Forest\n\n2 Naturalize")
    assert [line.zone for line in deck_list.lines] == ["main", "main", "sideboard"]


@pytest.mark.parametrize(
    "text", ["Creatures (4)\n4 Bear\n\nLands (20)\n20 Forest", "4 Bear\nLands\n\n20 Forest"]
)
def test_a_blank_line_beside_the_heading_of_a_type_only_sets_it_off(text):
    assert {line.zone for line in parse(text).lines} == {"main"}


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ("1 Krenko # !Commander", DeckLine(1, 1, "Krenko", "commander")),
        ("1 Krenko #!Commander", DeckLine(1, 1, "Krenko")),
        ("Lightning Bolt FOIL", DeckLine(1, 1, BOLT, finish="foil")),
        ("4 Lightning Bolt (M10) 146 FOIL", DeckLine(1, 4, BOLT, "main", "", "M10", "146", "foil")),
        ("4\tLightning Bolt\tM10\t146", DeckLine(1, 4, BOLT, "main", "", "M10", "146")),
        ("4\tLightning Bolt\tM10", DeckLine(1, 4, BOLT, "main", "", "M10")),
        ("4\tLightning Bolt", DeckLine(1, 4, BOLT)),
        ("Lightning Bolt 4x", DeckLine(1, 4, BOLT)),
    ],
)
def test_what_further_tools_write(written, line):
    assert only_line(written) == line
