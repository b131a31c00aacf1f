"""The k-nearest-neighbour estimate of entropy [Kozachenko and Leonenko 1987], with its variants and standard errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Literal

import numpy as np
from scipy.special import digamma, stdtrit

from refvae.entropy import cautions
from refvae.entropy.balls import Box, log_volumes, log_volumes_in_box, log_volumes_on_torus
from refvae.entropy.columns import as_it_is, standardised, whitened
from refvae.entropy.jackknife import changes, efron_stein, left_out, one_more
from refvae.entropy.neighbours import Neighbours, alone, candidates_apart, check_search, search
from refvae.entropy.regions import box_of, reflected, sides_of
from refvae.entropy.ties import refuse_equal_rows, refuse_faint, refuse_ties, untied
from refvae.entropy.weights import bsy_weights, moderate
from refvae.inputs import matrix, real, whole
from refvae.trees import Array

Norm = Literal[2] | float
Ties = Literal["raise", "jitter", "unround"]
Change = Callable[[Array], tuple[Array, float]]


@dataclass(frozen=True, repr=False, eq=False)
class Estimate:
    """An estimate in nats; float(...) gives its value.

    local          (n,) what each point contributes
    biased         whether d >= 3, where the bias may fall more slowly than the standard error: at an edge as n^(-1/d)
    settings       what it was computed from and how: n, d, k, ...
    leave_one_out  computes the values of the estimate without each point, one array for each sample   (6.20), (6.37);
                   where each costs a search or a pass over all points, of `jackknife.PART` evenly spaced rows (6.21a)
    cautions       says what may be wrong all the same, for `warnings`

    It prints its standard error once `jackknife_se` has been computed, and none before.
    """

    local: Array
    biased: bool
    settings: dict[str, Any]
    leave_one_out: Callable[[], tuple[Array, ...]]
    cautions: Callable[[], Iterable[str]] = tuple

    @cached_property
    def value(self) -> float:
        """The estimate, the mean of `local`."""
        return float(self.local.mean())                                                                 # (6.5)

    def __float__(self) -> float:
        return self.value

    def __repr__(self) -> str:
        settings = ", ".join(f"{name} = {value}" for name, value in self.settings.items()
                             if value is not None and value is not False)
        error = f", jackknife standard error {self.jackknife_se:.2g}" if "jackknife_se" in vars(self) else ""
        warned = "".join(f"; warning: {text}" for text in self.warnings)
        return f"{type(self).__name__}({self.value:.6g} nats{error}; {settings}{warned})"

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """What may make the value wrong, each with its remedy; looked for when first asked for."""
        return tuple(dict.fromkeys(self.cautions()))

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

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """The value and `jackknife_se` times Student's quantile of n - 1 degrees of freedom on either side.

        n is the size of the smaller sample. It knows nothing of the bias. Raises ValueError for a level outside (0, 1)
        and where `jackknife_se` does.
        """
        level = real(level, "level", above=0, below=1)
        n = min(self.settings[name] for name in ("n", "m") if name in self.settings)
        half = float(stdtrit(n - 1, (1 + level) / 2)) * self.jackknife_se
        return self.value - half, self.value + half


class EntropyEstimate(Estimate):
    """An estimate of an entropy in nats."""


def knn_entropy(x: Any, k: int = 3, *, norm: Norm = 2, box: Any = None, periodic: Any = None,
                weights: Literal["bsy"] | None = None, whiten: bool = False, standardise: bool = False,
                exclude: int = 0, ties: Ties = "raise",
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
    standardise  by the standard deviations of the columns first: exact under separate scalings            (6.61)
    exclude   rows up to so many places before and after a row are no neighbours: for series              (6.64)
    ties      "raise"; "jitter": uniform noise 1e-10 times the spread of a column, from `rng`; "unround": uniform noise
              as wide as the last place of its numbers                                                    (6.63)
    workers   threads of the search; the result does not depend on them

    More neighbours mean less variance and more bias; for d >= 3 the bias may exceed the standard error (`biased`).
    Raises TypeError or ValueError for bad input, for k >= n, for points whose k-th neighbour is at distance 0, and
    for settings that contradict each other.   [Kozachenko and Leonenko 1987; Kraskov, Stoegbauer and Grassberger 2004]
    """
    x = matrix(x, "x")
    n, d = x.shape
    exclude = whole(exclude, "exclude", least=0, most=max(n - 2, 0) // 2)
    k = whole(k, "k", most=n - 1 - 2 * exclude)
    check_search(norm, workers)
    _compatible(norm, box, periodic, weights, whiten, standardise)
    w = np.eye(k)[-1] if weights is None else moderate(bsy_weights(k, d), n)
    region = None if box is None else box_of(box, x)
    sides = None if periodic is None else sides_of(periodic, d)
    moved = untied(x, ties, rng)
    if region is not None and ties != "raise":
        moved = reflected(moved, region)
    change = whitened if whiten else standardised if standardise else as_it_is
    settings = {"n": n, "d": d, "k": k, "norm": norm, "box": box, "periodic": periodic, "weights": weights,
                "whiten": whiten, "standardise": standardise, "exclude": exclude or None,
                "ties": None if ties == "raise" else ties}
    return _estimate(moved, x if ties == "jitter" else moved, w[np.flatnonzero(w)[0]:], change, region, sides, workers,
                     settings)


def _estimate(x: Array, seen: Array, w: Array, change: Change, box: Box | None, sides: Array | None, workers: int,
              settings: dict[str, Any]) -> EntropyEstimate:
    """The estimate from checked points, with weights of the highest orders; `seen` are those that are warned of."""
    n, d, k, norm, exclude = (settings[name] for name in ("n", "d", "k", "norm", "exclude"))
    refuse_equal_rows(x, k - len(w) + 1, "x")
    z, log_det = change(x)
    volumes = _volumes(z, norm, box, sides)
    find = partial(search, z, norm=norm, sides=sides, workers=workers)
    on_line = d == 1 and sides is None and not exclude and len(w) == 1
    near = alone(z, k) if on_line else find(k, first=k - len(w) + 1, exclude=exclude or 0)              # (6.5), (6.64)
    refuse_ties(near.rho[:, 0], "x")
    refuse_faint(near.rho[:, 0], "x", d, norm)
    others = candidates_apart(n, exclude or 0)
    local = _constant(others + 1, k, w) + log_det + volumes(near.rho) @ w                        # (6.5), (6.64)

    def leave_one_out() -> tuple[Array]:
        refuse_window(exclude)
        if change is not as_it_is:
            return (changed_without_each(x, k, w, norm, workers, change),)
        return (without_each(find(one_more(k, n - 1)), volumes, w),)

    def said() -> Iterator[str]:
        yield from cautions.of_every_sample({"x": seen}, k, d, exclude)
        if sides is None and d > 1:
            yield from cautions.of_columns(z[near.idx[:, -1]] - z, norm)

    return EntropyEstimate(local, d >= 3, settings, leave_one_out, said)


def changed_without_each(x: Array, k: int, w: Array, norm: float, workers: int,
                         change: Change) -> Array:
    """The estimate after `change` without points in turn, with the covariance of the rest.   -> (rows,)  (6.20)"""
    n, d = x.shape
    one_more(k, n - 1)

    def without(j: int) -> float:
        z, log_det = change(np.delete(x, j, 0))
        rho = search(z, k, norm=norm, workers=workers).rho[:, -len(w):]                                 # (6.20)
        return float(_constant(n - 1, k, w)) + log_det + float((log_volumes(rho, d, norm) @ w).mean())  # (6.20)

    return np.array([without(j) for j in left_out(n)])


def without_each(near: Neighbours, volumes: Callable[[Array], Array], w: Array) -> Array:
    """The estimate without each of the n points in turn, from k + 1 neighbours of each.   -> (n,)       (6.20)"""
    n, k = len(near.idx), near.idx.shape[1] - 1                                                         # (6.20)
    logs = volumes(near.rho[:, k - len(w):])
    each = logs[:, :-1] @ w                                                                             # (6.20)
    total = each.sum() - each + changes(logs, near.idx, w, n)                                           # (6.20)
    return np.asarray(_constant(n - 1, k, w) + total / (n - 1))                                         # (6.20)


def _constant(n: Any, k: int, w: Array) -> Any:
    """psi(n) minus the weighted psi of the orders up to k, of the shape of n."""
    return digamma(n) - w @ digamma(np.arange(k - len(w), k) + 1.0)                                     # (6.4)


def refuse_window(exclude: int | None) -> None:
    """Raise ValueError where rows are taken for dependent, which a jackknife over single rows does not know."""
    if exclude:
        raise ValueError(f"exclude: got {exclude}, wanted 0 for a standard error: without single rows in turn it takes "
                         "them for independent")




def _volumes(x: Array, norm: float, box: Box | None, sides: Array | None) -> Callable[[Array], Array]:
    if box is not None:
        return partial(log_volumes_in_box, x, box=box)
    if sides is not None and norm == np.inf:
        return partial(log_volumes_on_torus, sides=sides)
    return partial(log_volumes, d=x.shape[1], norm=norm)


def _compatible(norm: float, box: Any, periodic: Any, weights: Any, whiten: Any, standardise: Any) -> None:
    """Raise ValueError for settings that make no sense, alone or together."""
    if weights not in (None, "bsy"):
        raise ValueError(f"weights: got {weights!r}, wanted None or 'bsy'")
    flag(whiten, "whiten")
    flag(standardise, "standardise")
    if whiten and standardise:
        raise ValueError("whiten, standardise: got both, wanted at most one: whitening standardises")
    if box is not None and norm == 2:
        raise ValueError("box: got norm 2, wanted norm inf, whose balls meet a box in a box")
    if box is not None and periodic is not None:
        raise ValueError("box, periodic: got both, wanted at most one: a torus has no boundary")
    if (whiten or standardise) and (box is not None or periodic is not None):
        name = "whiten" if whiten else "standardise"
        raise ValueError(f"{name}: got it with box or periodic, wanted neither: it turns or stretches them")


def flag(value: Any, name: str) -> None:
    """TypeError for what is no bool."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name}: got {type(value).__name__}, wanted a bool")
