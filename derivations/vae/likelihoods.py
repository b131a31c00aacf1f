"""Evidence for the likelihoods of pixels, (3.14) to (3.17)."""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy import special, stats

from refvae.derivations.vae.common import twice
from refvae.evidence import Ledger, entrywise, gap, holds, spoiled
from refvae.layers import bernoulli_nll, sigmoid
from refvae.vae import binomial, binomial_nll, discretised_gaussian, discretised_gaussian_nll

ledger = Ledger()
NODES, WEIGHTS = np.polynomial.legendre.leggauss(40)


def continuous_bernoulli(logits, x):
    """The Bernoulli term with the logarithm of the mass added: a density."""
    nll, pull = bernoulli_nll(logits, x)
    logit = np.where(logits == 0, 1e-9, logits)
    return nll + np.log(np.tanh(logit / 2) / logit).sum(1), pull


GREY_WRONG = {"continuous Bernoulli, which is a density": continuous_bernoulli,
              "squares for cross-entropy": lambda logits, x: (((special.expit(logits) - x) ** 2).sum(1), None)}


@ledger.add("3.14", "identity", bernoulli_nll, wrong=GREY_WRONG)
def mass_on_the_unit_interval(nll, rng):
    """Gauss-Legendre quadrature with 40 nodes over one grey pixel, against tanh(logit / 2) / logit, for 200 logits."""
    logits = rng.uniform(-20, 20, 200)
    x = np.tile((NODES + 1) / 2, 200)[:, None]
    p = np.exp(-nll(np.repeat(logits, 40)[:, None], x)[0]).reshape(200, 40)
    return gap(p @ WEIGHTS / 2, np.tanh(logits / 2) / logits)


@ledger.add("3.14", "law", bernoulli_nll, bound=0, wrong=GREY_WRONG)
def less_than_one_half(nll, rng):
    """The mass per pixel is below 1/2 for 100 logits other than 0, and 1/2 to the last digits at 0."""
    logits = np.append(rng.uniform(0.1, 30, 100) * rng.choice([-1, 1], 100), 0)
    x = np.tile((NODES + 1) / 2, 101)[:, None]
    mass = np.exp(-nll(np.repeat(logits, 40)[:, None], x)[0]).reshape(101, 40) @ WEIGHTS / 2
    return holds(np.append(mass[:-1] < 0.4999, abs(mass[-1] - 0.5) < 1e-15))


sixteen = partial(binomial_nll, trials=16)


def counts(rng):
    """Logits, and counts of ink from 0 to 16."""
    return 2 * rng.standard_normal((7, 6)), rng.integers(0, 17, (7, 6))


BINOMIAL_WRONG = {"binomial coefficient forgotten": lambda logit, c: (16 * bernoulli_nll(logit, c / 16)[0], None),
                  "Bernoulli term of grey pixels": lambda logit, c: bernoulli_nll(logit, c / 16),
                  "17 trials": partial(binomial_nll, trials=17),
                  "places unordered twice": lambda logit, c: (
                      2 * binomial_nll(logit, c, 16)[0] - 16 * bernoulli_nll(logit, c / 16)[0], None)}


@ledger.add("3.15", "oracle", sixteen, bound=1e-12, wrong=BINOMIAL_WRONG)
def scipy_binomial(nll, rng):
    """scipy.stats.binom.logpmf with 16 trials."""
    logits, c = counts(rng)
    return gap(nll(logits, c)[0], -stats.binom.logpmf(c, 16, special.expit(logits)).sum(1))


@ledger.add("3.15", "law", sixteen, wrong={key: BINOMIAL_WRONG[key] for key in BINOMIAL_WRONG if "17" not in key})
def probabilities_sum_to_one(nll, rng):
    """Over the 17 counts of a pixel, for 40 logits from -30 to 30; with the mean 16 sigmoid(logit)."""
    logits, c = rng.uniform(-30, 30, (40, 1)), np.arange(17)
    p = np.exp(-nll(np.repeat(logits, 17, 0), np.tile(c, 40)[:, None])[0]).reshape(40, 17)
    return gap((p.sum(1), p @ c), (np.ones(40), 16 * special.expit(logits[:, 0])))


