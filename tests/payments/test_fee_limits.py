"""How much may be charged besides the total: as pure arithmetic, and of real orders."""

import uuid
from datetime import date, timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from inventory.models import Card
from orders.changes import keep_longer
from orders.fee_limits import MOST_LATE_DAYS, AgreedLimits, FeeLimits, late_day_cents, late_days, worth_cents
from orders.fees import agreed_cents, agreed_limits, fee_limits, limits_of_cart
from orders.fulfilment import check_in
from orders.lines import lines_of, quote_of
from orders.models import Order, OrderEvent, Payment, PaymentStatus
from orders.pricing import Quote
from orders.transitions import SYSTEM
from tests.factories import TODAY, cart_with, dispatched, settled, stocked_card

# --- arithmetic -------------------------------------------------------------------------------------------


def quote(cards_cents: int, days: int, tax_basis_points: int = 1900) -> Quote:
    return Quote(days, cards_cents, 590, tax_basis_points, 0)


@pytest.mark.parametrize(
    ("cards_cents", "days", "percent", "cents"),
    [
        (600, 3, 200, 476),  # 714 with tax: 238 a day
        (600, 3, 100, 238),
        (100, 3, 100, 39),  # 119 with tax: 39.67 a day
        (100, 3, 200, 79),  # and twice that is 79.33
        (600, 3, 0, 0),
    ],
)
def test_a_late_day_costs_so_many_percent_of_a_day_with_tax_rounded_down(cards_cents, days, percent, cents):
    assert late_day_cents(quote(cards_cents, days), percent=percent) == cents


@given(
    cards_cents=st.integers(0, 10**8),
    days=st.integers(1, 28),
    percent=st.integers(0, 1000),
    tax_basis_points=st.integers(0, 3000),
)
def test_a_late_day_never_costs_more_than_the_percentage_and_less_than_a_cent_below_it(
    cards_cents, days, percent, tax_basis_points
):
    cents = late_day_cents(quote(cards_cents, days, tax_basis_points), percent=percent)

    with_tax_cents = cards_cents + (cards_cents * tax_basis_points + 5_000) // 10_000
    exact_times_days = with_tax_cents * percent  # in hundredths of a cent, times the days
    assert 0 <= exact_times_days - cents * 100 * days < 100 * days


@pytest.mark.parametrize(("after", "days"), [(-3, 0), (0, 0), (1, 1), (28, 28), (29, 28), (400, 28)])
def test_late_is_every_day_after_the_last_at_most_four_weeks(after, days):
    due_on = date(2026, 5, 1)

    assert late_days(due_on=due_on, back_on=due_on + timedelta(days=after)) == days


def test_what_was_never_valued_is_worth_nothing():
    assert worth_cents([(2, 500), (1, None), (3, 10)]) == 1_030


@given(
    of_a_day=st.integers(0, 10**6),
    days=st.integers(0, MOST_LATE_DAYS),
    value=st.integers(0, 10**8),
    late=st.lists(st.integers(1, 10**6), max_size=5),
    harm=st.lists(st.integers(1, 10**7), max_size=5),
)
def test_charging_only_what_is_left_never_exceeds_what_was_agreed(of_a_day, days, value, late, harm):
    late_cents = harm_cents = 0

    def limits() -> FeeLimits:
        return FeeLimits(of_a_day, days, value, late_cents, harm_cents)

    for cents in late:
        if cents <= limits().left_cents_by_kind["late"]:
            late_cents += cents
    for number, cents in enumerate(harm):
        if cents <= limits().left_cents_by_kind["loss" if number % 2 else "damage"]:
            harm_cents += cents

    assert late_cents <= of_a_day * days
    assert harm_cents <= value
    assert late_cents + harm_cents <= AgreedLimits(of_a_day, value).most_cents
    assert min(limits().left_cents_by_kind.values()) >= 0


# --- orders -----------------------------------------------------------------------------------------------


def deck() -> dict[Card, int]:
    """Three copies at a hundred a day: 900 for three days, 1071 with tax, 714 for a late day."""
    return {stocked_card(4, value_cents=10_000): 3}


