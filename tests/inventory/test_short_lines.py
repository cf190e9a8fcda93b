from hypothesis import given
from hypothesis import strategies as st

from inventory.short_lines import short_by_line, spread


def test_lines_that_were_there_first_keep_their_copies():
    assert short_by_line([(1, 7, 4), (2, 7, 3), (3, 8, 1)], {7: 5}) == {1: 2, 2: 3, 3: 0}


@given(st.lists(st.integers(0, 9)), st.integers(0, 60))
def test_all_that_fits_is_dealt_out_and_the_last_first(capacities, total):
    dealt = spread(total, capacities)

    assert sum(dealt) == min(total, sum(capacities))
    assert all(0 <= one <= capacity for one, capacity in zip(dealt, capacities, strict=True))
    full = [one == capacity for one, capacity in zip(dealt, capacities, strict=True)]
    lacking = [index for index, one in enumerate(dealt) if one]
    assert all(full[index] for index in range(lacking[0] + 1, len(full))) if lacking else True
