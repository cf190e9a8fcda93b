"""Cards that Stripe keeps: offered to whoever asked for it, shown and removed, and forgotten when no longer needed."""

from datetime import timedelta
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from orders import payments, saved_cards, submission
from orders import stripe_gateway as gateway
from orders.bills import CardGiven, CartBill, Payer
from orders.cancellation import cancel
from orders.checkout import go_back
from orders.models import Order, OrderEvent, Payment, PaymentAttempt, PaymentCustomer, PaymentStatus
from orders.pay_again import pay_link
from orders.saved_cards import CardNeeded, UnknownCard
from orders.sign_in import give_to_user
from orders.states import Status
from orders.transitions import customer
from tests.factories import TODAY, UserFactory, cart_with, stocked_card
from tests.orders.test_checkout import submit, total_of
from tests.orders.test_views import browser_of, messages_of
from tests.payments.test_pay_again import open_order, unpaid_fee
from tests.sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)

LATER = timedelta(days=settings.FORGET_CARDS_DAYS + 1)


@pytest.fixture
def user() -> User:
    return UserFactory()


def given_card(sandbox: Sandbox, order: Order, *, keep: bool) -> str:
    """The card that holds this order, as the checkbox on the payment page leaves it at Stripe."""
    card = order.payments.latest("created_at").payment_method
    sandbox.client.v1.payment_methods.update(card, {"allow_redisplay": "always" if keep else "limited"})
    return card


def order_with_card(sandbox: Sandbox, user: User, *, keep: bool) -> tuple[Order, str]:
    order = open_order(sandbox, user=user)
    return order, given_card(sandbox, order, keep=keep)


def cancelled_with_card(sandbox: Sandbox, user: User, *, keep: bool) -> tuple[Order, str]:
    order, card = order_with_card(sandbox, user, keep=keep)
    cancel(order=order, by=customer(user), reason="changed my mind")
    OrderEvent.objects.update(at=timezone.now())
    PaymentAttempt.objects.update(created_at=timezone.now() - timedelta(days=2))
    return order, card


def pay_with(card: str, cart: Order, payer: User | None) -> submission.Submitted:
    return submission.pay(
        bill=CartBill(cart),
        given=CardGiven(payment_method=card),
        payer=Payer(user=payer),
        shown_cents=total_of(cart),
        today=TODAY,
    )


def kept_at_stripe(user: User) -> list[str]:
    return [card.id for card in gateway.cards_of(PaymentCustomer.objects.get(user=user).stripe_id)]


# --- offered ----------------------------------------------------------------------------------------------


def test_a_card_that_was_to_be_kept_is_offered_at_the_next_order(sandbox, user):
    _, card = order_with_card(sandbox, user, keep=True)
    cart = cart_with({stocked_card(1): 1}, user=user)

    page = browser_of(cart).get(reverse("orders:payment")).content.decode()

    assert f'value="{card}"' in page
    assert "Visa ending in 4242" in page


def test_a_card_that_was_not_to_be_kept_is_not_offered(sandbox, user):
    _, card = order_with_card(sandbox, user, keep=False)
    cart = cart_with({stocked_card(1): 1}, user=user)

    page = browser_of(cart).get(reverse("orders:payment")).content.decode()

    assert card not in page
    assert "Keep this card for my next orders" in page


def test_an_expired_card_is_not_offered(sandbox, user):
    _, card = order_with_card(sandbox, user, keep=True)
    [offered] = saved_cards.cards_to_offer(user, today=TODAY)
    month_after = TODAY.replace(
        year=offered.exp_year + (offered.exp_month == 12), month=offered.exp_month % 12 + 1
    )

    assert saved_cards.cards_to_offer(user, today=month_after.replace(day=1) - timedelta(days=1)) == [offered]
    assert saved_cards.cards_to_offer(user, today=month_after.replace(day=1)) == []
    with pytest.raises(UnknownCard):
        saved_cards.check_offered(user, card, today=month_after.replace(day=1))


def test_the_same_card_given_twice_is_offered_once(sandbox, user):
    order_with_card(sandbox, user, keep=True)
    _, latest = order_with_card(sandbox, user, keep=True)

    assert [card.id for card in saved_cards.cards_to_offer(user, today=TODAY)] == [latest]


def test_a_guest_is_offered_no_card_and_nothing_to_keep(sandbox):
    cart = cart_with({stocked_card(1): 1})

    page = browser_of(cart).get(reverse("orders:payment")).content.decode()

    assert "saved-cards" not in page
    assert "keep-card" not in page


