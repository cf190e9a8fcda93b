"""Why a card is short: by example, and against the brute-force model."""

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tried
from hypothesis import strategies as st

from inventory.availability import END, FRONT, Place, free_days, shortfalls
from inventory.explanations import Ahead, Explanation, explain, explained, reservations_ahead
from inventory.free_days import FreeDays
from inventory.models import Card, Reservation
from inventory.periods import BlockedPeriod
from tests.factories import TODAY, CardFactory, PrintingFactory, StockMovementFactory, stocked_card

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
HORIZON_DAYS = 40


@pytest.fixture(autouse=True)
def _horizon(settings) -> None:
    settings.RENTAL_HORIZON_DAYS = HORIZON_DAYS


def day(offset: int):
    return TODAY + timedelta(days=offset)


def reserve(card: Card, quantity: int, out: int, back: int, state: str = "firm", **fields) -> Reservation:
    if state == "queued":
        fields.setdefault("queued_at", NOON)
    return Reservation.objects.create(
        card=card, quantity=quantity, out_on=day(out), back_on=day(back), state=state, **fields
    )


def why(card: Card, quantity: int, out: int, back: int, **question) -> Explanation:
    found = explain({card.pk: quantity}, BlockedPeriod(day(out), day(back)), today=TODAY, **question)
    return found[card.pk]


def claims(explanation: Explanation) -> list[uuid.UUID]:
    return [row.claim for row in explanation.ahead]


def test_what_is_free_needs_no_explanation():
    assert explain({stocked_card(4).pk: 4}, BlockedPeriod(day(1), day(4)), today=TODAY) == {}


def test_it_says_on_which_days_how_many_are_missing():
    card = stocked_card(4)
    reserve(card, 3, 2, 4)

    found = why(card, 3, 1, 6)

    assert (found.quantity, found.short, found.days) == (3, 2, {day(2): 2, day(3): 2})


def test_it_clears_on_the_first_day_after_the_last_missing_one():
    card = stocked_card(4)
    reserve(card, 3, 2, 4)

    assert why(card, 3, 1, 6).clears_on == day(4)


def test_where_the_last_missing_day_ends_the_period_it_clears_after_it():
    card = stocked_card(4)
    reserve(card, 3, 2, 9)
    reserve(card, 2, 9, 12)

    assert why(card, 3, 1, 6).clears_on == day(12)


def test_a_gap_before_the_last_missing_day_is_not_the_end():
    card = stocked_card(4)
    reserve(card, 4, 1, 2)
    reserve(card, 4, 3, 5)

    assert why(card, 1, 1, 6).clears_on == day(5)


def test_it_never_clears_where_the_shop_owns_too_few():
    found = why(stocked_card(1), 3, 1, 4)

    assert (found.ahead, found.owned, found.clears_on) == ((), 1, None)


def test_it_clears_with_a_purchase_under_way():
    card = stocked_card(1)
    StockMovementFactory(printing=card.printings.get(), quantity=2, effective_on=day(9))

    assert why(card, 3, 1, 4).clears_on == day(9)


@pytest.mark.parametrize(("back", "clears"), [(HORIZON_DAYS + 3, True), (HORIZON_DAYS + 4, False)])
def test_it_looks_as_far_as_the_shop_plans(back, clears):
    card = stocked_card(1)
    reserve(card, 1, 1, back)

    assert why(card, 1, 1, 4).clears_on == (day(back) if clears else None)


def test_ahead_stands_who_is_out_then_who_is_promised_then_the_queue_by_place():
    card = stocked_card(4)
    second = reserve(card, 1, 1, 4, "queued", queued_at=NOON + timedelta(hours=1))
    first = reserve(card, 1, 1, 4, "queued", queued_at=NOON)
    firm = reserve(card, 1, 1, 4)
    out = reserve(card, 1, -1, 4, "out")

    found = why(card, 1, 1, 4)

    assert claims(found) == [out.claim, firm.claim, first.claim, second.claim]
    assert [row.state for row in found.ahead] == ["out", "firm", "queued", "queued"]


