from hypothesis import given
from hypothesis import strategies as st

from inventory.money import format_cents
from inventory.rates import DayRate
from orders.pricing import quote_order, tax_of

cents = st.integers(0, 10_000_000)


def test_a_quote_is_broken_down_to_the_cent():
    quote = quote_order([(4, 50), (1, 3)], days=3, shipping_cents=590, tax_basis_points=1900)

    assert (quote.cards_cents, quote.shipping_cents, quote.tax_cents) == (609, 590, 228)
    assert quote.total_cents == 1427
    assert quote.tax_percent == "19"


def test_a_small_order_costs_the_minimum():
    quote = quote_order([(1, 3)], days=1, shipping_cents=0, tax_basis_points=0, minimum_cents=200)

    assert quote.cards_cents == 200


@given(
    st.lists(st.tuples(st.integers(1, 250), cents), max_size=20),
    st.integers(1, 28),
    cents,
    st.integers(0, 3000),
)
def test_the_parts_add_up_and_more_days_never_cost_less(lines, days, shipping, tax):
    quote = quote_order(lines, days=days, shipping_cents=shipping, tax_basis_points=tax)
    longer = quote_order(lines, days=days + 1, shipping_cents=shipping, tax_basis_points=tax)

    assert quote.total_cents == quote.cards_cents + quote.shipping_cents + quote.tax_cents
    assert longer.total_cents >= quote.total_cents


@given(cents, st.integers(0, 10_000))
def test_tax_is_rounded_to_the_nearest_cent(amount, basis_points):
    exact = amount * basis_points / 10_000

    assert abs(tax_of(amount, basis_points) - exact) <= 0.5


def test_the_price_of_a_day_follows_the_value_with_a_minimum_and_an_override():
    rate = DayRate(basis_points=100, minimum_cents=3)

    assert rate.price_cents(value_cents=4_000) == 40
    assert rate.price_cents(value_cents=4_001) == 41
    assert rate.price_cents(value_cents=0) == 3
    assert rate.price_cents(value_cents=4_000, override_cents=7) == 7
    assert rate.price_cents(value_cents=4_000, override_cents=0) == 0


@given(cents, cents)
def test_a_dearer_copy_is_never_cheaper_to_rent(one, other):
    rate = DayRate(basis_points=100, minimum_cents=3)

    assert (one <= other) <= (rate.price_cents(value_cents=one) <= rate.price_cents(value_cents=other))


def test_cents_are_read_as_money():
    assert format_cents(123_456, "eur") == "€1,234.56"
    assert format_cents(-5, "usd") == "-$0.05"
