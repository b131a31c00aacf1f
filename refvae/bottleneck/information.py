"""Information where it can be computed exactly: finite alphabets and Gaussian channels. All values in nats."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.special import entr, kl_div, xlogy

from refvae.inputs import array, in_range, matrix, real, same_shape, vector
from refvae.trees import Array
from refvae.vae.normal import exp_minus_tangent, kl_std_normal


class Chain(NamedTuple):
    """KL(q(x, z) || p(x, z)), and the pairs (marginal, conditional) into which x first, or z first, splits it."""

    joint: float
    by_x: tuple[float, float]
    by_z: tuple[float, float]


class Split(NamedTuple):
    """Mean of KL(q(z|x) || p(z)); I(X;Z); KL(q(z) || p(z))."""

    rate: float
    information: float
    marginal: float


class Factors(NamedTuple):
    """KL(q(z) || p(z)) for a prior with independent coordinates; total correlation; one divergence per coordinate."""

    total: float
    correlation: float
    each: Array


def chain_rule(q: Any, p: Any) -> Chain:
    """The divergence of two joint laws, tables (n, m) over x and z, split both ways.                     (5.2)

    Raises TypeError or ValueError unless both are tables of one shape, nonnegative and of sum 1.
    """
    q, p = _law(q, "q", 2), _law(p, "p", 2)
    same_shape(q, p, "q and p")
    joint = _divergences(q, p).sum()                                                                    # (5.2)
    return Chain(float(joint), _marginal_and_conditional(q, p), _marginal_and_conditional(q.T, p.T))


def _marginal_and_conditional(q: Array, p: Array) -> tuple[float, float]:
    qx, px = q.sum(1), p.sum(1)                                                                         # (5.2)
    seen = (qx > 0) & (px > 0)  # where px = 0 < qx the marginal term is infinite already
    each = _divergences(q[seen] / qx[seen, None], p[seen] / px[seen, None]).sum(1)                      # (5.2)
    return float(_divergences(qx, px).sum()), float(qx[seen] @ each)                                    # (5.2)


def _divergences(q: Array, p: Array) -> Array:
    """The terms q log(q/p) - q + p >= 0 of the divergence of two laws, without cancellation where q is near p.   (5.2a)

    q (..., m), p (m,) or (..., m) -> (..., m). Their sum does not feel that sums of probabilities are rounded.
    """
    near = np.abs(p - q) < q / 2                                                                        # (5.2a)
    log_ratio = np.log1p(np.where(near, p - q, 0) / np.where(near, q, 1))                               # (5.2a)
    terms: Array = np.where(near, q * exp_minus_tangent(log_ratio), kl_div(q, p))                       # (5.2a)
    return terms


def rate_split(weights: Any, channel: Any, prior: Any) -> Split:
    """Rate, information and marginal divergence of a discrete encoder.                                   (5.3)

    weights p_data(x) (n,); channel q(z|x) (n, m), rows of sum 1; prior p(z) (m,). Raises TypeError or ValueError for
    what is no law.
    """
    w, r = _law(vector(weights, "weights"), "weights"), _law(vector(prior, "prior"), "prior")
    q = _channel(channel, w)
    same_shape(q[0], r, "a row of channel and prior")
    qz = w @ q                                                                                          # (5.3)
    rate, information = (w @ _divergences(q, each).sum(1) for each in (r, qz))                          # (5.3)
    return Split(float(rate), float(information), float(_divergences(qz, r).sum()))                     # (5.3)


def mean_excess(weights: Any, channel: Any, capacity: float) -> float:
    """E max(log q(z|x)/q(z) - capacity, 0) of a discrete encoder, the clipped rate.                     (5.11)

    weights (n,), channel (n, m) as in `rate_split`. Raises TypeError or ValueError for what is no law or number.
    """
    w, capacity = _law(vector(weights, "weights"), "weights"), real(capacity, "capacity")
    q = _channel(channel, w)
    joint, qz = w[:, None] * q, w @ q                                                                   # (5.11)
    seen = joint > 0
    q, qz = np.where(seen, q, 1), np.where(seen, qz, 1)                                                 # (5.11)
    ratio = np.where(np.abs(q - qz) < qz / 2, np.log1p((q - qz) / qz), np.log(q / qz))                  # (5.11)
    return float((joint * np.maximum(ratio - capacity, 0)).sum())                                       # (5.11)


def information_bounds(joint: Any, channel: Any, decoder: Any) -> tuple[float, float, float]:
    """(E -log q(y|z), H(Y|Z), H(Y) - I(X;Z)), which descend.                                            (5.13)

    joint p_data(x, y) (n, m); channel q(z|x) (n, l); decoder q(y|z) (l, m), rows of sum 1. Raises TypeError or
    ValueError for what is no law.
    """
    xy = _law(joint, "joint", 2)
    w = xy.sum(1)                                                                                       # (5.13)
    q = _channel(channel, w)
    d = _rows(decoder, "decoder")
    same_shape(d, np.empty((q.shape[1], xy.shape[1])), "decoder against (codes, labels)")
    zy, qz = q.T @ xy, w @ q                                                                           # (5.13)
    cross = -xlogy(zy, d).sum()                                                                         # (5.13)
    conditional = qz @ entr(zy / np.where(qz > 0, qz, 1)[:, None]).sum(1)                               # (5.13)
    floor = entr(xy.sum(0)).sum() - w @ _divergences(q, qz).sum(1)                                      # (5.13)
    return float(cross), float(conditional), float(floor)


@in_range
def gaussian_factors(mean: Any, cov: Any) -> Factors:
    """KL(N(mean, cov) || N(0, I)) = total correlation + one divergence per coordinate.                   (5.4)

    mean (k,), cov (k, k) positive definite. Raises TypeError or ValueError for other input.
    """
    m, S = vector(mean, "mean"), matrix(cov, "cov")
    same_shape(np.outer(m, m), S, "the outer product of mean and cov")
    total = (m @ m + exp_minus_tangent(_log_eigenvalues(S, "cov")).sum()) / 2                           # (5.4)
    var, scale = np.diag(S), np.sqrt(np.diag(S))                                                        # (5.4)
    rho = S / np.outer(scale, scale)                                                                    # (5.4)
    np.fill_diagonal(rho, 1)                                                                            # (5.4)
    correlation = exp_minus_tangent(_log_eigenvalues(rho, "cov")).sum() / 2                             # (5.4)
    return Factors(float(total), float(correlation), kl_std_normal(m[:, None], np.log(var)[:, None])[0])  # (5.4)


@in_range
def gaussian_split(S: Any, A: Any, b: Any, var: Any) -> Split:
    """Rate, information and marginal divergence of z = xA + b + noise, x ~ N(0, S), prior N(0, I).       (5.5)

    S (d, d) positive definite, A (d, k), b (k,), var (k,) > 0, the variances of the noise. Raises TypeError or
    ValueError for other input.
    """
    S, A, b, var = matrix(S, "S"), matrix(A, "A"), vector(b, "b"), vector(var, "var")
    same_shape(b, var, "b and var")
    same_shape(A, np.empty((len(S), len(b))), "A against (d, k)")
    if not (var > 0).all():
        raise ValueError(f"var: got {var.min()}, wanted variances above 0")
    _log_eigenvalues(S, "S")
    signal = A.T @ S @ A                                                                                # (5.5)
    rate = np.trace(signal) / 2 + kl_std_normal(b, np.log(var))[0]                                      # (5.5)
    gains = np.linalg.svd(np.linalg.cholesky(S).T @ A / np.sqrt(var), compute_uv=False) ** 2            # (5.5)
    marginal = gaussian_factors(b, signal + np.diag(var)).total                                         # (5.5)
    return Split(float(rate), float(np.log1p(gains).sum() / 2), marginal)                               # (5.5)


def _law(p: Any, name: str, ndim: int | None = None) -> Array:
    """Probabilities as float64: finite, nonnegative, of sum 1."""
    a = array(p, name)
    if ndim not in (None, a.ndim) or not (a >= 0).all():
        raise ValueError(f"{name}: got shape {a.shape}, least entry {a.min(initial=np.inf)}, wanted probabilities")
    if abs(a.sum() - 1) > 1e-9:
        raise ValueError(f"{name}: got probabilities of sum {a.sum()}, wanted 1")
    return a


def _rows(channel: Any, name: str) -> Array:
    q: Array = matrix(channel, name)
    _law(q / len(q), name)
    if (np.abs(q.sum(1) - 1) > 1e-9).any():
        raise ValueError(f"{name}: got a row of sum {q.sum(1)[np.argmax(np.abs(q.sum(1) - 1))]}, wanted 1")
    return q


def _channel(channel: Any, weights: Array) -> Array:
    q = _rows(channel, "channel")
    same_shape(q[:, 0], weights, "a column of channel and the weights")
    return q


def _log_eigenvalues(S: Array, name: str) -> Array:
    """Logarithms of the eigenvalues, of those near 1 from S - I. ValueError unless symmetric positive definite."""
    symmetric = S.shape[0] == S.shape[1] and np.abs(S - S.T).max() <= 1e-9 * np.abs(S).max()
    values = np.linalg.eigvalsh(S) if symmetric else np.array([-np.inf])
    if not values[0] > 0:
        raise ValueError(f"{name}: got shape {S.shape}, least eigenvalue {values[0]}, wanted symmetric positive "
                         "definite")
    near = np.abs(values - 1) < 0.5                                                                     # (5.4)
    beyond = np.where(near, np.linalg.eigvalsh(S - np.eye(len(S))), values)                             # (5.4)
    logs: Array = np.where(near, np.log1p(beyond), np.log(values))                                      # (5.4)
    return logs
