"""What is checked before any work: one clear error that names the argument, what was got and what was wanted.

Estimators, samplers and trainers take `matrix`, `vector`, `array`, `real`, `whole` and `generator` at their door.
Layers take `floating`, `indices` and `same_shape`, which let complex numbers through. Exact ones, (1.33), pass all.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import numpy as np

from refvae.trees import Array, Tree, is_exact

Args = ParamSpec("Args")
Result = TypeVar("Result")
LARGEST = 2**63 - 1  # what counts and sizes of arrays can be

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
    return np.random.default_rng(whole(rng, "rng", least=0, most=np.inf))


def whole(value: Any, name: str, least: int = 1, most: float = LARGEST) -> int:
    """The integer `value`; TypeError if it is none (bool is none), ValueError if it is not in [least, most]."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name}: got {type(value).__name__}, wanted an int")
    if not least <= value <= most:
        low = value < least and most >= LARGEST
        wanted = f"{name} >= {least}" if low else f"{least} <= {name} <= {most}"
        raise ValueError(f"{name}: got {value}, wanted {wanted}")
    return int(value)


def real(value: Any, name: str, *, above: float = -np.inf, least: float = -np.inf, most: float = np.inf,
         below: float = np.inf) -> float:
    """The finite number `value`; TypeError if it is none (bool is none), ValueError if it is outside its limits."""
    kinds = int, float, np.integer, np.floating
    if isinstance(value, (bool, np.bool)) or not (isinstance(value, kinds) or is_exact(value)):
        raise TypeError(f"{name}: got {type(value).__name__}, wanted a real number")
    finite = is_exact(value) or isinstance(value, int) or np.isfinite(value)
    if not (finite and above < value < below and least <= value <= most):
        limits = {"above": above, "of at least": least, "of at most": most, "below": below}
        wanted = " and ".join(f"{word} {limit:g}" for word, limit in limits.items() if np.isfinite(limit))
        kind = "number" if wanted and finite else "finite number"
        raise ValueError(f"{name}: got {value}, wanted a {kind} {wanted}".rstrip())
    return value if is_exact(value) else float(value)


def matrix(x: Any, name: str) -> Array:
    """Data as a float64 array (n, d) with n, d >= 1 and finite entries; integers, bools and float32 are cast.

    Raises TypeError for complex, masked, sparse, object or text data and for `np.matrix`, ValueError for other shapes
    than (n, d), for no rows or no columns, and for NaN or infinite entries.
    """
    a = _plain(x, name, "(n, d)")
    if a.ndim != 2 or 0 in a.shape:
        hint = f"; one feature is {name}.reshape(-1, 1)" if a.ndim == 1 else ""
        raise ValueError(f"{name}: got shape {a.shape}, wanted (n, d) with n, d >= 1{hint}")
    return _finite(a, name)


def vector(x: Any, name: str, size: int | None = None) -> Array:
    """Numbers as a float64 array (n,) with n >= 1, or n = `size`, and finite entries; it raises what `matrix` raises.

    A column (n, 1) or a row (1, n) is refused: to take one for the other loses numbers without a word.
    """
    a = _plain(x, name, "(n,)")
    if a.ndim != 1 or a.size == 0 or size not in (None, a.size):
        hint = f"; {name}.ravel() is one" if a.ndim == 2 and 1 in a.shape and a.size else ""
        raise ValueError(f"{name}: got shape {a.shape}, wanted {'(n,) with n >= 1' if size is None else (size,)}{hint}")
    return _finite(a, name)


def array(x: Any, name: str) -> Array:
    """Numbers of any shape, at least one, as a float64 array of finite entries; it raises what `matrix` raises."""
    a = _plain(x, name, "of real numbers")
    if not a.size:
        raise ValueError(f"{name}: got shape {a.shape}, wanted at least one number")
    return _finite(a, name)


def parameters(tree: Tree, name: str) -> Tree:
    """The tree itself, whose leaves are real arrays of finite entries, or None; it raises what `matrix` raises."""
    if isinstance(tree, tuple):
        for i, (part, field) in enumerate(zip(tree, getattr(tree, "_fields", (None,) * len(tree)), strict=True)):
            parameters(part, f"{name}.{field}" if field else f"{name}[{i}]")
    elif tree is not None:
        array(tree, name)
    return tree


