"""Neighbours on a line: one sort, then the two sides of every point are merged."""

from __future__ import annotations

import numpy as np

from refvae.trees import Array


def line_search(x: Array, y: Array, k: int, own: bool) -> tuple[Array, Array]:
    """Distances and rows of the k points of y nearest to each point of x.   x: (n, 1), y: (m, 1) -> (n, k) twice  (6.56)

    own    y is x, and a point is no neighbour of its own
    Of two points equally far away the one on the left comes first.
    """
    order = np.argsort(y[:, 0])
    ranked = np.concatenate([[-np.inf], y[order, 0], [np.inf]])
    at = ranked[1:-1] if own else x[:, 0]
    right = np.arange(2, len(x) + 2) if own else np.searchsorted(ranked[1:-1], at) + 1
    left = right - (2 if own else 1)
    rho, place = np.empty((k, len(x))), np.empty((k, len(x)), np.intp)
    for q in range(k):
        below, above = at - ranked.take(left), ranked.take(right) - at
        is_left = below <= above
        np.minimum(below, above, out=rho[q])                                                            # (6.56)
        np.copyto(place[q], np.where(is_left, left, right))                                             # (6.56)
        left = left - is_left
        right = right + ~is_left
    idx = order.take(place - 1)
    if not own:
        return np.ascontiguousarray(rho.T), np.ascontiguousarray(idx.T)
    far, near = np.empty((len(x), k)), np.empty((len(x), k), np.intp)
    far[order], near[order] = rho.T, idx.T
    return far, near
