"""CPU time of commands and imports that should not keep anybody waiting, and of all evidence on two cores."""

from __future__ import annotations

import resource
import subprocess
import sys
import time

import numpy as np

from benchmarks.timing import line

COMMANDS = {  # most CPU seconds
    "refvae --version": (0.15, "--version"),
    "refvae --help": (0.15, "--help"),
    "refvae show 3.5": (0.5, "show", "3.5")}
IMPORTS = ("import refvae.entropy", "import numpy, scipy.spatial")
WALL = 30.0  # seconds of all evidence on two cores with nothing else to do
COUNT = 15


def spent(*words):
    """CPU and wall seconds of a Python process of its own and of those that it starts."""
    before, start = used(), time.perf_counter()
    subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
    return used() - before, time.perf_counter() - start


def used():
    """CPU seconds of the processes that have ended."""
    found = resource.getrusage(resource.RUSAGE_CHILDREN)
    return found.ru_utime + found.ru_stime


def main():
    """CPU seconds of commands, of an import over that of what it needs, and wall seconds of all evidence."""
    methods = {name: ("-m", "refvae", *words) for name, (_, *words) in COMMANDS.items()}
    methods |= {code: ("-c", code) for code in IMPORTS}
    seconds = {name: [] for name in methods}
    for turn in range(COUNT + 1):
        for name, words in methods.items():
            cpu, _ = spent(*words)
            if turn:
                seconds[name].append(cpu)
    middle = {name: float(np.median(each)) for name, each in seconds.items()}
    lines = [line(name, "CPU seconds", 1e3 * middle[name], middle[name], goal, at_most=True)
             for name, (goal, *_) in COMMANDS.items()]
    ours, needed = IMPORTS
    ratio = float(np.median(np.divide(seconds[ours], seconds[needed])))
    lines.append(line(ours, f"CPU over {needed}", 1e3 * middle[ours], ratio, 1.3, at_most=True))
    cpu, wall = spent("-m", "refvae", "verify", "-j", "2")
    return [*lines, line("refvae verify -j 2", "CPU seconds", 1e3 * cpu, cpu),
            line("refvae verify -j 2", "wall seconds", 1e3 * wall, wall, WALL, at_most=True)]
