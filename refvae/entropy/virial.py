"""How the estimate answers a linear map of the data: a diagnostic of directions in which neighbours do not lie."""

from __future__ import annotations

from typing import Any

import numpy as np

from refvae.entropy.kl import log_norm
from refvae.entropy.neighbours import check_search, neighbours
from refvae.entropy.ties import refuse_ties
from refvae.inputs import matrix
from refvae.trees import Array


def virial(x: Any, k: int = 3, norm: float = 2) -> Array:
    """The derivative T (d, d) of the estimate of H(XA) with respect to A at A = I.   x: (n, d)           (6.70)

    The entropy itself has the derivative I; `np.linalg.norm(T - I)` tells how unevenly neighbours lie, and the smallest
    eigenvalue of T whether there are directions in which they do not lie at all: there the units are too small, or
    columns nearly depend on each other. Raises TypeError or ValueError for bad input, for k >= n and for points whose
    k-th neighbour is at distance 0.
    """
    x = matrix(x, "x")
    check_search(norm, 1)
    near = neighbours(x, k, norm=norm)
    refuse_ties(near.rho[:, -1], "x")
    return virial_of(x - x[near.idx[:, -1]], norm)                                                      # (6.70)


def virial_of(delta: Array, norm: float) -> Array:
    """The same from the differences delta (n, d) between points and their neighbours.                    (6.70)"""
    w = log_norm(delta, norm)[1](np.ones(len(delta)))
    return np.asarray(delta.shape[1] / len(delta) * delta.T @ w)                                        # (6.70)
