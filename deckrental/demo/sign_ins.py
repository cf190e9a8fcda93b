"""Two people who can sign in to the demo, with passwords that nobody can guess or look up."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from allauth.account.models import EmailAddress
from django.db import transaction

from accounts.models import User

STAFF, CUSTOMER = "staff", "customer"
EMAILS = {STAFF: "staff@deckrental.example", CUSTOMER: "customer@deckrental.example"}


@dataclass(frozen=True, slots=True)
class SignIn:
    """How to sign in as somebody. `password` is None where only they know it; `note` says what happened."""

    role: str
    email: str
    password: str | None
    note: str = ""

    def __str__(self) -> str:
        return f"{self.role} {self.email} {self.password}"


def demo_sign_ins(*, remembered_in: Path | None) -> list[SignIn]:
    """Makes the two people where they are missing, and says how to sign in as each.

    An existing person keeps the password; the file that remembers it is believed. Where there should be such a
    file and it does not know the password, a new one is set, and the note says so. The file is written for its
    owner only.
    """
    remembered = _read(remembered_in) if remembered_in else {}
    with transaction.atomic():
        sign_ins = [
            _sign_in(role, remembered=remembered, may_reset=remembered_in is not None) for role in EMAILS
        ]
    if remembered_in:
        _write(remembered_in, sign_ins)
    return sign_ins


def _sign_in(role: str, *, remembered: Mapping[str, str], may_reset: bool) -> SignIn:
    email = EMAILS[role]
    user = User.objects.filter(email=email).first()
    if user is None:
        password = _new_password()
        is_staff = role == STAFF
        user = User.objects.create_user(email, password, is_staff=is_staff, is_superuser=is_staff)
        sign_in = SignIn(role, email, password)
    elif email in remembered:
        sign_in = SignIn(role, email, remembered[email])
    elif may_reset:
        password = _new_password()
        user.set_password(password)
        user.save(update_fields=["password"])
        sign_in = SignIn(role, email, password, note=f"The password of {email} was lost; this is a new one.")
    else:
        return SignIn(role, email, None, note=f"{email} is there already and keeps the password it has.")
    EmailAddress.objects.update_or_create(
        user=user, email=email, defaults={"verified": True, "primary": True}
    )
    return sign_in


def _new_password() -> str:
    return secrets.token_urlsafe(12)


def _read(path: Path) -> dict[str, str]:
    """Passwords by e-mail address; nothing where there is no such file."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, UnicodeDecodeError):
        return {}
    parts = [line.split(" ") for line in lines]
    return {part[1]: part[2] for part in parts if len(part) == 3}


def _write(path: Path, sign_ins: list[SignIn]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(
        os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
    ) as file:
        file.writelines(f"{sign_in}\n" for sign_in in sign_ins)
    beside.replace(path)
