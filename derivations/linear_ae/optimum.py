"""Evidence for the optimum, (2.4), (2.5), (2.9), (2.10)."""

from __future__ import annotations

import numpy as np
from scipy import linalg

from refvae.data import digits
from refvae.derivations.linear_ae.common import RANKS, arrays, digit_rows, tail
from refvae.evidence import Ledger, Outcome, entrywise, gap, holds
from refvae.linear_ae import alternating_step, eckart_young, linear_ae, svd_autoencoder

ledger = Ledger()


TAIL_WRONG = {"k counted from 1": lambda X, k: eckart_young(X, max(k - 1, 0)),
              "singular values not squared": lambda X, k: linalg.svdvals(X)[k:].sum(),
              "the head, not the tail": lambda X, k: (linalg.svdvals(X)[:k] ** 2).sum()}


@ledger.add("2.4", "identity", eckart_young, wrong={
    **TAIL_WRONG, "k = 0 taken for 1": lambda X, k: eckart_young(X, max(k, 1)),
    "the last nonzero singular value forgotten": lambda X, k: (linalg.svdvals(X)[k:60] ** 2).sum()})
def eigenvalues_of_the_gram_matrix(eckart_young, rng):
    """On the digits, k = 0, 2, 8, 16, 40: the tail of the eigenvalues of X'X (another algorithm on another matrix)."""
    (X, _), ranks = digits(), (0, *RANKS, 40)
    return entrywise(np.array([eckart_young(X, k) for k in ranks]), np.array([tail(X, k) for k in ranks]))


@ledger.add("2.4", "law", eckart_young, bound=0, wrong={
    **{key: wrong for key, wrong in TAIL_WRONG.items() if "head" not in key},
    "largest of the tail only": lambda X, k: linalg.svdvals(X)[k] ** 2})
def no_matrix_is_nearer(eckart_young, rng):
    """200 matrices of rank 3, random and near the best one, are no nearer; the best one is as near to 1e-12."""
    X = rng.standard_normal((9, 7))
    U, s, Vt = linalg.svd(X, full_matrices=False)
    near = [(U[:, :3] + a * rng.standard_normal((9, 3))) * s[:3] @ (Vt[:3] + a * rng.standard_normal((3, 7)))
            for a in 10.0 ** -np.arange(5) for _ in range(40)]
    best = ((X - U[:, :3] * s[:3] @ Vt[:3]) ** 2).sum()
    bound = eckart_young(X, 3)
    return holds([((X - Y) ** 2).sum() >= bound for Y in near] + [abs(best - bound) <= 1e-12 * best])


def random_subspace(X, k):
    """An orthonormal pair onto a random subspace."""
    Q = linalg.qr(np.random.default_rng(0).standard_normal((X.shape[1], k)), mode="economic")[0]
    return Q, Q.T


OPTIMUM_WRONG = {"random subspace": random_subspace,
                 "last singular vectors": lambda X, k: (lambda V: (V.T, V))(linalg.svd(X, full_matrices=False)[2][-k:]),
                 "of the centred data": lambda X, k: svd_autoencoder(X - X.mean(0), k),
                 "decoder negated": lambda X, k: (svd_autoencoder(X, k)[0], -svd_autoencoder(X, k)[1])}


@ledger.add("2.5", "identity", svd_autoencoder, bound=1e-12, wrong=OPTIMUM_WRONG)
def digits_residual(autoencoder, rng):
    """On the digits, k = 2, 8, 16: the loss of the autoencoder against the tail of eigenvalues of X'X."""
    X, _ = digits()
    got = [linear_ae(*autoencoder(X, k), X)[0] for k in RANKS]
    return entrywise(np.array(got), np.array([tail(X, k) for k in RANKS]))


@ledger.add("2.5", "law", svd_autoencoder, wrong={
    key: OPTIMUM_WRONG[key] for key in ("random subspace", "of the centred data", "decoder negated")})
def stationary(autoencoder, rng):
    """The gradient there is 0, relative to the sums of absolute terms of its matrix products."""
    X = 1 + rng.standard_normal((9, 7))
    C, D = autoencoder(X, 3)
    dC, dD, _ = linear_ae(C, D, X)[1](1.0)
    size = np.abs(X).T @ np.abs(X)
    error = max(np.abs(dC).max() / (size @ np.abs(D.T)).max(), np.abs(dD).max() / (np.abs(C.T) @ size).max())
    return Outcome(float(np.linalg.norm(dC)), 0.0, float(error))


def in_basis(change):
    """The optimal autoencoder C G, G^-1 D with G = change(k)."""
    def wrong(X, k):
        (C, D), G = svd_autoencoder(X, k), change(k)
        return C @ G, linalg.solve(G, D)

    return wrong


@ledger.add("2.5", "identity", svd_autoencoder, wrong={
    **OPTIMUM_WRONG, "codes doubled, decoder halved": in_basis(lambda k: 2 * np.eye(k)),
    "rotated basis": in_basis(lambda k: linalg.qr(np.random.default_rng(0).standard_normal((k, k)))[0]),
    "smallest singular value first": in_basis(lambda k: np.eye(k)[::-1])})
def principal_axes(autoencoder, rng):
    """C'C = I, D = C', and C'SC is diagonal with the k largest eigenvalues of S = X'X, the largest first."""
    X = 1 + rng.standard_normal((9, 7))
    C, D = autoencoder(X, 3)
    first = linalg.eigvalsh(X.T @ X)[::-1][:3]
    return gap((C.T @ C, D, C.T @ X.T @ X @ C / first[0]), (np.eye(3), C.T, np.diag(first / first[0])))


