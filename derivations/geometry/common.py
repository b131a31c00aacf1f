"""Data and helpers that several sections use."""

from __future__ import annotations

from itertools import product

import numpy as np
from scipy import linalg

from refvae import trees
from refvae.layers import tanh
from refvae.vae import vae_init

SPECTRUM = np.array([4.0, 2.0, 1.0, 0.6, 0.45, 0.2])


def network(rng):
    """A VAE 5 -> 3 -> 2 with biases, seven examples and their noise."""
    p = trees.map(lambda leaf: leaf + 0.3 * rng.standard_normal(leaf.shape), vae_init((5, 3, 2), rng))
    return p, rng.standard_normal((7, 5)), rng.standard_normal((7, 2))


def codes(rng):
    """Means and log-variances, (7, 3)."""
    return rng.standard_normal((7, 3)), rng.standard_normal((7, 3))


def rotation(rng, k):
    """A random orthogonal matrix."""
    return linalg.qr(rng.standard_normal((k, k)))[0]


def spread(rng, n=11, spectrum=SPECTRUM):
    """Centred data (n, d) whose covariance has exactly that spectrum, and its eigenvectors."""
    d = len(spectrum)
    centred = rng.standard_normal((n, d))
    U, V = linalg.qr(centred - centred.mean(0), mode="economic")[0], rotation(rng, d)
    return np.sqrt(n) * U * np.sqrt(spectrum) @ V.T, V


def hermite(k, nodes):
    """Nodes (m, k) and weights (m,) of the Gauss-Hermite product rule for the standard normal law."""
    t, w = np.polynomial.hermite_e.hermegauss(nodes)
    w = w / w.sum()
    return (np.array(list(product(t, repeat=k))), np.prod(list(product(w, repeat=k)), axis=1))


def perceptron(p, x):
    """The decoder or encoder p by a plain loop, tanh between the layers."""
    for i, layer in enumerate(p):
        x = (tanh(x)[0] if i else x) @ layer.W + layer.b
    return x
