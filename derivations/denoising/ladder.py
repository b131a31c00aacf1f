"""Evidence for the ladder of noise levels, (9.25)."""

from __future__ import annotations

import numpy as np

from refvae.denoising import annealed_langevin, langevin, langevin_variance
from refvae.derivations.denoising.common import mixture
from refvae.evidence import Ledger, gap, z_score

ledger = Ledger()
SIGMAS = (1.0, 0.5, 0.2)


def normal_score(lam):
    """Score of normal data with the variances lam (d,), smoothed."""
    return lambda x, sigma: -x / (lam + sigma**2)


LADDER_WRONG = {
    "step not scaled": lambda score, x, sigmas, c, n, rng, **how: scaled(0, score, x, sigmas, c, n, rng, how),
    "step scaled by sigma": lambda score, x, sigmas, c, n, rng, **how: scaled(1, score, x, sigmas, c, n, rng, how),
    "levels from below": lambda score, x, sigmas, c, n, rng, **how: annealed_langevin(
        lambda y, sigma: score(y, sigmas[0] * sigmas[-1] / sigma), x, sigmas, c, n, rng, **how),
    "no last denoising": lambda score, x, sigmas, c, n, rng, **how: annealed_langevin(
        score, x, sigmas, c, n, rng, denoise=False, **how)}


def scaled(power, score, x, sigmas, c, n, rng, how):
    """The ladder with steps c sigma^power."""
    for sigma in sigmas:
        x = langevin(lambda y, sigma=sigma: score(y, sigma), x, c * sigma**power, n, rng, **how)
    return x + sigmas[-1] ** 2 * score(x, sigmas[-1])


@ledger.add("9.25", "law", annealed_langevin, exact=True, wrong=LADDER_WRONG)
def cold_chains_contract(chain, rng):
    """At T = 0 every coordinate is multiplied by the factors of all steps, and by lam / (lam + sigma_L^2)."""
    lam, x, c, n = rng.uniform(0.1, 2, 3), rng.standard_normal((5, 3)), 1.7, 3
    got = chain(normal_score(lam), x, SIGMAS, c, n, rng, temperature=0.0, progress=False)
    factors = [(1 - c * sigma**2 / (2 * (lam + sigma**2))) ** n for sigma in SIGMAS]
    return gap(got, x * np.prod(factors, 0) * lam / (lam + SIGMAS[-1] ** 2))


@ledger.add("9.25", "limit", annealed_langevin, bound=1e-12, exact=True, wrong={
    "denoised all the same": lambda *args, **how: annealed_langevin(*args, **{**how, "denoise": True}),
    "its start": lambda score, x, *args, **how: x})
def left_as_they_are(chain, rng):
    """Without the last denoising cold chains end where the factors of their steps lead."""
    lam, x = rng.uniform(0.1, 2, 3), rng.standard_normal((5, 3))
    got = chain(normal_score(lam), x, SIGMAS, 1.7, 2, rng, temperature=0.0, denoise=False, progress=False)
    return gap(got, x * np.prod([(1 - 1.7 * sigma**2 / (2 * (lam + sigma**2))) ** 2 for sigma in SIGMAS], 0))


@ledger.add("9.25", "identity", annealed_langevin, wrong=LADDER_WRONG)
def same_noise_row_by_row(chain, rng):
    """At T = 0.8 and a mixture: a loop with the same random numbers."""
    law, x, seed = mixture(rng), rng.standard_normal((5, 2)), int(rng.integers(1000))
    got = chain(law.score, x, SIGMAS, 0.5, 4, np.random.default_rng(seed), temperature=0.8, progress=False)
    noise, y = np.random.default_rng(seed), x
    for sigma in SIGMAS:
        for _ in range(4):
            y = y + 0.25 * sigma**2 * law.score(y, sigma) + np.sqrt(0.4) * sigma * noise.standard_normal(x.shape)
    return gap(got, law.posterior(y, SIGMAS[-1])[0])


@ledger.add("9.25", "montecarlo", annealed_langevin, wrong={
    name: LADDER_WRONG[name] for name in LADDER_WRONG if "below" not in name})
def variance_of_the_result(chain, rng):
    """20000 chains for normal data of variance 0.3: the recursion of variances, with the last denoising."""
    v, c, n = 1.5, 0.8, 6
    x = np.sqrt(v) * rng.standard_normal((20000, 1))
    for sigma in SIGMAS:
        for _ in range(n):
            v = (1 - c * sigma**2 / (2 * (0.3 + sigma**2))) ** 2 * v + c * sigma**2
    got = chain(normal_score(np.array([0.3])), x, SIGMAS, c, n, rng, progress=False)
    return z_score(got[:, 0] ** 2, v * (0.3 / (0.3 + SIGMAS[-1] ** 2)) ** 2)


def settled(lam, sigma, c):
    """Variance at the end of a ladder whose last level is stationary."""
    return lam**2 / (lam + (1 - c / 4) * sigma**2)


@ledger.add("9.25", "identity", settled, exact=True, wrong={
    "finite step forgotten": lambda lam, sigma, c: lam**2 / (lam + sigma**2),
    "not denoised": lambda lam, sigma, c: np.array([langevin_variance(a + s * s, k * s * s) for a, s, k in zip(
        lam, sigma, c, strict=True)]),
    "exact": lambda lam, sigma, c: lam + 0 * sigma})
def stationary_and_denoised(end, rng):
    """The stationary variance of (9.23) times the squared factor of the denoiser, for fifty levels."""
    lam, sigma, c = *rng.uniform(0.1, 2, (2, 50)), 4 * rng.random(50)
    want = [langevin_variance(a + s * s, k * s * s) * (a / (a + s * s)) ** 2 for a, s, k in zip(
        lam, sigma, c, strict=True)]
    return gap(end(lam, sigma, c), np.array(want))


