"""Evidence for first variations, (11.3) to (11.6)."""

from __future__ import annotations

import numpy as np
from scipy import special, stats

from refvae.bottleneck import max_entropy
from refvae.check.identity import along
from refvae.evidence import Ledger, gap, spoiled
from refvae.spring import denoising_functional, differences, entropy_functional, functional, identity

ledger = Ledger()


# A sum of functions of linear maps


def pieces(rng):
    """A point (5,), a matrix (5, 5), weights and targets."""
    return rng.standard_normal(5), rng.standard_normal((5, 5)), rng.uniform(0.5, 2, 5), rng.standard_normal(5)


def terms(A, w, t):
    """A weighted square of A u - t, and a sum of cubes of u over 3."""
    through = lambda u: (A @ u, lambda d: A.T @ d)
    return [(through, lambda v: ((w * (v - t) ** 2).sum() / 2, w * (v - t))),
            (identity, lambda v: ((v**3).sum() / 3, v**2))]


def as_layer(functional):
    """The functional of those terms as a layer of u."""
    def layer(u, A_frozen, w_frozen, t_frozen):
        value, slope = functional(terms(A_frozen, w_frozen, t_frozen), u)
        return value, lambda d: (d * slope, None, None, None)

    return layer


def without_transpose(parts, u):
    """The gradients not pulled back."""
    found = [f(linear(u)[0]) for linear, f in parts]
    return sum(value for value, _ in found), sum(slope for _, slope in found)


def at_u(parts, u):
    """The gradients taken at u and not at A u."""
    value = functional(parts, u)[0]
    return value, sum(linear(u)[1](f(u)[1]) for linear, f in parts)


SUM_WRONG = {"not pulled back": without_transpose, "gradients at u": at_u,
             "last term alone": lambda parts, u: functional(parts[-1:], u),
             "mean over the terms": lambda parts, u: tuple(part / 2 for part in functional(parts, u))}
ledger.adjoint("11.3", as_layer(functional), pieces, wrong={
    key: as_layer(SUM_WRONG[key]) for key in ("not pulled back", "gradients at u")})


@ledger.add("11.3", "identity", functional, exact=True, wrong=SUM_WRONG)
def written_out(functional, rng):
    """Value and gradient by loops over the entries."""
    u, A, w, t = pieces(rng)
    rest = [sum(A[i, j] * u[j] for j in range(5)) - t[i] for i in range(5)]
    value = sum(w[i] * rest[i] ** 2 / 2 + u[i] ** 3 / 3 for i in range(5))
    slope = [sum(w[i] * rest[i] * A[i, j] for i in range(5)) + u[j] ** 2 for j in range(5)]
    got, gradient = functional(terms(A, w, t), u)
    return gap((np.array(got), gradient), (np.array(value), np.array(slope)))


# Summation by parts


def points(rng):
    """Seven joints."""
    return (rng.standard_normal(7),)


def from_the_first(y):
    """The first difference lost: the end on the axis is free."""
    v, pull = differences(y)
    return v * np.append(0, np.ones(6)), lambda d: pull(d * np.append(0, np.ones(6)))


PARTS_WRONG = {"axis end free": from_the_first,
               "other end held": spoiled(differences, lambda d: d * np.append(np.ones(6), 0)),
               "sign by parts": spoiled(differences, lambda d: d * np.append(-np.ones(6), 1)),
               "number of parts lost": lambda y: (differences(y)[0] / 7, lambda d: differences(y)[1](d) / 7)}
ledger.adjoint("11.4", differences, points, wrong={
    key: PARTS_WRONG[key] for key in ("other end held", "sign by parts")})


@ledger.add("11.4", "identity", differences, exact=True, wrong=PARTS_WRONG)
def a_matrix_and_its_transpose(layer, rng):
    """7 on the diagonal and -7 below it."""
    (y,), d = points(rng), rng.standard_normal(7)
    A = 7 * (np.eye(7) - np.eye(7, k=-1))
    v, pull = layer(y)
    return gap((v, pull(d)), (A @ y, A.T @ d))


@ledger.add("11.4", "law", differences, wrong={key: PARTS_WRONG[key] for key in PARTS_WRONG if "sign" not in key})
def boundary_term(layer, rng):
    """The pull of ones is zero inside and 7 at the free end; the mean of the differences is the last joint."""
    (y,) = points(rng)
    v, pull = layer(y)
    return gap((np.array(v.mean()), pull(np.ones(7))), (y[-1], np.append(np.zeros(6), 7.0)))


# The normal law


def density(rng):
    """A positive density on nine nodes, weights, three multipliers."""
    return (rng.exponential(size=9) + 0.1, np.sort(rng.standard_normal(9)), rng.uniform(0.3, 1.2, 9),
            rng.standard_normal(3))


def lost(p, x, w, theta):
    """Without the 1 that the logarithm's derivative leaves."""
    value, slope = entropy_functional(p, x, w, theta)
    return value + w @ p, slope + w


ENTROPY_WRONG = {"the 1 lost": lost, "powers from 1": lambda p, x, w, theta: (
    lambda value, slope, rest: (value + p @ rest, slope + rest))(
        *entropy_functional(p, x, w, theta), w * (x[:, None] ** np.arange(len(theta)) @ theta) * (1 - x)),
    "multipliers added": lambda p, x, w, theta: entropy_functional(p, x, w, -np.asarray(theta)),
    "weights lost": lambda p, x, w, theta: (entropy_functional(p, x, w, theta)[0],
                                            entropy_functional(p, x, w, theta)[1] / w)}


