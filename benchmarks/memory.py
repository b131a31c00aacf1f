"""Peak memory of a process of its own, and two workers of a search on two cores."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np

from benchmarks.timing import line
from refvae.entropy import knn_entropy

CHILD = """
import resource, numpy as np
from refvae.entropy import knn_entropy
knn_entropy(np.random.default_rng(0).standard_normal((1_000_000, 3)), 3)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
"""


def main():
    """GiB of n = 1e6, d = 3, and the wall time of one worker over that of two."""
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, check=True)
    spent = 1e3 * (time.perf_counter() - start)
    lines = [line("entropy n = 1e6, d = 3", "peak memory in GiB", spent, float(done.stdout), 1.0, at_most=True)]
    x, seconds = np.random.default_rng(0).standard_normal((100_000, 5)), {1: [], 2: []}
    for _ in range(5):
        for workers, each in seconds.items():
            start = time.perf_counter()
            knn_entropy(x, 3, workers=workers)
            each.append(time.perf_counter() - start)
    ratio = float(np.median(np.divide(seconds[1], seconds[2])))
    return [*lines, line("entropy n = 1e5, d = 5", "two workers", 1e3 * float(np.median(seconds[2])), ratio, 1.3)]
