"""How cost grows with size: the main jobs over three decades, into growth.csv, from which a figure can be drawn."""

from __future__ import annotations

import numpy as np

from benchmarks.timing import FOLDER, line, rounds, write
from refvae.entropy import knn_entropy, mutual_information
from refvae.layers import mlp, mlp_init
from refvae.linear_ae import truncated_svd


def step(n):
    """Value and gradient of a perceptron 64-128-64 on n rows."""
    rng = np.random.default_rng(0)
    x, p = rng.standard_normal((n, 64)), mlp_init((64, 128, 64), rng)
    return lambda: (lambda y, pull: pull(y))(*mlp(p, x))


JOBS = {"perceptron, rows": (step, (100, 1000, 10_000, 100_000), 1.0),
        "truncated SVD, rows": (lambda n: (lambda X: lambda: truncated_svd(X, 10))(
            np.random.default_rng(0).standard_normal((n, 200)) * 0.95 ** np.arange(200)),
            (1000, 10_000, 100_000, 316_000), 1.0),
        "entropy, d = 3, points": (lambda n: (lambda x: lambda: knn_entropy(x, 3))(
            np.random.default_rng(0).standard_normal((n, 3))), (1000, 10_000, 100_000, 316_000), 1.0),
        "information, 1 x 1, points": (lambda n: (lambda x: lambda: mutual_information(x[:, :1], x[:, 1:], 3))(
            np.random.default_rng(0).standard_normal((n, 2))), (300, 3000, 30_000, 100_000), 1.0)}


def main():
    """Milliseconds at every size, and the exponent between sizes by least squares beside the theory."""
    rows, lines = [], []
    for job, (make, sizes, theory) in JOBS.items():
        seconds = [float(np.median(rounds({"": make(n)}, 3, 1)[""])) for n in sizes]
        rows += [(job, n, f"{1e3 * each:.4g}", theory) for n, each in zip(sizes, seconds, strict=True)]
        exponent = float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])
        lines.append(line(f"growth: {job}", f"exponent, theory {theory:g}", 1e3 * seconds[-1], exponent))
    write(FOLDER / "growth.csv", rows, ("job", "size", "milliseconds", "theory"))
    return lines
