"""What a sandbox is told at start: by argument, else by environment, else a default for a local machine."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ENVIRONMENT_PREFIX = "STRIPE_SANDBOX_"


@dataclass(frozen=True)
class Config:
    host: str = "127.0.0.1"
    port: int = 8001
    database: Path = Path("stripe-sandbox.sqlite3")
    publishable_key: str = "pk_test_sandbox"
    secret_key: str = "sk_test_sandbox"  # noqa: S105
    webhook_url: str | None = None
    #: How browsers reach the sandbox, where that differs from how the site's server does.
    public_url: str | None = None
    #: More than one while a secret is being rotated: each signs, as at Stripe.
    webhook_secrets: tuple[str, ...] = ("whsec_sandbox",)
    #: The real time, in seconds since the epoch; see `clock.SandboxClock`.
    clock: Callable[[], float] = time.time


class ConfigError(ValueError):
    """The arguments or the environment do not describe a sandbox."""


def parse_config(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Config:
    """Read the command line; what it leaves out comes from ``STRIPE_SANDBOX_*``.

    Raises `ConfigError` on live keys: nothing that looks like real money belongs here.
    """

    def default(name: str, fallback: str | None) -> str | None:
        return environment.get(ENVIRONMENT_PREFIX + name) or fallback

    parser = argparse.ArgumentParser(
        prog="python -m stripe_sandbox",
        description="A stand-in for Stripe's API and Stripe.js. No money moves.",
        epilog="Every option can be given as STRIPE_SANDBOX_HOST, STRIPE_SANDBOX_PORT, and so on.",
    )
    add = parser.add_argument
    add("--host", default=default("HOST", Config.host))
    add("--port", default=default("PORT", str(Config.port)), help="0 takes any free port")
    add("--database", default=default("DATABASE", str(Config.database)), metavar="FILE")
    add("--publishable-key", default=default("PUBLISHABLE_KEY", Config.publishable_key), metavar="pk_test_…")
    add("--secret-key", default=default("SECRET_KEY", Config.secret_key), metavar="sk_test_…")
    add(
        "--public-url",
        default=default("PUBLIC_URL", None),
        help="the sandbox as browsers see it, if that differs",
    )
    add(
        "--webhook-url", default=default("WEBHOOK_URL", None), help="where events are posted; none: kept only"
    )
    add(
        "--webhook-secret",
        default=default("WEBHOOK_SECRET", ",".join(Config.webhook_secrets)),
        metavar="whsec_…",
        help="two, with a comma between them, sign like a secret being rotated",
    )
    options = parser.parse_args(arguments)

    if not options.port.isdecimal() or int(options.port) > 65535:
        raise ConfigError(f"--port must be a number from 0 to 65535, not {options.port!r}")
    for name, prefix in (("publishable_key", "pk_test_"), ("secret_key", "sk_test_")):
        if not getattr(options, name).startswith(prefix):
            raise ConfigError(f"--{name.replace('_', '-')} must start with {prefix}")
    for name in ("webhook_url", "public_url"):
        address = getattr(options, name)
        if address and not address.startswith(("http://", "https://")):
            raise ConfigError(f"--{name.replace('_', '-')} must start with http:// or https://")
    return Config(
        host=options.host,
        port=int(options.port),
        database=Path(options.database),
        publishable_key=options.publishable_key,
        secret_key=options.secret_key,
        webhook_url=options.webhook_url or None,
        public_url=options.public_url.rstrip("/") if options.public_url else None,
        webhook_secrets=tuple(
            secret.strip() for secret in options.webhook_secret.split(",") if secret.strip()
        ),
    )
