"""Neighbours by a k-d tree, queried in the order of its leaves; Euclidean or maximum norm, also on a torus."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from refvae.trees import Array


def tree_search(x: Array, y: Array, k: int, own: Array | None, norm: float = 2, sides: Array | None = None,
                workers: int = 1) -> tuple[Array, Array]:
    """Distances and rows of the k points of y nearest to each point of x.   x: (n, d), y: (m, d) -> (n, k) twice

    own    (n,) the rows of y that the points of x are, which are no neighbours of their own; None: x is apart from y
    sides  (d,) of a torus, with all points in [0, side)                                                  (6.60)
    """
    tree = cKDTree(y, balanced_tree=False, boxsize=sides)
    order = tree.indices if own is not None and len(own) == len(y) else np.arange(len(x))
    ranks = np.arange(1, k + 1 + (own is not None))                                                     # (6.60)
    far, near = tree.query(x[order], ranks, p=norm, workers=workers)                                    # (6.60)
    if own is not None:
        far, near = without_self(far, near, own[order])
    rho, idx = np.empty((len(x), k)), np.empty((len(x), k), np.intp)
    rho[order], idx[order] = far, near
    return rho, idx


def wrapped(x: Array, sides: Array) -> Array:
    """Points modulo the sides, in [0, side): exactly for x >= 0, to half an ulp of the side below.       (6.60)"""
    z = np.mod(x, sides)                                                                                # (6.60)
    return np.where(z < sides, z, 0.0)  # a tiny negative number comes out as the side itself           # (6.60)


def without_self(rho: Array, idx: Array, own: Array) -> tuple[Array, Array]:
    """k of k + 1 neighbours: without the point itself, or without the last where duplicates kept the point out."""
    if (idx[:, 0] == own).all():
        return rho[:, 1:], idx[:, 1:]
    keep = idx != own[:, None]
    keep[keep.all(1), -1] = False
    shape = (len(idx), idx.shape[1] - 1)
    return rho[keep].reshape(shape), idx[keep].reshape(shape)
