"""Evidence for the normal law among others, (5.23) to (5.25)."""

from __future__ import annotations

import numpy as np
from scipy import special, stats

from refvae.bottleneck import linear_combination, neg_entropy, normal_entropy
from refvae.derivations.bottleneck.normal import grid
from refvae.derivations.vae.common import signs
from refvae.evidence import Ledger, entrywise, gap, z_score

ledger = Ledger()


# Gibbs


def mixture(rng):
    """A normal mixture, its density on wide nodes, its mean and variance."""
    share, mu, sigma = np.array([0.3, 0.7]), rng.standard_normal(2), rng.uniform(0.5, 1.5, 2)
    x, w = grid(-20, 20, 0.02)
    mean = share @ mu
    return x, w, share @ stats.norm.pdf(x, mu[:, None], sigma[:, None]), mean, share @ (sigma**2 + mu**2) - mean**2


ENTROPY_WRONG = {"standard deviation for variance": lambda var: normal_entropy(np.sqrt(var)),
                 "without the e": lambda var: normal_entropy(var) - 0.5, "in bits": lambda var: normal_entropy(
                     var) / np.log(2), "half of the logarithm lost": lambda var: 2 * normal_entropy(var)}


@ledger.add("5.23", "identity", normal_entropy, wrong=ENTROPY_WRONG)
def deficit_is_a_divergence(entropy, rng):
    """H(normal) - H(p) against KL(p || normal) by the trapezoidal rule, three mixtures."""
    got, want = [], []
    for _ in range(3):
        x, w, p, mean, var = mixture(rng)
        got.append(entropy(var) + neg_entropy(p[p > 0], w[p > 0])[0])
        want.append(w @ special.rel_entr(p, stats.norm.pdf(x, mean, np.sqrt(var))))
    return gap(np.array(got), np.array(want))


@ledger.add("5.23", "oracle", normal_entropy, bound=1e-14, wrong=ENTROPY_WRONG)
def scipy_entropy(entropy, rng):
    """scipy.stats.norm.entropy, entry by entry."""
    var = rng.uniform(0.1, 4, 5)
    return entrywise(entropy(var), stats.norm.entropy(0, np.sqrt(var)))


# Table


AT_ONE = {key: wrong for key, wrong in ENTROPY_WRONG.items() if "deviation" not in key}  # the same at variance 1
LAWS = {"normal": (1.4189385, stats.norm()), "logistic": (1.4045763, stats.logistic(0, np.sqrt(3) / np.pi)),
        "Laplace": (1.3465736, stats.laplace(0, np.sqrt(0.5))),
        "uniform": (1.2424533, stats.uniform(-np.sqrt(3), 2 * np.sqrt(3))), "exponential": (1.0, stats.expon(-1))}
CLOSED = np.array([np.log(2 * np.pi * np.e) / 2, 2 + np.log(np.sqrt(3) / np.pi), 1 + np.log(np.sqrt(2)),
                   np.log(2 * np.sqrt(3)), 1])


@ledger.add("5.24", "oracle", normal_entropy, bound=4e-8, wrong=AT_ONE)
def table_of_entropies(entropy, rng):
    """The printed digits: SciPy's entropies at a variance that SciPy says is 1, the closed forms, and ours."""
    scipy = [law.entropy() / law.var() for _, law in LAWS.values()]
    printed = np.array([number for number, _ in LAWS.values()])
    return entrywise(np.array([*scipy, *CLOSED, entropy(1.0)]), np.array([*printed, *printed, 1.4189385]))


