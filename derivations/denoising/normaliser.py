"""Evidence for the normaliser, (9.22)."""

from __future__ import annotations

import numpy as np
from scipy import stats

from refvae.denoising import Normaliser, log_normaliser
from refvae.derivations.denoising.common import mixture
from refvae.evidence import Ledger, gap, holds, z_score

ledger = Ledger()


def mean_over_dimensions(log_density, mean, cov, draws, rng):
    """The estimate with a proposal whose exponent takes the mean over the dimensions where the sum belongs."""
    u = rng.standard_normal((draws, len(cov)))
    root = np.linalg.cholesky(cov)
    log_g = -(u * u).mean(1) / 2 - np.log(2 * np.pi) * len(cov) / 2 - np.log(np.diag(root)).sum()
    log_w = log_density(mean + u @ root.T) - log_g
    w = np.exp(log_w - log_w.max())
    return Normaliser(log_w.max() + np.log(w.mean()), w.std(ddof=1) / w.mean() / np.sqrt(draws), w.sum() ** 2 / (w @ w))


def proposal(change):
    """log_normaliser with a changed value."""
    return lambda f, mean, cov, draws, rng: (lambda found: found._replace(log_z=change(found.log_z, cov, draws)))(
        log_normaliser(f, mean, cov, draws, rng))


WRONG = {
    "mean over the dimensions in the proposal": mean_over_dimensions,
    "sum of the weights": proposal(lambda log_z, cov, draws: log_z + np.log(draws)),
    "1 in the sum": proposal(lambda log_z, cov, draws: np.logaddexp(log_z + np.log(draws), 0) - np.log(draws)),
    "determinant lost": proposal(lambda log_z, cov, draws: log_z - np.linalg.slogdet(cov)[1] / 2),
    "2 pi lost": proposal(lambda log_z, cov, draws: log_z - len(cov) * np.log(2 * np.pi) / 2)}


@ledger.add("9.22", "law", log_normaliser, bound=1e-12, wrong={
    name: WRONG[name] for name in WRONG if "determinant" not in name and "1 in" not in name})
def the_normal_law_is_normalised(estimate, rng):
    """N(0, I) in d = 2, 8, 21 with itself as proposal: all weights are 1 to rounding, log Z = 0, the error is 0."""
    found = []
    for d in (2, 8, 21):
        law = stats.multivariate_normal(np.zeros(d), np.eye(d))
        found.append(estimate(law.logpdf, np.zeros(d), np.eye(d), 500, rng))
    return gap(np.array([np.exp(f.log_z) + f.error + f.effective / 500 for f in found]), np.full(3, 2.0))


@ledger.add("9.22", "identity", log_normaliser, wrong={name: WRONG[name] for name in WRONG if "1 in" not in name})
def weights_by_scipy(estimate, rng):
    """All three numbers from scipy.stats densities of the same draws, for a mixture and a skew proposal in the plane.
    """
    law, A = mixture(rng), rng.standard_normal((2, 4))
    mean, cov, seed = rng.standard_normal(2), A @ A.T, int(rng.integers(1000))
    f = lambda x: np.log(law.density(x, 0.5)) + 1.5
    got = estimate(f, mean, cov, 300, np.random.default_rng(seed))
    x = mean + np.random.default_rng(seed).standard_normal((300, 2)) @ np.linalg.cholesky(cov).T
    w = np.exp(f(x) - stats.multivariate_normal(mean, cov).logpdf(x))
    return gap(got, Normaliser(np.log(w.mean()), stats.sem(w) / w.mean(), w.sum() ** 2 / (w**2).sum()))


def weights(estimate, rng, d):
    """exp of the estimate from one hundred parts of 200 draws each, proposal N(0, 1.3 I), e^l = 3 N(0, I)."""
    law = stats.multivariate_normal(np.zeros(d), np.eye(d))
    return np.array([np.exp(estimate(lambda x: law.logpdf(x) + np.log(3), np.zeros(d), 1.3 * np.eye(d), 200, rng).log_z)
                     for _ in range(100)])


@ledger.add("9.22", "montecarlo", log_normaliser, wrong={name: WRONG[name] for name in WRONG if "1 in" not in name})
def unbiased_in_eight_dimensions(estimate, rng):
    """One hundred estimates of Z = 3 for 3 N(0, I) in d = 8 with a wider proposal: their mean."""
    return z_score(weights(estimate, rng, 8), 3.0)


@ledger.add("9.22", "limit", mean_over_dimensions, bound=0, wrong={
    "the right exponent": log_normaliser, "half": lambda *args: (lambda f: f._replace(log_z=f.log_z / 2))(
        mean_over_dimensions(*args))})
def what_the_mean_gives(estimate, rng):
    """The mistake, for N(0, I) with itself: within 6 standard errors of -d/2 log(2 - 1/d), d = 2, 8, 21."""
    found = []
    for d in (2, 8, 21):
        law = stats.multivariate_normal(np.zeros(d), np.eye(d))
        estimated = estimate(law.logpdf, np.zeros(d), np.eye(d), 40000, rng)
        found.append(abs(estimated.log_z + d / 2 * np.log(2 - 1 / d)) < 6 * max(estimated.error, 1e-3))
    return holds(found)
