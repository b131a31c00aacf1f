"""How many other points lie within a radius of each point, in the maximum norm, exact to the last point."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from refvae.trees import Array

PAIRS = 2**22  # so many pairs of points are compared at once


def counts_within(x: Array, radius: Array, workers: int = 1, exclude: int = 0) -> Array:
    """Number of other rows at most `radius` away from every row.   x: (n, d), radius >= 0: (n,) -> ints (n,)   (6.45)

    exclude  rows up to so many places away do not count                                                 (6.64)
    What is compared is the rounded distance max |x_j - x_i|, the one that `neighbours` returns for norm inf.
    """
    counts = np.empty(len(x), np.intp)
    if x.shape[1] == 1:
        order, first, stop = _intervals(x[:, 0], radius)
        counts[order] = stop - first - 1                                                                # (6.45)
        return counts - counts_beside(x, radius, exclude)                                               # (6.64)
    tree = cKDTree(x, balanced_tree=False)
    order = tree.indices
    found = tree.query_ball_point(x[order], radius[order], p=np.inf, workers=workers, return_length=True)
    counts[order] = found - 1                                                                           # (6.45)
    return counts - counts_beside(x, radius, exclude)                                                   # (6.64)


def counts_beside(x: Array, radius: Array, exclude: int) -> Array:
    """How many of the rows up to `exclude` places before and after each lie within its radius.   -> (n,)   (6.64)"""
    counts = np.zeros(len(x), np.intp)
    for lag in range(1, exclude + 1):                                                                   # (6.64)
        gap = np.abs(x[lag:] - x[:-lag]).max(1)                                                         # (6.64)
        counts[lag:] += gap <= radius[lag:]                                                             # (6.64)
        counts[:-lag] += gap <= radius[:-lag]                                                           # (6.64)
    return counts


def weights_around(x: Array, radius: Array, w: Array, rows: Array) -> Array:
    """For some rows, the sum of the weights w (n,) of the other rows that count them.   x: (n, d) -> (rows,)   (6.54)

    On a line it takes n log n steps; in more dimensions n for each row.
    """
    if x.shape[1] == 1:
        order, first, stop = _intervals(x[:, 0], radius)
        steps = np.bincount(first, w[order], len(x) + 1) - np.bincount(stop, w[order], len(x) + 1)      # (6.54)
        sums = np.empty(len(x))
        sums[order] = np.cumsum(steps)[:-1]                                                             # (6.54)
        return sums[rows] - w[rows]                                                                     # (6.54)
    found = [_weights(x, radius, w, part) for part in np.array_split(rows, -(-len(rows) * len(x) // PAIRS))]
    return np.concatenate(found) - w[rows]                                                              # (6.54)


def _weights(x: Array, radius: Array, w: Array, rows: Array) -> Array:
    inside = np.ones((len(rows), len(x)), bool)
    for column in x.T:
        inside &= np.abs(column - column[rows, None]) <= radius                                         # (6.54)
    return np.asarray(inside @ w)                                                                       # (6.54)


def _intervals(x: Array, radius: Array) -> tuple[Array, Array, Array]:
    """Sorting order of x (n,), and where in it the points within `radius` of each begin and stop.        (6.45)

    Two binary searches a point, whose ends are moved to where the rounded distances want them, equal values at once.
    """
    order = np.argsort(x)                                                                               # (6.45)
    at, r = x[order], radius[order]
    starts = np.concatenate([[0], np.flatnonzero(at[1:] != at[:-1]) + 1, [len(x)]])                     # (6.45)
    values = at[starts[:-1]]
    low = _moved(np.searchsorted(values, at - r), -1, values, at, r)                                    # (6.45)
    high = _moved(np.searchsorted(values, at + r, "right") - 1, 1, values, at, r)                       # (6.45)
    return order, starts[low], starts[high + 1]                                                         # (6.45)


def _moved(end: Array, out: int, values: Array, at: Array, r: Array) -> Array:
    """The last place within r of `at` on the side out = -1 or 1, from a guess that rounding may have put beside it."""
    while (beyond := out * (values[end] - at) > r).any():                                               # (6.45)
        end = end - out * beyond                                                                        # (6.45)
    padded = np.concatenate([[-np.inf], values, [np.inf]])
    while (inside := out * (padded[end + 1 + out] - at) <= r).any():                                    # (6.45)
        end = end + out * inside                                                                        # (6.45)
    return end


def below(eps: Array) -> Array:
    """The largest floats below eps > 0: at most that far is the same as nearer than eps."""
    return np.nextafter(eps, 0)                                                                         # (6.41)
