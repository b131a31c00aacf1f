"""Mutual information, of two or more variables and given a third, from nearest neighbours in the maximum norm."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from scipy.special import digamma

from refvae.entropy import cautions
from refvae.entropy.balls import log_volumes
from refvae.entropy.columns import scores, standardised
from refvae.entropy.estimate import Estimate, Ties, flag, knn_entropy, refuse_window
from refvae.entropy.jackknife import left_out, one_more
from refvae.entropy.ksg import Form, ksg_local, ksg_without_each
from refvae.entropy.neighbours import Neighbours, candidates_apart, neighbours
from refvae.entropy.scale import one_scale
from refvae.entropy.ties import refuse_equal_rows, refuse_ties, refuse_ties_within, untied_together
from refvae.inputs import matrix, same_shape, whole
from refvae.trees import Array

Method = Literal["ksg1", "ksg2", "3h"]
Variables = dict[str, Array]


class InformationEstimate(Estimate):
    """An estimate of an information in nats."""


class How(NamedTuple):
    """What all estimates of information share, as in `mutual_information`."""

    standardise: bool
    ranks: bool
    exclude: int
    ties: Ties
    rng: Any
    workers: int


def mutual_information(x: Any, y: Any, k: int = 3, *, method: Method = "ksg1", standardise: bool = False,
                       ranks: bool = False, exclude: int = 0, ties: Ties = "raise",
                       rng: np.random.Generator | int | None = None, workers: int = 1) -> InformationEstimate:
    """Mutual information of paired rows, in nats.   x: (n, d), y: (n, e)                                 [6.40]

    method    "ksg1" (6.41), "ksg2" (6.42), or "3h": H(x) + H(y) - H(x, y) of the same order (6.43)
    standardise  every column by its standard deviation first, so that units do not matter                (6.61)
    ranks     every column by the normal scores of its ranks first: no increasing map of a column matters  (6.62)
    exclude   rows up to so many places before and after a row are no neighbours: for series              (6.64)
    ties      "raise"; "jitter": uniform noise 1e-10 times the spread of a column, from `rng`; "unround": uniform noise
              as wide as the last place of its numbers                                                    (6.63)
    workers   threads of the search; the result does not depend on them

    Distances are maximum norms, within x, within y and of both side by side, so the units of x against those of y
    matter. For independent x and y with densities the mean of "ksg1" and "ksg2" is exactly 0, so single values are
    often negative (6.51); without ties no value exceeds psi(n) - psi(k) (6.47). `jackknife_se` of vectors leaves out
    200 evenly spaced points (6.21a), of numbers all points (6.54); with `standardise` or `ranks` it computes each of
    200 values anew. Where several points are equally far away, "ksg2" depends on which of them the search returns,
    hence on the order of the rows (6.42).

    Raises TypeError or ValueError for bad input, for k >= n, for rows whose k-th neighbour is at distance 0 in the
    joint space or, under "3h", in any, and for more than a twentieth of them with such neighbours in x or in y.
    [Kraskov, Stoegbauer and Grassberger 2004, (8), (9)]
    """
    return _estimate({"x": x, "y": y}, k, method, How(standardise, ranks, exclude, ties, rng, workers))


def total_correlation(xs: Sequence[Any], k: int = 3, *, method: Method = "ksg1", standardise: bool = False,
                      ranks: bool = False, exclude: int = 0, ties: Ties = "raise",
                      rng: np.random.Generator | int | None = None, workers: int = 1) -> InformationEstimate:
    """Sum of the entropies of q variables minus the joint one, in nats.   xs: q >= 2 arrays (n, d_c)     [6.40]

    Settings and errors as in `mutual_information`, which is the case q = 2.   [Kraskov et al. 2004, (23), (24)]
    """
    if len(xs) < 2:
        raise ValueError(f"xs: got {len(xs)} variables, wanted at least 2")
    named = {f"xs[{c}]": x for c, x in enumerate(xs)}
    return _estimate(named, k, method, How(standardise, ranks, exclude, ties, rng, workers))


def conditional_mutual_information(x: Any, y: Any, z: Any, k: int = 3, *, standardise: bool = False,
                                   ranks: bool = False, exclude: int = 0, ties: Ties = "raise",
                                   rng: np.random.Generator | int | None = None,
                                   workers: int = 1) -> InformationEstimate:
    """I(x; y | z) of paired rows, in nats.   x: (n, d), y: (n, e), z: (n, f)                             (6.52)

    Settings and errors as in `mutual_information`; z may have ties.   [Frenzel and Pompe 2007]
    """
    how = How(standardise, ranks, exclude, ties, rng, workers)
    return _estimate({"x": x, "y": y, "z": z}, k, "given", how)


def transfer_entropy(x: Any, y: Any, lag: int = 1, k: int = 3, **settings: Any) -> InformationEstimate:
    """I(y now; x `lag` rows earlier | y one row earlier), in nats.   x: (n, d), y: (n, e), two series    (6.52)

    Settings and errors as in `conditional_mutual_information`.   [Schreiber 2000]
    """
    x, y = matrix(x, "x"), matrix(y, "y")
    lag = whole(lag, "lag", most=len(y) - 1)
    now, (_, earlier) = lagged(y, lag)[0], lagged(x, lag)
    return conditional_mutual_information(now, earlier, y[lag - 1:-1], k, **settings)


def lagged(x: Any, lag: int) -> tuple[Array, Array]:
    """Rows of a series x (n, d) from the `lag`-th on, and the rows `lag` before them: both (n - lag, d)."""
    x = matrix(x, "x")
    lag = whole(lag, "lag", least=0, most=len(x) - 1)
    return x[lag:], x[:len(x) - lag]


# Estimates of checked variables


def _estimate(named: dict[str, Any], k: int, method: Any, how: How) -> InformationEstimate:
    if method not in ("ksg1", "ksg2", "3h", "given"):
        raise ValueError(f"method: got {method!r}, wanted 'ksg1', 'ksg2' or '3h'")
    given, data = _variables(named, how)
    n = len(next(iter(data.values())))
    exclude = whole(how.exclude, "exclude", least=0, most=max(n - 2, 0) // 2)
    k = whole(k, "k", most=n - 1 - 2 * exclude)
    ready = _on_one_scale(data, how)
    local, near, without_each = (_from_entropies if method == "3h" else _from_counts)(ready, k, method, how)

    def leave_one_out() -> tuple[Array]:
        refuse_window(exclude)
        return (_anew(data, k, method, how) if how.standardise or how.ranks else without_each(),)

    def said() -> Iterator[str]:
        d = sum(x.shape[1] for x in data.values())
        yield from cautions.of_every_sample(given if how.ties == "jitter" else data, k, d, exclude)
        yield from cautions.of_spaces(ready, near, k, exclude, how.workers)

    return _result(data, local, k, method, how, leave_one_out, said)


def _result(data: Variables, local: Array, k: int, method: str, how: How, leave_one_out: Any,
            said: Any) -> InformationEstimate:
    dims = tuple(x.shape[1] for x in data.values())
    settings = {"n": len(local), "d": dims, "k": k, "method": "ksg1" if method == "given" else method,
                "standardise": how.standardise, "ranks": how.ranks, "exclude": how.exclude or None,
                "ties": None if how.ties == "raise" else how.ties}
    return InformationEstimate(local, sum(dims) >= 3, settings, leave_one_out, said)


def _from_counts(named: Variables, k: int, method: str,
                 how: How) -> tuple[Array, Neighbours, Callable[[], Array]]:
    """Local values, the neighbours in the joint space, and the values without each point.    (6.41), (6.42), (6.52)"""
    form, together = _form(named, method, how.exclude), " and ".join(named) + " together"
    refuse_equal_rows(form.joint, k, together)
    near = neighbours(form.joint, k, norm=np.inf, exclude=how.exclude, workers=how.workers)
    refuse_ties(near.rho[:, -1], together)
    for name, x in named.items():
        if method != "given" or name != "z":
            refuse_ties_within(x, k, name)
    return ksg_local(form, near, how.workers), near, lambda: ksg_without_each(form, k, how.workers)


def _form(named: Variables, method: str, exclude: int) -> Form:
    joint = np.hstack(list(named.values()))
    if method == "given":
        x, y, z = named.values()
        return Form(joint, (np.hstack([x, z]), np.hstack([y, z]), z), (-1, -1, 1), 0, False, exclude)   # (6.52)
    q = len(named)
    return Form(joint, tuple(named.values()), (-1,) * q, q - 1, method == "ksg2", exclude)  # (6.41), (6.42), (6.64)


def _from_entropies(named: Variables, k: int, method: str,
                    how: How) -> tuple[Array, Neighbours, Callable[[], Array]]:
    """Entropies of the variables minus the joint one, all of order k in the maximum norm.                (6.43)"""
    spaces = {**named, " and ".join(named) + " together": np.hstack(list(named.values()))}
    n = len(next(iter(named.values())))
    logs = []
    for name, space in spaces.items():
        refuse_equal_rows(space, k, name)
        near = neighbours(space, k, norm=np.inf, exclude=how.exclude, workers=how.workers)
        refuse_ties(near.rho[:, -1], name)
        logs.append(log_volumes(near.rho[:, -1], space.shape[1], np.inf))
    psi = digamma(candidates_apart(n, how.exclude) + 1) - digamma(k)                                    # (6.43)
    local = (len(named) - 1) * psi + sum(logs[:-1]) - logs[-1]                                          # (6.43)

    def without_each() -> Array:
        *parts, joint = (knn_entropy(space, k, norm=np.inf).leave_one_out()[0] for space in spaces.values())
        return np.asarray(sum(parts) - joint)                                                           # (6.43)

    return local, near, without_each


def _anew(data: Variables, k: int, method: str, how: How) -> Array:
    """The values without points in turn where the scale of the columns depends on all of them.   -> (rows,)  (6.21a)"""
    n = len(next(iter(data.values())))
    one_more(k, n - 1)
    estimate = _from_entropies if method == "3h" else _from_counts

    def without(j: int) -> float:
        rest = _on_one_scale({name: np.delete(x, j, 0) for name, x in data.items()}, how)
        return float(estimate(rest, k, method, how)[0].mean())

    return np.array([without(j) for j in left_out(n)])


def _variables(named: dict[str, Any], how: How) -> tuple[Variables, Variables]:
    """Checked, of equal length; and moved apart, if asked."""
    flag(how.standardise, "standardise")
    flag(how.ranks, "ranks")
    if how.standardise and how.ranks:
        raise ValueError("standardise, ranks: got both, wanted at most one: ranks have no units")
    arrays = {name: matrix(x, name) for name, x in named.items()}
    first, *others = arrays
    for name in others:
        same_shape(arrays[first][:, 0], arrays[name][:, 0], f"a column of {first} and of {name}")
    return arrays, untied_together(arrays, how.ties, how.rng)


def _on_one_scale(data: Variables, how: How) -> Variables:
    """Standardised or ranked, if asked, and by a common power of two in the range of safe numbers."""
    if how.standardise:
        data = {name: standardised(x, name)[0] for name, x in data.items()}                             # (6.61)
    if how.ranks:
        starts = np.cumsum([0, *(x.shape[1] for x in data.values())])                                   # (6.62)
        data = {name: scores(x, first) for first, (name, x) in zip(starts, data.items(), strict=False)}  # (6.62)
    return one_scale(data)
