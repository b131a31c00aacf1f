"""Powers of two: data of any size come into the range in which squares neither overflow nor underflow, exactly."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from refvae.trees import Array

LOW, HIGH = -100, 500  # binary exponents of the largest magnitude between which nothing needs to be done
LEAST, NEAR = 2.0**-500, 2.0**-440  # distances whose squares may lose digits; entries that differ by more are not below


def rescaled(*arrays: Array) -> tuple[tuple[Array, ...], int]:
    """The arrays times 2^-e, and e; e = 0 if the largest magnitude lies in [2^-101, 2^500).             (6.59)

    Otherwise e brings it into [2^499, 2^500). Exact for all entries above 2^-1520 of the largest.
    """
    exponent = int(np.frexp(max(max(a.max(), -a.min()) for a in arrays))[1])                            # (6.59)
    if LOW <= exponent <= HIGH:
        return arrays, 0
    return tuple(np.ldexp(a, HIGH - exponent) for a in arrays), exponent - HIGH                         # (6.59)


def zoomed(points: list[Array], sides: Array | None, e: int) -> tuple[list[Array], Array | None] | None:
    """Points and sides of a torus that keep the differences of points nearer than LEAST 2^e, and no others.  (6.59a)

    Entries from NEAR 2^e on, of which different ones are farther apart, become multiples of that, by their rank in the
    column. None if only a distance 0 is so small: for e < 0, and where no entry but 0 is below NEAR 2^e.
    """
    bound, together = NEAR * 2.0**e, np.concatenate(points)                                             # (6.59a)
    large = np.abs(together) >= bound                                                                   # (6.59a)
    if e < 0 or (large | (together == 0)).all():                                                        # (6.59a)
        return None
    ranks = [np.unique(column, return_inverse=True)[1] for column in np.where(large, together, 0.0).T]  # (6.59a)
    moved = np.where(large, bound * (np.column_stack(ranks) + 1.0), together)                           # (6.59a)
    if sides is not None:
        sides = np.where(sides < bound, sides, 2 * moved.max(0))                                        # (6.59a)
    return [moved[:len(points[0])], moved[len(points[0]):]][:len(points)], sides                        # (6.59a)


def restored(rho: Array, e: int, name: str) -> Array:
    """Distances rho times 2^e; ValueError if one exceeds the largest float.                              (6.59)"""
    with np.errstate(over="ignore"):
        rho = np.ldexp(rho, e) if e else rho                                                            # (6.59)
    if rho[:, -1].max() == np.inf:
        raise ValueError(f"{name}: got points farther apart than 1.8e308, wanted distances that are finite floats")
    return rho


def one_scale(data: Mapping[str, Array]) -> dict[str, Array]:
    """Variables `rescaled` together; ValueError where small entries would lose digits beside large ones.   (6.59)"""
    scaled, e = rescaled(*data.values())
    if e > 0 and any((np.ldexp(small, e) != a).any() for small, a in zip(scaled, data.values(), strict=True)):
        least = min(np.abs(a[a != 0]).min(initial=np.inf) for a in data.values())
        raise ValueError(f"{' and '.join(data)}: got numbers as small as {least:.3g} beside some above 1e150, "
                         "wanted such as keep their digits on one scale")
    return dict(zip(data, scaled, strict=True))


def unit_columns(x: Array) -> tuple[Array, Array]:
    """Each column over the power of two that brings its largest entry into [1/2, 1), and the exponents (d,)."""
    powers = np.frexp(np.abs(x).max(0))[1]                                                              # (6.59)
    return np.ldexp(x, -powers), powers                                                                 # (6.59)


def lengths(delta: Array) -> Array:
    """Euclidean lengths of rows of any size; inf beyond the largest float.   (p, d) -> (p,)             (6.59a)"""
    e = np.frexp(np.abs(delta).max(1))[1]                                                               # (6.59a)
    unit = np.ldexp(delta, -e[:, None])                                                                 # (6.59a)
    return np.asarray(np.ldexp(np.sqrt(np.einsum("ij,ij->i", unit, unit)), e))                          # (6.59a)
