from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from deckrental.graphql.schema import schema


class Command(BaseCommand):
    help = "Writes docs/schema.graphql from the schema."

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(settings.BASE_DIR) / "docs" / "schema.graphql"
        path.write_text(f"{schema.as_str()}\n")
        self.stdout.write(f"Wrote {path.relative_to(settings.BASE_DIR)}.")
