"""Requests that cross each other: real threads with connections of their own on the real PostgreSQL.

Either they start at the same moment (`race`, `at_the_same_moment`) and are made to meet at the place where it hurts
(`meet_after`); or one stands still while another comes and goes (`elsewhere`, `once_before`, `once_after`).
"""

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from django.db import connection

from inventory import reservations

MEETING_SECONDS = 0.4  # where a lock keeps them apart, the one who holds it goes on after that time
LONG_ENOUGH_SECONDS = 10
WATCHDOG_SECONDS = 30


# --- at the same moment -----------------------------------------------------------------------------------


def race(*actions: Callable[[], Any]) -> list[Any]:
    """What each action came to, all begun at the same moment: its answer, or the error in which it ended."""
    ends: list[Any] = [None] * len(actions)
    start = threading.Barrier(len(actions))

    def run(number: int, action: Callable[[], Any]) -> None:
        try:
            connection.ensure_connection()
            start.wait(timeout=LONG_ENOUGH_SECONDS)
            ends[number] = action()
        except BaseException as error:  # noqa: BLE001  looked at by the test
            ends[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=each, daemon=True) for each in enumerate(actions)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + WATCHDOG_SECONDS
    for thread in threads:
        thread.join(timeout=max(0, deadline - time.monotonic()))
    if any(thread.is_alive() for thread in threads):
        _end_all_other_connections()
        pytest.fail(f"Some of {len(actions)} still hang after {WATCHDOG_SECONDS} s.")
    return ends


def at_the_same_moment(*actions: Callable[[], Any]) -> list[Any]:
    """The answers of actions that are all begun at the same moment; none of them may fail."""
    ends = race(*actions)
    errors = failed(ends)
    assert not errors, errors
    return ends


def failed(ends: Iterable[Any]) -> list[BaseException]:
    return [end for end in ends if isinstance(end, BaseException)]


def meet_after(
    monkeypatch: pytest.MonkeyPatch,
    module: Any,
    name: str,
    *,
    parties: int = 2,
    times: int = 1,
    seconds: float = MEETING_SECONDS,
) -> None:
    """Whoever has the answer of that function waits until so many have it; not for ever, and only so many times."""
    meetings_to_come = times
    function = getattr(module, name)

    def one_less() -> None:
        nonlocal meetings_to_come
        meetings_to_come -= 1

    barrier = threading.Barrier(parties, action=one_less)

    def ask_and_meet(*args: Any, **kwargs: Any) -> Any:
        answer = function(*args, **kwargs)
        if meetings_to_come > 0:
            with suppress(threading.BrokenBarrierError):  # a lock keeps them apart
                barrier.wait(timeout=seconds)
        return answer

    monkeypatch.setattr(module, name, ask_and_meet)


def take_out_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """For negative controls: nobody locks cards any more before checking and writing."""
    monkeypatch.setattr(reservations, "lock_cards", lambda card_ids: None)


def _end_all_other_connections() -> None:
    """So that what hangs does not keep the database from being emptied for the next test."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


# --- one stands still -------------------------------------------------------------------------------------


def begin_elsewhere(action: Callable[[], Any]) -> "Future[Any]":
    """Starts another request: an action on a connection of its own."""

    def run() -> Any:
        try:
            return action()
        finally:
            connection.close()

    executor = ThreadPoolExecutor(max_workers=1)
    begun = executor.submit(run)
    executor.shutdown(wait=False)
    return begun


def elsewhere(action: Callable[[], Any]) -> Any:
    """The answer of another request, which comes and goes while this one stands still."""
    return begin_elsewhere(action).result(timeout=LONG_ENOUGH_SECONDS)


def wait_until_somebody_waits_for_us() -> None:
    """Another request has come to a row that this connection holds."""
    deadline = time.monotonic() + LONG_ENOUGH_SECONDS
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT EXISTS (SELECT FROM pg_locks"
                " WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid)))"
            )
            if cursor.fetchone()[0]:
                return
        time.sleep(0.01)
    raise AssertionError("Nobody waits for a row that this connection holds.")


def once_before(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, step: Callable[[], Any]) -> None:
    """The next call of that function finds that the step has come just before it."""
    function = getattr(module, name)

    def step_and_go_on(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(module, name, function)
        step()
        return function(*args, **kwargs)

    monkeypatch.setattr(module, name, step_and_go_on)


def once_after(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, step: Callable[[], Any]) -> None:
    """The next call of that function gives its answer, and the step comes before anything is done with it."""
    function = getattr(module, name)

    def go_on_and_step(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(module, name, function)
        answer = function(*args, **kwargs)
        step()
        return answer

    monkeypatch.setattr(module, name, go_on_and_step)
