"""``python -m stripe_sandbox``"""

from __future__ import annotations

import logging
import signal
import sys
import threading
from types import FrameType

from .config import ConfigError, parse_config


def main(arguments: list[str]) -> int:
    try:
        config = parse_config(arguments)
    except ConfigError as error:
        sys.stderr.write(f"stripe_sandbox: {error}\n")
        return 2
    logging.basicConfig(
        level=logging.INFO, format="stripe_sandbox %(levelname)s %(message)s", stream=sys.stderr
    )

    from .server import start

    try:
        running = start(config)
    except OSError as error:
        sys.stderr.write(f"stripe_sandbox: cannot listen on {config.host}:{config.port}: {error}\n")
        return 1

    def end(_signal: int, _frame: FrameType | None) -> None:
        threading.Thread(target=running.stop, daemon=True).start()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    sys.stdout.write(f"listening on {running.url}\n")
    sys.stdout.flush()
    running.serve()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
