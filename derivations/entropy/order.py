"""Evidence for the estimate from order statistics, (6.2) to (6.5)."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import numpy as np
from scipy import special, stats

from refvae.derivations.entropy.common import points, radii, shifted, value
from refvae.entropy import bsy_weights, knn_entropy_layer, log_ball_volume, neighbours
from refvae.evidence import Ledger, entrywise, gap, z_score

ledger = Ledger()
NODES = tuple(part / 2 for part in np.polynomial.legendre.leggauss(80) + np.array([[1], [0]]))  # on [0, 1]

# Volumes

BALL_WRONG = {"diameter 1": lambda d, norm=2: log_ball_volume(d, norm) - d * np.log(2),
              "Gamma(d/2)": lambda d, norm=2: log_ball_volume(d, norm) + np.log(d / 2),
              "surface": lambda d, norm=2: log_ball_volume(d, norm) + np.log(d)}


@ledger.add("6.2", "identity", log_ball_volume, wrong=BALL_WRONG)
def slices(log_volume, rng):
    """V_d = V_{d-1} times the integral of (1 - t^2)^{(d-1)/2}, a Beta function, from V_1 = 2; and 2^d."""
    dims = np.arange(1, 31)
    steps = np.array([special.beta(0.5, (d + 1) / 2) for d in dims])
    return gap(np.exp([[log_volume(d), log_volume(d, np.inf)] for d in dims]),
               np.stack([np.cumprod(steps), 2.0 ** dims], 1))


@ledger.add("6.2", "oracle", log_ball_volume, bound=2e-6, wrong=BALL_WRONG)
def numbers_of_the_article(log_volume, rng):
    """The five values of B_d: 2, 3.14159, 4.18879, 4.93480, 5.26379."""
    return entrywise(np.exp([log_volume(d) for d in range(1, 6)]), np.array([2, 3.14159, 4.18879, 4.93480, 5.26379]))


# The mass within the k-th neighbour

PAIRS = [(5, 1), (7, 3), (10, 3), (50, 7), (2, 1), (6, 5)]
MASS_WRONG = {"one point too many": lambda n, k: (k, n - k + 1), "order k - 1": lambda n, k: (k - 0.5, n - k)}


@ledger.add("6.3", "identity", lambda n, k: (k, n - k), wrong=MASS_WRONG)
def at_least_k_of_the_others(beta, rng):
    """Pr(P <= t) is the probability that k or more of n - 1 uniform variables are below t, a binomial tail."""
    t = rng.uniform(0.05, 0.95, 20)
    return gap(np.array([stats.beta.cdf(t, *beta(n, k)) for n, k in PAIRS]),
               np.array([stats.binom.sf(k - 1, n - 1, t) for n, k in PAIRS]))


@ledger.add("6.3", "montecarlo", lambda x, k: neighbours(x, k).rho[0, -1], wrong={
    "order k + 1": lambda x, k: neighbours(x, k + 1).rho[0, -1],
    "the farther of both sides": lambda x, k: np.sort(np.abs(x[1:, 0] - x[0, 0]))[k]})
def mass_of_exponential_points(radius, rng):
    """The mass P of Exp(1) within the third neighbour of the first of seven points has the mean 3/7."""
    def mass():
        x = rng.exponential(size=(7, 1))
        r = radius(x, 3)
        return np.exp(-max(x[0, 0] - r, 0)) - np.exp(-x[0, 0] - r)

    return z_score(np.array([mass() for _ in range(500)]), 3 / 7)


# Its logarithm


def simplex(n):
    """n points whose distances are all the square root of 2."""
    return np.eye(n)


def constant(estimate, n, k):
    """The part of an estimate that depends on n and k only."""
    return estimate(simplex(n), k) - log_ball_volume(n) - n / 2 * np.log(2)


CONSTANT_WRONG = {"log(n - 1)": shifted(lambda n, k, d: np.log(n - 1) - special.digamma(n)),
                  "log k": shifted(lambda n, k, d: special.digamma(k) - np.log(k)),
                  "psi(n - 1)": shifted(lambda n, k, d: special.digamma(n - 1) - special.digamma(n))}


def layered(x, k, **how):
    """The estimate by the layer."""
    return knn_entropy_layer(x, neighbours(x, k, **how).idx, *how.values())[0]


@ledger.add("6.4", "identity", lambda x, k: np.array([value(x, k), layered(x, k)]), wrong=CONSTANT_WRONG)
def harmonic_sums(estimate, rng):
    """On a simplex the constant is 1/k + ... + 1/(n - 1), in rationals, for estimate and layer."""
    cases = [(n, k) for n in (2, 3, 7, 12) for k in (1, 2, 5) if k < n]
    exact = np.array([float(sum(Fraction(1, j) for j in range(k, n))) for n, k in cases])
    return gap(np.array([constant(estimate, *case) * np.ones(2) for case in cases]), np.stack([exact, exact], 1))


@ledger.add("6.4", "oracle", value, bound=1e-7, wrong=CONSTANT_WRONG)
def by_quadrature(estimate, rng):
    """-E log P by the integral over the density (8) of the article, n up to 50."""
    t, w = NODES
    mean = lambda n, k: w @ (6 * t**5 * stats.beta.pdf(t**6, k, n - k) * np.log(t**6))
    return entrywise(np.array([constant(estimate, n, k) for n, k in PAIRS]), -np.array([mean(*pair) for pair in PAIRS]))


@ledger.add("6.4", "identity", lambda n, k: (special.polygamma(1, k) - special.polygamma(1, n), special.gammaln),
            wrong={"variance of one term": lambda n, k: (special.polygamma(1, k), special.gammaln),
                   "moment without n": lambda n, k: (special.polygamma(1, k) - special.polygamma(1, n),
                                                     lambda z: special.gammaln(z) if z < n else special.gammaln(n))})
def variance_and_moments(law, rng):
    """Variance as the sum of 1/j^2; E P^s as the product of (k + s + j) / (n + s + j) for s = 2: k(k+1) / (n(n+1))."""
    found, want = [], []
    for n, k in PAIRS:
        variance, gammaln = law(n, k)
        found += [variance, np.exp(gammaln(k + 2) + gammaln(n) - gammaln(k) - gammaln(n + 2))]
        want += [sum(1 / j**2 for j in range(k, n)), k * (k + 1) / (n * (n + 1))]
    return gap(np.array(found), np.array(want))


@ledger.add("6.4", "limit", lambda n, k: special.polygamma(1, k) - special.polygamma(1, n), bound=1e-7, wrong={
    "variance of one term": lambda n, k: special.polygamma(1, k),
    "of k + 1": lambda n, k: special.polygamma(1, k + 1) - special.polygamma(1, n),
    "the mean": lambda n, k: special.digamma(n) - special.digamma(k)})
def variance_by_quadrature(variance, rng):
    """Var log P by integrals over the density of Beta(k, n - k), n up to 50."""
    t, w = NODES
    mean = lambda f, n, k: w @ (6 * t**5 * stats.beta.pdf(t**6, k, n - k) * f(np.log(t**6)))
    want = [mean(np.square, n, k) - mean(np.positive, n, k) ** 2 for n, k in PAIRS]
    return entrywise(np.array([variance(n, k) for n, k in PAIRS]), np.array(want))


# The estimate


ESTIMATE_WRONG = {"diameter for radius": shifted(lambda n, k, d: d * np.log(2)),
                  "psi(k + 1)": shifted(lambda n, k, d: -1 / k),
                  "d missing": lambda x, k, **how: value(x, k, **how) - (x.shape[1] - 1) * np.mean(
                      np.log(neighbours(x, k, **how).rho[:, -1]))}


@ledger.add("6.5", "identity", lambda x, k, **how: np.array([value(x, k, **how), layered(x, k, **how)]),
            wrong=ESTIMATE_WRONG)
def by_loops(estimate, rng):
    """The formula with radii by brute force, both norms, by estimate and layer."""
    x, found, want = points(rng), [], []
    for norm in (2, np.inf):
        for k in (1, 3, 8):
            terms = np.log(radii(x, k, norm=norm) ** 3 * (4 / 3 * np.pi if norm == 2 else 8))
            want.append((special.digamma(9) - special.digamma(k) + terms.mean()) * np.ones(2))
            found.append(estimate(x, k, norm=norm) * np.ones(2))
    return gap(np.array(found), np.array(want))


@lru_cache
def exponential_bias(n, k):
    """E log(p V rho / P) for Exp(1) by quadrature over x = -log u and the mass P ~ Beta(k, n - k) within rho."""
    t, w = NODES
    u = t[:, None] ** 6
    inside = 1 - u * u  # the mass at which the ball reaches the edge of the support
    low, rest = inside * t**6, u * u * t**6
    law = lambda mass: stats.beta.pdf(mass, k, n - k)
    terms = inside * law(low) * np.log(2 * u * np.arcsinh(low / u / 2) / low)
    beyond = u * u * law(1 - rest) * np.log(2 * u * np.log(u / rest) / (1 - rest))
    return (6 * t**5 * w) @ (terms + beyond) @ (6 * t**5 * w)


@ledger.add("6.4", "identity", knn_entropy_layer, wrong={
    "log n for psi(n)": lambda x, idx: (knn_entropy_layer(x, idx)[0] + np.log(9) - special.digamma(9), None),
    "psi(k + 1)": lambda x, idx: (knn_entropy_layer(x, idx)[0] - 1 / 3, None),
    "ball of the plane": lambda x, idx: (knn_entropy_layer(x, idx)[0] - np.log(4 / 3), None)})
def constant_of_the_layer(layer, rng):
    """Nine points in space, k = 3: what is left beside the radii is 1/3 + ... + 1/8 + log(4 pi / 3)."""
    x = points(rng)
    near = neighbours(x, 3)
    got = layer(x, near.idx)[0] - 3 * np.log(near.rho[:, 2]).mean()
    return gap(np.array(got), np.array(sum(1 / j for j in range(3, 9)) + np.log(4 * np.pi / 3)))


def weighted(x, k):
    """The estimate with weights of the orders, less their log-distances."""
    logs = np.array([np.log(radii(x, j)).mean() for j in range(1, k + 1)])
    return value(x, k, weights="bsy") - x.shape[1] * bsy_weights(k, x.shape[1]) @ logs


@ledger.add("6.4", "identity", weighted, wrong={
    "psi(k) for all orders": lambda x, k: weighted(x, k) + bsy_weights(k, 3) @ special.digamma(
        np.arange(1, k + 1)) - special.digamma(k),
    "log n for psi(n)": lambda x, k: weighted(x, k) + np.log(9) - special.digamma(9),
    "not weighted": lambda x, k: weighted(x, k) + (bsy_weights(k, 3) - 1 / k) @ special.digamma(np.arange(1, k + 1))})
def constant_of_several_orders(constant, rng):
    """Nine points in space, k = 5: the weighted sums 1/j + ... + 1/8, and log(4 pi / 3)."""
    sums = np.array([sum(1 / i for i in range(j, 9)) for j in range(1, 6)])
    return gap(np.array(constant(points(rng), 5)), np.array(bsy_weights(5, 3) @ sums + np.log(4 * np.pi / 3)))


@ledger.add("6.5", "limit", value, bound=1e-6, wrong={
    "psi(k + 1)": ESTIMATE_WRONG["psi(k + 1)"], "diameter for radius": ESTIMATE_WRONG["diameter for radius"],
    "without the bias": shifted(lambda n, k, d: -exponential_bias(2, 1))})
def exact_bias_of_two_points(estimate, rng):
    """Two points of Exp(1), whose distance is Exp(1): the mean is 1 + the bias by the formula, which is not small."""
    t, w = NODES
    both = lambda small: sum(estimate(np.array([[0], [-log_u]]), 1) for log_u in (np.log(small), np.log1p(-small)))
    mean = (3 * t**5 * w) @ np.array([both(small) for small in t**6 / 2])
    return gap(np.array(mean), np.array(1 + exponential_bias(2, 1)))


@ledger.add("6.5", "montecarlo", value, wrong={
    "psi(k + 1)": ESTIMATE_WRONG["psi(k + 1)"], "diameter for radius": ESTIMATE_WRONG["diameter for radius"]})
def mean_of_five_points(estimate, rng):
    """Five points of Exp(1), k = 2: the mean is 1 + the bias by the formula."""
    found = np.array([estimate(rng.exponential(size=(5, 1)), 2) for _ in range(300)])
    return z_score(found, 1 + exponential_bias(5, 2))
