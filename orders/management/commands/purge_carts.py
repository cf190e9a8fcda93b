from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from orders.purge import purge_carts


class Command(BaseCommand):
    help = "Deletes the carts of guests whose session has ended, and the guests who have no order."

    def handle(self, *args: Any, **options: Any) -> None:
        purged = purge_carts(now=timezone.now())
        self.stdout.write(f"deleted carts {purged.carts}")
        self.stdout.write(f"deleted guests {purged.guests}")
        self.stdout.write(f"kept until their hold has ended {purged.carts_kept}")
