"""The functions that NumPy calls on numbers as methods: formal elements, and what is made of them.   [1.33]"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from refvae.check.constant import POLE

ROUNDING = 2.0**-32  # of the witness, relative to the sum of its absolute terms: more than 2^20 operations make
Real = Callable[[float], float]


class Functions:
    """What a `Number` can do beyond arithmetic."""

    __slots__ = ()

    # Formal elements

    def exp(u: Any) -> Any:
        if u.a is POLE:
            return u._limit(math.exp)
        e, size = u.field.exp(u.a, u.size)
        return u._formal(e, e, math.exp, size)

    def log(u: Any) -> Any:
        if u.a is POLE:
            return u._limit(math.log)
        if not u.x > ROUNDING * u.m and u.field.known_log(u.a) is None:
            return u._nowhere()
        log, size = u.field.log(u.a, u.size)
        return u._formal(log, u.field.inverse(u.a), math.log, size)

    def sqrt(u: Any) -> Any:
        if not u.x > ROUNDING * u.m and u.field.known_log(u.a) is None:
            return u if not u.a and not u.b else u._nowhere()
        root, size = u.field.sqrt(u.a, u.size)
        return u._formal(root, u.field.half * u.field.inverse(root), math.sqrt, size)

    def sin(u: Any) -> Any:
        sin, cos, size = u._circle()
        return u._formal(sin, cos, math.sin, size)

    def cos(u: Any) -> Any:
        sin, cos, size = u._circle()
        return u._formal(cos, -sin, math.cos, size)

    def _circle(u: Any) -> tuple[Any, Any, int]:
        (t, size), p = u.field.tan_half(u.a), u.field.p
        unit = u.field.inverse((1 + t * t) % p)
        return 2 * t * unit % p, (1 - t * t) * unit % p, 2 * size

    def arctan(u: Any) -> Any:
        return u._formal(u.field.free("arctan", u.a), u.field.inverse((1 + u.a * u.a) % u.field.p), math.atan, 1)

    # What is made of them, with a witness that does not cancel

    def expm1(u: Any) -> Any:
        return u._seen(math.expm1, u.exp() - 1)

    def log1p(u: Any) -> Any:
        log = (1 + u).log()
        return log if math.isnan(log.x) else u._seen(math.log1p, log)

    def sinh(u: Any) -> Any:
        return u._seen(math.sinh, (u.exp() - (-u).exp()) / 2)

    def cosh(u: Any) -> Any:
        return u._seen(math.cosh, (u.exp() + (-u).exp()) / 2)

    def tanh(u: Any) -> Any:
        e = (u + u).exp()
        return u._seen(math.tanh, (e - 1) / (e + 1))

    def tan(u: Any) -> Any:
        return u.sin() / u.cos()

    def arctanh(u: Any) -> Any:
        return ((1 + u).log() - (1 - u).log()) / 2

    def arcsinh(u: Any) -> Any:
        return (u + (u * u + 1).sqrt()).log()

    def exp2(u: Any) -> Any:
        return (u * u.like(2).log()).exp()

    def log2(u: Any) -> Any:
        return u.log() / u.like(2).log()

    def log10(u: Any) -> Any:
        return u.log() / u.like(10).log()


def at(f: Real, x: float, m: float) -> tuple[float, float]:
    """A real function at a witness, and the sum of its absolute terms: how far it moves if the witness does."""
    points = x, x + ROUNDING * m, x - ROUNDING * m
    try:
        y, up, down = map(f, points)
    except (OverflowError, ValueError, ZeroDivisionError):
        y, up, down = (_value(f, each) for each in points)
    return y, abs(y) + (abs(up - y) + abs(y - down)) / (2 * ROUNDING) if math.isfinite(y) else 0.0


def _value(f: Real, x: float) -> float:
    """Infinite where it overflows at x > 0, greater than all that is finite; NaN where it has no value or sign."""
    try:
        return f(x)
    except OverflowError:
        return math.inf if x > 0 else math.nan
    except (ValueError, ZeroDivisionError):
        return math.nan
