"""What happens by itself, once its time has come.

Nobody waits for a thread: `Api` carries out what is due before it answers anything, so an answer never shows
what should be over. The courier's thread looks as well, so that the site hears of it without asking.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .storage import Tables

if TYPE_CHECKING:
    from .api import Call


@dataclass(frozen=True)
class Sweep:
    #: SQL that finds a row where something is due; its one value is the moment. Asked at every request.
    due: str
    #: Does everything that is due by ``call.now``, within the transaction that is open.
    carry_out: Callable[[Call], object]


def anything_due(sweeps: Iterable[Sweep], tables: Tables, now: int) -> bool:
    return any(tables.connection.execute(sweep.due, (now,)).fetchone() for sweep in sweeps)