@ledger.add("3.15", "limit", sixteen, bound=0, wrong={
    "shares in float64": lambda logit, c: (bernoulli_nll(logit, c / 16)[0] * 16, None),
    "in float64": lambda logit, c: binomial_nll(logit.astype(float), c, 16)})
def float32_stays(nll, rng):
    """Of float32 logits, whatever the type of the counts; and the value is that of float64 to 1e-5."""
    logits, c = counts(rng)
    found = [nll(logits.astype("f4"), c.astype(kind))[0] for kind in ("i8", "f4", "f8")]
    return holds([case for one in found for case in (one.dtype == np.float32, np.allclose(
        one, sixteen(logits, c)[0], rtol=1e-5))])


@ledger.add("3.15", "identity", binomial(16), wrong={
    "shares taken for counts": lambda out, x: binomial_nll(out, x, 16),
    "counts in eighths": lambda out, x: binomial_nll(out, np.rint(8 * x), 16)})
def pixels_in_sixteenths(nll, rng):
    """From pixels in [0, 1]: the logarithm of the number of ways, by factorials, and 16 logistic terms."""
    logits, c = counts(rng)
    ways = special.factorial(16, exact=True) / special.factorial(c) / special.factorial(16 - c)
    want = -(np.log(ways) + c * special.log_expit(logits) + (16 - c) * special.log_expit(-logits)).sum(1)
    return gap(nll(logits, c / 16)[0], want)


ledger.adjoint("3.15", sixteen, counts, wrong={
    "trials forgotten in the gradient": spoiled(sixteen, lambda d: (d[0] / 16, None)),
    "observation forgotten": lambda logit, counts_frozen: (
        sixteen(logit, counts_frozen)[0], lambda d: (d[:, None] * 16 * sigmoid(logit)[0], None))})

five = partial(discretised_gaussian_nll, levels=4)


def binned(rng):
    """Means on both sides of 0..4, log-variances, counts from 0 to 4 with both ends."""
    return 2 + 4 * rng.standard_normal((7, 6)), rng.standard_normal((7, 6)), rng.integers(0, 5, (7, 6))


def density_at_the_count(mu, logvar, c):
    """The Gaussian density in the middle of the bin."""
    return -stats.norm.logpdf(c, mu, np.exp(logvar / 2)).sum(1), None


def no_half_lines(mu, logvar, c):
    """Bins of width 1 at both ends too."""
    sigma = np.exp(logvar / 2)
    return -np.log(stats.norm.cdf((c + 0.5 - mu) / sigma) - stats.norm.cdf((c - 0.5 - mu) / sigma)).sum(1), None


BINNED_WRONG = {"density at the count": density_at_the_count, "ends cut off": no_half_lines,
                "log-variance taken for log sigma": lambda mu, logit, c: five(mu, 2 * logit, c),
                "bins from c to c + 1": lambda mu, logit, c: five(mu - 0.5, logit, c)}


@ledger.add("3.16", "law", five, wrong={key: BINNED_WRONG[key] for key in ("density at the count", "ends cut off")})
def bins_sum_to_one(nll, rng):
    """The five probabilities, for 60 means between -30 and 30 and sigma between 0.1 and 20."""
    mu, logvar, c = rng.uniform(-30, 30, 60), rng.uniform(-4.6, 6, 60), np.arange(5)
    p = np.exp(-nll(np.repeat(mu, 5)[:, None], np.repeat(logvar, 5)[:, None], np.tile(c, 60)[:, None])[0])
    return gap(p.reshape(60, 5).sum(1), np.ones(60))


@ledger.add("3.16", "identity", five, wrong=BINNED_WRONG)
def mass_by_quadrature(nll, rng):
    """Gauss-Legendre quadrature of exp(log density - largest) over the bin, also 8 and 300 sigma away."""
    mu, sigma = rng.uniform(-4, 8, 50), 10.0 ** rng.uniform(-1.5, 1, 50)
    mu[:10], sigma[:10] = mu[:10] + np.where(mu[:10] > 2, 9, -9), 0.05
    c = np.tile(np.arange(5), 10)
    mu[10:20], sigma[10:20] = c[10:20] + np.tile([-0.9, 0.9], 5), 0.05
    lower, upper = np.where(c == 0, -np.inf, c - 0.5), np.where(c == 4, np.inf, c + 0.5)
    return gap(nll(mu[:, None], 2 * np.log(sigma)[:, None], c[:, None])[0], -log_mass(lower, upper, mu, sigma))


