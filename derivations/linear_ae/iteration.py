"""Evidence for the iteration and for the Gram matrix, (2.26) and (2.27)."""

from __future__ import annotations

import numpy as np
from scipy import linalg, sparse

from refvae.derivations.linear_ae.large import cut, full_svd, iterated, rough, with_spectrum
from refvae.evidence import Ledger, Outcome, entrywise, gap, holds, order
from refvae.linear_ae import svd
from refvae.linear_ae.svd import truncated_svd

ledger = Ledger()


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
