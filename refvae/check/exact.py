"""Layers run on exact numbers: the trials that `proof` decides.                                       (1.33), (1.34)"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from refvae import trees
from refvae.check.arrays import constants, finite, variables
from refvae.check.blame import why_not
from refvae.check.field import Field
from refvae.check.number import Number
from refvae.check.numeric import stencil
from refvae.check.problem import Layer, call, entry
from refvae.check.proof import NOT_RUN, PROVED, Found, Proof, Run, decide
from refvae.check.report import block_error
from refvae.check.symbolic import difference
from refvae.inputs import same_shape
from refvae.trees import Array, Tree

WRITTEN = "with decimal constants as they are written, 0.1 as 1/10; as floats they differ by rounding"
UNSEEN = (" (the same to rounding: they differ by less, as 3 * 0.1 and 0.3 do, or agree by a relation that exact "
          "numbers do not know, such as sqrt(a b) = sqrt(a) sqrt(b))")


def prove_layer(f: Callable[..., Any], args: Sequence[Any], seed: int = 0, *, locate: bool = True,
                explain: bool = False, here: bool = False, relations: int = 2, least: int = 0,
                decimals: bool = False) -> Proof:
    """Whether the pull of a layer is the adjoint of its derivative at these shapes.

    If not, `locate` says where, and `explain` gives the difference as a formula. `here` stays in the cell of the point;
    `relations` limits what may be used, and `least` what is tried, as in `decide`. With `decimals` it is proved as well
    if it holds for the decimal constants that floats are the roundings of, (1.34a).
    """
    trial = Adjoint(Layer(f, args), seed)
    try:
        proof, run, shake = decide(trial, seed, relations=relations, least=least, here=here)
    except Exception as error:
        trial.floats(0.0)  # raises what is wrong in floating point too
        return Proof(NOT_RUN, note=why_not(error))
    if proof.status == PROVED and locate and (other := trial.other_values()):
        return Proof(NOT_RUN, note=other)
    if run is None or not locate:
        return proof
    if decimals and (written := trial.written(relations)).status == PROVED:
        return replace(written, note=WRITTEN)
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

    return prove_layer(scalar, (x,), seed, explain=explain, decimals=True)


class Adjoint:
    """The trial of a layer: <dy, Df v> = <pull(dy), v> for random dy and v, at arguments near the given ones.  (1.34)

    moves  which coordinates have a rate in v;   got  the cotangents of the last run
    decimals  whether constants are those that are written
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
        self.decimals = False

    def written(self, relations: int) -> Proof:
        """What is said if constants are the decimals that are written.                                      (1.34a)"""
        other = Adjoint(self.layer, self.seed)
        other.decimals = True
        proof = decide(other, self.seed, relations=relations)[0]
        return Proof(NOT_RUN) if other.other_values() else proof

    def point(self, shake: float) -> Array:
        """The witnesses of the moving arguments."""
        noise = self.scale * np.random.default_rng(self.seed).standard_normal(len(self.x))
        return (abs(shake) < 1) * self.x + shake * noise

    def cotangent(self, y: Tree, shake: float) -> Tree:
        """The witnesses of dy, of both signs in the two opposite cells."""
        rng = np.random.default_rng(self.seed + 1)
        return trees.map(lambda leaf: (-1.0) ** (shake < 0) * rng.standard_normal(np.shape(leaf)), y)

    def __call__(self, field: Field, shake: float) -> Found:
        field.decimals = self.decimals
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
        found = Found(rest % field.p == 0, size, finite(values + self.got))
        if found.zero and found.finite and not field.ties and self.sample is None:
            self.sample = shake, [one.x for one in values + self.got]
        return found

    def other_values(self) -> str:
        """What is wrong if the lines give other values in floating point, as after a test for the type of numbers."""
        if self.sample is None:
            return ""
        shake, exact = self.sample
        error = block_error(self.floats(shake), np.array(exact))
        return "" if error < 1e-6 else f"on floats the lines give other values, relative error {error:.2g}"

    def floats(self, shake: float) -> Array:
        """All values and cotangents in floating point."""
        with np.errstate(all="ignore"):
            y, pull = call(self.layer.f, *self.layer.args(trees.unflatten(_fixed(self.point(shake)), self.layer.x)))
            dy = trees.map(lambda leaf: _fixed(np.asarray(leaf)), self.cotangent(y, shake))
            cotangents = self.layer.cotangents(call(pull, dy))
        trees.map(lambda g, x: same_shape(g, x, "pull: a cotangent and its argument"), cotangents, self.layer.x)
        return np.concatenate([np.ravel(leaf) for leaf in (*trees.leaves(y), *trees.leaves(cotangents))])

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
