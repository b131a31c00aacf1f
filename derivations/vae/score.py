"""Evidence for the score-function gradient and its variance, (3.26), (3.27)."""

from __future__ import annotations

import numpy as np

from refvae import trees
from refvae.derivations.vae.common import gauss_hermite, smooth
from refvae.derivations.vae.importance import few_draws
from refvae.derivations.vae.surrogates import estimates_of, lost, of_the_bound, of_the_elbo, one_unit
from refvae.evidence import Ledger, gap, holds, spoiled
from refvae.vae import (
    VAE,
    encode,
    gaussian_nll,
    log_mean_exp,
    log_weights,
    normalised_weights,
    reparam,
    score_surrogate,
)

ledger = Ledger()


def by_score(surrogate, baseline=0.0):
    """The estimate at the samples of p itself, with a baseline that does not depend on them."""
    def estimate(p, x, eps, **how):
        (mu, logvar), _ = encode(p.enc, x)
        log_w = log_weights(p, x, eps, **how)[0]
        return surrogate(p, x, mu + np.exp(logvar / 2) * eps, log_w - baseline, **how)[1](1.0)[0]

    return estimate


SCORE_WRONG = {"signal's sign": lambda p, x, z, signal, **how: score_surrogate(p, x, z, -signal, **how),
               "signal depends on the sample": lambda p, x, z, signal, **how: score_surrogate(
                   p, x, z, signal + z[..., 0], **how),
               "decoder forgotten": lambda p, x, z, signal, **how: (0.0, lambda d: (VAE(
                   score_surrogate(p, x, z, signal, **how)[1](d)[0].enc, trees.map(lambda leaf: 0 * leaf, p.dec)),))}


@ledger.add("3.26", "identity", score_surrogate, wrong=SCORE_WRONG)
def mean_is_the_gradient_without_paths(surrogate, rng):
    """The mean over 43 nodes is that of the gradient of the ELBO, with the baselines 0 and -3."""
    world = one_unit(rng)
    want = estimates_of(of_the_elbo, world)
    return gap(tuple(estimates_of(by_score(surrogate, b), world) for b in (0.0, -3.0)), (want, want))


def of_many_draws(signal):
    """The estimate for the bound of K draws; signal(bound, w, log_w) of every draw."""
    def estimate(p, x, eps, **how):
        (mu, logvar), _ = encode(p.enc, x)
        log_w = log_weights(p, x, eps, **how)[0]
        signals = len(eps) * signal(log_mean_exp(log_w)[0], normalised_weights(log_w), log_w)
        return score_surrogate(p, x, mu + np.exp(logvar / 2) * eps, signals, **how)[1](1.0)[0]

    return estimate


@ledger.add("3.26", "law", of_many_draws(lambda bound, w, log_w: bound - w), wrong={
    "weight not taken off": of_many_draws(lambda bound, w, log_w: bound + 0 * w),
    "the draw's own weight": of_many_draws(lambda bound, w, log_w: log_w / len(w)),
    "weighted by w": of_many_draws(lambda bound, w, log_w: w * log_w)})
def mean_is_the_gradient_of_the_bound(estimator, rng):
    """K = 2, signals K (bound - w): the mean over 1389 nodes is that of the encoder's gradient of the bound."""
    world = one_unit(rng, 2)
    return gap(estimates_of(estimator, world)[0], estimates_of(of_the_bound, world)[0])


ledger.adjoint("3.26", smooth(score_surrogate), lambda rng: (*few_draws(rng), rng.standard_normal((3, 7))), wrong={
    "decoder's gradient lost": lost(smooth(score_surrogate), "dec"),
    "encoder's gradient lost": lost(smooth(score_surrogate), "enc")})

QUADRATIC = {"path": lambda delta, sigma: 4 * sigma**2,
             "score": lambda delta, sigma: delta**4 / sigma**2 + 14 * delta**2 + 15 * sigma**2,
             "best baseline": lambda delta, sigma: 8 * delta**2 + 6 * sigma**2}


def estimates(layers, delta, sigma, eps):
    """d/dmu of E (z - a)^2 for every noise (n, k): along the path, by the score, by the score with a baseline."""
    reparam, nll = layers
    mu, logvar = np.full_like(eps, delta), np.full_like(eps, 2 * np.log(sigma))
    z, pull = reparam(mu, logvar, eps)
    signal = (z * z).sum(1)
    score = -nll(mu, logvar, z)[1](np.ones(len(eps)))[0]
    best = delta**2 + 3 * sigma**2
    return pull(2 * z)[0][:, 0], signal * score[:, 0], (signal - best) * score[:, 0]


PAIRS = {"variance for the standard deviation": (lambda mu, lv, eps: reparam(mu, 2 * lv, eps), gaussian_nll),
         "score not divided by the variance": (reparam, lambda mu, lv, x: (0.0, lambda d: (mu - x,))),
         "score doubled": (reparam, spoiled(gaussian_nll, lambda d: (2 * d[0], *d[1:])))}


@ledger.add("3.27", "identity", (reparam, gaussian_nll), wrong=PAIRS)
def moments_up_to_the_sixth(layers, rng):
    """Means and variances of the three over 8 Gauss-Hermite nodes, which are exact, at four (delta, sigma)."""
    eps, w = gauss_hermite(8)
    got, want = [], []
    for delta, sigma in ((0.7, 0.4), (0.0, 1.3), (-2.0, 0.9), (1.1, 2.0)):
        for estimate, variance in zip(estimates(layers, delta, sigma, eps), QUADRATIC.values(), strict=True):
            got += [w @ estimate, w @ estimate**2 - (w @ estimate) ** 2]
            want += [2 * delta, variance(delta, sigma)]
    return gap(np.array(got), np.array(want))


@ledger.add("3.27", "limit", (reparam, gaussian_nll), bound=1e-12, wrong=PAIRS)
def many_dimensions(layers, rng):
    """At delta = 0 in k = 1, 2, 3 dimensions: 4 sigma^2, and (k + 2) (k + 4) sigma^2 for the score."""
    got, want = [], []
    for k in (1, 2, 3):
        eps, w = gauss_hermite(8, k)
        path, score, _ = estimates(layers, 0.0, 0.6, eps)
        got += [w @ path**2, w @ score**2]
        want += [4 * 0.36, (k + 2) * (k + 4) * 0.36]
    return gap(np.array(got), np.array(want))


@ledger.add("3.27", "law", (reparam, gaussian_nll), bound=0, wrong={
    "path and score exchanged": (lambda mu, lv, eps: (reparam(mu, lv, eps)[0], lambda d: [9 * d]), gaussian_nll),
    "variance for the standard deviation": (lambda mu, lv, eps: reparam(mu, 2 * lv, eps), gaussian_nll)})
def the_path_is_always_better(layers, rng):
    """Over 100 draws of (delta, sigma) no baseline brings the score below 6/4 of the path's variance."""
    eps, w = gauss_hermite(8)
    better = []
    for delta, sigma in rng.uniform(0.1, 3, (100, 2)):
        path, score, best = (w @ e**2 - (w @ e) ** 2 for e in estimates(layers, delta, sigma, eps))
        better += [bool(1.4999 * path < best < score)]
    return holds(better)
