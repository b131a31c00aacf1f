"""Evidence for estimates of information, (5.9) and (5.10)."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
from scipy import special, stats

from refvae.bottleneck import (
    Estimate,
    batch_bounds,
    estimate_split,
    neg_log_aggregate,
    pointwise_information,
)
from refvae.derivations.bottleneck.aggregate import AGGREGATE_WRONG, samples
from refvae.derivations.bottleneck.common import law, posteriors
from refvae.evidence import Ledger, Outcome, gap, holds, z_score
from refvae.vae import gaussian_nll, kl_std_normal

ledger = Ledger()


# Estimates


FOUR = np.array([[-2.0], [-0.5], [1.0], [3.0]]), np.log(np.array([[0.25], [1.0], [0.0625], [0.5625]]))
EXAMPLE = 2.1074059035, 1.0555038472, 1.0519020563
APART = np.array([[0.0], [0.5], [8.0], [16.0]]), np.zeros((4, 1))


def integrated(mu, logvar):
    """Rate, information, marginal divergence of posteriors (k = 1), variance of g in each: trapezoidal rule."""
    z = np.linspace(-24, 24, 2401)
    q, prior = stats.norm.pdf(z, mu, np.exp(logvar / 2)), stats.norm.pdf(z)
    mean = q.mean(0)
    g = np.log(np.maximum(q, 1e-300)) - np.log(mean)
    integral = lambda f: f.sum(-1) * (z[1] - z[0])
    variances = integral(q * g * g) - integral(q * g) ** 2
    return (integral(special.rel_entr(q, prior)).mean(), integral(q * g).mean(),
            integral(special.rel_entr(mean, prior)), variances)


def redone(mu, logvar, eps):
    """The estimate with SciPy's densities."""
    z = mu + np.exp(logvar / 2) * eps
    log_q = stats.norm.logpdf(z[:, :, None], mu, np.exp(logvar / 2)).sum(3)
    g = np.log(len(mu)) + np.diagonal(special.log_softmax(log_q, axis=2), axis1=1, axis2=2)
    rate = (mu**2 + np.exp(logvar) - logvar - 1).sum() / 2 / len(mu)
    error = np.sqrt(sum(np.var(column, ddof=1) / len(eps) for column in g.T)) / len(mu)
    return Estimate(rate, g.mean(), rate - g.mean(), error)


def all_together(mu, logvar, eps):
    """The standard error from all numbers together, as if the examples were drawn too."""
    z = mu + np.exp(logvar / 2) * np.asarray(eps)
    g = np.array([pointwise_information(mu, logvar, each)[0] for each in z])
    return estimate_split(mu, logvar, eps)._replace(error=g.std(ddof=1) / np.sqrt(g.size))


ESTIMATE_WRONG = {
    "noise by the variance": lambda mu, logvar, eps: estimate_split(mu, logvar, eps * np.exp(logvar / 2)),
    "codes at the mean": lambda mu, logvar, eps: estimate_split(mu, logvar, 0 * eps),
    "rate of the standard deviation": lambda mu, logvar, eps: (lambda s, rate: s._replace(
        rate=rate, marginal=rate - s.information))(estimate_split(mu, logvar, eps), kl_std_normal(
            mu, logvar / 2)[0].mean()),
    "error of all together": all_together}


@ledger.add("5.9", "identity", estimate_split, wrong=ESTIMATE_WRONG)
def the_same_from_scipy(estimate, rng):
    """All four numbers from scipy.stats and scipy.special, three draws."""
    mu, logvar = posteriors(rng)
    eps = rng.standard_normal((3, 7, 3))
    return gap(estimate(mu, logvar, eps), redone(mu, logvar, eps))


@ledger.add("5.9", "montecarlo", estimate_split, wrong={
    key: ESTIMATE_WRONG[key] for key in ("noise by the variance", "codes at the mean")})
def unbiased(estimate, rng):
    """Information of four posteriors against the trapezoidal rule, in standard errors of the estimate itself."""
    mu, logvar = (np.tile(part, (25, 1)) for part in FOUR)  # 100 examples with the same mixture
    found, want = estimate(mu, logvar, rng.standard_normal((40, 100, 1))), integrated(*FOUR)[1]
    note = f"detects a discrepancy of {(6.11 + 4.75) * found.error:.2g} with probability 1 - 1e-6"
    return Outcome(found.information, want, abs(found.information - want) / found.error, note)


def capped(cap):
    """estimate_split of codes far apart, where every sample is log n, with another upper limit."""
    return lambda mu, logvar, eps: estimate_split(mu, logvar, eps)._replace(
        information=min(np.full(eps.shape[:2], np.log(len(mu))).mean(), cap(len(mu))))


@ledger.add("5.9", "limit", estimate_split, bound=0, wrong={
    "no upper limit": capped(lambda n: np.inf), "log (n + 1)": capped(lambda n: np.log(n + 1)),
    "half of it": capped(lambda n: np.log(n) / 2)})
