"""Evidence for the Gram matrix in single precision, (2.27a), and for principal components, (2.24)."""

from __future__ import annotations

import numpy as np
from scipy import linalg, sparse

from refvae.data import digits
from refvae.derivations.linear_ae.large import full_svd, with_spectrum
from refvae.evidence import Ledger, entrywise, gap, holds
from refvae.linear_ae import svd
from refvae.linear_ae.blocks import row_blocks
from refvae.linear_ae.passes import Passes
from refvae.linear_ae.svd import truncated_svd

ledger = Ledger()


def decide(s, residual, largest):
    """`_right` of the library."""
    return svd._right(s, residual, largest)


@ledger.add("2.27a", "law", decide, bound=0, wrong={
    "half the bound": lambda s, residual, largest: svd._right(s, np.sqrt(2) * residual, largest),
    "the residual itself": lambda s, residual, largest: svd._right(s, residual**0.5, largest),
    "the distance from 0": lambda s, residual, largest: svd._right(s, residual, 0.0),
    "the first value": lambda s, residual, largest: svd._right(s[:1], residual, largest)})
def decided_at_the_bound(decide, rng):
    """The residual that makes an error of 1e-8 in the last singular value, a little less and a little more."""
    cases = []
    for size in (1.0, 1e3, 1e-3):
        s = size * np.sort(rng.uniform(1, 2, 5))[::-1]
        for share in (0.0, 0.5, 0.99):
            largest = share * s[-1] ** 2
            edge = np.sqrt(2e-8 * s[-1] ** 2 * (s[-1] ** 2 - largest))
            cases += [decide(s, (1 - 1e-8) * edge, largest), not decide(s, (1 + 1e-8) * edge, largest)]
        cases += [not decide(s, 0.0, 1.01 * s[-1] ** 2), not decide(s, 0.0, s[-1] ** 2)]
    return holds(cases)


@ledger.add("2.27a", "identity", svd._largest, wrong={
    "without the error": lambda rest, error: float(rest[-1]),
    "the error in all entries": lambda rest, error: float(rest[-1] + np.linalg.norm(error)),
    "the smallest": lambda rest, error: svd._largest(rest[::-1], error)})
def largest_of_the_rest(largest, rng):
    """The next eigenvalue plus the norm of an error whose singular values are known."""
    error, rest = with_spectrum(np.array([3.0, 2.0, 1.0]), rng, 40, 5), np.sort(rng.uniform(1, 2, 4))
    return gap((largest(rest, error), largest(rest[:1], error)), (rest[-1] + 3, rest[0] + 3))


@ledger.add("2.27a", "law", svd._largest, bound=0, wrong={
    "0 for nothing": lambda rest, error: svd._largest(rest, error) if len(rest) else 0.0,
    "the error of nothing": lambda rest, error: float(rest.sum() + np.linalg.norm(error, 2))})
def nothing_is_left(largest, rng):
    """Where k = n there is no other eigenvalue, and nothing to exceed."""
    return holds([largest(np.zeros(0), rng.standard_normal((4, 4))) == -np.inf,
                  largest(np.ones(1), np.zeros((1, 1))) == 1])


def bound_of(A, V):
    """The bound on the i-th eigenvalue, and s^2: for the compression of A to orthonormal V."""
    theta, Z = linalg.eigh(V.T @ A @ V)
    V, theta = V @ Z[:, ::-1], theta[::-1]
    W = linalg.null_space(V.T)
    R, beta = A @ V - V * theta, linalg.eigvalsh(W.T @ A @ W)[-1]
    return theta, linalg.norm(R, 2) ** 2 / (theta - beta)


@ledger.add("2.27a", "law", bound_of, bound=0, wrong={
    "half of it": lambda A, V: (bound_of(A, V)[0], bound_of(A, V)[1] / 2),
    "of the fourth power": lambda A, V: (bound_of(A, V)[0], bound_of(A, V)[1] ** 2)})
def eigenvalues_lie_within(bound_of, rng):
    """Ten matrices with a gap and vectors off by 1e-3: 0 <= sigma^2 - s^2 <= bound, and k = 1 attains it nearly."""
    cases = []
    for _ in range(10):
        A = (lambda X: X.T @ X)(with_spectrum(np.array([4, 3.5, 3, 1, 0.5, 0.2]), rng, 40, 6))
        V = linalg.qr(linalg.eigh(A)[1][:, :-4:-1] + 1e-3 * rng.standard_normal((6, 3)), mode="economic")[0]
        theta, bound = bound_of(A, V)
        excess = linalg.eigvalsh(A)[:-4:-1] - theta
        cases += list((-1e-12 < excess) & (excess <= bound))
    theta, bound = bound_of(np.array([[2.0, 1e-3], [1e-3, 1.0]]), np.eye(2)[:, :1])
    excess = linalg.eigvalsh([[2.0, 1e-3], [1e-3, 1.0]])[-1] - theta[0]
    return holds([*cases, 0.999 * bound[0] < excess <= bound[0]])


