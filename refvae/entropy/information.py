"""Mutual information, of two or more variables and given a third, from nearest neighbours in the maximum norm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from scipy.special import digamma

from refvae.entropy.balls import log_volumes
from refvae.entropy.estimate import Estimate, Ties, knn_entropy
from refvae.entropy.ksg import Form, ksg_local, ksg_without_each
from refvae.entropy.neighbours import neighbours
from refvae.entropy.scale import rescaled
from refvae.entropy.ties import refuse_equal_rows, refuse_ties, untied
from refvae.inputs import generator, matrix, same_shape, whole
from refvae.trees import Array

Method = Literal["ksg1", "ksg2", "3h"]


class InformationEstimate(Estimate):
    """An estimate of an information in nats."""


def mutual_information(x: Any, y: Any, k: int = 3, *, method: Method = "ksg1", ties: Ties = "raise",
                       rng: np.random.Generator | int | None = None, workers: int = 1) -> InformationEstimate:
    """Mutual information of paired rows, in nats.   x: (n, d), y: (n, e)                                 [6.40]

    method    "ksg1" (6.41), "ksg2" (6.42), or "3h": H(x) + H(y) - H(x, y) of the same order (6.43)
    ties      "raise", or "jitter": uniform noise 1e-10 times the spread of a column, from `rng`
    workers   threads of the search; the result does not depend on them

    Distances are maximum norms, within x, within y and of both side by side, so the units of x against those of y
    matter. For independent x and y with densities the mean of "ksg1" and "ksg2" is exactly 0, so single values are
    often negative (6.51); without ties no value exceeds psi(n) - psi(k) (6.47). `jackknife_se` of vectors leaves out
    200 evenly spaced points (6.21a), of numbers all points (6.54). Where several points are equally far away, "ksg2"
    depends on which of them the search returns, hence on the order of the rows (6.42).

    Raises TypeError or ValueError for bad input, for k >= n, and for rows whose k-th neighbour is at distance 0, in the
    joint space or, under "3h", in any.   [Kraskov, Stoegbauer and Grassberger 2004, (8), (9)]
    """
    return _estimate(_variables({"x": x, "y": y}, ties, rng), k, method, ties, workers)


def total_correlation(xs: Sequence[Any], k: int = 3, *, method: Method = "ksg1", ties: Ties = "raise",
                      rng: np.random.Generator | int | None = None, workers: int = 1) -> InformationEstimate:
    """Sum of the entropies of q variables minus the joint one, in nats.   xs: q >= 2 arrays (n, d_c)     [6.40]

    Settings and errors as in `mutual_information`, which is the case q = 2.   [Kraskov et al. 2004, (23), (24)]
    """
    if len(xs) < 2:
        raise ValueError(f"xs: got {len(xs)} variables, wanted at least 2")
    return _estimate(_variables({f"xs[{c}]": x for c, x in enumerate(xs)}, ties, rng), k, method, ties, workers)


def conditional_mutual_information(x: Any, y: Any, z: Any, k: int = 3, *, ties: Ties = "raise",
                                   rng: np.random.Generator | int | None = None,
                                   workers: int = 1) -> InformationEstimate:
    """I(x; y | z) of paired rows, in nats.   x: (n, d), y: (n, e), z: (n, f)                             (6.52)

    Settings and errors as in `mutual_information`.   [Frenzel and Pompe 2007]
    """
    named = _variables({"x": x, "y": y, "z": z}, ties, rng)
    x, y, z = named.values()
    spaces = (np.hstack([x, z]), np.hstack([y, z]), z)
    form = Form(np.hstack([x, y, z]), spaces, (-1, -1, 1), 0, False)                                    # (6.52)
    return _from_form(named, form, k, {"method": "ksg1"}, ties, workers)


def _estimate(named: dict[str, Array], k: int, method: Any, ties: Ties, workers: int) -> InformationEstimate:
    if method not in ("ksg1", "ksg2", "3h"):
        raise ValueError(f"method: got {method!r}, wanted 'ksg1', 'ksg2' or '3h'")
    if method == "3h":
        return _from_entropies(named, k, ties, workers)
    q = len(named)
    form = Form(np.hstack(list(named.values())), tuple(named.values()), (-1,) * q, q - 1, method == "ksg2")
    return _from_form(named, form, k, {"method": method}, ties, workers)


def _from_form(named: dict[str, Array], form: Form, k: int, how: dict[str, Any], ties: Ties,
               workers: int) -> InformationEstimate:
    k, together = whole(k, "k", most=len(form.joint) - 1), " and ".join(named) + " together"
    refuse_equal_rows(form.joint, k, together)
    near = neighbours(form.joint, k, norm=np.inf, workers=workers)
    refuse_ties(near.rho[:, -1], together)
    local = ksg_local(form, near, workers)
    return _result(named, local, k, how, ties, lambda: (ksg_without_each(form, k, workers),))


def _from_entropies(named: dict[str, Array], k: int, ties: Ties, workers: int) -> InformationEstimate:
    """Entropies of the variables minus the joint one, all of order k in the maximum norm.                (6.43)"""
    spaces = {**named, " and ".join(named) + " together": np.hstack(list(named.values()))}
    n = len(next(iter(named.values())))
    k = whole(k, "k", most=n - 1)
    logs = []
    for name, space in spaces.items():
        refuse_equal_rows(space, k, name)
        rho = neighbours(space, k, norm=np.inf, workers=workers).rho[:, -1]
        refuse_ties(rho, name)
        logs.append(log_volumes(rho, space.shape[1], np.inf))
    local = (len(named) - 1) * (digamma(n) - digamma(k)) + sum(logs[:-1]) - logs[-1]                    # (6.43)

    def leave_one_out() -> tuple[Array]:
        *parts, joint = (knn_entropy(space, k, norm=np.inf).leave_one_out()[0] for space in spaces.values())
        return (sum(parts) - joint,)                                                                    # (6.43)

    return _result(named, local, k, {"method": "3h"}, ties, leave_one_out)


def _variables(named: dict[str, Any], ties: Any, rng: Any) -> dict[str, Array]:
    """Checked, of equal length, moved apart if asked, and by a common power of two in the range of safe numbers."""
    arrays = {name: matrix(x, name) for name, x in named.items()}
    first, *others = arrays
    for name in others:
        same_shape(arrays[first][:, 0], arrays[name][:, 0], f"a column of {first} and of {name}")
    rng = generator(rng) if ties == "jitter" else rng
    moved = [untied(x, ties, rng) for x in arrays.values()]
    return dict(zip(arrays, rescaled(*moved)[0], strict=True))


def _result(named: dict[str, Array], local: Array, k: int, how: dict[str, Any], ties: Ties,
            leave_one_out: Any) -> InformationEstimate:
    dims = tuple(x.shape[1] for x in named.values())
    settings = {"n": len(local), "d": dims, "k": k, **how, "ties": None if ties == "raise" else ties}
    return InformationEstimate(float(local.mean()), local, sum(dims) >= 3, settings, leave_one_out)
