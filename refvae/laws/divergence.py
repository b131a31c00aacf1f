"""Laws of estimators of the Kullback-Leibler divergence of two samples in nats."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from scipy.special import digamma

from refvae.inputs import whole
from refvae.laws.entropy_knn import distances
from refvae.laws.law import Case, Catalogue, LawReport
from refvae.trees import Array

SHAPES = ((6, 6, 1), (7, 9, 2), (9, 7, 3), (31, 20, 2))
FRONT: dict[str, Callable[[int, int], Any]] = {"psi(m + 1) - psi(n)": lambda n, m: digamma(m + 1) - digamma(n),
                                               "log(m / (n - 1))": lambda n, m: np.log(m / (n - 1))}


@dataclass(frozen=True)
class DivergenceSubject:
    """An estimator f(x, y), or f(x, y, k) of which any order can be asked; `k` is None if it is none of k-NN."""

    f: Callable[..., Any]
    norm: float | None = 2
    k: int | None = 3
    constant: str = "psi(m + 1) - psi(n)"
    tol: float = 1e-9

    def __post_init__(self) -> None:
        if self.constant not in FRONT:
            raise ValueError(f"constant: got {self.constant!r}, wanted one of {', '.join(FRONT)}")
        if self.k is not None:
            whole(self.k, "k", most=5)

    def __call__(self, x: Array, y: Array, k: int | None = None) -> float:
        """The estimate of order k, or of the order it has."""
        order = {"k": k or self.k} if self.any_order else {}
        return float(self.f(x, y, **order))

    @property
    def any_order(self) -> bool:
        """Whether f takes k."""
        return self.k is not None and "k" in inspect.signature(self.f).parameters

    def orders(self) -> tuple[int, ...]:
        """The orders that can be asked."""
        return (1, 2, 3, 5) if self.any_order else (self.k,) if self.k else ()

    def samples(self, rng: np.random.Generator) -> Iterator[tuple[Array, Array]]:
        """Pairs of samples on a grid of 2^-20, so that sums are exact."""
        for n, m, d in SHAPES:
            yield _on_grid(rng, n, d), _on_grid(rng, m, d)

    def same(self, code: str, inputs: Mapping[str, Any], got: float, want: float) -> Case:
        """A case in which two estimates agree to rounding."""
        return Case(code, inputs, got, want, self.tol * (1 + abs(want)))


def _on_grid(rng: np.random.Generator, n: int, d: int) -> Array:
    return np.asarray(np.round(rng.standard_normal((n, d)) * 2**20) / 2**20)


catalogue = Catalogue("divergence", DivergenceSubject)


def check_divergence(f: Callable[..., Any], *, norm: float | None = 2, k: int | None = 3,
                     constant: str = "psi(m + 1) - psi(n)", tol: float = 1e-9,
                     expected_failures: Mapping[str, str] | None = None, seed: int = 0) -> LawReport:
    """Hold an estimator of KL(p || q) in nats, x ~ p (n, d), y ~ q (m, d) -> a number, to the laws of chapter 6.

    norm, k   of a k-nearest-neighbour estimate, 2 or numpy.inf, k at most 5; None if f is none
    constant  "psi(m + 1) - psi(n)" or "log(m / (n - 1))", as the estimator says
    tol       what rounding or a documented jitter may change, in nats
    """
    return catalogue.check(f, expected_failures, seed, norm=norm, k=k, constant=constant, tol=tol)


def of_neighbours(subject: DivergenceSubject) -> str:
    """Estimates from the k-th nearest neighbours in both samples."""
    return "" if subject.k is not None and subject.norm is not None else "no k-nearest-neighbour estimate"


@catalogue.law("6.34", "ties broken by the order of rows")
def rows_in_any_order(f: DivergenceSubject, rng: np.random.Generator) -> Iterator[Case]:
    """The divergence does not depend on the order of the rows of either sample."""
    for x, y in f.samples(rng):
        i, j = rng.permutation(len(x)), rng.permutation(len(y))
        yield f.same("f(x[i], y[j])", {"x": x, "y": y, "i": i, "j": j}, f(x[i], y[j]), f(x, y))


@catalogue.law("6.34", "uncentred products for distances", "samples centred apart")
def joint_translations(f: DivergenceSubject, rng: np.random.Generator) -> Iterator[Case]:
    """Moving all points of both samples by the same vector changes nothing; here all sums are exact."""
    for shift in (1.0, 2.0**30):
        for x, y in f.samples(rng):
            t = shift * rng.integers(-3, 4, x.shape[1]).astype(float)
            yield f.same("f(x + t, y + t)", {"x": x, "y": y, "t": t}, f(x + t, y + t), f(x, y))


@catalogue.law("6.34", "samples standardised apart", "d forgotten in one of two terms", "jitter of a fixed size",
               "single precision")
def joint_scalings(f: DivergenceSubject, rng: np.random.Generator) -> Iterator[Case]:
    """Multiplying both samples by the same number changes nothing, at any scale."""
    for m in (1, -3, -40, 140, -140, 520, -520):
        for x, y in f.samples(rng):
            yield f.same(f"f(2.0**{m} * x, 2.0**{m} * y)", {"x": x, "y": y}, f(2.0**m * x, 2.0**m * y), f(x, y))


@catalogue.law("6.34", "samples centred apart")
def one_sample_moved_away(f: DivergenceSubject, rng: np.random.Generator) -> Iterator[Case]:
    """Moving one sample away is seen: 100 draws of N(0, 1) and of N(9, 1) have an estimate above 2."""
    x, y = rng.standard_normal((2, 100, 1))
    yield Case("min(f(x, y + 9), 2)", {"x": x, "y": y}, min(f(x, y + 9), 2.0), 2.0, 0)


@catalogue.law("6.30", "any wrong constant", "x and y exchanged", "k + 1 for k", "squared distances",
               needs=of_neighbours)
def the_definition(f: DivergenceSubject, rng: np.random.Generator) -> Iterator[Case]:
    """The mean of d log(nu / rho) plus the constant: nu to the k-th row of y, rho to the k-th other row of x."""
    for k in f.orders():
        for x, y in f.samples(rng):
            yield f.same(f"f(x, y, k={k})", {"x": x, "y": y}, f(x, y, k), definition(f, x, y, k))


def definition(f: DivergenceSubject, x: Array, y: Array, k: int) -> float:
    """The estimate by comparing all pairs."""
    (n, d), m, both = x.shape, len(y), distances(np.vstack([x, y]), f.norm)
    rho, nu = np.sort(both[:n, :n], axis=1)[:, k], np.sort(both[:n, n:], axis=1)[:, k - 1]
    return float(d * np.log(nu / rho).mean() + FRONT[f.constant](n, m))


@catalogue.law("6.32", "any wrong constant", "the point counted as its own neighbour", "absolute values of terms",
               needs=of_neighbours)
def all_ways_to_divide_one_sample(f: DivergenceSubject, rng: np.random.Generator) -> Iterator[Case]:
    """Over all ways to divide 2n - 1 points into n and n - 1, the mean is exactly 0."""
    for k in f.orders():
        for n, d in ((3, 1), (4, 2), (5, 1)):
            if k < n - 1:  # some estimators want k < m
                points = _on_grid(rng, 2 * n - 1, d)
                found = [f(points[list(rows)], np.delete(points, rows, axis=0), k)
                         for rows in combinations(range(2 * n - 1), n)]
                yield Case(f"mean of f(z[rows], z[other rows], k={k}) over all {n} rows", {"z": points},
                           float(np.mean(found)), 0.0, f.tol)


@catalogue.law("6.30", "unsigned differences")
def whole_numbers_in_any_type(f: DivergenceSubject, rng: np.random.Generator) -> Iterator[Case]:
    """Whole numbers stored as uint8, int16 or float32 have the divergence that they have as float64."""
    for n, m, d in SHAPES:
        both = np.stack([rng.permutation(250)[:n + m] for _ in range(d)], axis=1)
        for kind in (np.uint8, np.int16, np.float32):
            x, y = both[:n].astype(kind), both[n:].astype(kind)
            yield f.same("f(x, y)", {"x": x, "y": y}, f(x, y), f(x.astype(float), y.astype(float)))


@catalogue.law("5.23", "bits for nats", "x and y exchanged", "sign")
def two_normal_laws(f: DivergenceSubject, rng: np.random.Generator) -> Iterator[Case]:
    """1000 draws of N(0, 1) against as many of N(0, 9): log 3 - 4/9, up to bias and chance."""
    code = f"*(np.random.default_rng({rng.integers(2**31)}).standard_normal((2, 1000, 1)) * [[[1]], [[3]]])"
    yield Case(f"f({code})", {}, f(*eval(code[1:], {"np": np})), np.log(3) - 4 / 9, 0.25)
