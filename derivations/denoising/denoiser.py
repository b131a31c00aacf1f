"""Evidence for what the best denoiser knows, (9.2) to (9.4)."""

from __future__ import annotations

import numpy as np
from scipy import special

from refvae.denoising import denoising_floor, posterior_covariance, tweedie
from refvae.derivations.denoising.common import EXAMPLE, Mixture, joint, line, mixture
from refvae.evidence import Ledger, gap, holds, vanishes, z_score

ledger = Ledger()


# Tweedie


TWEEDIE_WRONG = {
    "sigma for its square": lambda score, xt, sigma: xt + sigma * score(xt),
    "sign": lambda score, xt, sigma: xt - sigma**2 * score(xt),
    "half, as in a Langevin step": lambda score, xt, sigma: xt + sigma**2 / 2 * score(xt),
    "score at the denoised point": lambda score, xt, sigma: xt + sigma**2 * score(tweedie(score, xt, sigma))}


@ledger.add("9.2", "identity", tweedie, exact=True, wrong=TWEEDIE_WRONG)
def posterior_mean_of_a_mixture(denoise, rng):
    """In the plane, E[x|xt] from the posteriors of three components; scores know nothing of them. Scalar and column."""
    law, x, sigma = mixture(rng), 2 * rng.standard_normal((7, 2)), rng.uniform(0.3, 0.9)
    got = denoise(lambda y: law.score(y, sigma), x, sigma), denoise(lambda y: law.score(y, sigma), x, np.full((7, 1),
                                                                                                         sigma))
    return gap(got, (law.posterior(x, sigma)[0],) * 2)


@ledger.add("9.2", "law", tweedie, bound=0, wrong={
    "any level": lambda score, xt, sigma: xt + sigma**2 * score(xt),
    "no level": lambda score, xt, sigma: tweedie(score, xt, sigma[:0])})
def one_level_or_one_for_each_row(denoise, rng):
    """A number and a column of seven levels are taken; one level in a column, and a row of them, are refused."""
    x, cases = rng.standard_normal((7, 2)), []
    for sigma, fits in ((np.ones((7, 1)), True), (np.ones((1, 1)), False), (np.ones((1, 2)), False)):
        try:
            cases.append((denoise(lambda y: -y, x, sigma).shape == x.shape) == fits)
        except ValueError:
            cases.append(not fits)
    return holds(cases)


@ledger.add("9.2", "law", tweedie, exact=True, wrong=TWEEDIE_WRONG)
def two_points(denoise, rng):
    """Data without a density: x = +-1 with probabilities 1/4, 3/4 gives E[x|xt] = tanh(xt / sigma^2 + log(3) / 2)."""
    sigma, x = 0.75, 2 * rng.standard_normal((9, 1))

    def score(y):
        up, down = (share * np.exp(-((y - at) ** 2) / (2 * sigma**2)) for share, at in ((0.75, 1), (0.25, -1)))
        return (up * (1 - y) - down * (1 + y)) / (up + down) / sigma**2

    odds = 3 * np.exp(2 * x / sigma**2)
    return gap(denoise(score, x, sigma), (odds - 1) / (odds + 1))


@ledger.add("9.2", "identity", tweedie, wrong={
    name: TWEEDIE_WRONG[name] for name in TWEEDIE_WRONG if "denoised" not in name})
def first_variation_vanishes(denoise, rng):
    """E <r(xt) - x, eta(xt)> = 0 for eta = 1, x, x^2 - 1 and sin x, over the joint law of x and xt, by quadrature."""
    sigma = 0.7
    law = mixture(rng, d=1, k=2)
    x, eps, w = joint(law, sigma, 120)
    xt = x + sigma * eps
    residual = (w * (denoise(lambda y: law.score(y, sigma), xt, sigma) - x)[:, 0])[:, None]
    return vanishes(residual * np.hstack([np.ones_like(xt), xt, xt**2 - 1, np.sin(xt)]))


# Floor


FLOOR_WRONG = {
    "of the score itself": lambda fisher, d, sigma: d * sigma**2 - sigma**2 * fisher,
    "dimension lost": lambda fisher, d, sigma: sigma**2 - sigma**4 * fisher / d,
    "sign": lambda fisher, d, sigma: d * sigma**2 + sigma**4 * fisher,
    "half": lambda fisher, d, sigma: (d * sigma**2 - sigma**4 * fisher) / 2}


@ledger.add("9.3", "oracle", denoising_floor, bound=1e-7, wrong={
    name: FLOOR_WRONG[name] for name in FLOOR_WRONG if "dim" not in name})
def the_example(floor, rng):
    """The mixture of the text: 0.10757000, eight digits."""
    x, w = line(EXAMPLE, 0.4)
    return gap(np.array(floor(w @ EXAMPLE.score(x, 0.4)[:, 0] ** 2, 1, 0.4)), np.array(0.10757000))


@ledger.add("9.3", "identity", denoising_floor, wrong=FLOOR_WRONG)
def mean_posterior_variance(floor, rng):
    """E tr Cov(x|xt) of the posterior, integrated over xt; for two independent coordinates, in two dimensions."""
    sigma = rng.uniform(0.4, 0.8)
    fisher, risk = 0.0, 0.0
    for _ in range(2):
        law = mixture(rng, d=1)
        x, w = line(law, sigma)
        fisher += w @ law.score(x, sigma)[:, 0] ** 2
        risk += w @ law.posterior(x, sigma)[1][:, 0, 0]
    return gap(np.array(floor(fisher, 2, sigma)), np.array(risk))


