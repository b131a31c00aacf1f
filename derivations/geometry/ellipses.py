"""Evidence for the objectives and for the free scale of the code, (4.2) to (4.4), (4.8), (4.9)."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from scipy import optimize, stats

from refvae import trees
from refvae.derivations.geometry.common import codes, network, perceptron
from refvae.derivations.vae.common import wide
from refvae.evidence import Ledger, gap, spoiled
from refvae.fit import value_and_gradient
from refvae.geometry import aggregated_moments, ellipse_loss, naive_penalty, standardise_codes
from refvae.layers import Dense, tanh
from refvae.vae import VAE, encode, gaussian, kl_std_normal, neg_elbo, vae_init

ledger = Ledger()
curved = partial(ellipse_loss, activation=tanh)


def with_kl(p, x_frozen, eps):
    """The VAE at beta = 0.7."""
    return curved(p, x_frozen, eps, beta=0.7)


def with_naive(p, x_frozen, eps):
    """The naive penalty at beta = 0.7."""
    return curved(p, x_frozen, eps, beta=0.7, penalty=naive_penalty)


def wrong_gradients(layer):
    """Mistakes of the backward pass."""
    return {"sum for mean": spoiled(layer, lambda d: (trees.map(lambda g: 7 * g, d[0]), *d[1:])),
            "beta lost": lambda p, x_frozen, eps: (layer(p, x_frozen, eps)[0], curved(
                p, x_frozen, eps, penalty=naive_penalty if layer is with_naive else kl_std_normal)[1]),
            "noise without gradient": spoiled(layer, lambda d: (*d[:2], 0 * d[2])),
            "penalty without gradient": lambda p, x_frozen, eps: (
                layer(p, x_frozen, eps)[0], curved(p, x_frozen, eps, beta=0.0)[1])}


ledger.adjoint("4.2", with_kl, network, wrong=wrong_gradients(with_kl), name="with the divergence",
               exact=wide(network))
ledger.adjoint("4.2", with_naive, network, wrong=wrong_gradients(with_naive), name="with the naive penalty")

LOSS_WRONG = {"variance for sigma": lambda p, x, eps, **k: curved(p, x, np.exp(logvar_of(p, x) / 2) * eps, **k),
              "sum for mean": lambda p, x, eps, **k: (7 * curved(p, x, eps, **k)[0], None),
              "mean over pixels": lambda p, x, eps, **k: curved(p, x, eps, likelihood=lambda a, b: (
                  ((a - b) ** 2).mean(1), None), **k),
              "noise doubled": lambda p, x, eps, **k: curved(p, x, 2 * eps, **k),
              "mean decoded": lambda p, x, eps, **k: curved(p, x, 0 * eps, **k)}


def logvar_of(p, x):
    """The encoder's log-variance."""
    return encode(p.enc, x, tanh)[0][1]


@ledger.add("4.2", "identity", curved, exact=True, wrong={
    **LOSS_WRONG, "beta on the error": lambda p, x, eps, beta, **k: (
        beta * curved(p, x, eps, beta=0.0, **k)[0] + curved(p, x, eps, **k)[0] - curved(p, x, eps, beta=0.0, **k)[0],)})
def number_by_number(loss, rng):
    """Noise alone and both penalties against a loop over examples and features; plain autoencoder at eps = 0."""
    p, x, eps = wide(network)(rng)
    h, error, kl, naive = perceptron(p.enc, x), 0.0, 0.0, 0.0
    for i in range(7):
        z = [h[i, j] + np.sqrt(np.exp(h[i, 2 + j])) * eps[i, j] for j in range(2)]
        error += sum((a - b) ** 2 for a, b in zip(perceptron(p.dec, np.array([z]))[0], x[i], strict=True)) / 7
        for m, v in zip(h[i, :2], np.exp(h[i, 2:]), strict=True):
            kl, naive = kl + (m * m + v - np.log(v) - 1) / 14, naive + (m * m + (np.sqrt(v) - 1) ** 2) / 7
    plain = ((perceptron(p.dec, h[:, :2]) - x) ** 2).sum() / 7
    return gap((loss(p, x, eps, beta=0.7)[0], loss(p, x, eps, beta=0.7, penalty=naive_penalty)[0],
                loss(p, x, eps, beta=0.0)[0], loss(p, x, 0 * eps, beta=0.0)[0]),
               (error + 0.7 * kl, error + 0.7 * naive, error, plain))


