"""Wrong estimators of a divergence, each with one mistake; the laws must find every one."""

from __future__ import annotations

import numpy as np
from scipy.special import digamma

from refvae.laws.divergence import catalogue
from refvae.laws.entropy_knn import distances
from refvae.trees import Array

mistake = catalogue.mistake


def radii(x: Array, y: Array, k: int) -> tuple[Array, Array]:
    """Distances to the k-th other row of x, and to the k-th row of y."""
    both = distances(np.vstack([x.astype(float), y]), 2)
    return np.sort(both[:len(x), :len(x)], axis=1)[:, k], np.sort(both[:len(x), len(x):], axis=1)[:, k - 1]


def estimate(x: Array, y: Array, k: int) -> float:
    """The right formula."""
    rho, nu = radii(x, y, k)
    return float(x.shape[1] * np.log(nu / rho).mean() + digamma(len(y) + 1) - digamma(len(x)))


for _name, _wrong in {
        "any wrong constant": lambda x, y, k: estimate(x, y, k) + np.log((len(x) - 1) / len(x)),
        "x and y exchanged": lambda x, y, k: estimate(y, x, k),
        "bits for nats": lambda x, y, k: estimate(x, y, k) / np.log(2),
        "sign": lambda x, y, k: -estimate(x, y, k),
        "k + 1 for k": lambda x, y, k: estimate(x, y, min(k + 1, len(x) - 1, len(y))),
        "squared distances": lambda x, y, k: estimate(x, y, k) + x.shape[1] * np.log(np.divide(*radii(x, y, k))).mean(),
        "samples centred apart": lambda x, y, k: estimate(x - x.mean(0), y - y.mean(0), k),
        "samples standardised apart": lambda x, y, k: estimate(x / x.std(0), y / y.std(0), k),
        "jitter of a fixed size": lambda x, y, k: estimate(
            x + 1e-10 * np.random.default_rng(0).random(x.shape), y, k),
        "single precision": lambda x, y, k: estimate(x.astype(np.float32).astype(float),
                                                     y.astype(np.float32).astype(float), k)}.items():
    mistake(_name)(_wrong)


@mistake("ties broken by the order of rows")
def by_rows(x: Array, y: Array, k: int) -> float:
    """The last row of y is never found."""
    return estimate(x, y[:-1], k)


@mistake("uncentred products for distances")
def products(x: Array, y: Array, k: int) -> float:
    """|x|^2 - 2 x.y + |y|^2, rounded."""
    z = np.vstack([x.astype(float), y])
    square, n = (z * z).sum(1), len(x)
    both = np.sqrt(np.maximum(square[:, None] - 2 * z @ z.T + square, 1e-300))
    np.fill_diagonal(both, 0)
    rho, nu = np.sort(both[:n, :n], axis=1)[:, k], np.sort(both[:n, n:], axis=1)[:, k - 1]
    return float(x.shape[1] * np.log(nu / rho).mean() + digamma(len(y) + 1) - digamma(n))


@mistake("d forgotten in one of two terms")
def one_term(x: Array, y: Array, k: int) -> float:
    """d log nu - log rho."""
    rho, nu = radii(x, y, k)
    return float((x.shape[1] * np.log(nu) - np.log(rho)).mean() + digamma(len(y) + 1) - digamma(len(x)))


@mistake("the point counted as its own neighbour")
def own(x: Array, y: Array, k: int) -> float:
    """One order too low within x."""
    nu = radii(x, y, k)[1]
    return float(x.shape[1] * np.log(nu / radii(x, y, k - 1)[0]).mean() + digamma(len(y) + 1) - digamma(len(x)))


@mistake("absolute values of terms")
def absolute(x: Array, y: Array, k: int) -> float:
    """A divergence is not negative, but its estimate and its terms are."""
    rho, nu = radii(x, y, k)
    return float(np.abs(x.shape[1] * np.log(nu / rho) + digamma(len(y) + 1) - digamma(len(x))).mean())


@mistake("unsigned differences")
def unsigned(x: Array, y: Array, k: int) -> float:
    """x - y in the type of x."""
    nu = np.sort(np.sqrt(((x[:, None] - y) ** 2).astype(float).sum(2)), axis=1)[:, k - 1]
    return float(x.shape[1] * np.log(nu / radii(x, y, k)[0]).mean() + digamma(len(y) + 1) - digamma(len(x)))