def perceptron(p: Tree, name: str, d: int | None = None) -> Tree:
    """The parameters of `mlp` themselves, for d inputs.

    Raises TypeError or ValueError unless they are real and finite, and each map takes what the one before it gives.
    """
    for i, (W, b) in enumerate(parameters(p, name)):
        if np.ndim(W) != 2 or np.shape(b) != np.shape(W)[1:] or d not in (None, len(W)):
            wanted = f"W ({d or 'd'}, h) and b (h,)"
            raise ValueError(f"{name}[{i}]: got W {np.shape(W)} and b {np.shape(b)}, wanted {wanted}")
        d = W.shape[1]
    return p


def in_range(f: Callable[Args, Result]) -> Callable[Args, Result]:
    """The function, which raises ValueError where its numbers leave the range of floats or a matrix is singular."""

    @functools.wraps(f)
    def guarded(*args: Args.args, **settings: Args.kwargs) -> Result:
        try:
            with np.errstate(over="raise", divide="raise", invalid="raise"):
                return f(*args, **settings)
        except (ArithmeticError, np.linalg.LinAlgError) as error:
            if ": got " in str(error):
                raise
            raise ValueError(f"{f.__name__}: got numbers that it cannot compute with ({error}), "
                             "wanted such as keep every step within floats") from error

    return guarded


def _plain(x: Any, name: str, wanted: str) -> Array:
    """An array of real numbers of any shape; TypeError or ValueError if it is none."""
    if _disguised(x):
        raise TypeError(f"{name}: got {type(x).__name__}, wanted a plain array {wanted}")
    try:
        a = np.asarray(x)
    except ValueError as error:
        raise ValueError(f"{name}: got rows of unequal length, wanted an array {wanted}") from error
    if a.dtype.kind not in "biuf" and not is_exact(a):
        raise TypeError(f"{name}: got dtype {a.dtype}, wanted real numbers")
    return a


def _disguised(x: Any) -> bool:
    """Whether an array is masked, sparse or an `np.matrix`, which compute otherwise than an array."""
    return type(x) is not np.ndarray and (isinstance(x, (np.ma.MaskedArray, np.matrix)) or hasattr(x, "tocsr"))


def _finite(a: Array, name: str) -> Array:
    """A copy in float64; ValueError for NaN and infinite entries, with the place of the first."""
    if a.dtype == object:
        return a.copy()
    with np.errstate(over="ignore"):
        a = a.astype(np.float64)
    if not np.isfinite(a).all():
        bad = np.argwhere(~np.isfinite(a))
        if not a.ndim:
            raise ValueError(f"{name}: got {a}, wanted a finite number")
        place = tuple(map(int, bad[0])) if a.ndim > 1 else int(bad[0, 0])
        raise ValueError(f"{name}: got {len(bad)} NaN or infinite entries, the first at {place}, wanted finite ones")
    return a


# For layers


def floating(x: Any, name: str) -> Array:
    """Numbers that a layer can compute with: integers and bools as float64, for 1 - x wraps around in unsigned ones.

    float32, float64, complex and exact numbers pass as they are; TypeError for float16 and for what is no number.
    """
    if type(x) is np.ndarray and x.dtype.char in "fdFD":
        return x
    if _disguised(x):
        raise TypeError(f"{name}: got {type(x).__name__}, wanted a plain array")
    a = np.asarray(x)
    kind = a.dtype.kind
    if kind in "biu":
        return a.astype(np.float64)
    if kind not in "fcO" or a.dtype.char == "e" or not _computable(a):
        raise TypeError(f"{name}: got dtype {a.dtype}, wanted float64, float32 or integers")
    return a


def _computable(a: Array) -> bool:
    """Whether objects are numbers: of a finite field, of `fractions`, of a symbolic package."""
    return a.dtype.kind != "O" or all(hasattr(entry, "__neg__") for entry in a.ravel()[:1])


def indices(idx: Any, count: int, name: str) -> Array:
    """Integers in 0..count-1, of any shape, as np.intp, for small ones wrap around in arithmetic.

    TypeError for other types, ValueError for -1, which would mean the last.
    """
    if _disguised(idx):
        raise TypeError(f"{name}: got {type(idx).__name__}, wanted a plain array")
    a = np.asarray(idx)
    if a.dtype.kind not in "iu":
        raise TypeError(f"{name}: got dtype {a.dtype}, wanted integers")
    if a.size and not 0 <= a.min() <= a.max() < count:
        raise ValueError(f"{name}: got {a.min()} to {a.max()}, wanted 0 to {count - 1}")
    return a.astype(np.intp, copy=False)
