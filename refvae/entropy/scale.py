"""Powers of two: data of any size come into the range in which squares neither overflow nor underflow, exactly."""

from __future__ import annotations

import numpy as np

from refvae.trees import Array

LOW, HIGH = -100, 500  # binary exponents of the largest magnitude between which nothing needs to be done


def rescaled(*arrays: Array) -> tuple[tuple[Array, ...], int]:
    """The arrays times 2^-e, and e; e = 0 if the largest magnitude lies in [2^-101, 2^500).             (6.59)

    Otherwise e brings it into [2^499, 2^500). Exact for all entries above 2^-1520 of the largest.
    """
    exponent = int(np.frexp(max(max(a.max(), -a.min()) for a in arrays))[1])                            # (6.59)
    if LOW <= exponent <= HIGH:
        return arrays, 0
    return tuple(np.ldexp(a, HIGH - exponent) for a in arrays), exponent - HIGH                         # (6.59)


def restored(rho: Array, e: int, name: str) -> Array:
    """Distances rho times 2^e; ValueError if one exceeds the largest float.                              (6.59)"""
    with np.errstate(over="ignore"):
        rho = np.ldexp(rho, e) if e else rho                                                            # (6.59)
    if rho[:, -1].max() == np.inf:
        raise ValueError(f"{name}: got points farther apart than 1.8e308, wanted distances that are finite floats")
    return rho


def unit_columns(x: Array) -> tuple[Array, Array]:
    """Each column over the power of two that brings its largest entry into [1/2, 1), and the exponents (d,)."""
    powers = np.frexp(np.abs(x).max(0))[1]                                                              # (6.59)
    return np.ldexp(x, -powers), powers                                                                 # (6.59)