def of_single(change):
    """truncated_svd of a float32 matrix, its singular values changed."""
    def found(X, k):
        result = truncated_svd(X, k)
        assert result.route == "gram"
        return change(X, k, result.s)

    return found


def gram_values(X, k):
    """Roots of the eigenvalues of X'X in float32, without a second pass: a wrong version."""
    return np.sqrt(np.maximum(linalg.eigvalsh((X.T @ X).astype(float))[:-k - 1:-1], 0))


@ledger.add("2.27a", "law", of_single(lambda X, k, s: s), bound=1e-8, wrong={
    "no second pass": of_single(lambda X, k, s: gram_values(X, k)),
    "halved": of_single(lambda X, k, s: s / 2)})
def singular_values_of_float32(single, rng):
    """Float32 matrices with s_k / s_1 from 0.5 to 1e-3, close values, and a mean of 30 deviations: 1e-8 of each s."""
    cases = [with_spectrum(np.geomspace(1, least, 20), rng, 2000, 40) for least in (0.5, 1e-2, 1e-3)]
    cases += [with_spectrum(np.repeat([3.0, 2.0, 1.0], 5), rng, 2000, 40), 30 + rng.standard_normal((2000, 40))]
    parts = [(single(X, 6), linalg.svdvals(X.astype(float))[:6]) for X in (A.astype(np.float32) for A in cases)]
    return entrywise(np.concatenate([got for got, _ in parts]), np.concatenate([want for _, want in parts]))


def passes(X, centre, V, Y):
    """All products of `Passes`, of X as it is and of X in blocks; in single precision too."""
    found = []
    for blocks in (X, [X[:5], X[5:8], X[8:]]):
        matrix = Passes(row_blocks(blocks), None, centre)
        found += [matrix.gram(), matrix.times(V), *matrix.both(V), matrix.adjoint(Y)]
        found += [matrix.gram(single=True)] if matrix.blocks.single else []
    return tuple(found)


def written_out(X, centre, V, Y):
    """The same of the whole matrix in float64, less its mean row."""
    Z = (X.toarray() if sparse.issparse(X) else X).astype(float)
    Z = Z - Z.mean(0) if centre else Z
    found = [Z.T @ Z, Z @ V, Z @ V, Z.T @ (Z @ V), Z.T @ Y]
    return (*found, *[Z.T @ Z] * (not sparse.issparse(X) and X.dtype == np.float32)) * 2


@ledger.add("2.24", "identity", passes, wrong={
    "uncentred": lambda X, centre, V, Y: passes(X, False, V, Y),
    "doubled": lambda X, centre, V, Y: tuple(2 * each for each in passes(X, centre, V, Y))})
def every_product(passes, rng):
    """Sixteen rows of whole numbers, whose float32 products are exact, dense in both precisions and sparse."""
    X, V, Y = rng.integers(-8, 9, (16, 6)).astype(float), rng.standard_normal((6, 3)), rng.standard_normal((16, 2))
    parts = [(passes(A, centre, V, Y), written_out(A, centre, V, Y)) for centre in (False, True)
             for A in (X, X.astype(np.float32), sparse.csr_array(X * (X > 2)))]
    return gap(*(tuple(found) for found in zip(*parts, strict=True)))


def centred_svd(make, centre=True):
    """truncated_svd of make(X) with the mean taken off."""
    return lambda X, k: truncated_svd(make(X), k, centre=centre)


@ledger.add("2.24", "identity", centred_svd(lambda X: X), wrong={
    "mean left": centred_svd(lambda X: X, centre=False),
    "half the mean": lambda X, k: truncated_svd(X - X.mean(0) / 2, k),
    "block by block": lambda X, k: truncated_svd([block - block.mean(0) for block in np.array_split(X, 4)], k)})
def principal_components(svd, rng):
    """The digits less their mean row by scipy.linalg.svd, and the mean, by the Gram route and by iteration."""
    got, want = [], []
    for X in (digits()[0], digits()[0][:50]):
        U, s, Vt = (found := svd(X, 5))[:3]
        W, t, Wt = full_svd(X - X.mean(0), 5)
        got += [s, Vt.T @ Vt, U * s @ Vt, (found.mean if found.mean is not None else 0 * X[0])]
        want += [t, Wt.T @ Wt, W * t @ Wt, X.mean(0)]
    return gap(tuple(got), tuple(want))


@ledger.add("2.24", "identity", centred_svd(sparse.csr_array), wrong={
    "mean left": centred_svd(sparse.csr_array, centre=False),
    "the mean of what is stored": lambda X, k: truncated_svd(X - X.sum(0) / np.maximum((X != 0).sum(0), 1), k)})
def principal_components_of_sparse(svd, rng):
    """The same of a sparse matrix, which stays sparse."""
    return principal_components(svd, rng)
