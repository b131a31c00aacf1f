"""The aggregated posterior of finite data, a mixture with one component per example, and what it tells of I(X;Z)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from refvae.inputs import array, floating, in_range, matrix, same_shape
from refvae.trees import Array, Pull
from refvae.vae.normal import LOG_2PI, kl_std_normal, reparam, scaled


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
    cost, pull_costs = _costs(z, mu, logvar)
    least, e = _shifted(cost)
    nll = least - np.log(e.mean(1))                                                                     # (5.6)
    return nll, lambda dnll: pull_costs(dnll[:, None] * e / e.sum(1)[:, None])                          # (5.7)


def _costs(z: Array, mu: Array, logvar: Array) -> tuple[Array, Pull]:
    """-log N(z_i; mu_j, diag e^logvar_j), (n, N), one feature after the other: never (n, N, k)."""
    same_shape(mu, logvar, "mu and logvar")
    same_shape(z[0], mu[0], "a row of z and of mu")
    z, mu, logvar = floating(z, "z"), floating(mu, "mu"), floating(logvar, "logvar")
    roots = np.exp(-logvar / 2)                                                                         # (5.6)
    cost = np.zeros_like(z, shape=(len(z), len(mu)))
    for t, log in zip(_standardised(z, mu, roots), logvar.T, strict=True):
        cost = cost + (t * t + log + LOG_2PI) / 2                                                       # (5.6)

    def pull(d: Array) -> tuple[Array, Array, Array]:
        columns = [(scaled(d * t, root), (d - d * t * t) / 2) for t, root in zip(                       # (5.7)
            _standardised(z, mu, roots), roots.T, strict=True)]
        dz = np.stack([dr.sum(1) for dr, _ in columns], 1)                                              # (5.7)
        dmu = -np.stack([dr.sum(0) for dr, _ in columns], 1)                                            # (5.7)
        return dz, dmu, np.stack([dlogvar.sum(0) for _, dlogvar in columns], 1)                         # (5.7)

    return cost, pull


def _standardised(z: Array, mu: Array, roots: Array) -> Any:
    """(z_i - mu_j) / sigma_j of one feature after the other."""
    return (scaled(z[:, None, j] - mu[:, j], roots[:, j]) for j in range(z.shape[1]))                   # (5.6), (5.7)


def _shifted(cost: Array) -> tuple[Array, Array]:
    """The least cost of each row, and e^(least - cost), of which the largest is 1."""
    least = cost.real.min(1)
    return least, np.exp(least[:, None] - cost)                                                         # (5.6)


def pointwise_information(mu: Array, logvar: Array, z: Array) -> tuple[Array, Pull]:
    """log q(z_i|x_i) - log q(z_i) with the mixture q(z) of the same rows.   all (n, k) -> (n,)         (5.8)

    At most log n, to the last bit: log n less what is not negative.
    """
    same_shape(mu, z, "mu and z")
    cost, pull_costs = _costs(z, mu, logvar)
    least, e = _shifted(cost)
    behind = np.diagonal(cost) - least                                                                  # (5.8)
    information = float(np.log(len(mu))) - (behind + np.log(e.sum(1)))                                  # (5.8)

    def pull(d: Array) -> tuple[Array, Array, Array]:
        share = e / e.sum(1)[:, None]                                                                   # (5.8)
        np.fill_diagonal(share, 0)                                                                      # (5.8)
        np.fill_diagonal(share, -share.sum(1))  # w - 1 would cancel                                    # (5.8)
        dz, dmu, dlogvar = pull_costs(d[:, None] * share)                                               # (5.8)
        return dmu, dlogvar, dz                                                                         # (5.8)

    return information, pull


@in_range
def estimate_split(mu: Any, logvar: Any, eps: Any) -> Estimate:
    """Rate = I(X;Z) + KL(q(z) || N(0, I)) for p_data uniform on n examples, by sampling z.               (5.9)

    mu, logvar: (n, k), what the encoder says of the examples; eps: (draws >= 2, n, k), standard normal. The error is
    that of draws within each example. Raises TypeError or ValueError for other input.
    """
    mu, logvar = matrix(mu, "mu"), matrix(logvar, "logvar")
    same_shape(mu, logvar, "mu and logvar")
    noise = np.atleast_1d(array(eps, "eps"))
    same_shape(noise, np.empty((max(2, len(noise)), *mu.shape)), "eps against (draws >= 2, n, k)")
    samples = np.array([pointwise_information(mu, logvar, reparam(mu, logvar, e)[0])[0] for e in noise])
    rate = kl_std_normal(mu, logvar)[0].mean()                                                          # (5.9)
    information = min(samples.mean(), np.log(len(mu)))  # a mean of log n can round up                  # (5.9)
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
    own, others = np.diag(log_q), log_q[~np.eye(K, dtype=bool)].reshape(K, K - 1)                      # (5.10)
    lower = np.mean(own - np.logaddexp.reduce(log_q, 1)) + np.log(K)                                    # (5.10)
    upper = np.mean(own - np.logaddexp.reduce(others, 1)) + np.log(K - 1)                               # (5.10)
    return float(lower), float(upper)
