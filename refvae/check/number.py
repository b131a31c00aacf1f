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

from refvae.check.constant import POLE, written
from refvae.check.field import Field
from refvae.check.functions import ROUNDING, Functions, Real, at

blank = object.__new__  # sums and products are most of a run: they fill a number themselves, for a call costs as much
DIGITS = 1024  # binary digits of a constant that count as one in its size


class Number(Functions):
    """a + b eps with the witness x in a field.

    m     the sum of the absolute terms of x, so that rounding has moved x by less than ROUNDING m
    size  bounds degree and height of a as a rational function (1.34)
    """

    __slots__ = ("a", "b", "field", "m", "size", "x")
    is_exact = True

    def __init__(self, field: Field, a: Any, b: Any, x: float, m: float, size: int) -> None:
        self.field, self.a, self.b, self.x, self.m, self.size = field, a, b, x, m, size

    def __repr__(self) -> str:
        return f"Number({self.x:.6g})"

    def __hash__(self) -> int:
        return hash(self.a)

    def __deepcopy__(self, memo: Any) -> Number:
        return self  # a copy of the field would draw the same elements for other arguments

    def __reduce__(self) -> Any:
        raise TypeError("an exact number belongs to one run: it has no copy in a file")

    # Arithmetic

    def __add__(u, v: Any) -> Number:
        if type(v) is not Number and (v := number(u.field, v)) is NotImplemented:
            return NotImplemented
        w, p = blank(Number), u.field.p
        w.field, w.a, w.b, w.x, w.m, w.size = (
            u.field, (u.a + v.a) % p, (u.b + v.b) % p, u.x + v.x, u.m + v.m, u.size + v.size)
        return w

    def __sub__(u, v: Any) -> Number:
        if type(v) is not Number and (v := number(u.field, v)) is NotImplemented:
            return NotImplemented
        w, p = blank(Number), u.field.p
        w.field, w.a, w.b, w.x, w.m, w.size = (
            u.field, (u.a - v.a) % p, (u.b - v.b) % p, u.x - v.x, u.m + v.m, u.size + v.size)
        return w

    def __mul__(u, v: Any) -> Number:
        if type(v) is not Number and (v := number(u.field, v)) is NotImplemented:
            return NotImplemented
        w, field, a, b, x, m = blank(Number), u.field, u.a, u.b, u.x, u.m
        p, c, d, y, n = field.p, v.a, v.b, v.x, v.m
        w.field, w.a, w.b = field, a * c % p, (a * d + b * c) % p if b or d else 0
        w.x, w.m, w.size = x * y, abs(x) * n + abs(y) * m + ROUNDING * m * n, u.size + v.size
        return w

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
        return Number(u.field, -u.a % u.field.p, -u.b % u.field.p, -u.x, u.m, u.size)

    def __pos__(u) -> Number:
        return u

    def reciprocal(u) -> Number:
        """1 / u."""
        if not u.a:
            return u._nowhere()
        a = u.field.inverse(u.a)
        return u._with(a, -a * a, lambda x: 1 / x, u.size)

    def __pow__(u, k: Any) -> Number:
        """Whole powers, halves through sqrt, all others as exp(k log u)."""
        if isinstance(k, np.ndarray):
            return NotImplemented
        if type(k) is Number or not math.isfinite(k) or k * 2 != int(k * 2):
            return cast(Number, (u.log() * k).exp())
        if k != int(k):
            return cast(Number, u.sqrt() ** int(2 * k))
        k = int(k)
        if k < 0:
            return u.reciprocal().__pow__(-k)
        if k == 2:
            return u * u
        slope = k * pow(u.a, k - 1, u.field.p) if k else 0
        return u._with(pow(u.a, k, u.field.p), slope, lambda x: x**k, k * u.size or 1)

    def __rpow__(u, base: Any) -> Number:
        return cast(Number, (u * u.like(base).log()).exp())

    def _with(u, a: Any, slope: Any, f: Real, size: int) -> Number:
        """f(u) with the value a and the derivative `slope`."""
        if u.a is POLE:
            return u._limit(f)
        return Number(u.field, a, slope * u.b % u.field.p, *at(f, u.x, u.m), size)

    def _formal(u, a: Any, slope: Any, f: Real, size: int) -> Number:
        u.field.size += 2 * (u.size + size)
        u.field.count += 1
        return u._with(a, slope, f, size)

    def _seen(u, f: Real, v: Number) -> Number:
        """The number v = f(u) with the witness f(x)."""
        if u.a is POLE:
            return u._limit(f)
        return Number(u.field, v.a, v.b, *at(f, u.x, u.m), v.size)

    def _limit(u, f: Real) -> Number:
        """f(inf) or f(-inf), a constant; the witness decides which."""
        u.field.took(u.x > 0, math.isnan(u.x))
        return u.like(at(f, u.x, 0.0)[0])

    def _nowhere(u) -> Number:
        """What has no real value: a number of its own, without a witness."""
        return Number(u.field, u.field.draw(), 0, math.nan, 0.0, 1)

    def like(u, c: Any) -> Number:
        """The constant c in the same field."""
        return number(u.field, c)

    # Branches

    def _compare(u, other: Any, holds: Callable[[float, float], bool]) -> Any:
        v: Number = other if type(other) is Number else number(u.field, other)
        if v is NotImplemented:
            return NotImplemented
        if u.a is POLE or v.a is POLE:
            return u.field.took(holds(u.x, v.x), not (u.x < v.x or u.x > v.x or (u.x == v.x and u.a is v.a)))
        near = not abs(u.x - v.x) > ROUNDING * (u.m + v.m)
        if near and u.a == v.a:
            return u.field.took(holds(0, 0), False)
        return u.field.took(holds(u.x, v.x), near)

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

    def rint(u) -> Number:
        """The nearest whole number, on the branch of the witness."""
        if not math.isfinite(u.x):
            return u._nowhere()
        n = round(u.x)
        u.field.took(True, not abs(u.x - n) < 0.5 - ROUNDING * u.m)
        return number(u.field, n)

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


