"""Truncated singular value decomposition on top of QR and small dense factorisations only."""

from __future__ import annotations

import warnings
from concurrent.futures import Executor
from typing import Any, NamedTuple

import numpy as np
from scipy import linalg

from refvae.inputs import generator, whole
from refvae.linear_ae.blocks import ENTRIES, Blocks, row_blocks
from refvae.linear_ae.krylov import FLOOR, TOLERANCE, complete
from refvae.linear_ae.passes import Passes
from refvae.trees import Array

WIDE = 3000  # columns up to which the Gram matrix is formed
SAFE = 1e-8  # relative error of a singular value that the Gram route may make
MOST_PASSES = 200
PIECE = 2048  # rows that are factorised at a time, so few that they stay in the cache
MORE = 10  # vectors beside the k that are wanted
NARROW = 2  # columns of the first Krylov space of a sparse matrix


class _Triple(NamedTuple):
    U: Array
    s: Array
    Vt: Array


class TruncatedSVD(_Triple):
    """U (m, k), s (k,), Vt (k, n), with how they were found.

    route     "gram" or "iteration"
    passes    how often the matrix was read
    residual  (k,) norms of X' u_i - s_i v_i; if that is small against s_i, a singular value of X lies within
              residual / sqrt(2) of s_i                                                                  (2.25)
    mean      (n,) the mean row, if it was taken off, or None
    """

    route: str
    passes: int
    residual: Array
    mean: Array | None


