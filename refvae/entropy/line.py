"""Neighbours on a line: one sort, then the two sides of every point are merged."""

from __future__ import annotations

import numpy as np

from refvae.trees import Array


def line_search(x: Array, y: Array, k: int, own: bool, first: int = 1) -> tuple[Array, Array]:
    """Distances and rows of the k points of y nearest to each point of x.   x: (n, 1), y: (m, 1) -> both (n, k)  (6.56)

    own    y is x, and a point is no neighbour of its own
    first  orders below it are not kept, (n, k - first + 1)
    Of two points equally far away the one on the left comes first.
    """
    row, ranked = np.zeros(len(y) + 2, np.intp), np.full(len(y) + 2, np.inf)
    row[1:-1] = np.argsort(y[:, 0])                                                                     # (6.56)
    y[:, 0].take(row[1:-1], out=ranked[1:-1], mode="clip")
    ranked[0] = -np.inf
    at, left = x[:, 0], ranks(row[1:-1]) if own else np.searchsorted(ranked[1:-1], x[:, 0])             # (6.56)
    rho, idx = np.empty((k - first + 1, len(x))), np.empty((k - first + 1, len(x)), np.intp)
    above, place = np.empty(len(x)), np.empty_like(left)
    # left + right is the nearest not taken above
    for q, right in enumerate(range(1 + own, k + 1 + own), 1 - first):                                  # (6.56)
        kept = max(q, 0)
        below = np.subtract(at, ranked.take(left, out=rho[kept], mode="clip"), out=rho[kept])           # (6.56)
        np.subtract(ranked[right:].take(left, out=above, mode="clip"), at, out=above)                   # (6.56)
        is_left = below <= above                                                                        # (6.56)
        np.minimum(below, above, out=below)                                                             # (6.56)
        np.add(left, np.multiply(~is_left, right, out=place), out=place)                                # (6.56)
        row.take(place, out=idx[kept], mode="clip")
        left -= is_left                                                                                 # (6.56)
    return rho.T, idx.T


def line_radii(x: Array, k: int) -> Array:
    """Distances to the k-th of the others alone, the same bits in half the time.   x: (n, 1) -> (n, 1)   (6.56)"""
    n, order = len(x), np.argsort(x[:, 0])                                                              # (6.56)
    s, rho = np.concatenate([np.full(k, -np.inf), x[order, 0], np.full(k, np.inf)]), np.empty((n, 1))
    least = np.full(n, np.inf)
    for q in range(k // 2 + 1):                                                                         # (6.56)
        r = k - q                                                                                       # (6.56)
        a, b = s[k:k + n + q] - s[k - q:k + n], s[k:k + n + r] - s[k - r:k + n]                         # (6.56)
        np.minimum(least, np.maximum(a[:n], b[r:]), out=least)                                          # (6.56)
        np.minimum(least, np.maximum(b[:n], a[q:]), out=least)                                          # (6.56)
    rho[order, 0] = least
    return rho


def ranks(order: Array) -> Array:
    """The inverse of a permutation: where each index stands in it."""
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return rank