def slices(lower, upper, mu, sigma):
    """Nodes (60, n, 40) and weights on intervals, each cut to where it has mass, in 60 pieces of 40 nodes."""
    peak = np.clip(mu, lower, upper)
    decay = np.minimum(sigma, sigma**2 / np.maximum(abs(peak - mu), 1e-300))
    a, b = np.maximum(lower, peak - 45 * decay), np.minimum(upper, peak + 45 * decay)
    edges = a + (b - a) * np.linspace(0, 1, 61)[:, None]
    half = (edges[1:] - edges[:-1]) / 2
    return (edges[1:] + edges[:-1])[..., None] / 2 + half[..., None] * NODES, half[..., None] * WEIGHTS


def log_mass(lower, upper, mu, sigma):
    """log of the Gaussian mass of intervals, the largest density taken out."""
    x, w = slices(lower, upper, mu, sigma)
    log_p = stats.norm.logpdf(x, mu[:, None], sigma[:, None])
    top = log_p.max((0, 2))
    return top + np.log((np.exp(log_p - top[:, None]) * w).sum((0, 2)))


@ledger.add("3.16", "oracle", five, bound=1e-12, wrong={
    "density at the count": density_at_the_count, "log of 1 - e^x at the wrong end": lambda mu, logvar, c: (
        -np.log(stats.norm.cdf((c + 0.5 - mu) / np.exp(logvar / 2))
                - stats.norm.cdf((c - 0.5 - mu) / np.exp(logvar / 2))).sum(1), None)})
def almost_certain_and_almost_impossible(nll, rng):
    """A centred bin at sigma = .05 and .1 costs 2 Phi(-10) and 2 Phi(-5); at 1000 log(sigma sqrt(2 pi)), corrected."""
    sigma = np.array([[0.05], [0.1], [1e3]])
    cost = 2 * stats.norm.cdf([-10.0, -5.0])
    return entrywise(nll(np.full((3, 1), 2.0), 2 * np.log(sigma), np.full((3, 1), 2))[0],
                     np.append(-np.log1p(-cost), np.log(1e3 * np.sqrt(2 * np.pi)) + 1e-6 / 24))


@ledger.add("3.16", "limit", discretised_gaussian(4), bound=1e-12, wrong={
    "mean in units of pixels": lambda out, x: five(*np.split(out * [1, 1, 1, 4, 4, 4], 2, axis=1), np.rint(4 * x)),
    "variance in units of pixels": lambda out, x: five(4 * out[:, :3], out[:, 3:], np.rint(4 * x))})
def narrow_and_wide(nll, rng):
    """A narrow law in the middle of its bin costs 0; a wide one log 2 per pixel at both ends; between them, erf."""
    x = rng.integers(0, 2, (7, 3)).astype(float)
    narrow = nll(np.hstack([x, np.full((7, 3), -20.0)]), x)[0]
    wide = nll(np.hstack([np.full((7, 3), 0.5), np.full((7, 3), 80.0)]), x)[0]
    between = nll(np.hstack([np.full((7, 3), 0.5), np.full((7, 3), 2 * np.log(0.2))]), np.full((7, 3), 0.5))[0]
    return gap((1 + narrow, wide, between), (np.ones(7), np.full(7, 3 * np.log(2)),
                                             np.full(7, -3 * np.log(special.erf(0.5 / (0.8 * np.sqrt(2)))))))


BINNED_SLOPES = {"half forgotten": spoiled(five, twice(1)), "sign of the mean's": spoiled(
    five, lambda d: (-d[0], *d[1:])), "slope of the density at the count": lambda mu, logit, counts_frozen: (
        five(mu, logit, counts_frozen)[0], lambda d: (d[:, None] * (mu - counts_frozen) * np.exp(-logit),
                                                  five(mu, logit, counts_frozen)[1](d)[1], None))}