NAIVE_WRONG = {"halved": lambda mu, logvar: _scaled(0.5, mu, logvar), "variance - 1": lambda mu, logvar: (
                   (mu**2 + np.expm1(logvar) ** 2).sum(-1), None),
               "log sigma for sigma - 1": lambda mu, logvar: ((mu**2 + logvar**2 / 4).sum(-1), None),
               "the divergence": kl_std_normal}


def _scaled(factor, mu, logvar):
    cost, pull = naive_penalty(mu, logvar)
    return factor * cost, lambda d: pull(factor * d)


def weighted(mu, logvar):
    """The naive penalty with its means weighted by 0.3."""
    return naive_penalty(mu, logvar, 0.3)


ledger.adjoint("4.3", weighted, codes, wrong={
    "2 of mu's lost": spoiled(weighted, lambda d: (d[0] / 2, d[1])),
    "weight lost": spoiled(weighted, lambda d: (d[0] / 0.3, d[1])),
    "by sigma, not by log-variance": lambda mu, logvar: spoiled(weighted, lambda d: (
        d[0], 2 * d[1] / np.exp(logvar / 2)))(mu, logvar),
    "by log sigma": spoiled(weighted, lambda d: (d[0], 2 * d[1]))})


@ledger.add("4.3", "identity", naive_penalty, exact=True, wrong=NAIVE_WRONG)
def term_by_term(penalty, rng):
    """The penalty against a sum over numbers, with sigma as the root of the variance."""
    mu, logvar = codes(rng)
    want = [sum(m * m + (np.sqrt(np.exp(v)) - 1) ** 2 for m, v in zip(*row, strict=True))
            for row in zip(mu, logvar, strict=True)]
    return gap(penalty(mu, logvar)[0], np.array(want))


def as_elbo(beta):
    """The decoder variance under which the loss is a negative evidence lower bound."""
    return beta / 2


ELBO_WRONG = {"eta = beta": lambda beta: beta, "eta = 1 / (2 beta)": lambda beta: 1 / (2 * beta),
              "eta = beta^2 / 2": lambda beta: beta**2 / 2}


@ledger.add("4.4", "law", as_elbo, exact=True, wrong=ELBO_WRONG)
def value_and_gradient_of_the_elbo(eta, rng):
    """Value and gradient at beta = 1/4: beta (neg_elbo with decoder variance beta / 2) - beta d/2 log(pi beta)."""
    (p, x, eps), d = wide(network)(rng), rng.standard_normal()
    beta = 0.25 + 0 * d
    got, pull = curved(p, x, eps, beta=0.25)
    value, pull_elbo = neg_elbo(p, x, eps, likelihood=gaussian(eta(beta)), activation=tanh)
    constant = 2.5 * (np.log(2 * np.pi) + np.log(beta / 2))
    return gap((got, pull(d)[0]), (beta * (value - constant), pull_elbo(beta * d)[0]))


@ledger.add("4.4", "oracle", as_elbo, bound=1e-12, wrong=ELBO_WRONG)
def density_of_scipy(eta, rng):
    """The same value from scipy.stats.norm: -beta (log p(x|z) + log p(z) - log q(z|x)), averaged over q in the KL."""
    (p, x, eps), beta = network(rng), 0.3
    h = perceptron(p.enc, x)
    mu, sigma = h[:, :2], np.exp(h[:, 2:] / 2)
    log_p = stats.norm.logpdf(x, perceptron(p.dec, mu + sigma * eps), math.sqrt(eta(beta))).sum(1)
    kl = -(stats.norm.entropy(scale=sigma) - (math.log(2 * math.pi) + mu**2 + sigma**2) / 2).sum(1)
    return gap(curved(p, x, eps, beta=beta)[0], beta * ((kl - log_p).mean() - 2.5 * math.log(math.pi * beta)))


