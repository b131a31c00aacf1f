"""A matrix as row blocks that are read one at a time, and maps over them that any executor can run."""

from __future__ import annotations

import mmap
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from refvae.trees import Array

Loader = Callable[[], Any]
ENTRIES = 2**21  # of a block: 16 MiB in float64
HELD = 4  # so many times that of an array in memory, whose blocks are views


class Blocks(NamedTuple):
    """Row blocks of a matrix (m, n): `loaders` give them, `rows` are their sizes; all of it can be pickled.

    single  whether every block is a dense array of float32
    sparse  whether all are sparse and held in memory
    """

    loaders: list[Loader]
    rows: list[int]
    n: int
    single: bool
    sparse: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        """(m, n)"""
        return sum(self.rows), self.n


def row_blocks(X: Any, name: str = "X") -> Blocks:
    """The row blocks of an array, a `scipy.sparse` matrix, an `np.memmap`, or a sequence of blocks or functions.

    A memory map is read again from its file, block by block, so that no mapped page stays; a function without arguments
    gives a block (rows, n) each time it is called. Raises TypeError for other than floating-point data, ValueError for
    an empty matrix and for blocks of unequal width.
    """
    if isinstance(X, (list, tuple)):
        return _given(X, name)
    if sparse.issparse(X):
        X = sparse.csr_array(X)
    elif isinstance(X, (np.ma.MaskedArray, np.matrix)) or not isinstance(X, np.ndarray):
        raise TypeError(f"{name}: got {type(X).__name__}, wanted an array, a sparse matrix or a list of row blocks")
    _floating(X, name)
    if X.ndim != 2 or 0 in X.shape:
        raise ValueError(f"{name}: got shape {X.shape}, wanted (m, n) with m, n >= 1")
    m, n = X.shape
    held = HELD * ENTRIES if type(X) is np.ndarray or sparse.issparse(X) else ENTRIES
    size = max(1, held * m // max(X.nnz, m) if sparse.issparse(X) else held // n)
    starts = range(0, m, size)
    rows = [min(size, m - start) for start in starts]
    return Blocks([_loader(X, start, count) for start, count in zip(starts, rows, strict=True)], rows, n, _single(X),
                  sparse.issparse(X))


def in_order(executor: Executor | None, f: Callable[..., Any], *arguments: Iterable[Any]) -> Iterator[Any]:
    """f over the arguments, in their order whatever the executor; at most eight results wait in memory."""
    calls = zip(*arguments, strict=True)
    if executor is None:
        yield from (f(*call) for call in calls)
        return
    waiting: deque[Any] = deque()
    for call in calls:
        waiting.append(executor.submit(f, *call))
        if len(waiting) == 8:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def load(loader: Loader) -> Any:
    """A block in float64."""
    return loader().astype(np.float64, copy=False)


def count_bad(loader: Loader) -> int:
    """How many entries of a block are NaN or infinite."""
    block = loader()
    return int((~np.isfinite(block.data if sparse.issparse(block) else block)).sum())


def _given(X: Sequence[Any], name: str) -> Blocks:
    if not X:
        raise ValueError(f"{name}: got no blocks, wanted at least one")
    loaders = [block if callable(block) else partial(_whole, block) for block in X]
    shapes, single = [], True
    for i, loader in enumerate(loaders):
        block = loader()
        _floating(block, f"{name}[{i}]")
        single &= _single(block)
        shapes.append(block.shape)
        if len(block.shape) != 2 or 0 in block.shape or block.shape[1] != shapes[0][1]:
            width = shapes[0][1] if len(shapes[0]) == 2 else "n"
            raise ValueError(f"{name}[{i}]: got a block of shape {block.shape}, wanted (rows, {width})")
    return Blocks(loaders, [rows for rows, _ in shapes], shapes[0][1], single)


def _single(X: Any) -> bool:
    return not sparse.issparse(X) and X.dtype == np.float32


def _floating(X: Any, name: str) -> None:
    if isinstance(X, (np.ma.MaskedArray, np.matrix)) or getattr(X, "dtype", np.dtype(object)).kind != "f":
        kind = X.dtype if type(X) is np.ndarray or sparse.issparse(X) else type(X).__name__
        raise TypeError(f"{name}: got {kind}, wanted floats; for counts give {name}.astype(float)")


def _loader(X: Any, start: int, rows: int) -> Loader:
    if sparse.issparse(X):  # cut once: of views SciPy would make copies whenever one is transposed
        return partial(_whole, X if rows == X.shape[0] else X[start:start + rows])
    place = _file_offset(X)
    if place is None:
        return partial(_slice, X, start, start + rows)
    return partial(_read, X.filename, X.dtype, place + start * X.shape[1] * X.itemsize, (rows, X.shape[1]))


def _whole(block: Any) -> Any:
    return block


def _slice(X: Any, start: int, stop: int | None) -> Any:
    return X[start:stop]


def _read(filename: str, dtype: np.dtype[Any], offset: int, shape: tuple[int, int]) -> Array:
    return np.fromfile(filename, dtype, shape[0] * shape[1], offset=offset).reshape(shape)


def _file_offset(X: Any) -> int | None:
    """Where the rows of a memory map, or of a slice of its rows, begin in its file; None for anything else."""
    root = X
    while isinstance(root, np.memmap) and not isinstance(root.base, mmap.mmap):
        root = root.base
    if not isinstance(root, np.memmap) or not root.filename or root.mode == "c" or not X.flags.c_contiguous:
        return None
    return int(root.offset + X.ctypes.data - root.ctypes.data)
