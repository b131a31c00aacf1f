"""Samples, and searches by brute force, that several sections use."""

from __future__ import annotations

import pickle
from functools import lru_cache, wraps

import numpy as np

from refvae.entropy import knn_entropy, neighbours


def once(f):
    """f, which remembers what it gave: all versions that a check judges are held to the same numbers."""
    @lru_cache
    def of(arguments):
        return f(*pickle.loads(arguments))

    return wraps(f)(lambda *args: of(pickle.dumps(args)))


def points(rng, n=9, d=3):
    """A correlated Gaussian sample that is not centred."""
    return rng.standard_normal((n, d)) @ np.tril(rng.standard_normal((d, d)) + np.eye(d)) + np.arange(d)


def distances(x, y=None, norm=2):
    """All distances (n, m), by loops over pairs; infinite on the diagonal if y is x itself."""
    d = np.array([[np.linalg.norm(a - b, norm) for b in (x if y is None else y)] for a in x])
    if y is None:
        np.fill_diagonal(d, np.inf)
    return d


def radii(x, k, y=None, norm=2):
    """The distances of order k (n,)."""
    return np.sort(distances(x, y, norm), axis=1)[:, k - 1]


def with_neighbours(k, norm=2, n=9, d=3):
    """Random arguments (x, idx) of a layer."""
    def args(rng):
        x = points(rng, n, d)
        return x, neighbours(x, k, norm=norm).idx

    return args


def value(x, k, **how):
    """The estimate as a number."""
    return float(knn_entropy(x, k, **how))


def shifted(by):
    """The estimate with by(n, k, d) added: a wrong constant."""
    return lambda x, k, **how: value(x, k, **how) + by(len(x), k, x.shape[1])


def one_sided(layer):
    """The layer without the second term of its gradient: what a point does to those whose neighbour it is."""
    def wrong(x, idx, *norm):
        y, _ = layer(x, idx, *norm)
        rho_far = x[idx[:, -1]]

        def pull(dy):
            far = np.arange(len(x), 2 * len(x))[:, None]
            return layer(np.vstack([x, rho_far]), np.vstack([far, far - len(x)]), *norm)[1](dy)[0][:len(x)], None

        return y, pull

    return wrong
