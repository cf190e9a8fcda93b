"""load_demo_orders: a day's orders for the demo."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from deckrental.demo.orders import DemoOrdersError, load_demo_orders
from deckrental.demo.stand_in import StandInError


class Command(BaseCommand):
    help = (
        "Makes the demo's orders, in every state that a shop sees on an ordinary day, paid for at the stand-in for "
        "Stripe that `make run` starts. After load_demo; run again, it adds what is missing. Where the shop "
        "speaks to Stripe itself, it makes none."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.STRIPE_API_BASE:  # Stripe itself
            self.stdout.write("No demo orders: they are only ever paid for at the stand-in for Stripe.")
            return
        try:
            made = load_demo_orders(now=timezone.now())
        except (DemoOrdersError, StandInError) as error:
            raise CommandError(f"Not all of the demo's orders could be made. {error}") from None
        if made:
            self.stdout.write(f"made {made} demo orders")
