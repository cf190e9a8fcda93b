"""Several programs run as one, seen from outside: what is printed, what is left, which exit code."""

import signal
import subprocess
import sys
import time

import psutil
import pytest

from deckrental.local.places import PROJECT

# Runs the programs of its arguments, NAME=SCRIPT, until a signal comes or one ends; `errand` is one that may.
RUNNER = """
import os, sys
from deckrental.local.programs import Programs
with Programs() as programs:
    for argument in sys.argv[1:]:
        name, script = argument.split("=", 1)
        programs.start(name, [sys.executable, "-c", script], os.environ, errand=name == "errand")
    programs.say("started")
    while not programs.stop_requested and not (end := programs.ended()):
        programs.watch(0.1)
    if not programs.stop_requested:
        programs.say("%s ended with %s" % end)
"""
STAYS = "print('up', flush=True); import time; time.sleep(60)"
HAS_A_CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {STAYS!r}])"
IS_DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {STAYS}"


def run(**programs: str) -> "subprocess.Popen[str]":
    arguments = [f"{name}={script}" for name, script in programs.items()]
    return subprocess.Popen(
        [sys.executable, "-c", RUNNER, *arguments],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_for(line: str, runner: "subprocess.Popen[str]") -> None:
    assert runner.stdout is not None
    for said in runner.stdout:
        if said.rstrip() == line:
            return
    pytest.fail(f"It never said {line!r}.")


def test_lines_say_who_said_them():
    runner = run(web="print('one'); print('half', end='')")
    said, _ = runner.communicate(timeout=20)
    assert said.splitlines() == ["started", "web     | one", "web     | half", "web ended with 0"]


def test_the_end_of_one_ends_all():
    runner = run(web=STAYS, worker="import sys; sys.exit(3)")
    said, _ = runner.communicate(timeout=20)
    assert said.splitlines()[-1] == "worker ended with 3"


def test_an_errand_says_what_it_has_to_say_and_ends_nothing():
    ends_later = "import sys, time; time.sleep(2); sys.exit(3)"
    runner = run(errand="print('it failed'); raise SystemExit(1)", web=ends_later)
    said, _ = runner.communicate(timeout=20)
    assert "errand  | it failed" in said.splitlines()
    assert said.splitlines()[-1] == "web ended with 3"


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_all_and_their_children(signum):
    runner = run(web=HAS_A_CHILD)
    wait_for("web     | up", runner)
    below = children(runner.pid)
    runner.send_signal(signum)
    runner.communicate(timeout=20)
    assert runner.returncode == 0
    assert len(below) == 2
    assert not any(is_alive(process) for process in below)


def test_a_second_signal_ends_the_patience_with_the_deaf():
    runner = run(web=IS_DEAF)
    wait_for("web     | up", runner)
    began = time.monotonic()
    runner.send_signal(signal.SIGINT)
    time.sleep(0.3)
    runner.send_signal(signal.SIGINT)
    runner.communicate(timeout=20)
    assert time.monotonic() - began < 4


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent has died")
def test_who_is_killed_leaves_nothing_running():
    runner = run(web=STAYS)
    wait_for("web     | up", runner)
    (child,) = children(runner.pid)
    runner.kill()
    runner.communicate(timeout=20)
    deadline = time.monotonic() + 5
    while is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_alive(child)


def test_a_reader_that_goes_away_ends_all():
    runner = run(web="import time\nwhile True: print('x', flush=True); time.sleep(0.01)")
    assert runner.stdout is not None
    runner.stdout.readline()
    runner.stdout.close()
    assert runner.wait(timeout=20) == 0


def children(pid: int) -> list[psutil.Process]:
    """All processes below this one."""
    return psutil.Process(pid).children(recursive=True)


def is_alive(process: psutil.Process) -> bool:
    """A zombie is not: it waits for somebody to take note."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
