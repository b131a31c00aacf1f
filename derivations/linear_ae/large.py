"""Evidence for matrices too large to store, (2.24) and (2.25)."""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from scipy import linalg, sparse

from refvae.data import digits
from refvae.evidence import Ledger, Outcome, entrywise, gap, holds
from refvae.linear_ae import svd
from refvae.linear_ae.blocks import load, row_blocks
from refvae.linear_ae.svd import truncated_svd

ledger = Ledger()


def with_spectrum(s, rng, m=300, n=60):
    """A matrix (m, n) with the given singular values and random vectors."""
    U, V = (linalg.qr(rng.standard_normal((size, len(s))), mode="economic")[0] for size in (m, n))
    return U * s @ V.T


def full_svd(X, k, rng=0, executor=None):
    """scipy.linalg.svd of the whole matrix, cut off."""
    U, s, Vt = linalg.svd(X, full_matrices=False)
    return U[:, :k], s[:k], Vt[:k]


def cut(change):
    """truncated_svd of change(X): a wrong version."""
    return lambda X, k, rng=0, executor=None: truncated_svd(change(X), k, rng, executor=executor)


def blocks_of(X):
    """X as unequal row blocks."""
    return np.split(X, [100, 101, 700])


@ledger.add("2.24", "identity", truncated_svd, wrong={
    "last block lost": lambda X, k, rng=0: truncated_svd(X[:-1], k, rng),
    "blocks halved": lambda X, k, rng=0: truncated_svd([block / 2 for block in X], k, rng),
    "centred block by block": lambda X, k, rng=0: truncated_svd([block - block.mean(0) for block in X], k, rng)})
def digits_in_blocks(svd, rng):
    """The digits in four unequal blocks, k = 16: singular values, projector and reconstruction by scipy.linalg.svd."""
    X, _ = digits()
    U, s, Vt = svd(blocks_of(X), 16)[:3]
    W, want, Wt = full_svd(X, 16)
    return gap((s, Vt.T @ Vt, U * s @ Vt), (want, Wt.T @ Wt, W * want @ Wt))


def products(X, V, Y):
    """X'X, XV and X'Y by blocks: dense ones, and sparse ones."""
    both = [svd.Passes(row_blocks(blocks), None) for blocks in (np.split(X, [2, 3]), sparse.csr_array(X))]
    return tuple(each for passes in both for each in (passes.gram(), passes.times(V), passes.adjoint(Y)))


@ledger.add("2.24", "identity", products, wrong={
    "blocks transposed": lambda X, V, Y: products(X, V, Y[::-1]),
    "the second block alone": lambda X, V, Y: (X[2:3].T @ X[2:3], *products(X, V, Y)[1:]),
    "sum of the blocks, then its square": lambda X, V, Y: (
        np.outer(X.sum(0), X.sum(0)), *products(X, V, Y)[1:])})
def products_by_blocks(products, rng):
    """X'X, XV and X'Y of 7 rows in three blocks, and of a sparse matrix, against the products themselves."""
    X, V, Y = (rng.standard_normal(shape) for shape in ((7, 5), (5, 3), (7, 4)))
    return gap(products(X, V, Y), (X.T @ X, X @ V, X.T @ Y) * 2)


@ledger.add("2.24", "law", truncated_svd, bound=0, wrong={
    "depends on the executor": lambda X, k, rng=0, executor=None: truncated_svd(
        X * (1 + 1e-9 * (executor is not None)), k, rng),
    "blocks as workers end": lambda X, k, rng=0, executor=None: truncated_svd(
        X if executor is None else X[::-1], k, rng)})
def same_bits_whoever_computes(svd, rng):
    """One, two and three threads and none give the same bits, by the Gram route and by iteration, which ends."""
    cases = []
    for X, route in ((digits()[0], "gram"), (digits()[0][:50], "iteration")):
        plain = svd(X, 5)
        cases += [plain.route == route, plain.passes < 200]
        for workers in (1, 2, 3):
            with ThreadPoolExecutor(workers) as pool:
                cases += [(a == b).all() for a, b in zip(plain, svd(X, 5, executor=pool), strict=True)]
    return holds(cases)


def read_back(offset):
    """The rows that come from the file of a matrix, loader by loader, with offset(start, itemsize) for each."""
    def rows(X):
        with TemporaryDirectory() as folder:
            np.save(Path(folder) / "x.npy", X)
            blocks = row_blocks(np.load(Path(folder) / "x.npy", mmap_mode="r"))
            first, starts = blocks.loaders[0].args[2], np.cumsum([0, *blocks.rows[:-1]]) * blocks.n
            for loader, start in zip(blocks.loaders, starts, strict=True):
                filename, dtype, at, shape = loader.args
                at = at if offset is None else first + offset(int(start), dtype.itemsize)
                yield load(type(loader)(loader.func, filename, dtype, at, shape))

    return rows


