"""Evidence for the samplers, (9.23) to (9.25)."""

from __future__ import annotations

import numpy as np
from scipy import stats

from refvae.denoising import langevin, langevin_step, langevin_variance, mala, mala_log_ratio
from refvae.derivations.denoising.common import mixture
from refvae.evidence import Ledger, entrywise, gap, vanishes, z_score

ledger = Ledger()


# The chain, and where it stays


STEP_WRONG = {
    "step for half of it": lambda x, s, step, noise, temperature=1.0: langevin_step(x, 2 * s, step, noise, temperature),
    "noise of the step, not its root": lambda x, s, step, noise, temperature=1.0: langevin_step(
        x, s, step, np.sqrt(step) * noise, temperature),
    "temperature for its root": lambda x, s, step, noise, temperature=1.0: langevin_step(
        x, s, step, noise, temperature**2),
    "against the score": lambda x, s, step, noise, temperature=1.0: langevin_step(x, -s, step, noise, temperature),
    "noise of twice the step": lambda x, s, step, noise, temperature=1.0: langevin_step(
        x, s, step, np.sqrt(2) * noise, temperature)}


@ledger.add("9.23", "identity", langevin_step, exact=True, wrong=STEP_WRONG)
def stationary_covariance_in_the_plane(step_of, rng):
    """The step is affine in x and in the noise: both maps are read off it, and one more step does not change the
    closed form along the principal axes of a normal law.
    """
    t, values, h, T = rng.uniform(0.2, 0.8), rng.uniform(0.5, 2, 2), 0.25, rng.uniform(0.4, 0.8)
    axes = np.array([[1 - t * t, -2 * t], [2 * t, 1 - t * t]]) / (1 + t * t)
    move = lambda x, noise: step_of(x, -x @ (axes / values) @ axes.T, h, noise, T)
    a, b = move(np.eye(2), np.zeros((2, 2))).T, move(np.zeros((2, 2)), np.eye(2)).T
    covariance = axes * langevin_variance(values, h, T) @ axes.T
    return gap(a @ covariance @ a.T + b @ b.T, covariance)


VARIANCE_WRONG = {
    "no bias": lambda var, step, temperature=1.0: temperature * var,
    "half of the bias": lambda var, step, temperature=1.0: temperature * var / (1 - step / (8 * var)),
    "temperature squared": lambda var, step, temperature=1.0: temperature * langevin_variance(var, step, temperature),
    "too narrow": lambda var, step, temperature=1.0: temperature * var * (1 - step / (4 * var))}


@ledger.add("9.23", "limit", langevin_step, bound=1e-12, exact=True, wrong=STEP_WRONG)
def noise_read_back(step_of, rng):
    """From the step, less its drift, the noise with its sign; without score and noise nothing moves."""
    (x, s, noise), h, T = rng.standard_normal((3, 7, 3)), 0.3, 0.6
    back = (step_of(x, s, h, noise, T) - x - h * s / 2) / (T * h) ** 0.5
    return gap((back, step_of(x, 0 * s, h, 0 * noise, T)), (noise, x))


@ledger.add("9.23", "law", langevin_variance, exact=True, wrong=VARIANCE_WRONG)
def one_more_step_changes_nothing(variance, rng):
    """v = (1 - h / 2 lam)^2 v + T h for fifty variances, steps and temperatures."""
    lam, T = rng.uniform(0.2, 2, (2, 50))
    h = 4 * lam * rng.uniform(0.02, 0.98, 50)
    v = np.array([variance(*each) for each in zip(lam, h, T, strict=True)])
    return gap((1 - h / (2 * lam)) ** 2 * v + T * h, v)


@ledger.add("9.23", "oracle", langevin_variance, bound=1e-6, wrong={
    "no bias": VARIANCE_WRONG["no bias"], "half of the bias": VARIANCE_WRONG["half of the bias"],
    "too narrow": VARIANCE_WRONG["too narrow"]})
