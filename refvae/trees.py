"""Parameters as trees: nested tuples (mostly NamedTuples) whose leaves are arrays, and one flat vector behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import accumulate, pairwise
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Tree = Any  # an array, or a tuple of trees
Pull = Callable[..., Any]  # cotangent of the value -> one cotangent per argument
LINE = 64  # bytes: a vector that begins at a multiple is the quickest to write


class Flat(NamedTuple):
    """A tree whose leaves are views into one vector: writing to either writes to both."""

    vector: Array
    tree: Tree


def leaves(tree: Tree) -> list[Array]:
    """The arrays of a tree, from left to right; None (no cotangent) is no leaf."""
    found: list[Array] = []
    _collect((tree,), found)
    return found


def _collect(tree: tuple[Tree, ...], found: list[Array]) -> None:
    for part in tree:
        if isinstance(part, tuple):
            _collect(part, found)
        elif part is not None:
            found.append(part)


def names(tree: Tree, root: str = "") -> list[str]:
    """One name per leaf: `W` for a field, `[0]` for a position, joined as in `p[0].W`."""
    return [name for name, _ in _walk(tree, root)]


def map(f: Callable[..., Any], tree: Tree, *others: Tree) -> Tree:
    """The tree of f(leaf, ...) over the corresponding leaves of trees of one shape; ValueError if they differ."""
    if tree is None:
        return None
    sizes = [len(part) if isinstance(part, tuple) else None for part in (tree, *others)] if others else []
    if len(set(sizes)) > 1:
        shapes = ["an array" if n is None else f"{n} parts" for n in sizes]
        raise ValueError(f"trees differ: got {', '.join(shapes)}, wanted the same")
    if not isinstance(tree, tuple):
        return f(tree, *others)
    return _like(tree, [map(f, *parts) for parts in zip(tree, *others, strict=True)])


def dot(a: Tree, b: Tree) -> Any:
    """<a, b>, the sum of products over all leaves (bilinear: no complex conjugate); ValueError if shapes differ.

    Integers are multiplied as float64, for small ones wrap around.
    """
    pairs = list(zip(leaves(a), leaves(b), strict=True))
    if wrong := [(np.shape(u), np.shape(v)) for u, v in pairs if np.shape(u) != np.shape(v)]:
        raise ValueError(f"dot: got leaves of shapes {wrong[0]}, wanted equal ones")
    return sum(np.sum(_wide(u) * v) for u, v in pairs)


def axpy(alpha: float, x: Tree, y: Tree) -> Tree:
    """The tree alpha * x + y."""
    return map(lambda u, v: alpha * _wide(u) + v, x, y)


def is_exact(leaf: Any) -> bool:
    """Whether there are exact numbers of `refvae.check` among the entries of an array."""
    return np.asarray(leaf).dtype == object and any(getattr(entry, "is_exact", False) for entry in np.ravel(leaf))


def witnesses(values: Any) -> Any:
    """Real arrays as they are; exact numbers as an array of their witnesses."""
    if np.asarray(values).dtype != object:
        return values
    return np.reshape([getattr(value, "x", value) for value in np.ravel(values).tolist()], np.shape(values))


def flatten(tree: Tree) -> Flat:
    """Copy a tree of one dtype into one vector; the new tree has the same shape and views that vector."""
    parts = [np.asarray(leaf) for leaf in leaves(tree)]
    if any(part.dtype == object and not is_exact(part) for part in parts):
        raise TypeError("tree: got leaves that are no arrays of numbers, wanted nested tuples of arrays")
    if len({part.dtype for part in parts}) > 1:
        raise ValueError(f"tree: got dtypes {sorted({str(part.dtype) for part in parts})}, wanted one")
    vector = aligned(sum(part.size for part in parts), parts[0].dtype if parts else np.float64)
    np.concatenate([part.ravel() for part in parts] or [vector], out=vector)
    return Flat(vector, unflatten(vector, tree))


def aligned(size: int, dtype: Any) -> Array:
    """A vector of numbers yet to be written, which begins at a multiple of `LINE` bytes."""
    item = np.dtype(dtype).itemsize
    longer = np.empty(size + LINE // item, dtype)
    first = -longer.__array_interface__["data"][0] % LINE // item
    return longer[first:first + size]


def copy(leaf: Array) -> Array:
    """A copy of an array, which begins at a multiple of `LINE` bytes."""
    place = aligned(leaf.size, leaf.dtype).reshape(leaf.shape)
    np.copyto(place, leaf)
    return place


def unflatten(vector: Array, like: Tree) -> Tree:
    """The tree shaped `like` whose leaves are views into `vector`, in the order of `leaves`."""
    shapes = [np.shape(leaf) for leaf in leaves(like)]
    ends = list(accumulate((prod(shape) for shape in shapes), initial=0))
    if vector.shape != (ends[-1],):
        raise ValueError(f"vector: got shape {vector.shape}, wanted {(ends[-1],)}")
    pieces = (vector[a:b].reshape(shape) for (a, b), shape in zip(pairwise(ends), shapes, strict=True))
    return _filled(like, pieces)


def _filled(tree: Tree, pieces: Iterator[Array]) -> Tree:
    """The tree with the next piece at every leaf."""
    if isinstance(tree, tuple):
        return _like(tree, [_filled(part, pieces) for part in tree])
    return None if tree is None else next(pieces)


def place(pull: Pull, out: Tree) -> dict[str, Tree]:
    """The argument `out` for a pull that takes a place for the cotangent of its parameters, or none."""
    code = getattr(pull, "__code__", None)
    takes = code is not None and "out" in code.co_varnames[:code.co_argcount]
    return {"out": out} if takes and out not in (None, ()) else {}


def _wide(leaf: Any) -> Any:
    """Integers and bools as float64."""
    kind = np.asarray(leaf).dtype.kind
    return np.asarray(leaf, np.float64) if kind in "biu" else leaf


def _like(tree: tuple[Any, ...], parts: list[Any]) -> Any:
    """A tuple, or NamedTuple, of the type of `tree`."""
    return type(tree)(*parts) if hasattr(tree, "_fields") else tuple(parts)


def _walk(tree: Tree, name: str) -> Iterator[tuple[str, Array]]:
    if isinstance(tree, tuple):
        fields = getattr(tree, "_fields", None)
        for i, part in enumerate(tree):
            step = f"[{i}]" if fields is None else f".{fields[i]}" if name else fields[i]
            yield from _walk(part, name + step)
    elif tree is not None:
        yield name, tree
