"""Truncated SVD of matrices that are not held: of a file, of a sparse matrix, and with the mean taken off both.

The file is 1e5 x 784 float32, k = 20. Beside it: as many passes that only read it, into one buffer, and multiply once,
the first with its own transpose, the second with a thin matrix. Peak memory is that of a process of its own, above what
it had after its imports. The sparse matrix is 1e5 x 1e5 with 1e7 entries in columns of uneven frequency.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.svd import COLUMNS, ROWS, K, matrix
from benchmarks.timing import line, rounds
from refvae.linear_ae import truncated_svd

N, ENTRIES = 100_000, 10_000_000
SMALL, FEW = 20_000, 1000  # rows and columns of the sparse matrix whose principal components are found


def peak():
    """The most memory that this process has had, in MB."""
    return int(re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[1]) / 1e3


def bare(path, block, V):
    """Two passes over the file that read it into one buffer and multiply once."""
    for other in (block, V):
        with open(path, "rb", buffering=0) as file:
            while file.readinto(block):
                (block.T if other is block else block) @ other


def child(path):
    """The measured process: peak memory above its imports, then seconds in turns."""
    before = peak()
    X = np.memmap(path, np.float32, "r", shape=(ROWS, COLUMNS))
    found = truncated_svd(X, K)
    memory = peak() - before
    block, V = np.empty((2500, COLUMNS), np.float32), np.ones((COLUMNS, K), np.float32)
    spent = rounds({"refvae": lambda: truncated_svd(X, K), "bare": lambda: bare(path, block, V)}, 5, 1)
    print(json.dumps({"memory": memory, "passes": found.passes} | {name: [*each] for name, each in spent.items()}))


def from_a_file():
    """Time beside bare passes, and memory."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "matrix")
        matrix().tofile(path)
        call = [sys.executable, "-c", f"from benchmarks.stored import child; child({path!r})"]
        found = json.loads(subprocess.run(call, check=True, capture_output=True, text=True).stdout)
    ours, theirs = np.array(found["refvae"]), np.array(found["bare"])
    job = f"svd of a file, {found['passes']} passes"
    ratio = float(np.median(ours / theirs))
    return [line(job, "refvae", 1e3 * float(np.median(ours)), 1.0),
            line(job, "bare reading and a product", 1e3 * float(np.median(theirs)), ratio, 1.3, at_most=True),
            line(job, "MB above import", 0.0, found["memory"], 30.0, at_most=True)]


def scattered(m, n, entries):
    """Positive entries in uniform rows and in columns of which some are frequent."""
    from scipy import sparse

    rng = np.random.default_rng(0)
    places = (rng.integers(0, m, entries).astype(np.int32), (n * rng.random(entries) ** 2).astype(np.int32))
    return sparse.csr_array((rng.exponential(size=entries), places), shape=(m, n))


def beside_svds():
    """Three calls each in turns, at the same residual relative to the singular value."""
    from scipy.sparse.linalg import svds

    X, job, kept = scattered(N, N, ENTRIES), "svd of 1e5 x 1e5, 1e7 entries", {}
    spent = rounds({"ours": lambda: kept.update(ours=truncated_svd(X, K)),
                    "svds": lambda: kept.update(svds=np.sort(svds(X, K, tol=1e-10)[1])[::-1])}, 3, 1)
    ours, theirs, found = spent["ours"], spent["svds"], kept["ours"]
    return [line(job, f"refvae, {found.passes} passes", 1e3 * float(np.median(ours)), 1.0),
            line(job, "SciPy svds, tol = 1e-10", 1e3 * float(np.median(theirs)), float(np.median(theirs / ours)), 1.0),
            line(job, "difference", 0.0, float(np.abs(found.s / kept["svds"] - 1).max()), 1e-8, at_most=True)]


def components():
    """Principal components of a sparse matrix, beside those of the same matrix made dense."""
    X, job = scattered(SMALL, FEW, ENTRIES // 50), "components of 2e4 x 1e3, 1 % entries"
    spent = rounds({"sparse": lambda: truncated_svd(X, K, centre=True),
                    "dense": lambda: truncated_svd(X.toarray(), K, centre=True)}, 3, 1)
    s, t = (truncated_svd(A, K, centre=True).s for A in (X, X.toarray()))
    ours, theirs = spent["sparse"], spent["dense"]
    return [line(job, "refvae, sparse", 1e3 * float(np.median(ours)), 1.0),
            line(job, "made dense", 1e3 * float(np.median(theirs)), float(np.median(theirs / ours))),
            line(job, "difference", 0.0, float(np.abs(s / t - 1).max()), 1e-8, at_most=True)]


def main():
    """All rows."""
    return [*from_a_file(), *components(), *beside_svds()]
