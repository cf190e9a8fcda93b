import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from orders.books import violations


class Command(BaseCommand):
    help = (
        "Proves the books: nothing is promised that is not owned, every open order is authorized and fully "
        "reserved, the queue is consistent. A line for each violation, and exit status 1 where there is one."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        found = list(violations(today=timezone.localdate()))
        for violation in found:
            self.stdout.write(violation)
        if found:
            self.stderr.write(f"{len(found)} violations")
            sys.exit(1)
        self.stdout.write("The books are right.")
