"""Standard errors by leaving out one point at a time, all n values from one search for neighbours."""

from __future__ import annotations

import numpy as np

from refvae.trees import Array


def one_more(k: int, most: int) -> int:
    """k + 1, the order that all values need; ValueError unless every point has so many neighbours."""
    if k >= most:
        raise ValueError(f"k: got {k} of {most} neighbours, wanted k < {most} for a standard error: without a point "
                         "none of that order is left")
    return k + 1


def changes(logs: Array, idx: Array, w: Array, m: int) -> Array:
    """What all rows together gain in sum_q w_q L_q when one of m points is taken away.   -> (m,)        (6.20)

    logs  (n, q + 1)  log volumes L of the orders k - q + 1, ..., k + 1, ascending
    idx   (n, k + 1)  the points at these and all lower orders
    w     (q,)        weights of the orders k - q + 1, ..., k; those below weigh nothing
    """
    steps = w * np.diff(logs)
    gain = np.cumsum(steps[:, ::-1], axis=1)[:, ::-1]                                                   # (6.20)
    k = idx.shape[1] - 1
    position = np.maximum(np.arange(k) - (k - len(w)), 0)
    return np.bincount(idx[:, :k].ravel(), gain[:, position].ravel(), m)                                # (6.20)


def efron_stein(*values: Array) -> float:
    """Standard error from the values of an estimate without each point, one array for each sample.       (6.21)"""
    return float(np.sqrt(sum(np.sum((each - each.mean()) ** 2) for each in values)))                    # (6.21)
