"""Laws and networks that several sections use."""

from __future__ import annotations

import numpy as np

from refvae.layers import Dense, mlp_init, tanh
from refvae.vae import VAE

LABELS = np.array([2, 0, 3, 3, 1, 0, 2])


def law(rng, *shape):
    """Positive probabilities along the last axis."""
    p = rng.exponential(size=shape) + 0.05
    return p / p.sum(-1, keepdims=True)


def table(rng, n, m):
    """A joint law."""
    return law(rng, n * m).reshape(n, m)


def encoder(rng):
    """Weights of five examples, their channel to four codes, and a prior."""
    return law(rng, 5), law(rng, 5, 4), law(rng, 4)


def posteriors(rng, n=7, k=3):
    """Means and log-variances of n examples in k dimensions, which overlap."""
    return rng.standard_normal((n, k)), rng.standard_normal((n, k)) / 2 - 0.5


def noisy(layers, rng):
    """The same layers with biases that are not zero."""
    return tuple(Dense(p.W, rng.standard_normal(p.b.shape) / 2) for p in layers)


def network(rng, classes=4):
    """Encoder 6-5-2*3 and classifier 3-5-4, all sizes different, for seven rows."""
    p = VAE(noisy(mlp_init((6, 5, 6), rng), rng), noisy(mlp_init((3, 5, classes), rng), rng))
    return p, rng.standard_normal((7, 6)), LABELS, rng.standard_normal((7, 3))


def smooth(objective, *settings):
    """An objective of (p, x, labels, eps) with tanh and fixed settings."""
    return lambda p, x_frozen, labels, eps: objective(p, x_frozen, labels, eps, *settings, activation=tanh)


def forward(p, x, eps):
    """mu, logvar, z and logits of the network, line by line, with tanh."""
    (W1, b1), (W2, b2) = p.enc
    (W3, b3), (W4, b4) = p.dec
    h = np.tanh(x @ W1 + b1) @ W2 + b2
    k = h.shape[1] // 2
    mu, logvar = h[:, :k], h[:, k:]
    z = mu + np.exp(0.5 * logvar) * eps
    return mu, logvar, z, np.tanh(z @ W3 + b3) @ W4 + b4
