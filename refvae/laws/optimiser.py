"""Laws of optimisers of first order: gradient descent, momentum and Adam."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from refvae.laws.law import Case, Catalogue, LawReport
from refvae.trees import Array

KINDS = ("sgd", "momentum", "adam", None)
Gradient = Callable[[Array], Array]


@dataclass(frozen=True)
class OptimiserSubject:
    """A run f(x0, gradient, steps, lr) -> the point after so many steps; the other settings are the usual ones."""

    f: Callable[..., Any]
    kind: str | None = None
    tol: float = 1e-9

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind: got {self.kind!r}, wanted 'sgd', 'momentum', 'adam' or None")

    def __call__(self, x: Array, gradient: Gradient, steps: int, lr: float = 0.01) -> Array:
        """The point after some steps."""
        return np.asarray(self.f(x.copy(), gradient, steps, lr), float)


catalogue = Catalogue("optimiser", OptimiserSubject)


def check_optimiser(f: Callable[..., Any], *, kind: str | None = None, tol: float = 1e-9,
                    expected_failures: Mapping[str, str] | None = None, seed: int = 0) -> LawReport:
    """Hold an optimiser to its laws: f(x0 (d,), gradient, steps, lr) -> the point (d,) after so many steps.

    kind  "sgd" (x - lr g), "momentum" (v = .9 v + g), "adam" (.9, .999, eps 1e-8), or None: then fewer laws apply
    tol   what rounding may change, relative to the distance gone
    """
    return catalogue.check(f, expected_failures, seed, kind=kind, tol=tol)


def of_known_kind(subject: OptimiserSubject) -> str:
    """Gradient descent, momentum and Adam with the usual settings."""
    return "" if subject.kind else "no kind is named"


def of_adam(subject: OptimiserSubject) -> str:
    """Adam."""
    return "" if subject.kind == "adam" else "not Adam"


def quadratic(rng: np.random.Generator, d: int) -> tuple[Array, Array, Gradient]:
    """A start, a minimum, and the gradient of half the weighted squared distance from it."""
    x, minimum, weights = rng.standard_normal(d), rng.standard_normal(d), rng.uniform(0.5, 2, d)
    return x, minimum, lambda x: weights * (x - minimum)


def scaled(gradient: Gradient, scale: float) -> Gradient:
    """The gradient of a multiple."""
    return lambda x: scale * gradient(x)


def towards(minimum: Array) -> Gradient:
    """The gradient of half the squared distance from a point."""
    return lambda x: x - minimum


def reference(kind: str | None, x: Array, gradient: Gradient, steps: int, lr: float) -> Array:
    """The same run by the definition, step by step."""
    x, m, v = x.copy(), np.zeros_like(x), np.zeros_like(x)
    for t in range(1, steps + 1):
        g = gradient(x)
        if kind == "adam":
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
            x = x - lr * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        else:
            m = (0.9 if kind == "momentum" else 0) * m + g
            x = x - lr * m
    return x


@catalogue.law("Kingma and Ba 2015, algorithm 1; Polyak 1964", "sign", "bias of the moments kept",
               "eps inside the root",
               "moments exchanged", "one step late", "state shared between runs", needs=of_known_kind)
def the_definition(f: OptimiserSubject, rng: np.random.Generator) -> Iterator[Case]:
    """A run is the one of the definition, step by step."""
    for d, steps in ((1, 1), (1, 2), (3, 5), (4, 40)):
        x, _, gradient = quadratic(rng, d)
        for scale in (1.0, 1e-4):
            slope = scaled(gradient, scale)
            want, got = reference(f.kind, x, slope, steps, 0.01), f(x, slope, steps)
            yield Case(f"f(x, gradient of {scale} times a quadratic, {steps})", {"x": x}, got, want,
                       f.tol * np.abs(want - x).max())


@catalogue.law("no gradient, no step", "noise added", "weights decay unasked")
def rests_where_the_gradient_is_zero(f: OptimiserSubject, rng: np.random.Generator) -> Iterator[Case]:
    """From a start with gradient 0 it does not move."""
    x = rng.standard_normal(4)
    yield Case("f(x, zeros_like, 10)", {"x": x}, f(x, np.zeros_like, 10), x, 0)


@catalogue.law("a descent method", "sign")
def the_first_step_descends(f: OptimiserSubject, rng: np.random.Generator) -> Iterator[Case]:
    """The first step goes against the gradient, and a small one lowers the function."""
    x, _, gradient = quadratic(rng, 5)
    step = f(x, gradient, 1, 1e-6) - x
    yield Case("max(<f(x, g, 1) - x, g(x)>, -1e-12)", {"x": x}, max(float(step @ gradient(x)), -1e-12), -1e-12, 0)


@catalogue.law("convergence on quadratics", "sign", "steps too long", "one coordinate left out")
def finds_the_minimum_of_a_quadratic(f: OptimiserSubject, rng: np.random.Generator) -> Iterator[Case]:
    """4000 steps of lr .01 come within .01 of the minimum."""
    x, minimum, gradient = quadratic(rng, 5)
    yield Case("f(x, g, 4000)", {"x": x}, f(x, gradient, 4000), minimum, 0.01)


@catalogue.law("coordinates are alike", "one coordinate left out", "global norm in place of coordinates")
def every_coordinate_alone(f: OptimiserSubject, rng: np.random.Generator) -> Iterator[Case]:
    """On a sum of functions of single coordinates each runs as if alone."""
    x, minimum, _ = quadratic(rng, 3)
    alone = [f(x[i:i + 1], towards(minimum[i:i + 1]), 7)[0] for i in range(3)]
    yield Case("f(x, lambda x: x - minimum, 7)", {"x": x, "minimum": minimum}, f(x, towards(minimum), 7), alone, f.tol)


@catalogue.law("Kingma and Ba 2015, section 2.1", "bias of the moments kept", "moments exchanged", needs=of_adam)
def the_first_step_of_adam_is_a_sign(f: OptimiserSubject, rng: np.random.Generator) -> Iterator[Case]:
    """The first step is lr times the sign of the gradient, up to eps."""
    x, g = rng.standard_normal(5), rng.choice([-1, 1], 5) * rng.uniform(0.5, 2, 5)
    yield Case("f(x, lambda x: g, 1)", {"x": x, "g": g}, f(x, lambda x: g, 1), x - 0.01 * np.sign(g), 1e-9)


# Wrong versions


def _adam(x: Array, gradient: Gradient, steps: int, lr: float, *, corrected: bool = True, inside: bool = False,
          exchanged: bool = False, whole: bool = False, skip: int | None = None) -> Array:
    b1, b2 = (0.999, 0.9) if exchanged else (0.9, 0.999)
    m, v = np.zeros_like(x), np.zeros_like(x)
    for t in range(1, steps + 1):
        g = gradient(x)
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * (np.mean(g**2) if whole else g**2)
        c1, c2 = (1 - b1**t, 1 - b2**t) if corrected else (1, 1)
        step = m / c1 / (np.sqrt(v / c2 + 1e-8) if inside else np.sqrt(v / c2) + 1e-8)
        if skip is not None and len(x) > 1:
            step[skip] = 0
        x = x - lr * step
    return x


def _decayed(x: Array, gradient: Gradient, steps: int, lr: float) -> Array:
    for _ in range(steps):
        x = (x - lr * gradient(x)) * (1 - 1e-4)
    return x


class _Shared:
    """Momentum whose velocity survives from one run to the next."""

    v: Any = 0.0

    def __call__(self, x: Array, gradient: Gradient, steps: int, lr: float) -> Array:
        for _ in range(steps):
            self.v = 0.9 * (self.v if np.shape(self.v) == x.shape else 0) + gradient(x)
            x = x - lr * self.v
        return x


for _name, _kind, _wrong in (
        ("sign", "sgd", lambda x, g, steps, lr: reference("sgd", x, g, steps, -lr)),
        ("bias of the moments kept", "adam", lambda *a: _adam(*a, corrected=False)),
        ("eps inside the root", "adam", lambda *a: _adam(*a, inside=True)),
        ("moments exchanged", "adam", lambda *a: _adam(*a, exchanged=True, corrected=False)),
        ("global norm in place of coordinates", "adam", lambda *a: _adam(*a, whole=True)),
        ("one coordinate left out", "adam", lambda *a: _adam(*a, skip=-1)),
        ("one step late", "sgd", lambda x, g, steps, lr: reference("sgd", x, g, steps - 1, lr)),
        ("state shared between runs", "momentum", _Shared()),
        ("noise added", "sgd", lambda x, g, steps, lr: reference("sgd", x, g, steps, lr) + 1e-12),
        ("weights decay unasked", "sgd", _decayed),
        ("steps too long", "sgd", lambda x, g, steps, lr: reference("sgd", x, g, steps, 300 * np.sqrt(lr)))):
    catalogue.mistake(_name, kind=_kind)(_wrong)