def truncated_svd(X: Any, k: int, rng: np.random.Generator | int = 0, *, centre: bool = False,
                  executor: Executor | None = None) -> TruncatedSVD:
    """The k largest singular values of X with their vectors, s decreasing: X is nearly U @ diag(s) @ Vt.

    X         floats (m, n): an array, a scipy.sparse matrix, an np.memmap (its file is read in blocks), or a sequence
              of row blocks or of functions that give one; a block is all that is held of it
    k         1 <= k <= min(m, n)
    rng       seed or generator of the iteration's start
    centre    take the mean row off every row, which costs one more pass: principal components; sparse X stays sparse
    executor  any `concurrent.futures.Executor` to map over the blocks; number and order of the workers change no bit of
              the result, given the same BLAS threads in each

    Up to 3000 columns, and no more than there are rows, the Gram matrix X'X is summed over the blocks and its
    eigenvectors refined on X itself in a second pass, all in float64, unless s_k / s_1 is below 1.5e-4 (2.27). Of
    float32 the products of every block are taken in float32, if the second pass finds that the singular values are
    right to 1e-8 all the same (2.27a); the vectors then are right to about 1e-7 over the relative gap, and `residual`
    tells. For what is refused, and for more columns, a block Krylov space of X'X grows by one pass a step (2.26a), and
    subspace iteration from its best vectors reads the matrix twice a step, until every residual is 1e-10 of its
    singular value or 1e-13 of the largest, with a RuntimeWarning if products with 100 (k + 10) vectors in the space
    and 100 passes after it were not enough. Of a sparse matrix the space begins with two columns, and again with more
    of them where values coincide (2.26b). In every row of Vt the entry of largest modulus is positive.

    With processes, or on a Dask cluster (extra `dask`), on files that no machine holds together:

        truncated_svd(np.load("x.npy", mmap_mode="r"), 20, executor=ProcessPoolExecutor(2))
        truncated_svd([partial(np.load, name) for name in names], 20, executor=Client(address).get_executor())

    Raises TypeError for data that are no floats, ValueError for k out of range, an empty matrix, NaN, blocks of unequal
    width. [Halko, Martinsson & Tropp 2011, algorithm 4.4]
    """
    blocks = row_blocks(X)
    k, rng = whole(k, "k", most=min(blocks.shape)), generator(rng)
    matrix = Passes(blocks, executor, centre)
    found = None
    if blocks.n <= min(WIDE, blocks.shape[0]):
        found = (_gram(matrix, k, single=True) if blocks.single else None) or _gram(matrix, k)
    if found:
        return found
    start = _start(matrix, k, rng)
    return _iterate(matrix, start, k, matrix.count + MOST_PASSES // 2)


def _gram(matrix: Passes, k: int, single: bool = False) -> TruncatedSVD | None:
    """Eigenvectors of X'X, then Rayleigh and Ritz on X itself; None where (2.27) or (2.27a) refuses."""
    G = matrix.gram(single)
    if not np.isfinite(G).all():  # the squares of 1e200 overflow
        return None
    values, V = linalg.eigh(G.T, subset_by_index=(max(len(G) - k - 1, 0), len(G) - 1), overwrite_a=True)
    del G
    values, rest, V = values[:-k - 1:-1], values[:-k], np.ascontiguousarray(V[:, :-k - 1:-1])
    if not (single or np.finfo(float).eps * values[0] < SAFE * values[-1]):                             # (2.27)
        return None
    Y, T = matrix.both(V)
    largest = _largest(rest, T - V * values)
    U, s, W = _ritz(Y, V)
    T = T @ (V.T @ W)
    if single and not _right(s, float(np.linalg.norm(T - W * s**2, 2)), largest):
        return None
    return _signed(U, s, W, "gram", matrix, _residuals(T / s, s, W))


def _largest(rest: Array, error: Array) -> float:
    """What no eigenvalue beyond the first k exceeds: the next one found, if any, and what is seen of its error."""
    return float(rest[-1] + np.linalg.norm(error, 2)) if len(rest) else -np.inf                         # (2.27a)


def _right(s: Array, residual: float, largest: float) -> bool:
    """Whether singular values s with this residual of X'X are right to SAFE, if no other square exceeds `largest`."""
    distance = s[-1] ** 2 - largest                                                                     # (2.27a)
    return bool(residual**2 < 2 * SAFE * s[-1] ** 2 * distance)                                         # (2.27a)


def _start(matrix: Passes, k: int, rng: np.random.Generator) -> Array:
    """Where the iteration starts: from random vectors, in a large matrix from what a Krylov space makes of them."""
    n, keep = matrix.blocks.n, _columns(matrix.blocks, k)
    if 6 * keep > n:
        return rng.standard_normal((n, keep))
    width = min(NARROW, keep) if matrix.blocks.sparse else keep
    V, found = complete(matrix, width, k, keep, MOST_PASSES // 2 * keep, rng)
    return V[:, :k] if (found.residual <= TOLERANCE * found.values[:k]).all() else V


def _iterate(matrix: Passes, start: Array, k: int, most: int) -> TruncatedSVD:
    """Subspace iteration from `start` (n, l), orthonormalised after every half step, for at most so many passes."""
    Q, _ = linalg.qr(start, mode="economic")
    while True:
        U, s, V = _ritz(matrix.times(Q), Q)
        T = matrix.adjoint(U)
        residual = _residuals(T, s, V)[:k]
        wanted = np.maximum(TOLERANCE * s[:k], FLOOR * s[0])
        if (residual <= wanted).all() or matrix.count >= most:
            break
        Q, _ = linalg.qr(T, mode="economic")                                                            # (2.26)
    if (residual > wanted).any():
        warnings.warn(f"truncated_svd: residuals up to {(residual / wanted).max():.2g} times what was wanted after "
                      f"{matrix.count} passes; singular values near the k-th are close", RuntimeWarning, stacklevel=3)
    return _signed(U[:, :k], s[:k], V[:, :k], "iteration", matrix, residual)


def _residuals(T: Array, s: Array, V: Array) -> Array:
    """The norms of X'u_i - s_i v_i, given T = X'U.                                                         (2.25)"""
    unit = s[0] or 1.0  # the squares of 1e200 would overflow
    residuals: Array = unit * np.linalg.norm((T - V * s) / unit, axis=0)                                # (2.25)
    return residuals


def _columns(blocks: Blocks, k: int) -> int:
    """How many vectors to iterate: ten more than wanted, and more than that of a small matrix that is not sparse."""
    few = min(k + MORE, *blocks.shape)
    if blocks.sparse and 6 * few <= blocks.n:
        return few
    return min(max(few, min(128, ENTRIES // max(blocks.shape))), *blocks.shape)


def _ritz(Y: Array, Q: Array) -> tuple[Array, Array, Array]:
    """From Y = X Q with orthonormal Q: U (m, l), s, V (n, l) with X V = U diag(s), orthonormal columns; U replaces Y.

    The factors Q of the pieces are kept: Y inv(R) would lose orthonormality like eps s_1 / s_i.
    """
    pieces, triangles = _pieces(Y), []
    for piece in pieces:
        piece[:], R = linalg.qr(piece, mode="economic")                                                 # (2.24)
        triangles.append(R)
    P, R = linalg.qr(np.concatenate(triangles), mode="economic")                                        # (2.24)
    W, s, Zt = np.linalg.svd(R)
    for piece, turn in zip(pieces, np.split(P @ W, len(pieces)), strict=True):
        piece[:] = piece @ turn
    return Y, s, Q @ Zt.T                                                                               # (2.24), (2.26)


def _pieces(Y: Array) -> list[Array]:
    """Views of consecutive rows of Y (m, l), m >= l, each of l rows or more."""
    return np.array_split(Y, max(1, len(Y) // max(PIECE, Y.shape[1])))


def _signed(U: Array, s: Array, V: Array, route: str, matrix: Passes, residual: Array) -> TruncatedSVD:
    signs = np.sign(V[np.abs(V).argmax(0), np.arange(V.shape[1])])
    U *= signs
    found = TruncatedSVD(U, s, (V * signs).T)
    found.route, found.passes, found.residual, found.mean = route, matrix.count, residual, matrix.mean
    return found
