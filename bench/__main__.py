"""How fast Deckrental is on a million live reservations: builds them, asks, and prints a table.

Each question is put to the project's own functions and compared with a baseline of the same run, and the table says
whether what it must reach is reached: docs/benchmarks.md. Exits with 1 where a limit is missed at full scale. Below
that the limits only inform: the costs that do not depend on the data weigh more, the less data there are.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.database import drop_all, use_bench_database
from bench.table import Line, print_table

RESULTS = Path(__file__).with_name("results.json")
FULL_SCALE = 1.0
# Modules with a function `measure`, in order.
PARTS = (
    "reads",
    "pages",
    "search",
    "autocomplete",
    "decklists",
    "history",
    "promotion",
    "checkout",
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--scale", type=float, default=FULL_SCALE, help="of 30,000 cards and 1,000,000 reservations"
    )
    parser.add_argument("--rebuild", action="store_true", help="build the data anew, whatever is there")
    parser.add_argument("--drop", action="store_true", help="drop the bench's databases and do nothing else")
    parser.add_argument(
        "--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help=", ".join(PARTS)
    )
    parser.add_argument(
        "--read-paths", action="store_true", help="compare designs of the engine's query, nothing else"
    )
    parser.add_argument("--rounds", type=int, default=30, help="of each comparison, at most (default: 30)")
    options = parser.parse_args()

    use_bench_database()
    if options.drop:
        drop_all()
        return

    from bench.data import describe, open_shop

    shop = open_shop(scale=options.scale, rebuild=options.rebuild)
    results: dict[str, Any] = {"scale": options.scale, "shop": describe(shop), "machine": machine()}
    print(json.dumps(results, indent=2))
    lines: list[Line] = []
    if options.read_paths:
        from bench.read_paths import compare

        results["read_paths"] = compare(shop, rounds=options.rounds)
    else:
        for name in options.only:
            begun = time.perf_counter()
            # Models, so only now that Django is set up.
            lines += import_module(f"bench.{name}").measure(shop, rounds=options.rounds)
            print(f"{name}: {time.perf_counter() - begun:.0f} s")
        results["lines"] = [line.as_json() for line in lines]
        results["load_at_the_end"] = os.getloadavg()
        print()
        print_table(lines)
    RESULTS.write_text(json.dumps(results, indent=2, default=str) + "\n")
    print(f"\nwritten to {RESULTS}")
    sys.exit(_verdict(lines, scale=options.scale))


def _verdict(lines: list[Line], *, scale: float) -> int:
    """The exit status, with a sentence for whoever reads the end of the output."""
    limited = [line for line in lines if line.reached is not None]
    missed = [line for line in limited if not line.reached]
    if scale < FULL_SCALE:
        print(
            f"{len(limited) - len(missed)} of {len(limited)} limits are reached. At {scale:g} of full scale they only"
            " inform: what does not depend on the data weighs more here."
        )
        return 0
    for line in missed:
        print(f"NOT REACHED: {line.question}: {line.limit}")
    if not missed:
        print("Every limit is reached.")
    return 1 if missed else 0


def machine() -> dict[str, Any]:
    """Where it ran, so that figures of two runs can be compared or not."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version'), current_setting('shared_buffers')")
        version, buffers = cursor.fetchone()
    return {
        "cores": os.cpu_count(),
        "load_at_the_start": os.getloadavg(),
        "python": platform.python_version(),
        "postgresql": version,
        "shared_buffers": buffers,
        "commit": _commit(),
    }


def _commit() -> str | None:
    """What was measured; None outside a clone."""
    asked = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"],  # noqa: S607
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout.strip() or None


if __name__ == "__main__":
    main()
