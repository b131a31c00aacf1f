"""The numbers re + im i modulo a prime that is 3 mod 4, where every integer has a square root.  (1.35)"""

from __future__ import annotations

from typing import Any

from refvae.check.constant import Pole


class Pair:
    """re + im i with i^2 = -1 modulo p: where the roots of all integers mod p are, since -1 is no square.

    Whatever was computed from a root is a Pair, whatever was not is an int.
    """

    __slots__ = ("im", "re")

    def __init__(self, re: int, im: int) -> None:
        self.re, self.im = re, im

    def __add__(u, v: Any) -> Any:
        if type(v) is Pole:
            return v
        return Pair(u.re + v, u.im) if type(v) is int else Pair(u.re + v.re, u.im + v.im)

    def __mul__(u, v: Any) -> Any:
        if type(v) is Pole:
            return v
        if type(v) is int:
            return Pair(u.re * v, u.im * v)
        return Pair(u.re * v.re - u.im * v.im, u.re * v.im + u.im * v.re)

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(u) -> Pair:
        return Pair(-u.re, -u.im)

    def __sub__(u, v: Any) -> Any:
        return u.__add__(-v)

    def __rsub__(u, v: Any) -> Any:
        return (-u).__add__(v)

    def __mod__(u, p: int) -> Pair:
        return Pair(u.re % p, u.im % p)

    def __pow__(u, k: int, p: int) -> Pair:
        if k < 0:
            unit = pow(u.re * u.re + u.im * u.im, -1, p)
            return Pair(u.re * unit, -u.im * unit)._power(-k, p)
        return u._power(k, p)

    def _power(u, k: int, p: int) -> Pair:
        half = u._power(k // 2, p) if k > 1 else Pair(1, 0)
        found: Pair = half * half * (u if k % 2 else 1) % p
        return found

    def __eq__(u, v: Any) -> bool:
        return (u.re, u.im) == ((v, 0) if type(v) is int else (v.re, v.im))

    def __hash__(u) -> int:
        return hash((u.re, u.im) if u.im else u.re)

    def __bool__(u) -> bool:
        return bool(u.re or u.im)


