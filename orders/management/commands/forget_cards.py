from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from orders.saved_cards import forget_cards


class Command(BaseCommand):
    help = "Forgets, at Stripe too, the cards of orders that are long over, unless the customer wanted to keep them."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"forgotten {forget_cards(now=timezone.now())}")
