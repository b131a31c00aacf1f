"""Divergence and cross-entropy of two samples from distances to neighbours [Wang, Kulkarni and Verdu 2009]."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from scipy.special import digamma

from refvae.entropy import cautions
from refvae.entropy.balls import log_volumes
from refvae.entropy.estimate import Estimate, Norm, Ties, knn_entropy
from refvae.entropy.jackknife import changes, efron_stein, left_out, one_more
from refvae.entropy.neighbours import check_search, neighbours
from refvae.entropy.ties import refuse_equal_rows, refuse_faint, refuse_ties, untied
from refvae.inputs import generator, matrix, same_shape, whole
from refvae.trees import Array


class DivergenceEstimate(Estimate):
    """An estimate of a divergence, or of a cross-entropy, in nats."""

    @property
    def naive_se(self) -> float:
        """As if the local values were independent given the second sample, which counts in full.         (6.37a)

        Its part is that of `jackknife_se`, with the same search and the same errors.
        """
        own = super().naive_se
        if "m" not in self.settings or np.isnan(own):
            return own
        return float(np.hypot(own, efron_stein(*self.leave_one_out()[1:])))                             # (6.37a)


def knn_cross_entropy(x: Any, y: Any, k: int = 3, *, norm: Norm = 2, ties: Ties = "raise",
                      rng: np.random.Generator | int | None = None, workers: int = 1) -> DivergenceEstimate:
    """-E_p log q in nats from x ~ p and y ~ q.   x: (n, d), y: (m, d)                                    (6.31)

    Settings as in `knn_entropy`. Raises TypeError or ValueError for bad input, for k > m, and for rows of x whose
    k-th neighbour in y is at distance 0.
    """
    x, y, said = _samples(x, y, k, norm, ties, rng)
    (n, d), m = x.shape, len(y)
    k = whole(k, "k", most=m)
    search = partial(neighbours, x, among=y, norm=norm, workers=workers)
    nu = search(k).rho[:, -1]
    refuse_ties(nu, "x against y")
    refuse_faint(nu, "x against y", d, norm)
    local = digamma(m + 1) - digamma(k) + log_volumes(nu, d, norm)                                      # (6.31)

    def leave_one_out() -> tuple[Array, Array]:
        near = search(one_more(k, m))
        gain = changes(log_volumes(near.rho[:, -2:], d, norm), near.idx, np.ones(1), m)
        return without_own(local), local.mean() + digamma(m) - digamma(m + 1) + gain / n                # (6.37)

    return DivergenceEstimate(local, d >= 3, _settings(x, y, k, norm, ties), leave_one_out, said)


def knn_divergence(x: Any, y: Any, k: int = 3, *, norm: Norm = 2, ties: Ties = "raise",
                   rng: np.random.Generator | int | None = None, workers: int = 1) -> DivergenceEstimate:
    """KL(p || q) in nats from x ~ p and y ~ q.   x: (n, d), y: (m, d)                                    (6.30)

    Settings as in `knn_entropy`. Its constant psi(m + 1) - psi(n) makes the mean exactly 0 for p = q and m = n - 1
    (6.32); the paper has log(m / (n - 1)). Raises TypeError or ValueError for bad input, for k > m or k >= n, and for
    rows of x whose k-th neighbour, in x or in y, is at distance 0.   [Wang, Kulkarni and Verdu 2009, (5)]
    """
    x, y, said = _samples(x, y, k, norm, ties, rng)
    (n, d), m = x.shape, len(y)
    k = whole(k, "k", most=min(n - 1, m))
    refuse_equal_rows(x, k, "x")
    search = partial(neighbours, x, k, norm=norm, workers=workers)
    rho, nu = search().rho[:, -1], search(among=y).rho[:, -1]
    for each, name in ((rho, "x"), (nu, "x against y")):
        refuse_ties(each, name)
        refuse_faint(each, name, d, norm)
    local = d * log_ratio(nu, rho) + digamma(m + 1) - digamma(n)                                        # (6.30)

    def leave_one_out() -> tuple[Array, Array]:
        entropy = knn_entropy(x, k, norm=norm, workers=workers)
        without_x, without_y = knn_cross_entropy(x, y, k, norm=norm, workers=workers).leave_one_out()
        return without_x - entropy.leave_one_out()[0], without_y - entropy.value                        # (6.37)

    return DivergenceEstimate(local, d >= 3, _settings(x, y, k, norm, ties), leave_one_out, said)


def kl_to_normal(z: Any, k: int = 3, **settings: Any) -> DivergenceEstimate:
    """KL(q || N(0, I)) in nats from codes z ~ q (n, d): exact cross-entropy minus estimated entropy.     (6.36)

    Settings as in `knn_entropy`; its bias is minus that of the entropy. Raises what `knn_entropy` raises, and
    ValueError for codes whose squares add up to more than the largest float.
    """
    z = matrix(z, "z")
    entropy = knn_entropy(z, k, **settings)
    with np.errstate(over="ignore"):
        energy = np.log(2 * np.pi) * z.shape[1] / 2 + (z * z).sum(1) / 2                                # (6.36)
        local = energy - entropy.local                                                                  # (6.36)
        fits = np.isfinite(local.mean())
    if not fits:
        raise ValueError(f"z: got numbers up to {np.abs(z).max():.3g}, wanted a sum of squares below 1.8e308")

    def leave_one_out() -> tuple[Array]:
        without = entropy.leave_one_out()[0]
        rows = left_out(len(z)) if len(without) < len(z) else slice(None)
        return (without_own(energy)[rows] - without,)                                                   # (6.37)

    return DivergenceEstimate(local, entropy.biased, entropy.settings, leave_one_out, entropy.cautions)


def log_ratio(a: Array, b: Array) -> Array:
    """log(a / b) of positive floats of any size; the quotient itself, where it is of ordinary size.     (6.30)

    It keeps its bits when a and b are multiplied by the same power of two, as differences of logarithms do not.
    """
    (top, e), (bottom, f) = np.frexp(a), np.frexp(b)                                                    # (6.30)
    near = np.abs(e - f) < 1000                                                                         # (6.30)
    return np.asarray(np.log(np.ldexp(top / bottom, np.where(near, e - f, 0)))                          # (6.30)
                      + np.log(2) * np.where(near, 0, e - f))                                           # (6.30)


def without_own(local: Array) -> Array:
    """The mean of the others, for each of n numbers; ValueError for n = 1."""
    if len(local) == 1:
        raise ValueError("x: got 1 row, wanted at least 2 for a standard error")
    return np.asarray((local.sum() - local) / (len(local) - 1))                                         # (6.37)


def _samples(x: Any, y: Any, k: int, norm: Any, ties: Any,
             rng: Any) -> tuple[Array, Array, Callable[[], Iterator[str]]]:
    """Both samples checked, moved apart if asked, and what may be wrong with them."""
    x, y = matrix(x, "x"), matrix(y, "y")
    same_shape(x[0], y[0], "a row of x and of y")
    check_search(norm, 1)
    rng = generator(rng) if ties in ("jitter", "unround") else rng
    moved = untied(x, ties, rng), untied(y, ties, rng)

    def said() -> Iterator[str]:
        samples = moved if ties == "unround" else (x, y)
        yield from cautions.of_every_sample(dict(zip("xy", samples, strict=True)), k, x.shape[1], 0)
        yield from cautions.of_two_samples(x, y)
        if len(x) > k:
            yield from cautions.of_columns(moved[0][neighbours(moved[0], k, norm=norm).idx[:, -1]] - moved[0], norm)

    return *moved, said


def _settings(x: Array, y: Array, k: int, norm: Norm, ties: Ties) -> dict[str, Any]:
    return {"n": len(x), "m": len(y), "d": x.shape[1], "k": k, "norm": norm, "ties": None if ties == "raise" else ties}
