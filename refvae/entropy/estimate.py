"""The k-nearest-neighbour estimate of entropy [Kozachenko and Leonenko 1987], with its variants and standard errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Literal

import numpy as np
from scipy.special import digamma

from refvae.entropy.balls import Box, log_volumes, log_volumes_in_box, log_volumes_on_torus
from refvae.entropy.jackknife import changes, efron_stein, left_out, one_more
from refvae.entropy.neighbours import Neighbours, check_search, search
from refvae.entropy.regions import box_of, reflected, sides_of
from refvae.entropy.ties import refuse_equal_rows, refuse_ties, untied
from refvae.entropy.weights import bsy_weights, moderate
from refvae.inputs import matrix, whole
from refvae.trees import Array

Norm = Literal[2] | float
Ties = Literal["raise", "jitter"]


@dataclass(frozen=True, repr=False, eq=False)
class Estimate:
    """An estimate in nats; float(...) gives its value.

    value          the estimate, the mean of `local`
    local          (n,) what each point contributes
    biased         whether d >= 3, where the bias may fall more slowly than the standard error: at an edge as n^(-1/d)
    settings       what it was computed from and how: n, d, k, ...
    leave_one_out  computes the values of the estimate without each point, one array for each sample   (6.20), (6.37);
                   where each costs a search or a pass over all points, of `jackknife.PART` evenly spaced rows (6.21a)

    It prints its standard error once `jackknife_se` has been computed, and none before.
    """

    value: float
    local: Array
    biased: bool
    settings: dict[str, Any]
    leave_one_out: Callable[[], tuple[Array, ...]]

    def __float__(self) -> float:
        return self.value

    def __repr__(self) -> str:
        settings = ", ".join(f"{name} = {value}" for name, value in self.settings.items()
                             if value is not None and value is not False)
        error = f", jackknife standard error {self.jackknife_se:.2g}" if "jackknife_se" in vars(self) else ""
        bias = "; biased for d >= 3" if self.biased else ""
        return f"{type(self).__name__}({self.value:.6g} nats{error}; {settings}{bias})"

    @property
    def naive_se(self) -> float:
        """Standard error as if the local values were independent, NaN for one; too small, for they share neighbours."""
        n = len(self.local)
        return float(self.local.std(ddof=1) / np.sqrt(n)) if n > 1 else float("nan")

    @cached_property
    def jackknife_se(self) -> float:
        """Standard error by leaving out points in turn, computed when first asked for.   (6.20), (6.21), (6.21a)

        Its square is in the mean not below the variance, for independent points of one law and one point fewer. It
        knows nothing of the bias. Raises ValueError for k = n - 1, where no further neighbour exists.
        """
        sizes = [self.settings[name] for name in ("n", "m") if name in self.settings]
        return efron_stein(*self.leave_one_out(), sizes=sizes)


class EntropyEstimate(Estimate):
    """An estimate of an entropy in nats."""


def knn_entropy(x: Any, k: int = 3, *, norm: Norm = 2, box: Any = None, periodic: Any = None,
                weights: Literal["bsy"] | None = None, whiten: bool = False, ties: Ties = "raise",
                rng: np.random.Generator | int | None = None, workers: int = 1) -> EntropyEstimate:
    """Differential entropy in nats from the distances to the k-th neighbours.   x: (n, d)                (6.5)

    norm      2 or numpy.inf: Euclidean or maximum distances
    box       (low, high), numbers or (d,): the support, if known; with norm inf only                     (6.19)
    periodic  side or sides (d,) of the torus on which x lives                                            (6.18)
              for norm 2, balls that are wider than the torus are not cut off: for small k only
    weights   "bsy": orders up to k weighted so that leading terms of the bias cancel; needs k >= d       (6.23)
              and is refused where the weights' absolute values sum to more than sqrt(n)                  (6.23a)
    whiten    by the sample covariance first: exact under affine maps for norm 2, for norm inf under      (6.9)
              scalings, changes of sign and permutations of the columns; `jackknife_se` searches anew each time
    ties      "raise", or "jitter": uniform noise 1e-10 times the spread of a column, from `rng`
    workers   threads of the search; the result does not depend on them

    More neighbours mean less variance and more bias; for d >= 3 the bias may exceed the standard error (`biased`).
    Raises TypeError or ValueError for bad input, for k >= n, for points whose k-th neighbour is at distance 0, and
    for settings that contradict each other.   [Kozachenko and Leonenko 1987; Kraskov, Stoegbauer and Grassberger 2004]
    """
    x = matrix(x, "x")
    n, d = x.shape
    k = whole(k, "k", most=n - 1)
    check_search(norm, workers)
    _compatible(norm, box, periodic, weights, whiten)
    w = np.eye(k)[-1] if weights is None else moderate(bsy_weights(k, d), n)
    region = None if box is None else box_of(box, x)
    sides = None if periodic is None else sides_of(periodic, d)
    x = untied(x, ties, rng)
    if region is not None and ties == "jitter":
        x = reflected(x, region)
    used = w[np.flatnonzero(w)[0]:]
    refuse_equal_rows(x, k - len(used) + 1, "x")
    z, log_det = whitened(x) if whiten else (x, 0.0)
    volumes = _volumes(z, norm, region, sides)
    find = partial(search, z, norm=norm, sides=sides, workers=workers)
    rho = find(k, first=k - len(used) + 1).rho
    refuse_ties(rho[:, 0], "x")
    local = _constant(n, k, used) + log_det + volumes(rho) @ used                                       # (6.5)
    settings = {"n": n, "d": d, "k": k, "norm": norm, "box": box, "periodic": periodic, "weights": weights,
                "whiten": whiten, "ties": None if ties == "raise" else ties}
    return EntropyEstimate(float(local.mean()), local, d >= 3, settings, lambda: (
        whitened_without_each(x, k, used, norm, workers) if whiten else
        without_each(find(one_more(k, n - 1)), volumes, used),))


def whitened_without_each(x: Array, k: int, w: Array, norm: float, workers: int) -> Array:
    """The whitened estimate without points in turn, each with the covariance of the rest.   -> (rows,)   (6.20)"""
    n, d = x.shape
    one_more(k, n - 1)

    def without(j: int) -> float:
        z, log_det = whitened(np.delete(x, j, 0))
        rho = search(z, k, norm=norm, workers=workers, first=k - len(w) + 1).rho
        return _constant(n - 1, k, w) + log_det + float((log_volumes(rho, d, norm) @ w).mean())         # (6.20)

    return np.array([without(j) for j in left_out(n)])


def without_each(near: Neighbours, volumes: Callable[[Array], Array], w: Array) -> Array:
    """The estimate without each of the n points in turn, from k + 1 neighbours of each.   -> (n,)       (6.20)"""
    n, k = len(near.idx), near.idx.shape[1] - 1
    logs = volumes(near.rho[:, k - len(w):])
    each = logs[:, :-1] @ w
    total = each.sum() - each + changes(logs, near.idx, w, n)                                           # (6.20)
    return np.asarray(_constant(n - 1, k, w) + total / (n - 1))


def _constant(n: int, k: int, w: Array) -> float:
    """psi(n) minus the weighted psi of the orders up to k."""
    return float(digamma(n) - w @ digamma(np.arange(k - len(w), k) + 1.0))                              # (6.4)


def whitened(x: Array) -> tuple[Array, float]:
    """Points of mean 0 and covariance 1, and log|det| of the map back.   x: (n, d)                       (6.9)

    Columns are standardised, then multiplied by the inverse symmetric root of their correlation matrix. Raises
    ValueError for a singular covariance, where no density exists.
    """
    n, d = x.shape
    unit, powers = _unit_columns(x)
    apart, more = _unit_columns(unit - unit[0])
    centred = apart - apart.mean(0)
    sigma = np.sqrt((centred * centred).mean(0))
    U, s, Vt = np.linalg.svd(centred / np.where(sigma > 0, sigma, 1), full_matrices=False)
    rank = int(np.sum(s > n * np.finfo(float).eps * s[0]))
    if n <= d or rank < d:
        raise ValueError(f"x: got a covariance of rank {rank} from shape {x.shape}, wanted {d} for whiten")
    log_det = np.log(sigma * s / np.sqrt(n)).sum() + np.log(2) * (powers + more).sum()                  # (6.9)
    return np.sqrt(n) * (U @ Vt), float(log_det)                                                        # (6.9)


def _unit_columns(x: Array) -> tuple[Array, Array]:
    """Each column over the power of two that brings its largest entry into [1/2, 1), and the exponents (d,)."""
    powers = np.frexp(np.abs(x).max(0))[1]
    return np.ldexp(x, -powers), powers


def _volumes(x: Array, norm: float, box: Box | None, sides: Array | None) -> Callable[[Array], Array]:
    if box is not None:
        return partial(log_volumes_in_box, x, box=box)
    if sides is not None and norm == np.inf:
        return partial(log_volumes_on_torus, sides=sides)
    return partial(log_volumes, d=x.shape[1], norm=norm)


def _compatible(norm: float, box: Any, periodic: Any, weights: Any, whiten: Any) -> None:
    """Raise ValueError for settings that make no sense, alone or together."""
    if weights not in (None, "bsy"):
        raise ValueError(f"weights: got {weights!r}, wanted None or 'bsy'")
    if not isinstance(whiten, (bool, np.bool_)):
        raise TypeError(f"whiten: got {type(whiten).__name__}, wanted a bool")
    if box is not None and norm == 2:
        raise ValueError("box: got norm 2, wanted norm inf, whose balls meet a box in a box")
    if box is not None and periodic is not None:
        raise ValueError("box, periodic: got both, wanted at most one: a torus has no boundary")
    if whiten and (box is not None or periodic is not None):
        raise ValueError("whiten: got it with box or periodic, wanted neither: whitening turns and stretches them")
