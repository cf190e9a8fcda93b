"""When a copy of the catalogue in memory is read again, and who waits for it."""

from collections.abc import Iterator
from threading import Event, Thread, current_thread
from threading import enumerate as threads

import pytest

from inventory import kept_copies
from inventory.autocomplete import suggestions
from inventory.card_names import nearest_names
from inventory.kept_copies import LARGE, LONGEST_OLD, KeptCopy
from inventory.models import Card, Change
from inventory.search import CardQuery, search_cards
from tests.factories import TODAY, CardFactory

PATIENCE = 30  # seconds until a test gives up


class Shop:
    """A catalogue of so many cards whose version is set by hand, and a copy of it: the version that was read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, cards: int) -> None:
        self.version, self.now, self.readers = ("shop", 1), 1000.0, list[str]()
        self.may_read, self.begun, self.fails = Event(), Event(), False
        self.may_read.set()
        self.copy = KeptCopy(self._read, cards_in=lambda _: cards)
        monkeypatch.setattr(kept_copies, "versions", lambda: {Change.Of.CATALOGUE: self.version})
        monkeypatch.setattr(kept_copies, "monotonic", lambda: self.now)

    def _read(self) -> tuple[str, int]:
        version = self.version
        self.readers.append((background() and "background") or "visitor")
        self.begun.set()
        assert self.may_read.wait(PATIENCE)
        if self.fails:
            raise OSError("The database is away.")
        return version

    def change(self) -> None:
        self.version = (self.version[0], self.version[1] + 1)

    def asked(self) -> int:
        return self.copy.get(self.version)[1]


def background() -> bool:
    return current_thread().name == "kept-copy"


def finish_background() -> None:
    for thread in threads():
        if thread.name == "kept-copy":
            thread.join(PATIENCE)
            assert not thread.is_alive()


@pytest.fixture
def large(monkeypatch) -> Iterator[Shop]:
    shop = Shop(monkeypatch, cards=LARGE + 1)
    yield shop
    shop.may_read.set()
    finish_background()


def test_a_small_copy_is_read_again_at_once(monkeypatch):
    shop = Shop(monkeypatch, cards=LARGE)
    assert shop.asked() == 1

    shop.change()

    assert shop.asked() == 2
    assert shop.readers == ["visitor", "visitor"]


def test_a_large_copy_is_served_while_it_is_read_again_in_the_background(large):
    large.asked()
    large.now += 3600
    large.change()
    large.may_read.clear()

    assert large.asked() == 1
    assert large.begun.wait(PATIENCE)
    assert large.asked() == 1

    large.may_read.set()
    finish_background()
    assert large.asked() == 2
    assert large.readers == ["visitor", "background"]


def test_of_many_changes_in_a_row_few_are_read(large):
    large.asked()
    large.now += 3600
    for _ in range(100):
        large.change()
        large.asked()
        finish_background()

    assert large.readers == ["visitor", "background"]
    large.now += 30
    large.asked()
    finish_background()
    assert large.asked() == 101


def test_a_copy_that_could_not_be_read_for_long_is_read_by_whoever_comes(large):
    large.asked()
    large.now += 3600
    large.change()
    large.fails = True
    assert large.asked() == 1
    finish_background()

    large.now += LONGEST_OLD + 1

    with pytest.raises(OSError, match="away"):
        large.asked()
    large.fails = False
    assert large.asked() == 2


def test_how_old_a_copy_is_counts_from_the_first_to_notice_it(large):
    """Not from when it was read: nobody waits after a quiet night."""
    for _ in range(3):
        large.asked()
        large.now += 10 * LONGEST_OLD
        large.change()
        large.asked()
        finish_background()

    assert large.readers == ["visitor", "background", "background", "background"]


def test_the_first_to_come_wait_for_one_reading(large):
    large.may_read.clear()
    found = list[int]()
    visitors = [Thread(target=lambda: found.append(large.asked())) for _ in range(3)]
    for visitor in visitors:
        visitor.start()
    assert large.begun.wait(PATIENCE)
    large.may_read.set()
    for visitor in visitors:
        visitor.join(PATIENCE)

    assert found == [1, 1, 1]
    assert large.readers == ["visitor"]


def test_the_copy_of_another_database_is_never_served(large):
    large.asked()
    large.version = ("another shop", 7)

    assert large.asked() == 7


@pytest.mark.django_db
def test_a_card_that_was_renamed_is_found_by_its_new_name_everywhere():
    card = CardFactory(name="Ember Otter")
    for learn in (lambda: suggestions("otter", today=TODAY), lambda: nearest_names("embr otter")):
        assert learn()

    Card.objects.filter(pk=card.pk).update(
        name="Amber Stoat", folded_name="amber stoat", folded_names=["amber stoat"]
    )

    assert [found.card.name for found in suggestions("sto", today=TODAY)] == ["Amber Stoat"]
    assert suggestions("otter", today=TODAY) == []
    assert nearest_names("ambr stoat") == ["Amber Stoat"]
    found = search_cards(query=CardQuery.asked("stoat"), today=TODAY).found
    assert [line.card.name for line in found] == ["Amber Stoat"]
