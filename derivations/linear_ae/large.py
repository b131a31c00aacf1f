"""Evidence for matrices too large to store, (2.24) to (2.27)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from scipy import linalg, sparse

from refvae.data import digits
from refvae.evidence import Ledger, Outcome, entrywise, gap, holds, order
from refvae.linear_ae import svd
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
    """One, two and three threads and none give the same bits, by the Gram route and by iteration."""
    cases = []
    for X in (digits()[0], digits()[0][:50]):
        plain = svd(X, 5)
        for workers in (1, 2, 3):
            with ThreadPoolExecutor(workers) as pool:
                cases += [(a == b).all() for a, b in zip(plain, svd(X, 5, executor=pool), strict=True)]
    return holds(cases)


def rough(X, k):
    """The triples of one step of subspace iteration, far from converged, with their residuals."""
    Q = linalg.qr(np.random.default_rng(1).standard_normal((X.shape[1], k + 2)), mode="economic")[0]
    Q = linalg.qr(X.T @ (X @ Q), mode="economic")[0]
    U, s, V = svd._ritz(X @ Q, Q)
    found = svd.TruncatedSVD(U[:, :k], s[:k], V[:, :k].T)
    found.residual = linalg.norm(X.T @ U - V * s, axis=0)[:k]
    return found


def rough_bound(X, k):
    """Singular values of `rough`, and their error bounds."""
    found = rough(X, k)
    return found.s, found.residual / np.sqrt(2)


@ledger.add("2.25", "law", rough_bound, bound=0, wrong={
    "round-off for the residual": lambda X, k: (rough(X, k).s, 1e-15 * rough(X, k).s),
    "residual's eighth power": lambda X, k: (rough(X, k).s, rough(X, k).residual ** 8)})
def truth_lies_within(bounded, rng):
    """Ten matrices: a singular value lies within residual / sqrt(2) of every s, far from convergence."""
    cases = []
    for _ in range(10):
        X = with_spectrum(np.linspace(2, 1, 20), rng)
        s, bound = bounded(X, 5)
        cases += list(np.abs(linalg.svdvals(X)[:, None] - s).min(0) <= bound)
    return holds(cases)


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
    found = []
    Q = linalg.qr(np.random.default_rng(2).standard_normal((X.shape[1], k + 10)), mode="economic")[0]
    for _ in range(steps):
        U, s, V = svd._ritz(X @ Q, Q)
        T = X.T @ U
        found.append(linalg.norm(T - V * s, axis=0)[k - 1])
        Q = linalg.qr(T, mode="economic")[0]
    return np.array(found)


@ledger.add("2.26", "rate", iterate, bound=0.03, wrong={
    "two steps counted as one": lambda X, k, steps: iterate(X, k, 2 * steps)[::2],
    "half a step counted as one": lambda X, k, steps: np.sqrt(iterate(X, k, steps))})
def residual_per_step(iterate, rng):
    """The factor per step, (s_{l+1}/s_k)^2 = 0.49, for 14 singular values 1 and 20 of 0.7, with l = k + 10 = 14."""
    X = with_spectrum(np.r_[np.full(14, 1.0), np.full(20, 0.7)], rng)
    residual = iterate(X, 4, 14)
    factor = (residual[-1] / residual[-6]) ** 0.2
    return Outcome(float(factor), 0.49, abs(float(factor) / 0.49 - 1))


@ledger.add("2.26", "identity", truncated_svd, wrong={
    "one step of iteration": lambda X, k: rough(X, k),
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
    """Ratios 1e-3, 2e-4: gram; 1.1e-4, 1e-5: iteration; the small singular value right to 1e-10 (X'X alone: 1e-7)."""
    cases = []
    for ratio, route in ((1e-3, "gram"), (2e-4, "gram"), (1.1e-4, "iteration"), (1e-5, "iteration")):
        s = np.geomspace(1, ratio, 8)
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
