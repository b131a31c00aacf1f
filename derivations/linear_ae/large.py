"""Evidence for matrices too large to store, (2.24) to (2.27)."""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from scipy import linalg, sparse

from refvae.data import digits
from refvae.evidence import Ledger, Outcome, entrywise, gap, holds, order
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


@ledger.add("2.24", "law", truncated_svd, bound=0, wrong={
    "depends on the executor": lambda X, k, rng=0, executor=None: truncated_svd(
        X * (1 + 1e-9 * (executor is not None)), k, rng)})
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


def iterate(X, k, steps):
    """The residual of the k-th triple after each of so many steps of the iteration, l = k + 10."""
    start = np.random.default_rng(2).standard_normal((X.shape[1], k + 10))
    return np.array([iterated(X, start, 2 * step, k).residual[-1] for step in range(1, steps + 1)])


@ledger.add("2.26", "rate", iterate, bound=0.03, wrong={
    "two steps counted as one": lambda X, k, steps: iterate(X, k, 2 * steps)[::2],
    "half a step counted as one": lambda X, k, steps: np.sqrt(iterate(X, k, steps))})
def residual_per_step(iterate, rng):
    """The factor per step, (s_{l+1}/s_k)^2 = 0.49, for 14 singular values 1 and 20 of 0.7, with l = k + 10 = 14."""
    X = with_spectrum(np.r_[np.full(14, 1.0), np.full(20, 0.7)], rng)
    residual = iterate(X, 4, 14)
    factor = (residual[-1] / residual[-6]) ** 0.2
    return Outcome(float(factor), 0.49, abs(float(factor) / 0.49 - 1))


def after(change):
    """`iterated`, from change(X, start)."""
    return lambda X, start, passes: iterated(X, change(X, start), passes)


@ledger.add("2.26", "identity", iterated, wrong={
    "a step too few": lambda X, start, passes: iterated(X, start, passes - 2),
    "a step too many": lambda X, start, passes: iterated(X, start, passes + 2),
    "a step of X'X + I": lambda X, start, passes: after(lambda X, Q: Q + X.T @ (X @ Q))(X, start, passes - 2),
    "one vector turned": after(lambda X, Q: Q + 1e-9 * np.roll(Q, 1, 0))})
def powers_of_the_gram_matrix(iterated, rng):
    """After three steps the space is that of (X'X)^2 times the start: its projector, and the singular values there."""
    X, start = with_spectrum(np.linspace(1, 0.7, 34), rng), rng.standard_normal((60, 5))
    found = iterated(X, start, 6)
    Q = linalg.qr(X.T @ (X @ (X.T @ (X @ start))), mode="economic")[0]
    return gap((found.Vt.T @ found.Vt, found.s), (Q @ Q.T, linalg.svdvals(X @ Q)))


def of_size(X, start, size):
    """Singular values and residuals of size X, in units of the size, when the iteration has ended, and its passes."""
    found = iterated(size * X, start, 200, 4)
    return found.s / size, found.residual / size, found.passes


def of_size_wrong(change):
    """`of_size` with change(s, residual, passes, size)."""
    return lambda X, start, size: change(*of_size(X, start, size), size)


@ledger.add("2.26", "law", of_size, bound=0, wrong={
    "residuals relative to s_1": of_size_wrong(lambda s, residual, passes, size: (s, residual / size, passes)),
    "tolerances that are absolute": of_size_wrong(lambda s, residual, passes, size: (
        s, residual, passes + 2 * np.sign(size - 1))),
    "ended too early": of_size_wrong(lambda s, residual, passes, size: (s, 4 * residual, passes))})
def no_scale(of_size, rng):
    """Of X times 2^20 and 2^-20 the same bits in as many passes; it ends as soon as the residual is 1e-10 of s."""
    X, start = with_spectrum(np.r_[np.full(4, 1.0), np.full(30, 0.7)], rng), rng.standard_normal((60, 14))
    s, residual, _ = plain = of_size(X, start, 1.0)
    same = [np.array_equal(a, b) for size in (2.0**20, 2.0**-20)
            for a, b in zip(of_size(X, start, size), plain, strict=True)]
    share = (residual / s).max()
    return holds([*same, share <= 1e-10, share > 0.25e-10])  # a step divides by about 2


