"""`make run`, without the installing: the site on free ports, with data of its own."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deckrental.demo.order_plan import PLAN
from deckrental.local import run as local_run
from deckrental.local.places import PROJECT
from deckrental.local.postgres import Postgres
from deckrental.local.redis import Redis


@pytest.fixture
def local() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="deckrental-test-") as folder:
        Path(folder).chmod(0o755)  # root's PostgreSQL has to get in
        yield Path(folder) / "local"


@pytest.fixture
def ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


def start(local: Path, ports: tuple[int, int], **more: str) -> "subprocess.Popen[str]":
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "SITE_URL", "EMAIL_URL", "MAKELEVEL"}
        and not name.startswith("STRIPE_")
    }
    own = {"DECKRENTAL_LOCAL_DIR": str(local), "PORT": str(ports[0]), "SANDBOX_PORT": str(ports[1])}
    return subprocess.Popen(
        [sys.executable, "-m", "deckrental.local.run"],
        cwd=PROJECT,
        env=inherited | own | more,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_the_site_comes_up_says_how_to_sign_in_and_goes_without_a_trace(local, ports):
    run = start(local, ports)
    said = []
    missing = {"ready.", "orders  | "}
    for line in run.stdout or ():
        said.append(line.rstrip())
        missing = {word for word in missing if word not in line}
        if not missing:
            break
    assert f"http://127.0.0.1:{ports[0]}" in said, "\n".join(said)
    assert [line for line in said if re.fullmatch(r"staff \S+@\S+ \S+", line)]
    assert [line for line in said if re.fullmatch(r"customer \S+@\S+ \S+", line)]
    assert f"orders  | made {len(PLAN)} demo orders" in said, "\n".join(said)
    for port, path in ((ports[0], "/healthz"), (ports[1], "/v3/")):
        assert get(port, path) == 200

    second = start(local, (ports[0] + 1, ports[1] + 1))
    assert f"already running: http://127.0.0.1:{ports[0]}" in second.communicate(timeout=30)[0]
    assert second.returncode == 1

    run.send_signal(signal.SIGINT)
    run.communicate(timeout=30)
    assert run.returncode == 0
    assert Postgres(local).pid() is None
    assert Redis(local).pid() is None
    assert not is_taken(ports[0])
    assert not is_taken(ports[1])


class Started:
    """Takes the place of the programs, and notes what is started and how; all is well until the last has begun."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.errands: list[str] = []
        self.stop_requested = False

    def start(
        self, name: str, command: list[str], environment: dict[str, str], *, errand: bool = False
    ) -> None:
        self.names.append(name)
        self.errands += [name] if errand else []

    def finished(self, name: str) -> bool:
        return True

    def ended(self) -> None:
        return None

    def watch(self, seconds: float) -> None:
        self.stop_requested = True

    def say(self, line: str) -> None:
        pass


@pytest.mark.parametrize("own", ["", "sk_test_of_our_own"])
def test_orders_are_made_after_the_first_page_and_only_at_the_sandbox(local, ports, monkeypatch, own):
    monkeypatch.setenv("DECKRENTAL_LOCAL_DIR", str(local))
    monkeypatch.setenv("STRIPE_TEST_SECRET_KEY", own)
    monkeypatch.setenv("DATABASE_URL", "postgres://none")
    monkeypatch.setenv("REDIS_URL", "redis://none")
    started = Started()
    asked_after = []
    monkeypatch.setattr(local_run, "answers", lambda ports: asked_after.append(list(started.names)) or True)

    local_run.run(started, local_run.Ports(*ports))

    assert asked_after == [["setup", "web"] if own else ["setup", "sandbox", "web"]]
    assert started.names[len(asked_after[0]) :] == ["worker", "beat"] + ([] if own else ["orders"])
    assert started.errands == ([] if own else ["orders"])


@pytest.mark.parametrize("which", [0, 1], ids=["web", "sandbox"])
def test_a_port_that_is_taken_is_named_before_anything_starts(local, ports, which):
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", ports[which]))
        other.listen()
        run = start(local, ports)
        said, _ = run.communicate(timeout=30)
    assert run.returncode == 1
    assert f"Port {ports[which]}" in said
    assert "PORT=" in said
    assert not (local / "postgres").exists()


@pytest.mark.parametrize("port", ["eighty", "0", "65536"])
def test_what_is_no_port_is_refused(local, ports, port):
    run = start(local, ports, PORT=port)
    said, _ = run.communicate(timeout=30)
    assert run.returncode == 1
    assert f"PORT must be a number from 1 to 65535, not '{port}'" in said


def get(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