@ledger.add("2.9", "identity", svd_autoencoder, wrong=OPTIMUM_WRONG)
def projector_of_the_gram_matrix(autoencoder, rng):
    """CD against the projector on the first eigenvectors of X'X, on 9 x 7 data: signs and order cannot matter."""
    X = 1 + rng.standard_normal((9, 7))
    V = linalg.eigh(X.T @ X)[1][:, -3:]
    C, D = autoencoder(X, 3)
    return gap(C @ D, V @ V.T)


def free_on_the_kernel(X, G, H):
    """An optimum for data X that have a kernel: C = V_k G + N with X N = 0, and D = G^-1 V_k'."""
    C, D = svd_autoencoder(X, len(G))
    return C @ G + linalg.null_space(X) @ H, linalg.solve(G, D)


KERNEL_WRONG = {
    "nothing on the kernel": lambda X, G, H: free_on_the_kernel(X, G, 0 * H),
    "N not in the kernel": lambda X, G, H: (free_on_the_kernel(X, G, 0 * H)[0] + np.resize(H, (7, 3)),
                                            free_on_the_kernel(X, G, H)[1]),
    "G not undone": lambda X, G, H: (free_on_the_kernel(X, G, H)[0], free_on_the_kernel(X, np.eye(3), H)[1]),
    "decoder free, not the encoder": lambda X, G, H: (free_on_the_kernel(X, G, 0 * H)[0], free_on_the_kernel(
        X, G, H)[1] + (linalg.null_space(X) @ H).T)}


@ledger.add("2.9", "law", free_on_the_kernel, wrong=KERNEL_WRONG)
def rank_deficient_data(optimum, rng):
    """Rank 4 of 7, k = 3: the loss is the tail and X C D = X V_k V_k', though C D differs from V_k V_k'."""
    U, V = (linalg.qr(rng.standard_normal((n, 4)), mode="economic")[0] for n in (9, 7))
    X, P = U * np.sqrt([7.0, 5.0, 3.0, 2.0]) @ V.T, V[:, :3] @ V[:, :3].T
    G, H = rng.standard_normal((2, 3, 3)) + 2 * np.eye(3)
    C, D = optimum(X, G, H)
    apart = linalg.norm(C @ D - P)
    found = gap((linear_ae(C, D, X)[0], X @ C @ D), (2.0, X @ P))
    return found if apart > 0.1 else Outcome(apart, 0.1, 1.0)


def several(steps):
    """alternating_step, taken several times at once."""
    def wrong(D, X):
        for _ in range(steps):
            C, D = alternating_step(D, X)
        return C, D

    return wrong


STEP_WRONG = {"decoder kept": lambda D, X: (linalg.pinv(D), D),
              "rows of the data, not least squares": lambda D, X: (linalg.pinv(D), X[:len(D)]),
              "two steps at once": several(2), "the optimum at once": lambda D, X: svd_autoencoder(X, len(D))}


def halves(encoder=1, decoder=1):
    """alternating_step with its encoder and its decoder multiplied."""
    return lambda D, X: tuple(f * part for f, part in zip((encoder, decoder), alternating_step(D, X), strict=True))


@ledger.add("2.10", "law", alternating_step, wrong={
    **STEP_WRONG, "transpose for pseudo-inverse": lambda D, X: (D.T, linalg.lstsq(X @ D.T, X)[0]),
    "decoder of the doubled encoder": lambda D, X: (2 * linalg.pinv(D), linalg.lstsq(2 * X @ linalg.pinv(D), X)[0]),
    "encoder doubled": halves(encoder=2), "encoder zero": halves(encoder=0), "decoder times 3": halves(decoder=3),
    "one step of the power method, D S": lambda D, X: (linalg.pinv(D), D @ X.T @ X)})
def both_halves_are_least_squares(alternating_step, rng):
    """C = D'(DD')^-1, and with Z = XC the new decoder is (Z'Z)^-1 Z'X: the normal equations."""
    _, D, X = arrays(rng)
    C = D.T @ linalg.inv(D @ D.T)
    Z = X @ C
    return gap(alternating_step(D, X), (C, linalg.solve(Z.T @ Z, Z.T @ X)))


@ledger.add("2.10", "identity", alternating_step, wrong=STEP_WRONG)
def power_step(alternating_step, rng):
    """The row space of the new decoder is that of D S: the two projectors agree."""
    _, D, X = arrays(rng)
    new = alternating_step(D, X)[1]
    return gap(linalg.pinv(new) @ new, linalg.pinv(D @ X.T @ X) @ (D @ X.T @ X))


def excesses(step, D, R):
    """The excess of the loss over the tail, relative, step by step until it is below 1e-10, 250 steps at most."""
    excess, best = [1.0], tail(R, len(D))
    while excess[-1] >= 1e-10 and len(excess) <= 250:
        D = step(D, R)[1]
        excess.append(linear_ae(linalg.pinv(D), D, R)[0] / best - 1)
    return excess


@ledger.add("2.10", "rate", alternating_step, bound=0.01, wrong=STEP_WRONG)
def factor_per_step(alternating_step, rng):
    """On the digits, k = 2, 8, 16, the excess falls by (s_{k+1}/s_k)^4 a step, below 1e-10 within 250 steps."""
    R, found = digit_rows(), []
    s = linalg.svdvals(R)
    for k in RANKS:
        excess, want = excesses(alternating_step, rng.standard_normal((k, 64)), R), (s[k] / s[k - 1]) ** 4
        fell = len(excess) > 3 and min(excess) > 0 and excess[-1] < 1e-10
        factor = np.sqrt(excess[-1] / excess[-3]) if fell else np.nan
        found.append(Outcome(factor, want, abs(factor / want - 1) if fell else np.inf))
    return max(found, key=lambda outcome: outcome.error)