NO_NORMAL_LAW = "log Phi and erfcx of SciPy are no exact numbers"
ledger.adjoint("3.17", five, binned, wrong=BINNED_SLOPES, exact=NO_NORMAL_LAW)


def grey(nll):
    """A likelihood of pixels as a layer of the decoder's output alone."""
    return lambda out, x_frozen: nll(out, x_frozen)


ledger.adjoint("3.17", grey(discretised_gaussian(4)), lambda rng: (
    rng.standard_normal((7, 6)), rng.integers(0, 5, (7, 3)) / 4), name="pixels", exact=NO_NORMAL_LAW, wrong={
        "levels forgotten": spoiled(grey(discretised_gaussian(4)), lambda d: (d[0] / [4, 4, 4, 1, 1, 1], None)),
        "halves exchanged": spoiled(grey(discretised_gaussian(4)), lambda d: (np.roll(d[0], 3, 1), None))})


@ledger.add("3.17", "identity", five, wrong=BINNED_SLOPES)
def differences_of_densities(nll, rng):
    """SciPy's pdf and cdf, whose differences hold near the count: (phi(u) - phi(v)) / (sigma P) and the like."""
    c, logvar = rng.integers(0, 5, (7, 6)), rng.uniform(-1, 1, (7, 6))
    mu = c + rng.uniform(-1.2, 1.2, (7, 6))
    sigma, w = np.exp(logvar / 2), rng.standard_normal(7)
    u, v = ((np.where(c == end, sign * 60, c + sign * 0.5 - mu)) / sigma for end, sign in ((4, 1), (0, -1)))
    P, phi = stats.norm.cdf(u) - stats.norm.cdf(v), stats.norm.pdf
    want = (phi(u) - phi(v)) / (sigma * P), (u * phi(u) - v * phi(v)) / (2 * P)
    return gap(nll(mu, logvar, c)[1](w)[:2], tuple(w[:, None] * each for each in want))


def logarithms_subtracted(mu, logvar, c):
    """The slope with phi / P as exp(log phi - log P)."""
    sigma = np.exp(logvar / 2)
    u, v = (c + 0.5 - mu) / sigma, (c - 0.5 - mu) / sigma
    log_p = -five(mu, logvar, c)[0][:, None]
    phi = [np.exp(-t * t / 2 - np.log(2 * np.pi) / 2 - log_p) for t in (u, v)]
    return -log_p[:, 0], lambda d: (d[:, None] * (phi[0] - phi[1]) / sigma, None, None)


def exponential_less_one(mu, logvar, c):
    """The slope of the mean with e^t - 1 for expm1(t), t = (u + v) / 2 sigma."""
    value, pull = five(mu, logvar, c)
    t = -abs(c - mu) * np.exp(-logvar)
    return value, lambda d: (pull(d)[0] * (np.exp(t) - 1) / np.expm1(t), *pull(d)[1:])


@ledger.add("3.17", "law", five, wrong={
    **{key: BINNED_SLOPES[key] for key in ("sign of the mean's", "slope of the density at the count")},
    "quotients as differences of logarithms": logarithms_subtracted, "exp - 1 for expm1": exponential_less_one})
def mean_of_the_truncated_law(nll, rng):
    """-(E[t | bin] - mu) / sigma^2 by quadrature over the bin, to 3000 sigma away, for sigma up to 1e13, each entry."""
    mu = np.array([2.3, -17.0, 5.0, 152.0, 1.2, 4e3, -1e6, 3e13])
    sigma = np.array([0.7, 1.0, 200.0, 0.05, 0.3, 9e3, 2e6, 1e13])
    c = np.array([2, 3, 1, 3, 1, 2, 3, 1])
    x, w = slices(c - 0.5, c + 0.5, mu, sigma)
    log_p = stats.norm.logpdf(x, mu[:, None], sigma[:, None])
    p = np.exp(log_p - log_p.max((0, 2))[:, None]) * w
    mean = ((x - mu[:, None]) * p).sum((0, 2)) / p.sum((0, 2))
    got = nll(mu[:, None], 2 * np.log(sigma)[:, None], c[:, None])[1](np.ones(8))[0][:, 0]
    return entrywise(got, -mean / sigma**2)
