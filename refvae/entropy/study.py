"""Bias, root mean square error and coverage of the entropy estimate on laws whose entropy is known in closed form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from functools import partial
from itertools import product
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
from scipy.special import betaln, digamma

from refvae.entropy.estimate import knn_entropy
from refvae.trees import Array

CHUNK = 10  # trials in one piece of work
NOMINAL = 1.959963984540054  # standard errors on either side of an interval that should cover 95 %
RHO = 0.8  # correlation of neighbouring coordinates of "correlated"


class Law(NamedTuple):
    """A law in every dimension: sample(rng, n, d) -> (n, d), entropy(d) in nats."""

    sample: Callable[[np.random.Generator, int, int], Array]
    entropy: Callable[[int], float]


def _product(draw: Callable[[np.random.Generator, tuple[int, int]], Array], entropy: float) -> Law:
    """Independent coordinates."""
    return Law(lambda rng, n, d: draw(rng, (n, d)), lambda d: d * entropy)


def _correlated(rng: np.random.Generator, n: int, d: int) -> Array:
    """A stationary chain of unit variances along the coordinates, correlation RHO from one to the next."""
    x = rng.standard_normal((n, d))
    for j in range(1, d):
        x[:, j] = RHO * x[:, j - 1] + np.sqrt(1 - RHO**2) * x[:, j]
    return x


NORMAL = float(np.log(2 * np.pi * np.e) / 2)
STUDENT = float(np.log(3) / 2 + betaln(0.5, 1.5) + 2 * (digamma(2.0) - digamma(1.5)))  # 3 degrees of freedom
LAWS = {
    "normal": _product(lambda rng, shape: rng.standard_normal(shape), NORMAL),
    "correlated": Law(_correlated, lambda d: d * NORMAL + (d - 1) / 2 * float(np.log1p(-RHO**2))),
    "uniform": _product(lambda rng, shape: rng.random(shape), 0.0),
    "laplace": _product(lambda rng, shape: rng.laplace(size=shape), 1 + float(np.log(2))),
    "logistic": _product(lambda rng, shape: rng.logistic(size=shape), 2.0),
    "exponential": _product(lambda rng, shape: rng.exponential(size=shape), 1.0),
    "student": _product(lambda rng, shape: rng.standard_t(3, shape), STUDENT),
    "cauchy": _product(lambda rng, shape: rng.standard_cauchy(shape), float(np.log(4 * np.pi))),
}


class Grid(NamedTuple):
    """What a study runs over; `settings` are keywords of `knn_entropy`."""

    laws: tuple[str, ...]
    dims: tuple[int, ...]
    sizes: tuple[int, ...]
    k: tuple[int, ...]
    trials: int
    seed: int
    settings: dict[str, Any]


class Trial(NamedTuple):
    """One estimate, with the true entropy and both standard errors, in nats."""

    law: str
    d: int
    n: int
    k: int
    trial: int
    value: float
    truth: float
    naive_se: float
    jackknife_se: float


class Summary(NamedTuple):
    """All trials of one law, dimension, size and order: `bias_se` is the standard error of the bias."""

    law: str
    d: int
    n: int
    k: int
    trials: int
    truth: float
    bias: float
    bias_se: float
    sd: float
    rmse: float
    naive_ratio: float
    jackknife_ratio: float
    naive_coverage: float
    jackknife_coverage: float


class Piece(NamedTuple):
    """Work for one process: trials start to stop - 1 of one law, dimension and size."""

    law: str
    d: int
    n: int
    start: int
    stop: int


def pieces(grid: Grid) -> list[Piece]:
    """The whole grid in its order."""
    starts = range(0, grid.trials, CHUNK)
    return [Piece(*case, start, min(start + CHUNK, grid.trials))
            for case in product(grid.laws, grid.dims, grid.sizes) for start in starts]


def complete(grid: Grid, trials: int) -> tuple[int, int]:
    """How many pieces the first `trials` trials make complete, and how many trials those are."""
    ends = np.cumsum([0, *((piece.stop - piece.start) * len(grid.k) for piece in pieces(grid))])
    held = int(np.searchsorted(ends, trials, side="right")) - 1
    return held, int(ends[held])


def work(piece: Piece, grid: Grid) -> list[Trial]:
    """The trials of a piece, all orders on the same points; a function of its arguments, wherever it runs."""
    law, found = LAWS[piece.law], []
    for trial in range(piece.start, piece.stop):
        rng = np.random.default_rng([grid.seed, crc32(piece.law.encode()), piece.d, piece.n, trial])
        x = law.sample(rng, piece.n, piece.d)
        for k in grid.k:
            e = knn_entropy(x, k, **grid.settings)
            found.append(Trial(piece.law, piece.d, piece.n, k, trial, e.value, law.entropy(piece.d), e.naive_se,
                               e.jackknife_se))
    return found


def run(grid: Grid, todo: Iterable[Piece], executor: Executor | None = None) -> Iterator[list[Trial]]:
    """The trials of the pieces, in their order, from any executor; the numbers do not depend on it."""
    return (map if executor is None else executor.map)(partial(work, grid=grid), todo)


def summarise(trials: Iterable[Trial]) -> list[Summary]:
    """One line for every law, dimension, size and order, in the order of the first trials."""
    cases: dict[tuple[str, int, int, int], list[Trial]] = {}
    for trial in trials:
        cases.setdefault(trial[:4], []).append(trial)
    return [_summary(case, np.array([trial[5:] for trial in group])) for case, group in cases.items()]


def _summary(case: tuple[str, int, int, int], numbers: Array) -> Summary:
    value, truth, *both = numbers.T
    error = value - truth
    sd = float(error.std(ddof=1)) if len(error) > 1 else float("nan")
    return Summary(*case, len(error), float(truth[0]), float(error.mean()), sd / float(np.sqrt(len(error))), sd,
                   float(np.sqrt((error * error).mean())), *(float(np.sqrt((se * se).mean()) / sd) for se in both),
                   *(float((np.abs(error) <= NOMINAL * se).mean()) for se in both))
