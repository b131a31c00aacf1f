"""Evidence for the optimum, (2.4), (2.5), (2.9), (2.10)."""

from __future__ import annotations

import numpy as np
from scipy import linalg

from refvae.data import digits
from refvae.derivations.linear_ae.common import RANKS, arrays, digit_rows, tail
from refvae.evidence import Ledger, Outcome, entrywise, gap, holds
from refvae.linear_ae import alternating_step, eckart_young, linear_ae, svd_autoencoder

ledger = Ledger()


TAIL_WRONG = {"k counted from 1": lambda X, k: eckart_young(X, k - 1),
              "singular values not squared": lambda X, k: linalg.svdvals(X)[k:].sum(),
              "the head, not the tail": lambda X, k: (linalg.svdvals(X)[:k] ** 2).sum()}


@ledger.add("2.4", "identity", eckart_young, wrong=TAIL_WRONG)
def eigenvalues_of_the_gram_matrix(eckart_young, rng):
    """On the digits, k = 2, 8, 16: the tail of the eigenvalues of X'X (another algorithm on another matrix)."""
    X, _ = digits()
    return entrywise(np.array([eckart_young(X, k) for k in RANKS]), np.array([tail(X, k) for k in RANKS]))


@ledger.add("2.4", "law", eckart_young, bound=0, wrong={
    **{key: wrong for key, wrong in TAIL_WRONG.items() if "head" not in key},
    "largest of the tail only": lambda X, k: linalg.svdvals(X)[k - 1] ** 2})
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
                 "last singular vectors": lambda X, k: (lambda V: (V.T, V))(linalg.svd(X)[2][-k:]),
                 "of the centred data": lambda X, k: svd_autoencoder(X - X.mean(0), k),
                 "decoder not transposed back": lambda X, k: (svd_autoencoder(X, k)[0], -svd_autoencoder(X, k)[1])}


@ledger.add("2.5", "identity", svd_autoencoder, bound=1e-12, wrong=OPTIMUM_WRONG)
def digits_residual(autoencoder, rng):
    """On the digits, k = 2, 8, 16: the loss of the autoencoder against the tail of eigenvalues of X'X."""
    X, _ = digits()
    got = [linear_ae(*autoencoder(X, k), X)[0] for k in RANKS]
    return entrywise(np.array(got), np.array([tail(X, k) for k in RANKS]))


@ledger.add("2.5", "law", svd_autoencoder, wrong={
    key: OPTIMUM_WRONG[key] for key in ("random subspace", "of the centred data", "decoder not transposed back")})
def stationary(autoencoder, rng):
    """The gradient there is 0, relative to the sums of absolute terms of its matrix products."""
    X = 1 + rng.standard_normal((9, 7))
    C, D = autoencoder(X, 3)
    dC, dD, _ = linear_ae(C, D, X)[1](1.0)
    size = np.abs(X).T @ np.abs(X)
    error = max(np.abs(dC).max() / (size @ np.abs(D.T)).max(), np.abs(dD).max() / (np.abs(C.T) @ size).max())
    return Outcome(float(np.linalg.norm(dC)), 0.0, float(error))


@ledger.add("2.9", "identity", svd_autoencoder, wrong=OPTIMUM_WRONG)
def projector_of_the_gram_matrix(autoencoder, rng):
    """CD against the projector on the first eigenvectors of X'X, on 9 x 7 data: signs and order cannot matter."""
    X = 1 + rng.standard_normal((9, 7))
    V = linalg.eigh(X.T @ X)[1][:, -3:]
    C, D = autoencoder(X, 3)
    return gap(C @ D, V @ V.T)


STEP_WRONG = {"transpose for pseudo-inverse": lambda D, X: (D.T, linalg.lstsq(X @ D.T, X)[0] + 0.1 * D),
              "decoder kept": lambda D, X: (linalg.pinv(D), D),
              "rows of the data, not least squares": lambda D, X: (linalg.pinv(D), X[:len(D)])}


@ledger.add("2.10", "identity", alternating_step, wrong=STEP_WRONG)
def power_step(alternating_step, rng):
    """The row space of the new decoder is that of D S: the two projectors agree."""
    _, D, X = arrays(rng)
    new = alternating_step(D, X)[1]
    return gap(linalg.pinv(new) @ new, linalg.pinv(D @ X.T @ X) @ (D @ X.T @ X))


@ledger.add("2.10", "rate", alternating_step, bound=0.01, wrong=STEP_WRONG)
def factor_per_step(alternating_step, rng):
    """On the digits, k = 2, 8, 16, the excess falls by (s_{k+1}/s_k)^4 a step, below 1e-10 within 250 steps."""
    R, s, worst = digit_rows(), linalg.svdvals(digit_rows()), Outcome(0, 0, 0)
    for k in RANKS:
        D, excess, want = rng.standard_normal((k, 64)), [1.0], (s[k] / s[k - 1]) ** 4
        for _ in range(250):
            D = alternating_step(D, R)[1]
            excess.append(linear_ae(linalg.pinv(D), D, R)[0] / tail(R, k) - 1)
            if excess[-1] < 1e-10:
                break
        factor = np.sqrt(excess[-1] / excess[-3]) if len(excess) > 3 else np.nan
        worst = max(worst, Outcome(factor, want, abs(factor / want - 1) if excess[-1] < 1e-10 else np.inf),
                    key=lambda outcome: outcome.error)
    return worst
