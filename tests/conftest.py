"""What every test can ask for: the sandbox that stands in for Stripe, a day that is today, tasks that run at once."""

import os
from collections.abc import Iterator
from datetime import date

import pytest

from celery_app import app as celery_app
from tests.factories import TODAY
from tests.sandbox import Sandbox

pytest_plugins = ["tests.browser"]

# Playwright's synchronous interface runs an event loop in the test's own thread; the ORM is safe there.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture(scope="session", autouse=True)
def _tasks_run_at_once() -> None:
    """Celery tasks run where they are called; the story in the browser uses a real worker."""
    celery_app.conf.task_always_eager = True
    celery_app.conf.task_eager_propagates = True


@pytest.fixture
def today() -> date:
    return TODAY


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """The stand-in for Stripe, as a process of its own, for the whole run."""
    sandbox = Sandbox(folder=tmp_path_factory.mktemp("stripe_sandbox"))
    sandbox.start()
    yield sandbox
    sandbox.stop()


@pytest.fixture
def sandbox(sandbox_process: Sandbox, settings) -> Sandbox:
    """The site speaks to the sandbox, through the real library."""
    sandbox_process.use_in(settings)
    return sandbox_process
