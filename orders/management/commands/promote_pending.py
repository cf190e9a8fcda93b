from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from orders.promotion import promote_pending


class Command(BaseCommand):
    help = "Opens every pending order that has nothing short any more, oldest first: what the beat task does."

    def handle(self, *args: Any, **options: Any) -> None:
        result = promote_pending(timezone.localdate())
        self.stdout.write(f"promoted {result.opened}, still waiting {result.waiting}")
