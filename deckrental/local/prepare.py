"""What must be done before the site can be served; `make run` calls it every time: python -m deckrental.local.prepare

One process does it all, so that Django is started once. What was done before costs next to nothing.
"""

import hashlib
import os
import sys
from io import StringIO
from pathlib import Path

import django
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command

from deckrental.local.places import local_dir, sign_ins_file


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deckrental.settings")
    django.setup()
    say("bringing the database up to date")
    call_command("migrate", verbosity=0, interactive=False)
    collect_static_files()
    load_demo_data()


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def load_demo_data() -> None:
    """Once per database: where the remembered sign-in works, the demo is there."""
    if first_sign_in_works():
        return
    say("loading the demo data")
    sign_ins_file().unlink(missing_ok=True)  # it speaks of another database
    call_command(
        "load_demo", sign_ins=sign_ins_file(), stdout=StringIO()
    )  # `make run` prints them at the end


def first_sign_in_works() -> bool:
    try:
        _role, email, password = sign_ins_file().read_text().splitlines()[0].split()
    except (FileNotFoundError, IndexError, ValueError):
        return False
    people = get_user_model()
    person = people.objects.filter(email=email).first()
    return person is not None and person.check_password(password)


def collect_static_files() -> None:
    """Where one has changed since the last time: fingerprinting and compressing all of them takes seconds."""
    stamp = local_dir() / "static-files"
    state = static_files_state()
    collected = Path(settings.STATIC_ROOT).is_dir() and stamp.exists() and stamp.read_text() == state
    if not collected:
        say("collecting static files")
        call_command("collectstatic", verbosity=0, interactive=False)
        stamp.write_text(state)


def static_files_state() -> str:
    """Changes when a static file is added, changed or removed, or when they are collected in another way."""
    files = [settings.STORAGES["staticfiles"]["BACKEND"], str(settings.STATIC_ROOT)]
    for finder in get_finders():
        for path, storage in finder.list([]):
            found = Path(storage.path(path)).stat()
            files.append(f"{path} {found.st_size} {found.st_mtime_ns}")
    return hashlib.sha256("\n".join(sorted(files)).encode()).hexdigest()


if __name__ == "__main__":
    main()
