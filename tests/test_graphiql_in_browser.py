"""GraphiQL in a real Chromium: what it needs comes from the site itself, and nothing breaks over its policy."""

import pytest
from playwright.sync_api import Browser, expect

from accounts.models import User
from tests.factories import UserFactory, stocked_card
from tests.test_pages_in_browser import signed_in_as

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_graphiql_asks_nobody_but_this_site_and_works_under_its_policy(
    browser: Browser, live_server, client, settings
):
    settings.DEBUG = True
    stocked_card(4, name="Lightning Bolt")
    user: User = UserFactory()
    client.force_login(user)
    page = signed_in_as(client, browser, live_server.url).new_page()
    asked: list[str] = []
    wrong: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)

    page.goto("/graphql/")
    editor = page.get_by_label("Query Editor").get_by_role("textbox").first
    editor.focus()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type('{ cards(search: "bolt") { name } customerCart { total_cents } }')
    page.keyboard.press("ControlOrMeta+Enter")
    expect(page.get_by_label("Result Window")).to_contain_text("Lightning Bolt")
    expect(page.get_by_label("Result Window")).to_contain_text("total_cents")
    page.get_by_label("Show Documentation Explorer").click()
    expect(page.get_by_role("link", name="Mutation")).to_be_visible()

    elsewhere = [url for url in asked if not url.startswith((live_server.url, "data:"))]
    assert elsewhere == []
    assert wrong == []
