"""Several programs run as one: their output in one stream, and none of them left behind.

docs/adr/0005 says why this is not honcho.
"""

import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType

from deckrental.local.places import PROJECT

STOP_PATIENCE = 8.0  # seconds between the request to end and the end
NAME_WIDTH = 8
COLOURS = (36, 33, 32, 35, 34)  # ANSI: cyan, yellow, green, magenta, blue
PR_SET_PDEATHSIG = 1


@dataclass
class Program:
    name: str
    process: subprocess.Popen[bytes]
    prefix: str
    errand: bool = False
    unfinished: bytes = b""  # a line whose end has not come yet


class Programs:
    """Use it as a context: on leaving, whatever still runs is stopped.

    Somebody must call `watch` for output to be passed on. No threads: `start` runs code between fork and exec.
    """

    def __init__(self) -> None:
        self._programs: list[Program] = []
        self._selector = selectors.DefaultSelector()
        self._signals = 0
        self._reader_gone = False

    def __enter__(self) -> "Programs":
        # A signal writes to this pipe, so that `watch` wakes up.
        self._wake_up, write_end = os.pipe()
        for end in (self._wake_up, write_end):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
        self._selector.register(self._wake_up, selectors.EVENT_READ, None)
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, self._count)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _count(self, _signum: int, _frame: FrameType | None) -> None:
        self._signals += 1

    @property
    def stop_requested(self) -> bool:
        """By a signal, or because nobody reads the output any more."""
        return self._signals > 0 or self._reader_gone

    def start(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], *, errand: bool = False
    ) -> None:
        """`errand`: it has something to do beside the others, and its end, however it ends, is not theirs."""
        process = subprocess.Popen(  # noqa: S603
            command,
            cwd=PROJECT,
            env={**environment, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a Ctrl-C in the terminal is for us; we then tell them
            preexec_fn=_end_with(os.getpid()),
        )
        program = Program(name, process, self._prefix(name), errand)
        self._programs.append(program)
        if process.stdout is not None:
            os.set_blocking(process.stdout.fileno(), False)
            self._selector.register(process.stdout, selectors.EVENT_READ, program)

    def _prefix(self, name: str) -> str:
        prefix = f"{name:<{NAME_WIDTH}}| "
        if not sys.stdout.isatty():
            return prefix
        return f"\033[{COLOURS[len(self._programs) % len(COLOURS)]}m{prefix}\033[0m"

    def watch(self, seconds: float) -> None:
        """Passes output on, for that long or until something happens."""
        for key, _events in self._selector.select(seconds):
            if key.data is None:
                with suppress(BlockingIOError):
                    os.read(self._wake_up, 64)
            else:
                self._pass_on(key.data)

    def ended(self) -> tuple[str, int] | None:
        """The name and exit code of a program that is over; None as long as all run. Errands count no longer."""
        for program in list(self._programs):
            code = program.process.poll()
            if code is not None:
                self._drain(program)
                if not program.errand:
                    return program.name, code
                self._programs.remove(program)
        return None

    def finished(self, name: str) -> bool:
        """Whether a program that was meant to end has done so, with success; it then counts no longer."""
        program = next(program for program in self._programs if program.name == name)
        if program.process.poll() != 0:
            return False
        self._drain(program)
        self._programs.remove(program)
        return True

    def _pass_on(self, program: Program) -> bool:
        """Prints what the program has said since, line by line; whether there may be more."""
        stream = program.process.stdout
        if stream is None or stream.closed:
            return False
        try:
            said = os.read(stream.fileno(), 65536)
        except BlockingIOError:
            return False
        lines = (program.unfinished + said).split(b"\n")
        program.unfinished = lines.pop()
        if not said:
            lines += [program.unfinished] if program.unfinished else []
            self._selector.unregister(stream)
            stream.close()
        for line in lines:
            self.say(program.prefix + line.decode(errors="replace").rstrip("\r"))
        return bool(said)

    def _drain(self, program: Program) -> None:
        while self._pass_on(program):
            pass

    def say(self, line: str) -> None:
        """Prints a line of our own."""
        if self._reader_gone:
            return
        try:
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
        except BrokenPipeError:
            self._reader_gone = True
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def stop(self) -> None:
        """Asks all to end, waits, and insists; returns when none of them or of their children is left."""
        for program in self._programs:
            if program.process.poll() is None:
                with suppress(ProcessLookupError):
                    program.process.send_signal(signal.SIGTERM)
        signals_before = self._signals
        deadline = time.monotonic() + STOP_PATIENCE
        while (
            time.monotonic() < deadline
            and self._signals <= max(signals_before, 1)  # a second Ctrl-C: no more patience
            and any(program.process.poll() is None for program in self._programs)
        ):
            self.watch(0.05)
        for program in self._programs:
            with suppress(ProcessLookupError, PermissionError):  # macOS says the latter of a group of zombies
                os.killpg(program.process.pid, signal.SIGKILL)
            program.process.wait()
            self._drain(program)
        self._programs.clear()


def _end_with(parent: int) -> Callable[[], None] | None:
    """What a new child does first, on Linux: ask for SIGTERM should its parent be killed."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)

    def ask() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return ask
