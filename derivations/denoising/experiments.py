"""The tables of derivations/denoising.md: python -m refvae.derivations.denoising.experiments [plane] [generator]

and [digits]; without a name, all three."""

from __future__ import annotations

import sys
from functools import partial

import numpy as np

from refvae.data import digits
from refvae.data.worlds import checkerboard, ring, spiral
from refvae.denoising import (
    annealed_langevin,
    denoiser_score,
    dsm,
    fit_dde_generator,
    frozen_log_density,
    ladder_score,
    langevin,
    linear_denoiser,
    log_normaliser,
    tweedie,
)
from refvae.entropy import knn_divergence
from refvae.fit import fit
from refvae.layers import mlp, mlp_grad, mlp_init, relu, softplus, tanh
from refvae.optim import Adam

SIGMA, SEEDS = 0.2, range(3)
WORLDS = {"ring": (ring, 0.2), "spiral": (spiral, 0.2), "checkerboard": (checkerboard, 0.1)}  # and their own noise
LONG = np.geomspace(1.0, 0.05, 10), 0.3, 100  # levels, step over sigma^2, steps at each level
SHORT = np.geomspace(1.0, 0.1, 60), 0.6, 2
LEVELS = (0.1, 0.2, 0.4)


# Laws in the plane


def field(p, xt, sigma):
    """A network that gives the score itself, on the scale 1 / sigma."""
    s, pull = mlp(p, xt, softplus)
    return s / sigma, lambda ds: pull(ds / sigma)


MAPS = {"denoiser": (denoiser_score, 2), "field": (field, 2),
        "log density": (lambda p, xt, sigma: mlp_grad(p, xt, softplus), 1)}

def smoothed(name, sigma=SIGMA):
    """The law with noise of standard deviation sigma, exactly: all three are laws plus noise."""
    world, own = WORLDS[name]
    return world(sigma=np.hypot(own, sigma))


def trained(name, kind, seed, steps=3000, batch=256, hidden=(64, 64), rate=2e-3):
    """A score network 2-64-64-2 or 2-64-64-1, softplus, on 20000 points, and its score x -> s."""
    score_map, outputs = MAPS[kind]
    rng = np.random.default_rng(seed)
    x = WORLDS[name][0]().sample(rng, 20000)
    draw = lambda rng, rows: (rows, rng.standard_normal(rows.shape), SIGMA)
    objective = partial(dsm, lambda p, xt: score_map(p, xt, SIGMA))
    p = fit(objective, mlp_init((2, *hidden, outputs), rng), x, steps=steps, batch=batch, rng=rng, draw=draw,
            optimiser=Adam(rate), progress=False).p
    return p, lambda x: score_map(p, x, SIGMA)[0]


def plane(name, kind, seed):
    """Relative score error; dsm over its floor; modes, least and largest share of a mode; divergence; correlation."""
    p, score = trained(name, kind, seed)
    truth, rng = smoothed(name), np.random.default_rng([seed, 1])
    x, eps = WORLDS[name][0]().sample(rng, 20000), rng.standard_normal((20000, 2))
    xt = x + SIGMA * eps
    s, true = score(xt), truth.score(xt)
    loss, floor = ((s + eps / SIGMA) ** 2).sum(1).mean() / 2, ((true + eps / SIGMA) ** 2).sum(1).mean() / 2
    chains = langevin(score, 2 * rng.standard_normal((2000, 2)), 0.02, 1000, rng, progress=False)
    shares = modes(chains) if name == "ring" else np.array([np.nan])
    found = (shares > 0.02).sum() if name == "ring" else np.nan
    log_p = frozen_log_density(p)(xt)[0] if kind == "log density" else np.full(len(xt), np.nan)
    return [((s - true) ** 2).sum() / (true**2).sum(), loss / floor, found, shares.min(),
            shares.max(), float(knn_divergence(chains, truth.sample(rng, 2000), k=3)),
            np.corrcoef(log_p, truth.logpdf(xt))[0, 1]]


def modes(x, radius=None):
    """Share of the points that lies nearest to each of the 8 modes of the ring; with a radius, and no farther."""
    angles = np.pi / 4 * np.arange(8)
    far = np.linalg.norm(x[:, None] - 2 * np.stack([np.cos(angles), np.sin(angles)], 1), axis=2)
    near = np.bincount(far.argmin(1), far.min(1) <= (np.inf if radius is None else radius), minlength=8)
    return near / len(x)


# Generator


def generated(seed, rounds=2000, exact=False):
    """A generator 2-64-64-2, tanh, for the ring with a target that is trained once, or exact."""
    rng, truth = np.random.default_rng([seed, 2]), smoothed("ring")
    target = frozen_log_density(trained("ring", "log density", seed)[0]) if not exact else lambda x: (
        truth.logpdf(x), lambda d: d[:, None] * truth.score(x))
    found = fit_dde_generator(target, mlp_init((2, 64, 64, 2), rng), mlp_init((2, 64, 64, 1), rng), sigma=SIGMA,
                              rounds=rounds, batch=128, rng=rng, inner=5, optimisers=(Adam(5e-4), Adam(1e-3)),
                              progress=False)
    return found, target


