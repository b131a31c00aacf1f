"""One finite field, and the formal elements in it: exp(a), log(a), sqrt(a), ... as random elements remembered by a.

They obey the relations that are written here, all true of real numbers, and no others.              (1.33) to (1.35)
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from functools import lru_cache
from itertools import islice
from types import CodeType
from typing import Any

from refvae.check.pair import Pair

BITS = 89  # of the prime: three digits of an integer of CPython
MULTIPLES = (1, 2, 3, 4, 6, 8, 16)  # of a / 4: exp(a) = r^4, so that exp(a / 2), exp(3a / 2), ... are known with it
FEW = 4000  # known values among which relations are looked for
Site = tuple[str, int, Any]  # file, line, and place of the expression in it
Known = tuple[Any, int]  # an element, and its size as in (1.34)


@lru_cache(4096)
def place(code: CodeType, instruction: int) -> Any:
    """Where the expression stands that an instruction is of; a call may begin at another when it is done often."""
    return next(islice(code.co_positions(), instruction // 2, None))


@lru_cache(1024)
def prime(seed: int, bits: int = BITS) -> int:
    """A random prime of so many bits that is 3 mod 4, so that -1 is no square.                            (1.34)

    Euler's test is then that of Miller and Rabin, which a composite number passes for a quarter of the bases at most.
    """
    draw = random.Random(seed)
    while True:
        p = draw.getrandbits(bits) | 1 << bits - 1 | 3
        if all(p % q for q in (3, 5, 7, 11, 13)) and all(pow(draw.randrange(2, p), p // 2, p) in (1, p - 1)
                                                         for _ in range(bits // 2)):
            return p


class Field:
    """One run: a random prime p of `bits` bits, the formal elements drawn so far, and the branches taken.

    related    whether sums of known arguments of exp, and products of those of log, are looked for
    rooted     whether sqrt(a) is a root of a with a random sign; else it is free, and only d sqrt(a) = da / 2 sqrt(a)
    squares    of every such root, whether its radicand was a square among the integers mod p
    branches   where something was compared -> the outcomes;   ties  where rounding of a witness could decide
    roots      a -> sqrt(a), as far as they are known;   decimals  whether constants are those that are written
    size       what the formal elements add to the bound of (1.34);   count  how many there are
    """

    def __init__(self, seed: int, related: bool = False, rooted: bool = False, bits: int = BITS) -> None:
        self._random, self.p = random.Random(f"elements {seed}"), prime(seed, bits)
        self.related, self.rooted, self.bits, self.size, self.count = related, rooted, bits, 0, 0
        self.decimals = False
        self.branches: dict[Site, set[bool]] = {}
        self.ties: set[Site] = set()
        self.squares: list[bool] = []
        self.constants: dict[Any, Any] = {}
        self.roots: dict[Any, Any] = {}
        self._inverses: dict[Any, Any] = {}
        self._exp: dict[Any, Known] = {0: (1, 0)}
        self._log: dict[Any, Known] = {1: (0, 0)}
        self._tan: dict[Any, Known] = {0: (0, 0)}
        self._free: dict[Any, int] = {}
        self.half, self._quarter = (pow(k, -1, self.p) for k in (2, 4))

    def again(self, seed: int) -> Field:
        """A field of the same kind."""
        return Field(seed, self.related, self.rooted, self.bits)

    def draw(self) -> int:
        """A random element, not 0."""
        return self._random.randrange(1, self.p)

    def inverse(self, a: Any) -> Any:
        """1 / a, remembered."""
        if a not in self._inverses:
            self._inverses[a] = pow(a, -1, self.p)
        return self._inverses[a]

    def exp(self, a: Any, size: int) -> Known:
        """A power of a random r = exp(a / 4); the positive root of exp(2a) if that is known."""
        if (known := self._known_exp(a)) is not None:
            return known
        if (square := self._known_exp(2 * a % self.p)) is not None:
            self._remember(a, size, *self.sqrt(*square))
        elif (b := self._summand(a)) is not None:
            (e, m), (f, n) = self._exp[b], self._exp[(a - b) % self.p]
            self._remember(a, size, e * f % self.p, m + n)
        else:
            quarter = a * self._quarter % self.p
            r, degree = self._known_exp(quarter) or (self.draw(), 1)
            self._note(quarter, size, self._ladder, r, degree)
        return self._exp[a]

    def _known_exp(self, a: Any) -> Known | None:
        """exp(a) or 1 / exp(-a), if one is known."""
        if a not in self._exp and (other := self._exp.get(-a % self.p)) is not None:
            self._exp[a] = self.inverse(other[0]), other[1]
        return self._exp.get(a)

    def log(self, a: Any, size: int) -> Known:
        """The l with exp(l) = a."""
        if (known := self.known_log(a)) is not None:
            return known
        if (b := self._factor(a)) is not None:
            (c, m), (d, n) = self._log[a * b % self.p], self._log[b]
            self._remember((c - d) % self.p, m + n, a, size)
        else:
            self._remember(self.draw(), 1, a, size)
        return self._log[a]

    def known_log(self, a: Any) -> Known | None:
        """log(a) or -log(1 / a), if one is known."""
        if a and a not in self._log and (other := self._log.get(self.inverse(a))) is not None:
            self._log[a] = -other[0] % self.p, other[1]
        return self._log.get(a)

    def _ladder(self, r: Any) -> tuple[Any, ...]:
        """r^k for all k of MULTIPLES."""
        p = self.p
        square, cube = r * r % p, r * r * r % p
        fourth, sixth = square * square % p, cube * cube % p
        eighth = fourth * fourth % p
        return r, square, cube, fourth, sixth, eighth, eighth * eighth % p

    def _remember(self, a: Any, size: int, e: Any, degree: int) -> None:
        """exp(a) = e and exp(2a) = e^2."""
        self._note(a, size, lambda e: (e, e * e % self.p), e, degree)

    def _note(self, a: Any, size: int, powers: Callable[[Any], tuple[Any, ...]], r: Any, degree: int) -> None:
        """exp(k a) = r^k for the first k of MULTIPLES, both ways, given exp(a) = r.

        Where relations are looked for exp(-k a) = 1 / r^k too: one inverse serves all.
        """
        up = powers(r)
        self._enter(a, size, up, degree)
        if self.related:
            down = powers(self.inverse(r))
            self._inverses.update(zip(up, down, strict=True))
            self._enter(-a, size, down, degree)

    def _enter(self, a: Any, size: int, powers: tuple[Any, ...], degree: int) -> None:
        for k, power in zip(MULTIPLES, powers, strict=False):
            multiple = k * a % self.p
            self._exp.setdefault(multiple, (power, k * degree))
            self._log.setdefault(power, (multiple, size))

    def _summand(self, a: Any) -> Any:
        """The first known argument b of exp for which a - b is one too; looked for if `related`, and among few."""
        known, p = self._exp, self.p
        if not self.related or len(known) > FEW:
            return None
        return next((b for b in known if (a - b) % p in known), None)

    def _factor(self, a: Any) -> Any:
        """The first known argument b of log for which ab is one too; looked for if `related`, and among few."""
        known, p = self._log, self.p
        if not self.related or len(known) > FEW:
            return None
        return next((b for b in known if a * b % p in known), None)

    def sqrt(self, a: Any, size: int) -> Known:
        """exp(l / 2) where a is a known exp(l); else free, or a root of a if `rooted` and a contains no root itself."""
        if a not in self.roots and (log := self.known_log(a)) is not None \
                and (root := self._known_exp(log[0] * self.half % self.p)) is not None:
            return root
        if a not in self.roots:
            self.roots[a] = self._root(a) if self.rooted and type(a) is int else self.draw()
        return self.roots[a], 2 * size if self.rooted else 1

    def _root(self, a: int) -> Pair:
        """A root of a or, where a is no square, i times a root of -a; its sign is random."""
        r, sign = pow(a, (self.p + 1) // 4, self.p), self._random.choice((1, -1))
        self.squares.append(r * r % self.p == a)
        return Pair(sign * r % self.p, 0) if self.squares[-1] else Pair(0, sign * r % self.p)

    def tan_half(self, a: Any) -> Known:
        """t = tan(a / 2), where cos(a) = (1 - t^2) / (1 + t^2) and sin(a) = 2t / (1 + t^2)."""
        if a not in self._tan:
            angle = a * self.half % self.p
            t, size = self._tan.get(angle) or (self.draw(), 1)
            for _ in range(3):
                self._tan.setdefault(angle, (t, size))
                self._tan.setdefault(-angle % self.p, (-t % self.p, size))
                angle, t, size = 2 * angle % self.p, 2 * t * pow(1 - t * t, -1, self.p) % self.p, 2 * size
        return self._tan[a]

    def free(self, *of: Any) -> int:
        """A formal element of which nothing but its derivative is known."""
        return self._free.setdefault(of, self.draw())

    def took(self, outcome: bool, tie: bool) -> bool:
        """The outcome of a comparison, noted with the line of code that asked."""
        frame = sys._getframe(1)
        while frame.f_back and frame.f_globals.get("__name__", "").startswith(("numpy.", "refvae.check.")):
            frame = frame.f_back
        site = frame.f_code.co_filename, frame.f_lineno, place(frame.f_code, frame.f_lasti)
        self.branches.setdefault(site, set()).add(outcome)
        if tie:
            self.ties.add(site)
        return outcome
