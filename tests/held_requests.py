"""Requests of a page that the test keeps back: what happens before an answer comes happens for certain then."""

import time

import pytest
from playwright.sync_api import Page, Route

PATIENCE = 60  # seconds until a request that does not come is told as what it is


class HeldRequests:
    """The first requests of a page to an address: none arrives before it is let go. Later ones do at once."""

    def __init__(self, page: Page, address: str, *, first: int = 1) -> None:
        self._page = page
        self._address = address
        self._to_come = first
        self._held: list[Route] = []
        page.route(address, self._take)

    def _take(self, route: Route) -> None:
        if self._to_come:
            self._to_come -= 1
            self._held.append(route)
        else:
            route.continue_()

    def wait(self) -> None:
        """Until the page has made the next request, which it may do some time after what asked for it."""
        until = time.monotonic() + PATIENCE
        while not self._held:
            if time.monotonic() > until:
                pytest.fail(f"The page asks nothing of {self._address}.")
            self._page.wait_for_timeout(10)

    def _next(self) -> Route:
        self.wait()
        return self._held.pop(0)

    def let_go(self) -> None:
        self._next().continue_()

    def answer(self, body: str) -> None:
        """The page gets this, and the request does not arrive."""
        self._next().fulfill(body=body)

    def lose(self) -> None:
        """Neither does the request arrive, nor an answer come back."""
        self._next().abort()

    def lose_the_answer(self) -> None:
        """The request arrives, and does its work; what comes back is an error."""
        route = self._next()
        route.fetch()
        route.fulfill(status=502, body="Bad gateway")
