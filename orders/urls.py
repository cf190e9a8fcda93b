from django.urls import path

from orders import webhooks
from orders.views import cart, checkout, orders, staff

app_name = "orders"

urlpatterns = [
    # the cart
    path("cart/", cart.show, name="cart"),
    path("cart/quick-add/", cart.quick_add, name="quick_add"),
    path("cart/add-card/<slug:slug>/", cart.add_card, name="add_card"),
    path("cart/add-deck/<slug:slug>/", cart.add_deck, name="add_deck"),
    path("cart/lines/<int:pk>/", cart.update_line, name="update_line"),
    path("cart/decks/<int:pk>/remove/", cart.remove_deck, name="remove_deck"),
    # checkout
    path("checkout/shipping/", checkout.shipping, name="shipping"),
    path("checkout/payment/", checkout.payment, name="payment"),
    path("checkout/payment/status/", checkout.payment_status, name="payment_status"),
    path("checkout/shortfall/", checkout.shortfall, name="shortfall"),
    # the customer's orders
    path("orders/", orders.index, name="list"),
    path("orders/link/<str:token>/", orders.open_link, name="link"),
    path("orders/<slug:number>/", orders.show, name="order"),
    path("orders/<slug:number>/cancel/", orders.cancel, name="cancel"),
    # the desk
    path("staff/", staff.desk, name="staff_desk"),
    path("staff/needed/", staff.needed, name="staff_needed"),
    path("staff/needed/<int:card_id>/receive/", staff.receive, name="staff_receive"),
    # Stripe
    path("stripe/webhook/", webhooks.receive, name="stripe_webhook"),
]
