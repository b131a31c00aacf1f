"""Data and helpers that several sections use."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import linalg

from refvae import trees
from refvae.data import digits
from refvae.linear_ae import linear_ae, svd_autoencoder

RANKS = (2, 8, 16)


def arrays(rng, n=9, d=7, k=3):
    """Encoder, decoder, data; all sizes differ."""
    return rng.standard_normal((d, k)), rng.standard_normal((k, d)), rng.standard_normal((n, d))


def tail(X, k):
    """The tail of the squared singular values by the other route: eigenvalues of the Gram matrix."""
    return linalg.eigvalsh(X.T @ X)[::-1][k:].sum()


@lru_cache
def digit_rows():
    """The triangular factor R of the digits: |X - X C D| = |R - R C D|, with 64 rows in place of 1797."""
    return linalg.qr(digits()[0], mode="r")[0][:64]


def mean_loss(p, X):
    """linear_ae per row of the batch, as an objective of p = (C, D)."""
    loss, pull = linear_ae(*p, X)

    def back(d):
        dC, dD, dX = pull(d / len(X))
        return (dC, dD), dX

    return loss / len(X), back


@lru_cache
def small_data():
    """A 60 x 12 Gaussian matrix, its first three columns doubled, with its optimal projector and loss for k = 3."""
    X = np.random.default_rng(0).standard_normal((60, 12)) * np.where(np.arange(12) < 3, 2, 1)
    C, D = svd_autoencoder(X, 3)
    return X, C @ D, tail(X, 3)


def separated(rng):
    """A 9 x 5 matrix with well separated singular values, random directions."""
    U, V = (linalg.qr(rng.standard_normal((n, 5)), mode="economic")[0] for n in (9, 5))
    return U * np.sqrt([7.0, 5.0, 3.5, 2.0, 1.0]) @ V.T


def descend(loss, p, X, steps=800):
    """Gradient descent on all data, with steps 1/(4 s_1^2)."""
    step = 0.25 / linalg.norm(X, 2) ** 2
    for _ in range(steps):
        p = trees.axpy(-step, loss(p, X)[1](1.0)[0], p)
    return p