@ledger.add("5.24", "identity", normal_entropy, wrong=AT_ONE)
def divergences_from_the_normal(entropy, rng):
    """H(normal) - H(law) for the closed forms of H(law) is KL(law || normal), by quadrature."""
    x, w = grid(-60, 60, 0.005)
    p = stats.logistic.pdf(x, 0, np.sqrt(3) / np.pi)
    logistic = w @ (special.xlogy(p, p) - p * stats.norm.logpdf(x))
    nodes, weights = np.polynomial.legendre.leggauss(20)
    uniform = weights @ (-np.log(2 * np.sqrt(3)) - stats.norm.logpdf(np.sqrt(3) * nodes)) / 2
    t, u = np.polynomial.laguerre.laggauss(20)
    exponential = u @ (-t - stats.norm.logpdf(t - 1))
    laplace = u @ (-np.log(np.sqrt(2)) - t - stats.norm.logpdf(t * np.sqrt(0.5)))
    return gap(entropy(1.0) - CLOSED[1:], np.array([logistic, laplace, uniform, exponential]))


# Convolution


def normals(rng):
    """Three normal laws and weights."""
    return rng.standard_normal(3), rng.uniform(0.3, 2, 3), rng.uniform(0.5, 1.5, 3) * [1, -1, 1]


SUM_WRONG = {"weights not squared": lambda mu, var, a: (a @ mu, a @ var),
             "standard deviations added": lambda mu, var, a: (a @ mu, (np.abs(a) @ np.sqrt(var)) ** 2),
             "a mixture": lambda mu, var, a: (a @ mu, a @ (var + mu**2) - (a @ mu) ** 2),
             "mean of the parts": lambda mu, var, a: (a @ mu / 3, a * a @ var / 9)}


@ledger.add("5.25", "identity", linear_combination, wrong=SUM_WRONG)
def convolved_densities(combine, rng):
    """The density of a1 z1 + a2 z2 by the convolution integral (trapezoidal rule) at seven points."""
    (mu, var, a), (v, w) = normals(rng), grid(-40, 40, 0.01)
    mean, variance = combine(mu[:2], var[:2], a[:2])
    at = np.linspace(-2, 3, 7)
    scale = np.abs(a) * np.sqrt(var)
    got = stats.norm.pdf(v, a[0] * mu[0], scale[0]) * stats.norm.pdf(at[:, None] - v, a[1] * mu[1], scale[1]) @ w
    return gap(stats.norm.pdf(at, mean, np.sqrt(np.maximum(variance, 1e-9))), got)


@ledger.add("5.25", "law", linear_combination, wrong={key: SUM_WRONG[key] for key in SUM_WRONG if "dev" not in key})
def characteristic_functions(combine, rng):
    """The product of three characteristic functions, by quadrature of cos and sin, at five frequencies."""
    (mu, var, a), (x, w) = normals(rng), grid(-25, 25, 0.02)
    mean, variance = combine(mu, var, a)
    u = np.linspace(0.2, 1, 5)
    each = [np.exp(1j * np.multiply.outer(u * a[i], x)) @ (w * stats.norm.pdf(x, mu[i], np.sqrt(var[i])))
            for i in range(3)]
    want, got = np.prod(each, 0), np.exp(1j * u * mean - u * u * variance / 2)
    return gap((got.real, got.imag), (want.real, want.imag))


@ledger.add("5.25", "identity", linear_combination, exact=True, wrong={
    key: SUM_WRONG[key] for key in SUM_WRONG if "dev" not in key})
def mean_over_signs(combine, rng):
    """Mean and variance of sum a_i (mu_i + s_i sigma_i) over all signs s: the mixed terms have the mean 0."""
    mu, sigma, a = rng.standard_normal((3, 3))
    sums = (mu + signs(3) * sigma) @ a
    return gap(combine(mu, sigma**2, a), (sums.mean(), (sums**2).mean() - sums.mean() ** 2))


@ledger.add("5.25", "montecarlo", linear_combination, wrong=SUM_WRONG)
def sampled_sums(combine, rng):
    """Mean of (s - mean)^2 over 20000 sums s against the variance."""
    mu, var, a = normals(rng)
    mean, variance = combine(mu, var, a)
    return z_score(((mu + np.sqrt(var) * rng.standard_normal((20000, 3))) @ a - mean) ** 2, float(variance))
