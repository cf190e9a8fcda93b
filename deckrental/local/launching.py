"""Starts a server in the background so that it belongs to none of its users."""

import os
import pwd
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

# The shell puts the server into the background, says its process id and ends. So the server is nobody's
# child: whoever started it need not reap it, and a Ctrl-C in the terminal does not reach it.
IN_BACKGROUND = '"$@" </dev/null >&2 & echo $!'
LOG_BYTES = 5_000_000


class Account(TypedDict, total=False):
    """The arguments of `subprocess.run` that say as whom a program runs."""

    user: int
    group: int
    extra_groups: list[int]


def as_account(account: int | None) -> Account:
    """None means: as ourselves. Anybody else only root can become."""
    if account is None:
        return {}
    try:
        group = pwd.getpwuid(account).pw_gid
    except KeyError:  # the owner of a folder that came from another machine
        group = account
    return {"user": account, "group": group, "extra_groups": []}


def launch(command: Sequence[str], *, log: Path, folder: Path, account: int | None = None) -> int:
    """The process id of `command`, which runs in `folder` and writes to `log`."""
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_suffix(".log.old"))
    with log.open("ab") as output:
        started = subprocess.run(  # noqa: S603
            ["/bin/sh", "-c", IN_BACKGROUND, "sh", *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=output,
            cwd=folder,
            env=server_environment(),
            start_new_session=True,
            check=True,
            **as_account(account),
        )
    return int(started.stdout)


def server_environment() -> dict[str, str]:
    """Ours, without what would change PostgreSQL's defaults (PGPORT, PGDATA), and with logs in English."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}
