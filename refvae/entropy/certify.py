"""Neighbour lists of any origin: certified against all points, or the first wrong row named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from refvae.entropy.balls import check_norm
from refvae.entropy.neighbours import Neighbours
from refvae.entropy.products import MOST, blocks, centred, margin, panels, pieces
from refvae.entropy.scale import lengths, rescaled, restored
from refvae.inputs import indices, matrix, whole
from refvae.trees import Array


def verify_neighbours(x: Any, idx: Any, norm: float = 2, *, among: Any = None, exclude: int = 0) -> Neighbours:
    """The neighbour lists idx (n, k) of any search with their distances, if they are right.              [6.55]

    x       (n, d); `among` (m, d), norm and exclude as in `neighbours`
    Every row of x is compared with all points: for norm 2 by products in float32 first, whose error is bounded (6.57),
    and only pairs that these do not decide by differences (6.69). Distances that agree to rounding may change places.

    Raises TypeError or ValueError for bad input, and ValueError with the first wrong row: indices that repeat, are the
    row itself or lie in its window, distances that descend, or a nearer point that is missing.
    """
    check_norm(norm)
    x = matrix(x, "x")
    y = x if among is None else matrix(among, "among")
    idx = indices(idx, len(y), "idx")
    if idx.ndim != 2 or len(idx) != len(x) or not idx.shape[1] or x.shape[1] != y.shape[1]:
        raise ValueError(f"idx: got shape {idx.shape} for {len(x)} points of {x.shape[1]} columns, wanted (n, k)")
    exclude = whole(exclude, "exclude", least=0) if among is None else -1
    rho = restored(_distances(x, y, *_pairs(idx), norm).reshape(idx.shape), 0, "x")
    slack = 2.0**-52 * (x.shape[1] + 4)                                                                 # (6.69)
    nearer = (1 - slack) * rho                                                                          # (6.69)
    wrong = _repeats(idx) | _beside(idx, exclude) | (rho[:, 1:] < nearer[:, :-1]).any(1)                # (6.69)
    _refuse(np.flatnonzero(wrong), idx, "wanted different other rows in ascending distance, outside its window")
    for i, j in _suspects(x, y, rho[:, -1], norm):
        missing = _distances(x, y, i, j, norm) < nearer[i, -1]                                          # (6.69)
        missing &= np.abs(i - j) > exclude                                                              # (6.69)
        missing[missing] = ~(idx[i[missing]] == j[missing, None]).any(1)
        _refuse(i[missing], idx, f"wanted row {j[missing][:1].tolist()} too, nearer than its last")
    return Neighbours(rho, idx)


def _suspects(x: Array, y: Array, rho: Array, norm: float) -> Iterator[tuple[Array, Array]]:
    """Pairs (i, j), block by block, that include all with a distance of at most rho_i.                   (6.69)"""
    if norm == np.inf or x.shape[1] > MOST:
        for rows in blocks(len(x), len(y)):
            inside = np.ones((len(x[rows]), len(y)), bool)
            for u, v in zip(x[rows].T, y.T, strict=True):
                inside &= _apart(u[:, None], v) <= rho[rows, None]                                      # (6.69)
            i, j = np.nonzero(inside)
            yield i + rows.start, j                                                                     # (6.69)
        return
    (a, b), e = rescaled(x, y)
    factors, e = panels(a, b, 1), e + centred(a, b)[2]                                                  # (6.69)
    r = np.ldexp(rho, -e) * (1 + 2.0**-40)
    most = (r * r - factors.size**2) / 2 + margin(factors.size, factors.size + r, x.shape[1])           # (6.69)
    most = np.nextafter(most.astype(np.float32), np.float32(np.inf))
    for rows in blocks(len(x), len(y)):
        i, j = np.nonzero(factors.left[rows] @ factors.right <= most[rows, None])                       # (6.69)
        yield i + rows.start, j                                                                         # (6.69)


def _distances(x: Array, y: Array, i: Array, j: Array, norm: float) -> Array:
    """Distances of the rows i of x from the rows j of y.   -> (p,), bits as in (6.58a)"""
    found = np.empty(len(i))
    for part in pieces(len(i), x.shape[1]):
        delta = _apart(x[i[part]], y[j[part]])                                                          # (6.69)
        found[part] = lengths(delta) if norm == 2 else delta.max(1)                                     # (6.69)
    return found


def _apart(a: Array, b: Array) -> Array:
    """|a - b|, inf beyond the largest float."""
    with np.errstate(over="ignore"):
        return np.asarray(np.abs(a - b))                                                                # (6.69)


def _pairs(idx: Array) -> tuple[Array, Array]:
    return np.repeat(np.arange(len(idx)), idx.shape[1]), idx.ravel()


def _repeats(idx: Array) -> Array:
    return np.asarray((np.diff(np.sort(idx, axis=1), axis=1) == 0).any(1))                              # (6.69)


def _beside(idx: Array, exclude: int) -> Array:
    return np.asarray((np.abs(idx - np.arange(len(idx))[:, None]) <= exclude).any(1))                   # (6.69)


def _refuse(wrong: Array, idx: Array, wanted: str) -> None:
    """Raise ValueError with the first of the wrong rows, if there is one."""
    if len(wrong):
        row = int(wrong[0])
        raise ValueError(f"idx: got row {row} with {idx[row].tolist()}, {wanted}")
