"""What comes over HTTP before anybody reads a query: method, form, size, who sends it, and how often."""

import json
import logging

import pytest
from django.conf import settings as site_settings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from graphql import GraphQLError

from deckrental.graphql.errors import told
from deckrental.graphql.limits import MOST_DEPTH
from orders import cart_ids
from orders.models import Order
from tests.factories import StaffFactory, UserFactory, stocked_card
from tests.graphql.calls import Device, device_of

pytestmark = pytest.mark.django_db

WHO = "{ customerCart { cart_id } }"
CREATE = "mutation { createEmptyCart }"


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    cache.clear()


def browser_of(user=None) -> Device:
    """A browser with a session (and its CSRF cookie), without a token."""
    device = Device()
    if user:
        device.client.force_login(user)
    else:
        stocked_card(1, name="Island")
        device.client.get("/cards/island/")
        device.client.post(
            "/cart/add-card/island/", headers={"X-CSRFToken": device.client.cookies["csrftoken"].value}
        )
    device.client.get("/accounts/login/" if not user else "/cart/")
    assert site_settings.SESSION_COOKIE_NAME in device.client.cookies
    return device


def code_of(answer) -> str:
    (error,) = answer.json()["errors"]
    assert error["message"]
    return error["extensions"]["code"]


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "head", "options"])
def test_only_post_is_answered(method: str):
    answer = getattr(Client(), method)("/graphql/?query={customerCart{cart_id}}")
    assert answer.status_code == 405
    assert answer["Allow"] == "POST"


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "text/json"],
)
def test_only_json_is_read(content_type: str):
    """A page of somebody else's can make a visitor's browser send the others, with the visitor's cookies."""
    answer = Device().post_body(json.dumps({"query": CREATE}), content_type=content_type)
    assert (answer.status_code, code_of(answer)) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert not Order.objects.exists()


def test_the_encoding_may_stand_beside_the_type():
    answer = Device().post_body(json.dumps({"query": CREATE}), content_type="application/json; charset=utf-8")
    assert answer.json()["data"]["createEmptyCart"]


@pytest.mark.parametrize(
    "body",
    [
        b" ",
        b"{",
        b"\xff\xfe",
        b"null",
        b'"{ customerCart }"',
        b"{}",
        b'{"query": null}',
        b'{"query": 7}',
        b'{"query": "  "}',
        b'{"query": "# nothing"}',
        b'{"query": "fragment f on Cart { cart_id }"}',
        b'{"query": "mutation { createEmptyCart }", "variables": []}',
        b'{"query": "mutation { createEmptyCart }", "variables": "{}"}',
        b'{"query": "mutation { createEmptyCart }", "operationName": 7}',
        b'{"query": "mutation { createEmptyCart }", "operationName": "Other"}',
        b'{"query": "mutation a { createEmptyCart } mutation b { createEmptyCart }"}',
        b'[{"query": "mutation { createEmptyCart }"}, {"query": "mutation { createEmptyCart }"}]',
        b'{"query": "mutation { createEmptyCart }", "variables": {"half": "\\ud800"}}',
        b'{"query": ' + b"[" * 100_000,
    ],
)
def test_what_is_no_request_is_refused_with_a_reason_and_does_nothing(body: bytes):
    answer = Device().post_body(body)
    assert answer.status_code in (200, 400)
    assert code_of(answer) in ("BAD_REQUEST", "SYNTAX_ERROR", "INVALID_QUERY")
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("query ($id: String!) { cart(cart_id: $id) { cart_id } }", {}),
        ("query ($id: String!) { cart(cart_id: $id) { cart_id } }", {"id": 7}),
        ("query ($id: String!) { cart(cart_id: $id) { cart_id } }", {"id": None}),
        ("query ($id: String!) { cart(cart_id: $id) { cart_id } }", {"id": ["a"]}),
        ("{ cart(cart_id: 7) { cart_id } }", {}),
        ("{ cart { cart_id } }", {}),
        ("{ customerCart }", {}),
        ("{ customerCart { secrets } }", {}),
        ("{ orders(first: 99999999999) { number } }", {}),
        ('{ cardAvailability(sku: "a", first_day: "soon", last_day: "2026-13-01") { day } }', {}),
        (
            'query ($d: Date!) { cardAvailability(sku: "a", first_day: $d, last_day: $d) { day } }',
            {"d": "soon"},
        ),
        ("subscription { customerCart { cart_id } }", {}),
    ],
)
def test_what_does_not_fit_the_schema_is_told_what_is_wrong(query: str, variables: dict):
    answer = Device().post(query, **variables)
    assert answer.status_code == 200
    assert {error["extensions"]["code"] for error in answer.json()["errors"]} == {"INVALID_QUERY"}


