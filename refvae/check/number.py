"""Exact numbers: plain NumPy lines run on object arrays of them, where every operation is exact.  (1.33) to (1.35)

A `Number` is a + b eps in a finite field, eps^2 = 0, with a real witness x beside it: a is the value, b its derivative
along one direction, and x decides comparisons, so that everything is on one branch of the code. NumPy calls functions
of objects as methods: np.exp(array) is array[i].exp() for every i.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any, cast

import numpy as np

from refvae.check.field import MULTIPLES, Field


class Number:
    """a + b eps with the witness x in a field; `size` bounds degree and height of a as a rational function (1.34)."""

    __slots__ = ("a", "b", "field", "size", "x")
    is_exact = True

    def __init__(self, field: Field, a: Any, b: Any, x: float, size: int) -> None:
        self.field, self.a, self.b, self.x, self.size = field, a, b, x, size

    def __repr__(self) -> str:
        return f"Number({self.x:.6g})"

    def __hash__(self) -> int:
        return hash(self.a)

    # Arithmetic

    def __add__(u, other: Any) -> Number:
        v: Number = other if type(other) is Number else number(u.field, other)
        if v is NotImplemented:
            return NotImplemented
        p = u.field.p
        return Number(u.field, (u.a + v.a) % p, (u.b + v.b) % p, u.x + v.x, u.size + v.size)

    def __sub__(u, other: Any) -> Number:
        v: Number = other if type(other) is Number else number(u.field, other)
        if v is NotImplemented:
            return NotImplemented
        p = u.field.p
        return Number(u.field, (u.a - v.a) % p, (u.b - v.b) % p, u.x - v.x, u.size + v.size)

    def __mul__(u, other: Any) -> Number:
        v: Number = other if type(other) is Number else number(u.field, other)
        if v is NotImplemented:
            return NotImplemented
        p, a, c = u.field.p, u.a, v.a
        return Number(u.field, a * c % p, (a * v.b + u.b * c) % p, u.x * v.x, u.size + v.size)

    __radd__, __rmul__ = __add__, __mul__

    def __rsub__(u, other: Any) -> Number:
        return (-u).__add__(other)

    def __truediv__(u, other: Any) -> Number:
        v: Number = other if type(other) is Number else number(u.field, other)
        if v is NotImplemented:
            return NotImplemented
        return u * v.reciprocal()

    def __rtruediv__(u, other: Any) -> Number:
        return u.reciprocal().__mul__(other)

    def __neg__(u) -> Number:
        return Number(u.field, -u.a % u.field.p, -u.b % u.field.p, -u.x, u.size)

    def __pos__(u) -> Number:
        return u

    def reciprocal(u) -> Number:
        """1 / u."""
        if not u.a:
            return u._nowhere()
        a = pow(u.a, -1, u.field.p)
        return u._with(a, -a * a, _at(operator.truediv, 1, u.x), u.size)

    def __pow__(u, k: Any) -> Number:
        """Whole powers, halves through sqrt, all others as exp(k log u)."""
        if type(k) is Number or k * 2 != int(k * 2):
            return u.log().__mul__(k).exp()
        if k != int(k):
            return u.sqrt().__pow__(int(2 * k))
        k = int(k)
        if k < 0:
            return u.reciprocal().__pow__(-k)
        slope = k * pow(u.a, k - 1, u.field.p) if k else 0
        return u._with(pow(u.a, k, u.field.p), slope, _at(operator.pow, u.x, k), k * u.size or 1)

    def __rpow__(u, base: Any) -> Number:
        return u.__mul__(number(u.field, base).log()).exp()

    def _with(u, a: Any, slope: Any, x: float, size: int) -> Number:
        """f(u) with the value a, the derivative `slope` and the witness x."""
        return Number(u.field, a, slope * u.b % u.field.p, x, size)

    def _formal(u, a: Any, slope: Any, x: float, size: int = 1) -> Number:
        u.field.size += 2 * (u.size + size)
        u.field.count += 1
        return u._with(a, slope, x, size)

    def _nowhere(u) -> Number:
        """What has no real value: a number of its own, without a witness."""
        return Number(u.field, u.field.draw(), 0, math.nan, 1)

    # Formal elements

    def exp(u) -> Number:
        e = u.field.exp(u.a)
        return u._formal(e, e, _at(math.exp, u.x), MULTIPLES[-1])

    def log(u) -> Number:
        if not u.x > 0 and u.a not in u.field.logs:
            return u._nowhere()
        return u._formal(u.field.log(u.a), pow(u.a, -1, u.field.p), _at(math.log, u.x))

    def sqrt(u) -> Number:
        if not u.x > 0 and u.a not in u.field.logs:
            return u if not u.a and not u.b else u._nowhere()
        s = u.field.sqrt(u.a)
        return u._formal(s, pow(2 * s, -1, u.field.p), _at(math.sqrt, u.x), 2 * u.size)

    def sin(u) -> Number:
        sin, cos = u._circle()
        return u._formal(sin, cos, _at(math.sin, u.x), 16)

    def cos(u) -> Number:
        sin, cos = u._circle()
        return u._formal(cos, -sin, _at(math.cos, u.x), 16)

    def _circle(u) -> tuple[Any, Any]:
        t, p = u.field.tan_half(u.a), u.field.p
        unit = pow(1 + t * t, -1, p)
        return 2 * t * unit % p, (1 - t * t) * unit % p

    def arctan(u) -> Number:
        return u._formal(u.field.free("arctan", u.a), pow(1 + u.a * u.a, -1, u.field.p), math.atan(u.x))

    def _seen(u, x: float) -> Number:
        """The same number with a witness that did not cancel."""
        return Number(u.field, u.a, u.b, x, u.size)

    def expm1(u) -> Number:
        return (u.exp() - 1)._seen(_at(math.expm1, u.x))

    def log1p(u) -> Number:
        return (1 + u).log()._seen(_at(math.log1p, u.x))

    def sinh(u) -> Number:
        return ((u.exp() - (-u).exp()) / 2)._seen(_at(math.sinh, u.x))

    def cosh(u) -> Number:
        return ((u.exp() + (-u).exp()) / 2)._seen(_at(math.cosh, u.x))

    def tanh(u) -> Number:
        e = (u + u).exp()
        return ((e - 1) / (e + 1))._seen(math.tanh(u.x))

    def tan(u) -> Number:
        return u.sin() / u.cos()

    def arctanh(u) -> Number:
        return ((1 + u).log() - (1 - u).log()) / 2

    def arcsinh(u) -> Number:
        return (u + (u * u + 1).sqrt()).log()

    def exp2(u) -> Number:
        return 2**u

    def log2(u) -> Number:
        return u.log() / number(u.field, 2).log()

    def log10(u) -> Number:
        return u.log() / number(u.field, 10).log()

    # Branches

    def _compare(u, other: Any, holds: Callable[[float, float], bool]) -> Any:
        v: Number = other if type(other) is Number else number(u.field, other)
        if v is NotImplemented:
            return NotImplemented
        same = u.a == v.a
        return u.field.took(holds(0, 0) if same else holds(u.x, v.x), not same and not abs(u.x - v.x) > 0)

    def __lt__(u, v: Any) -> Any:
        return u._compare(v, operator.lt)

    def __le__(u, v: Any) -> Any:
        return u._compare(v, operator.le)

    def __gt__(u, v: Any) -> Any:
        return u._compare(v, operator.gt)

    def __ge__(u, v: Any) -> Any:
        return u._compare(v, operator.ge)

    def __eq__(u, v: Any) -> Any:
        return u._compare(v, operator.eq)

    def __ne__(u, v: Any) -> Any:
        return u._compare(v, operator.ne)

    def __bool__(u) -> bool:
        return bool(u != 0)

    def __abs__(u) -> Number:
        return u if u >= 0 else -u

    # What cores that also run on complex numbers ask for

    @property
    def real(u) -> Number:
        return u

    @property
    def imag(u) -> Number:
        return 0 * u

    def conjugate(u) -> Number:
        return u

    conj = conjugate


def _at(f: Callable[..., float], *x: float) -> float:
    """A real function at the witness: inf where it overflows, NaN where it is not defined."""
    try:
        return f(*x)
    except OverflowError:
        return math.inf
    except (ValueError, ZeroDivisionError):
        return math.nan


def number(field: Field, c: Any) -> Number:
    """The constant c, or NotImplemented: a float is the dyadic rational that it is, 2^k pi and such are formal."""
    if not isinstance(c, (int, float, np.number, np.bool, Fraction)) or isinstance(c, np.complexfloating):
        return cast(Number, NotImplemented)
    if c not in field.constants:
        field.constants[c] = _constant(field, c.item() if isinstance(c, np.generic) else c)
    return cast(Number, field.constants[c])


def _constant(field: Field, c: Any) -> Number:
    if not math.isfinite(c):
        return Number(field, field.draw(), 0, float(c), 1)
    value, formal = FORMAL.get(abs(math.frexp(c)[0]) if isinstance(c, float) else 0, (c, None))
    n, d = (Fraction(c) / Fraction(value) if formal else Fraction(c)).as_integer_ratio()
    ratio = Number(field, n * pow(d, -1, field.p) % field.p, 0, n / d, 1)
    return formal(field) * ratio if formal else ratio


def _one(field: Field) -> Number:
    return Number(field, 1, 0, 1.0, 1)


def _pi(field: Field) -> Number:
    return Number(field, field.free("pi"), 0, math.pi, 1)


FORMAL: dict[float, tuple[float, Callable[[Field], Number]]] = {  # by mantissa: 2^k times these
    math.frexp(value)[0]: (value, formal) for value, formal in (
        (math.pi, _pi), (math.log(math.pi), lambda field: _pi(field).log()), (math.e, lambda field: _one(field).exp()),
        (math.log(2), lambda field: (2 * _one(field)).log()),
        (math.log(2 * math.pi), lambda field: (2 * _pi(field)).log()),
        (math.sqrt(2 * math.pi), lambda field: (2 * _pi(field)).sqrt()))}
