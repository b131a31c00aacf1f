"""The Kozachenko-Leonenko estimate of entropy as a layer: neighbours come in as indices, the gradient is exact."""

from __future__ import annotations

import numpy as np
from scipy.special import digamma

from refvae.entropy.balls import check_norm, log_ball_volume
from refvae.trees import Array, Pull


def log_norm(delta: Array, norm: float = 2) -> tuple[Array, Pull]:
    """log of the norm of every row.   delta: (n, d) -> (n,), Euclidean or maximum norm                   (6.10)

    The maximum norm sees only the largest entry of a row, the first of them if there are several.
    """
    check_norm(norm)
    if norm == np.inf:
        largest = np.abs(delta.real).argmax(1)[:, None]
        delta = np.where(np.arange(delta.shape[1]) == largest, delta, 0)
    square = np.einsum("ij,ij->i", delta, delta)
    return np.log(square) / 2, lambda dy: (dy / square)[:, None] * delta                                # (6.10)


def take(x: Array, idx: Array) -> tuple[Array, Pull]:
    """Rows x[idx].   x: (m, d), idx: (n,) -> (n, d); its pull adds up what every row gets"""
    def pull(dy: Array) -> tuple[Array, None]:
        m, d = x.shape
        flat = (idx[:, None] * d + np.arange(d)).ravel()
        dx = np.bincount(flat, dy.real.ravel(), m * d)                                                  # (6.11)
        if np.iscomplexobj(dy):
            dx = dx + 1j * np.bincount(flat, dy.imag.ravel(), m * d)
        return dx.reshape(m, d).astype(dy.dtype, copy=False), None

    return x[idx], pull


def knn_entropy_layer(x: Array, idx: Array, norm: float = 2) -> tuple[Array, Pull]:
    """Estimate of the entropy in nats, neighbours given.   x: (n, d), idx: (n, k) -> h ()         (6.5), adjoint (6.11)

    idx holds the nearest other rows of every row, in ascending distance, as `neighbours` gives them; only the last
    column counts. Where the neighbours are unique, h with them held fixed has the gradient of the estimate (6.13).
    [Kozachenko and Leonenko 1987]
    """
    (n, d), k = x.shape, idx.shape[1]
    other, pull_other = take(x, idx[:, -1])
    log_rho, pull_log_rho = log_norm(x - other, norm)
    constant = float(digamma(n) - digamma(k)) + log_ball_volume(d, norm)                                # (6.4)
    h = constant + d * log_rho.mean()                                                                   # (6.5)

    def pull(dh: Array) -> tuple[Array, None]:
        ddelta = pull_log_rho(np.full(n, dh * d / n, log_rho.dtype))                                    # (6.11)
        return ddelta - pull_other(ddelta)[0], None                                                     # (6.11)

    return h, pull
