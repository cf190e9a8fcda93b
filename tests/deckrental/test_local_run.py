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
    for line in run.stdout or ():
        said.append(line.rstrip())
        if "celery@" in line and "ready" in line:
            break
    assert f"http://127.0.0.1:{ports[0]}" in said, "\n".join(said)
    assert [line for line in said if re.fullmatch(r"staff \S+@\S+ \S+", line)]
    assert [line for line in said if re.fullmatch(r"customer \S+@\S+ \S+", line)]
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
