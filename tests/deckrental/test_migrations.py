"""Migrations of a shop that has orders already: what was there is right afterwards."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from tests.factories import TODAY
from tests.racing import begin_elsewhere, elsewhere, wait_until_somebody_waits_for_us

pytestmark = pytest.mark.django_db(transaction=True)

Migrate = Callable[..., Any]


def day(offset: int) -> date:
    return TODAY + timedelta(days=offset)


@pytest.fixture
def migrate() -> Iterator[Migrate]:
    """To these migrations, forwards or backwards; gives the models as they are then. At the end all is as it was."""

    def to(*targets: tuple[str, str]) -> Any:
        MigrationExecutor(connection).migrate(list(targets))
        # Anew: an executor remembers what was applied when it was made.
        return MigrationExecutor(connection).loader.project_state(list(targets)).apps

    latest = MigrationExecutor(connection).loader.graph.leaf_nodes()
    yield to
    _empty()  # rows of an older state need not fit into the latest
    MigrationExecutor(connection).migrate(latest)


def _empty() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE orders_order, accounts_guest, inventory_card, inventory_templatedeck CASCADE"
        )


# --- orders/0002: the day on which an order is due ----------------------------------------------------------

DUE_ON = ("orders", "0002_due_on")


@pytest.fixture
def before_due_on(migrate) -> Any:
    return migrate(("orders", "0001_initial"), ("inventory", "0003_reservation_index"))


def old_order(apps, *, status: str, **fields: Any) -> Any:
    guest = apps.get_model("accounts", "Guest").objects.create()
    number = f"{status}-{apps.get_model('orders', 'Order').objects.count()}"
    if status != "cart":
        fields["authorized_at"] = timezone.now()
    return apps.get_model("orders", "Order").objects.create(
        number=number, status=status, guest=guest, **fields
    )


def with_days(*, last: int, back: int) -> dict[str, date]:
    return {"first_day": day(2), "last_day": day(last), "out_on": day(0), "back_on": day(back)}


def test_orders_that_were_there_are_due_on_the_day_before_their_copies_are_back(migrate, before_due_on):
    days = {
        old_order(before_due_on, status="cart").pk: None,
        old_order(before_due_on, status="cart", **with_days(last=4, back=8)).pk: day(7),
        old_order(before_due_on, status="open", **with_days(last=4, back=5)).pk: day(4),
        old_order(before_due_on, status="returned", **with_days(last=4, back=10)).pk: day(9),
        # same-day turnaround: back on the last day itself
        old_order(before_due_on, status="open", **with_days(last=4, back=4)).pk: day(4),
    }

    orders = migrate(DUE_ON).get_model("orders", "Order").objects

    assert dict(orders.values_list("pk", "due_on")) == days
    assert dict(orders.filter(first_day=day(2)).values_list("number", "out_on")) == {
        "cart-1": day(0),
        "open-2": day(0),
        "returned-3": day(0),
        "open-4": day(0),
    }


@pytest.mark.parametrize(
    "due_on", [None, day(3), day(9)], ids=["none", "before the last day", "after it is back"]
)
def test_afterwards_no_order_has_days_that_do_not_fit(migrate, before_due_on, due_on):
    pk = old_order(before_due_on, status="open", **with_days(last=4, back=8)).pk
    orders = migrate(DUE_ON).get_model("orders", "Order").objects

    with pytest.raises(IntegrityError, match="order_dates_come_together_and_in_order"), transaction.atomic():
        orders.filter(pk=pk).update(due_on=due_on)


def test_the_day_can_be_taken_back(migrate, before_due_on):
    pk = old_order(before_due_on, status="open", **with_days(last=4, back=8)).pk

    migrate(DUE_ON)
    orders = migrate(("orders", "0001_initial")).get_model("orders", "Order").objects

    assert orders.values_list("last_day", "back_on").get(pk=pk) == (day(4), day(8))


# --- inventory/0003: the index of reservations --------------------------------------------------------------

INDEX = ("inventory", "0003_reservation_index")
BEFORE_INDEX = ("inventory", "0002_closed_day")


@pytest.fixture
def reserved(migrate) -> Any:
    """Reservations under the old index; gives a function that reserves one more, through SQL that fits both."""
    apps = migrate(BEFORE_INDEX)
    cards = apps.get_model("inventory", "Card").objects
    card = cards.create(
        name="Bolt", slug="bolt", folded_name="bolt", folded_names=["bolt"], type_line="Instant"
    )

    def reserve() -> None:
        apps.get_model("inventory", "Reservation").objects.create(
            card_id=card.pk, quantity=2, out_on=day(1), back_on=day(5), state="firm"
        )

    for _ in range(3):
        reserve()
    return reserve


def indexes() -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, pg_get_indexdef(indexrelid) FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid"
            " WHERE indrelid = 'inventory_reservation'::regclass AND indisvalid"
        )
        return dict(cursor.fetchall())


def on_card_alone() -> list[str]:
    return [name for name, definition in indexes().items() if definition.endswith("(card_id)")]


def test_the_index_is_built_over_reservations_that_are_there(migrate, reserved):
    assert "INCLUDE" not in indexes()["reservation_of_card"]
    assert on_card_alone()

    reservations = migrate(INDEX).get_model("inventory", "Reservation").objects

    assert "(card_id, out_on) INCLUDE (back_on, quantity," in indexes()["reservation_of_card"]
    assert not on_card_alone()
    assert list(reservations.values_list("quantity", "out_on", "back_on")) == [(2, day(1), day(5))] * 3


def test_the_index_can_be_taken_back(migrate, reserved):
    migrate(INDEX)
    migrate(BEFORE_INDEX)

    assert "INCLUDE" not in indexes()["reservation_of_card"]
    assert on_card_alone()


def test_what_broke_off_in_the_middle_can_be_applied_again(migrate, reserved):
    with connection.cursor() as cursor:  # as a build that was interrupted leaves it
        cursor.execute("DROP INDEX reservation_of_card")
        cursor.execute("CREATE INDEX reservation_of_card ON inventory_reservation (card_id, out_on)")
        cursor.execute(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'reservation_of_card'::regclass"
        )

    migrate(INDEX)

    assert "INCLUDE" in indexes()["reservation_of_card"]


def test_reservations_are_written_while_the_index_is_built(migrate, reserved):
    """It waits for a transaction that has written before it began; a lock would keep the next one waiting for it."""
    with transaction.atomic():
        reserved()
        building = begin_elsewhere(lambda: migrate(INDEX))
        wait_until_somebody_waits_for_us()
        elsewhere(reserved)

    building.result(timeout=30)
    assert "INCLUDE" in indexes()["reservation_of_card"]


# --- inventory/0004 and orders/0009: versions of template decks ----------------------------------------------

VERSIONS = ("inventory", "0004_template_deck_versions")
VERSIONS_IN_ORDERS = ("orders", "0009_template_deck_versions_in_orders")
BEFORE_VERSIONS = (INDEX, ("orders", "0008_agreed_worth_and_told_to_pay_again"))


@pytest.fixture
def decks_before_versions(migrate) -> Any:
    """Goblins with two lines, a deck with none, and a cart with the first of them, twice."""
    apps = migrate(*BEFORE_VERSIONS)
    cards = [
        apps.get_model("inventory", "Card").objects.create(
            name=name, slug=name, folded_name=name, folded_names=[name], type_line="Instant"
        )
        for name in ("bolt", "shock")
    ]
    decks = apps.get_model("inventory", "TemplateDeck").objects
    made_at = timezone.now() - timedelta(days=40)
    goblins = decks.create(name="Goblins", slug="goblins", format="Modern", created_at=made_at)
    decks.create(name="Nothing", slug="nothing", format="Modern")
    for card, zone, quantity in ((cards[0], "main", 4), (cards[0], "sideboard", 1), (cards[1], "main", 2)):
        apps.get_model("inventory", "TemplateDeckCard").objects.create(
            deck=goblins, card=card, zone=zone, quantity=quantity
        )
    apps.get_model("orders", "OrderTemplateDeck").objects.create(
        order=old_order(apps, status="cart"), template_deck=goblins, copies=2
    )
    return goblins


GOBLINS = {("bolt", "main", 4), ("bolt", "sideboard", 1), ("shock", "main", 2)}


def test_a_deck_that_was_there_is_its_own_version_1_also_in_orders(migrate, decks_before_versions):
    apps = migrate(VERSIONS, VERSIONS_IN_ORDERS)

    versions = apps.get_model("inventory", "TemplateDeckVersion").objects
    goblins = versions.get(deck__name="Goblins")
    assert set(versions.values_list("deck__name", "number")) == {("Goblins", 1), ("Nothing", 1)}
    assert goblins.created_at == decks_before_versions.created_at
    assert set(goblins.deck_cards.values_list("card__name", "zone", "quantity")) == GOBLINS
    in_orders = apps.get_model("orders", "OrderTemplateDeck").objects
    assert list(in_orders.values_list("version", "copies")) == [(goblins.pk, 2)]


def test_versions_can_be_taken_back_and_the_newest_is_what_stays(migrate, decks_before_versions):
    apps = migrate(VERSIONS, VERSIONS_IN_ORDERS)
    first = apps.get_model("inventory", "TemplateDeckVersion").objects.get(deck__name="Goblins")
    second = apps.get_model("inventory", "TemplateDeckVersion").objects.create(deck=first.deck, number=2)
    bolt = apps.get_model("inventory", "Card").objects.get(name="bolt")
    second.deck_cards.create(card=bolt, quantity=3)
    in_orders = apps.get_model("orders", "OrderTemplateDeck").objects
    in_orders.create(order=in_orders.get().order, version=second, copies=1)

    apps = migrate(*BEFORE_VERSIONS)

    lines = apps.get_model("inventory", "TemplateDeckCard").objects
    assert list(lines.values_list("deck__name", "card__name", "zone", "quantity")) == [
        ("Goblins", "bolt", "main", 3)
    ]
    in_orders = apps.get_model("orders", "OrderTemplateDeck").objects
    assert list(in_orders.values_list("template_deck__name", "copies")) == [("Goblins", 3)]


def test_there_and_back_and_there_again_changes_nothing(migrate, decks_before_versions):
    migrate(VERSIONS, VERSIONS_IN_ORDERS)
    migrate(*BEFORE_VERSIONS)
    apps = migrate(VERSIONS, VERSIONS_IN_ORDERS)

    lines = apps.get_model("inventory", "TemplateDeckCard").objects
    assert set(lines.values_list("card__name", "zone", "quantity")) == GOBLINS
