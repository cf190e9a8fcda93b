"""The engine against the model: everything that can happen to the shop, in any order.

Hypothesis invents the history of a shop: orders, answers, changes, dispatch and return, stock that comes and
goes, days that pass. Every event happens twice, through the real domain functions on a real PostgreSQL and in
the plain-Python model of tests/model.py. Both must agree on whether it can be, and after each step on every
order, every reservation and every answer of the engine. What must hold for any shop is asked of the model
besides: only facts (a loss, a late return) break a promise, nobody jumps the queue, whatever lets an order open
is told.

The same few histories run in `make test`, where the dearer questions take turns; `make prove` runs many new ones,
asks everything after every step, and tells what they came by.
The clock is never asked: `today` is the model's, and promotion runs when the machine says so.
"""

import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import date, timedelta
from unittest import mock

import pytest
from django.db import transaction
from django.dispatch import Signal
from django.test import TestCase, override_settings
from hypothesis import seed
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from inventory.models import ClosedDay
from inventory.signals import capacity_changed
from inventory.stock import StockError, record_movement
from orders.cancellation import NotCancellable, can_cancel, cancel, lapse_confirming, lapse_pending
from orders.change_plan import Wanted, plan_change
from orders.changes import ChangeError, ChangeIsShort, apply, change, keep_longer
from orders.checkout import (
    CheckoutError,
    StillShort,
    accept_shortfall,
    go_back,
    move_to_date,
    set_shipping,
    settle,
)
from orders.dates import RentalPeriodError
from orders.fulfilment import (
    NotDispatchable,
    ReturnError,
    check_in,
    dispatch,
    expect_back,
    write_off,
)
from orders.models import Order, OrderCard, Payment, PaymentStatus, ShippingMethod
from orders.promotion import promote_pending
from orders.signals import customers_to_be_told, holds_let_go
from orders.transitions import SYSTEM, customer
from tests import model
from tests.factories import CardFactory, CartFactory, PrintingFactory, held_payment, paid
from tests.proof.comparison import Comparison
from tests.proof.events import (
    CARDS,
    DAY_PRICE,
    FIRST_DAY,
    HORIZON,
    LIVE,
    METHODS,
    MINIMUM,
    MOST_LIVE,
    PRINTINGS,
    TAX,
    events,
    order,
    picks,
)
from tests.proof.profiles import AS_IS, AT_ONCE, HISTORIES, PROFILE, PROVING, SEED, seen


