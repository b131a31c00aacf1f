"""Laws of estimators of differential entropy in nats, and of those from k-nearest neighbours in particular."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import digamma

from refvae.inputs import whole
from refvae.laws.law import Case, Catalogue, LawReport
from refvae.trees import Array

SHAPES = ((5, 1), (7, 2), (9, 3), (31, 1), (30, 2), (33, 5))
FRONT: dict[str, Callable[[int], Any]] = {"psi(n)": digamma, "log(n - 1)": lambda n: np.log(n - 1), "log(n)": np.log}


@dataclass(frozen=True)
class EntropySubject:
    """An estimator f(x), or f(x, k) of which any order can be asked; `k` and `norm` are None if it is none of k-NN."""

    f: Callable[..., Any]
    norm: float | None = 2
    k: int | None = 3
    constant: str = "psi(n)"
    tol: float = 1e-9
    scalar: bool = False

    def __post_init__(self) -> None:
        if self.norm not in (None, 2, np.inf):
            raise ValueError(f"norm: got {self.norm!r}, wanted 2, numpy.inf or None")
        if self.constant not in FRONT:
            raise ValueError(f"constant: got {self.constant!r}, wanted one of {', '.join(FRONT)}")
        if self.k is not None:
            whole(self.k, "k")

    def __call__(self, x: Array, k: int | None = None) -> float:
        """The estimate of order k, or of the order it has."""
        order = {"k": k or self.k} if self.any_order else {}
        return float(self.f(x, **order))

    @property
    def any_order(self) -> bool:
        """Whether f takes k."""
        return self.k is not None and "k" in inspect.signature(self.f).parameters

    def orders(self) -> tuple[int, ...]:
        """The orders that can be asked."""
        return (1, 2, 3, 5) if self.any_order else (self.k,) if self.k else ()

    def samples(self, rng: np.random.Generator) -> Iterator[Array]:
        """Points on a grid of 2^-20, so that sums of them are exact, the smallest sample first."""
        least = (self.k or 1) + 2
        for n, d in SHAPES:
            if n >= least and (d == 1 or not self.scalar):
                yield np.round(rng.standard_normal((n, d)) * 2**20) / 2**20

    def same(self, code: str, inputs: Mapping[str, Any], got: float, want: float) -> Case:
        """A case in which two estimates agree to rounding."""
        return Case(code, inputs, got, want, self.tol * (1 + abs(want)))


catalogue = Catalogue("entropy", EntropySubject)


def check_entropy(f: Callable[..., Any], *, norm: float | None = 2, k: int | None = 3, constant: str = "psi(n)",
                  tol: float = 1e-9, scalar: bool = False,
                  expected_failures: Mapping[str, str] | None = None, seed: int = 0) -> LawReport:
    """Hold an estimator of entropy in nats, x (n, d) -> a number, to the laws of chapter 6.

    norm, k   of a k-nearest-neighbour estimate, 2 or numpy.inf; None if f is none: then fewer laws apply
    constant  "psi(n)", "log(n - 1)" or "log(n)": what stands in front of the mean logarithm
    tol       what rounding or a documented jitter may change, in nats
    scalar    f takes one column alone
    """
    return catalogue.check(f, expected_failures, seed, norm=norm, k=k, constant=constant, tol=tol, scalar=scalar)


def of_neighbours(subject: EntropySubject) -> str:
    """Estimates from the k-th nearest neighbour."""
    return "" if subject.k is not None and subject.norm is not None else "no k-nearest-neighbour estimate"


def euclidean(subject: EntropySubject) -> str:
    """Estimates from the k-th nearest neighbour in the Euclidean norm."""
    return of_neighbours(subject) or ("" if subject.norm == 2 else "norm 2 alone")


def of_any_order(subject: EntropySubject) -> str:
    """Estimates from the k-th nearest neighbour of which every order can be asked."""
    return of_neighbours(subject) or ("" if subject.any_order else "f takes no k")


# Motions and scalings


@catalogue.law("6.8", "ties broken by the order of rows")
def rows_in_any_order(f: EntropySubject, rng: np.random.Generator) -> Iterator[Case]:
    """The entropy of a sample does not depend on the order of its rows."""
    for x in f.samples(rng):
        order = rng.permutation(len(x))
        yield f.same("f(x[order])", {"x": x, "order": order}, f(x[order]), f(x))


@catalogue.law("6.8", "distances along the first axis only")
def columns_in_any_order(f: EntropySubject, rng: np.random.Generator) -> Iterator[Case]:
    """The entropy does not depend on the order of the columns."""
    for x in f.samples(rng):
        yield f.same("f(x[:, ::-1])", {"x": x}, f(np.ascontiguousarray(x[:, ::-1])), f(x))


@catalogue.law("6.8", "logarithm of |x| for x")
def reflections(f: EntropySubject, rng: np.random.Generator) -> Iterator[Case]:
    """Changing the sign of columns changes nothing."""
    for x in f.samples(rng):
        signs = rng.choice([-1.0, 1.0], x.shape[1])
        yield f.same("f(signs * x)", {"x": x, "signs": signs}, f(signs * x), f(x))


@catalogue.law("6.8", "uncentred products for distances", "moments about 0")
def translations(f: EntropySubject, rng: np.random.Generator) -> Iterator[Case]:
    """Moving all points by the same vector changes nothing; here all sums are exact."""
    for shift in (1.0, 2.0**10, 2.0**30):
        for x in f.samples(rng):
            t = shift * rng.integers(-3, 4, x.shape[1]).astype(float)
            yield f.same("f(x + t)", {"x": x, "t": t}, f(x + t), f(x))


@catalogue.law("6.8", "another norm than the one named", needs=euclidean)
def rotations(f: EntropySubject, rng: np.random.Generator) -> Iterator[Case]:
    """Rotating the points changes nothing in the Euclidean norm."""
    for x in f.samples(rng):
        q = np.linalg.qr(rng.standard_normal((x.shape[1], x.shape[1])))[0]
        yield f.same("f(x @ q)", {"x": x, "q": q}, f(x @ q), f(x))


@catalogue.law("6.8", "d forgotten", "binary logarithm of the distances", "jitter of a fixed size",
               "a floor under the distances")
def powers_of_two(f: EntropySubject, rng: np.random.Generator) -> Iterator[Case]:
    """H(2^m x) = H(x) + m d log 2."""
    for m in (1, -3, 30, -40):
        for x in f.samples(rng):
            want = f(x) + m * x.shape[1] * np.log(2)
            yield f.same(f"f(2.0**{m} * x)", {"x": x}, f(2.0**m * x), want)


@catalogue.law("6.59", "single precision", "squares that overflow")
def extreme_scales(f: EntropySubject, rng: np.random.Generator) -> Iterator[Case]:
    """H(2^m x) = H(x) + m d log 2 also where squares leave the range of floats."""
    for m in (140, -140, 520, -520):
        for x in f.samples(rng):
            want = f(x) + m * x.shape[1] * np.log(2)
            yield f.same(f"f(2.0**{m} * x)", {"x": x}, f(2.0**m * x), want)


@catalogue.law("6.8", "standardised and not put back", needs=of_neighbours)
def one_stretched_column_in_one_dimension(f: EntropySubject, rng: np.random.Generator) -> Iterator[Case]:
    """On a line H(a x + b) = H(x) + log|a| for every a."""
    for x in (x for x in f.samples(rng) if x.shape[1] == 1):
        a, b = float(rng.uniform(0.1, 9)) * rng.choice([-1, 1]), float(rng.uniform(-9, 9))
        yield Case(f"f({a!r} * x + {b!r})", {"x": x}, f(a * x + b), f(x) + np.log(abs(a)), 1e-9 + f.tol * 10)


# Types


@catalogue.law("6.5", "unsigned differences")
def whole_numbers_in_any_type(f: EntropySubject, rng: np.random.Generator) -> Iterator[Case]:
    """Whole numbers stored as uint8, int16 or float32 have the entropy that they have as float64."""
    for n, d in ((7, 1), (9, 2), (30, 3)):
        if n > (f.k or 1) and (d == 1 or not f.scalar):
            x = np.stack([rng.permutation(250)[:n] for _ in range(d)], axis=1)
            for kind in (np.uint8, np.int16, np.float32):
                given = x.astype(kind)
                yield f.same("f(x)", {"x": given}, f(given), f(x.astype(float)))


@catalogue.law("6.5", "sorted in place")
def input_is_left_alone(f: EntropySubject, rng: np.random.Generator) -> Iterator[Case]:
    """The estimate does not change its argument."""
    for x in f.samples(rng):
        before = x.copy()
        f(x)
        yield Case("f(x); x", {"x": before}, x, before, 0)


@catalogue.law("6.5", "global random state")
def the_same_twice(f: EntropySubject, rng: np.random.Generator) -> Iterator[Case]:
    """Asked twice, the estimate is the same."""
    for x in f.samples(rng):
        yield f.same("f(x), twice", {"x": x}, f(x), f(x))
