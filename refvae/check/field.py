"""One finite field, and the formal elements in it: exp(a), log(a), sqrt(a), ... as random elements remembered by a.

They obey the relations that are written here, all true of real numbers, and no others.              (1.33) to (1.35)
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from itertools import chain
from typing import Any

BITS = 89  # of the prime: three digits of an integer of CPython
MULTIPLES = (1, 2, 3, 4, 6, 8, 16)  # of a / 4: exp(a) = r^4, so that exp(a / 2), exp(3 a), ... are known with it
FEW = 4000  # known values among which relations are looked for
Site = tuple[str, int]  # file and line


def prime(draw: random.Random) -> int:
    """A random prime of BITS bits that is 3 mod 4, so that -1 is no square."""
    while True:
        p = draw.getrandbits(BITS) | 1 << BITS - 1 | 3
        if all(p % q for q in (3, 5, 7, 11, 13)) and all(pow(draw.randrange(2, p), p // 2, p) in (1, p - 1)
                                                         for _ in range(24)):
            return p


class Field:
    """One run: a random prime p, the formal elements drawn so far, and the branches taken.

    related    whether sums of known arguments of exp, and products of those of log, are looked for
    rooted     whether sqrt(a) is a root of a with a random sign; else it is free, and only d sqrt(a) = da / 2 sqrt(a)
    squares    of every such root, whether its radicand was a square among the integers mod p
    branches   line -> the outcomes of comparisons there;   ties  the lines where the witness lay between two branches
    logs       a -> log(a), and  roots  a -> sqrt(a), as far as they are known
    size       what the formal elements add to the bound of (1.34);   count  how many there are
    """

    def __init__(self, seed: int, related: bool = False, rooted: bool = False) -> None:
        self._random = random.Random(seed)
        self.p, self.related, self.rooted, self.size, self.count = prime(self._random), related, rooted, 0, 0
        self.branches: dict[Site, set[bool]] = {}
        self.ties: set[Site] = set()
        self.squares: list[bool] = []
        self.constants: dict[Any, Any] = {}
        self.roots: dict[Any, Any] = {0: 0}
        self._exp: dict[Any, Any] = {0: 1}
        self.logs: dict[Any, Any] = {1: 0}
        self._tan: dict[Any, Any] = {0: 0}
        self._free: dict[Any, int] = {}

    def again(self, seed: int) -> Field:
        """A field of the same kind."""
        return Field(seed, self.related, self.rooted)

    def draw(self) -> int:
        """A random element, not 0."""
        return self._random.randrange(1, self.p)

    def exp(self, a: Any) -> Any:
        """A power of a random r = exp(a / 4); the positive root of exp(2a) if that is known."""
        if a not in self._exp:
            quarter, square = a * pow(4, -1, self.p) % self.p, self._exp.get(2 * a % self.p)
            if square is not None:
                self._remember(a, self.sqrt(square), (1,))
            elif (b := self._partner(self._exp, lambda b: (a - b) % self.p)) is not None:
                self._remember(a, self._exp[b] * self._exp[(a - b) % self.p] % self.p, (1, 2))
            else:
                self._remember(quarter, self._exp.get(quarter) or self.draw(), MULTIPLES)
        return self._exp[a]

    def log(self, a: Any) -> Any:
        """The l with exp(l) = a."""
        if a not in self.logs:
            b = self._partner(self.logs, lambda b: a * b % self.p)
            self._remember(self.draw() if b is None else (self.logs[a * b % self.p] - self.logs[b]) % self.p, a, (1, 2))
        return self.logs[a]

    def _remember(self, a: Any, r: Any, multiples: tuple[int, ...]) -> None:
        """exp(k a) = r^k, both ways."""
        for k in chain(multiples, (-k for k in multiples)):
            self._exp.setdefault(k * a % self.p, pow(r, k, self.p))
            self.logs.setdefault(self._exp[k * a % self.p], k * a % self.p)

    def _partner(self, known: dict[Any, Any], other: Callable[[Any], Any]) -> Any:
        """A known b such that other(b) is known too; looked for if `related`, and among few."""
        if not self.related or len(known) > FEW:
            return None
        return next((b for b in known if other(b) in known), None)

    def sqrt(self, a: Any) -> Any:
        """exp(l / 2) where a is a known exp(l); else free, or a root of a if `rooted` and a contains no root itself."""
        half = self.logs.get(a, 1) * pow(2, -1, self.p) % self.p
        if a not in self.roots and a in self.logs and half in self._exp:
            return self._exp[half]
        if a not in self.roots:
            self.roots[a] = self._root(a) if self.rooted and type(a) is int else self.draw()
        return self.roots[a]

    def _root(self, a: int) -> Pair:
        """A root of a or, where a is no square, i times a root of -a; its sign is random."""
        r, sign = pow(a, (self.p + 1) // 4, self.p), self._random.choice((1, -1))
        self.squares.append(r * r % self.p == a)
        return Pair(sign * r % self.p, 0) if self.squares[-1] else Pair(0, sign * r % self.p)

    def tan_half(self, a: Any) -> Any:
        """t = tan(a / 2), where cos(a) = (1 - t^2) / (1 + t^2) and sin(a) = 2t / (1 + t^2)."""
        if a not in self._tan:
            angle = a * pow(2, -1, self.p) % self.p
            t = self._tan.get(angle) or self.draw()
            for _ in range(3):
                t = self._tan.setdefault(angle, t)
                self._tan[-angle % self.p] = -t % self.p
                angle, t = 2 * angle % self.p, 2 * t * pow(1 - t * t, -1, self.p) % self.p
        return self._tan[a]

    def free(self, *of: Any) -> int:
        """A formal element of which nothing but its derivative is known."""
        return self._free.setdefault(of, self.draw())

    def took(self, outcome: bool, tie: bool) -> bool:
        """The outcome of a comparison, noted with the line of code that asked."""
        frame = sys._getframe(1)
        while frame.f_back and frame.f_globals.get("__name__", "").startswith(("numpy", "refvae.check.")):
            frame = frame.f_back
        site = frame.f_code.co_filename, frame.f_lineno
        self.branches.setdefault(site, set()).add(outcome)
        if tie:
            self.ties.add(site)
        return outcome


class Pair:
    """re + im i with i^2 = -1 modulo p: where the roots of all integers mod p are, since -1 is no square.

    Whatever was computed from a root is a Pair, whatever was not is an int.
    """

    __slots__ = ("im", "re")

    def __init__(self, re: int, im: int) -> None:
        self.re, self.im = re, im

    def __add__(u, v: Any) -> Pair:
        return Pair(u.re + v, u.im) if type(v) is int else Pair(u.re + v.re, u.im + v.im)

    def __mul__(u, v: Any) -> Pair:
        if type(v) is int:
            return Pair(u.re * v, u.im * v)
        return Pair(u.re * v.re - u.im * v.im, u.re * v.im + u.im * v.re)

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(u) -> Pair:
        return Pair(-u.re, -u.im)

    def __sub__(u, v: Any) -> Pair:
        return u.__add__(-v)

    def __rsub__(u, v: Any) -> Pair:
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
        return half * half * (u if k % 2 else 1) % p

    def __eq__(u, v: Any) -> bool:
        return (u.re, u.im) == ((v, 0) if type(v) is int else (v.re, v.im))

    def __hash__(u) -> int:
        return hash((u.re, u.im) if u.im else u.re)

    def __bool__(u) -> bool:
        return bool(u.re or u.im)


