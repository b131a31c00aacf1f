"""Divergence and cross-entropy of two samples as layers: neighbours come in as indices, the gradients are exact."""

from __future__ import annotations

import numpy as np
from scipy.special import digamma

from refvae.entropy.balls import log_ball_volume
from refvae.entropy.kl import knn_entropy_layer, last_column, log_norm, take
from refvae.inputs import floating, same_shape
from refvae.trees import Array, Pull


def knn_cross_entropy_layer(x: Array, y: Array, idx: Array, norm: float = 2) -> tuple[Array, Pull]:
    """Cross-entropy of x with y.   x: (n, d), y: (m, d), idx: (n, k), rows of y -> c () nats   (6.31), adjoint (6.35)

    idx holds the nearest rows of y for every row of x, in ascending distance; only the last column counts. Raises
    TypeError or ValueError for other shapes.
    """
    x, y = floating(x, "x"), floating(y, "y")
    same_shape(x[0], y[0], "a row of x and of y")
    (n, d), far = x.shape, last_column(idx, len(x), len(y))
    other, pull_other = take(y, far)
    log_nu, pull_log_nu = log_norm(x - other, norm)                                                     # (6.31), (6.35)
    constant = float(digamma(len(y) + 1) - digamma(np.shape(idx)[1])) + log_ball_volume(d, norm)        # (6.31)
    c = constant + d * log_nu.mean()                                                                    # (6.31)

    def pull(dc: Array) -> tuple[Array, Array, None]:
        ddelta = pull_log_nu(np.full(n, dc * d / n, log_nu.dtype))                                      # (6.35)
        return ddelta, -pull_other(ddelta)[0], None                                                     # (6.35)

    return c, pull


def knn_divergence_layer(x: Array, y: Array, idx: Array, idx_y: Array, norm: float = 2) -> tuple[Array, Pull]:
    """KL(p || q) from x ~ p, y ~ q.   x: (n, d), y: (m, d), idx, idx_y: (n, k) -> () nats     (6.30), adjoint (6.35)

    idx holds the nearest other rows of x, idx_y the nearest rows of y, for every row of x and in ascending distance.
    """
    same_shape(idx, idx_y, "idx and idx_y")
    c, pull_c = knn_cross_entropy_layer(x, y, idx_y, norm)
    h, pull_h = knn_entropy_layer(x, idx, norm)

    def pull(ddivergence: Array) -> tuple[Array, Array, None, None]:
        dx, dy, _ = pull_c(ddivergence)
        return dx - pull_h(ddivergence)[0], dy, None, None                                              # (6.35)

    return c - h, pull                                                                                  # (6.30)
