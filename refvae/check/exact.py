"""Layers and identities run on exact numbers: the trials that `proof` decides.                       (1.33), (1.34)"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from math import isfinite
from typing import Any

import numpy as np

from refvae import trees
from refvae.check.arrays import constants, variables
from refvae.check.field import Field
from refvae.check.functions import ROUNDING
from refvae.check.number import Number
from refvae.check.numeric import STEP, stencil
from refvae.check.problem import Layer, call, entry
from refvae.check.proof import NOT_RUN, PROVED, Found, Proof, Run, decide
from refvae.check.report import block_error
from refvae.check.symbolic import difference
from refvae.inputs import same_shape
from refvae.trees import Array, Tree

WIDTH = 2.0**-17  # of the difference that gives a derivative its witness
UNSEEN = (" (the same to rounding: they differ by less, as 3 * 0.1 and 0.3 do, or agree by a relation that exact "
          "numbers do not know, such as sqrt(a b) = sqrt(a) sqrt(b))")


def prove_layer(f: Callable[..., Any], args: Sequence[Any], seed: int = 0, *, locate: bool = True,
                explain: bool = False, here: bool = False, relations: int = 2, least: int = 0) -> Proof:
    """Whether the pull of a layer is the adjoint of its derivative at these shapes.

    If not, `locate` says where, and `explain` gives the difference as a formula. `here` stays in the cell of the point;
    `relations` limits what may be used, and `least` what is tried, as in `decide`.
    """
    trial = Adjoint(Layer(f, args), seed)
    proof, run, shake = decide(trial, seed, relations=relations, least=least, here=here)
    if proof.status == PROVED and locate and (other := trial.other_values()):
        return Proof(NOT_RUN, note=other)
    if run is None or not locate:
        return proof
    index = trial.find(run, shake)
    note = trial.values(index, shake)
    return replace(proof, note=f"{note}\n  {trial.formula(index, shake)}" if explain else note)


def prove_gradient(f: Callable[[Any], Any], x: Tree, grad: Any, seed: int, *, explain: bool) -> Proof:
    """Whether grad(x) is the gradient of a scalar function, as the layer x -> f(x), dy -> dy grad(x)."""
    if not callable(grad):
        raise TypeError("grad: got numbers, wanted a function: at one point nothing is proved")

    def scalar(x: Tree) -> tuple[Any, Callable[[Any], Tree]]:
        value = f(x)
        if np.ndim(value):
            raise ValueError(f"f(x): got shape {np.shape(value)}, wanted a scalar")
        return value, lambda dy: trees.map(lambda leaf: dy * leaf, grad(x))

    return prove_layer(scalar, (x,), seed, explain=explain)


class Adjoint:
    """The trial of a layer: <dy, Df v> = <pull(dy), v> for random dy and v, at arguments near the given ones.  (1.34)

    moves  which coordinates have a rate in v;   got  the cotangents of the last run
    sample  how far the witnesses of the first run that vanished were moved, and those of what it gave
    """

    def __init__(self, layer: Layer, seed: int) -> None:
        self.layer, self.seed = layer, seed
        parts = [np.ravel(leaf).astype(float) for leaf in trees.leaves(layer.x)]
        self.x = np.concatenate(parts)
        overall = np.sqrt(np.mean(self.x**2)) or 1.0
        self.scale = np.concatenate([np.full(len(part), np.sqrt(np.mean(part**2)) or overall) for part in parts])
        self.moves = np.ones(len(self.x), bool)
        self.got: list[Number] = []
        self.sample: tuple[float, list[float]] | None = None

    def point(self, shake: float) -> Array:
        """The witnesses of the moving arguments."""
        noise = self.scale * np.random.default_rng(self.seed).standard_normal(len(self.x))
        return (abs(shake) < 1) * self.x + shake * noise

    def cotangent(self, y: Tree, shake: float) -> Tree:
        """The witnesses of dy, of both signs in the two opposite cells."""
        rng = np.random.default_rng(self.seed + 1)
        return trees.map(lambda leaf: (-1.0) ** (shake < 0) * rng.standard_normal(np.shape(leaf)), y)

    def __call__(self, field: Field, shake: float) -> Found:
        v = _fixed(variables(field, self.point(shake), self.moves))
        y, pull = call(self.layer.f, *self._args(field, trees.unflatten(v, self.layer.x)))
        values = _flat(field, y)  # before pull, which could change y
        dy = trees.map(lambda leaf: _fixed(variables(field, leaf, False)), self.cotangent(y, shake))
        cotangents = self.layer.cotangents(call(pull, dy))
        trees.map(lambda g, x: same_shape(g, x, "pull: a cotangent and its argument"), cotangents, self.layer.x)
        self.got = _flat(field, cotangents)
        rest = sum(one.a * value.b for one, value in zip(_flat(field, dy), values, strict=True))       # (1.34)
        rest -= sum(g.a * one.b for g, one in zip(self.got, v, strict=True))                           # (1.34)
        size = sum(2 * value.size + 2 for value in values) + sum(g.size + 1 for g in self.got)
        found = Found(rest % field.p == 0, size, _finite(values + self.got))
        if found.zero and found.finite and not field.ties and self.sample is None:
            self.sample = shake, [one.x for one in values + self.got]
        return found

    def other_values(self) -> str:
        """What is wrong if the lines give other values in floating point, as after a test for the type of numbers."""
        if self.sample is None:
            return ""
        shake, exact = self.sample
        with np.errstate(all="ignore"):
            y, pull = self.layer.f(*self.layer.args(trees.unflatten(self.point(shake), self.layer.x)))
            leaves = [*trees.leaves(y), *trees.leaves(self.layer.cotangents(pull(self.cotangent(y, shake))))]
        error = block_error(np.concatenate([np.ravel(leaf) for leaf in leaves]), np.array(exact))
        return "" if error < 1e-6 else f"on floats the lines give other values, relative error {error:.2g}"

    def _args(self, field: Field, x: Tree) -> list[Any]:
        """All arguments as exact numbers, but for integers."""
        return [arg if moves else trees.map(lambda leaf: _exact(field, leaf), arg)
                for arg, moves in zip(self.layer.args(x), self.layer.moves, strict=True)]

    def find(self, run: Run, shake: float) -> int:
        """A coordinate where a refuted pull is wrong, by bisection over v."""
        left, right = 0, len(self.x)
        while right - left > 1:
            middle = (left + right) // 2
            self.moves[:] = False
            self.moves[left:middle] = True
            left, right = (middle, right) if self(run.field.again(run.seed), shake).zero else (left, middle)
        return left

    def values(self, index: int, shake: float) -> str:
        """The cotangent at one coordinate and the derivative in floating point, both at the witness."""
        got, want = self.got[index].x, self._slope(index, shake)
        shapes = dict(zip(self.layer.names, map(np.shape, trees.leaves(self.layer.x)), strict=True))
        note = f"{entry(shapes, index)}: the pull gives {got:.12g}, the derivative is {want:.12g}"
        return note if abs(got - want) > 1e-9 * max(abs(got), abs(want)) else note + UNSEEN

    def formula(self, index: int, shake: float) -> str:
        """The difference at one coordinate, by SymPy."""
        x = self.point(shake)
        return difference(self.layer, x, self.cotangent(self._value(x), shake), index)

    def _slope(self, index: int, shake: float) -> float:
        """The derivative of <dy, f> along one coordinate, in floating point."""
        x, e = self.point(shake), self.scale * (np.arange(len(self.x)) == index)
        value = self.layer.value(self.cotangent(self._value(x), shake))
        return stencil(lambda at: value(trees.unflatten(at, self.layer.x)), x, e, 2.0**-10) / float(self.scale[index])

    def _value(self, x: Array) -> Tree:
        return self.layer.f(*self.layer.args(trees.unflatten(x, self.layer.x)))[0]


def _exact(field: Field, leaf: Any) -> Any:
    return constants(field, leaf) if np.asarray(leaf).dtype.kind == "f" else leaf


def _fixed(values: Array) -> Any:
    values.flags.writeable = False
    return values[()]


def _flat(field: Field, tree: Tree) -> list[Number]:
    return [number for leaf in trees.leaves(tree) for number in constants(field, leaf).ravel()]


def _finite(numbers: Sequence[Number]) -> bool:
    return all(isfinite(number.x) for number in numbers)


# Identities


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
                 _finite([one for pair in found for one in pair]))


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
