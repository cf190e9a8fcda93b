"""What a failed payment means for the customer, and what to do about it."""

DECLINES = {
    "insufficient_funds": "There is not enough money on this card. Please use another one.",
    "expired_card": "This card has expired. Please use another one.",
    "incorrect_cvc": "The security code is not right. Please check it and try again.",
    "processing_error": "The bank had a problem with this card. Please try again in a minute.",
    "payment_intent_authentication_failure": "Your bank could not confirm that it is you. "
    "Please try again or use another card.",
    "authentication_required": "Your bank wants to confirm that it is you. Please try again.",
    "unanswered": "The payment provider could not be reached. Please try again.",
    "voided": "The payment was not finished. Please try again.",
}


def decline_message(code: str, message: str) -> str:
    """What happened and what to do, for the customer."""
    known = DECLINES.get(code)
    return (
        f"{known or 'The card was declined. Please use another one, or ask your bank.'} Nothing was charged."
    )
