"""The denoising autoencoder of chapter 9 for all noise levels at once, which draws samples down a ladder of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from refvae.data.readers import Dataset
from refvae.denoising import annealed_langevin, dsm, ladder_score, linear_denoiser, tweedie
from refvae.fit import Draw, Objective
from refvae.inputs import floating, same_shape, whole
from refvae.layers import Dense, mlp_init, relu, squared_error
from refvae.models.record import Facts, Model, Number, grey, mean
from refvae.trees import Array, Pull

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN, LEVELS, RUNGS, STEPS = 12, (0.4, 0.8, 1.6), 60, 2  # pictures, levels of the report in scales, of the ladder


class DAE(NamedTuple):
    """Parameters: a network d + 1 -> d, and the row (d,) about which it works."""

    net: tuple[Dense, ...]
    centre: Array


@dataclass(frozen=True)
class Settings:
    """The options of the denoiser."""

    hidden: tuple[int, ...] = field(default=(256, 256), metadata={"help": "units of the hidden layers"})
    scale: float = field(default=0.27, metadata={"help": "standard deviation of the data"})
    lowest: float = field(default=0.05, metadata={"help": "standard deviation of the least noise"})
    highest: float = field(default=1.5, metadata={"help": "standard deviation of the most noise, above the scale"})

    def __post_init__(self) -> None:
        for units in self.hidden:
            whole(units, "hidden")
        if not 0 < self.scale < np.inf:
            raise ValueError(f"scale: got {self.scale}, wanted a number above 0")
        if not 0 < self.lowest < self.highest < np.inf:
            raise ValueError(f"lowest: got {self.lowest}, wanted a number above 0 and below highest = {self.highest}")


def prepare(data: Dataset, settings: Settings) -> Dataset:
    """Whole numbers that are never negative are scaled to [0, 1]; other data are taken as they are."""
    return grey(data, settings.scale, ", or a larger --scale")


def init(facts: Facts, settings: Settings, rng: np.random.Generator) -> DAE:
    """Random weights, no biases; the last input is the level."""
    return DAE(mlp_init((facts.d + 1, *settings.hidden, facts.d), rng), np.zeros(facts.d))


def conditional_score(p: DAE, xt: Array, sigma_frozen: Any, scale: float) -> tuple[Array, Pull]:
    """The score of the data smoothed by sigma.   xt: (n, d), sigma: a number or (n, 1) -> (n, d)"""
    xt = floating(xt, "xt")
    same_shape(p.centre, xt[0], "p.centre and a row of xt")
    s, pull_score = ladder_score(p.net, xt - p.centre, sigma_frozen, scale=scale, activation=relu)

    def pull(ds: Array) -> tuple[DAE, Array, None]:
        dnet, dxt, _ = pull_score(ds)
        return DAE(dnet, -dxt.sum(0)), dxt, None

    return s, pull


def objective(facts: Facts, settings: Settings) -> Objective:
    """Denoising score matching, every level with the weight sigma^2."""
    def loss(p: DAE, x: Array, eps: Array, sigma_frozen: Array) -> tuple[Any, Pull]:
        score_map = lambda p, xt: conditional_score(p, xt, sigma_frozen, settings.scale)
        return dsm(score_map, p, x, eps, sigma_frozen, sigma_frozen**2)

    return loss


def draw(data: Dataset, settings: Settings) -> Draw:
    """A step sees its rows, fresh noise, and a level for each, evenly spread on the scale of the logarithm."""
    def args(rng: np.random.Generator, rows: Array) -> tuple[Array, Array, Array]:
        x = data.x[rows]
        levels = np.exp(rng.uniform(np.log(settings.lowest), np.log(settings.highest), (len(x), 1)))
        return x, rng.standard_normal(x.shape, x.dtype.type), levels.astype(x.dtype)

    return args


def score(p: DAE, settings: Settings, x: Array, sigma: float) -> Array:
    """The score of the data smoothed by sigma.   x: (n, d) -> (n, d)"""
    return conditional_score(p, x, sigma, settings.scale)[0]


def denoised(p: DAE, settings: Settings, xt: Array, sigma: float) -> Array:
    """The clean rows, as far as they can be known.   xt: (n, d) -> (n, d)"""
    return tweedie(partial(score, p, settings, sigma=sigma), xt, sigma)


def report(p: DAE, train: Dataset, test: Dataset, settings: Settings,
           rng: np.random.Generator) -> dict[str, Number]:
    """Squared error on noisy held-out rows at three levels, beside that of the best linear denoiser."""
    centre, found = train.x.mean(0), {}
    _, s, Vt = np.linalg.svd(train.x - centre, full_matrices=False)
    for sigma in (level * settings.scale for level in LEVELS):
        xt = test.x + sigma * rng.standard_normal(test.x.shape, test.x.dtype.type)
        linear = centre + (xt - centre) @ Vt.T * linear_denoiser(s**2 / len(train.x), sigma).factors @ Vt
        for name, xhat in (("", denoised(p, settings, xt, sigma)), (" of the best linear denoiser", linear)):
            found[f"squared error{name}, sigma = {sigma:.3g}"] = mean(squared_error(xhat, test.x)[0])
    return found


def samples(p: DAE, settings: Settings, n: int, d: int, rng: np.random.Generator) -> Array:
    """Rows by annealed Langevin chains.   -> (n, d)"""
    ladder = np.geomspace(settings.highest, settings.lowest, RUNGS)
    start = p.centre + settings.highest * rng.standard_normal((n, d))
    return annealed_langevin(partial(score, p, settings), start, list(ladder), 0.6, STEPS, rng, progress=False)


def pictures(p: DAE, train: Dataset, test: Dataset, settings: Settings,
             rng: np.random.Generator) -> dict[str, Figure]:
    """Held-out images, noisy and denoised, and samples beside them, if they are images; samples in the plane."""
    from refvae.models.pictures import mosaic, scatter

    d = test.x.shape[1]
    if test.shape is None:
        return {"samples": scatter(samples(p, settings, 1000, d, rng), None, "Samples")} if d == 2 else {}
    some, sigma = test.x[:SHOWN], LEVELS[-1] * settings.scale
    xt = some + sigma * rng.standard_normal(some.shape, some.dtype.type)
    rows = np.stack([some, xt, denoised(p, settings, xt, sigma)])
    drawn = np.stack([some, *samples(p, settings, 2 * len(some), d, rng).reshape(2, *some.shape)])
    return {"denoised": mosaic(rows, shape=test.shape, title=f"Held-out images, noise of sigma = {sigma:.3g}",
                               names=("data", "noisy", "denoised")),
            "samples": mosaic(drawn, shape=test.shape, title="Held-out images, and samples down a ladder of levels",
                              names=("data", "samples", "samples"))}


MODEL = Model(summary="A denoising autoencoder for all noise levels, which draws samples", unit="weighted loss",
              Settings=Settings, steps=6000, batch=128, lr=1e-3, prepare=prepare, init=init, objective=objective,
              draw=draw, report=report, pictures=pictures)
