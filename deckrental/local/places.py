"""Where the embedded services keep their files, and who must be able to get there."""

import hashlib
import os
import stat
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
SOCKET_PATH_BYTES = 100  # the kernel's limit is 108 on Linux, 104 on macOS


def local_dir() -> Path:
    """`.local/` in the project, or what DECKRENTAL_LOCAL_DIR names; made where missing.

    Nobody else may look into it: it holds keys and mail. Root's can be entered, not listed, since its
    PostgreSQL runs under another account and its data lies inside.
    """
    given = os.environ.get("DECKRENTAL_LOCAL_DIR")
    path = Path(given).expanduser().resolve() if given else PROJECT / ".local"
    path.mkdir(parents=True, exist_ok=True)
    mode = 0o711 if os.geteuid() == 0 else 0o700
    if stat.S_IMODE(path.stat().st_mode) != mode and path.stat().st_uid == os.geteuid():
        path.chmod(mode)
    return path


def sign_ins_file() -> Path:
    """The demo's sign-ins, a line each: `staff EMAIL PASSWORD`, `customer EMAIL PASSWORD`."""
    return local_dir() / "demo-sign-ins"


def socket_dir(wanted: Path, name: str, uid: int) -> Path:
    """`wanted`; where a socket's path there would not do, a short folder that only `uid` may enter.

    It would not do if it is too long, or has a comma, at which PostgreSQL's clients split what they connect to.

    Every process must find the same one, whatever its TMPDIR says.
    """
    if len(os.fsencode(wanted / name)) <= SOCKET_PATH_BYTES and "," not in str(wanted):
        return wanted
    short = _temporary() / f"deckrental-{uid}-{_hash(wanted)}"
    try:
        short.mkdir(mode=0o700)
        os.chown(short, uid, -1)
    except FileExistsError:
        pass
    found = short.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {uid, os.geteuid()} or found.st_mode & 0o077:
        raise PermissionError(f"{short}, for a socket, is in the way and open to others: delete it.")
    return short


def _temporary() -> Path:
    return Path("/tmp") if Path("/tmp").is_dir() else Path(tempfile.gettempdir())  # noqa: S108


def shared_place(owner: Path) -> Path:
    """A folder, made by root, that every account may enter, for what cannot lie under `owner`.

    `/var/tmp` comes second: some systems clear it of what was not touched for weeks.
    """
    problems = []
    for base in (Path("/var/lib"), Path("/var/tmp")):  # noqa: S108
        place = base / f"deckrental-{_hash(owner)}"
        try:
            place.mkdir(mode=0o755, exist_ok=True)
            found = place.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
                problems.append(f"{place} is in the way: it is not a folder that only root may change")
                continue
            place.chmod(0o755)
        except OSError as error:
            problems.append(str(error))
        else:
            return place
    raise PermissionError("; ".join(problems))


def _hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