@ledger.add("2.26", "oracle", truncated_svd, bound=1e-12, wrong={
    "two steps of iteration": lambda X, k: rough(X.toarray(), np.random.default_rng(0).standard_normal((300, k))),
    "in single precision": lambda X, k: truncated_svd(X.astype(np.float32), k)})
def sparse_and_wide(svd, rng):
    """A wide sparse matrix (60 x 300, no Gram route): values against scipy.linalg.svd, vectors orthonormal."""
    X = with_spectrum(0.5 ** np.arange(12.0), rng, m=60, n=300)
    X = np.where(np.abs(X) > 1e-3, X, 0)
    U, s, Vt = svd(sparse.csr_array(X), 4)
    return gap((s, U.T @ U, Vt @ Vt.T), (full_svd(X, 4)[1], np.eye(4), np.eye(4)))


@ledger.add("2.27", "law", truncated_svd, bound=0, wrong={
    "always by the Gram matrix": lambda X, k: gram_only(X, k),
    "of the transposed matrix": lambda X, k: truncated_svd(X.T, k)})
def refused_where_it_must_be(svd, rng):
    """Ratios 1e-3, 2e-4: gram; 1.1e-4, 1e-5: iteration, at any scale; the last value right to 1e-10 (X'X: 1e-7)."""
    cases = []
    for ratio, scale, route in ((1e-3, 1e-3, "gram"), (2e-4, 1, "gram"), (1.1e-4, 1e3, "iteration"),
                                (1e-5, 1, "iteration")):
        s = scale * np.geomspace(1, ratio, 8)
        found = svd(with_spectrum(s, rng), 8)
        cases += [found.route == route, abs(found.s[-1] / s[-1] - 1) < 1e-10]
    return holds(cases)


def gram_only(X, k):
    """Square roots of the eigenvalues of X'X, whatever the ratio."""
    found = svd.TruncatedSVD(*full_svd(X, k))
    found = svd.TruncatedSVD(found.U, np.sqrt(np.abs(linalg.eigvalsh(X.T @ X)[::-1][:k])), found.Vt)
    found.route = "gram"
    return found


@ledger.add("2.27", "rate", gram_only, bound=0.5, wrong={
    "by bidiagonalisation": lambda X, k: svd.TruncatedSVD(*full_svd(X, k)),
    "with an error of 1e-6": lambda X, k: svd.TruncatedSVD(X, linalg.svdvals(X)[:k] * (1 + 1e-6), X)})
def loss_of_digits(gram, rng):
    """The relative error of the smallest singular value from X'X grows like (s_1/s_k)^2 over ratios 1e-2 ... 1e-6."""
    ratios, errors = 10.0 ** -np.arange(2, 7), []
    for ratio in ratios:
        found = [gram(with_spectrum(np.geomspace(1, ratio, 8), rng), 8).s[-1] / ratio - 1 for _ in range(20)]
        errors.append(np.sqrt(np.mean(np.square(found))))
    return order(ratios, np.array(errors), -2)


@ledger.add("2.27", "identity", truncated_svd, wrong={"scaled": cut(lambda X: X * (1 + 1e-9)),
                                                      "noisy": cut(lambda X: X + 1e-9)})
def values_on_both_routes(svd, rng):
    """Singular values from 1 to 1e-3 (Gram route) and vectors orthonormal, against the construction."""
    s = np.geomspace(1, 1e-3, 8)
    U, got, Vt = svd(with_spectrum(s, rng), 8)[:3]
    return entrywise(np.concatenate([got, np.diag(U.T @ U), np.diag(Vt @ Vt.T)]), np.concatenate([s, np.ones(16)]))