@pytest.mark.parametrize("query", ["{ customerCart { cart_ids } }", "{ customerCarts { cart_id } }"])
def test_names_are_suggested_only_with_debug(query: str, settings):
    assert "Did you mean" not in Device().send(query)["errors"][0]["message"]
    settings.DEBUG = True
    assert "Did you mean" in Device().send(query)["errors"][0]["message"]


def test_the_schema_is_shown_only_with_debug(settings):
    asks = "{ __schema { types { name } } }"
    for refused in (asks, '{ __type(name: "Cart") { name } }'):
        answer = Device().send(refused)
        assert answer["data"] is None
        assert {error["extensions"]["code"] for error in answer["errors"]} == {"INVALID_QUERY"}
    settings.DEBUG = True
    assert {"name": "Cart"} in Device().get(asks)["types"]


def test_graphiql_is_there_only_with_debug(settings):
    assert Client().get("/graphql/").status_code == 405
    settings.DEBUG = True
    page = Client().get("/graphql/")
    assert page.status_code == 200
    assert b"GraphiQL" in page.content
    assert "csrftoken" in page.cookies
    of_a_page = Client().get("/cards/")["Content-Security-Policy"]
    policy = page["Content-Security-Policy"]
    assert policy.replace("font-src 'self' data:", "font-src 'self'") == of_a_page


def test_our_own_faults_are_logged_and_not_told(monkeypatch, caplog):
    def fails(**kwargs):
        raise RuntimeError("the secret of the house")

    monkeypatch.setattr("orders.schema.mutations.create_empty_cart", fails)
    with caplog.at_level(logging.ERROR):
        answer = Device().post(CREATE)
    assert code_of(answer) == "INTERNAL"
    assert b"secret" not in answer.content
    assert b"Traceback" not in answer.content
    assert answer.json()["errors"][0]["message"].startswith("Something went wrong")
    assert "the secret of the house" in caplog.text


class TestSessions:
    def test_a_page_of_the_site_acts_for_who_has_signed_in(self):
        user = UserFactory()
        browser = browser_of(user)
        sign = {"X-CSRFToken": browser.client.cookies["csrftoken"].value}
        answer = browser.post(WHO, headers=sign)
        assert answer.json()["data"]["customerCart"]["cart_id"] == cart_ids.customer_cart(user=user).cart_id

    @pytest.mark.parametrize("query", [CREATE, WHO])
    @pytest.mark.parametrize("sign", [None, "", "x" * 64])
    def test_a_session_without_its_sign_does_nothing(self, query: str, sign: str | None):
        browser = browser_of(UserFactory())
        answer = browser.post(query, headers={} if sign is None else {"X-CSRFToken": sign})
        assert (answer.status_code, code_of(answer)) == (403, "CSRF_FAILED")
        assert not Order.objects.exists()

    def test_a_session_of_a_guest_needs_its_sign_too(self):
        browser, before = browser_of(), Order.objects.count()
        assert browser.post(CREATE).status_code == 403
        assert Order.objects.count() == before

    def test_a_token_counts_and_a_session_beside_it_does_not(self):
        mine, other = UserFactory(), UserFactory()
        browser = browser_of(other)
        browser.token = device_of(mine).token
        assert browser.get(WHO)["cart_id"] == cart_ids.customer_cart(user=mine).cart_id

    def test_a_token_that_is_worth_nothing_is_not_made_good_by_a_session(self):
        browser = browser_of(UserFactory())
        sign = {"X-CSRFToken": browser.client.cookies["csrftoken"].value}
        browser.token = "worth-nothing"
        assert browser.post(WHO, headers=sign).status_code == 401

    def test_another_way_to_sign_in_does_not_pass_for_a_token(self):
        """A site behind a password of its server's own: it says nothing of customers, and does not excuse the sign."""
        basic = {"Authorization": "Basic cGxheWVyOmhvcnNl"}
        assert Device().post(CREATE, headers=basic).json()["data"]["createEmptyCart"]
        assert browser_of(UserFactory()).post(CREATE, headers=basic).status_code == 403

    def test_the_api_opens_no_sessions_and_sets_no_cookies(self):
        for device in (Device(), device_of(UserFactory())):
            answer = device.post(CREATE)
            assert "createEmptyCart" in answer.json()["data"]
            assert not answer.cookies
        assert not Session.objects.exists()

    def test_a_session_of_staff_brings_no_rights_over_carts(self):
        browser = browser_of(StaffFactory(is_superuser=True))
        sign = {"X-CSRFToken": browser.client.cookies["csrftoken"].value}
        theirs = cart_ids.customer_cart(user=UserFactory())
        asks = "query ($id: String!) { cart(cart_id: $id) { cart_id } }"
        answer = browser.post(asks, headers=sign, id=theirs.cart_id)
        assert code_of(answer) == "CART_NOT_FOUND"


