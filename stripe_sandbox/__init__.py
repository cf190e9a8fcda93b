"""A stateful stand-in for the part of Stripe that a shop with card holds needs.

It speaks HTTP to the real ``stripe`` library and serves the part of Stripe.js that a payment page uses. It
imports nothing of the site, and the site never imports it. ``docs/stripe-sandbox.md`` says what it does.
"""
