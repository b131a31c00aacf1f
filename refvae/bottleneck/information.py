"""Information where it can be computed exactly: finite alphabets and Gaussian channels. All values in nats."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.special import entr, rel_entr

from refvae.inputs import matrix, same_shape
from refvae.trees import Array


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
    joint = rel_entr(q, p).sum()                                                                        # (5.2)
    return Chain(float(joint), _marginal_and_conditional(q, p), _marginal_and_conditional(q.T, p.T))


def _marginal_and_conditional(q: Array, p: Array) -> tuple[float, float]:
    qx, px = q.sum(1), p.sum(1)
    seen = (qx > 0) & (px > 0)  # where px = 0 < qx the marginal term is infinite already
    each = rel_entr(q[seen] / qx[seen, None], p[seen] / px[seen, None]).sum(1)
    return float(rel_entr(qx, px).sum()), float(qx[seen] @ each)                                        # (5.2)


def rate_split(weights: Any, channel: Any, prior: Any) -> Split:
    """Rate, information and marginal divergence of a discrete encoder.                                   (5.3)

    weights p_data(x) (n,); channel q(z|x) (n, m), rows of sum 1; prior p(z) (m,). Raises TypeError or ValueError for
    what is no law.
    """
    w, r = _law(weights, "weights"), _law(prior, "prior")
    q = _channel(channel, w)
    same_shape(q[0], r, "a row of channel and prior")
    qz = w @ q
    rate = w @ rel_entr(q, r).sum(1)                                                                    # (5.3)
    information = entr(qz).sum() - w @ entr(q).sum(1)                                                   # (5.3)
    return Split(float(rate), float(information), float(rel_entr(qz, r).sum()))                         # (5.3)


def mean_excess(weights: Any, channel: Any, capacity: float) -> float:
    """E max(log q(z|x)/q(z) - capacity, 0) of a discrete encoder, the clipped rate.                     (5.11)

    weights (n,), channel (n, m) as in `rate_split`. Raises TypeError or ValueError for what is no law.
    """
    w = _law(weights, "weights")
    q = _channel(channel, w)
    joint, qz = w[:, None] * q, w @ q
    seen = joint > 0
    ratio = np.log(np.where(seen, q, 1) / np.where(seen, qz, 1))
    return float((joint * np.maximum(ratio - capacity, 0)).sum())                                       # (5.11)


def information_bounds(joint: Any, channel: Any, decoder: Any) -> tuple[float, float, float]:
    """(E -log q(y|z), H(Y|Z), H(Y) - I(X;Z)), which descend.                                            (5.13)

    joint p_data(x, y) (n, m); channel q(z|x) (n, l); decoder q(y|z) (l, m), rows of sum 1. Raises TypeError or
    ValueError for what is no law.
    """
    xy = _law(joint, "joint", 2)
    w = xy.sum(1)
    q = _channel(channel, w)
    d = _rows(decoder, "decoder")
    same_shape(d, np.empty((q.shape[1], xy.shape[1])), "decoder against (codes, labels)")
    zy, qz = q.T @ xy, w @ q
    cross = rel_entr(zy, d).sum() + entr(zy).sum()                                                      # (5.13)
    conditional = entr(zy).sum() - entr(qz).sum()                                                       # (5.13)
    floor = entr(xy.sum(0)).sum() - (entr(qz).sum() - w @ entr(q).sum(1))                               # (5.13)
    return float(cross), float(conditional), float(floor)


def gaussian_factors(mean: Any, cov: Any) -> Factors:
    """KL(N(mean, cov) || N(0, I)) = total correlation + one divergence per coordinate.                   (5.4)

    mean (k,), cov (k, k) positive definite. Raises TypeError or ValueError for other input.
    """
    m, S = matrix(np.atleast_2d(mean), "mean")[0], matrix(cov, "cov")
    same_shape(np.outer(m, m), S, "the outer product of mean and cov")
    logdet, var = _logdet(S, "cov"), np.diag(S)
    total = (m @ m + np.trace(S) - len(m) - logdet) / 2                                                 # (5.4)
    scale = np.sqrt(var)
    correlation = -_logdet(S / np.outer(scale, scale), "cov") / 2                                       # (5.4)
    return Factors(float(total), float(correlation), (m * m + var - 1 - np.log(var)) / 2)               # (5.4)


def gaussian_split(S: Any, A: Any, b: Any, var: Any) -> Split:
    """Rate, information and marginal divergence of z = xA + b + noise, x ~ N(0, S), prior N(0, I).       (5.5)

    S (d, d) positive definite, A (d, k), b (k,), var (k,) > 0, the variances of the noise. Raises TypeError or
    ValueError for other input.
    """
    S, A = matrix(S, "S"), matrix(A, "A")
    b, var = (matrix(np.atleast_2d(each), name)[0] for each, name in ((b, "b"), (var, "var")))
    same_shape(b, var, "b and var")
    same_shape(A, np.empty((len(S), len(b))), "A against (d, k)")
    if not (var > 0).all():
        raise ValueError(f"var: got {var.min()}, wanted variances above 0")
    _logdet(S, "S")
    signal = A.T @ S @ A
    rate = (np.trace(signal) + b @ b + (var - 1 - np.log(var)).sum()) / 2                               # (5.5)
    information = np.linalg.slogdet(np.eye(len(b)) + signal / var)[1] / 2                               # (5.5)
    return Split(float(rate), float(information), gaussian_factors(b, signal + np.diag(var)).total)     # (5.5)


def _law(p: Any, name: str, ndim: int | None = None) -> Array:
    """Probabilities as float64: finite, nonnegative, of sum 1."""
    a: Array = np.asarray(p)
    if a.dtype.kind not in "biuf":
        raise TypeError(f"{name}: got dtype {a.dtype}, wanted real numbers")
    a = a.astype(np.float64)
    if a.size == 0 or ndim not in (None, a.ndim) or not (np.isfinite(a).all() and (a >= 0).all()):
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


def _logdet(S: Array, name: str) -> float:
    symmetric = S.shape[0] == S.shape[1] and np.abs(S - S.T).max() <= 1e-9 * np.abs(S).max()
    least = float(np.linalg.eigvalsh(S)[0]) if symmetric else -np.inf
    if not least > 0:
        raise ValueError(f"{name}: got shape {S.shape}, least eigenvalue {least}, wanted symmetric positive definite")
    return float(np.linalg.slogdet(S)[1])
