"""The cart page and a step on it, through every middleware: queries, how long the server takes, how much it sends."""

import gzip
import statistics
from dataclasses import dataclass
from functools import partial

import numpy as np
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.guests import SESSION_KEY
from bench import database
from bench.data import Shop
from bench.orders import DAY, Lines, write_orders
from bench.table import Line
from bench.timing import in_turns, medians, ratios
from inventory.periods import RentalPeriod
from orders.states import Status

MANY = 100
MOST_KILOBYTES = 15
MOST_MILLISECONDS = 120  # of server time, for a hundred lines


@dataclass(frozen=True, slots=True)
class Page:
    """The cart page of a visitor whose cart has days and so many lines."""

    client: Client
    lines: int
    line_id: int

    def get(self) -> bytes:
        response = self.client.get(reverse("orders:cart"))
        shown = response.content.count(b'name="quantity"')
        if response.status_code != 200 or shown < self.lines:
            raise AssertionError(f"The cart page answers {response.status_code} with {shown} lines.")
        return response.content

    def step(self) -> bytes:
        """One copy more of a line, as htmx asks for it, and then one less: what is measured stays as it is."""
        return self._post("1") + self._post("-1")

    def _post(self, by: str) -> bytes:
        response = self.client.post(
            reverse("orders:update_line", args=[self.line_id]), {"by": by}, headers={"hx-request": "true"}
        )
        if response.status_code != 200 or response.content.count(b'name="quantity"') < self.lines:
            raise AssertionError(f"A step on the cart page answers {response.status_code}.")
        return response.content

    def queries(self) -> int:
        with CaptureQueriesContext(connection) as captured:
            self.get()
        return len(captured)


def cart_page(shop: Shop, *, lines: int) -> Page:
    """Writes a guest's cart and a session of theirs."""
    deck = shop.decks(np.random.default_rng(lines), count=1, size=lines)[0]
    first_day = shop.today + 30 * DAY
    (cart,) = write_orders(
        Status.CART, [RentalPeriod(first_day, first_day + 4 * DAY)], Lines.of_decks([deck]), today=shop.today
    )
    client = Client(headers={"host": "localhost"})
    session = client.session
    session[SESSION_KEY] = str(cart.guest_id)
    session.save()
    return Page(client, lines, cart.order_cards.earliest("pk").pk)


def measure(shop: Shop, *, rounds: int) -> list[Line]:
    with database.copied("pages") as name, database.working_on(name):
        pages = {count: cart_page(shop, lines=count) for count in (1, MANY)}
        for page in pages.values():
            page.get()  # content types and the like are read once in each process
        compressed = len(gzip.compress(pages[MANY].get()))
        queries = {count: page.queries() for count, page in pages.items()}
        taken = [
            in_turns(
                {
                    **{str(count): partial(page.get) for count, page in pages.items()},
                    "step": pages[MANY].step,
                },
                turn=turn,
            )[0]
            for turn in range(rounds)
        ]
    stepped = [round_["step"] / 2 for round_ in taken]  # there and back
    return [
        Line(
            f"cart page of {MANY} lines",
            [round_[str(MANY)] for round_ in taken],
            "ms",
            against="of 1 line",
            baseline=medians(taken)["1"],
            ratio=ratios(taken, to="1")[str(MANY)],
            limit=f"{queries[1]} queries, as for 1 line",
            reached=queries[MANY] == queries[1],
            queries=queries[MANY],
        ),
        _within_time("the same page, on the clock", [round_[str(MANY)] for round_ in taken]),
        _within_time(f"a step on a cart of {MANY} lines", stepped),
        Line(
            f"cart page of {MANY} lines, its HTML with gzip",
            [compressed / 1000],
            "kB",
            limit=f"at most {MOST_KILOBYTES} kB",
            reached=compressed <= MOST_KILOBYTES * 1000,
        ),
    ]


def _within_time(question: str, figures: list[float]) -> Line:
    median = statistics.median(figures)
    limit = f"at most {MOST_MILLISECONDS} ms"
    return Line(question, figures, "ms", limit=limit, reached=median <= MOST_MILLISECONDS)