@ledger.add("11.5", "identity", entropy_functional, wrong=ENTROPY_WRONG)
def entropy_minus_moments(functional, rng):
    """Value from scipy.special.entr and moments, slope from xlogy and numpy.polyval."""
    p, x, w, theta = density(rng)
    value, slope = functional(p, x, w, theta)
    moments = [w @ (p * x**j) for j in range(3)]
    want = -w @ special.entr(p) - w @ p - np.dot(theta, moments)
    return gap((np.array(value), slope), (np.array(want), w * (special.xlogy(1, p) - np.polyval(theta[::-1], x))))


STATIONARY_WRONG = {key: ENTROPY_WRONG[key] for key in ENTROPY_WRONG if "weights" not in key}  # zero whatever they are


@ledger.add("11.5", "limit", entropy_functional, bound=1e-12, wrong=STATIONARY_WRONG)
def the_normal_density_is_stationary(functional, rng):
    """With the multipliers of N(mu, var): the slope vanishes, against its own part w log p."""
    mu, var = rng.standard_normal(), rng.uniform(0.5, 2)
    x, w = np.linspace(mu - 4, mu + 4, 33), rng.uniform(0.3, 1.2, 33)
    part = w * stats.norm.logpdf(x, mu, np.sqrt(var))
    theta = [-np.log(2 * np.pi * var) / 2 - mu * mu / (2 * var), mu / var, -1 / (2 * var)]
    return gap(functional(np.exp(part / w), x, w, theta)[1] + part, part)


@ledger.add("11.5", "law", entropy_functional, bound=1e-9, wrong=STATIONARY_WRONG)
def what_maximum_entropy_finds_is_stationary(functional, rng):
    """At the density and multipliers of refvae.bottleneck.max_entropy for four moments, as far as these are met."""
    x, w = np.linspace(-2, 2, 41), np.full(41, 0.1)
    first = stats.norm.pdf(x, -0.8, 0.3) + stats.norm.pdf(x, 0.7, 0.5)
    p, theta = max_entropy(x, w, (w * first / (w @ first)) @ x[:, None] ** np.arange(1, 5))
    return gap(functional(p, x, w, theta)[1] + w * np.log(p), w * np.log(p))


# Tweedie


def noisy(rng):
    """Seven noisy nodes and weights, four clean values and their probabilities, a standard deviation."""
    p = rng.exponential(size=4) + 0.1
    return rng.uniform(-2, 2, 7), rng.uniform(0.3, 1.2, 7), rng.standard_normal(4), p / p.sum(), rng.uniform(0.5, 0.9)


def log_density(xt, x, p, sigma):
    """log of the density of noisy inputs, for complex ones too."""
    return np.log(np.exp(-((xt[:, None] - x) / sigma) ** 2 / 2) @ p / np.sqrt(2 * np.pi) / sigma)


DENOISING_WRONG = {
    "probabilities lost": lambda g, xt, w, x, p, sigma: denoising_functional(g, xt, w, x, np.full(len(p), 0.25), sigma),
    "variance for its root": lambda g, xt, w, x, p, sigma: denoising_functional(g, xt, w, x, p, sigma**2),
    "noise for the clean value": lambda g, xt, w, x, p, sigma: denoising_functional(xt - g, xt, w, x, p, sigma),
    "weights lost": lambda g, xt, w, x, p, sigma: denoising_functional(g, xt, np.ones(7), x, p, sigma)}


@ledger.add("11.6", "identity", denoising_functional, wrong=DENOISING_WRONG)
def pair_by_pair(functional, rng):
    """Value and slope by loops over pairs, with scipy.stats.norm."""
    (xt, w, x, p, sigma), g = noisy(rng), rng.standard_normal(7)
    joint = [[w[i] * p[j] * stats.norm.pdf(xt[i], x[j], sigma) for j in range(4)] for i in range(7)]
    value = sum(joint[i][j] * (g[i] - x[j]) ** 2 / 2 for i in range(7) for j in range(4))
    slope = [sum(joint[i][j] * (g[i] - x[j]) for j in range(4)) for i in range(7)]
    got, gradient = functional(g, xt, w, x, p, sigma)
    return gap((np.array(got), gradient), (np.array(value), np.array(slope)))


@ledger.add("11.6", "law", denoising_functional, exact=True, wrong={key: DENOISING_WRONG[key] for key in DENOISING_WRONG
                                                        if "weights" not in key})
def tweedie(functional, rng):
    """The first variation vanishes at xt + sigma^2 (log density)', by a complex step; against its part without x."""
    xt, w, x, p, sigma = noisy(rng)
    score = along(lambda xt: log_density(xt, x, p, sigma), xt, 1.0)
    best = xt + sigma**2 * score
    part = w * np.exp(log_density(xt, x, p, sigma)) * best
    return gap(functional(best, xt, w, x, p, sigma)[1] + part, part)


@ledger.add("11.6", "limit", denoising_functional, bound=1e-12, wrong={key: DENOISING_WRONG[key] for key in (
    "variance for its root", "noise for the clean value", "weights lost")})
def one_clean_value(functional, rng):
    """A single clean value c: the slope at g is w N(xt; c, sigma^2) (g - c), and the value half of that times g - c."""
    (xt, w, x, _, sigma), g = noisy(rng), rng.standard_normal(7)
    value, slope = functional(g, xt, w, x[:1], np.ones(1), sigma)
    want = w * stats.norm.pdf(xt, x[0], sigma) * (g - x[0])
    return gap((np.array(value), slope), (np.array(want @ (g - x[0]) / 2), want))
