from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from inventory.sweep import DAY, FreeSteps, first_start_between_gaps, spread

START = date(2026, 1, 1)


def day(offset: int) -> date:
    return START + timedelta(days=offset)


@st.composite
def free_steps(draw) -> FreeSteps:
    length = draw(st.integers(1, 30))
    offsets = draw(st.lists(st.integers(0, length - 1), unique=True, max_size=8).map(sorted))
    return FreeSteps(START, day(length), tuple((day(offset), draw(st.integers(-3, 6))) for offset in offsets))


def test_before_the_first_change_nothing_is_free():
    steps = FreeSteps(START, day(3), ((day(1), 4),))

    assert steps.by_day() == [0, 4, 4]
    assert steps.smallest() == 0


def test_what_is_missing_is_told_for_each_day_and_never_more_than_was_asked_for():
    steps = FreeSteps(START, day(4), ((day(0), 4), (day(1), 1), (day(2), -2), (day(3), 4)))

    assert steps.missing(3) == {day(1): 2, day(2): 3}


@given(free_steps())
def test_day_by_day_and_piecewise_agree(steps):
    days = [steps.start + offset * DAY for offset in range((steps.end - steps.start).days)]

    assert steps.by_day() == [steps.on(one) for one in days]
    assert steps.smallest() == min(steps.by_day())


@given(free_steps(), st.integers(1, 6))
def test_gaps_are_exactly_the_days_on_which_copies_are_missing(steps, quantity):
    covered = {
        start + offset * DAY for start, end in steps.gaps(quantity) for offset in range((end - start).days)
    }

    assert covered == set(steps.missing(quantity))


gap_lists = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 10)).map(lambda gap: (day(gap[0]), day(gap[0] + gap[1]))),
    max_size=8,
)


@given(gap_lists, st.integers(1, 8), st.integers(0, 10))
def test_the_first_start_is_what_trying_every_day_finds(gaps, length, earliest):
    latest = day(earliest + 30)

    def fits(start: date) -> bool:
        return all(gap_end <= start or gap_start >= start + length * DAY for gap_start, gap_end in gaps)

    candidates = (day(offset) for offset in range(earliest, earliest + 31))
    expected = next((start for start in candidates if fits(start)), None)
    assert first_start_between_gaps(gaps, length=length, earliest=day(earliest), latest=latest) == expected


@given(
    st.lists(st.integers(0, 5), max_size=6).flatmap(lambda c: st.tuples(st.integers(0, sum(c)), st.just(c)))
)
def test_spreading_gives_everything_away_within_what_each_place_takes(dealing):
    total, capacities = dealing

    dealt = spread(total, capacities)

    assert sum(dealt) == total
    assert all(0 <= got <= capacity for got, capacity in zip(dealt, capacities, strict=True))
