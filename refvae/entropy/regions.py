"""Where points are known to live: a box, or a torus."""

from __future__ import annotations

from typing import Any

import numpy as np

from refvae.entropy.balls import Box
from refvae.trees import Array


def box_of(box: Any, x: Array) -> Box:
    """The box (low, high), numbers or (d,), around points x (n, d).

    Raises ValueError unless it is two rows of d finite numbers, low < high, and holds all points.
    """
    d = x.shape[1]
    try:
        low, high = (np.broadcast_to(np.asarray(side, np.float64), (d,)) for side in box)
    except (TypeError, ValueError) as error:
        raise ValueError(f"box: got {box!r}, wanted (low, high), each a number or of shape ({d},)") from error
    if not (np.isfinite(low).all() and np.isfinite(high).all() and (low < high).all()):
        raise ValueError(f"box: got low {low} and high {high}, wanted finite numbers with low < high")
    outside = int(((x < low) | (x > high)).any(1).sum())
    if outside:
        raise ValueError(f"box: got {outside} of {len(x)} points outside it, wanted none")
    return Box(low, high)


def reflected(x: Array, box: Box) -> Array:
    """Points x (n, d): those that noise has moved over the edge of the box mirrored there, the others as they are.

    (6.19)
    """
    low, high = box
    return np.where(x < low, 2 * low - x, np.where(x > high, 2 * high - x, x))                          # (6.19)


def sides_of(periodic: Any, d: int) -> Array:
    """The sides (d,) of a torus, from one number or d; ValueError unless they are finite and above 0."""
    try:
        sides = np.broadcast_to(np.asarray(periodic, np.float64), (d,))
    except (TypeError, ValueError) as error:
        raise ValueError(f"periodic: got {periodic!r}, wanted a side or {d} sides") from error
    if not (np.isfinite(sides).all() and (sides > 0).all()):
        raise ValueError(f"periodic: got sides {sides}, wanted finite numbers above 0")
    return sides
