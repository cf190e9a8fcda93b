"""Keys that nobody has to make up: written once, into `.local/secrets.json`, for this checkout only."""

import json
import os
from pathlib import Path
from secrets import token_hex, token_urlsafe

from deckrental.local.places import local_dir

DEFAULT_PORT = 8000
# Whoever sets one of these has an idea of their own about payments.
OWN_STRIPE = ("STRIPE_API_BASE", "STRIPE_TEST_SECRET_KEY", "STRIPE_LIVE_SECRET_KEY")


def secrets() -> dict[str, str]:
    """SECRET_KEY, and the sandbox's Stripe settings unless the environment has some; by setting."""
    kept = _kept()
    if has_own_stripe():
        return {"SECRET_KEY": kept["SECRET_KEY"]}
    return kept | {"STRIPE_DEBUG": "true", "STRIPE_API_BASE": f"http://127.0.0.1:{sandbox_port()}"}


def has_own_stripe() -> bool:
    """Whether the environment says how to pay, so that the sandbox is not needed."""
    return any(os.environ.get(name) for name in OWN_STRIPE)


def sandbox_port() -> int:
    """Where the sandbox of the last `make run` listens or listened."""
    return last_ports().get("sandbox", DEFAULT_PORT + 1)


def last_ports() -> dict[str, int]:
    """Of the last `make run`: `web` and `sandbox`; empty where there was none."""
    try:
        return {name: int(port) for name, port in json.loads(_ports_file().read_text()).items()}
    except (FileNotFoundError, ValueError):
        return {}


def remember_ports(*, web: int, sandbox: int) -> None:
    """For commands beside a running site, which must reach the same sandbox."""
    _write_private(_ports_file(), json.dumps({"web": web, "sandbox": sandbox}))


def _kept() -> dict[str, str]:
    path = local_dir() / "secrets.json"
    try:
        return dict(json.loads(path.read_text()))
    except FileNotFoundError:
        _write_private(
            path,
            json.dumps(
                {
                    "SECRET_KEY": token_urlsafe(50),
                    "STRIPE_TEST_PUBLISHABLE_KEY": f"pk_test_sandbox{token_hex(12)}",
                    "STRIPE_TEST_SECRET_KEY": f"sk_test_sandbox{token_hex(12)}",
                    "STRIPE_WEBHOOK_SECRET": f"whsec_{token_hex(16)}",
                },
                indent=2,
            ),
            replace=False,
        )
        return dict(json.loads(path.read_text()))


def _ports_file() -> Path:
    return local_dir() / "ports.json"


def _write_private(path: Path, text: str, *, replace: bool = True) -> None:
    """Complete or not at all, for its owner's eyes; where several processes make it, the first one counts."""
    fresh = path.with_name(f".{path.name}.{token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text + "\n")
    try:
        if replace:
            fresh.replace(path)
        else:
            os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink(missing_ok=True)