def the_example(variance, rng):
    """lam = 0.7, h = 0.5: 0.8521739."""
    return entrywise(np.array(variance(0.7, 0.5)), np.array(0.8521739))


@ledger.add("9.23", "montecarlo", langevin, wrong={
    "chain of half the step": lambda score, x, step, n, rng, **how: langevin(score, x, step / 2, n, rng, **how),
    "temperature lost": lambda score, x, step, n, rng, **how: langevin(score, x, step, n, rng, progress=False)})
def chains_have_that_variance(chain, rng):
    """20000 chains of 40 steps, lam = 0.7, h = 0.5, T = 0.6: their squares."""
    x = chain(lambda x: -x / 0.7, np.zeros((20000, 1)), 0.5, 40, rng, temperature=0.6, progress=False)
    return z_score(x[:, 0] ** 2, langevin_variance(0.7, 0.5, 0.6))


# Corrected


def density_of(law, sigma):
    """log p and its score."""
    return lambda x: (np.log(law.density(x, sigma)), law.score(x, sigma))


def log_proposal(y, x, s, step):
    """log q(y|x) by SciPy, row by row."""
    return np.array([stats.multivariate_normal(xi + step / 2 * si, step * np.eye(len(xi))).logpdf(yi)
                     for xi, yi, si in zip(x, y, s, strict=True)])


RATIO_WRONG = {
    "proposal taken for symmetric": lambda x, y, at_x, at_y, step: at_y[0] - at_x[0],
    "density lost": lambda x, y, at_x, at_y, step: mala_log_ratio(x, y, (0 * at_x[0], at_x[1]), (0 * at_y[0], at_y[1]),
                                                                  step),
    "one score for both ways": lambda x, y, at_x, at_y, step: mala_log_ratio(x, y, at_x, (at_y[0], at_x[1]), step),
    "proposals exchanged": lambda x, y, at_x, at_y, step: 2 * (at_y[0] - at_x[0]) - mala_log_ratio(
        x, y, at_x, at_y, step),
    "half the step": lambda x, y, at_x, at_y, step: mala_log_ratio(x, y, at_x, at_y, step / 2)}


@ledger.add("9.24", "identity", mala_log_ratio, wrong=RATIO_WRONG)
def densities_by_scipy(ratio, rng):
    """log p(y) q(x|y) / p(x) q(y|x) for seven pairs in the plane."""
    law, (x, y) = mixture(rng), rng.standard_normal((2, 7, 2))
    (log_x, s_x), (log_y, s_y) = at = [density_of(law, 0.4)(points) for points in (x, y)]
    want = log_y + log_proposal(x, y, s_y, 0.3) - log_x - log_proposal(y, x, s_x, 0.3)
    return gap(ratio(x, y, *at, 0.3), want)


@ledger.add("9.24", "law", mala_log_ratio, wrong={
    name: RATIO_WRONG[name] for name in RATIO_WRONG if "exchanged" not in name} | {
    "proposals exchanged": RATIO_WRONG["proposals exchanged"]})
def flows_balance(ratio, rng):
    """p(x) q(y|x) min(1, rho(x, y)) is symmetric in x and y, for a score that is wrong by a constant as well."""
    law, (x, y) = mixture(rng), rng.standard_normal((2, 7, 2))
    flows = []
    for shift in (0.0, 0.7):
        at_x, at_y = ((law_at[0], law_at[1] + shift) for law_at in map(density_of(law, 0.4), (x, y)))
        for a, b, at_a, at_b in ((x, y, at_x, at_y), (y, x, at_y, at_x)):
            accept = np.exp(np.minimum(0, ratio(a, b, at_a, at_b, 0.5)))
            flows.append(np.exp(at_a[0] + log_proposal(b, a, at_a[1], 0.5)) * accept)
    return gap((flows[0], flows[2]), (flows[1], flows[3]))