def judged(seed, exact=False):
    """Modes, share within 3 sd of a mode, both divergences, the raw objective, and KL of the networks, normalised."""
    found, target = generated(seed, exact=exact)
    rng = np.random.default_rng([seed, 3])
    x = mlp(found.p, rng.standard_normal((4000, 2)), tanh)[0]
    xt = x + SIGMA * rng.standard_normal(x.shape)
    own = frozen_log_density(found.own)
    raw = (own(xt)[0] - target(xt)[0]).mean()
    log_z = [log_normaliser(lambda x, f=f: f(x)[0], np.zeros(2), 4 * np.eye(2), 100000, rng).log_z
             for f in (own, target)]
    clean = ring().sample(rng, 4000)
    return [np.sum(modes(x) > 0.02), modes(x, 0.6).sum(), modes(x).min(), float(knn_divergence(x, clean, k=3)),
            float(knn_divergence(xt, smoothed("ring").sample(rng, 4000), k=3)), raw, raw - log_z[0] + log_z[1]]


# Digits


def split():
    """Training rows and the held-out ones, in [0, 1], less the mean of the training rows; that mean."""
    x, _ = digits()
    train = np.arange(len(x)) % 5 != 0
    centre = x[train].mean(0)
    return x[train] - centre, x[~train] - centre, centre


def ladder(seed, steps=4000, hidden=(256, 256), rate=1e-3, batch=128):
    """A network 65-256-256-64, ReLU, for all levels between 0.03 and 1.5, and its score (x, sigma) -> s."""
    x, _, _ = split()
    rng, scale = np.random.default_rng(seed), float(x.std())
    score_map = lambda p, xt, sigma: ladder_score(p, xt, sigma, scale=scale, activation=relu)

    def objective(p, x, eps, sigma):
        return dsm(lambda p, xt: score_map(p, xt, sigma), p, x, eps, sigma, sigma**2)

    def draw(rng, rows):
        return rows, rng.standard_normal(rows.shape), np.exp(rng.uniform(np.log(0.03), np.log(1.5), (len(rows), 1)))

    p = fit(objective, mlp_init((65, *hidden, 64), rng), x, steps=steps, batch=batch, rng=rng, draw=draw,
            optimiser=Adam(rate), progress=False).p
    return lambda x, sigma: score_map(p, x, sigma)[0]


def sampled(score, n, rng, ladder=SHORT):
    """n digits, centred, by annealed Langevin."""
    rng = np.random.default_rng(rng)
    sigmas, step, n_steps = ladder
    return annealed_langevin(score, sigmas[0] * rng.standard_normal((n, 64)), sigmas, step, n_steps, rng,
                             progress=False)


def real_or_not(seed):
    """Errors at three levels over those of the best linear denoiser; divergence of samples and of training rows."""
    score, (train, test, centre) = ladder(seed), split()
    rng, lam = np.random.default_rng([seed, 1]), np.linalg.svd(split()[0], compute_uv=False) ** 2 / len(split()[0])
    errors = []
    for sigma in LEVELS:
        xt = test + sigma * rng.standard_normal(test.shape)
        errors += [((tweedie(partial(score, sigma=sigma), xt, sigma) - test) ** 2).sum(1).mean(),
                   ((wiener(train, xt, sigma) - test) ** 2).sum(1).mean(), linear_denoiser(lam, sigma).risk]
    axes = np.linalg.svd(train, full_matrices=False)[2][:8].T
    short, long = sampled(score, len(train), rng), sampled(score, 361, rng, LONG)
    laws = short, np.clip(short + centre, 0, 1) - centre, long, train[rng.permutation(len(train))]
    normal = rng.multivariate_normal(np.zeros(64), train.T @ train / len(train), len(train))
    nearest = [np.sqrt(((x[:200, None] - train) ** 2).sum(2).min(1)).mean() for x in (short, long, test)]
    return [*errors, *(against(x @ axes, test @ axes) for x in (*laws, normal)), *nearest]


def against(x, y):
    """Divergence from y of parts of x with one row more than y, for which equal laws give the mean 0; their mean.

    With unequal sizes the two distances are of unequal scales, and the estimate is biased where the data have fewer
    dimensions than the space.
    """
    n = len(y) + 1
    return np.mean([float(knn_divergence(x[start:start + n], y, k=3)) for start in range(0, len(x) - n + 1, n)])


def wiener(train, xt, sigma):
    """The best linear denoiser of the training rows."""
    _, s, Vt = np.linalg.svd(train, full_matrices=False)
    factors = linear_denoiser(s**2 / len(train), sigma).factors
    return xt @ Vt.T * factors @ Vt


def show(table):
    """Means over the seeds, and ranges."""
    for setting, rows in table.items():
        cells = [f"{column.mean():.4g} ({column.min():.4g} to {column.max():.4g})" for column in np.array(rows).T]
        print(setting, *cells, sep=" | ", flush=True)


if __name__ == "__main__":
    wanted = sys.argv[1:] or ["plane", "generator", "digits"]
    if "plane" in wanted:
        for world in WORLDS:
            show({(world, kind): [plane(world, kind, seed) for seed in SEEDS] for kind in MAPS})
    if "generator" in wanted:
        show({"trained target": [judged(seed) for seed in SEEDS]})
        show({"exact target": [judged(0, True)]})
    if "digits" in wanted:
        show({"ladder": [real_or_not(seed) for seed in SEEDS]})
