"""Writing to a terminal: what its encoding lacks is spelt, and what is longer than the window goes through a pager."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from io import TextIOWrapper

import refvae.plain  # noqa: F401  (registers the error handler `spelt`)

WIDTH = 80


def spell() -> None:
    """Let standard output and standard error spell what they cannot encode, as in sigma for a Greek letter."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="spelt")


def shows_unicode() -> bool:
    """Whether standard output can encode mathematics."""
    try:
        "∑ⱼσⱼ² ≤ ‖x̂‖".encode(sys.stdout.encoding or "utf8")
    except (UnicodeError, LookupError):
        return False
    return True


def width() -> int:
    """Columns to fill: 80, or fewer where the terminal is narrower."""
    return min(WIDTH, shutil.get_terminal_size().columns) if sys.stdout.isatty() else WIDTH


def write(text: str) -> None:
    """Print, on a terminal that it overflows through $PAGER, or less, if there is one."""
    pager = shlex.split(os.environ.get("PAGER") or "less")
    height = shutil.get_terminal_size().lines
    if not sys.stdout.isatty() or text.count("\n") < height - 1 or not shutil.which(pager[0]):
        print(text)
        return
    encoding = sys.stdout.encoding or "utf8"
    settings = {**os.environ, "LESS": os.environ.get("LESS", "FRX")}
    subprocess.run(pager, input=(text + "\n").encode(encoding, "spelt"), env=settings, check=False)
