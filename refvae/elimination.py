"""Linear systems and determinants for layers: NumPy's on floats, Gauss's elimination on numbers of any other field."""

from __future__ import annotations

from typing import Any

import numpy as np

from refvae.trees import Array


def solve(A: Array, b: Array) -> Array:
    """A^-1 b.   A (d, d), b (d, m) -> (d, m). Raises LinAlgError if A is singular."""
    return np.linalg.solve(A, b) if A.dtype != object else _eliminated(A, b)[1]


def slogdet(A: Array) -> tuple[Any, Any]:
    """Sign and logarithm of the absolute value of det A.   A (d, d)"""
    if A.dtype != object:
        return np.linalg.slogdet(A)
    det = np.prod(_eliminated(A, A[:, :0])[0])
    return np.sign(det), np.log(abs(det))


def _eliminated(A: Array, b: Array) -> tuple[Array, Array]:
    """The pivots, and A^-1 b: every row is cleared by the row of its pivot, without exchanges."""
    rows, d = np.concatenate([A, b], 1), len(A)
    pivots = 0 * A[0]
    for i in range(d):
        pivots[i] = rows[i, i]
        rows[i] = rows[i] / pivots[i]
        others = np.arange(d) != i
        rows[others] = rows[others] - np.outer(rows[others, i], rows[i])
    return pivots, rows[:, d:]
