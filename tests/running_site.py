"""The whole site on real parts, for the stories in the browser: a live server, a worker, and a sandbox whose
webhooks arrive."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.cache import cache

from celery_app import app as celery_app
from tests.sandbox import Sandbox


def environment_of(sandbox: Sandbox, *, mail: Path) -> dict[str, str]:
    """In which another process finds the test database, this sandbox, and the folder for its e-mails."""
    database = settings.DATABASES["default"]["NAME"]
    return {
        **os.environ,
        "TESTING": "true",
        "DATABASE_URL": urlsplit(settings.DATABASE_URL)._replace(path=f"/{database}").geturl(),
        "REDIS_URL": settings.REDIS_URL,
        "SECRET_KEY": settings.SECRET_KEY,
        "EMAIL_URL": f"filemail:///{mail}",
        "STRIPE_API_BASE": sandbox.url,
        "STRIPE_TEST_SECRET_KEY": sandbox.secret_key,
        "STRIPE_TEST_PUBLISHABLE_KEY": sandbox.publishable_key,
        "STRIPE_WEBHOOK_SECRET": sandbox.webhook_secret,
    }


@dataclass
class RunningSite:
    """`url` of the live server; `mail` is the folder into which its e-mails are written."""

    url: str
    sandbox: Sandbox
    mail: Path
    worker: "subprocess.Popen[bytes] | None" = None

    def start_worker(self) -> None:
        """A real Celery worker on the test database, and a live server that puts its tasks on the queue."""
        environment = environment_of(self.sandbox, mail=self.mail) | {"SITE_URL": self.url}
        command = ["celery", "-A", "celery_app", "worker", "--pool", "solo", "--loglevel", "WARNING"]
        self.worker = subprocess.Popen([sys.executable, "-m", *command], env=environment)
        celery_app.conf.task_always_eager = False
        cache.delete("worker-heartbeat")
        celery_app.send_task("orders.tasks.worker_heartbeat")
        self.wait_for(lambda: cache.get("worker-heartbeat") is not None, "the worker to take a task")

    def stop_worker(self) -> None:
        celery_app.conf.task_always_eager = True
        if self.worker is not None:
            self.worker.terminate()
            self.worker.wait(timeout=60)

    def mails(self) -> str:
        """Every e-mail that was sent, in one text."""
        return "\n".join(path.read_text() for path in sorted(self.mail.iterdir()))

    def wait_for(self, condition: Callable[[], bool], what: str, *, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"Waited {seconds} s for {what}."
            time.sleep(0.1)