def test_ahead_stands_nobody_who_covers_none_of_the_missing_days():
    card = stocked_card(4)
    reserve(card, 1, 1, 2)
    taken = reserve(card, 4, 3, 5)

    assert claims(why(card, 2, 1, 6)) == [taken.claim]


def test_nobody_stands_ahead_of_themselves():
    card = stocked_card(1)
    mine, other = reserve(card, 1, 1, 4), reserve(card, 1, 1, 4)

    assert claims(why(card, 1, 1, 4, excluding=mine.claim)) == [other.claim]


def test_ahead_of_one_who_waits_stand_those_who_came_before():
    card = stocked_card(1)
    before = reserve(card, 1, 1, 4, "queued", queued_at=NOON)
    mine = reserve(card, 1, 1, 4, "queued", queued_at=NOON + timedelta(hours=1))
    reserve(card, 1, 1, 4, "queued", queued_at=NOON + timedelta(hours=2))

    found = why(card, 1, 1, 4, place=Place(mine.queued_at, mine.claim), excluding=mine.claim)

    assert claims(found) == [before.claim]


def test_ahead_of_one_who_is_promised_stands_no_queue():
    card = stocked_card(1)
    reserve(card, 1, 1, 4, "queued")
    firm = reserve(card, 1, 1, 4)

    assert claims(why(card, 1, 1, 4, place=FRONT)) == [firm.claim]


@pytest.mark.parametrize(
    ("expected", "back_on"),
    [
        pytest.param(None, None, id="nobody knows"),
        pytest.param(3, 3, id="staff know"),
        pytest.param(-1, None, id="the day that staff named has passed"),
    ],
)
def test_overdue_copies_are_told_with_the_day_on_which_they_are_expected(expected, back_on):
    card = stocked_card(1)
    expected_on = None if expected is None else day(expected)
    late = reserve(card, 1, -9, -2, "out", expected_on=expected_on)

    found = why(card, 1, 1, 6)

    back_on = None if back_on is None else day(back_on)
    assert found.ahead == (
        Ahead(late.claim, 1, day(-9), back_on, Reservation.State.OUT, overdue=True, expected_on=expected_on),
    )
    assert found.clears_on == back_on


def test_copies_that_are_out_and_not_yet_due_are_not_overdue():
    card = stocked_card(1)
    reserve(card, 1, -1, 1, "out", expected_on=day(3))

    [out] = why(card, 1, 1, 6).ahead

    assert (out.overdue, out.back_on) == (False, day(3))


@pytest.mark.parametrize("cards", [1, 40])
def test_a_deck_is_explained_in_two_queries(cards, django_assert_num_queries):
    demand = {}
    for _ in range(cards):
        card = stocked_card(1)
        reserve(card, 1, 1, 4)
        demand[card.pk] = 2

    with django_assert_num_queries(2):
        assert len(explain(demand, BlockedPeriod(day(1), day(4)), today=TODAY)) == cards


def test_where_nothing_is_short_one_query_is_enough(django_assert_num_queries):
    demand = {stocked_card(4).pk: 4}

    with django_assert_num_queries(1):
        explain(demand, BlockedPeriod(day(1), day(4)), today=TODAY)


# --- against plain re-computation -----------------------------------------------------------------------

rows = st.builds(
    lambda quantity, out, away: Ahead(
        uuid.uuid4(),
        quantity,
        day(out),
        None if away is None else day(out + away),
        Reservation.State.FIRM,
    ),
    st.integers(1, 4),
    st.integers(-3, 9),
    st.none() | st.integers(1, 6),
)


