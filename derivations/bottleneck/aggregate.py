"""Evidence for the mixture of finite data, (5.6) to (5.8)."""

from __future__ import annotations

from itertools import product

import numpy as np
from scipy import special, stats

from refvae.bottleneck import (
    neg_log_aggregate,
    pointwise_information,
)
from refvae.derivations.bottleneck.common import posteriors
from refvae.evidence import Ledger, entrywise, gap, holds, spoiled
from refvae.vae import gaussian_nll, kl_std_normal

ledger = Ledger()


# The mixture


def points(rng):
    """Five points against seven components in three dimensions."""
    return rng.standard_normal((5, 3)), *posteriors(rng)


AGGREGATE_WRONG = {
    "sum for mean": lambda z, mu, logvar: (neg_log_aggregate(z, mu, logvar)[0] - np.log(len(mu)), None),
    "variance for log-variance": lambda z, mu, logvar: (neg_log_aggregate(z, mu, np.exp(logvar))[0], None),
    "mean of logarithms": lambda z, mu, logvar: (np.array([gaussian_nll(
        mu, logvar, np.broadcast_to(each, mu.shape))[0].mean() for each in z]), None),
    "nearest component alone": lambda z, mu, logvar: (np.array([gaussian_nll(
        mu, logvar, np.broadcast_to(each, mu.shape))[0].min() for each in z]) + np.log(len(mu)), None)}


@ledger.add("5.6", "identity", neg_log_aggregate, exact=True, wrong=AGGREGATE_WRONG)
def mean_of_densities(layer, rng):
    """-log of the mean of densities, the nearest first, where that is safe."""
    z, mu, logvar = points(rng)
    cost = ((z[:, None] - mu) ** 2 / np.exp(logvar) + logvar + np.log(2 * np.pi)).sum(2) / 2
    return gap(layer(z, mu, logvar)[0], -np.log(np.exp(-np.sort(cost, 1)).mean(1)))


@ledger.add("5.6", "oracle", neg_log_aggregate, bound=1e-12, wrong=AGGREGATE_WRONG)
def scipy_mixture(layer, rng):
    """scipy.special.logsumexp of scipy.stats.norm.logpdf."""
    z, mu, logvar = points(rng)
    log_q = stats.norm.logpdf(z[:, None], mu, np.exp(logvar / 2)).sum(2)
    return gap(layer(z, mu, logvar)[0], np.log(7) - special.logsumexp(log_q, axis=1))


@ledger.add("5.6", "limit", neg_log_aggregate, bound=1e-12, wrong={
    "without the shift, which underflows": lambda z, mu, logvar: (-np.log(np.mean([np.exp(-gaussian_nll(
        np.broadcast_to(m, z.shape), np.broadcast_to(v, z.shape), z)[0]) for m, v in zip(mu, logvar, strict=True)],
        0)), None), "sum for mean": AGGREGATE_WRONG["sum for mean"]})
def far_away(layer, rng):
    """At a distance of 300 only the nearest of two components counts: (300^2 + log 2 pi)/2 + log 2."""
    got = layer(np.array([[300.0]]), np.array([[0.0], [-5.0]]), np.zeros((2, 1)))[0]
    return gap(got, np.array([(300.0**2 + np.log(2 * np.pi)) / 2 + np.log(2)]))


SLOPE_WRONG = {
    "means do not move": spoiled(neg_log_aggregate, lambda d: (d[0], 0 * d[1], d[2])),
    "sign of the means": spoiled(neg_log_aggregate, lambda d: (d[0], -d[1], d[2])),
    "variance for log-variance": spoiled(neg_log_aggregate, lambda d: (d[0], d[1], 2 * d[2])),
    "equal responsibilities": lambda z, mu, logvar: (neg_log_aggregate(z, mu, logvar)[0], lambda d: tuple(
        part / len(mu) for part in neg_log_aggregate(z, mu, logvar)[1](d)))}
