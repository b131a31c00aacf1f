"""Wrong estimators of entropy, each with one mistake that was seen in public code; the laws must find every one."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import digamma

from refvae.entropy import log_ball_volume
from refvae.laws.entropy import catalogue
from refvae.laws.entropy_knn import distances
from refvae.trees import Array

mistake = catalogue.mistake


def radii(x: Array, k: int, norm: float = 2) -> Array:
    """Distances to the k-th other point."""
    return np.asarray(np.sort(distances(x, norm), axis=1)[:, k])


def estimate(x: Array, k: int, rho: Array | None = None, norm: float = 2) -> float:
    """The right formula, from these radii."""
    n, d = x.shape
    rho = radii(x, k, norm) if rho is None else rho
    return float(digamma(n) - digamma(k) + log_ball_volume(d, norm) + d * np.log(rho).mean())


# The formula

for _name, _wrong in {
        "diameter for the radius": lambda x, k: estimate(x, k, 2 * radii(x, k)),
        "psi(n - 1) for psi(n)": lambda x, k: estimate(x, k) - digamma(len(x)) + digamma(len(x) - 1),
        "log n for psi(n)": lambda x, k: estimate(x, k) - digamma(len(x)) + np.log(len(x)),
        "d forgotten": lambda x, k: estimate(x, k) - (x.shape[1] - 1) * np.log(radii(x, k)).mean(),
        "binary logarithm of the distances": lambda x, k: estimate(x, k) + x.shape[1] * (
            np.log2(radii(x, k)) - np.log(radii(x, k))).mean(),
        "bits for nats": lambda x, k: estimate(x, k) / np.log(2),
        "sign": lambda x, k: -estimate(x, k),
        "k ignored": lambda x, k: estimate(x, 1),
        "psi(1) for every order": lambda x, k: estimate(x, k) + digamma(k) - digamma(1),
        "psi(k + 1) for psi(k)": lambda x, k: estimate(x, k) - 1 / k,
        "neighbours not sorted": lambda x, k: estimate(x, k, radii(x, len(x) - k)),
        "k + 1 for k": lambda x, k: estimate(x, k, radii(x, min(k + 1, len(x) - 1))),
        "the point counted as its own neighbour": lambda x, k: estimate(x, k, radii(x, k - 1)),
        "volume of the other norm": lambda x, k: estimate(x, k) - log_ball_volume(x.shape[1]) + log_ball_volume(
            x.shape[1], np.inf),
        "another norm than the one named": lambda x, k: estimate(x, k, norm=np.inf)}.items():
    mistake(_name)(_wrong)


# The search, and the numbers


@mistake("distances along the first axis only")
def first_axis(x: Array, k: int) -> float:
    """Neighbours by the first column."""
    return estimate(x, k, radii(x[:, :1], k))


@mistake("ties broken by the order of rows")
def by_rows(x: Array, k: int) -> float:
    """The last row is no neighbour."""
    full = distances(x, 2)
    full[:, -1] = np.where(np.arange(len(x)) == len(x) - 1, 0, full[:, -1] + 1)
    return estimate(x, k, np.sort(full, axis=1)[:, k])


@mistake("logarithm of |x| for x")
def positive(x: Array, k: int) -> float:
    """Signs lost."""
    return estimate(np.abs(x - 0.25), k)


@mistake("uncentred products for distances")
def products(x: Array, k: int) -> float:
    """|x|^2 - 2 x.y + |y|^2."""
    square = (x * x).sum(1)
    full = np.sqrt(np.maximum(square[:, None] - 2 * x @ x.T + square, 1e-300))
    np.fill_diagonal(full, 0)
    return estimate(x, k, np.sort(full, axis=1)[:, k])


@mistake("moments about 0")
def raw_moments(x: Array, k: int) -> float:
    """Columns divided by their root mean square about 0 and not about the mean, with the determinant put back."""
    size = np.sqrt((x * x).mean(0))
    return estimate(x / size, k) + float(np.log(x.std(0)).sum())


@mistake("jitter of a fixed size")
def jittered(x: Array, k: int) -> float:
    """Noise of 1e-10, whatever the units."""
    return estimate(x + 1e-10 * np.random.default_rng(0).random(x.shape), k)


@mistake("a floor under the distances")
def floored(x: Array, k: int) -> float:
    """A small number added in the logarithm."""
    return estimate(x, k, radii(x, k) + 1e-10)


@mistake("single precision")
def single(x: Array, k: int) -> float:
    """Points in float32."""
    return estimate(x.astype(np.float32), k)


@mistake("squares that overflow")
def squares(x: Array, k: int) -> float:
    """Roots of sums of squares, at any scale."""
    return estimate(x, k, np.sort(np.sqrt(((x[:, None] - x) ** 2).sum(2)), axis=1)[:, k])


@mistake("standardised and not put back")
def standardised(x: Array, k: int) -> float:
    """The entropy of the standardised columns."""
    return estimate((x - x.mean(0)) / x.std(0), k)


@mistake("unsigned differences")
def unsigned(x: Array, k: int) -> float:
    """x - y in the type of x."""
    return estimate(x, k, np.sort(np.abs(x[:, None] - x).astype(float).max(2), axis=1)[:, k], np.inf)


@mistake("sorted in place")
def in_place(x: Array, k: int) -> float:
    """The caller's array is sorted."""
    if x.flags.writeable:
        x.sort(axis=0)
    return estimate(x, k)


@mistake("global random state")
def by_chance(x: Array, k: int) -> float:
    """Half of the points, drawn anew."""
    rows: Any = np.random.default_rng().permutation(len(x))[:max(len(x) // 2, k + 1)]
    return estimate(x[rows], k)


@mistake("equal points removed")
def distinct(x: Array, k: int) -> float:
    """np.unique before the search."""
    return estimate(np.unique(x, axis=0), k)
