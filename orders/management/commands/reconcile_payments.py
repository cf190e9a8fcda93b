from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from orders.reconciliation import reconcile


class Command(BaseCommand):
    help = (
        "Compares payments with Stripe and repairs both ways. A line for each repair, for what somebody has to look "
        "at, and for what could not be done; then the counts. The beat does the same once an hour."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        result = reconcile(now=timezone.now())
        for word, sentences in (
            ("repaired", result.repairs),
            ("LOOK AT THIS", result.reports),
            ("postponed", result.failures),
        ):
            for sentence in sentences:
                self.stdout.write(f"{word}: {sentence}")
        self.stdout.write(
            f"compared {result.compared}, repaired {len(result.repairs)}, to look at {len(result.reports)}, "
            f"postponed {len(result.failures)}"
        )
