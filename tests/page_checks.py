"""What holds for every page, watched while a browser shows it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

CARD_IMAGES = ("cards.scryfall.io", "img.scryfall.com")
# Less than anybody can see: a page of 844 pixels of which nothing moves by more than a few.
MOST_SHIFT = 0.01

_COLLECT_SHIFTS = """
window.shifts = [];
new PerformanceObserver(list => {
    for (const entry of list.getEntries()) {
        const what = entry.sources.map(source => source.node?.className || source.node?.nodeName).join(" ");
        window.shifts.push([entry.value, what]);
    }
}).observe({type: "layout-shift", buffered: true});
"""
_SETTLED = """async () => {
    await document.fonts.ready;
    for (let frame = 0; frame < 2; frame += 1) await new Promise(done => requestAnimationFrame(done));
}"""


@dataclass
class WatchedPage:
    """A page with whom it asked and what it complained about. Watch it before it goes anywhere.

    `stripe`: the host of Stripe, or of what stands in for it.
    """

    page: Page
    stripe: str
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._heard)
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.add_init_script(_COLLECT_SHIFTS)

    def _heard(self, message) -> None:
        if "Content Security Policy" in message.text:
            self.complaints.append(message.text)

    def problems(self, *, axe: bool) -> list[str]:
        """Everything that the page, once it is there, breaks of what each page promises."""
        page = self.page
        page.evaluate(_SETTLED)
        found = [*self.complaints, *(f"asks {url}" for url in self.asked_elsewhere())]
        if (headings := page.locator("h1").count()) != 1:
            found.append(f"{headings} <h1>")
        if not (page.title().endswith(" · Deckrental") or page.title().startswith("Deckrental: ")):
            found.append(f"the title is {page.title()!r}")
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append("wider than the window")
        shifts: Sequence[tuple[float, str]] = page.evaluate("window.shifts")
        if sum(value for value, _ in shifts) >= MOST_SHIFT:
            found.append(f"moves: {shifts}")
        if axe and (results := Axe().run(page)).violations_count:
            found.append(results.generate_report())
        return [f"{page.url}: {problem}" for problem in found]

    def asked_elsewhere(self) -> list[str]:
        """Addresses of neither the site, nor Stripe, nor the images of cards."""
        own = urlsplit(self.page.url).netloc
        known = {own, self.stripe, *CARD_IMAGES}
        return [
            url for url in self.asked if not url.startswith("data:") and urlsplit(url).netloc not in known
        ]
