"""The tables of derivations/adversarial.md.

python -m refvae.derivations.adversarial.experiments [gan] [wgan] [aae] [ali] [reversal] [extreme] [dynamics]
"""

from __future__ import annotations

import sys
from functools import partial
from itertools import product

import numpy as np
from scipy import optimize

from refvae.adversarial import (
    VARIANTS,
    Gan,
    Pair,
    Schedule,
    ali_descent,
    ali_value,
    encoder_cosines,
    fit_gan,
    fit_wgan,
    graded,
    grid,
)
from refvae.data import dataset
from refvae.data.worlds import ring
from refvae.entropy import knn_divergence
from refvae.fit import fit
from refvae.layers import mlp, mlp_init, relu, tanh
from refvae.models import MODELS
from refvae.models.record import Fitted, facts, split
from refvae.optim import Adam

SIGMA, SEEDS, DRAWN, ALI_STEPS = 0.1, range(3), 2000, 1500
WORLD = ring(8, 2.0, SIGMA)
CENTRES = 2.0 * np.stack([np.cos(np.pi * np.arange(8) / 4), np.sin(np.pi * np.arange(8) / 4)], 1)


# Generators on the ring


def shares(y):
    """The shares of the points that lie within three standard deviations of each mode."""
    near = ((y[:, None] - CENTRES) ** 2).sum(2) < (3 * SIGMA) ** 2
    return near.mean(0)


def judge(y, seed=0):
    """Modes with at least 1 % of the points, share of points near a mode, estimated KL(made || data)."""
    found = shares(y)
    x = WORLD.sample(np.random.default_rng([seed, 9]), len(y))
    return (found >= 0.01).sum(), found.sum(), knn_divergence(y, x, 5).value


def networks(seed, hidden=(64, 64)):
    """Generator 2-64-64-2 and discriminator 2-64-64-1."""
    rng = np.random.default_rng([seed, 0])
    return Gan(mlp_init((2, *hidden, 2), rng), mlp_init((2, *hidden, 1), rng))


def watched(runs, rounds, seed, marks=20):
    """Judgements (marks, 3) at equal distances of a run that gives networks."""
    eps = np.random.default_rng([seed, 1]).standard_normal((DRAWN, 2))
    at = set(np.linspace(0, rounds, marks + 1)[1:].astype(int))
    return np.array([judge(mlp(p.gen, eps, relu)[0], seed) for i, p in enumerate(runs, 1) if i in at])


SCHEDULES = {  # schedule, rate of the generator, rounds
    "friendly 1:1": (Schedule(), 1e-3, 5000),
    "5:5": (Schedule(5, 5), 1e-3, 1000),
    "5:5, lam .5": (Schedule(5, 5, lam=0.5), 1e-3, 1000),
    "hostile 1:5x2": (Schedule(1, 5, 2), 1e-3, 1500),
    "hostile, lam .05": (Schedule(1, 5, 2, 0.05), 1e-3, 1500),
    "hostile, lam .5": (Schedule(1, 5, 2, 0.5), 1e-3, 1500),
    "hostile, lam 2.5": (Schedule(1, 5, 2, 2.5), 1e-3, 1500),
    "hostile, rate / 5": (Schedule(1, 5, 2), 2e-4, 1500)}


def gan(name, seed, rounds=None, batch=64):
    """Judgements (20, 3) of a GAN under one of the schedules."""
    schedule, rate, usual = SCHEDULES[name]
    rounds = rounds or usual
    runs = fit_gan(networks(seed), WORLD.sample, rounds=rounds, batch=batch, rng=seed, schedule=schedule,
                   gen_optimiser=Adam(rate, beta1=0.5), progress=None)
    return watched(runs, rounds, seed)


def wgan(seed, rounds=1000, batch=64, lam=1.0):
    """The same of a critic with gradient penalty, five steps a round."""
    runs = fit_wgan(networks(seed), WORLD.sample, rounds=rounds, batch=batch, rng=seed, lam=lam, critic_activation=tanh,
                    progress=None)
    return watched(runs, rounds, seed)


def summary(found):
    """Modes at the end; least and largest number of modes, of the last ten marks; share near modes; divergence."""
    late = found[-10:, 0]
    return np.array([found[-1, 0], late.min(), late.max(), found[-1, 1], found[-1, 2]])


# Digits


