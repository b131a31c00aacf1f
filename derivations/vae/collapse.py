"""Evidence for the linear autoencoder and its collapse, (3.32) to (3.35)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import linalg, optimize

from refvae import trees
from refvae.derivations.vae.common import signs
from refvae.derivations.vae.linear import SPECTRUM, pixels, with_spectrum
from refvae.evidence import Ledger, Outcome, entrywise, gap, holds, spoiled
from refvae.layers import Dense, tanh
from refvae.vae import (
    VAE,
    LinearVAE,
    elbo_terms,
    gaussian,
    linear_vae,
    linear_vae_optimum,
)

ledger = Ledger()


@lru_cache
def few_rows():
    """128 rows of mean 0 with the covariance of the digits."""
    R = linalg.qr(pixels()[0] - pixels()[0].mean(0), mode="r")[0][:64] * np.sqrt(64 / 1797)
    return np.vstack([R, -R])


def linear_args(rng):
    """Parameters, log eta, rows."""
    p = LinearVAE(rng.standard_normal((6, 3)), rng.standard_normal((6, 3)), rng.standard_normal(3))
    return p, np.array(0.2 * rng.standard_normal() - 0.8), rng.standard_normal((7, 6))


def wide_linear(rng):
    """The same with log-variances beyond the reach of the series (3.6)."""
    p, logeta, x = linear_args(rng)
    return p._replace(logvar=p.logvar + 6), logeta, x


LINEAR_WRONG = {"blur forgotten": lambda p, logeta, x, beta=1.0: (linear_vae(p, logeta, x, beta=beta)[0] - (
    (p.W**2).sum(0) * np.exp(p.logvar)).sum() / (2 * np.exp(logeta)), None),
    "blur with sigma for its square": lambda p, logeta, x, beta=1.0: (linear_vae(p, logeta, x, beta=beta)[0] + (
        (p.W**2).sum(0) * (np.exp(p.logvar / 2) - np.exp(p.logvar))).sum() / (2 * np.exp(logeta)), None),
    "eta taken for sigma": lambda p, logeta, x, beta=1.0: linear_vae(p, 2 * logeta, x, beta=beta),
    "beta on the reconstruction": lambda p, logeta, x, beta=1.0: (
        beta * linear_vae(p, logeta, x, beta=1 / beta)[0], None)}


@ledger.add("3.32", "identity", linear_vae, exact=True, wrong=LINEAR_WRONG)
def mean_of_the_sampled_objective(loss, rng):
    """The sampled terms of affine networks, averaged over 2^3 signs, which is exact; beta = 1.7."""
    p, logeta, x = wide_linear(rng)
    zero = np.zeros
    vae = VAE((Dense(np.hstack([p.V, zero((6, 3))]), np.append(zero(3), p.logvar)),), (Dense(p.W.T, zero(6)),))
    (rec, kl), _ = elbo_terms(vae, np.repeat(x, 8, 0), np.tile(signs(3), (7, 1)), likelihood=gaussian(np.exp(logeta)),
                              activation=tanh)
    return gap(loss(p, logeta, x, beta=1.7)[0], (rec + 1.7 * kl).reshape(7, 8).mean(1))


def slopes(change):
    """linear_vae whose cotangent of the parameters is changed: change(dp, p)."""
    def wrong(p, logeta, x):
        value, pull = linear_vae(p, logeta, x)
        return value, lambda d: (change(pull(d)[0], p), *pull(d)[1:])

    return wrong


LINEAR_SLOPES = {"blur forgotten in W": slopes(lambda d, p: d._replace(W=d.W - 14 * p.W * np.exp(p.logvar))),
                 "half forgotten in the log-variance": slopes(lambda d, p: d._replace(logvar=2 * d.logvar)),
                 "prior's pull on V lost": slopes(lambda d, p: d._replace(V=d.V * 0.9))}


@ledger.add("3.32", "law", linear_vae, exact=True, wrong=LINEAR_SLOPES)
def second_moments(loss, rng):
    """At eta = 1/2 the gradients of the sum over 7 rows in terms of S, A and B = I - W A, as stated."""
    (W, V, logvar), _, x = p, logeta, x = linear_args(rng)
    S, A, B, var = x.T @ x, V.T, np.eye(6) - W @ V.T, np.exp(logvar)
    want = LinearVAE(-2 * B @ S @ A.T + 14 * W * var, (-2 * W.T @ B @ S + A @ S).T,
                     7 * (W**2).sum(0) * var + 3.5 * (var - 1))
    return gap(loss(p, np.log(0 * logeta + 0.5), x)[1](np.ones(7))[0], want)


ledger.adjoint("3.32", linear_vae, linear_args, wrong={
    "blur forgotten in eta": spoiled(linear_vae, lambda d: (d[0], 1.5 * d[1], d[2])),
    "encoder and decoder exchanged": spoiled(linear_vae, lambda d: (d[0]._replace(W=d[0].V, V=d[0].W), *d[1:])),
    "sign of the data's": spoiled(linear_vae, lambda d: (*d[:2], -d[2])), **{
        key: LINEAR_SLOPES[key] for key in ("half forgotten in the log-variance",)}}, exact=wide_linear)


def weighted(p, logeta, x):
    """linear_vae at beta = 1.7."""
    return linear_vae(p, logeta, x, beta=1.7)


def pulled_at(beta):
    """The value at beta = 1.7 with the cotangents of another weight."""
    return lambda p, logeta, x: (weighted(p, logeta, x)[0], linear_vae(p, logeta, x, beta=beta)[1])


ledger.adjoint("3.32", weighted, linear_args, name="at another weight", exact=wide_linear, wrong={
    "beta forgotten": pulled_at(1.0), "beta squared": pulled_at(1.7**2),
    "sign of the data's": spoiled(weighted, lambda d: (*d[:2], -d[2]))})


def threshold_at(change):
    """linear_vae_optimum at another scale."""
    return lambda X, k, eta, beta=1.0: linear_vae_optimum(X, k, change(eta, beta), 1.0)


OPTIMUM_WRONG = {"beta ignored": threshold_at(lambda eta, beta: eta),
                 "eta ignored": threshold_at(lambda eta, beta: beta),
                 "eta / beta": threshold_at(lambda eta, beta: eta / beta),
                 "root forgotten": lambda X, k, eta, beta=1.0: squared(linear_vae_optimum(X, k, eta, beta)),
                 "V = W": lambda X, k, eta, beta=1.0: (p := linear_vae_optimum(X, k, eta, beta))._replace(V=p.W),
                 "one for all variances": lambda X, k, eta, beta=1.0: linear_vae_optimum(X, k, eta, beta)._replace(
                     logvar=np.zeros(k))}
SCALES = ((0.5, 1.0), (0.25, 3.0), (1.1, 0.5), (0.1, 4.0))


def squared(p):
    """Columns of W multiplied by their length."""
    return p._replace(W=p.W * np.sqrt((p.W**2).sum(0)))


@ledger.add("3.33", "identity", linear_vae_optimum, wrong=OPTIMUM_WRONG)
def value_at_four_scales(optimum, rng):
    """The mean loss at the optimum against the closed form, four pairs (eta, beta), k = 4; some directions collapse."""
    X, got, want = with_spectrum(rng), [], []
    for eta, beta in SCALES:
        got.append(linear_vae(optimum(X, 4, eta, beta), np.array(np.log(eta)), X, beta=beta)[0].mean())
        used = SPECTRUM[:4][SPECTRUM[:4] > beta * eta]
        want.append(3 * np.log(2 * np.pi * eta) + beta / 2 * (1 + np.log(used / (beta * eta))).sum()
                    + SPECTRUM[len(used):].sum() / (2 * eta))
    return gap(np.array(got), np.array(want))


@ledger.add("3.33", "law", linear_vae_optimum, bound=0, wrong=OPTIMUM_WRONG)
def nothing_is_lower(optimum, rng):
    """At each of the four scales none of 32 points near it, at distances 1e-3 to 1, is lower."""
    X, higher = with_spectrum(rng), []
    for eta, beta in SCALES:
        p = optimum(X, 4, eta, beta)
        loss = lambda p, eta=eta, beta=beta: linear_vae(p, np.array(np.log(eta)), X, beta=beta)[0].mean()
        for size in 10.0 ** -np.arange(4):
            near = (trees.map(lambda leaf, size=size: leaf + size * rng.standard_normal(leaf.shape), p)
                    for _ in range(8))
            higher += [loss(each) > loss(p) * (1 - 1e-14) for each in near]
    return holds(np.array(higher))


UNIT_WRONG = {"decoder variance 1": lambda X, k: linear_vae_optimum(X, k, 1.0),
              "decoder variance 1/4": lambda X, k: linear_vae_optimum(X, k, 0.25)}


def unit_weights(X, k):
    """The optimum of the unit-weight objective."""
    return linear_vae_optimum(X, k, 0.5)


@ledger.add("3.34", "oracle", unit_weights, bound=1e-9, wrong=UNIT_WRONG)
def one_spectrum(optimum, rng):
    """Spectrum 4, 2, 1, .6, .45, .2, k = 4: squared lengths, posterior variances, and the value 4.8206023201."""
    X = with_spectrum(rng)
    p = optimum(X, 4)
    value = linear_vae(p, np.array(np.log(0.5)), X)[0].mean() - 3 * np.log(np.pi)
    return entrywise(np.concatenate([(p.W**2).sum(0), np.exp(p.logvar), [value]]),
                     np.array([3.5, 1.5, 0.5, 0.1, 0.125, 0.25, 0.5, 1 / 1.2, 4.8206023201]))


@ledger.add("3.34", "law", unit_weights, bound=0, wrong=UNIT_WRONG)
def three_directions_of_the_digits(optimum, rng):
    """k = 3, 8, 16, 64: exactly three columns of W are not 0; their variances round to .699, .639, .554; next .395."""
    X, lam = pixels()
    found = [np.count_nonzero((optimum(X, k).W ** 2).sum(0)) == 3 for k in (3, 8, 16, 64)]
    return holds(np.array([*found, *(np.round(lam[:4], 3) == [0.699, 0.639, 0.554, 0.395])]))


def objective(p, X):
    """The mean of linear_vae at eta = 1/2, for `fit`."""
    loss, pull = linear_vae(p, np.array(np.log(0.5)), X)
    return loss.mean(), lambda d: (pull(np.full(len(X), d / len(X)))[0], None)


def tampered(change):
    """The objective with a wrong gradient."""
    def wrong(p, X):
        loss, pull = objective(p, X)
        return loss, lambda d: (change(pull(d)[0], p), None)

    return wrong


DESCENT_WRONG = {"blur forgotten": tampered(lambda d, p: d._replace(W=d.W - 2 * p.W * np.exp(p.logvar))),
                 "variances not trained": tampered(lambda d, p: d._replace(logvar=0 * d.logvar))}


@lru_cache
def descend(objective):
    """Data with the spectrum 3, 1.5, .8, .25, .2, .1 as six rows, and the parameters after 400 steps, momentum 0.9."""
    rng = np.random.default_rng(0)
    X = linalg.qr(with_spectrum(rng, np.array([3, 1.5, 0.8, 0.25, 0.2, 0.1])), mode="r")[0][:6] / 2
    p = LinearVAE(rng.standard_normal((6, 4)) / 2, rng.standard_normal((6, 4)) / 2, np.zeros(4))
    step = trees.map(np.zeros_like, p)
    for _ in range(400):
        step = trees.axpy(-0.08, objective(p, X)[1](1.0)[0], trees.map(lambda leaf: 0.9 * leaf, step))
        p = trees.axpy(1, step, p)
    return X, p, linear_vae_optimum(np.vstack([X, -X]), 4, 0.5)


@ledger.add("3.35", "limit", objective, bound=1e-10, wrong=DESCENT_WRONG)
def descent_reaches_the_minimum(objective, rng):
    """400 steps from a Gaussian start: the excess over the minimum of (3.33), relative."""
    X, p, best = descend(objective)
    loss, least = (linear_vae(each, np.array(np.log(0.5)), X)[0].mean() for each in (p, best))
    return Outcome(float(loss), float(least), abs(float(loss / least - 1)))


@ledger.add("3.35", "identity", objective, bound=1e-5, wrong=DESCENT_WRONG)
def descent_finds_the_directions(objective, rng):
    """The same seen at W W', to the root of what the loss, which is flat there, can show."""
    _, p, best = descend(objective)
    return gap(p.W @ p.W.T, best.W @ best.W.T)


