"""A pytest plugin: the tests marked `browser` run in the machine's own Chromium, or are missed loudly."""

from collections.abc import Sequence

import pytest
from playwright.sync_api import Browser, expect

from tests.browser_setup import find_chromium

NOT_RUN = "NOT RUN: there is no Chromium"
PATIENCE = 300  # seconds: a story of many pages, on a machine that does other work beside it
ARGUMENTS = [
    "--no-sandbox",  # which containers and root cannot have
    "--disable-gpu",
    # It would call home otherwise, and no test leaves this machine.
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# A machine that does other work beside the tests takes its time; what is there is seen at once all the same.
expect.set_options(timeout=20_000)  # milliseconds


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, object]) -> dict[str, object]:
    """pytest-playwright's, with the Chromium that was found."""
    return {**browser_type_launch_args, "executable_path": find_chromium(), "args": ARGUMENTS}


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    in_browser = [item for item in items if item.get_closest_marker("browser")]
    for item in in_browser:
        if not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(PATIENCE))
    if in_browser and find_chromium() is None:
        for item in in_browser:
            item.add_marker(pytest.mark.skip(reason=NOT_RUN))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Closes the pages of a test: each would keep a process of the browser, to the end of the run."""
    browser: Browser | None = getattr(item, "funcargs", {}).get("browser")
    for context in browser.contexts if browser else ():
        context.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A skipped test is a dot among hundreds; these are too important for that."""
    missed = [report for report in terminalreporter.getreports("skipped") if NOT_RUN in str(report.longrepr)]
    if not missed:
        return
    terminalreporter.section("THE SUITE IS INCOMPLETE", sep="#", red=True, bold=True)
    terminalreporter.line(
        f"{len(missed)} tests in the browser DID NOT RUN, since there is no Chromium or Chrome:",
        red=True,
        bold=True,
    )
    for report in missed:
        terminalreporter.line(f"    {report.nodeid}", red=True)
    terminalreporter.line("Install one, or set CHROMIUM to the path of one.", red=True, bold=True)
