"""Samplers that need a score alone, and the one that corrects them where the density is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from refvae.denoising.matching import tweedie
from refvae.inputs import array, floating, generator, in_range, matrix, real, same_shape, vector, whole
from refvae.trees import Array


class Sampled(NamedTuple):
    """The last states of the chains (n, d), and the share of proposals that each accepted (n,)."""

    x: Array
    accepted: Array


@in_range
def langevin_step(x: Array, s: Array, step: float, noise: Array, temperature: float = 1.0) -> Array:
    """One step of the unadjusted Langevin chain at x with the score s there.   all (n, d)               (9.23)

    Raises TypeError or ValueError for bad input.
    """
    step, temperature = real(step, "step", above=0), real(temperature, "temperature", least=0)
    x, noise = matrix(x, "x"), matrix(noise, "noise")
    same_shape(noise, x, "noise and x")
    return _moved(x, matrix(s, "the score"), step, noise, temperature)


def _moved(x: Array, s: Array, step: float, noise: Array, temperature: float = 1.0) -> Array:
    """The step, which may leave the numbers."""
    s = floating(s, "the score")
    same_shape(s, x, "the score and x")
    moved: Array = x + step / 2 * s + np.sqrt(temperature * step) * noise                               # (9.23)
    return moved


@in_range
def langevin_variance(var: Any, step: float, temperature: float = 1.0) -> Any:
    """The stationary variance of that chain for N(m, var), which is not var.   like var                 (9.23)

    Raises TypeError or ValueError for other input than 0 < step < 4 var, without which there is none.
    """
    var, step, temperature = array(var, "var"), real(step, "step"), real(temperature, "temperature", least=0)
    if not 0 < step < 4 * var.min():
        raise ValueError(f"step: got {step}, wanted 0 < step < 4 var, here {4 * var.min()}")
    stationary: Any = temperature * var / (1 - step / (4 * var))                                        # (9.23)
    return stationary


def langevin(score: Callable[[Array], Array], x: Any, step: float, n_steps: int, rng: np.random.Generator | int, *,
             temperature: float = 1.0, progress: bool | None = None) -> Array:
    """The states after n_steps steps of chains that start in the rows of x.   (n, d) -> (n, d)          (9.23)

    score: x (n, d) -> (n, d). A finite step leaves a bias (9.23), which `mala` corrects. Raises TypeError or ValueError
    for other input, and FloatingPointError for a chain that leaves the numbers.
    """
    chains, rng, n_steps = matrix(x, "x"), generator(rng), whole(n_steps, "n_steps")
    step, temperature = real(step, "step", above=0), real(temperature, "temperature", least=0)
    for _ in tqdm(range(n_steps), unit="step", disable=_hidden(progress)):
        chains = _advance(score, chains, step, rng, temperature)
    return chains


def annealed_langevin(score: Callable[..., Array], x: Any, sigmas: Sequence[float], step: float,
                      n_steps: int, rng: np.random.Generator | int, *, temperature: float = 1.0, denoise: bool = True,
                      progress: bool | None = None) -> Array:
    """Langevin chains down a ladder of noise levels, n_steps at each, and a last denoising.   (n, d) -> (n, d)   (9.25)

    score     (x, sigma=...) -> the score of the law smoothed by sigma, (n, d)
    x         starts (n, d), for instance normal with the standard deviation of the data at the first level
    sigmas    the levels, descending
    step      over sigma^2: a step at the level sigma is step * sigma^2
    denoise   whether (9.2) at the last level ends the chain

    Raises as `langevin` does. [Song and Ermon 2019, algorithm 1]
    """
    x, rng, n_steps = matrix(x, "x"), generator(rng), whole(n_steps, "n_steps")
    step, temperature = real(step, "step", above=0), real(temperature, "temperature", least=0)
    levels = _ladder(sigmas)
    schedule = [sigma for sigma in levels for _ in range(n_steps)]
    for sigma in tqdm(schedule, unit="step", disable=_hidden(progress)):
        x = _advance(partial(score, sigma=sigma), x, step * sigma**2, rng, temperature)                 # (9.25)
    return tweedie(partial(score, sigma=levels[-1]), x, levels[-1]) if denoise else x                   # (9.25)


@in_range
def mala_log_ratio(x: Array, y: Array, at_x: tuple[Array, Array], at_y: tuple[Array, Array], step: float) -> Array:
    """log of p(y) q(x|y) / p(x) q(y|x) for the proposal q of `langevin_step`.   -> (n,)                 (9.24)

    at_x and at_y: log density (n,), but for a constant, and score (n, d) at x and at y. Raises TypeError or ValueError
    for bad input.
    """
    x, y, step = matrix(x, "x"), matrix(y, "y"), real(step, "step", above=0)
    same_shape(y, x, "y and x")
    at_x, at_y = ((vector(log, "the log density"), matrix(s, "the score")) for log, s in (at_x, at_y))
    return _log_ratio(x, y, at_x, at_y, step)


def _log_ratio(x: Array, y: Array, at_x: tuple[Array, Array], at_y: tuple[Array, Array], step: float) -> Array:
    """The ratio, where a proposal may have left the numbers."""
    (log_x, s_x), (log_y, s_y) = ((floating(log, "the log density"), floating(s, "the score")) for log, s in (
        at_x, at_y))
    for log, s in ((log_x, s_x), (log_y, s_y)):
        same_shape(log, x[:, 0], "the log density and a column of x")
        same_shape(s, x, "the score and x")
    forth, back = y - x - step / 2 * s_x, x - y - step / 2 * s_y                                        # (9.24)
    ratio: Array = log_y - log_x + ((forth * forth).sum(1) - (back * back).sum(1)) / (2 * step)         # (9.24)
    return ratio


def mala(density: Callable[[Array], tuple[Array, Array]], x: Any, step: float, n_steps: int,
         rng: np.random.Generator | int, *, progress: bool | None = None) -> Sampled:
    """Metropolis-adjusted Langevin chains, whose stationary law is exact for every step.   x: (n, d)    (9.24)

    density: x (n, d) -> log density (n,), but for a constant, and score (n, d). Raises as `langevin` does.
    [Roberts and Tweedie 1996]
    """
    x, rng, n_steps, step = matrix(x, "x"), generator(rng), whole(n_steps, "n_steps"), real(step, "step", above=0)
    with np.errstate(over="ignore", invalid="ignore"):
        at_x, accepted = density(x), np.zeros(len(x))
        for _ in tqdm(range(n_steps), unit="step", disable=_hidden(progress)):
            y = _moved(x, at_x[1], step, rng.standard_normal(x.shape))
            at_y = density(y)
            take = np.log(rng.random(len(x))) < _log_ratio(x, y, at_x, at_y, step)                      # (9.24)
            x = np.where(take[:, None], y, x)                                                           # (9.24)
            at_x = np.where(take, at_y[0], at_x[0]), np.where(take[:, None], at_y[1], at_x[1])          # (9.24)
            accepted += take                                                                            # (9.24)
    return Sampled(x, accepted / n_steps)                                                               # (9.24)


def _advance(score: Callable[[Array], Array], x: Array, step: float, rng: np.random.Generator,
             temperature: float) -> Array:
    s = score(x)
    with np.errstate(over="ignore", invalid="ignore"):
        x = _moved(x, s, step, rng.standard_normal(x.shape), temperature)
        finite = 0 * x == 0  # of exact numbers too
    if not finite.all():
        raise FloatingPointError(f"step: got {step}, with which a chain leaves the numbers, wanted a smaller one")
    return x


def _ladder(sigmas: Sequence[float]) -> list[float]:
    levels = [real(sigma, "sigmas", above=0) for sigma in sigmas]
    if not levels or any(not a > b for a, b in pairwise(levels)):
        raise ValueError(f"sigmas: got {levels}, wanted numbers above 0 that descend")
    return levels


def _hidden(progress: bool | None) -> bool | None:
    """What tqdm calls `disable`: None hides the bar unless stderr is a terminal."""
    return None if progress is None else not progress
