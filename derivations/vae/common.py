"""Quadratures, models and wrong versions that several sections use."""

from __future__ import annotations

from functools import lru_cache
from itertools import product

import numpy as np

from refvae import trees
from refvae.layers import tanh
from refvae.vae import vae_init

SIZES = (6, 5, 3)


@lru_cache
def gauss_hermite(n, k=1):
    """Nodes (n^k, k) and weights (n^k,) for the mean over k standard normal numbers."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(n)
    weights = weights / weights.sum()
    return np.array(list(product(nodes, repeat=k))), np.array([np.prod(w) for w in product(weights, repeat=k)])


def signs(k):
    """The 2^k vectors of signs: their mean is that over k standard normal numbers up to degree 3, and it is exact."""
    return np.array(list(product((1, -1), repeat=k)))


def model(rng, *sizes, outputs=1):
    """A VAE with nonzero biases; two sizes (d, k) make encoder and decoder affine."""
    return trees.map(lambda leaf: leaf + 0.3 * rng.standard_normal(leaf.shape),
                     vae_init(sizes or SIZES, rng, outputs))


def black_and_white(rng, n=7, d=6):
    """Pixels 0 and 1."""
    return rng.integers(0, 2, (n, d)).astype(float)


def smooth(objective):
    """The same objective with tanh for its activation, which has no kinks."""
    def layer(*args):
        return objective(*args, activation=tanh)

    layer.__name__, layer.__wrapped__ = objective.__name__, objective  # keeps the names of the arguments
    return layer


def twice(index):
    """Spoil a pull: the cotangent of argument `index` doubled."""
    def spoil(d):
        return (*d[:index], trees.map(lambda leaf: 2 * leaf, d[index]), *d[index + 1:])

    return spoil


def wide(args):
    """The same arguments (p, ...) with log-variances of the codes raised by 6, beyond the reach of the series (3.6)."""
    def raised(rng):
        p, *rest = args(rng)
        last = p.enc[-1]
        b = last.b + 6 * (np.arange(len(last.b)) >= len(last.b) // 2)
        return p._replace(enc=(*p.enc[:-1], last._replace(b=b))), *rest

    return raised


def flat(p):
    """All numbers of a tree."""
    return trees.flatten(p).vector
