"""Counters of what may be done so often: within so many seconds of the first time, whatever the clock says."""

import uuid

import pytest
import time_machine
from django.core.cache import cache

from accounts.rates import TooMany, count

AN_HOUR = 60 * 60


@pytest.fixture
def who() -> str:
    return uuid.uuid4().hex


def count_one(who: str, *, most: int = 2) -> None:
    count("test", who, most=most, seconds=AN_HOUR, message="Too often.")


def counters() -> dict[bytes, int]:
    """Seconds that are left, by name."""
    client = cache._cache.get_client()
    return {name: client.ttl(name) for name in client.scan_iter("*rate-test-*")}


@pytest.fixture(autouse=True)
def no_counters(settings):
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": uuid.uuid4().hex}}


def test_the_striking_hour_lets_nobody_begin_anew(who):
    with time_machine.travel("2026-05-04 10:59:58Z", tick=False) as clock:
        for _ in range(2):
            count_one(who)
        clock.shift(2)

        with pytest.raises(TooMany):
            count_one(who)


def test_later_tries_do_not_put_the_end_off(who):
    before = set(counters())
    count_one(who)
    client = cache._cache.get_client()
    for name in set(counters()) - before:
        client.expire(name, 5)

    count_one(who)
    with pytest.raises(TooMany):
        count_one(who)

    left = [seconds for name, seconds in counters().items() if name not in before]
    assert left
    assert all(0 < seconds <= 5 for seconds in left)


def test_when_it_is_over_it_is_counted_anew(who):
    before = set(counters())
    for _ in range(2):
        count_one(who)
    for name in set(counters()) - before:  # as Redis does by itself
        cache._cache.get_client().delete(name)

    count_one(who)


def test_who_is_kept_out_hears_when_to_come_again(who):
    with time_machine.travel("2026-05-04 10:10:00Z", tick=False) as clock:
        for _ in range(2):
            count_one(who)
        clock.shift(20 * 60)

        with pytest.raises(TooMany) as error:
            count_one(who)

    assert error.value.retry_after == 40 * 60


def test_others_are_counted_by_themselves(who):
    for _ in range(2):
        count_one(who)

    count_one(f"{who}-2")
    count("other", who, most=1, seconds=AN_HOUR, message="Too often.")


def test_nobody_is_named_by_a_counter(who):
    count_one(who)

    assert counters()
    assert not any(who.encode() in name for name in counters())


def test_without_redis_nobody_is_kept_out(who, settings):
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
        }
    }

    for _ in range(3):
        count_one(who)
