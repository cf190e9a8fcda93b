"""What every test can ask for: the sandbox that stands in for Stripe, a day that is today, tasks that run at once."""

import os
from collections.abc import Iterator
from datetime import date

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.core.cache import cache
from django.db import connection
from hypothesis import HealthCheck, settings
from stripe import HTTPClient

import tests.clock  # noqa: F401  before anything asks for today
from celery_app import app as celery_app
from orders.tasks import PROMOTION_IS_COMING
from tests.factories import TODAY
from tests.sandbox import Sandbox

pytest_plugins = ["tests.browser", "tests.devices"]

# The same examples on every machine, and as much time for each as it takes: speed is measured in bench/.
settings.register_profile(
    "suite", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")

# Playwright's synchronous interface runs an event loop in the test's own thread; the ORM is safe there.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Nothing of a test has to survive a power cut. What others see, and when, is the same; a commit is faster.

    For Django's connections alone: whether servers that were killed keep their data is tested, too.
    """
    connection.settings_dict["OPTIONS"]["options"] += " -c synchronous_commit=off"


@pytest.fixture(scope="session", autouse=True)
def _tasks_run_at_once() -> None:
    """Celery tasks run where they are called; the story in the browser uses a real worker."""
    celery_app.conf.task_always_eager = True
    celery_app.conf.task_eager_propagates = True


@pytest.fixture(scope="session", autouse=True)
def _passwords_are_quick() -> None:
    """Hashed as on the site, but once: it is what takes long about signing in."""
    PBKDF2PasswordHasher.iterations = 1


@pytest.fixture(scope="session", autouse=True)
def _what_is_not_answered_is_soon_asked_again() -> None:
    """By the real library, which otherwise waits half a second and more before it does."""
    HTTPClient.INITIAL_DELAY = 0.01  # seconds


@pytest.fixture(autouse=True)
def _no_promotion_is_coming() -> None:
    """A test in which the promotion that was asked for does not run leaves the next one its own."""
    cache.delete(PROMOTION_IS_COMING)


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
def sandbox(sandbox_process: Sandbox, settings) -> Iterator[Sandbox]:
    """The site speaks to the sandbox, through the real library. No clock or fault outlives the test."""
    sandbox_process.use_in(settings)
    yield sandbox_process
    sandbox_process.calm()
