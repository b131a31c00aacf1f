"""Evidence for what is reported of held-out data, (3.21a), and for the gap, (3.22)."""

from __future__ import annotations

import numpy as np
from scipy import special, stats

from refvae.derivations.vae.common import black_and_white, gauss_hermite, model
from refvae.derivations.vae.importance import WEIGHTS_WRONG, draws
from refvae.evidence import Ledger, gap, z_score
from refvae.layers import Dense, mlp, tanh
from refvae.vae import (
    PPCA,
    VAE,
    elbo_terms,
    encode,
    evaluate,
    gaussian,
    log_weights,
    ppca_log_likelihood,
    ppca_posterior,
)

ledger = Ledger()


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
