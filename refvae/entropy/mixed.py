"""Mutual information where a variable is discrete, or a mixture of values that repeat and values that do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

import numpy as np
from scipy.special import digamma

from refvae.entropy import cautions
from refvae.entropy.columns import standardised
from refvae.entropy.counts import below, counts_within
from refvae.entropy.estimate import Ties, flag
from refvae.entropy.information import InformationEstimate
from refvae.entropy.jackknife import left_out, one_more
from refvae.entropy.neighbours import neighbours
from refvae.entropy.scale import one_scale
from refvae.entropy.ties import refuse_ties, untied
from refvae.inputs import generator, matrix, same_shape, whole
from refvae.trees import Array

Discrete = Literal["x", "y", "both", "neither"]
Rule = Callable[[Array, Array, int, int], Array]
CELLS = 0.05  # nats of bias from which too many cells are named


def mixed_information(x: Any, y: Any, k: int = 3, *, discrete: Discrete | None = None, standardise: bool = False,
                      ties: Ties = "raise", rng: Any = None,
                      workers: int = 1) -> InformationEstimate:
    """Mutual information of paired rows, discrete or not, in nats.   x: (n, d) or labels (n,), y likewise

    discrete  which variables are labels that can only be equal or not, numbers or text: of both, counts are put in for
              the law (6.66); of one, the k nearest with the same label are sought among all rows (6.67) [Ross 2014];
              "neither": every row is judged by whether its neighbours are equally far away (6.68), as in mixtures
              [Gao, Kannan, Oh and Viswanath 2017]. None: those that are not floating-point numbers
    standardise  as in `mutual_information`, the columns of variables that are not labels
    ties      for variables that are not labels, as in `knn_entropy`; "neither" needs none
    workers   threads of the search

    Raises TypeError or ValueError for bad input, and with one discrete variable for labels that occur once and for rows
    whose k-th neighbour of the same label is at distance 0.
    """
    flag(standardise, "standardise")
    which = _which(x, y, discrete)
    given = {name: _labels(each, name) if which in (name, "both") else _numbers(each, name)
             for name, each in {"x": x, "y": y}.items()}
    same_shape(given["x"][:, 0], given["y"][:, 0], "a column of x and of y")
    k = whole(k, "k", most=len(given["x"]) - 1)
    rng = generator(rng) if ties in ("jitter", "unround") else rng
    real = [name for name in given if which not in (name, "both")]
    data = given | {name: untied(given[name], ties, rng) for name in real}
    settings = {"n": len(data["x"]), "d": tuple(each.shape[1] for each in data.values()),
                "k": None if which == "both" else k, "method": METHODS[which], "standardise": standardise,
                "ties": None if ties == "raise" else ties}
    return _estimate(data, given if ties == "jitter" else data, which, real, k, workers, settings)


def _estimate(data: dict[str, Array], seen: dict[str, Array], which: str, real: list[str], k: int, workers: int,
              settings: dict[str, Any]) -> InformationEstimate:
    """The estimate from checked variables, of which `real` are no labels; `seen` are those that are warned of."""
    n = settings["n"]

    def local_of(rows: Any) -> Array:
        ready = {name: each[rows] for name, each in data.items()}
        if settings["standardise"]:
            ready |= {name: standardised(ready[name], name)[0] for name in real}
        return RULES[which](ready["x"], ready["y"], k, workers)

    def leave_one_out() -> tuple[Array]:
        one_more(k, n - 1)
        return (np.array([local_of(np.arange(n) != j).mean() for j in left_out(n)]),)

    local = local_of(slice(None))
    biased = sum(data[name].shape[1] for name in real) >= 3
    return InformationEstimate(local, biased, settings, leave_one_out,
                               lambda: _said(which, seen, real, k))


def _said(which: str, data: dict[str, Array], real: list[str], k: int) -> Iterator[str]:
    if which == "both":
        cells = np.prod([len(np.unique(each)) - 1 for each in data.values()]) / 2 / len(data["x"])
        if cells > CELLS:
            yield f"so many cells that the bias is about +{cells:.2g}: merge labels, or test by independence_test"
        yield from cautions.of_series(data)
        return
    d = sum(data[name].shape[1] for name in real)
    for text in cautions.of_every_sample({name: data[name] for name in real}, k, d, 0):
        if which != "neither" or "lattice" not in text:
            yield text
    if which == "neither":
        x, y, rho = _joint(data["x"], data["y"], k)
        tied = (rho > 0) & (counts_within(np.hstack([x, y]), rho) > k)
        if tied.mean() > cautions.SHARE:
            yield (f"{tied.sum()} of {len(x)} rows have more than k others at one distance, as rounded numbers have, "
                   "which are counted wrongly: mutual_information with ties = 'unround'")


# Local values of checked variables


def plug_in(x: Array, y: Array, k: int = 0, workers: int = 1) -> Array:
    """log of n n_xy / (n_x n_y), numbers of rows with the same labels.   x, y: (n, 1) -> (n,)            (6.66)"""
    together = np.unique(np.hstack([x, y]), axis=0, return_inverse=True)[1].reshape(-1, 1)
    n_x, n_y, n_xy = (_sizes(each).astype(float) for each in (x, y, together))
    return np.asarray(np.log(len(x) * n_xy / (n_x * n_y)))                                              # (6.66)


def same_label(x: Array, y: Array, k: int, workers: int = 1) -> Array:
    """psi(n) - psi(n_x) + psi(k) - psi(m), m others within the k-th of the same label.   labels x, y: (n, e)  (6.67)"""
    sizes, radius = _sizes(x), np.empty(len(x))
    if sizes.min() == 1:
        raise ValueError(f"labels: got {np.sum(sizes == 1)} that occur once, wanted each at least twice: merge them or "
                         "leave them out")
    order = np.minimum(k, sizes - 1)                                                                    # (6.67)
    scaled = one_scale({"values": y})["values"]
    for label in np.unique(x):
        rows = np.flatnonzero(x[:, 0] == label)
        near = neighbours(scaled[rows], int(order[rows[0]]), norm=np.inf, workers=workers)
        radius[rows] = near.rho[:, -1]
    refuse_ties(radius, "rows of one label")
    within = counts_within(scaled, radius, workers)
    return np.asarray(digamma(len(x)) - digamma(sizes) + digamma(order) - digamma(within))              # (6.67)


def of_mixture(x: Array, y: Array, k: int, workers: int = 1) -> Array:
    """As (6.41), and by counts where k others are at distance 0 (6.66) or more at the k-th.   -> (n,)    (6.68)

    x: (n, d), y: (n, e)
    """
    x, y, rho = _joint(x, y, k, workers)
    n_xy, n_x, n_y = (counts_within(each, rho, workers) for each in (np.hstack([x, y]), x, y))
    nearer = [counts_within(each, below(np.where(rho > 0, rho, 1.0)), workers) for each in (x, y)]      # (6.68)
    psi_n = digamma(len(x))
    equal = np.log(len(x) * (n_xy + 1) / (n_x + 1) / (n_y + 1))                                         # (6.68)
    tied = psi_n + digamma(n_xy) - digamma(n_x + 1) - digamma(n_y + 1)                                  # (6.68)
    apart = psi_n + digamma(k) - digamma(nearer[0] + 1) - digamma(nearer[1] + 1)                        # (6.68)
    return np.asarray(np.where(rho == 0, equal, np.where(n_xy > k, tied, apart)))                       # (6.68)


def _joint(x: Array, y: Array, k: int, workers: int = 1) -> tuple[Array, Array, Array]:
    """Both by a common power of two, and the distances to the k-th neighbours of both together."""
    x, y = one_scale({"x": x, "y": y}).values()
    return x, y, neighbours(np.hstack([x, y]), k, norm=np.inf, workers=workers).rho[:, -1]


def _sizes(labels: Array) -> Array:
    """How many rows have the label of each.   (n, 1) -> ints (n,)"""
    _, place, sizes = np.unique(labels[:, 0], return_inverse=True, return_counts=True)
    return np.asarray(sizes[place])                                                                     # (6.66)


RULES: dict[str, Rule] = {"both": plug_in, "x": same_label, "neither": of_mixture,
                          "y": lambda x, y, k, workers: same_label(y, x, k, workers)}
METHODS = {"both": "counts", "x": "same label", "y": "same label", "neither": "mixture"}


# Input


def _which(x: Any, y: Any, discrete: Any) -> str:
    if discrete is None:
        found = [name for name, each in (("x", x), ("y", y)) if np.asarray(each).dtype.kind != "f"]
        return {0: "neither", 1: "".join(found), 2: "both"}[len(found)]
    if discrete not in RULES:
        raise ValueError(f"discrete: got {discrete!r}, wanted 'x', 'y', 'both', 'neither' or None")
    return str(discrete)


def _labels(x: Any, name: str) -> Array:
    """Labels as numbers 0, 1, ... in their order, (n, 1); TypeError for what is neither text nor numbers."""
    a = x if isinstance(x, np.ma.MaskedArray) else np.asarray(x)
    if a.dtype.kind == "O" and all(isinstance(each, str) for each in a.ravel()):
        a = a.astype(str)
    a = _numbers(a, name) if a.dtype.kind not in "US" else a.reshape(len(a), -1) if a.ndim and a.size else a
    if a.ndim != 2:
        raise ValueError(f"{name}: got shape {a.shape}, wanted labels (n,)")
    return np.unique(a, axis=0, return_inverse=True)[1].reshape(-1, 1).astype(float)


def _numbers(x: Any, name: str) -> Array:
    a = x if isinstance(x, np.ma.MaskedArray) else np.asarray(x)
    return matrix(a[:, None] if a.ndim == 1 else x, name)
