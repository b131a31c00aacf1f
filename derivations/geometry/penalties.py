"""Evidence for what the two penalties share and what they do not, (4.15), (4.16)."""

from __future__ import annotations

from functools import partial

import numpy as np

from refvae.evidence import Ledger, gap, holds, order
from refvae.geometry import naive_penalty
from refvae.vae import kl_std_normal

ledger = Ledger()


def kl_at(mu, sigma):
    """The divergence as a function of sigma."""
    return kl_std_normal(np.array(mu)[..., None], 2 * np.log(np.array(sigma))[..., None])[0]


def naive_at(mu, sigma, mu_weight=1.0):
    """The naive penalty as a function of sigma."""
    return naive_penalty(np.array(mu)[..., None], 2 * np.log(np.array(sigma))[..., None], mu_weight)[0]


def expansion(mu=0.5, square=1.0, cube=-1 / 3):
    """A polynomial in mu and sigma - 1."""
    return lambda m, e: mu * m * m + square * e * e + cube * e**3


EXPANSION_WRONG = {"the naive penalty": expansion(1.0, cube=0.0), "naive and cubic": expansion(1.0),
                   "half of (sigma - 1)^2": expansion(square=0.5), "sign of the cube": expansion(cube=1 / 3)}


@ledger.add("4.15", "rate", expansion(), bound=0.1, wrong={**EXPANSION_WRONG, "no cube": expansion(cube=0.0)})
def fourth_order(series, rng):
    """KL less its expansion to third order, along 20 rays from (0, 1): sizes 2^-4 to 2^-9, order 4."""
    rays, sizes = rng.standard_normal((20, 2)), 2.0 ** -np.arange(4, 10)
    rest = [np.abs(kl_at(m := t * rays[:, 0], 1 + (e := t * rays[:, 1] / 2)) - series(m, e)).sum() for t in sizes]
    return order(sizes, np.array(rest), 4)


@ledger.add("4.15", "identity", lambda m, e: m * m / 2 + e * e / 2 - e + np.log1p(e), exact=True, wrong={
    "weight of mu the same": lambda m, e: e * e / 2 - e + np.log1p(e),
    "equal to second order": lambda m, e: m * m / 2 + e**3 / 3,
    "the other way round": lambda m, e: -(m * m / 2 + e * e / 2 - e + np.log1p(e))})
def exact_difference(difference, rng):
    """Naive penalty less KL, log sigma in (-4.6, -.1) and (.1, 1.4): mu^2/2 + e^2/2 - e + log(1 + e), e = sigma - 1."""
    mu, sigma = rng.uniform(-3, 3, 14), np.exp(np.append(rng.uniform(-4.6, -0.1, 7), rng.uniform(0.1, 1.4, 7)))
    return gap(naive_at(mu, sigma), kl_at(mu, sigma) + difference(mu, sigma - 1))


@ledger.add("4.15", "oracle", kl_at, bound=1e-5, wrong={"naive": naive_at, "halved": lambda m, s: kl_at(m, s) / 2,
                                                       "sigma for variance": lambda m, s: kl_at(m, np.sqrt(s))})
def in_units_of_the_naive_penalty(penalty, rng):
    """KL(0, 1 + e) / e^2 = 0.96898, 0.99669, 0.99967 for e = 1e-1, 1e-2, 1e-3: 1 - e/3 + e^2/4 - ..."""
    e = 10.0 ** -np.arange(1, 4)
    return gap(penalty(0 * e, 1 + e) / e**2, np.array([0.96898, 0.99669, 0.99967]))


def with_barrier(barrier=1.0, constant=-0.5):
    """What remains of the penalty at mu, sigma after -barrier log sigma."""
    return lambda mu, sigma: (mu * mu + sigma * sigma) / 2 + constant - barrier * np.log(sigma)


BARRIER_WRONG = {"no barrier": with_barrier(0.0), "log of the variance": with_barrier(2.0),
                 "half of it": with_barrier(0.5), "constant lost": with_barrier(constant=0.0)}


@ledger.add("4.16", "identity", with_barrier(), exact=True, wrong=BARRIER_WRONG)
def the_divergence_grows_like_minus_log_sigma(form, rng):
    """KL = -log sigma + (mu^2 + sigma^2 - 1) / 2 for sigma from e^-200 to e."""
    mu, sigma = rng.standard_normal(10), np.exp(np.append(rng.uniform(-200, -0.1, 7), rng.uniform(0.1, 1, 3)))
    return gap(kl_at(mu, sigma), form(mu, sigma))


@ledger.add("4.16", "law", naive_at, bound=0, wrong={
    "the divergence": kl_at, "with a barrier": lambda m, s: naive_at(m, s) - 0.01 * np.log(s),
    "halved": lambda m, s: naive_at(m, s) / 2})
def a_point_costs_one(penalty, rng):
    """For sigma from e^-200 to 1, the naive penalty less mu^2 is below 1, decreases in sigma, and is 1 in the limit."""
    mu, sigma = 0.5 + np.zeros(40), np.exp(-np.linspace(200, 0, 40))
    sizes = penalty(mu, sigma) - 0.25
    return holds([*(sizes <= 1), *(np.diff(sizes) <= 0), abs(sizes[0] - 1) < 1e-15])


@ledger.add("4.16", "limit", naive_at, bound=1e-8, wrong={
    "the divergence": kl_at, "variance for sigma": lambda m, s: naive_at(m, s * s),
    "halved": lambda m, s: naive_at(m, s) / 2, "mu halved": partial(naive_at, mu_weight=0.5)})
def finite_pull_towards_one(penalty, rng):
    """At sigma = 1e-9 the penalty is 1 + mu^2 and its slope in sigma -2: no force that grows."""
    s, step = 1e-9, 1e-3
    slope = (penalty(0.5, s + step) - penalty(0.5, s)) / step + 2
    return gap(np.array([penalty(0.5, s), 1 + slope]), np.array([1.25, 1 + step]))
