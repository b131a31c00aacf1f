"""Laws of samplers with a known log density: Stein's identities, Kolmogorov's distance, and others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.integrate import quad

from refvae.entropy import knn_entropy
from refvae.laws.law import Case, Catalogue, LawReport
from refvae.trees import Array

FAR = 6.5  # standard errors: one side of a normal law beyond it has 4e-11


@dataclass(frozen=True)
class SamplerSubject:
    """sample(rng, n) -> (n, d), and logpdf (n, d) -> (n,).   smooth: the density is positive and smooth on all R^d

    support  for d = 1, where the density is not 0: integrals are taken there
    """

    f: tuple[Callable[..., Any], Callable[..., Any]]
    d: int = 1
    smooth: bool = True
    n: int = 10_000
    support: tuple[float, float] = (-np.inf, np.inf)

    def draw(self, rng: np.random.Generator, n: int) -> Array:
        """Draws, as floats."""
        return np.asarray(self.f[0](rng, n), float)

    def logpdf(self, x: Array) -> Array:
        """The log density of rows."""
        return np.asarray(self.f[1](x), float)

    def score(self, x: Array, h: float = 1e-4) -> Array:
        """The gradient of the log density, by central differences."""
        steps = h * np.eye(self.d)
        return np.stack([(self.logpdf(x + e) - self.logpdf(x - e)) / (2 * h) for e in steps], axis=1)


catalogue = Catalogue("sampler", SamplerSubject)


def check_sampler(sample: Callable[..., Any], logpdf: Callable[..., Any], *, d: int = 1, smooth: bool = True,
                  n: int = 10_000, support: tuple[float, float] = (-np.inf, np.inf),
                  expected_failures: Mapping[str, str] | None = None, seed: int = 0) -> LawReport:
    """Hold a sampler, (rng, n) -> (n, d), to its log density, (n, d) -> (n,).

    Each mean is held to 6.5 of its standard errors: a right sampler fails with probability below 1e-9 a law, and a mean
    that is 11 standard errors off is found with probability 1 - 1e-5. `smooth` says that the density is positive and
    smooth on all R^d: otherwise Stein's identities do not apply. `support` is for d = 1, where integrals are taken.
    """
    return catalogue.check((sample, logpdf), expected_failures, seed, d=d, smooth=smooth, n=n, support=support)


def on_a_line(subject: SamplerSubject) -> str:
    """Laws on the line."""
    return "" if subject.d == 1 else "d = 1 alone"


def smooth(subject: SamplerSubject) -> str:
    """Densities that are positive and smooth on all R^d."""
    return "" if subject.smooth else "the density is not smooth and positive everywhere"


def in_few_dimensions(subject: SamplerSubject) -> str:
    """Laws in at most 3 dimensions, where the bias of an entropy from neighbours is small."""
    return "" if subject.d <= 3 else "d <= 3 alone"


def far(sample: Array, expected: Any) -> tuple[Array, Any, Array]:
    """The mean over axis 0, what is expected, and how far chance may move it."""
    error = sample.std(0) / np.sqrt(len(sample))
    return sample.mean(0), np.broadcast_to(expected, sample.shape[1:]), FAR * error + 1e-9


@catalogue.law("a seed says it all", "global random state")
def the_same_seed_the_same_draws(f: SamplerSubject, rng: np.random.Generator) -> Iterator[Case]:
    """Equal seeds give equal draws of shape (n, d)."""
    for n in (1, 7):
        one, two = (f.draw(np.random.default_rng(5), n) for _ in range(2))
        want = two if one.shape == (n, f.d) else np.zeros((n, f.d))
        yield Case(f"sample(np.random.default_rng(5), {n}), twice", {}, one, want, 0)


@catalogue.law("independent draws have no atoms", "draws repeat", "one draw for all")
def no_draw_comes_twice(f: SamplerSubject, rng: np.random.Generator) -> Iterator[Case]:
    """Among 1000 draws of a density no two are equal, nor are those of another seed the same."""
    x = np.vstack([f.draw(np.random.default_rng(s), 500) for s in (1, 2)])
    yield Case("number of different rows among 1000", {}, len(np.unique(x, axis=0)), 1000, 0)


@catalogue.law("9.2", "variance for the standard deviation", "mean shifted", "an axis exchanged", "correlation lost",
               needs=smooth)
def the_mean_score_is_zero(f: SamplerSubject, rng: np.random.Generator) -> Iterator[Case]:
    """Stein: the score has mean 0, and its product with the point mean minus the identity."""
    x = f.draw(rng, f.n)
    s = f.score(x)
    yield Case("mean of the score at draws", {}, *far(s, 0))
    products = s[:, :, None] * x[:, None, :]
    yield Case("mean of score times point at draws", {}, *far(products, -np.eye(f.d)))


@catalogue.law("9.2", "scales mixed", "tails cut off", needs=smooth)
def bounded_test_functions(f: SamplerSubject, rng: np.random.Generator) -> Iterator[Case]:
    """Stein with g = sin, cos of the point: the mean of g s + g' is 0."""
    x = f.draw(rng, f.n)
    s = f.score(x)
    for a in (0.5, 1.0, 2.0):
        yield Case(f"mean of sin({a} x) s + {a} cos({a} x)", {}, *far(np.sin(a * x) * s + a * np.cos(a * x), 0))
        yield Case(f"mean of cos({a} x) s - {a} sin({a} x)", {}, *far(np.cos(a * x) * s - a * np.sin(a * x), 0))


@catalogue.law("total mass 1", "density not normalised", needs=on_a_line)
def the_density_has_mass_one(f: SamplerSubject, rng: np.random.Generator) -> Iterator[Case]:
    """The density integrates to 1."""
    yield Case("integral of exp(logpdf)", {}, _mass(f, f.draw(rng, 1000), f.support[1]), 1.0, 1e-5)


