"""Evidence for importance weights and their bound, (3.19) to (3.21)."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from refvae import trees
from refvae.derivations.vae.common import black_and_white, gauss_hermite, model, signs, smooth, twice, wide
from refvae.evidence import Ledger, gap, holds, spoiled
from refvae.layers import bernoulli_nll, mlp, tanh
from refvae.vae import (
    VAE,
    elbo_terms,
    encode,
    iw_bound,
    log_joint,
    log_mean_exp,
    log_weights,
)

ledger = Ledger()


def draws(rng):
    """Parameters, black and white pixels, four draws of noise for each image."""
    return model(rng), black_and_white(rng), rng.standard_normal((4, 7, 3))


def few_draws(rng):
    """The same, a little smaller, for complex steps in every coordinate."""
    return model(rng, 5, 4, 2), black_and_white(rng, 7, 5), rng.standard_normal((3, 7, 2))


def changed(change):
    """log_weights with something added: change(mu, logvar, eps) is (K, n)."""
    def wrong(p, x, eps, activation=tanh, **how):
        (mu, logvar), _ = encode(p.enc, x, activation)
        log_w, pull = log_weights(p, x, eps, activation=activation, **how)
        return log_w + change(mu, logvar, eps), pull

    return wrong


def shifted_prior(mu, logvar, eps):
    """The difference to a prior whose mean is the encoder's: half of z^2 - sigma^2 eps^2."""
    sigma = np.exp(logvar / 2)
    return ((mu + sigma * eps) ** 2 - (sigma * eps) ** 2).sum(2) / 2


WEIGHTS_WRONG = {"determinant forgotten": changed(lambda mu, lv, eps: -(lv + 0 * eps).sum(2) / 2),
                 "noise's density forgotten": changed(lambda mu, lv, eps: -(eps * eps).sum(2) / 2),
                 "prior centred at the encoder's mean": changed(shifted_prior),
                 "sign of log q": changed(lambda mu, lv, eps: -(lv + eps * eps).sum(2))}


@ledger.add("3.19", "identity", log_weights, exact=True, wrong=WEIGHTS_WRONG)
def three_densities(weights, rng):
    """Bernoulli and normal log-densities written out: log p(x|z) + log p(z) - log q(z|x)."""
    p, x, eps = draws(rng)
    x, eps = x[:3], eps[:2, :3]
    (mu, logvar), _ = encode(p.enc, x, tanh)
    z, var = mu + np.exp(logvar / 2) * eps, np.exp(logvar)
    logits = mlp(p.dec, z.reshape(-1, 3))[0].reshape(2, 3, 6)
    want = (-np.log(1 + np.exp((1 - 2 * x) * logits)).sum(2) - (z * z).sum(2) / 2
            + ((z - mu) ** 2 / var + np.log(var)).sum(2) / 2)
    return gap(weights(p, x, eps, activation=tanh)[0], want)


@ledger.add("3.19", "law", log_weights, wrong=WEIGHTS_WRONG)
def mean_weight_is_the_evidence(weights, rng):
    """One code unit with an affine encoder: the mean of w over the noise is p(x), whatever the encoder (80 nodes)."""
    p, x = model(rng, 6, 1), black_and_white(rng)
    p = trees.map(lambda leaf: 0.3 * leaf, p)
    eps, weight = gauss_hermite(80)
    log_w = weights(p, x, np.repeat(eps[:, None], 7, 1), activation=tanh)[0]
    nll = bernoulli_nll(np.repeat(mlp(p.dec, eps)[0], 7, 0), np.tile(x, (80, 1)))[0].reshape(80, 7)
    return gap(weight @ np.exp(log_w), weight @ np.exp(-nll))


ledger.adjoint("3.19", smooth(log_weights), few_draws, wrong={
    "one draw of K counted": spoiled(smooth(log_weights), lambda d: (
        d[0]._replace(enc=trees.map(lambda leaf: leaf / 3, d[0].enc)), *d[1:])),
    "noise's cotangent doubled": spoiled(smooth(log_weights), twice(2)),
    "density of q held fixed": lambda p, x_frozen, eps: (
        log_weights(p, x_frozen, eps, activation=tanh)[0],
        lambda d: density_held_fixed(p, x_frozen, eps, d))}, name="weights")
ledger.adjoint("3.19", smooth(log_joint), lambda rng: (model(rng).dec, black_and_white(rng),
                                                      rng.standard_normal((4, 7, 3))), wrong={
    "prior forgotten in the gradient": spoiled(smooth(log_joint), lambda d: (d[0], None, 0.5 * d[2])),
    "sign of the decoder's": spoiled(smooth(log_joint), lambda d: (
        trees.map(lambda leaf: -leaf, d[0]), *d[1:]))}, name="joint")


