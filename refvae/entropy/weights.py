"""Weights over the orders of neighbours that cancel the leading terms of the bias [Berrett, Samworth and Yuan 2019]."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

from refvae.inputs import whole
from refvae.trees import Array

EXACT = 1e-6  # what rounding may leave of a condition


def bsy_weights(k: int, d: int) -> Array:
    """Weights (k,) of sum 1 on the orders k/d, 2k/d, ..., k (rounded down) with the least sum of squares.  (6.23)

    They satisfy sum_j w_j Gamma(j + 2l/d) / Gamma(j) = 0 for l = 1, ..., floor(d/4): nothing for d <= 3. Their
    absolute values sum to 4 in 5 dimensions, 43 in 10, 8000 in 16 (6.23a). Raises ValueError for k < d, where the
    orders would not be different, and where float64 misses a condition by more than 1e-6: from about d = 36 on.
    [Berrett, Samworth and Yuan 2019, (2)]
    """
    d = whole(d, "d")
    k = whole(k, "k", least=d)
    orders = np.arange(1, d + 1) * k // d                                                               # (6.23)
    powers = 2 * np.arange(d // 4 + 1)[:, None] / d                                                     # (6.23)
    rows = np.exp(gammaln(orders + powers) - gammaln(orders) - powers * np.log(k))                      # (6.23)
    right = np.eye(len(rows))[0]
    used = np.linalg.lstsq(rows, right, rcond=None)[0]                                                  # (6.23)
    missed = np.abs(rows @ used - right).max()
    if missed > EXACT:
        raise ValueError(f"d: got {d} with k = {k}, where float64 misses a condition on the weights by {missed:.1g}; "
                         f"wanted at most {EXACT}, as below d = 36")
    w = np.zeros(k)
    w[orders - 1] = used                                                                                # (6.23)
    return w


def amplification(w: Array) -> float:
    """How much larger the standard deviation of the weighted estimate can be than that of a plain one.  (6.23a)"""
    return float(np.abs(w).sum())                                                                       # (6.23a)


def moderate(w: Array, n: int) -> Array:
    """The weights themselves; ValueError if their absolute values sum to more than sqrt(n).             (6.23a)"""
    if not amplification(w) <= np.sqrt(n):
        raise ValueError(f"weights: got absolute values of sum {amplification(w):.3g} for n = {n} points, wanted at "
                         f"most sqrt(n) = {np.sqrt(n):.3g}, for the standard error may grow by this factor")
    return w
