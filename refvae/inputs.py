"""What is checked before any work: one clear error that names the argument, what was got and what was wanted."""

from __future__ import annotations

from typing import Any

import numpy as np

from refvae.trees import Array


def same_shape(a: Array, b: Array, what: str) -> None:
    """Raise ValueError unless the shapes agree: (n,) against (n, 1) would broadcast to (n, n) without a word."""
    if np.shape(a) != np.shape(b):
        raise ValueError(f"{what}: got shapes {np.shape(a)} and {np.shape(b)}, wanted equal ones")


def generator(rng: np.random.Generator | int) -> np.random.Generator:
    """The generator itself, or a new one from an integer seed >= 0; TypeError for anything else (no global state)."""
    if isinstance(rng, np.random.Generator):
        return rng
    if isinstance(rng, bool) or not isinstance(rng, (int, np.integer)):
        raise TypeError(f"rng: got {type(rng).__name__}, wanted a numpy Generator or an int >= 0")
    return np.random.default_rng(whole(rng, "rng", least=0))


def whole(value: Any, name: str, least: int = 1, most: float = np.inf) -> int:
    """The integer `value`; TypeError if it is none (bool is none), ValueError if it is not in [least, most]."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name}: got {type(value).__name__}, wanted an int")
    if not least <= value <= most:
        wanted = f"{name} >= {least}" if most == np.inf else f"{least} <= {name} <= {most}"
        raise ValueError(f"{name}: got {value}, wanted {wanted}")
    return int(value)


def matrix(x: Any, name: str) -> Array:
    """Data as a float64 array (n, d) with n, d >= 1 and finite entries; integers, bools and float32 are cast.

    Raises TypeError for complex, masked, sparse, object or text data and for `np.matrix`, ValueError for other shapes
    than (n, d), for no rows or no columns, and for NaN or infinite entries.
    """
    if isinstance(x, (np.ma.MaskedArray, np.matrix)) or hasattr(x, "tocsr"):
        raise TypeError(f"{name}: got {type(x).__name__}, wanted a plain array (n, d)")
    try:
        a = np.asarray(x)
    except ValueError as error:
        raise ValueError(f"{name}: got rows of unequal length, wanted an array (n, d)") from error
    if a.dtype.kind not in "biuf":
        raise TypeError(f"{name}: got dtype {a.dtype}, wanted real numbers")
    if a.ndim != 2 or 0 in a.shape:
        hint = f"; one feature is {name}.reshape(-1, 1)" if a.ndim == 1 else ""
        raise ValueError(f"{name}: got shape {a.shape}, wanted (n, d) with n, d >= 1{hint}")
    with np.errstate(over="ignore"):
        a = a.astype(np.float64)
    bad = np.argwhere(~np.isfinite(a))
    if len(bad):
        raise ValueError(f"{name}: got {len(bad)} NaN or infinite entries, the first at {tuple(map(int, bad[0]))}, "
                         "wanted finite ones")
    return a