class Shop(Comparison, RuleBasedStateMachine):
    """Two shops, the real one and the model, that live through the same events."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.stack.callback(self._forget)
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.told = 0
        freed = Signal()
        freed.connect(self._hear, weak=False)
        for signal, receivers in (
            (capacity_changed, freed.receivers),
            (customers_to_be_told, []),
            (holds_let_go, []),
        ):
            self.stack.enter_context(mock.patch.object(signal, "receivers", receivers))
        self.prompt = True
        seen["examples"] += 1

    def _hear(self, sender: object, **kwargs: object) -> None:
        self.told += 1

    def _forget(self) -> None:
        transaction.set_rollback(True)
        self.transaction.__exit__(None, None, None)

    def teardown(self) -> None:
        self.stack.close()

    @initialize(
        stock=st.tuples(*[st.integers(1, 6)] * len(CARDS)),
        weekend=st.sampled_from([frozenset(), frozenset({5, 6}), frozenset({6})]),
        same_day=st.booleans(),
        prompt=st.booleans(),
        orders=st.lists(order, min_size=1, max_size=4),
    )
    def the_shop_opens(
        self,
        stock: tuple[int, ...],
        weekend: frozenset[int],
        same_day: bool,
        prompt: bool,
        orders: list[tuple],
    ) -> None:
        """`prompt`: promotion follows at once whatever frees something, as it does with a worker."""
        self.prompt = prompt
        self.stack.enter_context(
            override_settings(
                RENTAL_HORIZON_DAYS=HORIZON,
                RENTAL_MAX_DAYS=28,
                CLOSED_WEEKDAYS=weekend,
                HOLIDAYS="",
                SAME_DAY_TURNAROUND=same_day,
                ORDER_MINIMUM_CENTS=MINIMUM,
                TAX_BASIS_POINTS=TAX,
            )
        )
        self.model = model.Shop(
            today=FIRST_DAY,
            day_price=DAY_PRICE,
            minimum=MINIMUM,
            tax=TAX,
            horizon=HORIZON,
            longest=28,
            closed_weekdays=weekend,
            leaves_again_on_the_day_it_is_back=same_day,
        )
        self.model.cards = list(CARDS)
        self.cards = {name: CardFactory(name=name, day_price_cents=DAY_PRICE) for name in CARDS}
        self.names = {card.pk: name for name, card in self.cards.items()}
        self.printings = {
            name: [PrintingFactory(card=card) for _ in range(PRINTINGS)] for name, card in self.cards.items()
        }
        self.methods = {
            name: ShippingMethod.objects.create(
                slug=f"proof-{name}",
                name=name,
                price_cents=method.price,
                transit_out_days=method.out,
                transit_back_days=method.back,
                lead_days=method.lead,
                needs_address=False,
            )
            for name, method in METHODS.items()
        }
        for name, copies in zip(CARDS, stock, strict=True):
            if copies:
                self._stock(name, 0, "bought", copies, FIRST_DAY)
        for _, *asked in orders:
            self._order_anew(*asked)

    # --- both at once -----------------------------------------------------------------------------------------

    def _both(
        self,
        event: str,
        in_model: Callable[[], object],
        in_shop: Callable[[], object],
        *,
        refusals: tuple[type[Exception], ...] = (),
        fact: bool = False,
    ) -> bool:
        """The event in both shops. True where it happened, False where both refused it.

        `fact`: it can break promises: copies are gone, or come back later than was thought.
        """
        broken, to_come, free = self._standing()
        refused: model.Refused | None = None
        try:
            in_model()
        except model.Refused as error:
            refused = error
        self.told = 0
        error: Exception | None = None
        try:
            with TestCase.captureOnCommitCallbacks(execute=True):
                in_shop()
        except refusals as caught:
            error = caught
        assert (error is None) == (refused is None), f"{event}: shop {error!r}, model {refused!r}"
        seen[f"{event} refused" if refused else event] += 1
        if refused is not None:
            assert error is not None
            self._compare_reason(error, refused)
        self._check_standing(broken, to_come, free, event=event, fact=fact)
        if self.prompt and self.told and event != "promote":
            self._promote()
        return refused is None

    def _compare_reason(self, error: Exception, refused: model.Refused) -> None:
        """Where copies are the reason, the shop says so, and which."""
        if isinstance(error, ChangeIsShort):
            assert self._by_day(error.shortfalls) == refused.missing
        elif isinstance(error, NotDispatchable):
            assert {self.names[card]: copies for card, copies in error.missing.items()} == refused.missing
        else:
            assert isinstance(error, StillShort) == bool(refused.missing)

    def _standing(
        self,
    ) -> tuple[model.Missing, dict[int, tuple[float, dict[str, int]]], dict[tuple[str, date], int]]:
        shop, days = self.model, [self.today + timedelta(days=ahead) for ahead in range(2 * HORIZON)]
        return (
            shop.broken_promises(days),
            {order.number: (order.place or 0, shop.still_to_come(order)) for order in shop.queue()},
            {(card, day): shop.free(card, day, model.END) for card in CARDS for day in days},
        )

    def _check_standing(
        self,
        broken: model.Missing,
        to_come: Mapping[int, tuple[float, Mapping[str, int]]],
        free: Mapping[tuple[str, date], int],
        *,
        event: str,
        fact: bool,
    ) -> None:
        """What must hold whatever the shop does, by the model alone."""
        now_broken, now_to_come, now_free = self._standing()
        if not fact:
            for card, days in now_broken.items():
                for day, copies in days.items():
                    assert copies <= broken.get(card, {}).get(day, 0), (
                        f"{event} broke a promise: {card}, {day}"
                    )
            for number, (place, copies) in now_to_come.items():
                if number in to_come and to_come[number][0] == place:
                    for card, more in copies.items():
                        assert more <= to_come[number][1].get(card, 0), f"{event} overtook order {number}"
        if event != "days pass" and any(now_free[one] > copies for one, copies in free.items()):
            assert self.told, f"{event} frees copies, and nobody is told"

    # --- which order ------------------------------------------------------------------------------------------

    def _of(self, *statuses: str) -> list[model.Order]:
        return [order for order in self.model.orders if order.status in statuses]

    def _pick(self, pick: int, *statuses: str) -> model.Order:
        fitting = self._of(*statuses) if pick < 27 else self.model.orders
        return fitting[pick % len(fitting)]

    def _order(self, order: model.Order) -> Order:
        return Order.objects.get(pk=self.pk[order.number])

    # --- checkout ---------------------------------------------------------------------------------------------

    @rule(pick=picks, happened=events)
    def something_happens(self, pick: int, happened: tuple) -> None:
        """Or does not, for want of an order that it could happen to."""
        what, *how = happened
        if what in ANYTIME:
            ANYTIME[what](self, *how)
        elif what in ("order", "order the same"):
            if len(self._of(*LIVE)) < MOST_LIVE:
                if what == "order":
                    self._order_anew(*how)
                elif self._of(*LIVE):
                    self._order_the_same(self._pick(pick, *LIVE), *how)
        else:
            statuses, happens = TO_AN_ORDER[what]
            if "dispatched" in statuses and not self._of("dispatched"):  # something has to leave before
                statuses, happens, how = *TO_AN_ORDER["dispatch"], [True]
            if "pending" in statuses and self._of("pending") and pick % 2:
                statuses = ["pending"]  # most of what is hard happens to these
            if self._of(*statuses):
                happens(self, self._pick(pick, *statuses), *how)

    def _order_the_same(self, other: model.Order, more: int, later: int, answer: str) -> None:
        """What another order has, for about the same days, so that the two meet."""
        lines = [(card, max(1, copies + more), "main") for card, copies in other.demand.items()]
        method = next(name for name, method in METHODS.items() if method == other.method)
        later += (other.first_day - self.model.earliest_first_day(other.method)).days
        days = min(6, (other.last_day - other.first_day).days + 1)
        self._order_anew(lines, method, max(0, later), days, answer)

    def _order_anew(
        self, lines: list[tuple[str, int, str]], method: str, later: int, days: int, answer: str
    ) -> None:
        first_day = self.model.earliest_first_day(METHODS[method]) + timedelta(days=later)
        last_day = first_day + timedelta(days=days - 1)
        cart = CartFactory()
        rows = OrderCard.objects.bulk_create(
            OrderCard(order=cart, card=self.cards[card], quantity=copies, zone=zone)
            for card, copies, zone in lines
        )
        number = len(self.model.orders)
        filled = self._both(
            "fill a cart",
            lambda: self.model.fill_cart(
                [model.Line(card, copies) for card, copies, _ in lines], METHODS[method], first_day, last_day
            ),
            lambda: set_shipping(
                cart=cart,
                first_day=first_day,
                last_day=last_day,
                method=self.methods[method],
                contact={"email": "player@example.org", "name": "Pat Player"},
                today=self.today,
            ),
            refusals=(RentalPeriodError,),
        )
        if not filled:
            cart.delete()
            return
        self.pk[number], self.line_pks[number] = cart.pk, [row.pk for row in rows]
        order = self.model.orders[number]
        if answer == "leave":
            return  # the cart lies there for a while
        self._pay(order)
        if order.status == "confirming":
            self._answer(order, answer)

    def _pay(self, order: model.Order) -> None:
        payment = held_payment(self._order(order))
        self._both(
            "pay",
            lambda: self.model.pay(order),
            lambda: settle(payment=payment, today=self.today),
            refusals=(CheckoutError,),
        )
        seen[f"paid: {order.status}"] += 1

    def _answer(self, order: model.Order, answer: str) -> None:
        if order.status == "cart":
            self._pay(order)
        elif answer == "wait":
            self._both(
                "wait",
                lambda: self.model.wait(order),
                lambda: accept_shortfall(order=self._order(order), by=customer(), today=self.today),
                refusals=(CheckoutError,),
            )
            seen[f"waited: {order.status}"] += 1
        elif answer == "move":
            before = order.status
            free = [day for day, short in self.model.starts_of(order).items() if not short]
            if free:
                moved = self._move(order, free[0])
                assert moved or not (before == "confirming" and order.held), "a free start is no start"
        elif answer == "back":
            self._both(
                "go back",
                lambda: self.model.go_back(order),
                lambda: go_back(order=self._order(order), by=customer()),
                refusals=(CheckoutError,),
            )
        elif answer == "silence" and order.authorized is not None:
            self._nobody_answers(order)

    def _move_to_any_day(self, order: model.Order, later: int) -> None:
        self._move(order, self.model.earliest_first_day(order.method) + timedelta(days=later))

    def _move(self, order: model.Order, first_day: date) -> bool:
        return self._both(
            "move",
            lambda: self.model.move(order, first_day),
            lambda: move_to_date(
                order=self._order(order), first_day=first_day, by=customer(), today=self.today
            ),
            refusals=(CheckoutError, StillShort),
        )

    def _nobody_answers(self, order: model.Order) -> None:
        now = self._order(order).authorized_at + timedelta(minutes=30)
        until, late = order.authorized, []
        self._both(
            "nobody answers",
            lambda: late.extend(self.model.nobody_answers(until)),
            lambda: self._expect(lapse_confirming(now=now), lambda: len(late)),
        )

    def _expect(self, found: object, expected: Callable[[], object]) -> None:
        assert found == expected()

    # --- waiting, changing, ending ----------------------------------------------------------------------------

    def _promote(self) -> None:
        opened: list[model.Order] = []

        def in_shop() -> None:
            result = promote_pending(self.today)
            assert (result.opened, result.waiting) == (len(opened), len(self.model.queue()))

        self._both("promote", lambda: opened.extend(self.model.promote()), in_shop)
        assert not any(self.model.may_open(order) for order in self.model.queue()), "one was left out"
        seen["promoted"] += len(opened)

    def _lapse(self) -> None:
        late: list[model.Order] = []
        self._both(
            "lapse",
            lambda: late.extend(self.model.lapse()),
            lambda: self._expect(lapse_pending(today=self.today), lambda: len(late)),
        )
        seen["lapsed"] += len(late)

    def _cancel(self, order: model.Order) -> None:
        possible = order.status in ("pending", "open") and not order.taken
        assert can_cancel(self._order(order)) == possible
        self._both(
            "cancel",
            lambda: self.model.cancel(order),
            lambda: cancel(order=self._order(order), by=customer(), reason="changed my mind"),
            refusals=(NotCancellable,),
        )

    def _pay_for_a_change(self, order: model.Order, copies: list[int], start: int, end: int) -> None:
        self._change(order, copies, start, end, pays=True)

    def _change(
        self, order: model.Order, copies: list[int], start: int, end: int, *, pays: bool = False
    ) -> None:
        new = {
            index: max(0, line.copies + more)
            for index, (line, more) in enumerate(zip(order.lines, copies, strict=False))
        }
        first_day = order.first_day + timedelta(days=start)
        last_day = order.last_day + timedelta(days=start + end)
        pks, before, place = self.line_pks[order.number], order.status, order.place
        happened = self._both(
            "change that is paid for" if pays else "change",
            lambda: self.model.change(order, new, first_day, last_day, pays=pays),
            lambda: (self._change_and_hold if pays else self._change_at_once)(
                self._order(order),
                Wanted({pks[index]: number for index, number in new.items()}, first_day, last_day),
            ),
            refusals=(ChangeError,),
        )
        if happened:
            self.line_pks[order.number] = [pk for index, pk in enumerate(pks) if new.get(index, 1)]
            kept = ", with its place" if order.place == place else ", to the end"
            seen[f"changed: {before} to {order.status}" + (kept if order.place else "")] += 1

    def _change_at_once(self, order: Order, wanted: Wanted) -> None:
        change(
            order=order,
            quantities=wanted.quantities,
            first_day=wanted.first_day,
            last_day=wanted.last_day,
            by=customer(),
            today=self.today,
        )

    @transaction.atomic
    def _change_and_hold(self, order: Order, wanted: Wanted) -> None:
        """As the booking of a hold does it: change and hold come into force together, or neither."""
        total_cents = plan_change(order=order, wanted=wanted, today=self.today).quote.total_cents
        order = Order.objects.get(pk=order.pk)
        apply(order=order, wanted=wanted, by=customer(), today=self.today, held_cents=total_cents)
        live = Payment.objects.live().filter(order=order)
        if not live.exists():
            Payment.objects.create(
                order=order, amount_cents=total_cents, currency="eur", status=PaymentStatus.AUTHORIZED
            )
        live.filter(status=PaymentStatus.AUTHORIZED).update(amount_cents=total_cents)

    def _wait_too_long(self, order: model.Order, copies: list[int]) -> None:
        """All that was needed turns up the day after the order should have left."""
        if order.status == "pending":
            if order.leaves >= self.today:
                self._pass_days((order.leaves - self.today).days)
                self._lapse()  # not yet
                self._pass_days(1)
            for card, copies_to_come in self.model.still_to_come(order).items():
                self._stock(card, 0, "found", copies_to_come, order.leaves)
            self._promote()
            self._change(order, copies, 0, 0)

    def _hear_of_the_money(self, order: model.Order) -> None:
        """The hold ends while its order waits; or the money is taken, and then the power fails."""
        if order.status == "open":
            self._both(
                "money is taken", lambda: self.model.money_is_taken(order), lambda: paid(self._order(order))
            )
        elif order.status in ("confirming", "pending"):
            held = Payment.objects.live().filter(order=self.pk[order.number])
            self._both(
                "hold ends",
                lambda: self.model.hold_ends(order),
                lambda: held.update(status=PaymentStatus.EXPIRED),
            )

    # --- out and back -----------------------------------------------------------------------------------------

    def _dispatch(self, order: model.Order, patient: bool) -> None:
        """Mostly on its day: then the days until there pass first."""
        if patient and order.status == "open" and order.leaves > self.today:
            self._pass_days((order.leaves - self.today).days)
        if order.status == "open" and not order.taken:
            paid(self._order(order))  # the money is taken without asking the provider
        happened = self._both(
            "dispatch",
            lambda: self.model.dispatch(order),
            lambda: dispatch(order=self._order(order), by=SYSTEM, today=self.today),
            refusals=(NotDispatchable,),
        )
        if not happened and not order.taken:
            Payment.objects.filter(order=self.pk[order.number], status=PaymentStatus.CAPTURED).update(
                status=PaymentStatus.AUTHORIZED, captured_cents=0, captured_at=None
            )

    def _check_in(self, order: model.Order, parts: list[int] | None) -> None:
        coming = None if parts is None else dict(zip(sorted(order.demand), parts, strict=False))
        copies = None if coming is None else {self.cards[card].pk: n for card, n in coming.items()}
        late = order.status == "dispatched" and order.back <= self.today
        happened = self._both(
            "check in" if coming is None else "check in a part",
            lambda: self.model.check_in(order, coming),
            lambda: check_in(order=self._order(order), copies=copies, by=SYSTEM, today=self.today),
            refusals=(ReturnError,),
        )
        if happened and late:
            seen["checked in late"] += 1

    def _write_off(self, order: model.Order, card: str, printing: int, copies: int) -> None:
        if order.out and copies != 2:
            card = min(order.out)
        self._both(
            "write off",
            lambda: self.model.write_off(order, card, printing, copies),
            lambda: write_off(
                order=self._order(order),
                printing=self.printings[card][printing],
                copies=copies,
                kind="lost",
                by=SYSTEM,
                today=self.today,
            ),
            refusals=(ReturnError,),
            fact=True,
        )

    def _expect_back(self, order: model.Order, later: int | None) -> None:
        on = None if later is None else max(self.today, order.back) + timedelta(days=later)
        self._both(
            "expect back",
            lambda: self.model.expect_back(order, on),
            lambda: expect_back(order=self._order(order), on=on, by=SYSTEM, today=self.today),
            refusals=(ReturnError,),
            fact=True,
        )

    def _keep_longer(self, order: model.Order, later: int) -> None:
        last_day = max(order.last_day, self.today - timedelta(days=1)) + timedelta(days=later)
        self._both(
            "keep longer",
            lambda: self.model.keep_longer(order, last_day),
            lambda: keep_longer(order=self._order(order), last_day=last_day, by=SYSTEM, today=self.today),
            refusals=(ChangeError,),
        )

    # --- the stock and the days -------------------------------------------------------------------------------

    def _stock_changes(self, card: str, printing: int, kind: str, copies: int, later: int) -> None:
        self._stock(card, printing, kind, copies, self.today + timedelta(days=later))

    def _buy_what_is_needed(self, more: int, everything: bool) -> None:
        """Just enough, one less, or one more and a day too late; of all that is needed, or of what is needed first."""
        needed = self.model.to_buy()
        first = min((first_day for _, first_day, _ in needed.values()), default=None)
        for card, (copies, first_day, _) in needed.items():
            if everything or first_day == first:
                late = timedelta(days=1 if more == 1 else 0)
                self._stock(card, 0, "bought", max(1, copies + more), first_day + late)

    def _stock(self, card: str, printing: int, kind: str, copies: int, day: date) -> None:
        self._both(
            "copies come" if copies > 0 else "copies go",
            lambda: self.model.stock(card, printing, copies, day),
            lambda: record_movement(
                printing=self.printings[card][printing],
                kind=kind,
                quantity=copies if kind == "corrected" else abs(copies),
                by=None,
                effective_on=day,
            ),
            refusals=(StockError,),
            fact=copies < 0,
        )

    def _close(self, later: int, days: int) -> None:
        first_day = self.today + timedelta(days=later)
        last_day = first_day + timedelta(days=days - 1)
        self._both(
            "close",
            lambda: self.model.close(first_day, last_day),
            lambda: ClosedDay.objects.get_or_create(first_day=first_day, last_day=last_day),
        )

    def _pass_days(self, days: int) -> None:
        self._both("days pass", lambda: self.model.days_pass(days), lambda: None, fact=True)

    # --- after each step --------------------------------------------------------------------------------------

    @invariant()
    def both_shops_are_the_same(self) -> None:
        self.compare()


ANYTIME = {
    "needed": Shop._buy_what_is_needed,
    "come": Shop._stock_changes,
    "go": lambda shop, card, printing, kind, copies, later: shop._stock_changes(
        card, printing, kind, -copies, later
    ),
    "days": Shop._pass_days,
    "promote": Shop._promote,
    "lapse": Shop._lapse,
    "close": Shop._close,
}
TO_AN_ORDER = {  # of one of these statuses, mostly
    "answer": (["cart", "confirming"], Shop._answer),
    "move": (["confirming"], Shop._move_to_any_day),
    "cancel": (["pending", "open"], Shop._cancel),
    "change": (["pending", "open"], Shop._change),
    "pay for a change": (["pending", "open"], Shop._pay_for_a_change),
    "too late": (["pending"], Shop._wait_too_long),
    "money": (["confirming", "pending", "open"], Shop._hear_of_the_money),
    "dispatch": (["open"], Shop._dispatch),
    "check in": (["dispatched"], Shop._check_in),
    "write off": (["dispatched"], Shop._write_off),
    "expect back": (["dispatched"], Shop._expect_back),
    "keep longer": (["dispatched"], Shop._keep_longer),
}


@pytest.mark.timeout(0 if PROVING else 600)  # where it fails, it looks for the shortest history that does
@pytest.mark.django_db(transaction=True)  # every history is a transaction of its own, and rolled back
def test_the_engine_and_the_model_live_the_same_history(capsys: pytest.CaptureFixture[str]) -> None:
    seen.clear()
    for turn in range(-(-HISTORIES // AT_ONCE)):
        run_state_machine_as_test(seed(SEED + turn)(Shop), settings=PROFILE)
    if PROVING or AS_IS:
        counts = "\n".join(f"{times:>9,}  {name}" for name, times in sorted(seen.items()))
        with capsys.disabled():
            sys.stdout.write(f"\nPROVE_SEED={SEED}\n{counts}\n")