# The free scale of the code


def rescaled(mean=1.0, scale=1.0, variance=2.0, decoder=1.0):
    """standardise_codes with a power of the right shift or factor in one place."""
    def wrong(p, x, *, activation):
        centre, covariance = aggregated_moments(*encode(p.enc, x, activation)[0])
        s, last, first = np.sqrt(np.diag(covariance)), p.enc[-1], p.dec[0]
        k = len(s)
        head = Dense(np.hstack([last.W[:, :k] / s**scale, last.W[:, k:]]), np.hstack(
            [(last.b[:k] - mean * centre) / s**scale, last.b[k:] - variance * np.log(s)]))
        return VAE((*p.enc[:-1], head), (Dense(first.W * s[:, None] ** decoder, first.b + centre @ first.W),
                                         *p.dec[1:]))

    return wrong


SCALE_WRONG = {"means not centred": rescaled(mean=0.0), "log-variance moved by log s": rescaled(variance=1.0),
               "axes not scaled": rescaled(variance=0.0), "decoder scaled the wrong way": rescaled(decoder=-1.0),
               "scaled by the variance": rescaled(scale=2.0, variance=4.0, decoder=2.0)}


def three_axes(rng):
    """A VAE 5 -> 6 -> 4 -> 3 with biases, seven examples and their noise."""
    p = trees.map(lambda leaf: leaf + 0.3 * rng.standard_normal(leaf.shape), vae_init((5, 6, 4, 3), rng))
    return p, rng.standard_normal((7, 5)), rng.standard_normal((7, 3))


@ledger.add("4.8", "law", standardise_codes, wrong=SCALE_WRONG)
def same_pictures(standardise, rng):
    """The reconstructions for the same noise are the same; the union then has mean 0 and variances 1."""
    p, x, eps = three_axes(rng)
    new = standardise(p, x, activation=tanh)
    mean, covariance = aggregated_moments(*encode(new.enc, x, tanh)[0])
    pictures = [perceptron(q.dec, h[:, :3] + np.exp(h[:, 3:] / 2) * eps)
                for q in (p, new) for h in (perceptron(q.enc, x),)]
    return gap((pictures[1], 1 + mean, np.diag(covariance)), (pictures[0], np.ones(3), np.ones(3)))


@ledger.add("4.8", "identity", standardise_codes, wrong={
    key: wrong for key, wrong in SCALE_WRONG.items() if key != "decoder scaled the wrong way"})
def divergence_saved(standardise, rng):
    """The mean KL falls by KL(N(m, v) || N(0, I)), m and v the moments of the union before."""
    p, x, _ = three_axes(rng)
    new = standardise(p, x, activation=tanh)
    before, after = (kl_std_normal(*encode(q.enc, x, tanh)[0])[0].mean() for q in (p, new))
    mean, covariance = aggregated_moments(*encode(p.enc, x, tanh)[0])
    v = np.diag(covariance)
    return gap(before, after + (mean**2 + v - 1 - np.log(v)).sum() / 2)


def along_the_gauge(p, i):
    """Directions in which scale and origin of the code of axis i move while no reconstruction does."""
    k, scale, shift = len(p.dec[0].W), trees.map(np.zeros_like, p), trees.map(np.zeros_like, p)
    for j, factor in ((i, 1), (k + i, 0)):
        scale.enc[-1].W[:, j] = factor * p.enc[-1].W[:, j]
        scale.enc[-1].b[j] = factor * p.enc[-1].b[j] + 2 * (1 - factor)
    scale.dec[0].W[i], shift.enc[-1].b[i], shift.dec[0].b[:] = -p.dec[0].W[i], 1, -p.dec[0].W[i]
    return scale, shift


