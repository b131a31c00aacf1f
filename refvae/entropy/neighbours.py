"""Exact nearest neighbours: on a line by sorting, in few dimensions by a tree, in many by certified matrix products."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np

from refvae.entropy.balls import check_norm
from refvae.entropy.line import line_radii, line_search
from refvae.entropy.products import MOST, measured, pays, product_search
from refvae.entropy.regions import sides_of
from refvae.entropy.scale import LEAST, rescaled, restored, zoomed
from refvae.entropy.tree import tree_search, wrapped
from refvae.inputs import matrix, whole
from refvae.trees import Array

Method = Literal["auto", "line", "tree", "products"]
MANY, FEW_POINTS = 8, 300  # dimensions from which products are tried, and points below which they are not


class Neighbours(NamedTuple):
    """Distances rho (n, k), ascending, and the rows idx (n, k) they lead to.                            [6.55]"""

    rho: Array
    idx: Array


def neighbours(x: Any, k: int, *, among: Any = None, norm: float = 2, periodic: Any = None, method: Method = "auto",
               exclude: int = 0, workers: int = 1) -> Neighbours:
    """The k nearest other rows of x (n, d), or the k nearest rows of `among` (m, d).                     [6.55]

    norm      2 or numpy.inf: Euclidean or maximum distances
    periodic  side or sides (d,) of a torus on which the points live                                      (6.60)
    method    "line" (d = 1), "tree", "products" (norm 2); "auto" takes the line for d = 1 and the tree below d = 8,
              for norm inf, on a torus and for few points; else a probe of 32 points decides
    exclude   rows up to so many places before and after a row are left out, without `among`: a Theiler window  (6.64)
    workers   threads of the tree (-1: all), on which the answer does not depend; products use those of the BLAS

    Points that coincide are neighbours at distance 0; of points equally far away any may be given. Raises TypeError or
    ValueError for bad input, for k > n - 1 - 2 exclude (k > m with `among`), and for distances beyond floats.
    """
    x = matrix(x, "x")
    y = None if among is None else matrix(among, "among")
    exclude = whole(exclude, "exclude", least=0, most=0 if y is not None else max(len(x) - 2, 0) // 2)
    k = whole(k, "k", most=len(x) - 1 - 2 * exclude if y is None else len(y))
    _compatible(x, y, norm, periodic, method, workers)
    sides = None if periodic is None else sides_of(periodic, x.shape[1])
    return search(x, k, y, norm, sides, method, workers, exclude=exclude)


def search(x: Array, k: int, y: Array | None = None, norm: float = 2, sides: Array | None = None,
           method: Method = "auto", workers: int = 1, first: int = 1,
           exclude: int = 0) -> Neighbours:
    """`neighbours` without its checks, for points that were checked before; y is `among`, sides are `periodic`.

    first  orders below it are left out, (n, k - first + 1)
    """
    if exclude:
        found = search(x, k + 2 * exclude, y, norm, sides, method, workers)
        return Neighbours(*(each[:, first - 1:] for each in without_window(*found, k, exclude)))
    points = [x] if y is None else [x, y]
    if sides is None and (method == "line" or (method == "auto" and x.shape[1] == 1)):
        with np.errstate(over="ignore"):
            found = Neighbours(*line_search(x, points[-1], k, y is None, first))
        return found._replace(rho=restored(found.rho, 0, "x"))
    found = _near(points if sides is None else [wrapped(a, sides) for a in points], k, norm, sides, method, workers)
    return Neighbours(found.rho[:, first - 1:], found.idx[:, first - 1:])


def alone(x: Array, k: int) -> Neighbours:
    """The distances of order k on a line, rho (n, 1), without the rows they lead to, idx (n, 0).           (6.56)"""
    with np.errstate(over="ignore"):
        return Neighbours(restored(line_radii(x, k), 0, "x"), np.empty((len(x), 0), np.intp))


def _near(points: list[Array], k: int, norm: float, sides: Array | None, method: Method, workers: int) -> Neighbours:
    """All orders, of points within the torus.   points: [x] or [x, y]                        (6.59), (6.59a), (6.60)"""
    scaled, e = rescaled(*points, *([] if sides is None else [sides]))
    x, y, own = scaled[0], scaled[:len(points)][-1], len(points) == 1
    rho, idx = _found(x, y, k, own, norm, None if sides is None else scaled[-1], method, workers)
    small = rho < LEAST                                                                                 # (6.59a)
    near = Neighbours(restored(rho, e, "x"), idx)
    zoom = zoomed(points, sides, e) if small[:, 0].any() else None                                      # (6.59a)
    if zoom is None:
        return near
    k = int(small.sum(1).max())                                                                         # (6.59a)
    again = _near(zoom[0], k, norm, zoom[1], method, workers)                                           # (6.59a)
    return Neighbours(*(np.hstack([np.where(small[:, :k], new, old[:, :k]), old[:, k:]])                # (6.59a)
                        for new, old in zip(again, near, strict=True)))


def _found(x: Array, y: Array, k: int, own: bool, norm: float, sides: Array | None, method: Method,
           workers: int) -> tuple[Array, Array]:
    """Distances and rows of the k nearest by a tree or by products, of points of safe size.   -> both (n, k)"""
    if (_method(x, y, k, own, norm, sides) if method == "auto" else method) == "products":
        return product_search(x, y, k, own)
    rho, idx = tree_search(x, y, k, np.arange(len(x)) if own else None, norm, sides, workers)
    if norm == 2 and sides is None and x.shape[1] >= MANY:
        return measured(x, y, idx)
    return rho, idx


def without_window(rho: Array, idx: Array, k: int, exclude: int) -> tuple[Array, Array]:
    """The first k of k + 2 exclude neighbours that are more than `exclude` places away.   -> both (n, k)  (6.64)"""
    beside = np.abs(idx - np.arange(len(idx))[:, None]) <= exclude                                      # (6.64)
    kept = np.argsort(beside, axis=1, kind="stable")[:, :k]                                             # (6.64)
    return np.take_along_axis(rho, kept, 1), np.take_along_axis(idx, kept, 1)


def candidates_apart(n: int, exclude: int) -> Array:
    """How many rows are more than `exclude` places away from each of n.   -> (n,), or (1,) for exclude = 0   (6.64)"""
    place = np.arange(n if exclude else 1)                                                       # (6.5), (6.64)
    return n - 1 - np.minimum(place, exclude) - np.minimum(n - 1 - place, exclude)                      # (6.64)


def _method(x: Array, y: Array, k: int, own: bool, norm: float, sides: Array | None) -> Method:
    """What is expected to be fastest."""
    d = x.shape[1]
    if not MANY <= d <= MOST or norm != 2 or sides is not None or min(len(x), len(y)) < FEW_POINTS:
        return "tree"
    return "products" if pays(x, y, k, own) else "tree"


def _compatible(x: Array, y: Array | None, norm: Any, periodic: Any, method: Any, workers: Any) -> None:
    """Raise TypeError or ValueError for settings that make no sense, alone or together."""
    d = x.shape[1]
    if y is not None and y.shape[1] != d:
        raise ValueError(f"among: got {y.shape[1]} columns, wanted {d} as in x")
    check_search(norm, workers)
    if method not in ("auto", "line", "tree", "products"):
        raise ValueError(f"method: got {method!r}, wanted 'auto', 'line', 'tree' or 'products'")
    if method == "line" and (d != 1 or periodic is not None):
        where = "a torus" if d == 1 else f"d = {d}"
        raise ValueError(f"method: got 'line' with {where}, wanted d = 1 without a torus")
    if method == "products" and (norm != 2 or periodic is not None or d > MOST):
        where = "norm inf" if norm != 2 else "a torus" if periodic is not None else f"d = {d}"
        raise ValueError(f"method: got 'products' with {where}, wanted norm 2, no torus and d <= {MOST}")


def check_search(norm: Any, workers: Any) -> None:
    """Raise TypeError or ValueError unless the norm is 2 or infinite, and workers -1 or at least 1."""
    check_norm(norm)
    if workers != -1 or isinstance(workers, bool):
        whole(workers, "workers")
