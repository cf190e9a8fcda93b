"""Payment intents found again: by customer, by time, by metadata."""

import pytest
import stripe

from tests.stripe_sandbox.surroundings import Clock, hold


def ids(listed: stripe.ListObject | stripe.SearchResultObject) -> list[str]:
    return [one.id for one in listed.data]


def search(client: stripe.StripeClient, query: str, **more: object) -> list[str]:
    return ids(client.v1.payment_intents.search({"query": query, **more}))


def refused(call) -> stripe.InvalidRequestError:
    with pytest.raises(stripe.InvalidRequestError) as raised:
        call()
    return raised.value


def test_the_intents_of_a_customer_newest_first(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({})
    mine = [hold(client, customer=customer.id).id for _ in range(3)][::-1]
    other = hold(client).id
    intents = client.v1.payment_intents
    assert ids(intents.list({"customer": customer.id})) == mine
    assert ids(intents.list()) == [other, *mine]
    first = intents.list({"customer": customer.id, "limit": 2})
    assert (ids(first), first.has_more) == (mine[:2], True)
    assert [one.id for one in first.auto_paging_iter()] == mine
    rest = intents.list({"customer": customer.id, "starting_after": mine[1]})
    assert (ids(rest), rest.has_more) == (mine[2:], False)
    assert ids(intents.list({"customer": customer.id, "ending_before": mine[1]})) == mine[:1]
    error = refused(lambda: intents.list({"customer": "cus_nobody"}))
    assert (error.code, error.param) == ("resource_missing", "customer")


@pytest.mark.parametrize("kind", ["payment_intents", "charges", "refunds", "events"])
def test_lists_by_time(client: stripe.StripeClient, clock: Clock, kind: str) -> None:
    listed = getattr(client.v1, kind).list

    def made() -> int:
        intent = hold(client, capture_method=None)
        client.v1.refunds.create({"payment_intent": intent.id})
        return listed({"limit": 1}).data[0].created

    early = made()
    clock.advance(hours=1)
    late = made()

    def times(created: object) -> set[int]:
        return {one.created for one in listed({"created": created, "limit": 100}).data}

    assert early in times({"lt": late - 60})
    assert min(times({"gt": late - 60})) >= late - 60
    assert times({"gte": early, "lte": early}) == {early}
    assert times({"gt": early, "lt": late - 60}) <= set(range(early + 1, early + 60))
    assert times(early) == {early}
    assert times(early - 1000) == set()


def test_a_range_of_nonsense(client: stripe.StripeClient) -> None:
    error = refused(lambda: client.v1.payment_intents.list({"created": {"after": 5}}))
    assert error.code == "parameter_unknown"


def test_search_by_metadata(client: stripe.StripeClient) -> None:
    seven = hold(client, metadata={"order": "7", "kind": "order"}).id
    hold(client, metadata={"order": "70"})
    hold(client)
    late_fee = hold(client, metadata={"order": "7", "kind": "late_fee"}).id
    assert search(client, "metadata['order']:'7'") == [late_fee, seven]
    assert search(client, 'metadata["order"]:"7" AND metadata["kind"]:"order"') == [seven]
    assert search(client, "metadata['kind']:'ORDER'") == [seven]
    assert search(client, "metadata['nothing']:'7'") == []
    assert search(client, "-metadata['kind']:null") == [late_fee, seven]


def test_search_by_state_customer_money_and_time(client: stripe.StripeClient, clock: Clock) -> None:
    customer = client.v1.customers.create({})
    held = hold(client, customer=customer.id, amount=500)
    gone = hold(client, amount=1000)
    client.v1.payment_intents.cancel(gone.id)
    clock.advance(hours=1)
    paid = hold(client, amount=2000, currency="eur", capture_method=None)
    assert search(client, "status:'canceled'") == [gone.id]
    assert search(client, "-status:'canceled'") == [paid.id, held.id]
    assert search(client, f"customer:'{customer.id}'") == [held.id]
    assert search(client, "customer:null") == [paid.id, gone.id]
    assert search(client, "currency:'eur'") == [paid.id]
    assert search(client, "amount>500") == [paid.id, gone.id]
    assert search(client, "amount>=1000 amount<'2000'") == [gone.id]
    assert search(client, "amount=2000") == search(client, "amount:2000") == [paid.id]
    assert search(client, f"created>{held.created + 60}") == [paid.id]
    assert search(client, f"created<{held.created + 60}") == [gone.id, held.id]
    assert search(client, "status:'succeeded' OR amount<=500") == [paid.id, held.id]


def test_search_a_page_at_a_time(client: stripe.StripeClient) -> None:
    made = [hold(client, metadata={"batch": "a"}).id for _ in range(5)][::-1]
    hold(client)
    asked = {"query": "metadata['batch']:'a'", "limit": 2}
    first = client.v1.payment_intents.search(asked)
    assert (ids(first), first.has_more) == (made[:2], True)
    second = client.v1.payment_intents.search({**asked, "page": first.next_page})
    assert (ids(second), second.has_more) == (made[2:4], True)
    last = client.v1.payment_intents.search({**asked, "page": second.next_page})
    assert (ids(last), last.has_more, last.next_page) == (made[4:], False, None)
    assert [one.id for one in client.v1.payment_intents.search(asked).auto_paging_iter()] == made


def test_search_expands(client: stripe.StripeClient) -> None:
    hold(client)
    found = client.v1.payment_intents.search({"query": "amount:1250", "expand": ["data.latest_charge"]})
    assert found.data[0].latest_charge.paid


@pytest.mark.parametrize(
    "query",
    [
        "status",
        "status:succeeded",
        "status:'succeeded",
        "status>'succeeded'",
        "status:'succeeded' AND",
        "status:'succeeded' OR amount>5 AND amount<9",
        "(status:'succeeded')",
        "colour:'red'",
        "description:'red'",
        "metadata:'7'",
        "metadata[order]:'7'",
        "metadata['order']~'7'",
        "amount:'much'",
        "amount~5",
        "amount:null",
        "status['a']:'b'",
        " ".join(["amount>5"] * 11),
    ],
)
def test_a_query_that_is_not_understood_finds_nothing(client: stripe.StripeClient, query: str) -> None:
    hold(client)
    error = refused(lambda: client.v1.payment_intents.search({"query": query}))
    assert (error.http_status, error.param) == (400, "query")


@pytest.mark.parametrize(
    ("given", "param"),
    [({"page": "rubbish"}, "page"), ({"page": "cGlfbm90aGluZw=="}, "page"), ({"limit": 101}, "limit")],
)
def test_pages_that_are_none(client: stripe.StripeClient, given: dict[str, object], param: str) -> None:
    error = refused(lambda: client.v1.payment_intents.search({"query": "amount>5", **given}))
    assert (error.http_status, error.param) == (400, param)


def test_a_query_is_needed(client: stripe.StripeClient) -> None:
    assert refused(lambda: client.v1.payment_intents.search({})).code == "parameter_missing"