@given(st.integers(0, 6), st.lists(rows, max_size=5), st.integers(1, 4), st.integers(1, 6))
def test_an_explanation_adds_up(owned, ahead, quantity, length):
    since = [0] + [max(0, (row.out_on - TODAY).days) for row in ahead]
    until = [20] + [min(20, max(0, (row.back_on - TODAY).days)) if row.back_on else 20 for row in ahead]
    copies = [owned] + [-row.quantity for row in ahead]
    free = FreeDays.of_spans(TODAY, 20, [7], [7] * len(copies), since, until, copies)
    days = free.until(day(length)).missing({7: quantity}).get(7)
    if days is None:
        return

    found = explained(7, quantity, days, free=free, ahead=ahead)

    assert found.owned == owned
    assert list(found.ahead) == [row for row in ahead if any(row.covers(one) for one in days)]
    last = max(days)
    later = [last + timedelta(days=more) for more in range(1, (day(20) - last).days)]
    cleared = [
        one for one in later if owned - sum(row.quantity for row in ahead if row.covers(one)) >= quantity
    ]
    assert found.clears_on == (cleared[0] if cleared else None)


reservations = st.lists(
    st.tuples(
        st.integers(-8, 10),  # out
        st.integers(1, 8),  # days away
        st.integers(1, 4),  # copies
        st.sampled_from(["firm", "out", "queued"]),
        st.integers(0, 2),  # hour of the queue
        st.none() | st.integers(-6, 12),  # expected
    ),
    max_size=7,
)


@tried(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, 4), reservations), min_size=1, max_size=2),
    st.integers(0, 6),
    st.integers(1, 8),
    st.integers(1, 5),
    st.none() | st.integers(0, 3),
    st.booleans(),
)
def test_an_explanation_is_what_the_model_says(cards, out, length, quantity, hour, exclude_one):
    demand, made = {}, []
    for owned, reserved in cards:
        card = CardFactory()
        StockMovementFactory(printing=PrintingFactory(card=card), quantity=owned + 1)
        for start, away, copies, state, queue_hour, expected in reserved:
            fields = {"queued_at": NOON + timedelta(hours=queue_hour)} if state == "queued" else {}
            if state == "out" and expected is not None:
                fields["expected_on"] = day(expected)
            made.append(reserve(card, copies, start, start + away, state, **fields))
        demand[card.pk] = quantity
    place = END if hour is None else Place(NOON + timedelta(hours=hour), uuid.UUID(int=2**127))
    excluding = made[0].claim if made and exclude_one else None
    question = {"today": TODAY, "place": place, "excluding": excluding}
    period = BlockedPeriod(day(out), day(out + length))

    found = explain(demand, period, **question)

    short = shortfalls(demand, period.out_on, period.back_on, **question)
    assert {card: (one.short, one.days) for card, one in found.items()} == {
        card: (one.short, one.days) for card, one in short.items()
    }
    for card_id, one in found.items():
        last = max(one.days)
        end = day(out + length + HORIZON_DAYS)
        free = free_days([card_id], last, end, **question).by_day()[card_id]
        enough = [last + timedelta(days=offset) for offset, copies in enumerate(free) if copies >= quantity]
        assert one.clears_on == next(iter(enough), None)
        # Whoever is named is one without whom more would be free on a missing day, and nobody else is.
        for row in (row for row in made if row.card_id == card_id and row.claim != excluding):
            named = row.claim in {ahead.claim for ahead in one.ahead}
            counts = row.state != "queued" or place is END or (row.queued_at, row.claim) < place
            assert named == (counts and any(covers(row, then) for then in one.days))
        assert one.owned == free[0] + sum(row.quantity for row in one.ahead if row.covers(last))


def covers(row: Reservation, on: date) -> bool:
    until = max(filter(None, [row.back_on, row.expected_on]))
    return row.out_on <= on and (on < until or (row.state == "out" and until <= TODAY))


def test_of_no_card_nothing_stands_ahead(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert reservations_ahead([], BlockedPeriod(day(1), day(2)), today=TODAY) == {}
