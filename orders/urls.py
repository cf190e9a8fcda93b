from django.urls import path

from orders import webhooks
from orders.views import (
    cart,
    cart_lines,
    checkout,
    deck_list,
    exports,
    fulfilment,
    orders,
    pay_again,
    queue,
    receipts,
    saved_cards,
    staff,
    staff_calendar,
    staff_order,
    staff_payment,
    stock,
)

app_name = "orders"

urlpatterns = [
    # the cart
    path("cart/", cart.show, name="cart"),
    path("cart/quick-add/", cart.quick_add, name="quick_add"),
    path("cart/list/", deck_list.deck_list, name="deck_list"),
    path("cart/export/", exports.cart, name="export"),
    path("cart/export/<slug:form>/", exports.cart, name="export_cart"),
    path("cart/add-card/<slug:slug>/", cart.add_card, name="add_card"),
    path("cart/add-deck/<slug:slug>/", cart.add_deck, name="add_deck"),
    path("cart/kept-aside/", cart.leave_all_out, name="leave_all_out"),
    path("cart/kept-aside/<int:key>/", cart.mend, name="mend"),
    path("cart/lines/<int:pk>/", cart_lines.line, name="update_line"),
    path("cart/undo/", cart_lines.undo, name="undo"),
    path("cart/take-what-is-free/", cart_lines.take_what_is_free, name="take_what_is_free"),
    path("cart/decks/<int:pk>/remove/", cart.remove_deck, name="remove_deck"),
    path("cart/first-day/", cart.start_on, name="start_on"),
    # checkout
    path("checkout/shipping/", checkout.shipping, name="shipping"),
    path("checkout/payment/", checkout.payment, name="payment"),
    path("checkout/payment/status/", checkout.payment_status, name="payment_status"),
    path("checkout/shortfall/", checkout.shortfall, name="shortfall"),
    # the customer's orders
    path("orders/", orders.index, name="list"),
    path("orders/link/<str:token>/", orders.open_link, name="link"),
    path("orders/cards/", saved_cards.saved_cards, name="cards"),
    path("orders/pay/<str:token>/", pay_again.open_link, name="pay_link"),
    path(
        "orders/link/<str:token>/receipt/", orders.open_link, {"page": "orders:receipt"}, name="receipt_link"
    ),
    path("orders/<slug:number>/", orders.show, name="order"),
    path("orders/<slug:number>/export/", exports.order, name="export_of_order"),
    path("orders/<slug:number>/export/<slug:form>/", exports.order, name="export_order"),
    path("orders/<slug:number>/receipt/", receipts.show, name="receipt"),
    path("orders/<slug:number>/cancel/", orders.cancel, name="cancel"),
    path("orders/<slug:number>/pay/", pay_again.pay_again, name="pay_again"),
    path("orders/<slug:number>/pay/status/", pay_again.pay_again_status, name="pay_again_status"),
    path("orders/<slug:number>/fees/<uuid:fee>/", pay_again.pay_again, name="pay_again_fee"),
    path(
        "orders/<slug:number>/fees/<uuid:fee>/status/",
        pay_again.pay_again_status,
        name="pay_again_fee_status",
    ),
    # the desk
    path("staff/", staff.desk, name="staff_desk"),
    path("staff/needed/", staff.needed, name="staff_needed"),
    path("staff/needed/<int:card_id>/receive/", staff.receive, name="staff_receive"),
    path("staff/calendar/", staff_calendar.calendar, name="staff_calendar"),
    path("staff/calendar/<int:pk>/reopen/", staff_calendar.reopen_days, name="staff_reopen"),
    path("staff/dispatch/", fulfilment.dispatches, name="staff_dispatch"),
    path("staff/dispatch/<slug:number>/", fulfilment.dispatch, name="staff_dispatch_order"),
    path("staff/returns/", fulfilment.returns, name="staff_returns"),
    path("staff/returns/<slug:number>/", fulfilment.return_order, name="staff_return"),
    path(
        "staff/returns/<slug:number>/everything/",
        fulfilment.check_in_everything,
        name="staff_check_in_everything",
    ),
    path("staff/returns/<slug:number>/check-in/", fulfilment.check_in, name="staff_check_in"),
    path("staff/returns/<slug:number>/write-off/", fulfilment.write_off, name="staff_write_off"),
    path("staff/returns/<slug:number>/expect/", fulfilment.expect, name="staff_expect"),
    path("staff/orders/<slug:number>/", staff_order.show, name="staff_order"),
    path("staff/orders/<slug:number>/change/", staff_order.change, name="staff_change"),
    path("staff/orders/<slug:number>/keep-longer/", staff_order.keep_longer, name="staff_keep_longer"),
    path("staff/orders/<slug:number>/refund/", staff_payment.refund, name="staff_refund"),
    path("staff/orders/<slug:number>/fee/", staff_payment.fee, name="staff_fee"),
    path("staff/orders/<slug:number>/fee/<uuid:fee>/waive/", staff_payment.waive, name="staff_waive_fee"),
    path("staff/orders/<slug:number>/cancel/", staff_payment.cancel, name="staff_cancel"),
    path("staff/queue/", queue.queue, name="staff_queue"),
    path("staff/queue/promote/", queue.promote, name="staff_promote"),
    path("staff/stock/", stock.stock, name="staff_stock"),
    path("staff/stock/<slug:slug>/", stock.stock_of_card, name="staff_stock_card"),
    # Stripe
    path("stripe/webhook/", webhooks.receive, name="stripe_webhook"),
]
