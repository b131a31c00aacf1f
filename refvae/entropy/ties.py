"""Points that coincide, where an estimate from distances is -infinity: refused, or moved apart on request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from refvae.inputs import generator
from refvae.trees import Array

JITTER = 1e-10  # of the spread of a column
DECIMALS = 15  # places after the point in which a rounded number may end
CRUMB = 0.05  # of the rows of a variable, which may repeat others
CROWD, PROBE = 16, 500  # so many equal rows fill a leaf of a tree; rows of a probe


def untied(x: Array, ties: Any, rng: np.random.Generator | int | None) -> Array:
    """The points themselves for ties = "raise"; with noise from `rng` for "jitter" and "unround"; else ValueError."""
    if ties not in ("raise", "jitter", "unround"):
        raise ValueError(f"ties: got {ties!r}, wanted 'raise', 'jitter' or 'unround'")
    if ties == "raise":
        if rng is not None:
            raise ValueError("rng: got one with ties = 'raise', wanted it with ties = 'jitter' or 'unround' only")
        return x
    return jittered(x, rng) if ties == "jitter" else unrounded(x, rng)


def untied_together(xs: Mapping[str, Array], ties: Any, rng: np.random.Generator | int | None) -> dict[str, Array]:
    """Variables by name, moved apart as by `untied` with numbers of one generator.

    "unround" leaves those that are not rounded as they are; ValueError if none is.
    """
    rng = generator(rng) if ties in ("jitter", "unround") else rng  # type: ignore[arg-type]
    rounded = [name for name, x in xs.items() if ties != "unround" or any(map(last_place, x.T))] or xs
    return {name: untied(x, ties, rng) if name in rounded else x for name, x in xs.items()}


def unrounded(x: Array, rng: Any) -> Array:
    """x (n, d) plus uniform noise as wide as the last place in which its numbers differ, column by column.  (6.63)

    Columns that are not rounded stay as they are. Raises TypeError if rng is no Generator or int, and ValueError
    where no column is rounded to decimals.
    """
    units = np.array([last_place(column) for column in x.T])
    if not units.any():
        raise ValueError("ties: got 'unround' for columns without a last place, wanted decimals, or ties = 'jitter'")
    moved: Array = x + units * (generator(rng).random(x.shape) - 0.5)                                   # (6.63)
    return moved


def last_place(column: Array) -> float:
    """The largest unit, a whole number of decimal places, of which all differences are multiples; 0 for none. (6.63)"""
    for places in range(DECIMALS):
        if (np.round(column, places) == column).all():                                                  # (6.63)
            whole = np.rint(column * 10.0**places)                                                      # (6.63)
            if np.abs(whole).max() >= 2.0**53:
                return 0.0
            return float(np.gcd.reduce((whole - whole[0]).astype(np.int64)) / 10.0**places)             # (6.63)
    return 0.0


def jittered(x: Array, rng: Any) -> Array:
    """x (n, d) plus uniform noise of 1e-10 times the spread of each column.

    Raises TypeError if rng is no Generator or int, and ValueError where a column lies so far from 0 that rounding
    swallows the noise.
    """
    spread = x.max(0) - x.min(0)
    lost = np.flatnonzero((spread > 0) & (JITTER * spread < 8 * np.spacing(np.abs(x).max(0))))
    if len(lost):
        raise ValueError(f"ties: got columns {lost.tolist()} so far from 0 that rounding swallows noise of 1e-10 of "
                         "their spread, wanted a constant subtracted from them")
    moved: Array = x + JITTER * spread * (generator(rng).random(x.shape) - 0.5)
    return moved


def refuse_ties(rho: Array, name: str) -> None:
    """Raise ValueError, with their number, if some of the distances rho (n,) are 0."""
    _refuse(int(np.sum(rho == 0)), len(rho), name)


def refuse_faint(rho: Array, name: str, d: int, norm: float) -> None:
    """Raise ValueError if some of the distances rho (n,) have lost digits, for roots below the least normal number do.

    In the maximum norm and for d = 1 they are differences, which are exact there.
    """
    faint = norm == 2 and d > 1 and int(np.sum(rho < np.finfo(float).tiny))
    if faint:
        raise ValueError(f"{name}: got {faint} of {len(rho)} points with a neighbour nearer than 2.2e-308, a distance "
                         "that floats hold with few digits; wanted all points times a constant, such as 2.0**100")


def refuse_equal_rows(x: Array, k: int, name: str) -> None:
    """The same before any search: ValueError if rows of x (n, d) are equal to k or more others.

    Only crowds are looked for, for they make a tree slow, and only if some of the rows of a probe have the same first
    entry; `refuse_ties` finds the others.
    """
    probe = x[np.linspace(0, len(x) - 1, min(PROBE, len(x))).astype(np.intp), 0]
    if x.shape[1] == 1 or len(np.unique(probe)) == len(probe):
        return
    sizes = np.unique(x, axis=0, return_counts=True)[1]
    if sizes.max() > max(k, CROWD):
        _refuse(int(sizes[sizes > k].sum()), len(x), name)


def refuse_ties_within(x: Array, k: int, name: str) -> None:
    """ValueError if more than a twentieth of the rows of a variable x (n, d) equal k or more others, but not all."""
    _, place, sizes = np.unique(x, axis=0 if x.shape[1] > 1 else None, return_inverse=True, return_counts=True)
    equal = int(np.sum(sizes[place] > k))
    if equal > CRUMB * len(x) and len(sizes) > 1:
        raise ValueError(f"{name}: got {equal} of {len(x)} rows that equal {k} or more others, wanted a variable with "
                         "a density: ties = 'unround' for rounded numbers, ties = 'jitter' for a few repetitions, each "
                         "with an rng; mixed_information for a discrete variable")


def _refuse(equal: int, n: int, name: str) -> None:
    if equal:
        raise ValueError(f"{name}: got {equal} of {n} points with a neighbour at distance 0, "
                         "where the estimate is -infinity; wanted no duplicates, ties = 'unround' for "
                         "rounded numbers, or ties = 'jitter' with an rng")
