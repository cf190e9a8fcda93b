"""The order in which to buy: by example, and against the definition read word by word."""

import random
import time
from collections import Counter
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from inventory.buying import Row, Step, buying_rows, buying_steps

BOLT, SHOCK, SPIKE, GUIDE = 1, 2, 3, 4

Missing = list[tuple[str, dict[int, int]]]


def steps(*missing: tuple[str, dict[int, int]]) -> list[Step]:
    return list(buying_steps(missing))


def step(copies: dict[int, int], *serves: str) -> Step:
    return Step(copies, serves)


# --- by copies ----------------------------------------------------------------------------------------------


def test_nobody_who_waits_is_nothing_to_buy():
    assert steps() == []


def test_one_copy_for_one_order_goes_before_four_copies_for_one_order():
    assert steps(("a", {BOLT: 4}), ("b", {SHOCK: 1})) == [step({SHOCK: 1}, "b"), step({BOLT: 4}, "a")]


def test_what_serves_many_goes_before_what_serves_few_whatever_the_size():
    many = [("b", {BOLT: 3}), ("c", {BOLT: 2}), ("d", {BOLT: 1})]

    assert steps(("a", {SHOCK: 2}), *many)[-1] == step({SHOCK: 2}, "a")


def test_the_copies_of_those_ahead_are_bought_once():
    assert steps(("a", {BOLT: 1}), ("b", {BOLT: 3})) == [step({BOLT: 1}, "a"), step({BOLT: 2}, "b")]


def test_everybody_whom_a_bundle_completes_is_served_with_it():
    missing = [("a", {BOLT: 1, SHOCK: 1}), ("b", {BOLT: 1}), ("c", {SHOCK: 1}), ("d", {SPIKE: 1})]

    assert steps(*missing) == [step({BOLT: 1, SHOCK: 1}, "a", "b", "c"), step({SPIKE: 1}, "d")]


def test_a_card_that_is_bought_for_one_makes_the_bundle_of_another_smaller():
    missing = [("a", {BOLT: 2, SHOCK: 1}), ("b", {BOLT: 2}), ("c", {SPIKE: 2})]

    assert steps(*missing) == [
        step({BOLT: 2, SHOCK: 1}, "a", "b"),  # two for three copies: better than one for two
        step({SPIKE: 2}, "c"),
    ]


def test_equally_good_ones_go_by_size_and_then_by_place():
    missing = [
        ("a", {BOLT: 2}),
        ("b", {BOLT: 2}),
        ("c", {SHOCK: 1}),
        ("d", {SPIKE: 1}),
    ]

    assert [bought.copies for bought in steps(*missing)] == [{SHOCK: 1}, {SPIKE: 1}, {BOLT: 2}]


# --- by cards -----------------------------------------------------------------------------------------------


def test_a_row_says_who_is_served_by_which_of_its_copies():
    missing = [("a", {BOLT: 2}), ("b", {BOLT: 5}), ("c", {BOLT: 5})]

    assert buying_rows({BOLT: 5}, missing) == [Row(BOLT, 5, {2: ("a",), 5: ("b", "c")}, {})]


def test_a_row_that_serves_nobody_yet_says_below_which_card_it_will():
    missing = [("a", {BOLT: 2, SHOCK: 1}), ("b", {SHOCK: 4, BOLT: 1})]

    first, second = buying_rows({BOLT: 2, SHOCK: 4}, missing)

    assert first == Row(BOLT, 2, {}, {SHOCK: ("a", "b")})
    assert second == Row(SHOCK, 4, {1: ("a",), 4: ("b",)}, {})


def test_rows_of_one_purchase_stand_as_in_the_list_of_needs():
    missing = [("a", {BOLT: 1, SHOCK: 1})]

    assert [row.card_id for row in buying_rows({SHOCK: 1, BOLT: 1}, missing)] == [SHOCK, BOLT]
    assert [row.card_id for row in buying_rows({BOLT: 1, SHOCK: 1}, missing)] == [BOLT, SHOCK]


def test_what_is_needed_for_nobody_stands_at_the_end():
    assert buying_rows({GUIDE: 1, BOLT: 1}, [("a", {BOLT: 1})]) == [
        Row(BOLT, 1, {1: ("a",)}, {}),
        Row(GUIDE, 1, {}, {}),
    ]


