"""Methods timed side by side: rounds in turns, medians, ratios to the first method, and the goal beside each."""

from __future__ import annotations

import csv
import os
import time
from importlib import metadata
from pathlib import Path

import numpy as np

THREADS = int(os.environ.get("OPENBLAS_NUM_THREADS", "1"))
FOLDER = Path(__file__).parent
HEADER = ("job", "method", "threads", "milliseconds", "ratio", "goal", "held")


def clock():
    """CPU time of the process on one thread, which other processes change least; wall time on more."""
    return time.process_time() if THREADS == 1 else time.perf_counter()


def rounds(methods, count, calls):
    """Seconds of one call of every method, (count,) each: in turns, after a rehearsal."""
    seconds = {name: [] for name in methods}
    for turn in range(count + 1):
        for name, method in methods.items():
            start = clock()
            for _ in range(calls):
                method()
            if turn:
                seconds[name].append((clock() - start) / calls)
    return {name: np.array(each) for name, each in seconds.items()}


def compare(job, methods, goals, count=15, calls=1):
    """Lines of the table: the first method is ours; a ratio is the median over rounds of its time over ours.

    goals  {name: least ratio}; for a name that begins with "bare" the largest value of ours over it
    """
    seconds = rounds(methods, count, calls)
    ours = next(iter(seconds.values()))
    lines = []
    for name, each in seconds.items():
        bare = name.startswith("bare")
        ratio = float(np.median(ours / each if bare else each / ours))
        lines.append(line(job, name, 1e3 * float(np.median(each)), ratio, goals.get(name), at_most=bare))
    return lines


def line(job, name, milliseconds, ratio, goal=None, at_most=False):
    """A row of the table, printed too."""
    held = "" if goal is None else "yes" if (ratio <= goal if at_most else ratio >= goal) else "NO"
    wanted = "" if goal is None else f"{'<=' if at_most else '>='} {goal:g}"
    shown = f"{ratio:.2f}" if ratio >= 0.01 else f"{ratio:.0e}"
    print(f"{job:<38}{name:<34}{milliseconds:>12.3f} {shown:>9}   {wanted:<9}{held}", flush=True)
    return job, name, THREADS, f"{milliseconds:.4g}", f"{ratio:.3g}", wanted, held


def version(package):
    """The installed version, or None."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def write(path, rows, header=HEADER):
    """A CSV file."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