@catalogue.law("Dvoretzky, Kiefer and Wolfowitz 1956; Massart 1990", "variance for the standard deviation",
               "mean shifted", "tails cut off", "scales mixed", "absolute values", needs=on_a_line)
def the_distribution_function(f: SamplerSubject, rng: np.random.Generator) -> Iterator[Case]:
    """The share of draws up to x is the integral of the density up to x, for all x, to sqrt(log(2e9) / 2n)."""
    x = np.sort(f.draw(rng, f.n)[:, 0])
    at = x[np.linspace(0, f.n - 1, 41).astype(int)]
    want = np.array([_mass(f, x[:, None], end) for end in at])
    got = np.searchsorted(x, at, side="right") / f.n
    yield Case(f"share of {f.n} draws up to x", {"x": at}, got, want, np.sqrt(np.log(2e9) / (2 * f.n)) + 1 / f.n)


def _mass(f: SamplerSubject, x: Array, end: float) -> float:
    """Integral of the density up to `end`, in pieces between quantiles of draws."""
    cuts = np.quantile(x, [0.001, 0.05, 0.25, 0.5, 0.75, 0.95, 0.999])
    points = np.unique([f.support[0], *cuts[cuts < end], end])
    return float(sum(quad(lambda t: float(np.exp(f.logpdf(np.array([[t]]))[0])), a, b, epsabs=1e-9)[0]
                     for a, b in pairwise(points)))


@catalogue.law("6.36", "variance for the standard deviation", "density not normalised", "correlation lost",
               needs=in_few_dimensions)
def the_density_is_that_of_the_draws(f: SamplerSubject, rng: np.random.Generator) -> Iterator[Case]:
    """Mean of -logpdf at 3000 draws less their entropy, from neighbours: a divergence, 0 if they have this density."""
    x = f.draw(rng, 3000)
    estimate = knn_entropy(x, 3)
    cross = -f.logpdf(x)
    allowed = FAR * (cross - estimate.local).std() * 1.3 / np.sqrt(len(x)) + (0.02, 0.06, 0.12)[f.d - 1]
    yield Case("mean of -logpdf at draws less their entropy", {}, float(cross.mean()) - estimate.value, 0.0, allowed)


@catalogue.law("independence", "each draw near the one before")
def draws_are_independent(f: SamplerSubject, rng: np.random.Generator) -> Iterator[Case]:
    """The signs of successive draws about their median agree half of the time."""
    x = f.draw(rng, f.n)
    above = x > np.median(x, axis=0)
    agree = (above[1:] == above[:-1]).mean(0)
    yield Case("share of successive draws on the same side of the median", {}, agree, 0.5 + 0 * agree,
               FAR * 0.5 / np.sqrt(f.n) + 1 / f.n)


# Wrong versions, on N((1, -2), ((4, 1.2), (1.2, 1))) and on N(1, 4)

COV = np.array([[4, 1.2], [1.2, 1]])
ROOT, MEAN = np.linalg.cholesky(COV), np.array([1.0, -2.0])


def _logpdf(x: Array) -> Array:
    z = np.linalg.solve(ROOT, (x - MEAN).T)
    return np.asarray(-(z * z).sum(0) / 2 - np.log(2 * np.pi) - np.log(np.diag(ROOT)).sum())


def _logpdf1(x: Array) -> Array:
    return np.asarray(-((x[:, 0] - 1) ** 2) / 8 - np.log(2 * np.pi) / 2 - np.log(2))


def _draw(rng: np.random.Generator, n: int) -> Array:
    return np.asarray(MEAN + rng.standard_normal((n, 2)) @ ROOT.T)


def _draw1(rng: np.random.Generator, n: int, sigma: float = 2, mean: float = 1) -> Array:
    return np.asarray(mean + sigma * rng.standard_normal((n, 1)))


def _walk(rng: np.random.Generator, n: int) -> Array:
    x = _draw1(rng, n)
    for i in range(1, n):
        x[i] = 1 + 0.95 * (x[i - 1] - 1) + np.sqrt(1 - 0.95**2) * (x[i] - 1)
    return x


for _name, _d, _wrong, _density in (
        ("variance for the standard deviation", 1, lambda rng, n: _draw1(rng, n, 4), _logpdf1),
        ("mean shifted", 1, lambda rng, n: _draw1(rng, n, 2, 1.5), _logpdf1),
        ("tails cut off", 1, lambda rng, n: np.clip(_draw1(rng, n), -2.5, 4.5) + 1e-9 * rng.random((n, 1)), _logpdf1),
        ("scales mixed", 1, lambda rng, n: _draw1(rng, n, rng.choice([1.0, 2.65], (n, 1))), _logpdf1),
        ("absolute values", 1, lambda rng, n: np.abs(_draw1(rng, n)), _logpdf1),
        ("density not normalised", 1, _draw1, lambda x: _logpdf1(x) + np.log(2)),
        ("global random state", 1, lambda rng, n: _draw1(np.random.default_rng(), n), _logpdf1),
        ("draws repeat", 1, lambda rng, n: _draw1(rng, n)[rng.integers(0, n, n)], _logpdf1),
        ("one draw for all", 1, lambda rng, n: np.repeat(_draw1(rng, 1), n, 0), _logpdf1),
        ("each draw near the one before", 1, _walk, _logpdf1),
        ("an axis exchanged", 2, lambda rng, n: _draw(rng, n)[:, ::-1], _logpdf),
        ("correlation lost", 2, lambda rng, n: MEAN + rng.standard_normal((n, 2)) * np.sqrt(np.diag(COV)), _logpdf)):
    catalogue.mistake(_name, d=_d)((_wrong, _density))
