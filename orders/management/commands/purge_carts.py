from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from orders.change_purge import purge_changes
from orders.purge import purge_carts


class Command(BaseCommand):
    help = (
        "Deletes the carts of guests whose session has ended, the guests who have no order, and changes of orders "
        "that were asked for and never paid."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        purged = purge_carts(now=now)
        self.stdout.write(f"deleted carts {purged.carts}")
        self.stdout.write(f"deleted guests {purged.guests}")
        self.stdout.write(f"kept until their hold has ended {purged.carts_kept}")
        self.stdout.write(f"deleted changes {purge_changes(now=now)}")
