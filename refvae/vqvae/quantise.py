"""Quantisation: the nearest code, its lookup, the straight-through layer, and the cost that this layer descends."""

from __future__ import annotations

from typing import Any

import numpy as np

from refvae.inputs import floating, indices, matrix, same_shape
from refvae.trees import Array, Pull, witnesses

EPS, TINY = np.finfo(np.float64).eps, np.finfo(np.float64).tiny
ENTRIES = 1 << 22  # of a table of scores: 32 MB


def nearest_code(z: Any, codes: Any) -> Array:
    """The index of the nearest code, the lowest one if there are several.   z (n, k), codes (K, k) -> (n,)  (8.2)

    By one matrix product; what rounding leaves open is decided by the squared differences themselves, summed from the
    first feature to the last, so that the result is that of a search which computes all of these. Raises TypeError or
    ValueError for other input, ValueError where squared distances overflow.
    """
    z, codes = witnesses(matrix(z, "z")), witnesses(matrix(codes, "codes"))
    same_shape(z[0], codes[0], "a row of z and of codes")
    centre = codes.mean(0)                                                                              # (8.2)
    z0, codes0 = z - centre, codes - centre                                                             # (8.2)
    with np.errstate(over="ignore"):
        margin = margins(z0, codes0)
    if not np.isfinite(margin).all():
        raise ValueError(f"z, codes: got numbers up to {np.abs(z).max():.3g}, wanted finite squared distances")
    idx = np.empty(len(z), np.int64)
    for start in range(0, len(z), size := max(1, ENTRIES // len(codes))):
        rows = slice(start, start + size)
        score = scores(z0[rows], codes0)
        open_ = score <= (score.min(1) + margin[rows])[:, None]                                         # (8.2)
        found = open_.argmax(1)
        several = open_.sum(1) > 1                                                                      # (8.2)
        found[several] = _decided(z[rows][several], codes, open_[several])
        idx[rows] = found
    return idx


def scores(z: Array, codes: Array) -> Array:
    """|e_j|^2 - 2 <z, e_j>, the squared distance less |z|^2.   z (n, k), codes (K, k) -> (n, K)          (8.2)"""
    found: Array = z @ (-2 * codes).T                                                                   # (8.2)
    found += (codes * codes).sum(1)                                                                     # (8.2)
    return found


def margins(z: Array, codes: Array) -> Array:
    """What rounding can add to the score of the nearest code.   z (n, k), codes (K, k) -> (n,)            (8.2)"""
    norms = [np.sqrt((each * each).sum(1)) for each in (z, codes)]                                      # (8.2)
    margin: Array = 4 * (z.shape[1] + 4) * EPS * (norms[0] + norms[1].max()) ** 2 + TINY                # (8.2)
    return margin


def _decided(z: Array, codes: Array, open_: Array) -> Array:
    """The lowest index of the least squared distance among the codes that are open."""
    rows, columns = np.nonzero(open_)
    distances = np.full(open_.shape, np.inf)
    distances[rows, columns] = sum((a - b) ** 2 for a, b in zip(z[rows].T, codes[columns].T, strict=True))  # (8.2)
    nearest: Array = distances.argmin(1)
    return nearest


def lookup(codes: Array, idx: Array) -> tuple[Array, Pull]:
    """The chosen codes.   codes (K, k), idx (...) in 0..K-1 -> (..., k)                                  (8.4)"""
    codes, idx = floating(codes, "codes"), indices(idx, len(codes), "idx")
    zq = codes[idx]                                                                                     # (8.4)

    def pull(dzq: Array) -> tuple[Array, None]:
        dcodes, width = np.zeros(codes.size, codes.dtype), dzq.shape[-1]
        place = idx[..., None] * width + np.arange(width)                                               # (8.4)
        np.add.at(dcodes, place.ravel(), dzq.ravel())                                                   # (8.4)
        return dcodes.reshape(codes.shape), None

    return zq, pull


def straight_through(z: Array, shift_frozen: Array) -> tuple[Array, Pull]:
    """z + shift: with the shift f(z) - z frozen, the value of f and the slope of the identity.   like z  (8.6)

    [Bengio, Leonard & Courville 2013; van den Oord, Vinyals & Kavukcuoglu 2017, section 3.2]
    """
    same_shape(z, shift_frozen, "z and shift")
    z, shift_frozen = floating(z, "z"), floating(shift_frozen, "shift")
    return z + shift_frozen, lambda dy: (dy.copy(), None)                                               # (8.6)


def implied_cost(z: Array, x: Array, codes: Array, idx: Array, *, gamma: float = 0.0) -> tuple[Array, Pull]:
    """|x - z|^2 - (1 - gamma) |z - e_idx|^2, what straight-through descends if nothing decodes.          (8.9)

    z, x (n, k), codes (K, k), idx (n,) the nearest ones -> (n,)
    """
    same_shape(z, x, "z and x")
    same_shape(z[:, 0], idx, "a component of z and idx")
    z, x = floating(z, "z"), floating(x, "x")
    zq, pull_lookup = lookup(codes, idx)
    r, s, weight = x - z, z - zq, 1 - float(gamma)                                                      # (8.9)
    cost = (r * r).sum(1) - weight * (s * s).sum(1)                                                     # (8.9)

    def pull(dcost: Array) -> tuple[Array, Array, Array, None]:
        dr, ds = 2 * dcost[:, None] * r, -2 * weight * dcost[:, None] * s                               # (8.9)
        return ds - dr, dr, pull_lookup(-ds)[0], None                                                   # (8.9)

    return cost, pull
