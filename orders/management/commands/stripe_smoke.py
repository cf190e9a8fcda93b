from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from orders.stripe_smoke import Smoke, SmokeFailed, why_not


class Command(BaseCommand):
    help = (
        "Runs the life of a payment against Stripe's test mode and tells each step: hold, capture, refund, renewal, "
        "void, declines. Needs STRIPE_TEST_SECRET_KEY; no database. Without a key it says NOT RUN."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--stand-in", action="store_true", help="ask the stand-in that STRIPE_API_BASE names"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            reason = why_not(stand_in=options["stand_in"])
            if reason:
                self.stdout.write(f"NOT RUN: {reason}")
                return
            steps = Smoke(self.stdout.write).through()
        except SmokeFailed as error:
            raise CommandError(f"FAILED: {error}") from error
        self.stdout.write(f"Stripe does what we believe: {steps} steps.")
