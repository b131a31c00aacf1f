"""A training step of every other model beside PyTorch: on the digits, by the default recipe of `refvae train`.

A step takes its rows, draws noise, differentiates and moves, as `refvae.fit` does for the command; the networks of
benchmarks/models_torch.py do the same, and have the same losses. Those of the entropic autoencoder part the soonest, a
digit every fifteen steps: the nearest neighbour of a code has the largest say in its gradient.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from benchmarks.timing import compare, line, version
from refvae import fit, trees
from refvae.data import dataset
from refvae.data.readers import Dataset
from refvae.models import MODELS
from refvae.models.record import Facts, facts, ready, split

OTHERS = tuple(name for name in MODELS if name != "vae")
GOAL = 1.0
STEPS, AGREED = 50, 1e-10


class Task(NamedTuple):
    """A model at its defaults: rows to train on, their facts, parameters before the first step, settings of a step."""

    name: str
    data: Dataset
    known: Facts
    p: Any
    settings: Any
    batch: int
    lr: float


def task(name, dtype):
    """The digits and the parameters in a dtype."""
    model = MODELS[name]
    settings, rng = model.Settings(), np.random.default_rng(0)
    data = ready(dataset("digits"), model, settings)
    rows, known = split(data)[0], facts(data)
    p = trees.map(lambda leaf: leaf.astype(dtype), model.init(known, settings, rng))
    return Task(name, rows._replace(x=rows.x.astype(dtype)), known, p, settings, model.batch, model.lr)


def ours(of, rng):
    """A step as `refvae train` takes it: step(*args), or step() with arguments that `draws` makes."""
    model = MODELS[of.name]
    optimiser, objective = model.optimiser(of.p, of.lr, of.settings), model.objective(of.known, of.settings)
    run, draw = fit._Run(fit._start(of.p, optimiser, rng), optimiser, rng), draws(of, rng)
    per_epoch = len(of.data.x) // of.batch
    return lambda *args: run.advance(objective, args or draw(), per_epoch)


def draws(of, rng):
    """The arguments of a step: its rows, with labels and noise as the model has them."""
    draw, rows = MODELS[of.name].draw(of.data, of.settings), chosen(of, rng)
    return lambda: draw(rng, next(rows))


def chosen(of, rng):
    """Rows for step after step: every epoch in a new order, without a last smaller batch."""
    while True:
        yield from (rows for rows in fit.batches(len(of.data.x), of.batch, rng) if len(rows) == of.batch)


def agreement(name):
    """The largest relative difference of the losses from PyTorch's in float64: same start, rows and noise."""
    from benchmarks.models_torch import step_of

    of, worst = task(name, np.float64), 0.0
    mine, theirs, draw = ours(of, np.random.default_rng(1)), step_of(of, None), draws(of, np.random.default_rng(2))
    for _ in range(STEPS):
        args = draw()
        worst = max(worst, abs(mine(*args) / theirs(*args) - 1))
    return worst


def main():
    """All rows."""
    lines, torch = [], version("torch")
    for name in OTHERS:
        for dtype in (np.float64, np.float32):
            of = task(name, dtype)
            methods = {"refvae": ours(of, np.random.default_rng(1))}
            if torch:
                from benchmarks.models_torch import step_of

                methods["PyTorch"] = step_of(of, chosen(of, np.random.default_rng(1)))
            lines += compare(f"step of {name} {dtype.__name__}", methods, {"PyTorch": GOAL}, calls=20)
        if torch:
            lines.append(line(f"losses of {name}, {STEPS} steps", "difference from PyTorch", 0.0, agreement(name),
                              AGREED, at_most=True))
    return lines
