"""Information estimates in exact rational numbers: slow, without rounding, to hold other implementations against."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from refvae.inputs import whole

Distances = Sequence[Any]  # from one point to the m others: numbers that can be compared


@lru_cache
def harmonic(n: int) -> Fraction:
    """1 + 1/2 + ... + 1/n, which is psi(n + 1) - psi(1); 0 for n = 0."""
    return sum((Fraction(1, j) for j in range(1, n + 1)), Fraction(0))                                  # (6.41)


def exact_local(distances: Sequence[Distances], k: int, method: str = "ksg1") -> Fraction:
    """What a point contributes to "ksg1" or "ksg2".   distances: to the m others in q spaces          (6.41), (6.42)

    Only comparisons of the distances enter, so any norms and any numbers will do. If several others are the k-th
    nearest, "ksg2" takes the first. Raises ValueError for unequal lengths, for k > m and for another method.
    """
    near, eps = _nearest(distances, k)
    m, q = len(distances[0]), len(distances)
    if method == "ksg1":
        counts = [sum(each < eps for each in space) for space in distances]                             # (6.41)
        return harmonic(k - 1) + (q - 1) * harmonic(m) - sum(map(harmonic, counts))                     # (6.41)
    if method != "ksg2":
        raise ValueError(f"method: got {method!r}, wanted 'ksg1' or 'ksg2'")
    spans = [max(space[j] for j in near) for space in distances]                                        # (6.42)
    counts = [sum(each <= span for each in space) for space, span in zip(distances, spans, strict=True)]  # (6.42)
    within = sum(harmonic(count - 1) for count in counts)                                               # (6.42)
    return harmonic(k - 1) + (q - 1) * (harmonic(m) - Fraction(1, k)) - within                          # (6.42)


def exact_conditional_local(x: Distances, y: Distances, z: Distances, k: int) -> Fraction:
    """What a point contributes to I(x; y | z).   x, y, z: distances to the m others                      (6.52)"""
    _, eps = _nearest((x, y, z), k)
    xz, yz, nz = (sum(max(pair) < eps for pair in zip(space, z, strict=True)) for space in (x, y, z))   # (6.52)
    return harmonic(k - 1) + harmonic(nz) - harmonic(xz) - harmonic(yz)                                 # (6.52)


def exact_total_correlation(xs: Sequence[Sequence[Any]], k: int = 3, method: str = "ksg1") -> Fraction:
    """`total_correlation` of q variables under "ksg1" or "ksg2", without rounding   (6.41), (6.42)

    xs      q sequences of n numbers, or of n equally long rows of numbers: ints, Fractions, floats at their exact value
    Raises ValueError as `exact_local`, and for points whose k-th neighbour is at distance 0.
    """
    if not len(xs):
        raise ValueError("xs: got no variables, wanted at least 1")
    spaces = _spaces(xs)
    return _mean(exact_local(distances, k, method) for distances in zip(*spaces, strict=True))


def exact_conditional_mutual_information(x: Sequence[Any], y: Sequence[Any], z: Sequence[Any], k: int = 3) -> Fraction:
    """`conditional_mutual_information` without rounding; arguments as in `exact_total_correlation`       (6.52)"""
    spaces = _spaces((x, y, z))
    return _mean(exact_conditional_local(a, b, c, k) for a, b, c in zip(*spaces, strict=True))


def _mean(values: Any) -> Fraction:
    found = list(values)
    return sum(found, Fraction(0)) / len(found)                                                         # (6.41)


def _spaces(variables: Sequence[Any]) -> list[list[list[Fraction]]]:
    """The distances in each variable; TypeError or ValueError unless all have as many rows."""
    for rows in variables:
        if isinstance(rows, np.ma.MaskedArray) or not isinstance(rows, (list, tuple, range, np.ndarray)):
            raise TypeError(f"a variable: got {type(rows).__name__}, wanted a sequence of numbers or of rows")
    if len({len(rows) for rows in variables}) > 1 or not len(variables[0]):
        raise ValueError(f"variables: got {[len(rows) for rows in variables]} rows, wanted as many of each, at least 1")
    return [_distances(rows) for rows in variables]


def _distances(rows: Sequence[Any]) -> list[list[Fraction]]:
    """From every row to all others in their order, maximum norm."""
    points = [[_exactly(v) for v in (row if hasattr(row, "__len__") else [row])] for row in rows]
    return [[max(abs(a - b) for a, b in zip(p, q, strict=True)) for j, q in enumerate(points) if j != i]  # (6.41)
            for i, p in enumerate(points)]


def _exactly(value: Any) -> Fraction:
    """A number at its exact value; NumPy's as Python's, for those of eight bits wrap around."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, (bool, str)) or not isinstance(value, (int, float, Fraction)) or value - value != 0:
        raise TypeError(f"entries: got {value!r}, wanted finite ints, floats or Fractions")
    return Fraction(value)


def _nearest(distances: Sequence[Distances], k: int) -> tuple[list[int], Any]:
    """The k nearest of the others in the maximum over all spaces, and the distance of the last of them."""
    joint = [max(each) for each in zip(*distances, strict=True)]
    k = whole(k, "k", most=len(joint))
    near = sorted(range(len(joint)), key=joint.__getitem__)[:k]
    if not joint[near[-1]] > 0:
        raise ValueError(f"distances: got {k} of 0, wanted a k-th neighbour apart")
    return near, joint[near[-1]]
