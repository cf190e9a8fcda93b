"""The whole site on this machine; what `make run` starts once everything is installed.

`python -m deckrental.local.run`, with PORT and SANDBOX_PORT in the environment to say where.
"""

import fcntl
import http.client
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from deckrental.local import LocalServiceError, database_url, redis_url
from deckrental.local.keys import DEFAULT_PORT, has_own_stripe, last_ports, remember_ports, secrets
from deckrental.local.places import PROJECT, local_dir, sign_ins_file
from deckrental.local.programs import Programs

FIRST_ANSWER_PATIENCE = 60.0  # seconds
PYTHON = (sys.executable, "-m")
CELERY = ("celery", "--quiet", "-A", "celery_app")


class CannotRunError(Exception):
    """Says why the site does not run, or no longer, and what to do."""


@dataclass(frozen=True)
class Ports:
    web: int
    sandbox: int

    @property
    def site(self) -> str:
        return f"http://127.0.0.1:{self.web}"


def main() -> int:
    """0 after a signal; 1 where the site could not be started or did not stay up."""
    try:
        with only_run(), Programs() as programs:
            run(programs, free_ports())
    except (CannotRunError, LocalServiceError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def run(programs: Programs, ports: Ports) -> None:
    """Until a signal comes; where a program ends by itself, a CannotRunError says which."""
    # Joined by this process too, so that the servers stay up from the first program to the last.
    if "DATABASE_URL" not in os.environ:
        database_url()
    if "REDIS_URL" not in os.environ:
        redis_url()
    remember_ports(web=ports.web, sandbox=ports.sandbox)
    # Whatever the environment says already stays as it is.
    environment = secrets() | {"SITE_URL": ports.site} | dict(os.environ)

    programs.start("setup", [*PYTHON, "deckrental.local.prepare"], environment)
    if not wait_until(programs, lambda: programs.finished("setup")):
        return
    if not has_own_stripe():
        programs.start("sandbox", sandbox(ports), sandbox_environment(ports, environment))
    programs.start("web", web(ports), environment)
    if not wait_until(programs, lambda: answers(ports), FIRST_ANSWER_PATIENCE):
        return
    # After the first page, which they would slow down.
    programs.start("worker", worker(), environment)
    programs.start("beat", beat(), environment)
    if not has_own_stripe():
        # It tells every task that it puts on the queue, and of all that only the last line is for the reader.
        programs.start("orders", demo_orders(), {"LOG_LEVEL": "WARNING"} | environment, errand=True)
    for line in greeting(ports):
        programs.say(line)
    wait_until(programs, lambda: False)


def wait_until(programs: Programs, done: Callable[[], bool], patience: float = float("inf")) -> bool:
    """True once it is done, False where a signal came first."""
    parent, deadline = os.getppid(), time.monotonic() + patience
    while not done():
        # `make` may be killed without a word to us.
        if programs.stop_requested or ("MAKELEVEL" in os.environ and os.getppid() != parent):
            return False
        if (end := programs.ended()) is not None:
            raise CannotRunError(f"{end[0]} ended with exit code {end[1]}; the rest is stopped.")
        if time.monotonic() > deadline:
            raise CannotRunError(f"The site did not answer within {patience:.0f} seconds.")
        programs.watch(0.1)
    return True


def web(ports: Ports) -> list[str]:
    listen = ["--bind", f"127.0.0.1:{ports.web}", "--no-control-socket"]
    threads = ["--workers", "1", "--worker-class", "gthread", "--threads", "8"]
    return [*PYTHON, "gunicorn", *listen, *threads, "--graceful-timeout", "4", "deckrental.wsgi:application"]


def worker() -> list[str]:
    # The only worker need not look for others, which takes it a second. That root runs it is known.
    python = [sys.executable, "-W", "ignore:You're running the worker", "-m"]
    alone = ["--without-mingle", "--without-gossip"]
    return [*python, *CELERY, "worker", "--concurrency", "2", "--loglevel", "INFO", *alone]


def beat() -> list[str]:
    scheduler = "django_celery_beat.schedulers:DatabaseScheduler"
    return [*PYTHON, *CELERY, "beat", "--scheduler", scheduler, "--loglevel", "INFO"]


def demo_orders() -> list[str]:
    """Paid for at the sandbox, which has to be there; nobody waits for them."""
    return [sys.executable, "manage.py", "load_demo_orders"]


def sandbox(ports: Ports) -> list[str]:
    return [*PYTHON, "stripe_sandbox", "--port", str(ports.sandbox)]


def sandbox_environment(ports: Ports, environment: dict[str, str]) -> dict[str, str]:
    """Keys go this way: arguments can be read by everybody on the machine."""
    return environment | {
        "STRIPE_SANDBOX_DATABASE": str(local_dir() / "stripe_sandbox.sqlite3"),
        "STRIPE_SANDBOX_WEBHOOK_URL": f"{ports.site}/stripe/webhook/",
        "STRIPE_SANDBOX_WEBHOOK_SECRET": environment["STRIPE_WEBHOOK_SECRET"],
        "STRIPE_SANDBOX_PUBLISHABLE_KEY": environment["STRIPE_TEST_PUBLISHABLE_KEY"],
        "STRIPE_SANDBOX_SECRET_KEY": environment["STRIPE_TEST_SECRET_KEY"],
    }


def answers(ports: Ports) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", ports.web, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def greeting(ports: Ports) -> list[str]:
    """The address, the sign-ins and where the mail goes, a line each and each line whole."""
    lines = [ports.site]
    if sign_ins_file().exists():
        lines += sign_ins_file().read_text().splitlines()
    if "EMAIL_URL" not in os.environ:
        mail = local_dir() / "mail"
        lines.append(
            f"e-mails are written to {mail.relative_to(PROJECT) if mail.is_relative_to(PROJECT) else mail}/"
        )
    return [*lines, "Ctrl-C stops everything and keeps the data."]


@contextmanager
def only_run() -> Iterator[None]:
    """Two at once over the same data would do every scheduled task twice."""
    with (local_dir() / "run.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            port = last_ports().get("web", DEFAULT_PORT)
            raise CannotRunError(f"This site is already running: http://127.0.0.1:{port}") from None
        yield


def free_ports() -> Ports:
    """From PORT and SANDBOX_PORT; raises a CannotRunError where one cannot be had."""
    web = port_number("PORT", DEFAULT_PORT)
    sandbox = port_number("SANDBOX_PORT", web + 1)
    if is_taken(web):
        raise CannotRunError(
            f"Port {web} is taken. Choose another one, for instance: make run PORT={web + 10}"
        )
    if not has_own_stripe() and is_taken(sandbox):
        raise CannotRunError(
            f"Port {sandbox}, for the payment sandbox, is taken. Choose others: make run PORT={web + 10}\n"
            f"(the sandbox then takes {web + 11}), or: make run SANDBOX_PORT=…"
        )
    return Ports(web, sandbox)


def port_number(variable: str, default: int) -> int:
    given = os.environ.get(variable) or str(default)
    if not given.isdecimal() or not 0 < int(given) < 65536:
        raise CannotRunError(f"{variable} must be a number from 1 to 65535, not {given!r}.")
    return int(given)


def is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    with socket.socket() as probe:  # some systems let us bind beside a program that listens on all addresses
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    sys.exit(main())