@ledger.add("9.3", "law", denoising_floor, bound=0, wrong={
    "noise taken for the score": lambda fisher, d, sigma: d * sigma**2 - sigma**4 * (d / sigma**2 + 1e-3),
    "sign": FLOOR_WRONG["sign"]})
def between_nothing_and_the_noise(floor, rng):
    """For fifty mixtures and levels the floor is positive and below d sigma^2."""
    found = []
    for _ in range(50):
        law, sigma = mixture(rng, d=1), rng.uniform(0.1, 2)
        x, w = line(law, sigma, h=0.05)
        found.append(0 < floor(w @ law.score(x, sigma)[:, 0] ** 2, 1, sigma) < sigma**2)
    return holds(found)


# Floors of samples


def of_rows(floor, rows, weights, sigma):
    """The floor of a law on finitely many numbers, its Fisher information by quadrature."""
    law = Mixture(np.asarray(weights, float), np.asarray(rows, float)[:, None], np.zeros(len(rows)))
    x, w = line(law, sigma)
    return floor(w @ law.score(x, sigma)[:, 0] ** 2, 1, sigma)


def expected(floor, rows, weights, sigma, n):
    """The mean floor of n independent rows, over all that they can be."""
    counts = [np.array([a, b, n - a - b]) for a in range(n + 1) for b in range(n + 1 - a)]
    chances = [special.gamma(n + 1) / np.prod(special.gamma(c + 1)) * np.prod(weights**c) for c in counts]
    return np.dot(chances, [of_rows(floor, rows[c > 0], c[c > 0] / n, sigma) for c in counts])


@ledger.add("9.3a", "law", denoising_floor, bound=0, wrong={
    name: FLOOR_WRONG[name] for name in ("of the score itself", "sign")})
def mean_floors_ascend(floor, rng):
    """A law on three numbers: the mean floors of samples of 1 to 5 rows begin at 0 and ascend to below its own."""
    rows, weights, sigma = np.array([-1.5, 0.2, 1.1]), rng.dirichlet([4, 4, 4]), rng.uniform(0.5, 0.9)
    means = [expected(floor, rows, weights, sigma, n) for n in range(1, 6)] + [of_rows(floor, rows, weights, sigma)]
    return holds([abs(means[0]) < 1e-12, *(np.diff(means) > 1e-6)])


@ledger.add("9.3a", "oracle", denoising_floor, bound=1e-7, wrong={
    name: FLOOR_WRONG[name] for name in ("half", "sign")})
def a_sample_above_its_law(floor, rng):
    """Rows -2, 0, 2 with sigma = 1: 0.6323112, above the 1/2 of N(0, 1), whose Fisher information is 1/2."""
    return gap(np.array([of_rows(floor, [-2, 0, 2], np.full(3, 1 / 3), 1.0), floor(0.5, 1, 1.0)]),
               np.array([0.6323112, 0.5]))


# Posterior covariance


COV_WRONG = {
    "sigma^2 before the Hessian": lambda score, x, sigma: sigma**2 * np.eye(x.shape[1]) + (
        posterior_covariance(score, x, sigma) - sigma**2 * np.eye(x.shape[1])) / sigma**2,
    "noise alone": lambda score, x, sigma: np.broadcast_to(sigma**2 * np.eye(x.shape[1]), (len(x), *2 * x.shape[1:])),
    "sign of the Hessian": lambda score, x, sigma: 2 * sigma**2 * np.eye(x.shape[1]) - posterior_covariance(
        score, x, sigma),
    "diagonal alone": lambda score, x, sigma: posterior_covariance(score, x, sigma) * np.eye(x.shape[1])}


@ledger.add("9.4", "identity", posterior_covariance, exact=True, wrong=COV_WRONG)
def posterior_of_a_mixture(covariance, rng):
    """In the plane, Cov(x|xt) from the posteriors of three components, within and between them."""
    law, x, sigma = mixture(rng), rng.standard_normal((7, 2)), rng.uniform(0.3, 0.9)
    return gap(covariance(law.layer(sigma), x, sigma), law.posterior(x, sigma)[1])


@ledger.add("9.4", "law", posterior_covariance, bound=0, wrong={
    name: COV_WRONG[name] for name in COV_WRONG if "alone" not in name} | {
    "Hessian alone": lambda score, x, sigma: posterior_covariance(score, x, sigma) - sigma**2 * np.eye(x.shape[1])})
def no_negative_variances(covariance, rng):
    """Within, between and outside the modes of ten mixtures, sigma = 0.5: no eigenvalue is below 0, all are finite."""
    laws = [law._replace(m=2 * law.m) for law in (mixture(rng) for _ in range(10))]
    values = [np.linalg.eigvalsh(covariance(law.layer(0.5), 2 * rng.standard_normal((20, 2)), 0.5)) for law in laws]
    return holds([value.min() > 0 for value in values])


@ledger.add("9.4", "montecarlo", posterior_covariance, wrong={
    name: COV_WRONG[name] for name in COV_WRONG if "diagonal" not in name})
def residuals_have_that_variance(covariance, rng):
    """20000 draws: (x - r(xt))^2 less the variance that is said of each, in one dimension, has mean 0."""
    law, sigma = EXAMPLE, 0.4
    k = (rng.random(20000) < law.w[1]).astype(int)
    x = law.m[k] + law.sd[k, None] * rng.standard_normal((20000, 1))
    xt = x + sigma * rng.standard_normal(x.shape)
    return z_score((x - tweedie(lambda y: law.score(y, sigma), xt, sigma))[:, 0] ** 2
                   - covariance(law.layer(sigma), xt, sigma)[:, 0, 0], 0.0)


