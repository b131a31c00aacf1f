"""Points that coincide, where an estimate from distances is -infinity: refused, or moved apart on request."""

from __future__ import annotations

from typing import Any

import numpy as np

from refvae.inputs import generator
from refvae.trees import Array

JITTER = 1e-10  # of the spread of a column
CROWD, PROBE = 16, 500  # so many equal rows fill a leaf of a tree; rows of a probe


def untied(x: Array, ties: Any, rng: np.random.Generator | int | None) -> Array:
    """The points themselves for ties = "raise"; with noise from `rng` for ties = "jitter"; ValueError for others."""
    if ties not in ("raise", "jitter"):
        raise ValueError(f"ties: got {ties!r}, wanted 'raise' or 'jitter'")
    if ties == "raise" and rng is not None:
        raise ValueError("rng: got one with ties = 'raise', wanted it with ties = 'jitter' only")
    return jittered(x, rng) if ties == "jitter" else x


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


def _refuse(equal: int, n: int, name: str) -> None:
    if equal:
        raise ValueError(f"{name}: got {equal} of {n} points with a neighbour at distance 0, "
                         "where the estimate is -infinity; wanted no duplicates, or ties = 'jitter' with an rng")
