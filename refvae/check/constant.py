"""What constants stand for: infinite ones, as in masks, and decimal ones.                          [1.33], (1.34a)"""

from __future__ import annotations

from fractions import Fraction
from typing import Any


class Pole:
    """What sums and products of an infinite constant stay; the witness has its sign."""

    __slots__ = ()

    def _stays(self, *_: Any) -> Pole:
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __neg__ = __mod__ = __pow__ = _stays


POLE = Pole()


def written(c: Any) -> Fraction:
    """The decimal fraction of 15 digits at most whose rounding the constant c is, or c itself.              (1.34a)"""
    text = f"{c:.15g}" if isinstance(c, float) else ""
    return Fraction(text) if text and float(text) == c else Fraction(c)                                # (1.34a)
