"""Exact nearest neighbours: on a line by sorting, in few dimensions by a tree, in many by certified matrix products."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np

from refvae.entropy.line import line_search
from refvae.entropy.products import product_search
from refvae.entropy.regions import sides_of
from refvae.entropy.scale import rescaled, restored
from refvae.entropy.tree import tree_search
from refvae.inputs import matrix, whole
from refvae.trees import Array

METHODS = ("auto", "line", "tree", "products")
Method = Literal["auto", "line", "tree", "products"]


class Neighbours(NamedTuple):
    """Distances rho (n, k), ascending, and the rows idx (n, k) they lead to.                            [6.55]"""

    rho: Array
    idx: Array


def neighbours(x: Any, k: int, *, among: Any = None, norm: float = 2, periodic: Any = None, method: Method = "auto",
               workers: int = 1) -> Neighbours:
    """The k nearest other rows of x (n, d), or the k nearest rows of `among` (m, d).                     [6.55]

    norm      2 or numpy.inf: Euclidean or maximum distances
    periodic  side or sides (d,) of a torus on which the points live
    method    "line" (d = 1), "tree", "products" (Euclidean, d large), or "auto"
    workers   threads of the tree (-1: all); the answer does not depend on them. Products use those of the BLAS.
    """
    x = matrix(x, "x")
    y = x if among is None else matrix(among, "among")
    k = whole(k, "k", most=len(y) - (among is None))
    sides = None if periodic is None else sides_of(periodic, x.shape[1])
    own = among is None
    if sides is not None:
        x = np.mod(x, sides)
        y = x if own else np.mod(y, sides)
    (x, y, *rest), e = rescaled(x, y, *([] if sides is None else [sides]))
    if own: y = x
    how = method if method != "auto" else "line" if x.shape[1] == 1 and sides is None else "tree" if x.shape[1] < 8 or norm != 2 or sides is not None else "products"
    if how == "line":
        found = line_search(x, y, k, own)
    elif how == "tree":
        found = tree_search(x, y, k, np.arange(len(x)) if own else None, norm, rest[0] if rest else None, workers)
    else:
        found = product_search(x, y, k, own)
    return Neighbours(restored(found[0], e, "x"), found[1])