def cell_flow(ratio, law, x, step):
    """On nodes x of the line: what arrives at each, and, with the other sign, what leaves, (2 nodes, nodes)."""
    n = len(x)
    at = density_of(law, 0.5)(x)
    pairs = np.divmod(np.arange(n * n), n)
    (a, at_a), (b, at_b) = ((x[i], (at[0][i], at[1][i])) for i in pairs)
    accept = np.exp(np.minimum(0, ratio(a, b, at_a, at_b, step)))
    q = stats.norm.pdf(b[:, 0], a[:, 0] + step / 2 * at_a[1][:, 0], np.sqrt(step))
    flow = (np.exp(at_a[0]) * q * accept).reshape(n, n)
    return np.concatenate([flow, -flow.T])


@ledger.add("9.24", "law", mala_log_ratio, wrong={
    name: RATIO_WRONG[name] for name in ("proposal taken for symmetric", "density lost", "one score for both ways")})
def nothing_accumulates(ratio, rng):
    """On 61 nodes of the line, with a large step: at every node what arrives is what leaves."""
    law = mixture(rng, d=1)
    return vanishes(cell_flow(ratio, law, np.linspace(-3, 3, 61)[:, None], 1.5))


@ledger.add("9.24", "montecarlo", mala, wrong={
    "all accepted": lambda density, x, step, n, rng, progress: (langevin(lambda y: density(y)[1], x, step, n, rng,
                                                                        progress=False), None),
    "temperature 0.8 for the density": lambda density, x, step, n, rng, progress: mala(
        lambda y: (1.25 * density(y)[0], density(y)[1]), x, step, n, rng, progress=False)})
def variance_is_that_of_the_law(chain, rng):
    """4000 chains that start in N(0, 0.7) and make 30 steps of h = 1.5, where the plain chain has the variance 1.51."""
    start = np.sqrt(0.7) * rng.standard_normal((4000, 1))
    x = chain(lambda x: (-(x[:, 0] ** 2) / 1.4, -x / 0.7), start, 1.5, 30, rng, progress=False)[0]
    return z_score(x[:, 0] ** 2, 0.7)


def replayed(density, x, step, n, seed):
    """The corrected chain as a loop over steps and rows, with the same random numbers."""
    rng = np.random.default_rng(seed)
    x, accepted = x.copy(), np.zeros(len(x))
    for _ in range(n):
        noise = rng.standard_normal(x.shape)
        level = rng.random(len(x))
        for i in range(len(x)):
            at = x[i:i + 1]
            (log_x,), (s_x,) = density(at)
            y = at[0] + step / 2 * s_x + np.sqrt(step) * noise[i]
            (log_y,), (s_y,) = density(y[None])
            forth = stats.norm.logpdf(y, at[0] + step / 2 * s_x, np.sqrt(step)).sum()
            back = stats.norm.logpdf(at[0], y + step / 2 * s_y, np.sqrt(step)).sum()
            if level[i] < np.exp(min(0.0, log_y - log_x + back - forth)):
                x[i], accepted[i] = y, accepted[i] + 1
    return x, accepted / n


@ledger.add("9.24", "identity", mala, wrong={
    "moves on rejection": lambda density, x, step, n, rng, progress: (langevin(
        lambda y: density(y)[1], x, step, n, rng, progress=False), np.ones(len(x))),
    "step doubled": lambda density, x, step, n, rng, progress: mala(density, x, 2 * step, n, rng, progress=False)})
def loop_over_rows(chain, rng):
    """Five chains in the plane, twelve steps, of which about half are accepted: a loop with densities by SciPy.

    The constant 2^20 beside the logarithm of the density changes nothing.
    """
    law, x, seed = density_of(mixture(rng), 0.3), rng.standard_normal((5, 2)), int(rng.integers(1000))
    got = chain(lambda x: (law(x)[0] + 2.0**20, law(x)[1]), x, 1.2, 12, np.random.default_rng(seed), progress=False)
    return gap(tuple(got), replayed(law, x, 1.2, 12, seed))
