"""What a payment's outcome means for the customer, and what to do about it.

By Stripe's decline codes and error codes. Why a card is distrusted is told to nobody: whoever tries stolen cards
learns nothing from it, and whoever owns the card learns it from their bank.
"""

from orders.models import PaymentStatus

NOTHING_CHARGED = "Nothing was charged."
DECLINED = "The card was declined. Please use another one, or ask your bank."
# True of whatever Stripe may say that is not told apart here: codes of other ways to pay, and new ones.
NEUTRAL = "The payment did not go through. Please try again, or use another card."
OURS = "The payment could not be made, and not because of your card. Please try again later, or write to us."

_SAYINGS: list[tuple[str, str]] = [
    (
        DECLINED,
        # What is lost, stolen or suspected stands among what the bank simply does not want.
        "card_declined generic_decline do_not_honor do_not_try_again call_issuer refer_to_customer no_action_taken "
        "lost_card stolen_card pickup_card fraudulent merchant_blacklist security_violation restricted_card "
        "stop_payment_order revocation_of_authorization revocation_of_all_authorizations not_permitted "
        "transaction_not_allowed request_blocked payment_method_restricted payment_method_customer_decline "
        "payment_method_provider_decline debit_not_authorized action_blocked",
    ),
    (
        "There is not enough money on this card. Please use another one.",
        "insufficient_funds",
    ),
    (
        "This card has reached its limit. Please use another one, or try again tomorrow.",
        "card_velocity_exceeded withdrawal_count_limit_exceeded charge_exceeds_source_limit "
        "charge_exceeds_transaction_limit card_decline_rate_limit_exceeded",
    ),
    (
        "This card has expired. Please use another one.",
        "expired_card expired_payment_method",
    ),
    (
        "This card is not valid any more; your bank may have sent you a new one. Please use that, or another card.",
        "invalid_account new_account_information_available payment_method_unactivated account_closed no_account",
    ),
    (
        "The card number is not right. Please check it and try again.",
        "incorrect_number invalid_number",
    ),
    (
        "The security code is not right. Please check it and try again.",
        "incorrect_cvc invalid_cvc",
    ),
    (
        "The expiry date is not right. Please check it and try again.",
        "invalid_expiry_month invalid_expiry_year",
    ),
    (
        "The address or postcode is not the one that your bank knows. Please check it and try again.",
        "incorrect_address incorrect_zip incorrect_postal_code postal_code_invalid "
        "payment_method_billing_details_address_missing",
    ),
    (
        "Your bank wants the card's PIN, which cannot be given here. Please use another card.",
        "incorrect_pin invalid_pin offline_pin_required online_or_offline_pin_required pin_try_exceeded",
    ),
    (
        "This card cannot be used for this payment. Please use another one.",
        "card_not_supported currency_not_supported service_not_allowed invalid_amount invalid_card_type "
        "payment_method_currency_mismatch payment_method_unsupported_type payment_method_not_available "
        "payment_intent_incompatible_payment_method three_d_secure_authentication_not_supported testmode_decline "
        "testmode_charges_only",
    ),
    (
        "Your bank wants to confirm that it is you. Please try again, and answer your bank's question.",
        "authentication_required authentication_not_handled mobile_device_authentication_required approve_with_id "
        "approval_required payment_intent_action_required",
    ),
    (
        "Your bank could not confirm that it is you. Please try again or use another card.",
        "payment_intent_authentication_failure authentication_failure setup_intent_authentication_failure",
    ),
    (
        "The bank had a problem with this card. Please try again in a minute.",
        "processing_error issuer_not_available try_again_later reenter_transaction payment_method_provider_timeout "
        "three_d_secure_authentication_upstream_error lock_timeout rate_limit payment_intent_rate_limit_exceeded "
        "idempotency_key_in_use",
    ),
    (
        "The same payment was made a moment ago. Please look at your orders before you pay again.",
        "duplicate_transaction",
    ),
    (
        "The payment was not finished. Please try again.",
        "payment_intent_payment_attempt_expired payment_intent_payment_attempt_failed voided",
    ),
    (
        "The card's details were used or given up before. Please enter your card again.",
        "token_already_used token_in_use payment_method_unexpected_state",
    ),
    (
        "The payment provider could not be reached. Please try again.",
        "unanswered",
    ),
    (
        OURS,
        "refused mismatch api_key_expired platform_api_key_expired secret_key_required tls_version_unsupported "
        "livemode_mismatch parameter_missing parameter_unknown parameters_exclusive parameter_invalid_empty "
        "parameter_invalid_integer parameter_invalid_string_blank parameter_invalid_string_empty resource_missing "
        "amount_too_large amount_too_small invalid_charge_amount charge_invalid_parameter "
        "payment_intent_invalid_parameter "
        "payment_method_invalid_parameter payment_method_invalid_parameter_testmode "
        "payment_method_configuration_failures account_invalid capability_not_active "
        "customer_max_payment_methods intent_invalid_state payment_intent_unexpected_state",
    ),
]
SENTENCES = {code: sentence for sentence, codes in _SAYINGS for code in codes.split()}

_STATUS = {
    PaymentStatus.CREATED: "The payment has not begun yet. Please press the button.",
    PaymentStatus.FAILED: f"{NEUTRAL} {NOTHING_CHARGED}",
    PaymentStatus.ACTION_REQUIRED: "Your bank asked whether it is you and got no answer, so nothing was charged. "
    "Press the button to try again.",
    PaymentStatus.PROCESSING: "Your bank is still working on it. This page will know in a minute: press the button "
    "again then.",
    PaymentStatus.AUTHORIZED: "The total is held on your card. There is nothing left to do.",
    PaymentStatus.CAPTURED: "It is paid. There is nothing left to do.",
    PaymentStatus.EXPIRED: "The hold on your card has ended, and nothing was charged. Please pay once more.",
    PaymentStatus.VOIDED: "The payment was not finished, and nothing was charged. Please try again.",
}


def why_declined(code: str) -> str:
    """What happened and what to do, for the customer. `code`: Stripe's decline code, else its error code."""
    return SENTENCES.get(code, NEUTRAL)


def decline_message(code: str) -> str:
    """The same, and that it cost nothing."""
    return f"{why_declined(code)} {NOTHING_CHARGED}"


def status_message(status: PaymentStatus) -> str:
    """How a payment stands, for the customer, where Stripe gave no reason."""
    return _STATUS[status]