def charged(order: Order, kind: str, cents: int, **fields) -> Payment:
    return Payment.objects.create(order=order, kind=kind, amount_cents=cents, currency="eur", **fields)


CAPTURED = {"status": PaymentStatus.CAPTURED, "captured_at": timezone.now()}


@pytest.mark.django_db
def test_what_the_cart_says_is_what_the_order_keeps():
    cart = cart_with(deck())
    said = limits_of_cart(cart, lines_of(cart), quote_of(cart, lines_of(cart)))

    order = settled(deck())

    assert said == agreed_limits(order) == AgreedLimits(late_day_cents=714, value_cents=30_000)
    assert agreed_cents(order) == order.total_cents + 28 * 714 + 30_000


@pytest.mark.django_db
def test_what_was_agreed_stays_when_the_shop_changes_its_mind(settings):
    order = settled(deck())
    settings.LATE_FEE_PERCENT = 400

    assert agreed_limits(order).late_day_cents == 714
    assert limits_of_cart(order, lines_of(order), quote_of(order, lines_of(order))).late_day_cents == 714


@pytest.mark.django_db
def test_a_deck_that_may_be_kept_longer_is_late_later_and_a_late_day_costs_the_same():
    order = dispatched(deck(), days_ago=5)
    assert fee_limits(order, TODAY).late_days == 3

    order = keep_longer(order=order, last_day=TODAY + timedelta(days=1), by=SYSTEM, today=TODAY)

    limits = fee_limits(order, TODAY)
    assert (limits.late_day_cents, limits.late_days, limits.late_left_cents) == (714, 0, 0)


@pytest.mark.django_db
def test_an_order_from_before_limits_were_kept_has_none():
    order = dispatched(deck(), days_ago=5)
    Order.objects.update(late_day_cents=None)
    order.order_cards.update(value_cents=None)
    order.refresh_from_db()

    assert set(fee_limits(order, TODAY).left_cents_by_kind.values()) == {0}
    assert agreed_cents(order) == order.total_cents


@pytest.mark.django_db
def test_the_days_count_until_everything_was_back():
    order = dispatched(deck(), days_ago=5)
    order = check_in(order=order, by=SYSTEM, today=TODAY)
    returned = order.events.get(to_status="returned")
    OrderEvent.objects.filter(pk=returned.pk).update(at=returned.at - timedelta(days=1))

    assert fee_limits(order, TODAY).late_days == 2
    assert fee_limits(order, TODAY + timedelta(days=100)).late_days == 2


@pytest.mark.django_db
def test_damage_and_loss_share_one_limit_and_late_days_have_their_own():
    order = dispatched(deck(), days_ago=5)
    charged(order, "damage", 10_000, captured_cents=10_000, **CAPTURED)
    charged(order, "loss", 5_000, captured_cents=5_000, **CAPTURED)
    charged(order, "late", 142, captured_cents=142, **CAPTURED)

    limits = fee_limits(order, TODAY)

    assert limits.left_cents_by_kind == {"late": 3 * 714 - 142, "damage": 15_000, "loss": 15_000}


@pytest.mark.django_db
@pytest.mark.parametrize("status", [status for status in PaymentStatus if status != PaymentStatus.CAPTURED])
def test_a_fee_counts_until_it_is_given_up_whatever_became_of_it(status):
    order = dispatched(deck())
    fee = charged(order, "loss", 10_000, status=status)
    assert fee_limits(order, TODAY).left_cents_by_kind["loss"] == 20_000

    fee.released_at = timezone.now()
    fee.save()

    assert fee_limits(order, TODAY).left_cents_by_kind["loss"] == 30_000


@pytest.mark.django_db
def test_money_that_was_given_back_is_not_charged_a_second_time():
    order = dispatched(deck())
    charged(order, "loss", 10_000, captured_cents=10_000, refunded_cents=10_000, id=uuid.uuid4(), **CAPTURED)

    assert fee_limits(order, TODAY).left_cents_by_kind["loss"] == 20_000


@pytest.mark.django_db
def test_the_limits_of_an_order_are_three_questions(django_assert_num_queries):
    order = dispatched(deck())

    with django_assert_num_queries(3):
        fee_limits(order, TODAY)
