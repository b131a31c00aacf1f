"""Evidence for the path through the noise, (3.8), (3.9) and (3.18)."""

from __future__ import annotations

import numpy as np

from refvae.derivations.vae.common import gauss_hermite, twice
from refvae.derivations.vae.gaussian import three
from refvae.evidence import Ledger, gap, holds, spoiled, z_score
from refvae.vae import gaussian_nll, reparam

ledger = Ledger()


REPARAM_WRONG = {"variance for the standard deviation": lambda mu, lv, eps: reparam(mu, 2 * lv, eps),
                 "fourth root of the variance": lambda mu, lv, eps: reparam(mu, lv / 2, eps),
                 "noise not scaled": lambda mu, lv, eps: reparam(mu, 0 * lv, eps),
                 "mean lost": lambda mu, lv, eps: reparam(0 * mu, lv, eps)}


@ledger.add("3.8", "identity", reparam, exact=True, wrong=REPARAM_WRONG)
def change_of_variables(reparam, rng):
    """The density (3.3) at z is that of the noise, over the determinant, the product of the sigmas."""
    mu, logvar, eps = three(rng)
    z, sigma = reparam(mu, logvar, eps)[0], np.exp(logvar / 2)
    cost = (eps * eps + np.log(2 * np.pi)).sum(1) / 2 + np.log(sigma).sum(1)
    return gap(gaussian_nll(mu, logvar, z)[0], cost)


@ledger.add("3.8", "montecarlo", reparam, wrong=REPARAM_WRONG)
def second_moment(reparam, rng):
    """The mean of z^2 over 200000 draws is mu^2 + sigma^2, here 0.49 + 0.09."""
    mu, logvar = np.full((200_000, 1), 0.7), np.full((200_000, 1), 2 * np.log(0.3))
    z = reparam(mu, logvar, rng.standard_normal(mu.shape))[0]
    return z_score(z[:, 0] ** 2, 0.49 + 0.09)


REPARAM_SLOPES = {"half forgotten": spoiled(reparam, twice(1)),
                  "noise pulled without its scale": spoiled(reparam, lambda d: (d[0], d[1], d[0])),
                  "sigma forgotten": lambda mu, lv, eps: (reparam(mu, lv, eps)[0], lambda d: (
                      d, d * eps / 2, d * np.exp(lv / 2)))}
ledger.adjoint("3.9", reparam, three, wrong=REPARAM_SLOPES)


@ledger.add("3.9", "identity", reparam, exact=True, wrong=REPARAM_SLOPES)
def from_the_sample(reparam, rng):
    """From z alone: dz, dz (z - mu) / 2, dz (z - mu) / eps."""
    mu, logvar, eps = three(rng)
    z, pull = reparam(mu, logvar, eps)
    dz = rng.standard_normal(z.shape)
    return gap(pull(dz), (dz, dz * (z - mu) / 2, dz * (z - mu) / eps))


@ledger.add("3.8", "limit", reparam, bound=0, wrong={
    "product with an infinite sigma": lambda mu, lv, eps: (mu + np.exp(lv / 2) * eps, None), **{
        key: REPARAM_WRONG[key] for key in ("noise not scaled", "mean lost")}})
def no_noise_at_any_scale(reparam, rng):
    """Where eps = 0 the sample is the mean, at log-variances of 1500 too; at 800 and eps = 1e-170 it is e^400 eps."""
    mu, zero = rng.standard_normal((7, 6)), np.zeros((7, 6))
    large = reparam(zero, zero + 800, zero + 1e-170)[0]
    return holds([*(reparam(mu, zero + 1500, zero)[0] == mu).ravel(), *(abs(large / (np.exp(400) * 1e-170) - 1) < 1e-14
                                                                       ).ravel()])


@ledger.add("3.9", "limit", reparam, bound=0, wrong={
    "product with an infinite sigma": lambda mu, lv, eps: (None, lambda d: (d, d * eps * np.exp(lv / 2) / 2, None)),
    "noise for its scale": spoiled(reparam, lambda d: (d[0], d[1] + 1, d[2]))})
def no_noise_no_slope(reparam, rng):
    """Where eps = 0 the log-variance, here 1500, has no slope and the mean that of the sample."""
    zero, dz = np.zeros((7, 6)), rng.standard_normal((7, 6))
    dmu, dlogvar, _ = reparam(zero, zero + 1500, zero)[1](dz)
    return holds([*(dmu == dz).ravel(), *(dlogvar == 0).ravel()])


def cosine_gradient(reparam, mu, logvar, eps):
    """The gradient of cos(z) along the path, in mu and logvar, for every noise."""
    z, pull = reparam(np.full_like(eps, mu), np.full_like(eps, logvar), eps)
    return np.array(pull(-np.sin(z))[:2])[..., 0]


def mean_cosine_gradient(mu, logvar):
    """The gradient of E cos(z) = exp(-sigma^2 / 2) cos(mu)."""
    var = np.exp(logvar)
    return -np.exp(-var / 2) * np.array([np.sin(mu), np.cos(mu) * var / 2])


PATH_WRONG = {**{key: REPARAM_WRONG[key] for key in REPARAM_WRONG if "mean" not in key}, **{
    key: REPARAM_SLOPES[key] for key in ("half forgotten", "sigma forgotten")}}


@ledger.add("3.18", "identity", reparam, wrong=PATH_WRONG)
def mean_by_quadrature(reparam, rng):
    """f = cos: the mean of the path's gradient over 40 Gauss-Hermite nodes against the gradient of the closed mean."""
    mu, logvar = rng.uniform(-1, 1, 2)
    nodes, weights = gauss_hermite(40)
    return gap(cosine_gradient(reparam, mu, logvar, nodes) @ weights, mean_cosine_gradient(mu, logvar))


@ledger.add("3.18", "montecarlo", reparam, wrong=PATH_WRONG)
def mean_of_draws(reparam, rng):
    """The same over 200000 draws at mu = 0.4, sigma = 0.8, in the log-variance."""
    eps = rng.standard_normal((200_000, 1))
    got = cosine_gradient(reparam, 0.4, 2 * np.log(0.8), eps)[1]
    return z_score(got, mean_cosine_gradient(0.4, 2 * np.log(0.8))[1])
