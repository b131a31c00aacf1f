"""Gradient descent on the centred digits, the table under (2.14): python -m refvae.derivations.linear_ae.experiments"""

from __future__ import annotations

import numpy as np
from scipy import linalg

from refvae.data import digits
from refvae.derivations.linear_ae.common import RANKS, tail
from refvae.linear_ae import alternating_step, linear_ae


def centred_rows():
    """The triangular factor of the centred digits (64 rows, the same losses)."""
    X, _ = digits()
    return linalg.qr(X - X.mean(0), mode="r")[0][:64]


def descend(k, steps=(1000, 6000), seed=0):
    """The excess of the loss over the tail after so many steps of size 0.4 / s_1^2 from Gaussian factors."""
    X, rng, found = centred_rows(), np.random.default_rng(seed), []
    C, D = rng.standard_normal((64, k)) / 8, rng.standard_normal((k, 64)) / 8
    step = 0.4 / linalg.norm(X, 2) ** 2
    for i in range(max(steps)):
        dC, dD, _ = linear_ae(C, D, X)[1](1.0)
        C, D = C - step * dC, D - step * dD
        if i + 1 in steps:
            found.append(linear_ae(C, D, X)[0] / tail(X, k) - 1)
    return found


def alternations(k, seed=0, excess=1e-12):
    """How many alternating steps bring the excess below 1e-12."""
    X, steps = centred_rows(), 0
    D = np.random.default_rng(seed).standard_normal((k, 64))
    while linear_ae(linalg.pinv(D), D, X)[0] / tail(X, k) - 1 > excess:
        D, steps = alternating_step(D, X)[1], steps + 1
    return steps


if __name__ == "__main__":
    for k in RANKS:
        first, last = descend(k)
        print(f"k = {k}: excess {first:.1e} after 1000 steps, {last:.1e} after 6000; alternations: {alternations(k)}")