def test_whoever_has_the_link_is_offered_no_card_of_the_owner_nor_of_their_own(sandbox, user):
    order, card = order_with_card(sandbox, user, keep=True)
    stranger = UserFactory()
    _, own = order_with_card(sandbox, stranger, keep=True)
    settings_link = reverse("orders:pay_again", args=[order.number])
    Payment.objects.update(status=PaymentStatus.FAILED)
    browser = browser_of(cart_with({stocked_card(1): 1}, user=stranger))
    page = browser.get(pay_link(order).removeprefix(settings.SITE_URL), follow=True)

    assert page.redirect_chain[-1][0] == settings_link
    assert 'id="payment"' in page.content.decode()
    assert not any(kept in page.content.decode() for kept in (card, own))


def test_the_payment_page_works_while_the_provider_does_not(sandbox, user, settings):
    order_with_card(sandbox, user, keep=True)
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    cart = cart_with({stocked_card(1): 1}, user=user)

    response = browser_of(cart).get(reverse("orders:payment"))

    assert response.status_code == 200
    assert "payment-element" in response.content.decode()


# --- paid with --------------------------------------------------------------------------------------------


def test_a_saved_card_holds_the_total_and_is_kept_once(sandbox, user):
    _, card = order_with_card(sandbox, user, keep=True)
    cart = cart_with({stocked_card(1): 1}, user=user)

    answer = browser_of(cart).post(
        reverse("orders:payment"), {"payment_method": card, "total_cents": total_of(cart)}
    )

    cart.refresh_from_db()
    assert answer.json()["status"] == "done"
    assert cart.status == Status.OPEN
    assert payments.is_held(cart)
    assert Payment.objects.get(order=cart).payment_method == card
    assert kept_at_stripe(user) == [card]


def test_a_card_of_somebody_else_is_not_sent(sandbox, user):
    _, card = order_with_card(sandbox, UserFactory(), keep=True)
    order_with_card(sandbox, user, keep=True)
    cart = cart_with({stocked_card(1): 1}, user=user)
    attempts = PaymentAttempt.objects.count()

    submitted = pay_with(card, cart, user)

    assert submitted.status == PaymentStatus.FAILED
    assert "not kept any more" in submitted.message
    assert PaymentAttempt.objects.count() == attempts


def test_a_saved_card_is_not_sent_for_somebody_who_is_not_its_owner(sandbox, user):
    _, card = order_with_card(sandbox, user, keep=True)
    cart = cart_with({stocked_card(1): 1}, user=user)

    assert pay_with(card, cart, None).status == PaymentStatus.FAILED
    assert not Payment.objects.filter(order=cart).exists()


# --- the page of the cards --------------------------------------------------------------------------------


def test_the_page_says_what_each_card_is_kept_for(sandbox, user):
    order, _ = order_with_card(sandbox, user, keep=True)

    page = browser_of(order).get(reverse("orders:cards")).content.decode()

    assert "Kept for your next orders, and for" in page
    assert order.number in page
    assert "Remove" not in page


def test_a_card_is_removed_once_nothing_depends_on_it(sandbox, user):
    order, card = cancelled_with_card(sandbox, user, keep=True)
    browser = browser_of(order)

    response = browser.post(reverse("orders:cards"), {"payment_method": card})

    assert messages_of(response) == ["The card is removed."]
    assert kept_at_stripe(user) == []


def test_the_card_of_an_order_that_is_not_over_is_not_removed(sandbox, user):
    order, card = order_with_card(sandbox, user, keep=True)

    with pytest.raises(CardNeeded, match=order.number):
        saved_cards.remove_card(user, card)

    assert kept_at_stripe(user) == [card]


def test_the_card_of_an_order_with_an_unpaid_fee_is_not_removed(sandbox, user):
    order, card = cancelled_with_card(sandbox, user, keep=True)
    fee = unpaid_fee(order)

    with pytest.raises(CardNeeded, match=order.number):
        saved_cards.remove_card(user, card)

    Payment.objects.filter(pk=fee.pk).update(released_at=timezone.now())
    saved_cards.remove_card(user, card)
    assert kept_at_stripe(user) == []


def test_a_card_of_somebody_else_is_not_removed(sandbox, user):
    stranger = UserFactory()
    _, card = cancelled_with_card(sandbox, user, keep=True)
    browser = Client()
    browser.force_login(stranger)

    response = browser.post(reverse("orders:cards"), {"payment_method": card})

    assert messages_of(response) == ["This card is not kept any more."]
    assert kept_at_stripe(user) == [card]


def test_a_card_is_not_removed_by_a_get(sandbox, user):
    order, card = cancelled_with_card(sandbox, user, keep=True)

    browser_of(order).get(reverse("orders:cards"), {"payment_method": card})

    assert kept_at_stripe(user) == [card]


def test_the_page_is_for_whoever_has_signed_in(client):
    assert client.get(reverse("orders:cards"))["Location"].startswith(reverse("account_login"))


