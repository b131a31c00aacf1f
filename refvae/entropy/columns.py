"""Columns brought to one scale before a search: whitened, standardised, or replaced by the scores of their ranks."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from refvae.entropy.scale import unit_columns
from refvae.trees import Array

GOLDEN = (np.sqrt(5) - 1) / 2  # spreads the offsets of columns


def as_it_is(x: Array) -> tuple[Array, float]:
    """The points themselves, and the logarithm of 1."""
    return x, 0.0


def whitened(x: Array) -> tuple[Array, float]:
    """Points of mean 0 and covariance 1, and log|det| of the map back.   x: (n, d)                       (6.9)

    Columns are standardised, then multiplied by the inverse symmetric root of their correlation matrix. Raises
    ValueError for a singular covariance, where no density exists.
    """
    n, d = x.shape
    unit, powers = unit_columns(x)
    apart, more = unit_columns(unit - unit[0])                                                          # (6.9)
    centred = apart - apart.mean(0)                                                                     # (6.9)
    sigma = np.sqrt((centred * centred).mean(0))                                                        # (6.9)
    U, s, Vt = np.linalg.svd(centred / np.where(sigma > 0, sigma, 1), full_matrices=False)              # (6.9)
    rank = int(np.sum(s > n * np.finfo(float).eps * s[0]))
    if n <= d or rank < d:
        raise ValueError(f"x: got a covariance of rank {rank} from shape {x.shape}, wanted {d} for whiten")
    log_det = np.log(sigma * s / np.sqrt(n)).sum() + np.log(2) * (powers + more).sum()                  # (6.9)
    return np.sqrt(n) * (U @ Vt), float(log_det)                                                        # (6.9)


def standardised(x: Array, name: str = "x") -> tuple[Array, float]:
    """Columns of mean 0 and standard deviation 1, and log|det| of the map back.   x: (n, d)              (6.61)

    Raises ValueError for a constant column.
    """
    unit, powers = unit_columns(x)
    apart, more = unit_columns(unit - unit[0])                                                          # (6.61)
    centred = apart - apart.mean(0)                                                                     # (6.61)
    sigma = np.sqrt((centred * centred).mean(0))                                                        # (6.61)
    if not sigma.all():
        raise ValueError(f"{name}: got constant columns {np.flatnonzero(sigma == 0).tolist()}, wanted none with "
                         "standardise")
    log_det = np.log(sigma).sum() + np.log(2) * (powers + more).sum()                                   # (6.61)
    return centred / sigma, float(log_det)                                                              # (6.61)


def scores(x: Array, first: int = 0) -> Array:
    """Normal scores of the ranks in each column, mean ranks for equal values.   x: (n, d)                (6.62)

    first  number of the first column: each has an offset of its own, so that distances of different columns differ
    """
    offsets = (1 + np.mod((first + 1 + np.arange(x.shape[1])) * GOLDEN, 1)) / 3                         # (6.62)
    return np.asarray(ndtri((ranks(x) - offsets) / len(x)))                                  # (6.62)


def ranks(x: Array) -> Array:
    """Ranks from 1 on in each column, equal values share the mean of theirs.   x: (n, d)"""
    def of(column: Array) -> Array:
        _, place, count = np.unique(column, return_inverse=True, return_counts=True)
        return np.asarray((np.cumsum(count) - (count - 1) / 2)[place])                                  # (6.62)

    return np.column_stack([of(column) for column in x.T])
