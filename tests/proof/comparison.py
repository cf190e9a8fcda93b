"""Every order, every reservation and every answer of the engine, compared with the model."""

import random
from collections.abc import Mapping
from datetime import date, timedelta

from inventory.availability import (
    END,
    FRONT,
    Place,
    available_for,
    free_by_day,
    free_days,
    free_quantities,
    next_available_start,
    shortfalls,
)
from inventory.closed_days import shop_calendar
from inventory.models import Card, Reservation
from inventory.queue import walk_queue
from inventory.reservations import on_shelf
from orders.at_risk import orders_at_risk
from orders.books import violations
from orders.deck_availability import deck_available
from orders.models import Order
from orders.needed import needed_cards
from orders.starts import starts_of
from tests import model
from tests.proof.events import CARDS, LIVE
from tests.proof.profiles import PROVING, seen


class Comparison:
    """The real shop beside the model. An order is known by its number in the model."""

    model: model.Shop
    cards: dict[str, Card]
    names: dict[int, str]  # of the cards, by primary key

    def __init__(self) -> None:
        super().__init__()
        self.pk: dict[int, int] = {}
        self.line_pks: dict[int, list[int]] = {}
        self.steps = 0
        self.random = random.Random(0)  # what is asked

    @property
    def today(self) -> date:
        return self.model.today

    def compare(self) -> None:
        seen["steps"] += 1
        self.steps += 1
        shop = self.model
        rows = (
            Order.objects.filter(pk__in=self.pk.values())
            .select_related("shipping_method")
            .prefetch_related("order_cards")
        )
        orders = {row.pk: row for row in rows}
        self.rows = {number: orders[pk] for number, pk in self.pk.items()}
        self._compare_orders()
        self._compare_reservations()
        self._compare_queue()
        self._compare_free_for_a_new_order()
        for number, compare in enumerate((self._compare_desk, self._compare_books, self._compare_free)):
            if PROVING or (self.steps + number) % 3 == 0:  # in the short run they take turns
                compare()
        live = [order for order in shop.orders if order.status in LIVE]
        for order in live if PROVING else self.random.sample(live, min(2, len(live))):
            self._compare_answers(order)
        self._count_states()

    def _compare_orders(self) -> None:
        for order in self.model.orders:
            row = self.rows[order.number]
            assert row.status == order.status
            assert (row.first_day, row.last_day, row.out_on, row.back_on) == (
                order.first_day,
                order.last_day,
                order.leaves,
                order.back,
            )
            found = sorted(
                (line.pk, line.card_id, line.quantity, line.needed) for line in row.order_cards.all()
            )
            assert found == [
                (pk, self.cards[line.card].pk, line.copies, line.needed)
                for pk, line in zip(self.line_pks[order.number], order.lines, strict=True)
            ]
            assert row.total_cents == order.total

    def _compare_reservations(self) -> None:
        numbers = {row.claim: number for number, row in self.rows.items()}
        found = {
            (numbers[row.claim], row.card_id): (
                row.quantity,
                row.out_on,
                row.back_on,
                row.state,
                row.expected_on,
            )
            for row in Reservation.objects.all()
        }
        states = {"pending": "queued", "open": "firm", "dispatched": "out"}
        assert found == {
            (order.number, self.cards[card].pk): (
                copies,
                order.leaves,
                order.back,
                states[order.status],
                order.expected,
            )
            for order in self.model.orders
            for card, copies in order.reserved.items()
        }

    def _compare_queue(self) -> None:
        queue = self.model.queue()
        assert list(Order.objects.pending_in_queue_order()) == [self.rows[order.number] for order in queue]
        waiting = list(walk_queue(today=self.today))
        assert [one.claim for one in waiting] == [self.rows[order.number].claim for order in queue]
        for one, order in zip(waiting, queue, strict=True):
            assert (one.out_on, one.back_on) == (order.leaves, order.back)
            assert self._named(one.demand) == order.demand
            assert self._named(one.missing) == self.model.still_to_come(order)
            assert self._named(one.short) == model.worst(self.model.missing_of(order))

    def _compare_desk(self) -> None:
        shop, numbers = self.model, {pk: number for number, pk in self.pk.items()}
        needed = needed_cards(today=self.today)
        assert {
            need.card.name: (need.copies, need.first_day, [numbers[order.pk] for order in need.orders])
            for need in needed
        } == shop.to_buy()
        assert {
            numbers[risk.order.pk]: {self.names[card]: dict(days) for card, days in risk.missing.items()}
            for risk in orders_at_risk(today=self.today)
        } == shop.at_risk()
        assert self._named(on_shelf([card.pk for card in self.cards.values()], today=self.today)) == {
            card: shop.on_shelf(card) for card in CARDS
        }

    def _compare_books(self) -> None:
        broken = [
            f"{card}: {copies} more promised than owned from {start} to {end}."
            for card, days in self.model.broken_promises().items()
            for start, end, copies in stretches(days)
        ]
        never_left = [
            f"{self.rows[order.number]} was paid for and never dispatched; its days have passed."
            for order in self.model.orders
            if order.status == "open" and order.taken and order.back <= self.today
        ]
        assert sorted(violations(today=self.today)) == sorted([*broken, *never_left])

    def _compare_free(self) -> None:
        """What is free: for a new order, at the front, and for somebody who waits."""
        start = self.today + timedelta(days=self.random.randint(-3, 8))
        end = start + timedelta(days=self.random.randint(1, 12))
        days, pks = list(model.days_of(start, end)), [card.pk for card in self.cards.values()]
        places: list[tuple[Place | None, float, model.Order | None]] = [
            (END, model.END, None),
            (FRONT, model.FRONT, None),
        ]
        for order in self.model.queue():
            row = self.rows[order.number]
            places.append((Place(row.queued_at, row.claim), self.model.place_of(order), order))
        if not PROVING:
            places = [places[0], places[1], places[-1]]
        for place, in_model, order in places:
            claim = self.rows[order.number].claim if order else None
            found = free_days(pks, start, end, today=self.today, place=place, excluding=claim).by_day()
            free = {card: [self.model.free(card, day, in_model, order) for day in days] for card in CARDS}
            assert self._named(found) == free
            demand = {card: self.random.randint(1, 4) for card in CARDS}
            asked = {self.cards[card].pk: copies for card, copies in demand.items()}
            question = {"today": self.today, "place": place, "excluding": claim}
            short = shortfalls(asked, start, end, **question)
            assert self._by_day(short) == self.model.missing(demand, days, in_model, order)
            assert next_available_start(asked, start, end, 15, **question) == self.model.next_leaving(
                demand, start, end, 15, in_model, order
            )

    def _compare_free_for_a_new_order(self) -> None:
        start, end = self.today - timedelta(days=2), self.today + timedelta(days=14)
        days, pks = list(model.days_of(start, end)), [card.pk for card in self.cards.values()]
        free = {card: [self.model.free(card, day, model.END) for day in days] for card in CARDS}
        assert self._named(free_by_day(pks, start, end, today=self.today)) == free
        if PROVING or self.steps % 3 == 0:
            smallest = self._named(free_quantities(pks, start, end, today=self.today))
            assert smallest == {card: min(copies) for card, copies in free.items()}
            enough = available_for(pks[0], 2, start, end, today=self.today)
            assert enough == (smallest[CARDS[0]] >= 2)

    def _compare_answers(self, order: model.Order) -> None:
        """Can the order be delivered, what is missing, and on which days could it be?"""
        row, shop = self.rows[order.number], self.model
        missing = shop.missing_of(order)
        found = deck_available(order=row, today=self.today)
        assert found.available == (not missing)
        assert self._by_day(found.shortfalls) == missing
        assert found.next_start == shop.next_start(order)
        if order.status == "dispatched":
            return
        starts = shop.starts_of(order)
        answer = starts_of(row, today=self.today, calendar=shop_calendar())
        assert {start.first_day: start.short for start in answer.days} == starts
        free = [day for day, short in starts.items() if not short]
        assert answer.earliest == min(free, default=None)
        assert answer.before == max((day for day in free if day < order.first_day), default=None)
        assert answer.after == min((day for day in free if day > order.first_day), default=None)

    def _count_states(self) -> None:
        shop, queue = self.model, self.model.queue()
        for order in shop.orders:
            if order.status == "dispatched" and shop.is_away(order, shop.today + timedelta(days=999)):
                seen["state: overdue"] += 1
            if order.status == "dispatched" and order.out != order.demand:
                seen["state: partly back"] += 1
            if order.expected:
                seen["state: expected on a day"] += 1
            if order.status == "pending" and not order.held:
                seen["state: waiting without a hold"] += 1
            if len(order.demand) < len(order.lines) and order.status in LIVE:
                seen["state: two lines of one card"] += 1
        seen["state: two or more wait"] += len(queue) > 1
        seen["state: at risk"] += bool(shop.at_risk())
        seen["state: promised more than owned"] += bool(shop.broken_promises())

    def _named(self, by_pk: Mapping[int, object]) -> dict[str, object]:
        return {self.names[pk]: value for pk, value in by_pk.items()}

    def _by_day(self, short: Mapping[int, object]) -> model.Missing:
        for one in short.values():
            assert one.short == max(one.days.values())
        return {self.names[pk]: dict(one.days) for pk, one in short.items()}


def stretches(days: Mapping[date, int]) -> list[tuple[date, date, int]]:
    """Runs of days with the same number."""
    found: list[tuple[date, date, int]] = []
    for day in sorted(days):
        if found and found[-1][1] == day - timedelta(days=1) and found[-1][2] == days[day]:
            found[-1] = (found[-1][0], day, days[day])
        else:
            found.append((day, day, days[day]))
    return found
