"""Identities run on exact numbers, drawn as from a generator, and derivatives along a direction.             [1.33]"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from refvae import trees
from refvae.check.arrays import constants, finite, variables
from refvae.check.field import Field
from refvae.check.functions import ROUNDING
from refvae.check.number import Number
from refvae.check.numeric import STEP
from refvae.check.proof import Found, Proof, decide
from refvae.trees import Array, Tree

WIDTH = 2.0**-17  # of the difference that gives a derivative its witness


class Chance(np.random.Generator):
    """A generator whose real draws are exact numbers, each a variable of its own with the draw as its witness."""

    def __init__(self, field: Field, seed: Sequence[int]) -> None:
        super().__init__(np.random.PCG64(seed))
        self.field = field

    def _variables(self, draws: Any) -> Any:
        return variables(self.field, draws, False)[()]

    def standard_normal(self, *args: Any, **kwargs: Any) -> Any:
        return self._variables(super().standard_normal(*args, **kwargs))

    def normal(self, *args: Any, **kwargs: Any) -> Any:
        return self._variables(super().normal(*args, **kwargs))

    def random(self, *args: Any, **kwargs: Any) -> Any:
        return self._variables(super().random(*args, **kwargs))

    def uniform(self, *args: Any, **kwargs: Any) -> Any:
        return self._variables(super().uniform(*args, **kwargs))

    def exponential(self, *args: Any, **kwargs: Any) -> Any:
        return self._variables(super().exponential(*args, **kwargs))


def along(f: Callable[[Any], Any], x: Any, v: Any) -> Any:
    """The derivative of f at x along v: by an imaginary step or, of exact numbers, by eps^2 = 0, (1.33)."""
    if not trees.is_exact(x):
        return np.imag(f(x + 1j * STEP * v)) / STEP
    field = next(each.field for each in np.ravel(x) if type(each) is Number)
    pairs = [np.ravel(constants(field, np.broadcast_to(each, np.shape(x)))) for each in (x, v)]

    def at(h: float) -> Array:
        moved = [Number(field, one.a, way.a, one.x + h * way.x, one.m + abs(h) * way.m, one.size)
                 for one, way in zip(*pairs, strict=True)]
        return constants(field, f(constants(field, moved).reshape(np.shape(x))[()]))

    def slope(here: Number, forth: Number, back: Number) -> Number:
        m = (forth.m + back.m) * (1 / WIDTH + WIDTH**2 / ROUNDING)  # rounding, and what a difference leaves out
        return Number(field, here.b, 0, (forth.x - back.x) / (2 * WIDTH), m, 2 * here.size + field.size)

    return np.frompyfunc(slope, 3, 1)(at(0.0), at(WIDTH), at(-WIDTH))


def equal(got: Tree, want: Tree) -> Found | None:
    """Whether two trees of exact numbers agree, one by one; None where a float stands against a float.

    Integers and rationals of Python are exact numbers without chance.
    """
    sides = [trees.leaves(tree) for tree in (got, want)]
    if all(np.asarray(leaf).dtype.kind in "fc" for side in sides for leaf in side):
        return None
    left, right = ([value for leaf in side for value in np.ravel(leaf).tolist()] for side in sides)
    pairs = list(zip(left, right, strict=True))
    numbers = [one for pair in pairs for one in pair if type(one) is Number]
    if not all(Number in map(type, pair) or (pair == (0, 0) and numbers) or _are_rational(pair) for pair in pairs):
        return None
    if not numbers:
        return Found(all(u == v for u, v in pairs), 0, True)
    found = [constants(numbers[0].field, pair) for pair in pairs]
    return Found(all(u.a == v.a for u, v in found), max(u.size + v.size for u, v in found),
                 finite([one for pair in found for one in pair]))


def _are_rational(values: Sequence[Any]) -> bool:
    return all(isinstance(value, (int, Fraction)) for value in values)


def prove_check(check: Callable[[Any, np.random.Generator], Any], subject: Any, seed: int, relations: int,
                least: int = 0) -> Proof:
    """Whether the two routes that a check compares are the same function of what it draws."""
    def trial(field: Field, shake: float) -> Found:
        found: Found | None = check(subject, Chance(field, [seed, int(1024 * (1 + shake))])).exact
        if found is None:
            raise NotImplementedError("exact numbers are rational or drawn with rng, and compared by gap, entrywise or "
                                      "vanishes")
        return found

    return decide(trial, seed, relations=relations, least=least)[0]
