from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from orders.states import diagram

PAGE = """# The states of an order

Generated from `orders/states.py` by `python manage.py order_states`; a test fails if they differ.
`orders/transitions.py` is the one place that changes a status, and writes an `OrderEvent` with it.

```mermaid
{diagram}```
"""


class Command(BaseCommand):
    help = "Writes docs/order-states.md from the table of transitions."

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(settings.BASE_DIR) / "docs" / "order-states.md"
        path.write_text(PAGE.format(diagram=diagram()))
        self.stdout.write(f"Wrote {path.relative_to(settings.BASE_DIR)}.")
