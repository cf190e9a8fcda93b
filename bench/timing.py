"""Times of variants that take turns, so that a noisy neighbour is everybody's."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def milliseconds(action: Callable[[], Any]) -> tuple[float, Any]:
    """(how long it took, what it returned)"""
    begun = time.perf_counter()
    answer = action()
    return (time.perf_counter() - begun) * 1000, answer


def in_turns(
    variants: Mapping[str, Callable[[], Any]], *, turn: int
) -> tuple[dict[str, float], dict[str, Any]]:
    """(milliseconds, answers) of one round, in which every variant runs twice and its second run counts.

    The first run brings the pages into memory and the plans into caches, for all alike. `turn` rotates who begins.
    """
    names = list(variants)
    names = names[turn % len(names) :] + names[: turn % len(names)]
    taken, answers = {}, {}
    for name in names:
        variants[name]()
        taken[name], answers[name] = milliseconds(variants[name])
    return taken, answers


def medians(rounds: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: statistics.median(round_[name] for round_ in rounds) for name in rounds[0]}


def ratios(rounds: Sequence[Mapping[str, float]], *, to: str) -> dict[str, float]:
    """The median, over the rounds, of each variant's time as a multiple of another's in the same round."""
    return {name: statistics.median(round_[name] / round_[to] for round_ in rounds) for name in rounds[0]}
