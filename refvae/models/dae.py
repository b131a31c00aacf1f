"""The denoising autoencoder of chapter 9 for all noise levels at once, which draws samples down a ladder of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from refvae.data.readers import Dataset
from refvae.denoising import annealed_langevin, dsm, ladder_score, linear_denoiser, tweedie
from refvae.fit import Draw, Objective
from refvae.inputs import floating, same_shape
from refvae.layers import Dense, mlp_init, relu, squared_error
from refvae.models.record import Facts, Fitted, Model, Number, check_sizes, compared, grey
from refvae.trees import Array, Pull

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = 12  # images in a row
LEVELS, MIDDLE = (0.4, 0.8, 1.6), 0.8  # noise of the report and of the cost, in scales
RUNGS, STEPS = 60, 2  # of the ladder of samples


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
        check_sizes(self)
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


def cost(fitted: Fitted, x: Array, labels: Array | None, rng: np.random.Generator) -> Array:
    """The squared error of rows that got noise of MIDDLE scales, denoised.   -> (n,)"""
    sigma = MIDDLE * fitted.settings.scale
    return squared_error(denoised(fitted.p, fitted.settings, x + sigma * rng.standard_normal(x.shape), sigma), x)[0]


def report(fitted: Fitted, train: Dataset, test: Dataset, rng: np.random.Generator) -> dict[str, Number]:
    """Squared error on noisy held-out rows at three levels, beside that of the best linear denoiser."""
    p, settings, centre, found = fitted.p, fitted.settings, train.x.mean(0), dict[str, Number]()
    _, s, Vt = np.linalg.svd(train.x - centre, full_matrices=False)
    for sigma in (level * settings.scale for level in LEVELS):
        xt = test.x + sigma * rng.standard_normal(test.x.shape, test.x.dtype.type)
        linear = centre + (xt - centre) @ Vt.T * linear_denoiser(s**2 / len(train.x), sigma).factors @ Vt
        mine, theirs = (squared_error(xhat, test.x)[0] for xhat in (denoised(p, settings, xt, sigma), linear))
        found |= compared(f"squared error, sigma = {sigma:.3g}", mine, {"the best linear denoiser": theirs})
    return found


def sample(fitted: Fitted, n: int, rng: np.random.Generator) -> Array:
    """Rows by annealed Langevin chains.   -> (n, d)"""
    p, settings = fitted.p, fitted.settings
    ladder = np.geomspace(settings.highest, settings.lowest, RUNGS)
    start = p.centre + settings.highest * rng.standard_normal((n, len(p.centre)))
    return annealed_langevin(partial(score, p, settings), start, list(ladder), 0.6, STEPS, rng, progress=False)


def pictures(fitted: Fitted, train: Dataset, test: Dataset, rng: np.random.Generator) -> dict[str, Figure]:
    """Held-out images, noisy and denoised, if they are images."""
    from refvae.models.pictures import mosaic

    if test.shape is None:
        return {}
    some, sigma = test.x[:SHOWN], LEVELS[-1] * fitted.settings.scale
    xt = some + sigma * rng.standard_normal(some.shape, some.dtype.type)
    rows = np.stack([some, xt, denoised(fitted.p, fitted.settings, xt, sigma)])
    return {"denoised": mosaic(rows, shape=test.shape, title=f"Held-out images, noise of sigma = {sigma:.3g}",
                               names=("data", "noisy", "denoised"))}


MODEL = Model(summary="A denoising autoencoder for all noise levels, which draws samples", unit="weighted loss",
              Settings=Settings, steps=6000, batch=128, lr=1e-3, prepare=prepare, init=init, objective=objective,
              draw=draw, report=report, sample=sample, cost=cost, pictures=pictures,
              costs=lambda settings: f"squared error of the denoised row, sigma = {MIDDLE * settings.scale:.3g}")
