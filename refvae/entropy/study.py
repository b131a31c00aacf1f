"""Bias, error and coverage of estimates of entropy and information on laws whose truth is known in closed form."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Executor
from functools import partial
from importlib import import_module
from itertools import product
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
from scipy.special import betaln, digamma, ndtri, stdtrit

from refvae.entropy.estimate import knn_entropy
from refvae.entropy.information import mutual_information
from refvae.trees import Array

CHUNK = 10  # trials in one piece of work
NOMINAL = 0.975  # quantile at the end of an interval that should cover 95 %, as in `Estimate.interval`
OURS = "refvae"
Case = tuple[str, int, int, int]  # law, d, n, k
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


class Pair(NamedTuple):
    """A law of two vectors in every dimension: sample(rng, n, d) -> x, y (n, d), information(d) in nats."""

    sample: Callable[[np.random.Generator, int, int], tuple[Array, Array]]
    information: Callable[[int], float]


def _normal_pair(rng: np.random.Generator, n: int, d: int) -> tuple[Array, Array]:
    """Independent pairs of coordinates, each of correlation RHO."""
    x, e = rng.standard_normal((2, n, d))
    return x, RHO * x + np.sqrt(1 - RHO**2) * e


def _cubed(rng: np.random.Generator, n: int, d: int) -> tuple[Array, Array]:
    x, y = _normal_pair(rng, n, d)
    return x**3, y


def _student_pair(rng: np.random.Generator, n: int, d: int) -> tuple[Array, Array]:
    """Pairs of uncorrelated coordinates that share the scale of Student's law with 3 degrees of freedom."""
    x, y = rng.standard_normal((2, n, d))
    scale = np.sqrt(rng.chisquare(3, (n, d)) / 3)
    return x / scale, y / scale


NORMAL_PAIR = float(-np.log1p(-RHO**2) / 2)
STUDENT_PAIR = 2 * STUDENT - float(np.log(2 * np.pi) + 2.5 * (digamma(2.5) - digamma(1.5)))
PAIRS = {
    "normal": Pair(_normal_pair, lambda d: d * NORMAL_PAIR),
    "cubed": Pair(_cubed, lambda d: d * NORMAL_PAIR),
    "student": Pair(_student_pair, lambda d: d * STUDENT_PAIR),
    "noise": Pair(lambda rng, n, d: (x := rng.random((n, d)), x + rng.random((n, d)) / 2),
                  lambda d: d * (0.25 + float(np.log(2)))),
    "independent": Pair(lambda rng, n, d: (rng.random((n, d)), rng.exponential(size=(n, d))), lambda d: 0.0),
}


class Grid(NamedTuple):
    """What a study runs over.

    settings   keywords of `knn_entropy`, or of `mutual_information` for the quantity "mi"
    estimator  "module:function" of somebody else's f(x) or f(x, y), which may take k, to run beside; "" for none
    """

    laws: tuple[str, ...]
    dims: tuple[int, ...]
    sizes: tuple[int, ...]
    k: tuple[int, ...]
    trials: int
    seed: int
    settings: dict[str, Any]
    quantity: str = "entropy"
    estimator: str = ""


class Trial(NamedTuple):
    """One estimate, with the truth and both standard errors, in nats; k is 0 for an estimator that takes none."""

    law: str
    d: int
    n: int
    k: int
    trial: int
    value: float
    truth: float
    naive_se: float
    jackknife_se: float
    estimator: str = OURS


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
    estimator: str = OURS


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
    each = len(grid.k) + (0 if not grid.estimator else len(orders(grid)))
    ends = np.cumsum([0, *((piece.stop - piece.start) * each for piece in pieces(grid))])
    held = int(np.searchsorted(ends, trials, side="right")) - 1
    return held, int(ends[held])


def load(estimator: str) -> Callable[..., Any]:
    """The function that "module:function" names; the current folder is looked into as well."""
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    module, _, name = estimator.partition(":")
    return getattr(import_module(module), name)  # type: ignore[no-any-return]


def orders(grid: Grid) -> tuple[int, ...]:
    """The orders that the estimator of somebody else is asked for: (0,) if it takes no k."""
    return grid.k if "k" in inspect.signature(load(grid.estimator)).parameters else (0,)


def draw(grid: Grid, law: str, d: int, n: int, trial: int) -> tuple[tuple[Array, ...], float]:
    """The data of a trial, and the truth."""
    rng = np.random.default_rng([grid.seed, crc32(law.encode()), d, n, trial])
    if grid.quantity == "mi":
        return PAIRS[law].sample(rng, n, d), PAIRS[law].information(d)
    return (LAWS[law].sample(rng, n, d),), LAWS[law].entropy(d)


def work(piece: Piece, grid: Grid) -> list[Trial]:
    """The trials of a piece, all orders on the same points; a function of its arguments, wherever it runs."""
    ours: Callable[..., Any] = mutual_information if grid.quantity == "mi" else knn_entropy
    found, none = [], float("nan")
    for trial in range(piece.start, piece.stop):
        data, truth = draw(grid, piece.law, piece.d, piece.n, trial)
        case = (piece.law, piece.d, piece.n)
        for k in grid.k:
            e = ours(*data, k=k, **grid.settings)
            found.append(Trial(*case, k, trial, e.value, truth, e.naive_se, e.jackknife_se))
        for k in orders(grid) if grid.estimator else ():
            value = theirs(grid.estimator, data, k)
            found.append(Trial(*case, k, trial, value, truth, none, none, grid.estimator))
    return found


def theirs(estimator: str, data: tuple[Array, ...], k: int) -> float:
    """What an estimator of somebody else says, in nats."""
    return float(load(estimator)(*(x.copy() for x in data), **({"k": k} if k else {})))


def run(grid: Grid, todo: Iterable[Piece], executor: Executor | None = None) -> Generator[list[Trial], None, None]:
    """The trials of the pieces, in their order, from any executor; the numbers do not depend on it.

    When it is closed, what has not begun need not be run.
    """
    yield from (map if executor is None else executor.map)(partial(work, grid=grid), todo)


def summarise(trials: Iterable[Trial]) -> list[Summary]:
    """One line for every law, dimension, size, order and estimator, in the order of the first trials."""
    cases: dict[tuple[Case, str], list[Trial]] = {}
    for trial in trials:
        cases.setdefault((trial[:4], trial.estimator), []).append(trial)
    return [_summary(case, np.array([trial[5:9] for trial in group]), estimator)
            for (case, estimator), group in cases.items()]


def _summary(case: Case, numbers: Array, estimator: str) -> Summary:
    value, truth, naive, jackknife = numbers.T
    error = value - truth
    sd = float(error.std(ddof=1)) if len(error) > 1 else float("nan")
    ratios = [float(np.sqrt((se * se).mean()) / sd) for se in (naive, jackknife)]
    covered = (_coverage(error, ndtri(NOMINAL) * naive), _coverage(error, stdtrit(case[2] - 1, NOMINAL) * jackknife))
    return Summary(*case, len(error), float(truth[0]), float(error.mean()), sd / float(np.sqrt(len(error))), sd,
                   float(np.sqrt((error * error).mean())), ratios[0], ratios[1], *covered, estimator)


def _coverage(error: Array, half: Array) -> float:
    """The share of intervals that hold the truth, NaN where there are none."""
    return float("nan") if np.isnan(half).any() else float((np.abs(error) <= half).mean())
