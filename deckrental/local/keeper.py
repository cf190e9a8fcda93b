"""Stops an embedded server when its last user is gone. One keeper watches one server.

Every user of a server holds a shared `flock` on the same file. The keeper asks for the exclusive lock and
sleeps in that call; the kernel grants it when the last user is gone, however it went: exit, `os._exit`,
SIGTERM, `kill -9`. Forked children share their parent's lock, so a Celery pool or a gunicorn worker that
outlives its parent still counts. An exit hook in the users could not see half of these.

Run as a file and with nothing but the standard library, so that it starts within milliseconds and stays
small: `python -I -S keeper.py USERS_FD KEEPER_FD USERS_FILE PID_FILE MARKER FIRST_PID`.
"""

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

PROC = Path("/proc")  # Linux; macOS has none
# Ask; ask at once, after which PostgreSQL recovers at the next start; insist. Seconds to wait after each.
STEPS = ((signal.SIGINT, 5.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))


def is_server(pid: int, marker: str) -> bool:
    """Whether process `pid` is alive and was started with `marker` among its arguments.

    A process id in a file left behind may by now belong to somebody else, or to a zombie.
    """
    if PROC.exists():
        return os.fsencode(marker) in _arguments(pid)
    command = ["ps", "-ww", "-o", "command=", "-p", str(pid)]
    return marker in subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603


def _arguments(pid: int) -> list[bytes]:
    """The arguments of a living process; none where it is dead."""
    for _attempt in range(100):
        try:
            arguments = (PROC / str(pid) / "cmdline").read_bytes()
            state = (PROC / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return []
        if arguments or state in (b"Z", b"X"):
            return arguments.split(b"\0")
        time.sleep(0.001)  # a process has none for an instant while it turns into another program
    return []


def server_pid(pid_file: Path, marker: str) -> int | None:
    """The living server that `pid_file` names; None where there is none, or where the file is stale."""
    try:
        pid = int(pid_file.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None
    return pid if is_server(pid, marker) else None


def stop(pid: int, marker: str) -> None:
    """Stops the server and returns when it is gone."""
    for step, patience in STEPS:
        if not is_server(pid, marker):
            return
        try:
            os.kill(pid, step)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if not is_server(pid, marker):
                return
            time.sleep(0.005)


def keep(users_fd: int, users_file: Path, pid_file: Path, marker: str, first_pid: int) -> None:
    """Sleeps until nobody uses the server, then stops it."""
    fcntl.flock(users_fd, fcntl.LOCK_EX)
    try:
        same_folder = users_file.stat().st_ino == os.fstat(users_fd).st_ino
    except FileNotFoundError:
        same_folder = False
    if not same_folder:  # the data folder was deleted under the server: what lies there now is not ours
        stop(first_pid, marker)
        return
    pid = server_pid(pid_file, marker)
    if pid is None:  # its starter may have been killed a moment ago, before the server had written its id
        time.sleep(0.3)
        pid = server_pid(pid_file, marker)
    if pid is not None:
        stop(pid, marker)


def main() -> None:
    users, keeper, users_file, pid_file, marker, first_pid = sys.argv[1:]
    users_fd, keeper_fd = int(users), int(keeper)
    if os.fork():
        os._exit(0)  # the keeper is nobody's child: no user of the server ever has to reap it
    os.setsid()
    os.dup2(sys.stdout.fileno(), sys.stderr.fileno())  # whoever started it reads its errors until here
    # It goes when the users have gone, and they get these signals too.
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, signal.SIG_IGN)
    keep(users_fd, Path(users_file), Path(pid_file), marker, int(first_pid))
    # In this order: who gets a users' lock from here on finds the keeper's lock free, and starts a new one.
    os.close(keeper_fd)
    os.close(users_fd)


if __name__ == "__main__":
    main()
