"""A sandbox in this process, on a free port, spoken to by the real library; a shop that takes webhooks."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import stripe

from stripe_sandbox.config import Config
from stripe_sandbox.server import RunningSandbox, run_in_thread
from tests.stripe_sandbox.surroundings import Clock, Shop, client_for


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shop() -> Iterator[Shop]:
    with Shop() as shop:
        yield shop


@pytest.fixture
def sandbox(tmp_path: Path, clock: Clock) -> Iterator[RunningSandbox]:
    """Keeps its events to itself; `sandbox_with_shop` delivers them."""
    running = run_in_thread(Config(port=0, database=tmp_path / "sandbox.sqlite3", clock=clock))
    yield running
    running.stop()


@pytest.fixture
def sandbox_with_shop(tmp_path: Path, shop: Shop) -> Iterator[RunningSandbox]:
    running = run_in_thread(
        Config(
            port=0,
            database=tmp_path / "sandbox.sqlite3",
            webhook_url=shop.url,
            webhook_secrets=("whsec_new", "whsec_old"),
        )
    )
    yield running
    running.stop()


@pytest.fixture
def client(sandbox: RunningSandbox) -> stripe.StripeClient:
    return client_for(sandbox.url)