def density_held_fixed(p, x, eps, d):
    """The pull of log_weights without the half of dlog_w in the log-variance."""
    dp, _, deps = log_weights(p, x, eps, activation=tanh)[1](d)
    (_, _), pull_encode = encode(p.enc, x, tanh)
    extra = pull_encode((0 * eps[0], np.repeat(d.sum(0)[:, None], eps.shape[2], 1) / 2))[0]
    return VAE(trees.axpy(-1, extra, dp.enc), dp.dec), None, deps


def weighted_sum(p, x, eps, **how):
    """The value of the surrogate (3.23) in place of the bound."""
    log_w = log_weights(p, x, eps, **how)[0]
    w = np.exp(log_w)
    return ((w * log_w).sum(0) / w.sum(0)).mean()


BOUND_WRONG = {"log K forgotten": lambda p, x, eps, **how: (iw_bound(p, x, eps, **how)[0] + np.log(len(eps)), None),
               "mean of the logarithms": lambda p, x, eps, **how: (log_weights(p, x, eps, **how)[0].mean(), None),
               "weighted sum of log-weights": lambda p, x, eps, **how: (weighted_sum(p, x, eps, **how), None),
               "mean over the batch inside the logarithm": lambda p, x, eps, **how: (
                   np.log(np.exp(log_weights(p, x, eps, **how)[0]).mean()), None)}


@ledger.add("3.20", "identity", iw_bound, exact=True, wrong=BOUND_WRONG)
def plain_mean_of_weights(bound, rng):
    """Exponentials, a mean over K, a logarithm, a mean over the batch."""
    p, x, eps = draws(rng)
    x, eps = x[:3], eps[:2, :3]
    w = np.exp(log_weights(p, x, eps, activation=tanh)[0])
    return gap(bound(p, x, eps, activation=tanh)[0], sum(np.log(sum(column)) - np.log(2) for column in w.T) / 3)


@ledger.add("3.20", "limit", log_mean_exp, bound=1e-12, wrong={
    "without the shift, which overflows": lambda log_w: (np.log(np.exp(log_w).mean(0)), None),
    "log K forgotten": lambda log_w: (log_mean_exp(log_w)[0] + np.log(len(log_w)), None),
    "largest weight alone": lambda log_w: (log_w.max(0) - np.log(len(log_w)), None)})
def huge_and_tiny_weights(log_mean_exp, rng):
    """At +-2000 the largest counts; equal weights give themselves; one and two of three: log(5/3) beside it."""
    log_w = np.array([[2000.0, -2000.0, 700.0], [-2000.0, -2000.0, 700.0 + np.log(3)], [0.0, -2000.0, 700.0]])
    return gap(log_mean_exp(log_w)[0], np.array([2000 - np.log(3), -2000, 700 + np.log(5 / 3)]))


ledger.adjoint("3.20", smooth(iw_bound), few_draws, wrong={
    "equal weights": lambda p, x_frozen, eps: (iw_bound(p, x_frozen, eps, activation=tanh)[0], lambda d: log_weights(
        p, x_frozen, eps, activation=tanh)[1](np.full((3, 7), d / 21))),
    "sum over the batch": spoiled(smooth(iw_bound), lambda d: (
        trees.map(lambda leaf: 7 * leaf, d[0]), None, 7 * d[2]))})


@ledger.add("3.21", "law", log_mean_exp, bound=0, wrong={
    "log K subtracted twice": lambda log_w: (log_mean_exp(log_w)[0] - np.log(len(log_w)), None),
    "harmonic mean": lambda log_w: (-log_mean_exp(-log_w)[0], None),
    "mean of the logarithms": lambda log_w: (log_w.mean(0), None)})
def means_over_subsets(log_mean_exp, rng):
    """Seven weights for each of 50 examples: the mean over subsets of m of them rises from every m to the next."""
    log_w = 3 * rng.standard_normal((7, 50))
    levels = [np.mean([log_mean_exp(log_w[list(chosen)])[0] for chosen in combinations(range(7), m)], axis=0)
              for m in range(1, 8)]
    return holds(np.diff(levels, axis=0) > 0)


@ledger.add("3.21", "identity", log_weights, exact=True, wrong=WEIGHTS_WRONG)
def one_sample_is_the_elbo(weights, rng):
    """Over the 8 corners eps = (+-1, +-1, +-1) the mean of log w is that of the ELBO, exactly, for two images."""
    p, x, _ = wide(draws)(rng)
    x, eps = x[:2], np.repeat(signs(3)[:, None], 2, 1)
    log_w = weights(p, x, eps, activation=tanh)[0]
    (rec, kl), _ = elbo_terms(p, np.tile(x, (8, 1)), eps.reshape(-1, 3), activation=tanh)
    return gap(log_mean_exp(log_w[:1])[0] - log_w[0] + log_w.mean(0), -(rec + kl).reshape(8, 2).mean(0))