def digits(name, seed, steps=None, **settings):
    """A model of `refvae train` on the digits: its report on held-out rows."""
    model = MODELS[name]
    options = model.Settings(**settings)
    data = model.prepare(dataset("digits"), options)
    rows, held_out = split(data)
    rng = np.random.default_rng((seed, 0))
    p = fit(model.objective(facts(data), options), model.init(facts(data), options, rng), np.arange(len(rows.x)),
            steps=steps or model.steps, batch=model.batch, rng=rng, optimiser=Adam(model.lr),
            draw=model.draw(rows, options), progress=None).p
    return model.report(Fitted(p, options, facts(data)), rows, held_out, np.random.default_rng((seed, 1)))


# ALI with linear Gaussian models


BOXES = {  # ends of the gains, and of the logarithms of standard deviations
    "narrow": ((-1.5, 1.5), (-1.0, 0.5)), "wide": ((-3.0, 3.0), (-1.0, 1.0)), "wider": ((-5.0, 5.0), (-1.5, 1.5))}
FINE = grid(0.06, 7.5)


def pairs(count, seed=0, box="narrow"):
    """Random encoders and decoders from a box."""
    rng = np.random.default_rng(seed)
    return [Pair(*pair) for pair in np.stack([rng.uniform(*ends, count) for ends in BOXES[box] * 2], 1)]


def reversal(box, count=2000, on=FINE):
    """Of random pairs, how the encoder's gradients by (40) and (41) meet in Fisher's metric, and in the parameters'."""
    fisher, plain = np.array([encoder_cosines(pair, on=on) for pair in pairs(count, box=box)]).T
    return {"obtuse, Fisher": (fisher < 0).mean(), "largest cosine, Fisher": fisher.max(),
            "below -.9, Fisher": (fisher < -0.9).mean(), "obtuse, parameters": (plain < 0).mean(),
            "largest cosine, parameters": plain.max(), "below -.9, parameters": (plain < -0.9).mean()}


def extreme(box="wider", count=500, starts=5, on=FINE):
    """The largest cosine in Fisher's metric in a box: from five of 500 random pairs on by Nelder and Mead."""
    (low, high), (least, most) = BOXES[box]
    lower, upper = np.array([low, least, low, least]), np.array([high, most, high, most])
    value = lambda v: -encoder_cosines(Pair(*np.clip(v, lower, upper)), on=on)[0]
    ranked = sorted(pairs(count, 1, box), key=value)[:starts]
    found = min((optimize.minimize(value, pair, method="Nelder-Mead", options={"maxfev": 200}) for pair in ranked),
                key=lambda end: end.fun)
    return -found.fun, Pair(*np.clip(found.x, lower, upper))


STARTS = [Pair(1.0, 0.0, 1.0, 0.0), Pair(0.2, -0.5, 1.2, -0.2), Pair(-0.5, 0.2, -1.0, 0.3), Pair(1.3, -0.7, 0.3, 0.4),
          Pair(0.5, -0.3, -0.5, -0.3)]


def dynamics(variant, start, steps=4000):
    """KL(m || q), and the parameters, after gradient descent with the best discriminator."""
    path = ali_descent(start, variant, steps=steps)
    return np.array([ali_value(Pair(*path[-1]), on=graded(0.1, 8.5, 1e-4)), *path[-1]])


def show(setting, rows):
    """Means over the seeds, and ranges."""
    cells = [f"{c.mean():.4g} ({c.min():.4g}-{c.max():.4g})" for c in np.asarray(rows, float).T]
    print(setting, *cells, sep=" | ", flush=True)


def main(wanted):
    """Print what is asked for."""
    if "reversal" in wanted:
        for box in BOXES:
            print(box, *(f"{name} {value:.4f}" for name, value in reversal(box).items()), sep=" | ", flush=True)
    if "extreme" in wanted:
        print(*extreme(), flush=True)
    if "dynamics" in wanted:
        for variant, start in product(VARIANTS, STARTS):
            print(variant, *start, *np.round(dynamics(variant, start), 5), sep=" | ", flush=True)
    if "gan" in wanted:
        for name in SCHEDULES:
            found = [summary(gan(name, seed)) for seed in SEEDS]
            show(name, found)
            print("   modes at the end:", *(int(row[0]) for row in found), flush=True)
    if "wgan" in wanted:
        show("wgan", [summary(wgan(seed)) for seed in SEEDS])
    for name, run in (("aae", digits), *((f"ali {v}", partial(digits, steps=ALI_STEPS, variant=v)) for v in VARIANTS)):
        if name.split()[0] in wanted:
            reports = [run(name.split()[0], seed) for seed in range(3)]
            for quantity in reports[0]:
                show(f"{name} | {quantity}", [[report[quantity][0]] for report in reports])


if __name__ == "__main__":
    main(sys.argv[1:] or ["gan", "wgan", "aae", "ali", "reversal", "extreme", "dynamics"])