@ledger.add("2.24", "law", read_back(None), bound=0, wrong={
    "offset in numbers, not in bytes": read_back(lambda start, itemsize: start),
    "offset of float64": read_back(lambda start, itemsize: 2 * itemsize * start),
    "the first block again": read_back(lambda start, itemsize: 0)})
def blocks_of_a_file(rows, rng):
    """A file of float32 that is read in three blocks gives its rows, bit by bit."""
    X = rng.standard_normal((5, 750_000), dtype=np.float32)
    parts = list(rows(X))
    return holds([len(parts) == 3, *(np.vstack(parts) == X).all(1)])


def iterated(X, start, passes, k=None):
    """The subspace iteration of the library from `start`, ended after so many passes, whatever is left."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return svd._iterate(svd.Passes(row_blocks(np.split(X, [100, 101])), None), start, k or start.shape[1], passes)


def rough(X, start):
    """Two steps: triples far from converged, with the residuals that a user would get."""
    return iterated(X, start, 4)


def residual_times(factor):
    """`rough` with its residuals multiplied by factor(s)."""
    def wrong(X, start):
        found = rough(X, start)
        found.residual = found.residual * factor(found.s)
        return found

    return wrong


RESIDUAL_WRONG = {"over 100": residual_times(lambda s: 0.01),
                  "relative to the largest": residual_times(lambda s: 1 / s[0]),
                  "relative to its own": residual_times(lambda s: 1 / s),
                  "by squares, which overflow": residual_times(lambda s: s**2 / s**2),
                  "of the neighbour": lambda X, start: (lambda found: setattr(found, "residual", np.roll(
                      found.residual, 1)) or found)(rough(X, start))}


@ledger.add("2.25", "identity", rough, wrong=RESIDUAL_WRONG)
def residual_triple_by_triple(rough, rng):
    """|X'u - s v| of every triple, one after the other, far from convergence, for X of size 1, 1e6, 1e200, 1e-200."""
    got, want = [], []
    for size in (1.0, 1e6, 1e200, 1e-200):
        X = size * with_spectrum(np.linspace(2, 1, 20), rng)
        found = rough(X, rng.standard_normal((60, 6)))
        got.append(found.residual / size)
        want.append([linalg.norm((X.T @ u - s * v) / size)
                     for u, s, v in zip(found.U.T, found.s, found.Vt, strict=True)])
    return entrywise(np.array(got), np.array(want))


@ledger.add("2.25", "law", rough, bound=0, wrong={
    "round-off": residual_times(lambda s: 0),
    "relative to the largest": RESIDUAL_WRONG["relative to the largest"]})
def truth_lies_within(rough, rng):
    """Ten matrices: a singular value lies within residual / sqrt(2) of every s, far from convergence."""
    cases = []
    for _ in range(10):
        X = 1e6 * with_spectrum(np.linspace(2, 1, 20), rng)
        found = rough(X, rng.standard_normal((60, 6)))
        cases += list(np.abs(linalg.svdvals(X)[:, None] - found.s).min(0) <= found.residual / np.sqrt(2))
    return holds(cases)


def gram_over(factor):
    """truncated_svd with its residuals divided by a factor."""
    def wrong(X, k):
        found = truncated_svd(X, k)
        found.residual = found.residual / factor
        return found

    return wrong


@ledger.add("2.25", "limit", truncated_svd, bound=1.5, wrong={
    "over 100": gram_over(100.0), "times 100": gram_over(0.01),
    "relative to the largest": lambda X, k: gram_over(linalg.svdvals(X)[0])(X, k)})
def residual_that_users_receive(svd, rng):
    """Of both routes, at their end: |log10| of given over true residual, of the last triple; digits are few here."""
    worst = 0.0
    for X in (1e6 * with_spectrum(np.geomspace(1, 3e-4, 8), rng), 1e6 * with_spectrum(np.geomspace(1, 3e-5, 8), rng)):
        found = svd(X, 8)
        true = linalg.norm(X.T @ found.U[:, -1] - found.s[-1] * found.Vt[-1])
        worst = max(worst, abs(float(np.log10(found.residual[-1] / true))))
    return Outcome(worst, 0.0, worst)


@ledger.add("2.25", "identity", truncated_svd, wrong={
    "one vector short": lambda X, k: truncated_svd(X, k - 1),
    "of half the rows": lambda X, k: truncated_svd(X[::2], k)})
def error_without_reconstruction(svd, rng):
    """|X - U s V'|^2, multiplied out, against |X|^2 - sum s^2; and against the tail, on the digits."""
    X, _ = digits()
    U, s, Vt = svd(X, 16)
    left = ((X[:len(U)] - U * s @ Vt) ** 2).sum() + (X[len(U):] ** 2).sum()
    return gap(np.array([left, left]), np.array([(X**2).sum() - (s**2).sum(), (linalg.svdvals(X)[16:] ** 2).sum()]))
