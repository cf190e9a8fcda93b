"""Requests of a page that the test keeps back: what happens before an answer comes happens for certain then."""

from playwright.sync_api import Page, Route


class HeldRequest:
    """The first request of a page to an address, which does not arrive before it is let go; the others do."""

    def __init__(self, page: Page, address: str) -> None:
        self._page = page
        self._routes: list[Route] = []
        page.route(address, self._take)

    def _take(self, route: Route) -> None:
        if self._routes:
            route.continue_()
        else:
            self._routes.append(route)

    def wait(self) -> Route:
        """Until the page has made the request, which it may do some time after what asked for it."""
        while not self._routes:
            self._page.wait_for_timeout(10)
        return self._routes[0]

    def let_go(self) -> None:
        self.wait().continue_()

    def lose_the_answer(self) -> None:
        """The request arrives, and does its work; what comes back is an error."""
        route = self.wait()
        route.fetch()
        route.fulfill(status=502, body="Bad gateway")
