"""The landscape of the linear autoencoder: saddles, their curvature, and what L2 regularisation makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from refvae.inputs import floating, in_range, matrix, real, whole
from refvae.linear_ae.autoencoder import linear_ae
from refvae.trees import Array, Pull


def linear_ae_grad(C: Array, D: Array, S_frozen: Array) -> tuple[tuple[Array, Array], Pull]:
    """The gradient of `linear_ae` as a layer, from second moments S = X'X.                   (2.17)

    C (d, k), D (k, d), S (d, d) -> (dC, dD). Its pull (symmetric) is the Hessian applied to a direction (U, V).
    """
    C, D = floating(C, "C"), floating(D, "D")
    E = S_frozen @ C @ D - S_frozen                                                                     # (2.17)
    dC, dD = 2 * E @ D.T, 2 * C.T @ E                                                                   # (2.17)

    def pull(direction: tuple[Array, Array]) -> tuple[Array, Array, None]:
        U, V = direction
        E_dot = S_frozen @ (U @ D + C @ V)                                                              # (2.17)
        return 2 * (E_dot @ D.T + E @ V.T), 2 * (U.T @ E + C.T @ E_dot), None                           # (2.17)

    return (dC, dD), pull


def critical_point(X: Array, kept: Sequence[int], k: int) -> tuple[Array, Array]:
    """The critical point C (d, k), D = C' that keeps the right singular vectors `kept` of X (n, d).    (2.18)

    kept  r <= k different indices into the singular values in decreasing order, from 0; k - r columns of C are 0.
    Raises TypeError or ValueError for other input.
    """
    X, chosen = matrix(X, "X"), _indices(kept, X)
    k = whole(k, "k", least=len(chosen), most=X.shape[1])
    _, _, Vt = np.linalg.svd(X, full_matrices=False)
    D = np.zeros((k, X.shape[1]))
    D[:len(chosen)] = Vt[chosen]                                                                        # (2.18)
    return D.T, D


@in_range
def hessian_spectrum(X: Array, kept: Sequence[int], k: int) -> Array:
    """All 2dk eigenvalues of the Hessian at `critical_point(X, kept, k)`, increasing, in closed form.  (2.19)

    X (n, d), n >= d. Raises TypeError or ValueError for other input.
    """
    X, chosen = matrix(X, "X"), _indices(kept, X)
    k, r = whole(k, "k", least=len(chosen), most=X.shape[1]), len(chosen)
    if X.shape[0] < X.shape[1]:
        raise ValueError(f"X: got shape {X.shape}, wanted (n, d) with n >= d")
    values = np.linalg.svd(X, compute_uv=False) ** 2                                                    # (2.19)
    inside, outside = values[chosen], np.delete(values, chosen)
    a, i = outside[:, None], inside[None, :]
    root = np.sqrt((a - i) ** 2 + 4 * a**2)                                                             # (2.19)
    parts = [a + i - root, a + i + root,                                                                # (2.19)
             np.repeat(np.outer(outside, [-2, 2]), k - r), np.repeat(4 * inside, r),                    # (2.19)
             np.zeros(r * r + 2 * r * (k - r))]                                                         # (2.19)
    return np.sort(np.concatenate([part.ravel() for part in parts]))                                    # (2.19)


def regularised_ae(C: Array, D: Array, X: Array, *, lam: float) -> tuple[Any, Pull]:
    """linear_ae + lam (|C|^2 + |D|^2).   C (d, k), D (k, d), X (n, d) -> loss ()              (2.21)"""
    C, D = floating(C, "C"), floating(D, "D")
    loss, pull_loss = linear_ae(C, D, X)
    total = loss + lam * ((C * C).sum() + (D * D).sum())                                                # (2.21)

    def pull(dloss: Any) -> tuple[Array, Array, Array]:
        dC, dD, dX = pull_loss(dloss)
        return dC + 2 * dloss * lam * C, dD + 2 * dloss * lam * D, dX                                   # (2.21)

    return total, pull


@in_range
def regularised_optimum(X: Array, k: int, lam: float) -> tuple[Array, Array]:
    """The optimum C (d, k), D = C' of `regularised_ae`: principal directions, shrunk.                  (2.22)

    X (n, d), 1 <= k <= min(n, d), lam >= 0. Raises TypeError or ValueError for other input. [Kunin et al. 2019]
    """
    s2, V = _principal(X, k, lam)
    kept = s2 > lam
    C = V * np.sqrt(np.where(kept, 1 - lam / np.where(kept, s2, 1), 0))                                 # (2.22)
    return C, C.T


@in_range
def product_regularised_optimum(X: Array, k: int, lam: float) -> tuple[Array, Array]:
    """An optimum C (d, k), D (k, d) of linear_ae + lam |CD|^2: ridge regression on k directions.       (2.23)

    X (n, d), 1 <= k <= min(n, d), lam >= 0. Raises TypeError or ValueError for other input.
    """
    s2, V = _principal(X, k, lam)
    return V, (V * (s2 / np.where(s2 + lam > 0, s2 + lam, 1))).T                                        # (2.23)


def _principal(X: Array, k: int, lam: float) -> tuple[Array, Array]:
    """The k largest squared singular values of X and their right vectors (d, k)."""
    X, lam = matrix(X, "X"), real(lam, "lam", least=0)
    _, s, Vt = np.linalg.svd(X, full_matrices=False)                                                    # (2.22), (2.23)
    k = whole(k, "k", most=min(X.shape))
    return s[:k] ** 2, Vt[:k].T                                                                         # (2.22), (2.23)


def _indices(kept: Sequence[int], X: Array) -> list[int]:
    chosen = [whole(i, "kept", least=0, most=min(X.shape) - 1) for i in kept]
    if len(set(chosen)) < len(chosen):
        raise ValueError(f"kept: got {chosen}, wanted different indices")
    return chosen
