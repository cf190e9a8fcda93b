"""The sandbox's time: the real one, moved ahead at will, so that a test need not wait a week.

Everything that the API shows or decides by time goes by this clock. Signatures and the pauses between
deliveries stay on the real one: the site that takes them has no other, and allows 300 seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from .storage import Storage

SETTING = "clock_ahead"
#: Ten years.
FURTHEST = 10 * 365 * 24 * 60 * 60


@dataclass
class SandboxClock:
    real: Callable[[], float]
    storage: Storage
    #: Seconds ahead of the real time. Survives a restart.
    ahead: int = field(init=False)

    def __post_init__(self) -> None:
        with self.storage.read() as tables:
            self.ahead = int(tables.setting(SETTING, "0"))

    def now(self) -> float:
        return self.real() + self.ahead

    def move(self, ahead: int) -> None:
        if not 0 <= ahead <= FURTHEST:
            raise ValueError(f"The clock can be ahead by 0 to {FURTHEST} seconds, not {ahead}.")
        with self.storage.write() as tables:
            tables.change_setting(SETTING, str(ahead))
            self.ahead = ahead