@ledger.add("3.35", "law", linear_vae, bound=1e-6, wrong={
    "blur forgotten in W": slopes(lambda d, p: d._replace(W=d.W - 2 * p.W * np.exp(p.logvar))),
    "sign of the encoder's gradient": slopes(lambda d, p: d._replace(V=-d.V))})
def quasi_newton_on_the_digits(loss, rng):
    """300 steps of L-BFGS on the digits, k = 8, eta = 1/2, from a random start: the excess over the minimum."""
    X, logeta = pixels()[0], np.array(np.log(0.5))
    rows = few_rows()[:64]
    start = trees.flatten(LinearVAE(rng.standard_normal((64, 8)) / 8, rng.standard_normal((64, 8)) / 8, np.zeros(8)))

    def f(vector):
        value, pull = loss(trees.unflatten(vector, start.tree), logeta, rows)
        return value.mean(), trees.flatten(pull(np.full(64, 1 / 64))[0]).vector

    found = optimize.minimize(f, start.vector, jac=True, method="L-BFGS-B",
                              options={"maxiter": 300, "ftol": 1e-16, "gtol": 1e-9, "maxcor": 20})
    best = linear_vae(linear_vae_optimum(X, 8, 0.5), logeta, X - X.mean(0))[0].mean()
    return Outcome(float(found.fun), float(best), abs(float(found.fun / best - 1)))
