"""The Kozachenko-Leonenko estimate of entropy as a layer: neighbours come in as indices, the gradient is exact."""

from __future__ import annotations

import numpy as np
from scipy.special import digamma

from refvae.entropy.balls import check_norm, log_ball_volume
from refvae.inputs import floating, indices
from refvae.trees import Array, Pull


def log_norm(delta: Array, norm: float = 2) -> tuple[Array, Pull]:
    """log of the norm of every row.   delta: (n, d) -> (n,), Euclidean or maximum norm                   (6.10)

    The maximum norm sees only the largest entry of a row, the first of them if there are several. Rows of any size:
    they are squared after multiplication by a power of two.
    """
    check_norm(norm)
    delta = floating(delta, "delta")
    largest = np.abs(delta.real).argmax(1)[:, None]                                                     # (6.10)
    if norm == np.inf:
        delta = np.where(np.arange(delta.shape[1]) == largest, delta, 0)                                # (6.10)
    scale, e = power_of_two(np.take_along_axis(delta.real, largest, 1))                                 # (6.10)
    unit = delta * scale                                                                                # (6.10)
    square = np.einsum("ij,ij->i", unit, unit)                                                          # (6.10)
    y = np.log(square) / 2 + e * float(np.log(2))                                                       # (6.10)
    return y, lambda dy: (dy / square)[:, None] * unit * scale                                          # (6.10)


def power_of_two(size: Array) -> tuple[Array, Array]:
    """Factors 2^-e (n, 1) that bring numbers (n, 1) near 1, and e (n,), of their dtype; 1 and 0 where squares do."""
    if size.dtype == object:  # exact numbers do not overflow
        return 0 * size + 1, 0 * size[:, 0]
    limit = np.finfo(size.dtype).maxexp // 4
    e = np.clip(np.frexp(size)[1], -4 * limit + 4, 4 * limit - 4)
    e = np.where(np.abs(e) < limit, 0, e)
    return np.ldexp(np.ones_like(size), -e), e[:, 0].astype(size.dtype)                                 # (6.10)


def take(x: Array, idx: Array) -> tuple[Array, Pull]:
    """Rows x[idx].   x: (m, d), idx: (n,) -> (n, d); its pull adds up what every row gets"""
    x = floating(x, "x")
    idx = indices(idx, len(x), "idx")

    def pull(dy: Array) -> tuple[Array, None]:
        m, d = x.shape
        flat = (idx[:, None] * d + np.arange(d)).ravel()                                                # (6.11)
        dx = np.zeros(m * d, dy.dtype)
        np.add.at(dx, flat, dy.ravel())                                                                 # (6.11)
        return dx.reshape(m, d), None

    return x[idx], pull


def last_column(idx: Array, n: int, m: int) -> Array:
    """The farthest neighbours (n,) of n points among m, of idx (n, k); TypeError or ValueError for other idx."""
    idx = indices(idx, m, "idx").astype(np.intp, copy=False)
    if idx.ndim != 2 or len(idx) != n or not idx.shape[1]:
        raise ValueError(f"idx: got shape {idx.shape}, wanted ({n}, k), a row for every point")
    return idx[:, -1]


def knn_entropy_layer(x: Array, idx: Array, norm: float = 2) -> tuple[Array, Pull]:
    """Estimate of the entropy in nats, neighbours given.   x: (n, d), idx: (n, k) -> h ()         (6.5), adjoint (6.11)

    idx holds the nearest other rows of every row, in ascending distance, as `neighbours` gives them; only the last
    column counts. Where the neighbours are unique, h with them held fixed has the gradient of the estimate (6.13).
    Raises TypeError or ValueError for other shapes of idx.   [Kozachenko and Leonenko 1987]
    """
    x = floating(x, "x")
    (n, d), far = x.shape, last_column(idx, len(x), len(x))
    other, pull_other = take(x, far)
    log_rho, pull_log_rho = log_norm(x - other, norm)                                                   # (6.5)
    constant = float(digamma(n) - digamma(np.shape(idx)[1])) + log_ball_volume(d, norm)                 # (6.4)
    h = constant + d * log_rho.mean()                                                                   # (6.5)

    def pull(dh: Array) -> tuple[Array, None]:
        ddelta = pull_log_rho(np.full(n, dh * d / n, log_rho.dtype))                                    # (6.11)
        return ddelta - pull_other(ddelta)[0], None                                                     # (6.11)

    return h, pull
