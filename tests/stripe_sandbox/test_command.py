"""``python -m stripe_sandbox``: starts fast, says where, stops at once, forgets nothing."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stripe_sandbox.config import ConfigError, parse_config
from tests.stripe_sandbox.surroundings import client_for, hold


def start(database: Path, **environment: str) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "stripe_sandbox", "--port", "0", "--database", str(database)],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout
    line = process.stdout.readline()
    assert line.startswith("listening on http://127.0.0.1:")
    return process, line.removeprefix("listening on ").strip()


def end(process: subprocess.Popen[str]) -> None:
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(5) == 0
    assert time.monotonic() - began < 1.5
    assert process.stdout
    process.stdout.close()


def test_a_restart_forgets_nothing(tmp_path: Path) -> None:
    process, url = start(tmp_path / "sandbox.sqlite3")
    client = client_for(url)
    customer = client.v1.customers.create({"name": "A"}, {"idempotency_key": "customer-1"})
    intent = hold(client, customer=customer.id, setup_future_usage="off_session")
    end(process)

    process, url = start(tmp_path / "sandbox.sqlite3")
    client = client_for(url)
    again = client.v1.customers.create({"name": "A"}, {"idempotency_key": "customer-1"})
    assert again.id == customer.id
    assert client.v1.payment_intents.capture(intent.id).status == "succeeded"
    assert len(client.v1.customers.payment_methods.list(customer.id).data) == 1
    end(process)


def test_configured_by_the_environment(tmp_path: Path) -> None:
    process, url = start(tmp_path / "sandbox.sqlite3", STRIPE_SANDBOX_SECRET_KEY="sk_test_mine")
    assert client_for(url, "sk_test_mine").v1.events.list().data == []
    end(process)


def test_arguments_before_environment_before_defaults() -> None:
    environment = {"STRIPE_SANDBOX_PORT": "9000", "STRIPE_SANDBOX_WEBHOOK_SECRET": "whsec_a, whsec_b"}
    config = parse_config(["--port", "9001", "--webhook-url", "http://site/hook"], environment)
    assert (config.port, config.host, config.webhook_url) == (9001, "127.0.0.1", "http://site/hook")
    assert config.webhook_secrets == ("whsec_a", "whsec_b")
    assert parse_config([], environment).port == 9000
    assert parse_config(["--webhook-url", ""], {}).webhook_url is None


@pytest.mark.parametrize(
    "wrong",
    [
        ["--secret-key", "sk_live_1"],
        ["--publishable-key", "sk_test_1"],
        ["--port", "http"],
        ["--port", "70000"],
        ["--webhook-url", "file:///etc/passwd"],
    ],
)
def test_what_is_no_sandbox_is_refused(wrong: list[str]) -> None:
    with pytest.raises(ConfigError):
        parse_config(wrong, {})


def test_the_library_is_not_loaded_before_it_is_needed() -> None:
    code = "import sys, stripe_sandbox.server; sys.exit('stripe.params' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
