"""Sees to it that there is a Chromium for the tests in the browser: `python -m tests.browser_setup`

It uses the one that the machine has. Where there is none it gets one, and where it cannot, it says so in a
way that nobody overlooks: without it the suite is not complete.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

# The shell without windows first: a page in it takes a quarter of the time.
SHELLS = ("chromium-headless-shell", "chrome-headless-shell")
NAMES = (*SHELLS, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ON_MACOS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
# Where Playwright puts what it downloads, and what lies there on Linux and on macOS.
DOWNLOADS = ("~/.cache/ms-playwright", "~/Library/Caches/ms-playwright")
DOWNLOADED = (
    "chromium_headless_shell-*/*/*headless?shell",
    "chromium-*/chrome-linux*/chrome",
    "chromium-*/chrome-mac*/*.app/Contents/MacOS/*",
)

DOWNLOAD_PATIENCE = 300  # seconds
PACKAGES = ("chromium-headless-shell", "chromium")  # whichever there is
FONTS = "fonts-dejavu-core"


@cache
def find_chromium() -> str | None:
    """The path of a Chromium or Chrome that runs here; CHROMIUM in the environment goes first."""
    return next((path for path in _candidates() if _runs(path)), None)


def _candidates() -> Iterator[str]:
    if named := os.environ.get("CHROMIUM"):
        yield shutil.which(named) or named
    for folder in (os.environ.get("PLAYWRIGHT_BROWSERS_PATH"), *DOWNLOADS):
        for pattern in DOWNLOADED if folder else ():
            yield from sorted(map(str, Path(folder or "").expanduser().glob(pattern)), reverse=True)
    for name in NAMES:
        if path := shutil.which(name):
            yield path
    yield from ON_MACOS


def _runs(path: str) -> bool:
    """Ubuntu's `chromium-browser` may be a note that says what to install; a download may lack a library."""
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return False
    return "Chrom" in said.stdout


def get_chromium() -> str | None:
    """Gets one, by one way after the other, until one runs."""
    playwright = [sys.executable, "-m", "playwright"]
    downloaded = _succeeds([*playwright, "install", "chromium"])
    if found := _look_again():
        return found
    if not shutil.which("apt-get") or os.geteuid() != 0:
        return None
    if downloaded and _succeeds([*playwright, "install-deps", "chromium"]) and (found := _look_again()):
        return found
    _succeeds(["apt-get", "update"])
    for package in PACKAGES:
        if _succeeds(["apt-get", "install", "-y", "--no-install-recommends", package, FONTS]):
            break
    return _look_again()


def _look_again() -> str | None:
    find_chromium.cache_clear()
    return find_chromium()


def _succeeds(command: Sequence[str]) -> bool:
    _say(f"trying: {' '.join(command)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    environment.setdefault("PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT", "15000")  # milliseconds
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=DOWNLOAD_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        _say(f"  {error}")
        return False
    if done.returncode:
        complaints = [line for line in done.stdout.splitlines() if line.startswith(("E:", "Error"))]
        _say(f"  failed: {complaints[-1] if complaints else f'exit code {done.returncode}'}")
    return done.returncode == 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


WITHOUT = """\
##########################################################################################
#  THE TESTS IN THE BROWSER WILL NOT RUN, AND THE SUITE IS INCOMPLETE WITHOUT THEM.      #
#  There is no Chromium or Chrome on this machine, and none could be downloaded.         #
#  Install one, or set CHROMIUM to the path of one, and run the tests again.             #
##########################################################################################"""


def main() -> None:
    found = find_chromium()
    if not found:
        _say("There is no Chromium on this machine. Getting one for the tests in the browser.")
        found = get_chromium()
    _say(f"browser: {found}" if found else WITHOUT)


if __name__ == "__main__":
    main()