ledger.adjoint("5.7", neg_log_aggregate, points, wrong=SLOPE_WRONG)


@ledger.add("5.7", "identity", neg_log_aggregate, exact=True, wrong=SLOPE_WRONG)
def responsibilities(layer, rng):
    """The three cotangents by loops over pairs, with responsibilities from densities."""
    z, mu, logvar = points(rng)
    d, var = rng.standard_normal(5), np.exp(logvar)
    w = np.exp(-((z[:, None] - mu) ** 2 / var + logvar + np.log(2 * np.pi)).sum(2) / 2)
    w = w / w.sum(1, keepdims=True)
    dz, dmu, dlogvar = np.zeros_like(z), np.zeros_like(mu), np.zeros_like(mu)
    for i, j in product(range(5), range(7)):
        r = z[i] - mu[j]
        dz[i] += d[i] * w[i, j] * r / var[j]
        dmu[j] -= d[i] * w[i, j] * r / var[j]
        dlogvar[j] += d[i] * w[i, j] * (1 - r * r / var[j]) / 2
    return gap(layer(z, mu, logvar)[1](d), (dz, dmu, dlogvar))


@ledger.add("5.7", "law", neg_log_aggregate, exact=True, wrong=SLOPE_WRONG)
def translation_and_scale(layer, rng):
    """Moving all is free; scaling all by t adds k log t to each value."""
    z, mu, logvar = points(rng)
    d = rng.standard_normal(5)
    dz, dmu, dlogvar = layer(z, mu, logvar)[1](d)
    return gap(np.append(dz.sum(0), (z * dz).sum() + (mu * dmu).sum() + 2 * dlogvar.sum()),
               np.append(-dmu.sum(0), 3 * d.sum()))


def squares_first(z, mu, logvar):
    """neg_log_aggregate and its pull with squares and precisions apart, at one point and one component."""
    r, s = z - mu, np.exp(-logvar)
    return ((r * r * s + logvar + np.log(2 * np.pi)) / 2).sum(1), lambda d: (
        d[:, None] * r * s, -d[:, None] * r * s, d[:, None] * (1 - r * r * s) / 2)


@ledger.add("5.6", "limit", neg_log_aggregate, bound=1e-12, wrong={
    "squares and precisions apart": squares_first, "sum for mean": lambda z, mu, logvar: (
        neg_log_aggregate(z, mu, logvar)[0] - 1, None)})
def points_and_their_centres(layer, rng):
    """One component, the point at its mean, log-variances -800 and -1500: half of the log-variance and log 2 pi."""
    zero = np.zeros((1, 1))
    got = [layer(zero, zero, zero - scale)[0][0] for scale in (800, 1500)]
    return gap(np.array(got), (np.log(2 * np.pi) - np.array([800, 1500])) / 2)


@ledger.add("5.7", "limit", neg_log_aggregate, bound=1e-12, wrong={
    "squares and precisions apart": squares_first,
    "variance for log-variance": SLOPE_WRONG["variance for log-variance"]})
def their_slopes(layer, rng):
    """There, the slopes in point and mean are 0, that in the log-variance is 1/2."""
    zero = np.zeros((1, 1))
    got = [layer(zero, zero, zero - scale)[1](np.ones(1)) for scale in (800, 1500)]
    return gap(tuple(got), ((zero, zero, zero + 0.5),) * 2)


# Pointwise information


def samples(rng):
    """Posteriors, and one code of each."""
    mu, logvar = posteriors(rng)
    return mu, logvar, mu + np.exp(logvar / 2) * rng.standard_normal(mu.shape)


def leave_one_out(mu, logvar, z):
    """The information with the example itself left out of the mixture."""
    log_q = -((z[:, None] - mu) ** 2 / np.exp(logvar) + logvar + np.log(2 * np.pi)).sum(2) / 2
    others = [np.log(np.exp(np.delete(row, i)).sum()) for i, row in enumerate(log_q)]
    return np.diag(log_q) - others + np.log(len(mu) - 1), None


