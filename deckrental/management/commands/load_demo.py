"""load_demo: a small shop to look around in."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import User
from deckrental.demo.loader import load_demo
from deckrental.demo.sign_ins import EMAILS, STAFF, demo_sign_ins


class Command(BaseCommand):
    help = (
        "Loads the demo: cards, stock, template decks, shipping methods, a staff user and a customer with "
        "random passwords. Run again, it adds what is missing. Prints the sign-ins, one per line, as "
        "“staff EMAIL PASSWORD” and “customer EMAIL PASSWORD”."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--sign-ins",
            type=Path,
            metavar="FILE",
            help="remember the sign-ins in this file, readable by its owner only; where it is lost, new "
            "passwords are set",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            sign_ins = demo_sign_ins(remembered_in=options["sign_ins"])
        except OSError as error:
            raise CommandError(
                f"The sign-ins cannot be kept in {options['sign_ins']}: {error.strerror}. Name another file."
            ) from None
        loaded = load_demo(today=timezone.localdate(), by=User.objects.get(email=EMAILS[STAFF]))
        self.stderr.write(
            f"added: {loaded.cards} cards, {loaded.printings} printings, {loaded.movements} stock movements, "
            f"{loaded.decks} template decks, {loaded.shipping_methods} shipping methods"
        )
        for sign_in in sign_ins:
            if sign_in.note:
                self.stderr.write(sign_in.note)
            if sign_in.password:
                self.stdout.write(str(sign_in))
