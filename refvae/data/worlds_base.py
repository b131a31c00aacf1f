"""What a law with known truth is, and how its parameters are read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from refvae.inputs import generator, matrix, whole
from refvae.trees import Array

QUIET: Any = {"over": "ignore", "under": "ignore", "divide": "ignore"}  # what leaves the floats is 0 or infinite


@dataclass(frozen=True, eq=False)
class World:
    """A law on R^d with known density.

    name     of the law
    d        dimension
    sample   (rng, n) -> (n, d) independent draws
    logpdf   x (n, d) -> (n,) natural logarithm of the density
    score    x (n, d) -> (n, d) gradient of logpdf with respect to x
    entropy  -E log p in nats, computed when first asked for

    logpdf and score are accurate in the tails, as far out as |x| = 1e300.
    """

    name: str
    d: int
    _draw: Callable[[np.random.Generator, int], Array] = field(repr=False)
    _logpdf: Callable[[Array], Array] = field(repr=False)
    _score: Callable[[Array], Array] = field(repr=False)
    _entropy: Callable[[], float] = field(repr=False)

    def sample(self, rng: np.random.Generator | int, n: int) -> Array:
        """Draw (n, d) from a generator or an integer seed; TypeError or ValueError for other rng or n < 1."""
        return self._draw(generator(rng), whole(n, "n"))

    def logpdf(self, x: Any) -> Array:
        """The log density (n,) at the rows of x (n, d), -inf where it is 0; TypeError or ValueError for other x."""
        with np.errstate(**QUIET):
            return self._logpdf(self._points(x))

    def score(self, x: Any) -> Array:
        """The gradient (n, d) of the log density at the rows of x (n, d); TypeError or ValueError for other x.

        It is 0 where there is none: outside a box, and in the coordinates of a Laplace law that are 0.
        """
        with np.errstate(**QUIET):
            return self._score(self._points(x))

    @cached_property
    def entropy(self) -> float:
        """Differential entropy in nats."""
        return float(self._entropy())

    def _points(self, x: Any) -> Array:
        points = matrix(x, "x")
        if points.shape[1] != self.d:
            raise ValueError(f"x: got shape {points.shape}, wanted (n, {self.d})")
        return points


def reals(value: Any, name: str, wanted: str) -> Array:
    """A parameter as a finite float64 array, (d,) or () as `wanted` says: "(d,)" or "a number".

    Raises ValueError for another shape, and what `refvae.inputs.matrix` raises.
    """
    try:
        shape = np.shape(value)
    except ValueError as error:
        raise ValueError(f"{name}: got rows of unequal length, wanted {wanted}") from error
    if len(shape) != (wanted != "a number"):
        raise ValueError(f"{name}: got shape {shape}, wanted {wanted}")
    return np.asarray(matrix(np.reshape(value, (1, -1)), name).reshape(shape))


def positive(value: Any, name: str, wanted: str) -> Array:
    """The same, and ValueError unless every entry is > 0."""
    a = reals(value, name, wanted)
    if not (a > 0).all():
        raise ValueError(f"{name}: got {a.tolist()}, wanted > 0")
    return a
