"""Which lines lack copies when several ask for the same card. Pure."""

from collections.abc import Iterable, Mapping, Sequence


def short_by_line(lines: Iterable[tuple[int, int, int]], short: Mapping[int, int]) -> dict[int, int]:
    """For each line's id the copies it lacks, of what its card is short.

    `lines` are (id, card, copies) in the order in which they are served: of one card the last lacks first.

    >>> short_by_line([(1, 7, 4), (2, 7, 3), (3, 8, 1)], {7: 5})
    {1: 2, 2: 3, 3: 0}
    """
    by_card: dict[int, list[tuple[int, int]]] = {}
    for line, card, copies in lines:
        by_card.setdefault(card, []).append((line, copies))
    lacking: dict[int, int] = {}
    for card, served in by_card.items():
        dealt = spread(short.get(card, 0), [copies for _, copies in served])
        lacking.update(zip((line for line, _ in served), dealt, strict=True))
    return lacking


def spread(total: int, capacities: Sequence[int]) -> list[int]:
    """`total` dealt out over places of the given capacity, the last place first.

    >>> spread(5, [4, 3])
    [2, 3]
    """
    dealt = [0] * len(capacities)
    for index in range(len(capacities) - 1, -1, -1):
        dealt[index] = min(total, capacities[index])
        total -= dealt[index]
    return dealt
