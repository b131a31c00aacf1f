"""Euclidean neighbours in many dimensions: products of matrices in float32 leave few candidates, provably enough."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from refvae.entropy.tree import tree_search
from refvae.trees import Array

UNIT, TINY = 2.0**-24, 2.0**-126  # unit roundoff and least normal number of float32
MOST = 2**16  # dimensions for which the margin is proved
FAR = 2.0**100  # more than any product of points
BLOCK, ROWS = 2**24, 128  # numbers and rows of a block of products
GROUP, CROWD = 16, 64  # columns of a group, groups of candidates that a row may have
PROBE = 32  # points by which the method is chosen


class Panels(NamedTuple):
    """Both samples as factors of the product, centred and scaled into [-1, 1].

    left   (n, d + 1) float32  rows (a_i, 1)
    right  (d + 1, g w) float32  columns (-b_j, |b_j|^2 / 2), padded with far ones to g stripes of w
    size   (n,)  |a_i|
    """

    left: Array
    right: Array
    size: Array


def panels(x: Array, y: Array, stripes: int) -> Panels:
    """The factors for points x (n, d) and y (m, d).                                                      (6.57)"""
    a, b, _ = centred(x, y)
    (m, d), width = y.shape, -(-len(y) // stripes)
    right = np.zeros((d + 1, stripes * width), np.float32)
    right[:d, :m], right[d, :m], right[d, m:] = -b.T, np.einsum("ij,ij->i", b, b) / 2, FAR           # (6.57)
    left = np.ones((len(x), d + 1), np.float32)
    left[:, :d] = a                                                                                     # (6.57)
    return Panels(left, right, np.sqrt(np.einsum("ij,ij->i", a, a)))                                    # (6.57)


def centred(x: Array, y: Array) -> tuple[Array, Array, int]:
    """Points less the mean of y, times the power of two 2^-e that brings them into [-1, 1], and e.       (6.57)"""
    centre = y.mean(0)                                                                                  # (6.57)
    b = y - centre                                                                                      # (6.57)
    a = b if y is x else x - centre                                                                     # (6.57)
    e = int(np.frexp(max(a.max(), -a.min(), b.max(), -b.min()))[1])                                     # (6.57)
    return np.ldexp(a, -e), np.ldexp(b, -e), e                                                          # (6.57)


def rounding(d: int) -> tuple[float, float]:
    """kappa and eta, the relative and the absolute part of what rounding does to a product.              (6.57)"""
    return (d + 5) * UNIT / (1 - (d + 5) * UNIT), 8 * (d + 2) * TINY                                    # (6.57)


def margin(size: Array, other: Array, d: int) -> Array:
    """How wrong a product in float32 can be, of points of lengths size and other.                        (6.57)"""
    kappa, eta = rounding(d)
    return np.asarray(kappa * (size * other + other * other / 2) + eta)                                 # (6.57)


def cut(least: Array, size: Array, d: int) -> Array:
    """The largest product that a neighbour can have, given a bound for the k-th smallest.   (b,) -> (b,)     (6.58)"""
    kappa, eta = rounding(d)
    p = (1 + kappa) * size                                                                              # (6.58)
    reach = (p + np.sqrt(np.maximum(p * p + 2 * (1 - kappa) * (least + eta), 0))) / (1 - kappa)         # (6.58)
    most: Array = (least + 2 * margin(size, reach, d)).astype(np.float32)                               # (6.58)
    return np.nextafter(most, np.float32(np.inf))                                                       # (6.58)


def product_search(x: Array, y: Array, k: int, own: bool) -> tuple[Array, Array]:
    """Distances and rows of the k points of y nearest to each point of x.   x: (n, d), y: (m, d) -> both (n, k)  (6.58)

    own    y is x, and a point is no neighbour of its own
    Candidates come from float32, distances from differences in float64. Points with crowds of candidates, as in tight
    clusters far apart, are left to a tree.
    """
    n, d = x.shape
    rho, idx = np.empty((n, k)), np.empty((n, k), np.intp)
    stripes = groups(len(y), k)
    factors = panels(x, y, stripes)
    crowded, steps = [], list(blocks(n, factors.right.shape[1]))
    memory = np.empty((steps[0].stop, factors.right.shape[1]), np.float32)  # new pages cost as much as the product
    for rows in steps:
        product = np.matmul(factors.left[rows], factors.right, out=memory[:rows.stop - rows.start])     # (6.58)
        if own:
            product[np.arange(len(product)), np.arange(rows.start, rows.stop)] = np.inf
        i, j, crowd = candidates(product, factors.size[rows], k, stripes, d)
        clear = np.setdiff1d(np.arange(rows.start, rows.stop), crowd + rows.start)                      # (6.58)
        rho[clear], idx[clear] = nearest(x, y, i + rows.start, j, k)                                    # (6.58)
        crowded.append(crowd + rows.start)                                                              # (6.58)
    hard = np.concatenate(crowded)
    if len(hard):
        rho[hard], idx[hard] = measured(x[hard], y, tree_search(x[hard], y, k, hard if own else None)[1])
    return rho, idx


def groups(m: int, k: int) -> int:
    """How many of m columns form a group: few enough that there are some times k groups."""
    return int(np.clip(m // (8 * k), 1, GROUP))


def pays(x: Array, y: Array, k: int, own: bool) -> bool:
    """Whether products are expected to be faster than a tree, from a probe of 32 points.

    A tree looks at about as many points as lie within twice the radius of the k-th neighbour; measured, products are
    faster from about 9 sqrt(m / d) of them on, unless there are too many candidates.
    """
    (m, d), stripes = y.shape, groups(len(y), k)
    rows = np.linspace(0, len(x) - 1, PROBE).astype(np.intp)
    left, right, size = panels(x, y, stripes)
    product, size = left[rows] @ right, size[rows]
    if own:
        product[np.arange(PROBE), rows] = np.inf
    square = 2 * np.partition(product, k - 1, axis=1)[:, k - 1] + size**2
    within = product <= (2 * square - size**2 / 2)[:, None]
    i, _, crowd = candidates(product, size, k, stripes, d)
    few = len(i) < PROBE * (4 * k + 16) and len(crowd) < PROBE / 8
    return bool(few and within.sum() > PROBE * 9 * (m / d) ** 0.5)


def blocks(n: int, m: int) -> Iterator[slice]:
    """Slices of n rows, such that a block of m columns is small."""
    step = int(np.clip(BLOCK // m, 1, ROWS))
    return (slice(start, min(start + step, n)) for start in range(0, n, step))


def candidates(product: Array, size: Array, k: int, stripes: int, d: int) -> tuple[Array, Array, Array]:
    """Pairs (i, j) that may be neighbours, ascending in i, and the rows that have too many to be listed.   (6.58)

    Columns are taken in groups; the k-th smallest of the minima of groups bounds the k-th smallest product.
    """
    striped = product.reshape(len(product), stripes, -1)
    minima = np.minimum.reduce(striped, axis=1)
    least = np.partition(minima, k - 1, axis=1)[:, :k].max(axis=1)                                      # (6.58)
    most = cut(least.astype(float), size, d)                                                            # (6.58)
    i, group = np.divmod(np.flatnonzero(minima <= most[:, None]), minima.shape[1])                      # (6.58)
    crowd = np.bincount(i, minlength=len(product)) > CROWD + 4 * k
    if crowd.any():
        i, group = i[~crowd[i]], group[~crowd[i]]
    hit, stripe = np.nonzero(striped[i, :, group] <= most[i, None])                                     # (6.58)
    return i[hit], stripe * minima.shape[1] + group[hit], np.flatnonzero(crowd)                         # (6.58)


def nearest(x: Array, y: Array, i: Array, j: Array, k: int) -> tuple[Array, Array]:
    """The k smallest distances |x_i - y_j| for each row i that occurs (at least k times, ascending), and their j."""
    square = squares(x, y, i, j)
    order = np.lexsort((square, i))                                                                     # (6.58a)
    first = np.flatnonzero(np.diff(i, prepend=-1))                                                      # (6.58a)
    chosen = order[first[:, None] + np.arange(k)]                                                       # (6.58a)
    return np.sqrt(square[chosen]), j[chosen]                                                           # (6.58a)


def measured(x: Array, y: Array, idx: Array) -> tuple[Array, Array]:
    """Distances from each row of x to the rows idx (n, k) of y, ascending, added up as products do.  -> both (n, k)

    So both methods give the same bits, and it does not matter which of them was taken.                  (6.58a)
    """
    return nearest(x, y, np.repeat(np.arange(len(x)), idx.shape[1]), idx.ravel(), idx.shape[1])         # (6.58a)


def squares(x: Array, y: Array, i: Array, j: Array) -> Array:
    """|x_i - y_j|^2 for all pairs, from differences.   i, j: (p,) -> (p,)                                (6.58a)"""
    square = np.empty(len(i))
    for part in pieces(len(i), x.shape[1]):
        delta = x[i[part]] - y[j[part]]                                                                 # (6.58a)
        square[part] = np.einsum("ij,ij->i", delta, delta)                                              # (6.58a)
    return square


def pieces(p: int, d: int) -> Iterator[slice]:
    """Slices of p pairs of points, such that the differences of one are few numbers."""
    step = max(1, 2**20 // d)
    return (slice(start, start + step) for start in range(0, p, step))
