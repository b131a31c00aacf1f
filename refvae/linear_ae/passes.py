"""Products with a matrix that is read block by block, and with its rows less their mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from functools import partial
from typing import Any

import numpy as np
from scipy import sparse

from refvae.linear_ae.blocks import Blocks, Loader, count_bad, in_order, load
from refvae.trees import Array

FEW = 256  # rows that are converted to float64 at a time, so that they stay in the cache
GROUP = 32  # rows that BLAS multiplies at a time, so few that it does not rearrange them first
SINGLY = 4  # columns from which SciPy multiplies a sparse matrix quicker by all of them than by one after the other
QUIET: Any = {"over": "ignore", "invalid": "ignore"}  # set where the product is, for executors have states of their own


class Passes:
    """Products with a matrix that is read block by block; `count` tells how often.

    mean  None, or the mean row (n,): products are those with the rows less their mean
    """

    def __init__(self, blocks: Blocks, executor: Executor | None, centre: bool = False) -> None:
        self.blocks, self.executor, self.count = blocks, executor, 0
        self.starts = np.cumsum([0, *blocks.rows[:-1]])
        self.mean: Array | None = self._sum(blocks.n, column_sums) / blocks.shape[0] if centre else None

    def gram(self, single: bool = False) -> Array:
        """X'X, the sum over the blocks, in float64; `single`: of products in float32, which may overflow."""
        return self._sum((self.blocks.n, self.blocks.n), partial(own_gram, mean=self.mean, single=single))

    def times(self, V: Array) -> Array:
        """X V, (m, l), one block under the other."""
        return self._walk(partial(products, V=V, mean=self.mean), V)[0]

    def both(self, V: Array) -> tuple[Array, Array]:
        """X V (m, l) and X'X V (n, l), in one pass; with a mean taken off, the columns of X V sum to 0."""
        return self._walk(partial(products, V=V, mean=self.mean, and_back=True), V)

    def adjoint(self, Y: Array) -> Array:
        """X'Y for Y (m, l)."""
        T = self._sum((self.blocks.n, Y.shape[1]), back, np.split(Y, self.starts[1:]))
        return T if self.mean is None else T - np.outer(self.mean, Y.sum(0))                            # (2.24)

    def _walk(self, f: Callable[..., Any], V: Array) -> tuple[Array, Array]:
        """What f gives of every block, the first part one under the other, the second summed."""
        self.count += 1
        Y, total = np.empty((self.blocks.shape[0], V.shape[1])), np.zeros(V.shape)
        parts = in_order(self.executor, f, self.blocks.loaders)
        for i, (start, rows, (part, more)) in enumerate(zip(self.starts, self.blocks.rows, parts, strict=True)):
            if len(part) != rows:
                raise ValueError(f"X[{i}]: got {len(part)} rows when it was read again, wanted {rows} as before")
            Y[start:start + rows] = part                                                                # (2.24)
            total += more                                                                               # (2.24)
        return self._finite(Y), total

    def _sum(self, shape: int | tuple[int, int], f: Callable[..., Array], *more: Any) -> Array:
        self.count += 1
        total = np.zeros(shape)
        for part in in_order(self.executor, f, self.blocks.loaders, *more):
            total += part                                                                               # (2.24)
        return self._finite(total)

    def _finite(self, product: Array) -> Array:
        """The product; if it is not finite, look for the entries of the matrix that are to blame."""
        if not np.isfinite(product).all():
            bad = list(in_order(self.executor, count_bad, self.blocks.loaders))
            if any(bad):
                start = int(self.starts[np.flatnonzero(bad)[0]])
                raise ValueError(f"X: got {sum(bad)} NaN or infinite entries, wanted finite ones; the first is in the "
                                 f"block of rows that begins with row {start}")
        return product


def column_sums(loader: Loader) -> Array:
    """The sums of the columns of one block."""
    with np.errstate(**QUIET):
        return np.asarray(load(loader).sum(0)).ravel()                                                  # (2.24)


def own_gram(loader: Loader, mean: Array | None, single: bool) -> Array:
    """The Gram matrix of a block less the mean row; of sparse blocks that is so of their sum."""
    block = loader() if single else load(loader)
    if mean is not None and not sparse.issparse(block):
        block = block - mean.astype(block.dtype)                                                        # (2.24)
    with np.errstate(**QUIET):
        product = block.T @ block                                                                       # (2.24)
    if not sparse.issparse(product):
        return np.asarray(product)
    dense = np.asarray(product.todense())
    return dense if mean is None else dense - block.shape[0] * np.outer(mean, mean)                    # (2.24)


def products(loader: Loader, V: Array, mean: Array | None, and_back: bool = False) -> tuple[Array, Any]:
    """The products of a block with V and, if wanted, of its transpose with the first."""
    Y, T = [], np.zeros(V.shape)
    with np.errstate(**QUIET):
        for piece in _pieces_of(loader()):
            Y.append(_times(piece, V) if mean is None else _times(piece, V) - mean @ V)                 # (2.24)
            if and_back:
                T += _times(piece.T, Y[-1]) if sparse.issparse(piece) else (Y[-1].T @ piece).T                # (2.24)
    return np.concatenate(Y), T


def _pieces_of(block: Any) -> Iterator[Any]:
    """A block in float64, a dense one in pieces of FEW rows; a slice of a sparse one would be a copy."""
    starts = range(0, len(block), FEW) if isinstance(block, np.ndarray) else []
    yield from (block[start:start + FEW].astype(np.float64, copy=False) for start in starts)
    if sparse.issparse(block):
        yield block.astype(np.float64, copy=False)


def _times(piece: Any, V: Array) -> Array:
    """A piece times V, a dense one in groups of GROUP rows if they divide it, a sparse one by few columns singly."""
    if sparse.issparse(piece) and V.shape[1] < SINGLY:
        return np.stack([piece @ v for v in V.T], 1)                                                    # (2.24)
    if sparse.issparse(piece) or len(piece) % GROUP:
        return np.asarray(piece @ V)                                                                    # (2.24)
    groups: Array = piece.reshape(len(piece) // GROUP, GROUP, len(V)) @ V                               # (2.24)
    return groups.reshape(len(piece), V.shape[1])                                                       # (2.24)


def back(loader: Loader, Y: Array) -> Array:
    """X' Y of one block."""
    with np.errstate(**QUIET):
        return np.asarray(load(loader).T @ Y)                                                           # (2.24)
