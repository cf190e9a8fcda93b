"""The shop once more, day by day and order by order, without any cleverness: to compare the engine with.

Plain Python, written from the words of the design; it knows nothing of the engine's code and shares nothing with
it. Every question is answered by looking at every day, and on every day at every order and every stock movement.
tests/proof/ lets both live through the same events.

An event either happens, or raises `Refused` and then nothing has changed.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

DAY = timedelta(days=1)
FRONT = -1.0  # a place in the queue: ahead of everybody who waits
END = float("inf")  # behind everybody who waits

Missing = dict[str, dict[date, int]]  # copies by card and day; what would be 0 is left out


class Refused(Exception):
    """The event cannot be; `missing` says which copies are the reason, where it is for want of copies."""

    def __init__(self, why: str, missing: Mapping[str, object] | None = None) -> None:
        self.missing = dict(missing or {})
        super().__init__(why)


@dataclass(frozen=True)
class Method:
    """A way of shipping: open days to get ready, to the customer and back."""

    lead: int
    out: int
    back: int
    price: int


@dataclass(frozen=True)
class Movement:
    card: str
    printing: int
    copies: int
    day: date


@dataclass
class Line:
    card: str
    copies: int
    needed: int = 0


@dataclass
class Order:
    number: int
    lines: list[Line]
    method: Method
    first_day: date
    last_day: date
    leaves: date
    back: date  # the first day on which the copies are on the shelf again
    status: str = "cart"
    place: float | None = None  # in the queue
    authorized: int | None = None
    total: int | None = None  # cents
    held: int | None = None  # cents on the customer's card
    taken: bool = False  # the money
    out: dict[str, int] = field(default_factory=dict)
    expected: date | None = None

    @property
    def demand(self) -> dict[str, int]:
        demand: dict[str, int] = {}
        for line in self.lines:
            demand[line.card] = demand.get(line.card, 0) + line.copies
        return demand

    @property
    def reserved(self) -> dict[str, int]:
        if self.status in ("pending", "open"):
            return self.demand
        return self.out if self.status == "dispatched" else {}

    @property
    def days(self) -> list[date]:
        return list(days_of(self.leaves, self.back))


def days_of(start: date, end: date) -> Iterator[date]:
    while start < end:
        yield start
        start += DAY


def worst(missing: Missing) -> dict[str, int]:
    return {card: max(days.values()) for card, days in missing.items()}


class Shop:
    """Everything there is and everything that can happen."""

    def __init__(
        self,
        *,
        today: date,
        day_price: int = 10,
        minimum: int = 0,
        tax: int = 1900,
        horizon: int = 30,
        longest: int = 28,
        closed_weekdays: frozenset[int] = frozenset(),
        leaves_again_on_the_day_it_is_back: bool = False,
    ) -> None:
        self.today = today
        self.day_price, self.minimum, self.tax = day_price, minimum, tax
        self.horizon, self.longest = horizon, longest
        self.closed_weekdays, self.closed_days = closed_weekdays, set[date]()
        self.same_day = leaves_again_on_the_day_it_is_back
        self.cards: list[str] = []
        self.movements: list[Movement] = []
        self.orders: list[Order] = []
        self.moments = 0

    # --- the calendar: a day at a time --------------------------------------------------------------------

    def is_open(self, day: date) -> bool:
        return day.weekday() not in self.closed_weekdays and day not in self.closed_days

    def later(self, day: date, open_days: int) -> date:
        while not self.is_open(day):
            day += DAY
        for _ in range(open_days):
            day += DAY
            while not self.is_open(day):
                day += DAY
        return day

    def earlier(self, day: date, open_days: int) -> date:
        while not self.is_open(day):
            day -= DAY
        for _ in range(open_days):
            day -= DAY
            while not self.is_open(day):
                day -= DAY
        return day

    def away(self, method: Method, first_day: date, last_day: date) -> tuple[date, date]:
        """The day the copies leave, and the first on which they are on the shelf again."""
        leaves, due = self.earlier(first_day, method.out), self.later(last_day, method.back)
        back = due if self.same_day else due + DAY  # the day they are due goes into checking them in
        return leaves, max(back, leaves + DAY)

    def earliest_first_day(self, method: Method) -> date:
        return self.later(self.later(self.today, method.lead), method.out)

    def can_be_chosen(self, method: Method, first_day: date, last_day: date) -> bool:
        return (
            self.earliest_first_day(method) <= first_day <= self.today + self.horizon * DAY
            and first_day <= last_day
            and self.is_short_enough(first_day, last_day)
        )

    def is_short_enough(self, first_day: date, last_day: date) -> bool:
        return (last_day - first_day).days + 1 <= self.longest

    # --- what there is ------------------------------------------------------------------------------------

    def owned(self, card: str, day: date, printing: int | None = None) -> int:
        return sum(
            movement.copies
            for movement in self.movements
            if movement.card == card and movement.day <= day and printing in (None, movement.printing)
        )

    def is_away(self, order: Order, day: date) -> bool:
        """Whether what the order has reserved is away on a day."""
        if day < order.leaves:
            return False
        if order.status != "dispatched":
            return day < order.back
        # What may leave again on the day it is back is late only once that day is over.
        is_late = order.back < self.today if self.same_day else order.back <= self.today
        if is_late and (order.expected is None or order.expected <= self.today):
            return True
        return day < max(order.back, order.expected or order.back)

    def free(self, card: str, day: date, place: float, without: Order | None = None) -> int:
        free = self.owned(card, day)
        for order in self.orders:
            if order is without or not self.is_away(order, day):
                continue
            if order.status != "pending" or self.is_ahead(order, place):
                free -= order.reserved.get(card, 0)
        return free

    def is_ahead(self, order: Order, place: float) -> bool:
        assert order.place is not None
        return order.place < place

    def missing(
        self, demand: Mapping[str, int], days: Iterable[date], place: float, without: Order | None = None
    ) -> Missing:
        missing: Missing = {}
        for day in days:
            for card, copies in demand.items():
                lacking = min(copies, copies - self.free(card, day, place, without))
                if lacking > 0:
                    missing.setdefault(card, {})[day] = lacking
        return missing

    def place_of(self, order: Order) -> float:
        if order.status in ("open", "dispatched"):
            return FRONT
        return END if order.place is None else order.place

    def missing_of(self, order: Order) -> Missing:
        """What the whole order lacks on its days, at its place."""
        return self.missing(order.demand, order.days, self.place_of(order), order)

    def still_to_come(self, order: Order) -> dict[str, int]:
        """Of each card the copies that must come before one who waits has all, those for whoever is ahead as well."""
        assert order.place is not None
        to_come = {}
        for card, copies in order.demand.items():
            most = max(copies - self.free(card, day, order.place, order) for day in order.days)
            if most > 0:
                to_come[card] = most
        return to_come

    def queue(self) -> list[Order]:
        return sorted(
            (order for order in self.orders if order.status == "pending"),
            key=lambda order: order.place or 0.0,
        )

    def on_shelf(self, card: str) -> int:
        return self.owned(card, self.today) - sum(order.out.get(card, 0) for order in self.orders)

    # --- when -----------------------------------------------------------------------------------------------

    def starts(
        self, demand: Mapping[str, int], method: Method, days: int, without: Order | None = None
    ) -> dict[date, int]:
        """For each first day on which it could be delivered, how many copies would be short, for a new order."""
        starts: dict[date, int] = {}
        free: dict[tuple[str, date], int] = {}
        first_day = self.earliest_first_day(method)
        while first_day <= self.today + self.horizon * DAY:
            leaves, back = self.away(method, first_day, first_day + (days - 1) * DAY)
            short = 0
            for card, copies in demand.items():
                most = 0
                for day in days_of(leaves, back):
                    if (card, day) not in free:
                        free[card, day] = self.free(card, day, END, without)
                    most = max(most, min(copies, copies - free[card, day]))
                short += most
            starts[first_day] = short
            first_day += DAY
        return starts

    def starts_of(self, order: Order) -> dict[date, int]:
        return self.starts(
            order.demand, order.method, (order.last_day - order.first_day).days + 1, without=order
        )

    def next_start(self, order: Order) -> date | None:
        """The first day on which the customer could have it all: the wished one, or the nearest after it."""
        if not self.missing_of(order):
            return order.first_day
        free = [day for day, short in self.starts_of(order).items() if not short and day >= order.first_day]
        return min(free, default=None)

    def next_leaving(
        self,
        demand: Mapping[str, int],
        leaves: date,
        back: date,
        days: int,
        place: float,
        without: Order | None = None,
    ) -> date | None:
        for later in range(days + 1):
            period = days_of(leaves + later * DAY, back + later * DAY)
            if not self.missing(demand, period, place, without):
                return leaves + later * DAY
        return None

    # --- the desk -------------------------------------------------------------------------------------------

    def days_ahead(self) -> list[date]:
        """From today to the last day on which anybody has reserved anything."""
        end = self.today + DAY
        for order in self.orders:
            if order.reserved:
                end = max(end, order.back, order.expected or order.back)
        return list(days_of(self.today, end))

    def more_than_owned(self, place: float, days: list[date]) -> Missing:
        """What is asked for by all up to that place, and not owned."""
        missing: Missing = {}
        for card in self.cards:
            if any(card in order.reserved for order in self.orders):
                for day in days:
                    lacking = -self.free(card, day, place)
                    if lacking > 0:
                        missing.setdefault(card, {})[day] = lacking
        return missing

    def broken_promises(self, days: list[date] | None = None) -> Missing:
        return self.more_than_owned(FRONT, days or self.days_ahead())

    def at_risk(self) -> dict[int, Missing]:
        """By the number of each open order that is endangered: the cards and days, and what is missing there."""
        broken, at_risk = self.broken_promises(), {}
        for order in self.orders:
            if order.status != "open":
                continue
            mine: Missing = {}
            for day in order.days:
                for card in order.demand:
                    if broken.get(card, {}).get(day, 0):
                        mine.setdefault(card, {})[day] = broken[card][day]
            if mine:
                at_risk[order.number] = mine
        return at_risk

    def to_buy(self) -> dict[str, tuple[int, date, list[int]]]:
        """Of each card: copies to buy, the first day on which one is missing, the orders that wait for it."""
        return {
            card: (
                max(days.values()),
                min(days),
                [order.number for order in self.queue() if card in self.still_to_come(order)],
            )
            for card, days in self.more_than_owned(END, self.days_ahead()).items()
        }

    # --- what things cost -----------------------------------------------------------------------------------

    def total(self, lines: Iterable[Line], method: Method, first_day: date, last_day: date) -> int:
        days = (last_day - first_day).days + 1
        cards = max(self.minimum, days * self.day_price * sum(line.copies for line in lines))
        return cards + method.price + ((cards + method.price) * self.tax + 5_000) // 10_000

    # --- from the cart to the queue -------------------------------------------------------------------------

    def moment(self) -> int:
        self.moments += 1
        return self.moments

    def deal(self, order: Order, short: Mapping[str, int]) -> None:
        """What is short, on the lines: of several for one card, the last that was added lacks first."""
        for line in order.lines:
            line.needed = 0
        for card, copies in short.items():
            for line in reversed(order.lines):
                if line.card == card:
                    line.needed = min(copies, line.copies)
                    copies -= line.needed

    def fill_cart(self, lines: list[Line], method: Method, first_day: date, last_day: date) -> Order:
        if not self.can_be_chosen(method, first_day, last_day):
            raise Refused("these days cannot be chosen")
        leaves, back = self.away(method, first_day, last_day)
        order = Order(len(self.orders), lines, method, first_day, last_day, leaves, back)
        self.orders.append(order)
        return order

    def pay(self, order: Order) -> None:
        """The total is held, and the order meets the stock."""
        if order.status != "cart":
            return
        if not self.can_be_chosen(order.method, order.first_day, order.last_day):
            raise Refused("these days cannot be chosen any more")
        order.leaves, order.back = self.away(order.method, order.first_day, order.last_day)
        order.total = self.total(order.lines, order.method, order.first_day, order.last_day)
        order.held = order.total
        order.authorized = self.moment()
        order.status = "confirming" if self.missing(order.demand, order.days, END, order) else "open"

    def _check_answerable(self, order: Order) -> None:
        if order.status != "confirming":
            raise Refused("it has been answered")
        if not order.held:
            raise Refused("nothing is held")

    def wait(self, order: Order) -> None:
        self._check_answerable(order)
        if not self.can_be_chosen(order.method, order.first_day, order.last_day):
            raise Refused("these days cannot be chosen any more")
        short = worst(self.missing(order.demand, order.days, END, order))
        if short:
            order.status, order.place = "pending", self.moment()
            self.deal(order, short)
        else:
            order.status = "open"

    def move(self, order: Order, first_day: date) -> None:
        self._check_answerable(order)
        last_day = first_day + (order.last_day - order.first_day)
        if not self.can_be_chosen(order.method, first_day, last_day):
            raise Refused("these days cannot be chosen")
        leaves, back = self.away(order.method, first_day, last_day)
        missing = self.missing(order.demand, days_of(leaves, back), END, order)
        if missing:
            raise Refused("still short", missing)
        order.first_day, order.last_day, order.leaves, order.back = first_day, last_day, leaves, back
        order.status = "open"

    def go_back(self, order: Order) -> None:
        if order.status != "confirming":
            raise Refused("it has been answered")
        order.status, order.held, order.total, order.authorized = "cart", None, None, None

    def nobody_answers(self, until: int) -> list[Order]:
        """Whoever was authorized up to that moment and has not answered goes back to the cart."""
        late = [
            order
            for order in self.orders
            if order.status == "confirming" and (order.authorized or 0) <= until
        ]
        for order in late:
            self.go_back(order)
        return late

    # --- while it waits -------------------------------------------------------------------------------------

    def may_open(self, order: Order) -> bool:
        return (
            order.status == "pending"
            and bool(order.held)
            and order.leaves >= self.today
            and not self.missing_of(order)
        )

    def _open(self, order: Order) -> None:
        order.status, order.place = "open", None
        self.deal(order, {})

    def promote(self) -> list[Order]:
        opened = []
        for order in self.queue():
            if self.may_open(order):
                self._open(order)
                opened.append(order)
            else:
                self.deal(order, worst(self.missing_of(order)))
        return opened

    def lapse(self) -> list[Order]:
        """Those who wait and whose dispatch day has passed are cancelled."""
        late = [order for order in self.queue() if order.leaves < self.today]
        for order in late:
            self.cancel(order)
        return late

    def cancel(self, order: Order) -> None:
        if order.status == "cancelled":
            return
        if order.status not in ("pending", "open"):
            raise Refused("it is not for cancelling")
        if order.taken:
            raise Refused("the money is taken")
        order.status, order.place, order.held = "cancelled", None, None
        self.deal(order, {})

    def hold_ends(self, order: Order) -> None:
        order.held = None

    def money_is_taken(self, order: Order) -> None:
        order.taken = True

    def change(
        self,
        order: Order,
        copies: Mapping[int, int] | None = None,
        first_day: date | None = None,
        last_day: date | None = None,
        pays: bool = False,
    ) -> None:
        """Other numbers of copies (by the line's place among the lines; 0: without it) or other days.

        `pays`: the customer holds the new total for it, in place of what was held.
        """
        if order.status not in ("pending", "open"):
            raise Refused("it is not for changing")
        new = [(copies or {}).get(index, line.copies) for index, line in enumerate(order.lines)]
        lines = [Line(line.card, number) for line, number in zip(order.lines, new, strict=True) if number]
        if not lines:
            raise Refused("nothing would be left")
        first_day, last_day = first_day or order.first_day, last_day or order.last_day
        leaves, back = order.leaves, order.back
        if (first_day, last_day) != (order.first_day, order.last_day):
            if last_day < first_day or not self.is_short_enough(first_day, last_day):
                raise Refused("no such period")
            if first_day != order.first_day and not self.can_be_chosen(order.method, first_day, last_day):
                raise Refused("these days cannot be chosen")
            leaves, back = self.away(order.method, first_day, last_day)
            if first_day == order.first_day:  # the day it leaves was promised, whatever is closed by now
                leaves = order.leaves
                if last_day <= order.last_day:
                    back = min(back, order.back)
        demand: dict[str, int] = {}
        for line in lines:
            demand[line.card] = demand.get(line.card, 0) + line.copies
        asks_for_less = (
            all(number <= order.demand.get(card, 0) for card, number in demand.items())
            and order.leaves <= leaves
            and back <= order.back
        )
        total = self.total(lines, order.method, first_day, last_day)
        if order.taken:
            if total != order.total:
                raise Refused("the money is taken")
        elif pays:
            if not asks_for_less and leaves < self.today:
                raise Refused("its dispatch day has passed")
        elif not asks_for_less:
            if not order.held:
                raise Refused("nothing is held")
            if total > order.held:
                raise Refused("more than is held")
            if leaves < self.today:
                raise Refused("its dispatch day has passed")
        elif total > max(order.total or 0, order.held or 0):
            raise Refused(
                "nobody agreed to more"
            )  # a day more at the customer's, and none more away from the shop
        if not asks_for_less:
            keeps_days = order.leaves <= leaves and back <= order.back
            promised = order.demand if order.status == "open" and keeps_days else {}
            asked = {card: number for card, number in demand.items() if number > promised.get(card, 0)}
            missing = self.missing(asked, days_of(leaves, back), END, order)
            if missing and order.status == "open":
                raise Refused("still short", missing)
            if order.status == "pending":
                order.place = self.moment()
        order.lines, order.total = lines, total
        order.first_day, order.last_day = first_day, last_day
        order.leaves, order.back = leaves, back
        if pays and not order.taken:
            order.held = total
        if order.status == "pending":
            short = worst(self.missing_of(order))
            self.deal(order, short)
            if not short and order.held and leaves >= self.today:
                self._open(order)

    # --- out and back ---------------------------------------------------------------------------------------

    def dispatch(self, order: Order) -> None:
        if order.status == "dispatched":
            return
        if order.status != "open":
            raise Refused("it is not open")
        if not order.leaves <= self.today < order.back:
            raise Refused("it may not leave today")
        missing = {
            card: min(copies, copies - self.on_shelf(card))
            for card, copies in order.demand.items()
            if copies > self.on_shelf(card)
        }
        if missing:
            raise Refused("not on the shelf", missing)
        order.status, order.taken, order.out = "dispatched", True, order.demand

    def keep_longer(self, order: Order, last_day: date) -> None:
        if order.status != "dispatched":
            raise Refused("it is not out")
        if last_day <= order.last_day or last_day < self.today:
            raise Refused("that is no later day")
        _, back = self.away(order.method, order.first_day, last_day)
        more_days = days_of(max(self.today, order.back), back)
        missing = self.missing(order.out, more_days, END, order)
        if missing:
            raise Refused("still short", missing)
        order.last_day, order.back, order.expected = last_day, back, None

    def _check_out(self, order: Order) -> None:
        if order.status != "dispatched":
            raise Refused("nothing of it is out")

    def _come_in(self, order: Order, copies: Mapping[str, int]) -> None:
        if any(number > order.out.get(card, 0) for card, number in copies.items()):
            raise Refused("more than is out")
        left = {card: number - copies.get(card, 0) for card, number in order.out.items()}
        order.out = {card: number for card, number in left.items() if number}
        if not order.out:
            order.status, order.expected = "returned", None

    def check_in(self, order: Order, copies: Mapping[str, int] | None = None) -> None:
        if copies is None and order.status == "returned":
            return
        self._check_out(order)
        if copies is not None and (any(n < 0 for n in copies.values()) or not any(copies.values())):
            raise Refused("nothing comes back")
        self._come_in(order, order.out if copies is None else copies)

    def write_off(self, order: Order, card: str, printing: int, copies: int) -> None:
        self._check_out(order)
        if copies < 1 or copies > order.out.get(card, 0):
            raise Refused("not so many are out")
        self._check_owned(card, printing, copies, self.today)
        self._come_in(order, {card: copies})
        self.movements.append(Movement(card, printing, -copies, self.today))

    def expect_back(self, order: Order, on: date | None) -> None:
        self._check_out(order)
        if on is not None and (on <= self.today or on < order.back):
            raise Refused("that day says nothing")
        order.expected = on

    # --- the stock ------------------------------------------------------------------------------------------

    def _check_owned(self, card: str, printing: int, copies: int, since: date) -> None:
        """Nobody parts with what they do not own, then or later."""
        days = {since} | {movement.day for movement in self.movements if movement.day > since}
        if any(self.owned(card, day, printing) < copies for day in days):
            raise Refused("not so many are owned")

    def stock(self, card: str, printing: int, copies: int, day: date) -> None:
        """Copies come, or go (below 0)."""
        if copies < 0:
            self._check_owned(card, printing, -copies, day)
        self.movements.append(Movement(card, printing, copies, day))

    def days_pass(self, days: int) -> None:
        self.today += days * DAY

    def close(self, first_day: date, last_day: date) -> None:
        """On these days nothing is handed over, sent or taken back. What was accepted before stays."""
        self.closed_days |= set(days_of(first_day, last_day + DAY))
