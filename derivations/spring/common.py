"""Quadrature, random states of a spring, and a Ritz method, for the evidence of derivations/spring.md."""

from __future__ import annotations

import numpy as np
from numpy.polynomial import Polynomial, legendre

NODES, WEIGHTS = legendre.leggauss(40)
S, W = (NODES + 1) / 2, WEIGHTS / 2  # on [0, 1]


def between(a, b):
    """Gauss-Legendre nodes and weights on [a, b]."""
    return a + (b - a) * S, (b - a) * W


def speeds(rng, count=5):
    """Values of theta between 0.2 and 1.25."""
    return rng.uniform(0.2, 1.25, count)


def state(rng):
    """A stretched spring: an increasing polynomial y with y(0) = 0, its slope positive."""
    a, b, c = rng.uniform([0.6, 0.1, 0.1], [1.2, 0.5, 0.5])
    return Polynomial([0, a, b, c])


def ritz(count=16):
    """Matrices of the integrals of h'h' and hh, and of h', for h = s P_k(2s - 1), all of which have h(0) = 0."""
    x = legendre.legvander(NODES, count - 1)
    slopes = 2 * legendre.legval(NODES, legendre.legder(np.eye(count), axis=0)).T
    h, dh = S[:, None] * x, x + S[:, None] * slopes
    return dh.T @ (W[:, None] * dh), h.T @ (W[:, None] * h), W @ dh
