"""What the stock tells whoever wants to know."""

from django.dispatch import Signal

# Sent after the commit of anything that can free copies: stock came, a reservation ended or shrank. Carries
# nothing: the listener asks the engine what it needs.
capacity_freed = Signal()
