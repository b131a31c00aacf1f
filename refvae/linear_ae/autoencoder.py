"""SVD is a linear autoencoder: its loss, its gradient, its optimum. Numbers: derivations/linear_ae.md."""

from __future__ import annotations

from typing import Any

import numpy as np

from refvae.inputs import floating, matrix, same_shape, whole
from refvae.trees import Array, Pull


def linear_ae(C: Array, D: Array, X: Array) -> tuple[Any, Pull]:
    """Loss |X - X C D|^2.   encoder C (d, k), decoder D (k, d), data X (n, d) -> loss ()     (2.2), adjoint (2.3)"""
    X = floating(X, "X")
    Z = X @ C                                                                                           # (2.2)
    same_shape(X[0], D[0], "a row of X and of D")
    R = X - Z @ D                                                                                       # (2.2)
    loss = (R * R).sum()                                                                                # (2.2)

    def pull(dloss: Any) -> tuple[Array, Array, Array]:
        dR = 2 * dloss * R                                                                              # (2.3)
        dZ = -dR @ D.T                                                                                  # (2.3)
        return X.T @ dZ, -Z.T @ dR, dR + dZ @ C.T                                                       # (2.3)

    return loss, pull


def affine_ae(C: Array, D: Array, m: Array, X: Array) -> tuple[Any, Pull]:
    """Loss |X' - X' C D|^2 of the data X' = X - 1 m' shifted by a row m (d,).   -> loss ()             (2.11)"""
    X = floating(X, "X")
    same_shape(m, X[0], "m and a row of X")
    loss, pull_shifted = linear_ae(C, D, X - m)                                                         # (2.11)

    def pull(dloss: Any) -> tuple[Array, Array, Array, Array]:
        dC, dD, dX = pull_shifted(dloss)
        return dC, dD, -dX.sum(0), dX                                                                   # (2.11)

    return loss, pull


def eckart_young(X: Array, k: int) -> float:
    """The least |X - Y|^2 over matrices Y of rank at most k: the tail of the squared singular values.   (2.4)

    X: (n, d) real data, 0 <= k <= min(n, d). Raises TypeError or ValueError for other input. [Eckart & Young 1936]
    """
    X = matrix(X, "X")
    k = whole(k, "k", least=0, most=min(X.shape))
    s = np.linalg.svd(X, compute_uv=False)
    return float((s[k:] ** 2).sum())                                                                    # (2.4)


def svd_autoencoder(X: Array, k: int) -> tuple[Array, Array]:
    """An optimal linear autoencoder C (d, k), D (k, d): the first k right singular vectors of X (n, d).   (2.5)

    C.T @ C = I and D = C.T; the sign of each column of C is not determined, and if the k-th and the next singular value
    agree neither is C @ D. 1 <= k <= min(n, d). Raises TypeError or ValueError for other input.
    """
    X = matrix(X, "X")
    k = whole(k, "k", most=min(X.shape))
    _, _, Vt = np.linalg.svd(X, full_matrices=False)
    return Vt[:k].T, Vt[:k]                                                                             # (2.5)


def alternating_step(D: Array, X: Array) -> tuple[Array, Array]:
    """The best encoder C (d, k) for the decoder D (k, d), then the best decoder for C: one subspace iteration.  (2.10)

    D and X (n, d) are real; D should have rank k, which is not checked. Raises TypeError or ValueError for other input.
    """
    D, X = matrix(D, "D"), matrix(X, "X")
    same_shape(D[0], X[0], "a row of D and of X")
    C = np.linalg.pinv(D)                                                                               # (2.10)
    D = np.linalg.lstsq(X @ C, X, rcond=None)[0]                                                        # (2.10)
    return C, D