class TestLimits:
    def test_of_size(self, settings):
        settings.API_MAX_BODY_BYTES = 1_000
        body = json.dumps({"query": CREATE})
        assert Device().post_body(body + " " * (1_000 - len(body))).status_code == 200
        answer = Device().post_body(body + " " * (1_001 - len(body)))
        assert (answer.status_code, code_of(answer)) == (413, "BODY_TOO_LARGE")

    def test_from_an_address(self, settings):
        settings.API_REQUESTS_PER_ADDRESS = 2
        answers = [Device().post(CREATE) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert code_of(answers[2]) == "RATE_LIMITED"
        assert 1 <= int(answers[2]["Retry-After"]) <= 61
        assert Order.objects.count() == 2

    @pytest.mark.parametrize(
        "query",
        [
            "mutation { a: createEmptyCart b: createEmptyCart c: createEmptyCart }",
            "mutation { ...two ... { c: createEmptyCart } }"
            " fragment two on Mutation { a: createEmptyCart b: createEmptyCart }",
        ],
    )
    def test_from_an_address_that_asks_for_several_things_at_once(self, settings, query: str):
        """By names of their own twenty would pass for one."""
        settings.API_REQUESTS_PER_ADDRESS = 5
        assert len(Device().send(query)["data"]) == 3
        answer = Device().post(query)
        assert (answer.status_code, code_of(answer)) == (200, "RATE_LIMITED")
        assert 1 <= int(answer["Retry-After"]) <= 61
        assert Order.objects.count() == 3

    def test_of_a_customer_who_asks_for_several_things_at_once(self, settings):
        settings.API_REQUESTS_PER_CUSTOMER = 3
        device, twice = (
            device_of(UserFactory()),
            "{ a: customerCart { cart_id } b: customerCart { cart_id } }",
        )
        assert len(device.send(twice)["data"]) == 2
        assert device.error(twice)["code"] == "RATE_LIMITED"

    def test_from_an_address_whatever_tokens_are_tried(self, settings):
        settings.API_REQUESTS_PER_ADDRESS = 2
        assert [Device(f"guess{n}").post(CREATE).status_code for n in range(3)] == [401, 401, 429]

    def test_of_a_customer_whatever_their_address_and_token(self, settings):
        settings.API_REQUESTS_PER_CUSTOMER = 2
        user = UserFactory()
        statuses = []
        for number in range(3):
            device = device_of(user)
            device.client.defaults["REMOTE_ADDR"] = f"203.0.113.{number}"
            statuses.append(device.post(WHO).status_code)
        assert statuses == [200, 200, 429]
        assert device_of(UserFactory()).post(WHO).status_code == 200

    def test_that_are_told_inside_an_answer_say_when_to_come_again_too(self, settings):
        settings.API_SIGN_INS_PER_EMAIL = 0
        answer = Device().post('mutation { generateCustomerToken(email: "a@b.c", password: "d") { token } }')
        assert (answer.status_code, code_of(answer)) == (200, "RATE_LIMITED")
        assert 1 <= int(answer["Retry-After"]) <= 3601

    def test_keep_nobody_out_where_redis_is_down(self, settings):
        settings.API_REQUESTS_PER_ADDRESS = 0
        assert Device().post(CREATE).status_code == 429
        settings.CACHES = {
            "default": {
                "BACKEND": "django.core.cache.backends.redis.RedisCache",
                "LOCATION": "redis://127.0.0.1:1/0",
            }
        }
        assert Device().post(CREATE).status_code == 200

    @pytest.mark.parametrize(
        ("query", "what"),
        [
            ("{ " + "a { " * 9 + "b" + " }" * 9 + " }", "levels"),
            ("{ " + " ".join(f"a{n}: customerCart {{ cart_id }}" for n in range(21)) + " }", "aliases"),
            ("{ " + " ".join(f"a{n}: __typename" for n in range(21)) + " }", "aliases"),
            ("{ " + "__typename " * 501 + "}", "fields"),
            ("{ customerCart { " + "cart_id " * 501 + "} }", "fields"),
            ("{ " + "a " * 2_001 + "}", "words"),
            ("{ " + "a { " * 600 + "b" + " }" * 600 + " }", "levels"),
        ],
    )
    def test_of_a_query(self, query: str, what: str):
        error = device_of(UserFactory()).error(query)
        assert error["code"] == "TOO_COMPLEX"
        assert error["what"] == what
        assert error["max"] > 1
        assert not Order.objects.exists()

    def test_of_what_is_too_deep_even_to_be_measured(self):
        said = told(GraphQLError("too deep", original_error=RecursionError()))
        assert said["extensions"] == {"code": "TOO_COMPLEX", "what": "levels", "max": MOST_DEPTH}

    def test_of_a_query_that_hides_its_size_in_fragments(self):
        """Each fragment uses the next one twice: written out, more fields than there are atoms."""
        chain = " ".join(
            f"fragment f{n} on Query {{ a{n}: customerCart {{ cart_id }} ...f{n + 1} ...f{n + 1} }}"
            for n in range(60)
        )
        query = "{ ...f0 } " + chain + " fragment f60 on Query { customerCart { cart_id } }"
        assert Device().error(query)["code"] == "TOO_COMPLEX"

    def test_of_a_query_with_the_longest_chain_of_fragments(self):
        """As many as there are words for: nobody walks along them."""
        chain = " ".join(f"fragment f{n} on Query {{ ...f{n + 1} }}" for n in range(240))
        query = "{ ...f0 } " + chain + " fragment f240 on Query { customerCart { cart_id } }"
        error = Device().error(query)
        assert (error["code"], error["what"], error["max"]) == ("TOO_COMPLEX", "fragments", 50)

    def test_a_query_with_as_many_fragments_as_there_may_be_is_read(self):
        chain = " ".join(f"fragment f{n} on Query {{ ...f{n + 1} }}" for n in range(49))
        query = "{ ...f0 } " + chain + " fragment f49 on Query { customerCart { cart_id } }"
        assert Device().error(query)["code"] == "UNAUTHENTICATED"

    def test_of_a_query_whose_fragments_go_in_a_circle(self):
        query = "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a customerCart { cart_id } }"
        assert Device().error(query)["code"] == "INVALID_QUERY"

    def test_a_query_of_the_largest_size_is_answered(self):
        query = "{ " + " ".join(f"a{n}: customerCart {{ cart_id }}" for n in range(20)) + " }"
        assert len(device_of(UserFactory()).send(query)["data"]) == 20

    def test_of_values_that_are_nested_deeply(self):
        query = "{ cart(cart_id: " + "[" * 900 + "]" * 900 + ") { cart_id } }"
        codes = {error["extensions"]["code"] for error in Device().send(query)["errors"]}
        assert codes <= {"INVALID_QUERY", "TOO_COMPLEX"}