def test_who_misses_more_than_is_needed_or_nothing_is_served_by_no_row():
    missing = [("late", {BOLT: 3}), ("stranger", {GUIDE: 1}), ("ready", {})]

    assert buying_rows({BOLT: 2}, missing) == [Row(BOLT, 2, {}, {})]


# --- against the definition -----------------------------------------------------------------------------------

queues = st.lists(
    st.dictionaries(st.integers(1, 5), st.integers(1, 6), min_size=1, max_size=4), max_size=9
).map(lambda queue: [(f"order {number}", cards) for number, cards in enumerate(queue)])


def most_missed(missing: Missing) -> dict[int, int]:
    needs: dict[int, int] = {}
    for _, cards in missing:
        for card, copies in cards.items():
            needs[card] = max(copies, needs.get(card, 0))
    return needs


def served(missing: Missing, bought: Counter) -> list[str]:
    return [key for key, cards in missing if all(bought[card] >= copies for card, copies in cards.items())]


def by_the_book(missing: Missing) -> list[Step]:
    """Try every bundle at every step."""
    bought: Counter = Counter()
    found = []
    waiting = list(missing)
    while waiting:
        best = None
        for _, cards in waiting:
            bundle = {card: copies - bought[card] for card, copies in cards.items() if copies > bought[card]}
            keys = served(waiting, bought + Counter(bundle))
            worth = (Fraction(len(keys), sum(bundle.values())), -sum(bundle.values()))
            if best is None or worth > best[0]:
                best = worth, bundle, keys
        _, bundle, keys = best
        bought += Counter(bundle)
        waiting = [(key, cards) for key, cards in waiting if key not in keys]
        found.append(Step(bundle, tuple(keys)))
    return found


@given(queues)
def test_the_steps_are_those_of_the_definition(missing: Missing):
    assert list(buying_steps(missing)) == by_the_book(missing)


@given(queues)
def test_all_steps_together_buy_the_most_that_anybody_misses_and_serve_everybody_once(missing: Missing):
    bought: Counter = Counter()
    keys: list[str] = []
    for purchase in buying_steps(missing):
        bought.update(purchase.copies)
        keys += purchase.serves

    assert bought == most_missed(missing)
    assert sorted(keys) == sorted(key for key, _ in missing)


@given(queues, st.data())
def test_the_rows_tell_the_truth_about_every_copy(missing: Missing, data: st.DataObject):
    """Buy the rows from the top, copy by copy, and see who is served by which."""
    needs = most_missed(missing)
    if missing:  # somebody whom no purchase helps, and a card that nobody waits for
        missing = [*missing, ("never", {1: needs.get(1, 0) + 1})]
        needs[9] = 1
    shuffled = {card: needs[card] for card in data.draw(st.permutations(sorted(needs)))}
    bought: Counter = Counter()
    happy: set[str] = set()

    rows = buying_rows(shuffled, missing)

    assert {row.card_id: row.copies for row in rows} == needs
    for row in rows:
        told = {}
        for copies in range(1, row.copies + 1):
            bought[row.card_id] += 1
            if now := set(served(missing, bought)) - happy:
                told[copies] = now
                happy |= now
        assert {copies: set(keys) for copies, keys in row.serves.items()} == told
    assert happy == {key for key, _ in missing} - {"never"}
    last = {key: row.card_id for row in rows for keys in row.serves.values() for key in keys}
    for row in rows:
        waiting = {key for key, cards in missing if row.card_id in cards and key in last} - {
            key for keys in row.serves.values() for key in keys
        }
        assert {key: card for card, keys in row.later.items() for key in keys} == {
            key: last[key] for key in waiting
        }


def test_five_thousand_who_wait_take_no_time_worth_naming():
    rng = random.Random(1)
    missed: Counter = Counter()
    missing = []
    for number in range(5_000):
        cards = rng.sample(range(1_000), 3)
        for card in cards:
            missed[card] += rng.randint(1, 4)
        missing.append((str(number), {card: missed[card] for card in cards}))

    began = time.process_time()
    rows = buying_rows(missed, missing)

    assert time.process_time() - began < 2
    assert sum(len(keys) for row in rows for keys in row.serves.values()) == 5_000