def test_the_page_of_somebody_who_never_paid_is_empty(client, sandbox, user):
    client.force_login(user)

    assert "No card is kept for you" in client.get(reverse("orders:cards")).content.decode()


def test_the_card_of_an_order_that_was_taken_over_from_a_guest_is_shown(sandbox, user):
    order = open_order(sandbox)
    Order.objects.update(email=user.email)
    give_to_user(guest=order.guest, user=user)

    [kept] = saved_cards.kept_cards(user, today=TODAY)

    assert (kept.card.last4, kept.needed_for) == ("4242", (order.number,))


# --- forgotten --------------------------------------------------------------------------------------------


def test_a_card_that_nobody_asked_to_keep_is_forgotten_when_its_order_is_long_over(sandbox, user):
    order, _ = cancelled_with_card(sandbox, user, keep=False)

    assert saved_cards.forget_cards(now=timezone.now() + LATER) == 1

    assert kept_at_stripe(user) == []
    payment = order.payments.get()
    assert (payment.payment_method, payment.card_last4) == ("", "4242")


def test_it_is_kept_until_then(sandbox, user):
    _, card = cancelled_with_card(sandbox, user, keep=False)

    assert saved_cards.forget_cards(now=timezone.now() + LATER - timedelta(days=2)) == 0

    assert kept_at_stripe(user) == [card]


def test_a_card_that_was_to_be_kept_is_not_forgotten(sandbox, user):
    _, card = cancelled_with_card(sandbox, user, keep=True)

    assert saved_cards.forget_cards(now=timezone.now() + LATER) == 0

    assert kept_at_stripe(user) == [card]


def test_a_card_that_another_order_needs_is_not_forgotten(sandbox, user):
    _, card = cancelled_with_card(sandbox, user, keep=False)
    other = open_order(sandbox, user=user)
    Payment.objects.filter(order=other).update(payment_method=card)
    PaymentAttempt.objects.update(created_at=timezone.now() - timedelta(days=2))

    saved_cards.forget_cards(now=timezone.now() + LATER)

    assert card in kept_at_stripe(user)


def test_a_card_of_an_order_with_an_unpaid_fee_is_not_forgotten(sandbox, user):
    order, card = cancelled_with_card(sandbox, user, keep=False)
    unpaid_fee(order)

    assert saved_cards.forget_cards(now=timezone.now() + LATER) == 0

    assert kept_at_stripe(user) == [card]


def test_the_card_of_a_deck_that_is_still_out_is_not_forgotten(sandbox, user):
    _, card = order_with_card(sandbox, user, keep=False)
    PaymentAttempt.objects.update(created_at=timezone.now() - timedelta(days=2))

    assert saved_cards.forget_cards(now=timezone.now() + LATER) == 0

    assert kept_at_stripe(user) == [card]


def test_nothing_is_forgotten_of_somebody_who_pays_at_this_moment(sandbox, user):
    _, card = cancelled_with_card(sandbox, user, keep=False)
    PaymentAttempt.objects.update(created_at=timezone.now() + LATER)

    assert saved_cards.forget_cards(now=timezone.now() + LATER) == 0

    assert kept_at_stripe(user) == [card]


def test_the_card_of_a_cart_that_was_let_go_is_forgotten(sandbox):
    cart = cart_with({stocked_card(1): 2})
    submit(cart, sandbox, TODAY)
    order = Order.objects.get(pk=cart.pk)
    assert order.status == Status.CONFIRMING
    go_back(order=order, by=customer())
    PaymentAttempt.objects.update(created_at=timezone.now() - timedelta(days=2))

    assert saved_cards.forget_cards(now=timezone.now() + LATER) == 1


def test_one_customer_whom_stripe_does_not_know_does_not_keep_the_others_cards(sandbox, user):
    stranger = UserFactory()
    cancelled_with_card(sandbox, stranger, keep=False)
    PaymentCustomer.objects.filter(user=stranger).update(stripe_id="cus_nobody")
    cancelled_with_card(sandbox, user, keep=False)

    with pytest.raises(gateway.GatewayError):
        saved_cards.forget_cards(now=timezone.now() + LATER)

    assert kept_at_stripe(user) == []


def test_the_command_says_how_many(sandbox):
    out = StringIO()

    call_command("forget_cards", stdout=out)

    assert out.getvalue() == "forgotten 0\n"


def test_a_fingerprint_is_not_shown_where_a_card_is_logged(sandbox, user):
    order_with_card(sandbox, user, keep=True)
    [card] = saved_cards.cards_to_offer(user, today=TODAY)

    assert card.fingerprint
    assert card.fingerprint not in repr(card)
