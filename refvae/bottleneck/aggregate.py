"""The aggregated posterior of finite data, a mixture with one component per example, and what it tells of I(X;Z)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from refvae.inputs import matrix, same_shape
from refvae.trees import Array, Pull
from refvae.vae.normal import LOG_2PI, gaussian_nll, kl_std_normal, reparam


class Estimate(NamedTuple):
    """The rate, exact; I(X;Z) and KL(q(z) || p(z)), from samples; the standard error of both."""

    rate: float
    information: float
    marginal: float
    error: float


def neg_log_aggregate(z: Array, mu: Array, logvar: Array) -> tuple[Array, Pull]:
    """-log of the mean over j of N(z; mu_j, diag e^logvar_j), in nats.                      (5.6), adjoint (5.7)

    z: (n, k), mu and logvar: (N, k) -> (n,)
    """
    same_shape(mu, logvar, "mu and logvar")
    same_shape(z[0], mu[0], "a row of z and of mu")
    precision, cost = np.exp(-logvar), 0.0
    for r, s, t in zip(_differences(z, mu), precision.T, logvar.T, strict=True):  # (n, N) each, never (n, N, k)
        cost = cost + (r * r * s + t + LOG_2PI) / 2                                                     # (5.6)
    least = np.asarray(cost).real.min(1)
    e = np.exp(least[:, None] - cost)
    nll = least - np.log(e.mean(1))                                                                     # (5.6)

    def pull(dnll: Array) -> tuple[Array, Array, Array]:
        g = dnll[:, None] * e / e.sum(1)[:, None]                                                       # (5.7)
        columns = [(g * r * s, g * (1 - r * r * s) / 2)                                                 # (5.7)
                   for r, s in zip(_differences(z, mu), precision.T, strict=True)]
        dz = np.stack([gr.sum(1) for gr, _ in columns], 1)                                              # (5.7)
        return dz, -np.stack([gr.sum(0) for gr, _ in columns], 1), np.stack([h.sum(0) for _, h in columns], 1)  # (5.7)

    return nll, pull


def _differences(z: Array, mu: Array) -> Any:
    """z_i - mu_j of one feature after the other."""
    return (z[:, None, feature] - mu[:, feature] for feature in range(z.shape[1]))


def pointwise_information(mu: Array, logvar: Array, z: Array) -> tuple[Array, Pull]:
    """log q(z_i|x_i) - log q(z_i) with the mixture q(z) of the same rows; at most log n.   all (n, k) -> (n,)  (5.8)"""
    same_shape(mu, z, "mu and z")
    own, pull_own = gaussian_nll(mu, logvar, z)
    mixed, pull_mixed = neg_log_aggregate(z, mu, logvar)
    information = mixed - own                                                                           # (5.8)

    def pull(d: Array) -> tuple[Array, Array, Array]:
        dmu, dlogvar, dz = pull_own(-d)                                                                 # (5.8)
        dz_mixed, dmu_mixed, dlogvar_mixed = pull_mixed(d)                                              # (5.8)
        return dmu + dmu_mixed, dlogvar + dlogvar_mixed, dz + dz_mixed                                  # (5.8)

    return information, pull


def estimate_split(mu: Any, logvar: Any, eps: Any) -> Estimate:
    """Rate = I(X;Z) + KL(q(z) || N(0, I)) for p_data uniform on n examples, by sampling z.               (5.9)

    mu, logvar: (n, k), what the encoder says of the examples; eps: (draws >= 2, n, k), standard normal. The error is
    that of draws within each example. Raises TypeError or ValueError for other input.
    """
    mu, logvar = matrix(mu, "mu"), matrix(logvar, "logvar")
    same_shape(mu, logvar, "mu and logvar")
    noise = [matrix(each, "eps") for each in eps]
    if len(noise) < 2:
        raise ValueError(f"eps: got {len(noise)} draws, wanted at least 2")
    same_shape(noise[0], mu, "a draw of eps and mu")
    samples = np.array([pointwise_information(mu, logvar, reparam(mu, logvar, e)[0])[0] for e in noise])
    rate, information = kl_std_normal(mu, logvar)[0].mean(), samples.mean()                             # (5.9)
    error = np.sqrt(samples.var(0, ddof=1).mean() / samples.size)                                       # (5.9)
    return Estimate(float(rate), float(information), float(rate - information), float(error))           # (5.9)


def batch_bounds(log_q: Any) -> tuple[float, float]:
    """One batch's lower and upper estimate of I(X;Z), whose means bound it.                             (5.10)

    log_q[i, j] = log q(z_i|x_j), (K, K) with K >= 2, for a batch x_1..x_K and z_i ~ q(z|x_i). Raises TypeError or
    ValueError for other input. [Poole et al. 2019, section 2]
    """
    log_q = matrix(log_q, "log_q")
    same_shape(log_q, log_q.T, "log_q and its transpose")
    K = len(log_q)
    if K < 2:
        raise ValueError(f"log_q: got {K} example, wanted at least 2")
    own, others = np.diag(log_q), log_q[~np.eye(K, dtype=bool)].reshape(K, K - 1)
    lower = np.mean(own - np.logaddexp.reduce(log_q, 1)) + np.log(K)                                    # (5.10)
    upper = np.mean(own - np.logaddexp.reduce(others, 1)) + np.log(K - 1)                               # (5.10)
    return float(lower), float(upper)
