"""The difference of a wrong gradient as a formula: the same lines run on SymPy expressions, with the same witnesses.

Needs SymPy, the extra `symbolic`.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from refvae import trees
from refvae.check.problem import Layer, entry
from refvae.trees import Array

MOST = 40  # moving numbers of a layer whose formulas can still be read
FUNCTIONS = {"exp": ("exp(x)", math.exp), "log": ("log(x)", math.log), "sqrt": ("sqrt(x)", math.sqrt),
             "expm1": ("exp(x) - 1", math.expm1), "log1p": ("log(1 + x)", math.log1p), "tanh": ("tanh(x)", math.tanh),
             "sinh": ("sinh(x)", math.sinh), "cosh": ("cosh(x)", math.cosh), "sin": ("sin(x)", math.sin),
             "cos": ("cos(x)", math.cos), "tan": ("tan(x)", math.tan), "arctan": ("atan(x)", math.atan)}


class Formula:
    """A SymPy expression e, and the real witness x that decides comparisons."""

    __slots__ = ("e", "x")

    def __init__(self, e: Any, x: float) -> None:
        self.e, self.x = e, x

    def __neg__(self) -> Formula:
        return Formula(-self.e, -self.x)

    def __abs__(self) -> Formula:
        return self if self.x >= 0 else -self

    def __bool__(self) -> bool:
        return self.x != 0

    def conjugate(self) -> Formula:
        return self

    conj = conjugate


def _lifted(value: Any) -> tuple[Any, float]:
    import sympy
    if isinstance(value, Formula):
        return value.e, value.x
    return sympy.Rational(float(value)), float(value)


def _binary(f: Callable[[Any, Any], Any], compares: bool = False) -> Callable[..., Any]:
    def method(self: Formula, other: Any) -> Any:
        if isinstance(other, np.ndarray):
            return NotImplemented
        e, x = _lifted(other)
        return f(self.x, x) if compares else Formula(f(self.e, e), f(self.x, x))

    return method


def _function(text: str, real: Callable[[float], float]) -> Callable[[Formula], Formula]:
    def method(self: Formula) -> Formula:
        import sympy
        return Formula(sympy.sympify(text).subs("x", self.e), real(self.x))

    return method


def _turned(f: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda a, b: f(b, a)


for _name, (_text, _real) in FUNCTIONS.items():
    setattr(Formula, _name, _function(_text, _real))
for _name in ("add", "sub", "mul", "truediv", "pow"):
    setattr(Formula, f"__{_name}__", _binary(getattr(operator, _name)))
    setattr(Formula, f"__r{_name}__", _binary(_turned(getattr(operator, _name))))
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    setattr(Formula, f"__{_name}__", _binary(getattr(operator, _name), compares=True))


def difference(layer: Layer, witness: Array, cotangent: Any, index: int) -> str:
    """Pull less derivative at one coordinate, as a formula in the coordinates of the arguments and of dy."""
    import sympy
    if len(witness) > MOST:
        return f"explain: got {len(witness)} numbers, wanted at most {MOST}; give smaller arguments"
    shapes = dict(zip(layer.names, map(np.shape, trees.leaves(layer.x)), strict=True))
    x = _symbols([entry(shapes, i) for i in range(len(witness))], witness)
    y, pull = layer.f(*layer.args(trees.unflatten(x, layer.x)))
    names = itertools.count()
    dy = trees.map(lambda leaf: _symbols([f"dy[{next(names)}]" for _ in range(np.size(leaf))],
                                         np.ravel(leaf)).reshape(np.shape(leaf))[()], cotangent)
    got = [_lifted(g)[0] for leaf in trees.leaves(layer.cotangents(pull(dy))) for g in np.ravel(leaf).tolist()][index]
    value = sum(_lifted(d)[0] * _lifted(v)[0] for one, two in zip(trees.leaves(dy), trees.leaves(y), strict=True)
                for d, v in zip(np.ravel(one).tolist(), np.ravel(two).tolist(), strict=True))
    return f"pull - derivative = {sympy.factor(got - sympy.diff(value, x[index].e))}"


def _symbols(names: list[str], witness: Array) -> Array:
    import sympy
    found = np.empty(len(names), object)
    found[:] = [Formula(sympy.Symbol(name, real=True), float(x)) for name, x in zip(names, witness, strict=True)]
    return found
