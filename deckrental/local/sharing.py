"""One server, many processes: start it or join it, and have it stopped behind the last one.

Three lock files per server, all `flock`, which the kernel releases when a process dies:

- `NAME.users`: shared by every user, as long as it lives. Forked children share it (keeper.py says why that
  is right); programs started by a user do not inherit it.
- `NAME.start`: exclusive while a user looks whether the server runs, and starts it if not.
- `NAME.keeper`: exclusive, held by the keeper as long as it lives. Free means: there is no keeper.

A user takes `users` before it looks, and the keeper holds `users` exclusively while it stops the server. So
nobody ever joins a server that is being stopped.
"""

import atexit
import fcntl
import itertools
import os
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deckrental.local import keeper
from deckrental.local.errors import LocalServiceError

START_PATIENCE = 60.0  # seconds; a crash recovery is part of a start
START_ATTEMPTS = 3
ADOPTION_PATIENCE = 20.0  # for a server that somebody else began to start or to stop, and did not finish
STOP_PATIENCE = 15.0
KEEPER_PATIENCE = 0.5  # for a keeper to see that the last user has gone


class Server(ABC):
    """What a server must tell to be shared."""

    name: str  # as people call it
    variable: str  # the setting that makes it unnecessary
    locks: Path  # the lock files, without their endings
    pid_file: Path
    marker: str  # an argument of the server's command line that no other process has
    log: Path

    def pid(self) -> int | None:
        return keeper.server_pid(self.pid_file, self.marker)

    @abstractmethod
    def answers(self) -> bool:
        """Whether it runs and takes connections; fast, since every joining process asks."""

    @abstractmethod
    def prepare(self) -> None:
        """Before every launch: makes what it needs on disk and clears what a crash has left."""

    @abstractmethod
    def launch(self) -> int:
        """Starts it in the background and returns its process id at once."""

    @abstractmethod
    def complete(self) -> str:
        """Does what is left to do once it answers, and nothing where that was done since its start.

        Says what prevented it, for instance that the server is recovering; nothing where it is done.
        """

    @abstractmethod
    def recover(self, log: str) -> bool:
        """Puts right, where it can, what these lines say stopped a start; whether to keep on trying."""

    def error(self, reason: str) -> LocalServiceError:
        return LocalServiceError(self.name, self.variable, reason)


def join(server: Server) -> None:
    """Makes this process a user of the server, until it ends; starts the server where it does not run."""
    try:
        users = _lock_as_user(_lock_file(server, "users"))
        try:
            with _exclusive(_lock_file(server, "start")):
                _ensure_running(server)
                _ensure_kept(server)
                _ensure_complete(server)
        except BaseException:
            os.close(users)
            raise
    except (OSError, subprocess.SubprocessError) as error:
        hint = f"\nDoes {server.locks.parent} belong to another account?"
        raise server.error(f"{error}{hint if isinstance(error, PermissionError) else ''}") from error
    atexit.register(_leave, server, users, os.getpid())


def _lock_file(server: Server, ending: str) -> Path:
    return server.locks.with_name(f"{server.locks.name}.{ending}")


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _lock_as_user(path: Path) -> int:
    """A descriptor that holds the shared lock; waits while a keeper is stopping the server."""
    while True:
        users = _open(path)
        fcntl.flock(users, fcntl.LOCK_SH)
        try:
            if path.stat().st_ino == os.fstat(users).st_ino:
                return users
        except FileNotFoundError:
            pass
        os.close(users)  # the folder was deleted while this process waited


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _ensure_running(server: Server) -> None:
    """Under the start lock: returns when the server answers."""
    if not server.answers() and (pid := server.pid()) is not None:
        # A starter was killed before its server was ready, or a keeper while it stopped it.
        _wait(server, pid, ADOPTION_PATIENCE)
        if not server.answers():
            keeper.stop(pid, server.marker)  # alive, but nobody can reach it
    if not server.answers():
        _start(server)


def _start(server: Server) -> None:
    deadline = time.monotonic() + START_PATIENCE
    for attempt in itertools.count(1):
        server.prepare()
        beginning = server.log.stat().st_size if server.log.exists() else 0
        pid = server.launch()
        _wait(server, pid, START_PATIENCE)
        if server.answers():
            return
        keeper.stop(pid, server.marker)
        said = server.log.read_bytes()[beginning:].decode(errors="replace")
        hopeful = server.recover(said) and time.monotonic() < deadline
        if attempt >= START_ATTEMPTS and not hopeful:
            raise server.error(f"Its last words, from {server.log}:\n{_last_lines(said)}")
        time.sleep(0.2)


def _wait(server: Server, pid: int, patience: float) -> None:
    """Until the server answers or is gone."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and not server.answers():
        if not keeper.is_server(pid, server.marker):
            return
        time.sleep(0.005)


def _ensure_complete(server: Server) -> None:
    """Under the start lock: returns when the server has all it needs."""
    deadline = time.monotonic() + START_PATIENCE
    while problem := server.complete():
        if time.monotonic() > deadline:
            raise server.error(problem)
        time.sleep(0.2)
        _ensure_running(server)


def _last_lines(log: str, count: int = 12) -> str:
    return "\n".join(f"    {line}" for line in log.splitlines()[-count:]) or "    (nothing)"


def _ensure_kept(server: Server) -> None:
    """Under the start lock: starts a keeper where there is none, for instance because it was killed."""
    keeper_lock = _open(_lock_file(server, "keeper"))
    try:
        if not _take(keeper_lock, fcntl.LOCK_EX):
            return  # it lives
        users_file = _lock_file(server, "users")
        users_of_keeper = _open(users_file)  # a description of its own: a lock conflicts only with other ones
        try:
            _spawn_keeper(server, users_file, users_of_keeper, keeper_lock)
        finally:
            os.close(users_of_keeper)
    finally:
        os.close(keeper_lock)  # the keeper's copy goes on holding the lock


def _spawn_keeper(server: Server, users_file: Path, users: int, keeper_lock: int) -> None:
    arguments = (users, keeper_lock, users_file, server.pid_file, server.marker, server.pid() or 0)
    for _attempt in range(START_ATTEMPTS):
        started = subprocess.run(  # noqa: S603
            [sys.executable, "-I", "-S", keeper.__file__, *map(str, arguments)],
            pass_fds=(users, keeper_lock),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
            check=False,
        )
        if started.returncode == 0:
            return
    raise server.error(f"Nothing would stop it again: its keeper does not start.\n{started.stderr}")


def _leave(server: Server, users: int, owner: int) -> None:
    """At exit: lets go, and, where this was the last user, waits until the server is down.

    The kernel would let go by itself. Waiting makes `make test && rm -r .local` do what it says.
    """
    if os.getpid() != owner:
        return  # a forked child, whose lock is its parent's
    os.close(users)
    try:
        probe = os.open(_lock_file(server, "users"), os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return  # the folder is gone
    started = time.monotonic()
    while (waited := time.monotonic() - started) < STOP_PATIENCE:
        if _take(probe, fcntl.LOCK_EX):
            # Nobody uses it: the keeper has done its work, or is about to, or was killed.
            if (pid := server.pid()) is None:
                break
            if waited > KEEPER_PATIENCE:
                keeper.stop(pid, server.marker)
                break
            fcntl.flock(probe, fcntl.LOCK_UN)
        elif _take(probe, fcntl.LOCK_SH):
            break  # others use it
        time.sleep(0.005)
    os.close(probe)


def _take(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