def number(field: Field, c: Any) -> Number:
    """The constant c, or NotImplemented: a float is the dyadic rational that it is, 2^k pi and such are formal.

    If the field takes `decimals`, it is what is written, (1.34a).
    """
    if not isinstance(c, (int, float, np.integer, np.floating, np.bool, Fraction)):
        return cast(Number, NotImplemented)
    found = field.constants.get(c)
    if found is None:
        found = field.constants[c] = _constant(field, c.item() if isinstance(c, np.generic) else c)
    return cast(Number, found)


def _constant(field: Field, c: Any) -> Number:
    if isinstance(c, float) and not math.isfinite(c):
        return Number(field, field.draw() if math.isnan(c) else POLE, 0, c, 0.0, 1)
    value, formal = FORMAL.get(abs(math.frexp(c)[0]) if isinstance(c, float) else 0, (1, None))
    n, d = ((written(c) if field.decimals else Fraction(c)) / Fraction(value)).as_integer_ratio()
    size = max(n.bit_length(), d.bit_length(), DIGITS) // DIGITS
    ratio = Number(field, n * pow(d, -1, field.p) % field.p, 0, *at(lambda _: n / d, float(n > 0), 0.0), size)
    return formal(field) * ratio if formal else ratio


def _pi(field: Field) -> Number:
    return Number(field, field.free("pi"), 0, math.pi, math.pi, 1)


FORMAL: dict[float, tuple[float, Callable[[Field], Any]]] = {  # by mantissa: 2^k times these
    math.frexp(value)[0]: (value, formal) for value, formal in (
        (math.pi, _pi), (math.log(math.pi), lambda field: _pi(field).log()),
        (math.e, lambda field: number(field, 1).exp()), (math.log(2), lambda field: number(field, 2).log()),
        (math.log(2 * math.pi), lambda field: (2 * _pi(field)).log()),
        (math.sqrt(2 * math.pi), lambda field: (2 * _pi(field)).sqrt()))}