INFORMATION_WRONG = {
    "prior for the mixture": lambda mu, logvar, z: (gaussian_nll(0 * mu, 0 * logvar, z)[0] - gaussian_nll(
        mu, logvar, z)[0], None),
    "example left out": leave_one_out,
    "sum for mean": lambda mu, logvar, z: (pointwise_information(mu, logvar, z)[0] - np.log(len(mu)), None)}


@ledger.add("5.8", "identity", pointwise_information, exact=True, wrong=INFORMATION_WRONG)
def log_of_a_share(layer, rng):
    """log N less the log of the sum of all densities over the example's own."""
    mu, logvar, z = samples(rng)
    cost = ((z[:, None] - mu) ** 2 / np.exp(logvar) + logvar + np.log(2 * np.pi)).sum(2) / 2
    return gap(layer(mu, logvar, z)[0], np.log(7) - np.log(np.exp(np.diag(cost)[:, None] - cost).sum(1)))


@ledger.add("5.8", "law", pointwise_information, bound=0, wrong={
    **INFORMATION_WRONG, "difference of the two logarithms": lambda mu, logvar, z: (
        neg_log_aggregate(z, mu, logvar)[0] - gaussian_nll(mu, logvar, z)[0], None)})
def at_most_log_n(layer, rng):
    """Never above log N, to the last bit, wherever z lies; log 2 at +-20, where the rate is 200."""
    values = [layer(*posteriors(rng), 3 * rng.standard_normal((7, 3)))[0] for _ in range(20)]
    mu, pair, zero = 10 * rng.standard_normal((7, 3)), np.array([[20.0], [-20.0]]), np.zeros((2, 1))
    sharp = [layer(mu, np.full((7, 3), -2.0), mu + rng.standard_normal((7, 3)) / 3)[0] for _ in range(20)]
    return holds([*(np.ravel([*values, *sharp]) <= np.log(7)),
                  *(np.abs(layer(pair, zero, pair)[0] - np.log(2)) < 1e-15), *(kl_std_normal(pair, zero)[0] == 200)])


@ledger.add("5.8", "limit", pointwise_information, bound=1e-12, wrong={
    "share less 1": lambda mu, logvar, z: (pointwise_information(mu, logvar, z)[0], lambda d: (
        lambda dz, dmu, dlogvar: (dmu + gaussian_nll(mu, logvar, z)[1](-d)[0], None, None))(
            *neg_log_aggregate(z, mu, logvar)[1](d))),
    "sign": spoiled(pointwise_information, lambda d: tuple(-part for part in d))})
def slopes_of_separate_codes(layer, rng):
    """Codes at t and -t, sigma = 1, t = 4, 6, 12: slopes of the first's information in both means, of e^-300 too."""
    got, want, zero = [], [], np.zeros((2, 1))
    for t in (4.0, 6.0, 12.0):
        mu = np.array([[t], [-t]])
        got.append(layer(mu, zero, mu + 0.125)[1](np.array([1.0, 0.0]))[0][:, 0])
        share = special.expit(-2 * t * (t + 0.125))
        want.append([0.125 * share, -(2 * t + 0.125) * share])
    return entrywise(np.array(got), np.array(want))


ledger.adjoint("5.8", pointwise_information, samples, wrong={
    "mixture frozen": lambda mu, logvar, z: (pointwise_information(mu, logvar, z)[0], lambda d: gaussian_nll(
        mu, logvar, z)[1](-d)),
    "own density frozen": lambda mu, logvar, z: (pointwise_information(mu, logvar, z)[0], lambda d: (
        lambda dz, dmu, dlogvar: (dmu, dlogvar, dz))(*neg_log_aggregate(z, mu, logvar)[1](d))),
    "sign": spoiled(pointwise_information, lambda d: tuple(-part for part in d))})
