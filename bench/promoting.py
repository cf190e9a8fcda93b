"""One promotion in a process of its own: `python -m bench.promoting DATABASE DAY`. Prints what it took, as JSON.

A fresh process, because memory that was used once stays the process's. Measured is all that the beat's task makes the
worker do: the queue, the writes, and the messages to the broker that let the customers know.
"""

import json
import resource
import sys
import time
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

from bench.database import use_bench_database


def main(name: str, day: str) -> None:
    use_bench_database(name)
    from django.db import connection

    from orders.promotion import promote_pending
    from orders.tasks import worker_heartbeat

    connection.ensure_connection()
    worker_heartbeat.delay()  # connects to the broker
    before = peak_megabytes()
    statements = 0

    def count(execute: Any, *args: Any) -> Any:
        nonlocal statements
        statements += 1
        return execute(*args)

    with connection.execute_wrapper(count):
        begun, busy = time.perf_counter(), time.process_time()
        result = promote_pending(date.fromisoformat(day))
        seconds, cpu_seconds = time.perf_counter() - begun, time.process_time() - busy
    print(
        json.dumps(
            {
                "opened": result.opened,
                "waiting": result.waiting,
                "seconds": seconds,
                "cpu_seconds": cpu_seconds,
                "statements": statements,
                "megabytes_before": before,
                "megabytes": peak_megabytes(),
            }
        )
    )


def peak_megabytes() -> float:
    """The most memory that this process has held so far.

    From /proc where there is one: there `ru_maxrss` begins with what the parent held when it made this process.
    """
    with suppress(FileNotFoundError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


if __name__ == "__main__":
    main(*sys.argv[1:])
