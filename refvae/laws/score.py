"""Laws of score functions: the gradient of a log density that is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from refvae.check.numeric import NODES, WEIGHTS
from refvae.data import WORLDS, World
from refvae.laws.law import Case, Catalogue, LawReport
from refvae.laws.sampler import far
from refvae.trees import Array

SMOOTH = ("gaussian", "ring", "spiral", "student_t")


@dataclass(frozen=True)
class ScoreSubject:
    """A score f(x), (n, d) -> (n, d), of a world with `sample` and `logpdf`.   tol: rounding, relative to 1 + |s|"""

    f: Callable[[Array], Any]
    world: World = WORLDS["gaussian"]
    tol: float = 1e-9

    def __call__(self, x: Array) -> Array:
        """The score at rows."""
        return np.asarray(self.f(x), float)

    def points(self, rng: np.random.Generator, n: int = 7) -> Array:
        """Draws of the world, moved a little."""
        return self.world.sample(rng, n) + 0.3 * rng.standard_normal((n, self.world.d))


catalogue = Catalogue("score", ScoreSubject)


def check_score(f: Callable[[Array], Any], world: World, *, tol: float = 1e-9,
                expected_failures: Mapping[str, str] | None = None, seed: int = 0) -> LawReport:
    """Hold a score, (n, d) -> (n, d), to a law with `sample` and `logpdf`, as in `refvae.data.WORLDS`.

    tol  what rounding may change, relative to 1 + |score|; for a trained score what its error may be
    """
    return catalogue.check(f, expected_failures, seed, world=world, tol=tol)


def smooth(subject: ScoreSubject) -> str:
    """Smooth densities that are positive on all R^d."""
    return "" if subject.world.name in SMOOTH else f"{subject.world.name} is not smooth and positive everywhere"


@catalogue.law("every row is a point", "normalised over the batch", "one row for all")
def every_row_alone(f: ScoreSubject, rng: np.random.Generator) -> Iterator[Case]:
    """The score at a point does not depend on the others."""
    x = f.points(rng)
    alone = np.vstack([f(row[None]) for row in x])
    yield Case("np.vstack([f(row[None]) for row in x])", {"x": x}, alone, f(x), f.tol * (1 + np.abs(alone)))


@catalogue.law("9.1", "sign", "variance for its inverse", "normalised over the batch", "factor 2",
               "coordinates exchanged", needs=smooth)
def line_integrals(f: ScoreSubject, rng: np.random.Generator) -> Iterator[Case]:
    """Along any segment the score integrates to the difference of log densities."""
    a = f.points(rng)
    v = 0.2 * rng.standard_normal(a.shape)
    got = sum(w * (f(a + s * v) * v).sum(1) for s, w in zip(NODES, WEIGHTS, strict=True))
    want = f.world.logpdf(a + v) - f.world.logpdf(a)
    size = np.abs(f(a)).sum(1) + 1
    yield Case("integral of f over the segments from a to a + v", {"a": a, "v": v}, got, want, (f.tol + 1e-7) * size)


@catalogue.law("9.1", "curl added", "coordinates exchanged", needs=smooth)
def no_curl(f: ScoreSubject, rng: np.random.Generator) -> Iterator[Case]:
    """The derivatives of a gradient are symmetric."""
    h, d = 1e-4, f.world.d
    x = f.points(rng)
    jacobian = np.stack([(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(d)], axis=2)
    yield Case("derivative of f at x, transposed", {"x": x}, jacobian, jacobian.transpose(0, 2, 1),
               (1e-5 + f.tol / h) * (1 + np.abs(jacobian).max()))


@catalogue.law("9.2", "sign", "factor 2", "variance for its inverse", "mean shifted", needs=smooth)
def steins_identities(f: ScoreSubject, rng: np.random.Generator) -> Iterator[Case]:
    """At 20000 draws the score s has mean 0, and so has sin(a x) s + a cos(a x)."""
    x = f.world.sample(rng, 20_000)
    s = f(x)
    got, want, allowed = far(s, 0)
    yield Case("mean of the score at 20000 draws", {}, got, want, allowed + f.tol)
    for a in (0.5, 1.5):
        got, want, allowed = far(np.sin(a * x) * s + a * np.cos(a * x), 0)
        yield Case(f"mean of sin({a} x) f(x) + {a} cos({a} x) at 20000 draws", {}, got, want, allowed + f.tol)


# Wrong versions, on the normal law

_score = WORLDS["gaussian"].score

for _name, _wrong in {
        "sign": lambda x: -_score(x),
        "factor 2": lambda x: 2 * _score(x),
        "normalised over the batch": lambda x: _score(x) * (1 + x.mean()),
        "one row for all": lambda x: np.repeat(_score(x[:1]), len(x), 0),
        "coordinates exchanged": lambda x: _score(x)[:, ::-1],
        "variance for its inverse": lambda x: -(x - [1, -2]) @ np.array([[2, 0.6], [0.6, 0.5]]),
        "mean shifted": lambda x: _score(x + 0.2),
        "curl added": lambda x: _score(x) + 0.1 * (x - [1, -2])[:, ::-1] * [1, -1]}.items():
    catalogue.mistake(_name)(_wrong)
