"""A linear decoder with the best encoder: what each penalty leaves of the objective."""

from __future__ import annotations

from typing import Any

import numpy as np

from refvae.elimination import solve
from refvae.inputs import floating, in_range, matrix, real, same_shape, whole
from refvae.trees import Array, Pull


@in_range
def best_encoder(W: Array, *, beta: float = 1.0, kind: str = "kl", mu_weight: float = 1.0) -> tuple[Array, Array]:
    """For the decoder W (d, k): A (k, d), where the mean of the code is A x, and the deviations sigma (k,).   (4.17)

    kind: "kl" or "naive", the penalty of weight beta > 0; mu_weight belongs to the naive one. Raises TypeError or
    ValueError for other input.
    """
    beta, mu_weight = real(beta, "beta"), real(mu_weight, "mu_weight")
    return _best_encoder(matrix(W, "W"), beta, kind, mu_weight)


def _best_encoder(W: Array, beta: float, kind: str, mu_weight: float) -> tuple[Array, Array]:
    ridge, norms = _ridge(beta, kind, mu_weight) * np.eye(W.shape[1], dtype=W.dtype), (W * W).sum(0)    # (4.17)
    A = solve(W.T @ W + ridge, W.T)                                                                     # (4.17)
    return A, np.sqrt(beta / (beta + 2 * norms)) if kind == "kl" else beta / (beta + norms)             # (4.17)


def profile_loss(W: Array, S_frozen: Array, *, beta: float = 1.0, kind: str = "kl",
                 mu_weight: float = 1.0) -> tuple[Any, Pull]:
    """The expected objective at the best encoder.   W (d, k), S (d, d) covariance -> ()       (4.17), adjoint (4.18)

    Raises what `best_encoder` raises.
    """
    W, S_frozen = floating(W, "W"), floating(S_frozen, "S")
    same_shape(S_frozen, np.empty((len(W), len(W))), "S against (d, d)")
    A, sigma = _best_encoder(W, float(beta), kind, float(mu_weight))
    norms = (W * W).sum(0)                                                                              # (4.17)
    beta = float(beta)  # a NumPy float would turn float32 into float64
    axes = beta / 2 * np.log(1 + 2 * norms / beta) if kind == "kl" else beta * norms / (beta + norms)   # (4.17)
    loss = np.trace(S_frozen - S_frozen @ W @ A) + axes.sum()                                           # (4.17)

    def pull(dloss: Any) -> tuple[Array, None]:
        dfit = (W @ A - np.eye(len(W), dtype=W.dtype)) @ S_frozen @ A.T                                 # (4.18)
        return 2 * dloss * (dfit + W * sigma**2), None                                                  # (4.18)

    return loss, pull


def naive_infimum(S: Array, k: int, beta: float = 1.0) -> float:
    """The infimum over W of the naive `profile_loss`; attained only if no variance exceeds beta.        (4.19)

    S (d, d) covariance, 1 <= k <= d. Raises TypeError or ValueError for other input.
    """
    S = matrix(S, "S")
    same_shape(S, S.T, "S and its transpose")
    k = whole(k, "k", most=len(S))
    _ridge(real(beta, "beta"), "naive", 1.0)
    kept = np.linalg.eigvalsh(S)[::-1][:k]
    return float(np.trace(S) - np.maximum(kept - beta, 0).sum())                                        # (4.19)


def _ridge(beta: float, kind: str, mu_weight: float) -> float:
    """The factor of |mu|^2 in the objective."""
    if kind not in ("kl", "naive") or not (beta > 0 and mu_weight > 0):
        raise ValueError(f"kind, beta, mu_weight: got {kind!r}, {beta}, {mu_weight}, wanted 'kl' or 'naive', above 0")
    return beta / 2 if kind == "kl" else mu_weight * beta                                               # (4.17)
