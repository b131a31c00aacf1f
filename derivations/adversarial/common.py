"""Laws, families and networks that several sections use."""

from __future__ import annotations

import numpy as np

from refvae.check.identity import along
from refvae.layers import Dense, mlp_init


def law(rng, n=6):
    """Positive probabilities."""
    p = rng.exponential(size=n) + 0.1
    return p / p.sum()


def table(rng, n=5, m=4):
    """A joint law."""
    return law(rng, n * m).reshape(n, m)


def kl(a, b):
    """Relative entropy, term by term."""
    return sum(u * np.log(u / v) for u, v in zip(np.ravel(a), np.ravel(b), strict=True) if u > 0)


def softmax(theta):
    """Probabilities from logits, real or complex."""
    e = np.exp(theta - theta.real.max())
    return e / e.sum()


def slope(f, theta):
    """The gradient of an analytic function of a vector, by complex steps or exactly."""
    return np.array([along(f, theta, row) for row in np.eye(len(theta))])


def jensen_shannon(p, q):
    """JS of two laws, real or complex."""
    m = (p + q) / 2
    return (np.sum(p * np.log(p / m)) + np.sum(q * np.log(q / m))) / 2


def mixture(p, q):
    """KL(m || q), real or complex."""
    m = (p + q) / 2
    return np.sum(m * np.log(m / q))


def net(rng, *sizes):
    """A perceptron with biases that are not zero."""
    return tuple(Dense(p.W, rng.standard_normal(p.b.shape) / 2) for p in mlp_init(sizes, rng))


def run(p, x):
    """A perceptron with tanh, line by line."""
    for layer in p[:-1]:
        x = np.tanh(x @ layer.W + layer.b)
    return x @ p[-1].W + p[-1].b


def sigmoid(t):
    """1 / (1 + e^-t)."""
    return 1 / (1 + np.exp(-t))
