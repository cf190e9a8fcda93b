"""What a page weighs for somebody who comes for the first time: every byte that the deployed site sends."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from django.test.testcases import LiveServerThread
from playwright.sync_api import Browser

from tests.factories import cart_with, stocked_card
from tests.test_pages_in_browser import as_guest_of, signed_in_as

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LIMIT = 150_000  # bytes, compressed, headers and all
LINES = 100


@pytest.fixture
def deployed(settings, tmp_path: Path) -> Iterator[str]:
    """The address of the site as it is deployed: static files collected, named by their content and compressed."""
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }
    settings.STATIC_ROOT = tmp_path / "static"
    settings.WHITENOISE_USE_FINDERS = settings.WHITENOISE_AUTOREFRESH = False
    call_command("collectstatic", verbosity=0, interactive=False, ignore=["admin", "graphene_*"])
    server = LiveServerThread("localhost", static_handler=lambda application: application)
    server.daemon = True
    server.start()
    server.is_ready.wait()
    if server.error:
        raise server.error
    yield f"http://localhost:{server.port}"
    server.terminate()


def test_a_cart_of_a_hundred_lines_weighs_no_more_than_it_may(deployed: str, browser: Browser):
    cards = {
        stocked_card(4, name=f"Card of Many Words {number}", mana_cost="{2}{W}{U}"): 4
        for number in range(LINES)
    }
    context = signed_in_as(as_guest_of(cart_with(cards)), browser, deployed)
    page = context.new_page()
    addresses: dict[str, str] = {}
    weights: dict[str, int] = {}
    network = context.new_cdp_session(page)
    network.on(
        "Network.responseReceived",
        lambda said: addresses.update({said["requestId"]: said["response"]["url"]}),
    )
    network.on(
        "Network.loadingFinished", lambda said: weights.update({said["requestId"]: said["encodedDataLength"]})
    )
    network.send("Network.enable")

    page.goto("/cart/", wait_until="networkidle")

    assert page.locator("input[name=quantity]").count() == LINES
    by_address = {
        url.removeprefix(deployed): int(weights[key]) for key, url in addresses.items() if key in weights
    }
    assert any(address.endswith(".woff2") for address in by_address)
    assert staticfiles_storage.url("css/base.css") in by_address
    assert sum(by_address.values()) <= LIMIT, by_address
    print(sum(by_address.values()), by_address)  # noqa: T201
