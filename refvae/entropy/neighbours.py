"""Nearest neighbours (plain version, to be replaced)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from refvae.inputs import matrix, whole
from refvae.trees import Array


class Neighbours(NamedTuple):
    """Distances rho (n, k), ascending, and the rows idx (n, k) they lead to."""

    rho: Array
    idx: Array


def neighbours(x: Any, k: int, *, among: Any = None, norm: float = 2, periodic: Any = None, method: str = "auto",
               workers: int = 1) -> Neighbours:
    """The k nearest other rows of x (n, d), or the k nearest rows of `among` (m, d)."""
    x = matrix(x, "x")
    y = x if among is None else matrix(among, "among")
    k = whole(k, "k", most=len(y) - (among is None))
    own = among is None
    tree = cKDTree(y % periodic if periodic is not None else y, boxsize=periodic)
    rho, idx = tree.query(x % periodic if periodic is not None else x, k + own, p=norm, workers=workers)
    rho, idx = rho.reshape(len(x), -1), idx.reshape(len(x), -1)
    if own:
        keep = idx != np.arange(len(x))[:, None]
        keep[keep.all(1), -1] = False
        rho, idx = rho[keep].reshape(-1, k), idx[keep].reshape(-1, k)
    return Neighbours(rho, idx)
