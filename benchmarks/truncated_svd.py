"""Truncated SVD of a matrix that is not held in memory, and beside named peers on one that is.

    python benchmarks/truncated_svd.py --threads 2                   # 1e6 x 784 float32 from a file, k = 20
    python benchmarks/truncated_svd.py --threads 2 --peers           # 1e5 x 784 float32 in memory, beside peers

The first writes 3.1 GB into a temporary folder (--folder DIR for another), prints passes, seconds, peak memory of the
process and, as the unit of time, the seconds of one pass: the file read block by block and multiplied by a thin matrix
(784, 30). The second prints every method's seconds (median of paired rounds), the ratio to ours, and the error of its
singular values against the eigenvalues of X'X in float64 (which is the route that ours takes here).
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROWS, COLUMNS, K = 1_000_000, 784, 20


def arguments():
    """The command line."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--threads", type=int, default=1, help="BLAS threads (default 1)")
    p.add_argument("--rows", type=int, default=ROWS, help=f"rows of the file (default {ROWS})")
    p.add_argument("--folder", default=None, help="where the file is written (default: a temporary folder)")
    p.add_argument("--peers", action="store_true", help="1e5 rows in memory, beside SciPy and scikit-learn")
    p.add_argument("--child", default=None, help=argparse.SUPPRESS)
    return p.parse_args()


def write(path, rows):
    """A matrix with decaying singular values and a mean, block by block."""
    import numpy as np

    rng = np.random.default_rng(0)
    mix = rng.standard_normal((COLUMNS, COLUMNS)).astype(np.float32) * (0.98 ** np.arange(COLUMNS, dtype=np.float32))
    with open(path, "wb") as file:
        for start in range(0, rows, 10_000):
            block = rng.standard_normal((min(10_000, rows - start), COLUMNS), dtype=np.float32) @ mix.T + np.float32(1)
            block.tofile(file)


def child(path, rows):
    """The measured process: it maps the file and factorises it."""
    import numpy as np

    from refvae.linear_ae import truncated_svd
    from refvae.linear_ae.blocks import load, row_blocks

    X, V = np.memmap(path, np.float32, "r", shape=(rows, COLUMNS)), np.ones((COLUMNS, K + 10))
    start = time.perf_counter()
    for loader in row_blocks(X).loaders:
        load(loader) @ V
    one_pass = time.perf_counter() - start
    start = time.perf_counter()
    found = truncated_svd(X, K)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{rows} x {COLUMNS} float32, k = {K}, route {found.route}: {found.passes} passes in {seconds:.1f} s, "
          f"the time of {seconds / one_pass:.1f} passes ({one_pass:.1f} s each); peak memory {peak:.2f} GiB; "
          f"largest residual {found.residual.max() / found.s[0]:.1g} of s_1")


def peers(rounds=3):
    """Seconds and errors of several methods on 1e5 x 784 float32, in turns."""
    import numpy as np
    from scipy.sparse.linalg import svds

    from refvae.linear_ae import truncated_svd

    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / "x", 100_000)
        X = np.fromfile(Path(folder) / "x", np.float32).reshape(-1, COLUMNS)
    methods = {"refvae truncated_svd": lambda: truncated_svd(X, K).s,
               "scipy svds (arpack)": lambda: np.sort(svds(X, K, return_singular_vectors=True)[1])[::-1],
               "numpy svd (full)": lambda: np.linalg.svd(X, full_matrices=False)[1][:K]}
    try:
        from sklearn.decomposition import TruncatedSVD
        from sklearn.utils.extmath import randomized_svd
        methods["scikit-learn TruncatedSVD"] = lambda: TruncatedSVD(K, random_state=0).fit(X).singular_values_
        methods["scikit-learn randomized_svd"] = lambda: randomized_svd(X, K, random_state=0)[1]
    except ImportError:
        print("scikit-learn is not installed: left out")
    truth = np.sqrt(np.linalg.eigvalsh(X.astype(np.float64).T @ X.astype(np.float64))[::-1][:K])
    seconds = {name: [] for name in methods}
    for _ in range(rounds):
        for name, method in methods.items():
            start = time.perf_counter()
            s = method()
            seconds[name].append((time.perf_counter() - start, float(np.abs(s / truth - 1).max())))
    ours = np.median([t for t, _ in seconds["refvae truncated_svd"]])
    for name, found in seconds.items():
        median = np.median([t for t, _ in found])
        print(f"{name:<30}{median:8.2f} s   {median / ours:6.2f} of ours   relative error {found[-1][1]:.1e}")


def main():
    """Set the threads, then measure in a process of its own."""
    a = arguments()
    if a.child:
        return child(a.child, a.rows)
    environment = dict(os.environ, OPENBLAS_NUM_THREADS=str(a.threads), OMP_NUM_THREADS=str(a.threads))
    if os.environ.get("OPENBLAS_NUM_THREADS") != str(a.threads):
        return subprocess.run([sys.executable, *sys.argv], env=environment, check=True)
    print(f"BLAS threads: {a.threads}")
    if a.peers:
        return peers()
    with tempfile.TemporaryDirectory(dir=a.folder) as folder:
        path = Path(folder) / "matrix"
        write(path, a.rows)
        call = [sys.executable, __file__, "--child", str(path), "--rows", str(a.rows)]
        subprocess.run(call, env=environment, check=True)


if __name__ == "__main__":
    main()