def never_above_log_n(estimate, rng):
    """2 to 39 codes far apart, 2 to 4 draws: log n to the last bit or one below, never above, however means round."""
    cases = []
    for n, draws in product(range(2, 40), (2, 3, 4)):
        found = estimate(100.0 * np.arange(n)[:, None], np.zeros((n, 1)), np.zeros((draws, n, 1))).information
        cases.append(np.log(n) * (1 - 1e-14) < found <= np.log(n))
    return holds(cases)


@ledger.add("5.9", "montecarlo", estimate_split, wrong={
    "error of all together": all_together,
    "draws not counted": lambda mu, logvar, eps: (lambda s: s._replace(error=s.error * np.sqrt(len(eps))))(
        estimate_split(mu, logvar, eps))})
def error_is_honest(estimate, rng):
    """The mean of error^2 is the variance of the estimate, by the trapezoidal rule; two posteriors of four overlap."""
    want = integrated(*APART)[3].mean() / 4 / 3
    return z_score(np.array([estimate(*APART, rng.standard_normal((3, 4, 1))).error ** 2 for _ in range(200)]), want)


@ledger.add("5.9", "oracle", neg_log_aggregate, bound=1e-10, wrong=AGGREGATE_WRONG)
def numbers_of_the_example(layer, rng):
    """The numbers printed in the derivation: SciPy's densities with their mean, and here with log q(z) of (5.6)."""
    z = np.linspace(-24, 24, 2401)
    q, log_mean = stats.norm.pdf(z, FOUR[0], np.exp(FOUR[1] / 2)), -layer(z[:, None], *FOUR)[0]
    integral = lambda f: f.sum() * (z[1] - z[0])
    parts = integral(special.xlogy(q, q).mean(0) - np.exp(log_mean) * log_mean), integral(
        np.exp(log_mean) * (log_mean - stats.norm.logpdf(z)))
    return gap(np.array([sum(parts), *parts]), np.array(EXAMPLE))


# Batches


def discrete_batches(bounds, weights, channel, K, replace):
    """Exact means of lower and upper estimate over all batches and codes of a discrete encoder."""
    draw = product(range(len(weights)), repeat=K) if replace else permutations(range(len(weights)), K)
    log_q, total = np.log(channel), np.zeros(2)
    for batch in draw:
        p_batch = np.prod(weights[list(batch)]) if replace else 1 / np.prod(np.arange(len(weights) - K + 1,
                                                                                  len(weights) + 1))
        for z in product(range(channel.shape[1]), repeat=K):
            p_codes = np.prod([channel[x, code] for x, code in zip(batch, z, strict=True)])
            total += p_batch * p_codes * np.array(bounds(log_q[np.ix_(batch, z)].T))
    return total


def exact_information(weights, channel):
    """I(X;Z) by its definition."""
    return float((weights[:, None] * channel * np.log(channel / (weights @ channel))).sum())


BOUNDS_WRONG = {
    "exchanged": lambda log_q: batch_bounds(log_q)[::-1],
    "sum for mean": lambda log_q: tuple(b - np.log(len(log_q)) for b in batch_bounds(log_q)),
    "codes and examples exchanged": lambda log_q: batch_bounds(log_q.T),
    "example left out of the lower one too": lambda log_q: (batch_bounds(log_q)[1],) * 2}


@ledger.add("5.10", "law", batch_bounds, bound=0, wrong={key: BOUNDS_WRONG[key] for key in BOUNDS_WRONG
                                                         if "codes" not in key})
def between_the_means(bounds, rng):
    """Exact means over all batches of 2 and 3: independent draws from 3 unequal examples, and different ones of 4."""
    cases = []
    for K in (2, 3):
        for n, replace in ((3, True), (4, False)):
            weights, channel = law(rng, n) if replace else np.full(n, 1 / n), law(rng, n, 2)
            lower, upper = discrete_batches(bounds, weights, channel, K, replace)
            cases += [lower < exact_information(weights, channel) < upper, lower <= np.log(K)]
    return holds(cases)


@ledger.add("5.10", "identity", batch_bounds, wrong=BOUNDS_WRONG)
def by_loops(bounds, rng):
    """Logarithms of means of exponentials, one code after the other."""
    log_q = rng.standard_normal((6, 6))
    q = np.exp(log_q)
    lower = np.mean([np.log(q[i, i] / q[i].mean()) for i in range(6)])
    upper = np.mean([np.log(q[i, i] / np.delete(q[i], i).mean()) for i in range(6)])
    return gap(bounds(log_q), (lower, upper))


@ledger.add("5.10", "limit", batch_bounds, bound=1e-12, wrong={key: BOUNDS_WRONG[key] for key in BOUNDS_WRONG})
def all_examples_in_one_batch(bounds, rng):
    """With K = N the lower one is the mean of the pointwise information, (5.8)."""
    mu, logvar, z = samples(rng)
    log_q = -np.array([gaussian_nll(mu, logvar, np.broadcast_to(each, mu.shape))[0] for each in z])
    return gap(np.array(bounds(log_q)[0]), np.array(pointwise_information(mu, logvar, z)[0].mean()))
