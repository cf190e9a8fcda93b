from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from orders.cancellation import lapse_pending


class Command(BaseCommand):
    help = "Cancels pending orders whose dispatch day has passed, releases their holds and offers other days."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"cancelled {lapse_pending(today=timezone.localdate())}")
