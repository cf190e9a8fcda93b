from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from orders.payments import renew_authorizations


class Command(BaseCommand):
    help = (
        "Renews the holds of open orders that end soon or have ended, and asks the customers whose card needs "
        "them: what the beat task does every hour."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        outcomes = renew_authorizations(timezone.now())
        counts = (f"{name} {outcomes[name]}" for name in _OUTCOMES)
        self.stdout.write(", ".join(counts))


_OUTCOMES = ("renewed", "asked", "refused", "unanswered", "left", "failed")
