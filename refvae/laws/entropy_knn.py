"""Laws of the k-nearest-neighbour estimate of entropy: what it is at known points, and how its orders hang together."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.special import digamma

from refvae.entropy import log_ball_volume
from refvae.laws.entropy import FRONT, EntropySubject, catalogue, euclidean, of_any_order, of_neighbours
from refvae.laws.law import Case
from refvae.trees import Array

# Known values


def constant(f: EntropySubject, n: int, k: int) -> float:
    """What stands in front of the mean log volume, by the convention of the estimator."""
    front: float = FRONT[f.constant](n)
    return front - float(digamma(k))


def distances(x: Array, norm: float | None) -> Array:
    """Of all pairs of rows, by differences.   x: (n, d) -> (n, n)"""
    difference = np.abs(x[:, None].astype(float) - x)
    unit = 2.0 ** np.frexp(difference.max() or 1.0)[1]
    found: Array = difference.max(2) if norm == np.inf else unit * np.sqrt(((difference / unit) ** 2).sum(2))
    return found


def definition(f: EntropySubject, x: Array, k: int) -> float:
    """psi(n) - psi(k) + log V + d times the mean log distance to the k-th other point, by comparing all pairs."""
    d, distance = x.shape[1], distances(x, f.norm)
    np.fill_diagonal(distance, -1)  # the point itself comes first, whatever else coincides with it
    rho = np.sort(distance, axis=1)[:, k]
    return float(constant(f, len(x), k) + log_ball_volume(d, f.norm or 2) + d * np.log(rho).mean())


@catalogue.law("6.14", "diameter for the radius", "psi(n - 1) for psi(n)", "log n for psi(n)", needs=of_neighbours)
def two_points(f: EntropySubject, rng: np.random.Generator) -> Iterator[Case]:
    """Two points at distance r have the estimate 1 + log V + d log r at k = 1."""
    for d in (1, 2, 3, 5) if 1 in f.orders() else ():
        x = np.zeros((2, d))
        x[1, 0] = r = float(rng.uniform(0.5, 3))
        want = constant(f, 2, 1) + log_ball_volume(d, f.norm or 2) + d * np.log(r)
        yield f.same("f(x, k=1)", {"x": x}, f(x, 1), want)


@catalogue.law("6.14", "the point counted as its own neighbour", "psi(k + 1) for psi(k)", needs=euclidean)
def simplex(f: EntropySubject, rng: np.random.Generator) -> Iterator[Case]:
    """d + 1 points with all distances r have the estimate psi(n) - psi(k) + log V + d log r at every k."""
    for k in f.orders():
        for d in (k, k + 1, k + 3):
            x = np.vstack([np.eye(d), np.full(d, (1 + np.sqrt(d + 1)) / d)])
            want = constant(f, d + 1, k) + log_ball_volume(d) + d * np.log(2) / 2
            yield f.same(f"f(x, k={k})", {"x": x}, f(x, k), want)


@catalogue.law("6.14", "volume of the other norm", needs=of_neighbours)
def cross_polytope(f: EntropySubject, rng: np.random.Generator) -> Iterator[Case]:
    """The points e_i and -e_i: up to order 2d - 2 all are at distance sqrt 2, or 1 in the maximum norm."""
    for k in f.orders():
        d = k // 2 + 2
        x = np.vstack([np.eye(d), -np.eye(d)])
        rho = 1.0 if f.norm == np.inf else np.sqrt(2)
        want = constant(f, 2 * d, k) + log_ball_volume(d, f.norm or 2) + d * np.log(rho)
        yield f.same(f"f(x, k={k})", {"x": x}, f(x, k), want)


@catalogue.law("6.5", "diameter for the radius", "psi(n - 1) for psi(n)", "k + 1 for k", needs=of_neighbours)
def the_definition(f: EntropySubject, rng: np.random.Generator) -> Iterator[Case]:
    """The estimate is psi(n) - psi(k) + log V + d times the mean log distance to the k-th other point."""
    for k in f.orders():
        for x in f.samples(rng):
            if len(x) > k:
                yield f.same(f"f(x, k={k})", {"x": x}, f(x, k), definition(f, x, k))


@catalogue.law("6.5", "equal points removed", needs=of_neighbours)
def points_that_coincide(f: EntropySubject, rng: np.random.Generator) -> Iterator[Case]:
    """Pairs of equal points count as neighbours at distance 0, so orders from 2 on are as the definition says."""
    for k in (k for k in f.orders() if k > 1):
        for n, d in ((4, 1), (5, 2), (12, 3)):
            x = np.repeat(np.round(rng.standard_normal((n, d)) * 2**20) / 2**20, 2, axis=0)
            if k < 2 * n:
                yield f.same(f"f(x, k={k})", {"x": x}, f(x, k), definition(f, x, k))


# Orders


@catalogue.law("6.15", "k ignored", "psi(1) for every order", needs=of_any_order)
def mean_over_all_orders(f: EntropySubject, rng: np.random.Generator) -> Iterator[Case]:
    """The mean over k = 1, ..., n - 1 is the constant's mean + log V + d times the mean log distance of all pairs."""
    for n, d in ((3, 1), (5, 2), (7, 3)):
        x = np.round(rng.standard_normal((n, d)) * 2**20) / 2**20
        logs = np.log(distances(x, f.norm)[np.triu_indices(n, 1)])
        orders = range(1, n)
        want = np.mean([constant(f, n, k) for k in orders]) + log_ball_volume(d, f.norm or 2) + d * np.mean(logs)
        yield f.same("mean of f(x, k) over k", {"x": x}, float(np.mean([f(x, k) for k in orders])), float(want))


@catalogue.law("6.16", "neighbours not sorted", needs=of_any_order)
def order_after_order(f: EntropySubject, rng: np.random.Generator) -> Iterator[Case]:
    """H at k + 1 is at least H at k minus 1/k, since no distance falls."""
    for x in f.samples(rng):
        for k in range(1, len(x) - 1):
            fall = f(x, k) - f(x, k + 1)
            yield Case(f"max(f(x, {k}) - f(x, {k + 1}), {1 / k})", {"x": x}, max(fall, 1 / k), 1 / k, 10 * f.tol)


# Laws whose entropy is known


@catalogue.law("5.24", "bits for nats", "sign")
def normal_and_uniform_law(f: EntropySubject, rng: np.random.Generator) -> Iterator[Case]:
    """2000 draws of N(0, 1) and of the uniform law on (0, 3): 1.4189 and log 3, within 8 standard errors and a bias."""
    for draw, truth in {"standard_normal((2000, 1))": (1 + np.log(2 * np.pi)) / 2,
                        "uniform(0, 3, (2000, 1))": np.log(3)}.items():
        code = f"np.random.default_rng({rng.integers(2**31)}).{draw}"
        yield Case(f"f({code})", {}, f(eval(code, {"np": np})), truth, 0.3)
