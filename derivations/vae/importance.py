"""Evidence for importance weights and their bound, (3.19) to (3.22)."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from scipy import special, stats

from refvae import trees
from refvae.derivations.vae.common import black_and_white, gauss_hermite, model, signs, smooth, twice, wide
from refvae.evidence import Ledger, gap, holds, spoiled, z_score
from refvae.layers import Dense, bernoulli_nll, mlp, tanh
from refvae.vae import (
    PPCA,
    VAE,
    elbo_terms,
    encode,
    evaluate,
    gaussian,
    iw_bound,
    log_joint,
    log_mean_exp,
    log_weights,
    ppca_log_likelihood,
    ppca_posterior,
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


# What is reported of held-out data


def sampled(p, x, seed, samples):
    """Noise as `evaluate` draws it, and the terms of (3.11) for every draw, from SciPy's densities."""
    eps = np.random.default_rng(seed).standard_normal((samples, len(x), p.dec[0].W.shape[0]))
    (mu, logvar), _ = encode(p.enc, x, tanh)
    sigma = np.exp(logvar / 2)
    z = mu + sigma * eps
    chance = special.expit(mlp(p.dec, z.reshape(-1, z.shape[2]))[0].reshape(samples, *x.shape))
    log_x = stats.bernoulli.logpmf(x.astype(int), chance).sum(2)
    log_ratio = (stats.norm.logpdf(z) - stats.norm.logpdf(z, mu, sigma)).sum(2)
    return log_x, log_ratio, (mu**2 + sigma**2 - 1 - logvar).sum(1) / 2


def reported(change):
    """`evaluate` with its three numbers passed through change(found, log_x, log_ratio)."""
    return lambda p, x, seed, **how: change(evaluate(p, x, seed, **how), *sampled(p, x, seed, how["samples"])[:2])


REPORT_WRONG = {
    "divergence sampled": reported(lambda f, log_x, log_ratio: f._replace(elbo=(log_x + log_ratio).mean(0))),
    "sign of log p(z)/q(z|x)": reported(lambda f, log_x, log_ratio: f._replace(elbo=f.elbo - 2 * log_ratio.mean(0))),
    "divergence forgotten": reported(lambda f, log_x, log_ratio: f._replace(elbo=f.elbo + f.rate)),
    "mean of log w for the bound": reported(lambda f, log_x, log_ratio: f._replace(bound=(log_x + log_ratio).mean(0))),
    "log K forgotten": reported(lambda f, log_x, log_ratio: f._replace(bound=f.bound + np.log(len(log_x)))),
    "prior and encoder left out of w": reported(lambda f, log_x, log_ratio: f._replace(
        bound=special.logsumexp(log_x, 0) - np.log(len(log_x)))),
    "relu for the activation": lambda p, x, seed, *, activation, **how: evaluate(p, x, seed, **how)}


@ledger.add("3.21a", "identity", evaluate, wrong=REPORT_WRONG)
def three_numbers_by_densities(evaluate, rng):
    """Eleven draws for seven black and white images, tanh: SciPy's densities at the same noise."""
    p, x, _ = draws(rng)
    log_x, log_ratio, rate = sampled(p, x, 5, 11)
    want = log_x.mean(0) - rate, special.logsumexp(log_x + log_ratio, 0) - np.log(11), rate
    return gap(tuple(evaluate(p, x, 5, samples=11, activation=tanh)), want)


@ledger.add("3.21a", "limit", evaluate, bound=1e-12, wrong={
    "log K forgotten": lambda p, x, seed, **how: (lambda f: f._replace(bound=f.bound + np.log(how["samples"])))(
        evaluate(p, x, seed, **how)),
    "likelihood of variance 1": lambda p, x, seed, *, likelihood, **how: evaluate(
        p, x, seed, likelihood=gaussian(1.0), **how),
    "rate as the bound": lambda p, x, seed, **how: (lambda f: f._replace(bound=f.rate))(evaluate(p, x, seed, **how))})
def exact_at_the_posterior(evaluate, rng):
    """A linear model in its principal axes, with its posterior for encoder: five draws give log p(x), row by row."""
    vae, p = inflated(1.0)
    x = rng.standard_normal((7, 4))
    return gap(evaluate(vae, x, 3, samples=5, likelihood=gaussian(0.3), activation=tanh).bound,
               ppca_log_likelihood(p, x))


