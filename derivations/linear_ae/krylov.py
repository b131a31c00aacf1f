"""Evidence for the block Krylov space, (2.26a)."""

from __future__ import annotations

import numpy as np
from scipy import linalg, sparse

from refvae.derivations.linear_ae.large import with_spectrum
from refvae.evidence import Ledger, gap, holds
from refvae.linear_ae import svd
from refvae.linear_ae.blocks import row_blocks
from refvae.linear_ae.passes import Passes
from refvae.linear_ae.svd import truncated_svd

ledger = Ledger()


def krylov(X, start, k, most):
    """`_krylov` of the library: vectors, values and residuals after so many passes."""
    return svd._krylov(Passes(row_blocks(X), None), start, k, most)


def written_out(X, start, count):
    """Orthonormal basis of start, X'X start, ...: `count` blocks."""
    K = linalg.qr(start, mode="economic")[0]
    blocks = [K]
    for _ in range(count - 1):
        K = linalg.qr(X.T @ (X @ K), mode="economic")[0]
        blocks.append(K)
    return linalg.orth(np.hstack(blocks), rcond=1e-14)


def changed(change):
    """`krylov` with change(vectors, values, residuals)."""
    return lambda X, start, k, most: change(*krylov(X, start, k, most))


@ledger.add("2.26a", "identity", krylov, wrong={
    "a pass too few": lambda X, start, k, most: krylov(X, start, k, most - 1),
    "a pass too many": lambda X, start, k, most: krylov(X, start, k, most + 1),
    "a residual of X": changed(lambda V, values, residual: (V, values, residual / np.sqrt(values[:len(residual)]))),
    "the last block alone": lambda X, start, k, most: krylov(X, X.T @ (X @ start), k, most - 1)})
def best_in_the_space(krylov, rng):
    """One to five blocks of 3: values, projector and residuals against the space written out, for k = 2."""
    X, start = with_spectrum(np.linspace(1, 0.1, 30), rng, 60, 40), rng.standard_normal((40, 3))
    A, got, want = X.T @ X, [], []
    for count in range(1, 6):
        V, values, residual = krylov(X, start, 2, count)
        K = written_out(X, start, count)
        theta, Z = linalg.eigh(K.T @ A @ K)
        theta, Z = theta[:-4:-1], K @ Z[:, :-4:-1]
        got += [values, V @ V.T, residual]
        want += [theta, Z @ Z.T, linalg.norm(A @ Z[:, :2] - Z[:, :2] * theta[:2], axis=0)]
    return gap(tuple(got), tuple(want))


@ledger.add("2.26a", "law", krylov, bound=0, wrong={
    "begun again from the start": lambda X, start, k, most: krylov(X, start, k, 5),
    "residuals of nothing": changed(lambda V, values, residual: (V, values, 0 * residual)),
    "vectors of another basis": changed(lambda V, values, residual: (V[::-1], values, residual))})
def begun_again(krylov, rng):
    """After 5 to 12 passes, begun again after every fifth and then fourth: residuals are true, values grow."""
    X, start = with_spectrum(np.linspace(1, 0.5, 100), rng, 150, 120), rng.standard_normal((120, 3))
    A, cases, before = X.T @ X, [], np.zeros(3)
    for most in range(5, 13):
        V, values, residual = krylov(X, start, 3, most)
        true = linalg.norm(A @ V - V * values, axis=0)
        cases += [*(np.abs(residual - true) < 1e-12), *(values > before), np.allclose(V.T @ V, np.eye(3), 0, 1e-12)]
        before = values
    return holds(cases)


@ledger.add("2.26a", "oracle", truncated_svd, bound=1e-12, wrong={
    "five blocks and no more": lambda X, k: krylov_values(X, k, 5),
    "one block": lambda X, k: krylov_values(X, k, 1)})
def slow_decay(svd, rng):
    """Sparse matrices of 250 x 800 with singular values 0.99^i, and with a ninefold one: values by scipy.linalg."""
    cases = [with_spectrum(0.99 ** np.arange(240.0), rng, 250, 800),
             with_spectrum(np.r_[np.full(9, 1.0), 0.99 ** np.arange(1.0, 200)], rng, 250, 800)]
    got = [svd(sparse.csr_array(X), 12).s for X in cases]
    return gap(tuple(got), tuple(linalg.svdvals(X)[:12] for X in cases))


def krylov_values(X, k, most):
    """The singular values that so many blocks give."""
    found = svd.TruncatedSVD(*linalg.svd(X.toarray(), full_matrices=False))
    values = krylov(X, np.random.default_rng(0).standard_normal((X.shape[1], k + 10)), k, most)[1]
    return found._replace(s=np.sqrt(values[:k]))
