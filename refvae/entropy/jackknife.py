"""Standard errors by leaving out one point at a time, all n values from one search for neighbours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from refvae.trees import Array

PART = 200  # points that are left out in turn where each costs a search or a pass over all others


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
    steps = w * np.diff(logs)                                                                           # (6.20)
    gain = np.cumsum(steps[:, ::-1], axis=1)[:, ::-1]                                                   # (6.20)
    k = idx.shape[1] - 1                                                                                # (6.20)
    position = np.maximum(np.arange(k) - (k - len(w)), 0)                                               # (6.20)
    return np.bincount(idx[:, :k].ravel(), gain[:, position].ravel(), m)                                # (6.20)


def left_out(n: int) -> Array:
    """The rows of n that are left out in turn where each costs much: all, or PART of them, evenly spaced. (6.21a)"""
    return np.arange(n) if n <= PART else np.linspace(0, n - 1, PART).astype(np.intp)                   # (6.21a)


def efron_stein(*values: Array, sizes: Sequence[int] | None = None) -> float:
    """Standard error from values of an estimate without points in turn, one array for each sample.       (6.21)

    sizes  of the samples, where not every point was left out                                            (6.21a)
    """
    parts = zip(values, sizes or [len(each) for each in values], strict=True)
    return float(np.sqrt(sum((n - 1) * each.var(ddof=1) for each, n in parts)))                 # (6.21), (6.21a)