@ledger.add("3.21a", "montecarlo", evaluate, wrong={
    "divergence forgotten": REPORT_WRONG["divergence forgotten"],
    "sign of log p(z)/q(z|x)": REPORT_WRONG["sign of log p(z)/q(z|x)"]})
def mean_is_the_elbo(evaluate, rng):
    """One draw for each of 20000 copies of an image: the mean is the ELBO, by 30 Gauss-Hermite nodes in one unit."""
    p, x = model(rng, 6, 5, 1), np.repeat(black_and_white(rng, 1), 20_000, 0)
    p = p._replace(enc=(p.enc[0], Dense(p.enc[1].W / 4, np.array([1.2, -1.5]))))  # far enough from the prior
    eps, weight = gauss_hermite(30)
    (rec, kl), _ = elbo_terms(p, x[:30], eps, activation=tanh)
    return z_score(evaluate(p, x, 7, samples=1, activation=tanh).elbo, float(-weight @ (rec + kl)))


def inflated(c, k=2, d=4, eta=0.3, seed=0):
    """A linear model in its principal axes with its posterior's variance times c, as a VAE of affine networks."""
    W = np.linalg.qr(np.random.default_rng(seed).standard_normal((d, k)))[0] * np.linspace(1.5, 0.7, k)
    p = PPCA(W, eta, np.linspace(-1, 1, d))
    cov = ppca_posterior(p, np.zeros((1, d)))[1]
    V = W @ cov / eta
    enc = Dense(np.hstack([V, 0 * V]), np.append(-p.mean @ V, np.log(c * np.diag(cov))))
    return VAE((enc,), (Dense(W.T, p.mean),)), p


@ledger.add("3.22", "identity", log_weights, wrong=WEIGHTS_WRONG)
def quadratic_in_the_noise(weights, rng):
    """log w of affine networks, for c = 0.6, 1, 2.5, is log p(x) + (k log c + (1 - c) |eps|^2) / 2, draw by draw."""
    x, eps, got, want = rng.standard_normal((7, 4)), rng.standard_normal((5, 7, 2)), [], []
    for c in (0.6, 1.0, 2.5):
        vae, p = inflated(c)
        got.append(weights(vae, x, eps, likelihood=gaussian(0.3), activation=tanh)[0])
        want.append(ppca_log_likelihood(p, x) + np.log(c) + (1 - c) / 2 * (eps**2).sum(2))
    return gap(np.array(got), np.array(want))


S, R = np.linspace(-40, 8, 1200), np.linspace(0, 13, 300)


def scaled_gap(weights, c, K):
    """K (log p(x) - L_K) with one code unit: log M is the integral of (e^-t - e^-tM) / t, and the mean of e^-tM a
    K-th power of an integral over one draw; both by the trapezoid rule, in log t and in the noise."""
    vae, p = inflated(c, k=1)
    x = np.ones((1, 4))
    log_w = weights(vae, x, np.append(-R[:0:-1], R)[:, None, None], likelihood=gaussian(0.3), activation=tanh)[0][:, 0]
    r = np.exp(log_w - ppca_log_likelihood(p, x))
    density = stats.norm.pdf(np.append(-R[:0:-1], R)) * (R[1] - R[0])
    t = np.exp(S) * K
    laplace = np.exp(-np.outer(t / K, r)) @ (density / density.sum())
    return K * -(np.exp(-t) - laplace**K).sum() * (S[1] - S[0])


@ledger.add("3.22", "limit", log_weights, bound=1e-5, wrong={
    "posterior's variance for its root": lambda p, x, eps, **how: log_weights(
        VAE((Dense(p.enc[0].W, p.enc[0].b * [1, 1.3]),), p.dec), x, eps, **how),
    "determinant forgotten": WEIGHTS_WRONG["determinant forgotten"],
    "noise's density forgotten": WEIGHTS_WRONG["noise's density forgotten"]})
def gap_falls_like_one_over_K(weights, rng):
    """Twice K gap_K at 2K less K gap_K at K = 512, for c = 0.8 and 2: half of c / sqrt(2 c - 1) - 1, to O(1/K^2)."""
    got, want = [], []
    for c in (0.8, 2.0):
        coarse, fine = (scaled_gap(weights, c, K) for K in (512, 1024))
        got.append(2 * fine - coarse)
        want.append((c / np.sqrt(2 * c - 1) - 1) / 2)
    return gap(np.array(got), np.array(want))


