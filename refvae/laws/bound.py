"""Laws of lower bounds on log p(x) that are made of importance weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from refvae.laws.law import Case, Catalogue, LawReport
from refvae.trees import Array

FAMILIES = ("elbo", "iwae", None)


@dataclass(frozen=True)
class BoundSubject:
    """A bound f(log_w) of (n, K) log weights log p(x, z) - log q(z | x) -> (n,)."""

    f: Callable[[Array], Any]
    family: str | None = None
    tol: float = 1e-10

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            raise ValueError(f"family: got {self.family!r}, wanted 'elbo', 'iwae' or None")

    def __call__(self, log_w: Array) -> Array:
        """The bound of every row."""
        return np.asarray(self.f(log_w), float)

    def mean(self, values: Array, p: Array, K: int, of: Callable[[Array], Array] = lambda b: b) -> float:
        """The expectation of a function of the bound over K independent weights, summed over all outcomes."""
        outcomes = np.array(list(product(range(len(values)), repeat=K)))
        return float(of(self(values[outcomes])) @ p[outcomes].prod(1))


catalogue = Catalogue("bound", BoundSubject)


def check_bound(f: Callable[[Array], Any], *, family: str | None = None, tol: float = 1e-10,
                expected_failures: Mapping[str, str] | None = None, seed: int = 0) -> LawReport:
    """Hold a lower bound on log p(x) to the laws of chapter 3: log weights (n, K) -> (n,) nats.

    family  "elbo" (the mean), "iwae" (log of the mean weight), or None: then only the laws of every bound apply
    tol     what rounding may change, relative to 1 + |value|
    """
    return catalogue.check(f, expected_failures, seed, family=family, tol=tol)


def of_elbo(subject: BoundSubject) -> str:
    """The evidence lower bound."""
    return "" if subject.family == "elbo" else "another family"


def of_iwae(subject: BoundSubject) -> str:
    """The importance-weighted bound."""
    return "" if subject.family == "iwae" else "another family"


def laws_of_weights(rng: np.random.Generator) -> Iterator[tuple[Array, Array]]:
    """Log weights with few values, and their probabilities."""
    for size in (2, 3):
        p = rng.dirichlet(np.ones(size))
        yield 3 * rng.standard_normal(size), p


def same(f: BoundSubject, code: str, log_w: Array, got: Any, want: Any) -> Case:
    """A case in which two answers agree to rounding."""
    return Case(code, {"w": log_w}, got, want, f.tol * (1 + np.abs(want)))


@catalogue.law("3.30", "log K forgotten", "biased weights", "sum for mean")
def tight_where_the_posterior_is_exact(f: BoundSubject, rng: np.random.Generator) -> Iterator[Case]:
    """Where q is the posterior all weights are p(x), and the bound is log p(x) for every K."""
    for K in (1, 2, 5, 64):
        log_p = rng.uniform(-9, 3, 4)
        w = np.repeat(log_p[:, None], K, 1)
        yield same(f, "f(w)", w, f(w), log_p)


@catalogue.law("3.21", "sum for mean", "biased weights", "sign")
def one_sample_is_its_weight(f: BoundSubject, rng: np.random.Generator) -> Iterator[Case]:
    """With one sample the bound is log p(x, z) - log q(z | x)."""
    w = 5 * rng.standard_normal((6, 1))
    yield same(f, "f(w)", w, f(w), w[:, 0])


@catalogue.law("3.20", "overflow of weights", "sign")
def a_constant_factor(f: BoundSubject, rng: np.random.Generator) -> Iterator[Case]:
    """Weights times a constant: the bound plus its logarithm, also where the weights leave the range of floats."""
    w = rng.standard_normal((3, 5))
    for c in (1.0, -40.0, 800.0, -800.0):
        yield same(f, f"f(w + {c})", w, f(w + c), f(w) + c)


@catalogue.law("3.20", "order of samples matters")
def samples_in_any_order(f: BoundSubject, rng: np.random.Generator) -> Iterator[Case]:
    """The bound does not depend on the order of the samples."""
    w = 3 * rng.standard_normal((4, 6))
    yield same(f, "f(w[:, ::-1])", w, f(np.ascontiguousarray(w[:, ::-1])), f(w))


@catalogue.law("3.20", "weights normalised over the batch")
def every_row_alone(f: BoundSubject, rng: np.random.Generator) -> Iterator[Case]:
    """The bound of an example does not depend on the others."""
    w = 3 * rng.standard_normal((4, 5))
    yield same(f, "[f(w[i:i + 1])[0] for i in range(4)]", w, [f(w[i:i + 1])[0] for i in range(4)], f(w))


@catalogue.law("3.21", "log K forgotten", "self-normalised mean of log weights", "biased weights",
               "largest weight alone")
def never_above_log_p(f: BoundSubject, rng: np.random.Generator) -> Iterator[Case]:
    """Over all outcomes of K weights, the expectation is at most the logarithm of their mean."""
    for values, p in laws_of_weights(rng):
        log_p = float(np.log(np.exp(values) @ p))
        for K in (1, 2, 4):
            got = f.mean(values, p, K)
            yield Case(f"max(E f(w), log p) over {K} weights exp(v) of probabilities p", {"v": values, "p": p},
                       max(got, log_p), log_p, f.tol * 10)


@catalogue.law("3.21", "sum for mean", "spread of the weights taken off")
def more_samples_are_no_worse(f: BoundSubject, rng: np.random.Generator) -> Iterator[Case]:
    """Over all outcomes, the expectation does not fall when K grows."""
    for values, p in laws_of_weights(rng):
        means = [f.mean(values, p, K) for K in (1, 2, 3, 4, 5)]
        falls = np.maximum(-np.diff(means), 0)
        yield Case("how far E f(w) falls from K to K + 1, K = 1 to 4, weights exp(v) of probabilities p",
                   {"v": values, "p": p}, falls, 0 * falls, f.tol * 10)


@catalogue.law("3.2", "self-normalised mean of log weights", "largest weight alone", needs=of_elbo)
def mean_of_log_weights(f: BoundSubject, rng: np.random.Generator) -> Iterator[Case]:
    """The evidence lower bound is the mean of log p(x, z) - log q(z | x)."""
    w = 3 * rng.standard_normal((4, 7))
    yield same(f, "f(w)", w, f(w), w.mean(1))


@catalogue.law("3.20", "log K forgotten", "self-normalised mean of log weights", "largest weight alone", needs=of_iwae)
def unbiased_weights(f: BoundSubject, rng: np.random.Generator) -> Iterator[Case]:
    """The exponential of the importance-weighted bound has the mean p(x), for every K."""
    for values, p in laws_of_weights(rng):
        for K in (1, 2, 4):
            got = f.mean(values, p, K, np.exp)
            yield Case(f"E exp(f(w)) over {K} weights exp(v) of probabilities p", {"v": values, "p": p}, got,
                       float(np.exp(values) @ p), 100 * f.tol * float(np.exp(values).max()))


# Wrong versions


def _logmeanexp(w: Array, axis: int = 1) -> Array:
    top = w.max(axis, keepdims=True)
    return np.asarray(np.log(np.exp(w - top).mean(axis)) + top.squeeze(axis))


def _normalised(w: Array) -> Array:
    e = np.exp(w - w.max(1, keepdims=True))
    return np.asarray(e / e.sum(1, keepdims=True))


for _name, _family, _wrong in (
        ("log K forgotten", "iwae", lambda w: _logmeanexp(w) + np.log(w.shape[1])),
        ("biased weights", "iwae", lambda w: _logmeanexp(w) + np.log(w.shape[1] / (w.shape[1] + 1))
            + np.log(2) * (w.shape[1] > 1)),
        ("sum for mean", "elbo", lambda w: w.sum(1) - 1e-3),
        ("sign", "elbo", lambda w: -w.mean(1)),
        ("overflow of weights", "iwae", lambda w: np.log(np.exp(w).mean(1))),
        ("order of samples matters", "iwae", lambda w: _logmeanexp(w[:, :1 + w.shape[1] // 2])),
        ("weights normalised over the batch", "iwae", lambda w: _logmeanexp(w) - w.mean() + w[:, 0].mean()),
        ("self-normalised mean of log weights", "iwae", lambda w: (_normalised(w) * w).sum(1)),
        ("self-normalised mean of log weights", "elbo", lambda w: (_normalised(w) * w).sum(1)),
        ("largest weight alone", "iwae", lambda w: w.max(1)),
        ("largest weight alone", "elbo", lambda w: w.max(1)),
        ("spread of the weights taken off", None, lambda w: w.mean(1) - w.std(1))):
    catalogue.mistake(_name if _name not in catalogue.mistakes else f"{_name}, {_family}", family=_family)(_wrong)
