"""What the stock tells whoever wants to know."""

from django.dispatch import Signal

# Sent after the commit of anything that changes what those who wait can have: stock came or went, a reservation
# ended or shrank. Less counts too, because what they lack is written on their lines. Carries nothing: the listener
# asks the engine what it needs.
capacity_changed = Signal()
