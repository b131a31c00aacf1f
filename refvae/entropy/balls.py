"""Log volumes of balls: whole, cut off by a box, or on a torus; logarithms do not overflow in high dimension."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import gammaln

from refvae.inputs import whole
from refvae.trees import Array


class Box(NamedTuple):
    """A box low <= x <= high, both (d,)."""

    low: Array
    high: Array


def check_norm(norm: float) -> None:
    """Raise ValueError unless the norm is 2 or infinite."""
    if not np.isscalar(norm) or norm not in (2, np.inf):
        raise ValueError(f"norm: got {norm!r}, wanted 2 or numpy.inf")


def log_ball_volume(d: int, norm: float = 2) -> float:
    """log V of the unit ball in R^d, of the Euclidean norm or (`norm` infinite) of the maximum norm.     (6.2)

    Raises TypeError or ValueError for d that is no whole number above 0, and for another norm.
    """
    check_norm(norm)
    d = whole(d, "d")
    if norm == np.inf:
        return d * float(np.log(2))                                                                     # (6.2)
    return float(d / 2 * np.log(np.pi) - gammaln(d / 2 + 1))                                            # (6.2)


def log_volumes(rho: Array, d: int, norm: float = 2) -> Array:
    """log(V rho^d) of balls with radii rho, any shape."""
    return d * np.log(rho) + log_ball_volume(d, norm)                                                   # (6.5)


def log_volumes_in_box(x: Array, rho: Array, box: Box) -> Array:
    """log volume of what a cube with centre x (n, d) and half side rho (n, q) has in common with the box.   (6.19)"""
    total: Array = np.zeros_like(rho)
    for column, low, high in zip(x.T[:, :, None], *box, strict=True):
        total += np.log(np.minimum(rho, high - column) + np.minimum(rho, column - low))                 # (6.19)
    return total


def log_volumes_on_torus(rho: Array, sides: Array) -> Array:
    """log volume of cubes of half side rho (n, q) on a torus with sides (d,); a cube is never wider than the torus."""
    logs: Array = np.log(np.minimum(2 * rho[..., None], sides)).sum(-1)                                 # (6.18)
    return logs
