"""Small autoencoders, points with given moments, and mixtures, that several sections use."""

from __future__ import annotations

import numpy as np
from scipy import special

from refvae.eae import EAE, neg_objective
from refvae.layers import Dense, tanh

LAM = 0.7


def affine(rng, d, h):
    """Parameters of an affine map with biases."""
    return Dense(rng.standard_normal((d, h)), rng.standard_normal(h))


def network(rng, n=9):
    """An autoencoder 6-5-3-5-6 and n rows."""
    p = EAE((affine(rng, 6, 5), affine(rng, 5, 3)), (affine(rng, 3, 5), affine(rng, 5, 6)))
    return p, rng.standard_normal((n, 6))


def forward(p, x):
    """Codes before and after normalisation, hidden rows of encoder and decoder, and images; all by hand."""
    (W1, b1), (W2, b2), (W3, b3), (W4, b4) = *p.enc, *p.dec
    a = np.tanh(x @ W1 + b1)
    h = a @ W2 + b2
    z = (h - h.mean(0)) / h.std(0)
    g = np.tanh(z @ W3 + b3)
    return h, z, a, g, g @ W4 + b4


def nearest(z, k):
    """Indices of the k nearest others, by sorting all distances."""
    square = ((z[:, None] - z) ** 2).sum(2)
    np.fill_diagonal(square, np.inf)
    return np.argsort(square, axis=1)[:, :k]


def with_neighbours(k):
    """Random arguments (p, x, idx)."""
    def args(rng):
        p, x = network(rng)
        return p, x, nearest(forward(p, x)[1], k)

    return args


def loss(p, x_frozen, idx):
    """The objective at lambda = 0.7 with tanh."""
    return neg_objective(p, x_frozen, idx, LAM, activation=tanh)


def entropy_by_hand(z, other):
    """The estimate from the indices of the neighbours of order k, given as (n, k)."""
    (n, d), k = z.shape, other.shape[1]
    rho = np.sqrt(((z - z[other[:, -1]]) ** 2).sum(1))
    return special.digamma(n) - special.digamma(k) + np.log(4 / 3 * np.pi) + d * np.log(rho).mean()


def value(p, x, idx, lam=LAM):
    """The objective's value."""
    return neg_objective(p, x, idx, lam, activation=tanh)[0]


def with_moments(mean, root):
    """2 d rows whose mean is `mean` and whose covariance is root.T @ root.   root: (d, d)"""
    step = np.sqrt(len(root)) * root
    return mean + np.vstack([step, -step])


def moments(rng, d=3):
    """A random mean, and the root of a covariance with correlations."""
    return rng.standard_normal(d), np.eye(d) + 0.4 * rng.standard_normal((d, d))