def slopes(penalty):
    """What the gradient must give along both directions, for every axis, at beta = 0.7."""
    return lambda mu, sigma: (0.7 * (mu**2 + sigma**2 - 1).mean(0), 0.7 * mu.mean(0)) if penalty == "kl" else (
        1.4 * (mu**2 + sigma**2 - sigma).mean(0), 1.4 * mu.mean(0))


@ledger.add("4.9", "law", {"kl": kl_std_normal, "naive": naive_penalty}, exact=True, wrong={
    "penalties exchanged": {"naive": kl_std_normal, "kl": naive_penalty},
    "naive for both": {"kl": naive_penalty, "naive": naive_penalty},
    "half the naive penalty": {"kl": kl_std_normal, "naive": partial(_scaled, 0.5)},
    "mu alone": {key: lambda mu, logvar: kl_std_normal(mu, 0 * logvar) for key in ("kl", "naive")}})
def gradient_along_the_gauge(penalties, rng):
    """The gradient along scale and origin of each axis of the code is beta E(mu^2 + sigma^2 - 1), beta E mu; naive."""
    got, want = [], []
    for kind, penalty in penalties.items():
        (p, x, eps), d = wide(network)(rng), rng.standard_normal()
        gradient = curved(p, x, eps, beta=0.7, penalty=penalty)[1](d)[0]
        h = perceptron(p.enc, x)
        want.append(d * np.array(slopes(kind)(h[:, :2], np.exp(h[:, 2:] / 2))))
        got.append([[trees.dot(gradient, along_the_gauge(p, i)[part]) for i in range(2)] for part in range(2)])
    return gap(np.array(got), np.array(want))


@ledger.add("4.9", "limit", kl_std_normal, bound=1e-5, wrong={
    "naive": naive_penalty, "sigma for variance": lambda mu, logvar: kl_std_normal(mu, logvar / 2),
    "mu^2, not mu^2 / 2": lambda mu, logvar: kl_std_normal(math.sqrt(2) * mu, logvar)})
def where_descent_ends(penalty, rng):
    """BFGS, 40 examples, fixed noise, encoder and decoder affine, beta = 0.5: mean 0 and E z_i^2 = 1 of the union."""
    x, eps = rng.standard_normal((40, 4)) @ rng.standard_normal((4, 4)), rng.standard_normal((40, 2))
    start = trees.flatten(vae_init((4, 2), rng))

    def objective(vector):
        p = trees.unflatten(vector, start.tree)
        value, gradient = value_and_gradient(partial(curved, beta=0.5, penalty=penalty), p, x, eps)
        return value, trees.flatten(gradient).vector

    found = optimize.minimize(objective, start.vector, jac=True, method="BFGS", options={"maxiter": 300, "gtol": 1e-9})
    mean, covariance = aggregated_moments(*encode(trees.unflatten(found.x, start.tree).enc, x, tanh)[0])
    return gap((1 + mean, np.diag(covariance)), (np.ones(2), np.ones(2)))


@ledger.add("4.9", "law", lambda beta, p, x, eps: curved(p, x, eps, beta=beta), exact=True, wrong={
    "with the divergence": lambda beta, p, x, eps: curved(p, x, eps, beta=1.0),
    "with the naive penalty": lambda beta, p, x, eps: curved(p, x, eps, penalty=naive_penalty)})
def noise_alone_has_no_scale(loss, rng):
    """At beta = 0, codes e^t times as large (and axes, and a decoder that undoes it) cost exactly the same."""
    (p, x, eps), t = wide(network)(rng), rng.uniform(0.5, 2)
    last, first, scale = p.enc[-1], p.dec[0], np.append(np.repeat(np.exp(t), 2), [1, 1])
    larger = VAE((*p.enc[:-1], Dense(last.W * scale, last.b * scale + 2 * t * np.array([0, 0, 1, 1]))),
                 (Dense(first.W / np.exp(t), first.b), *p.dec[1:]))
    return gap(loss(0.0, larger, x, eps)[0], loss(0.0, p, x, eps)[0])
