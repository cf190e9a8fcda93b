"""The cart page, through every middleware: how many queries, and how long the server takes for it."""

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


@dataclass(frozen=True, slots=True)
class Page:
    """The cart page of a visitor whose cart has days and so many lines."""

    client: Client
    lines: int

    def get(self) -> bytes:
        response = self.client.get(reverse("orders:cart"))
        shown = response.content.count(b'name="quantity"')
        if response.status_code != 200 or shown < self.lines:
            raise AssertionError(f"The cart page answers {response.status_code} with {shown} lines.")
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
    return Page(client, lines)


def measure(shop: Shop, *, rounds: int) -> list[Line]:
    with database.copied("pages") as name, database.working_on(name):
        pages = {count: cart_page(shop, lines=count) for count in (1, MANY)}
        for page in pages.values():
            page.get()  # content types and the like are read once in each process
        queries = {count: page.queries() for count, page in pages.items()}
        taken = [
            in_turns({str(count): partial(page.get) for count, page in pages.items()}, turn=turn)[0]
            for turn in range(rounds)
        ]
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
        )
    ]
