"""Adversarially learned inference with the best discriminator, exact on tables."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import rel_entr

from refvae.adversarial.finite import fisher, optimal_discriminator
from refvae.adversarial.losses import known
from refvae.inputs import array, in_range, matrix, same_shape
from refvae.layers import softplus
from refvae.trees import Array


def ali_complete(q: Any, p: Any, q_old: Any, p_old: Any) -> float:
    """The complete loss of encoder and decoder on tables (n, m) over x and z, D the best against q_old, p_old. (10.30)

    q and q_old share p_data(x), p and p_old share p(z). Raises ValueError for other tables, or entries of 0.
    """
    tables = [matrix(each, "a table") for each in (q, p, q_old, p_old)]
    for each in tables:
        same_shape(each, tables[0], "the tables")
    q, p, q_old, p_old = tables
    if min(each.min() for each in tables) <= 0 or np.abs(q.sum(1) - q_old.sum(1)).max() > 1e-9 or (
            np.abs(p.sum(0) - p_old.sum(0)).max() > 1e-9):
        raise ValueError("tables: got entries of 0 or new marginals, wanted positive ones and old marginals")
    d = optimal_discriminator(q_old.ravel(), p_old.ravel()).reshape(q.shape)
    decoders = rel_entr(p / p.sum(0), p_old / p_old.sum(0)).sum(0)                                      # (10.30)
    # Both encoders have the marginal p_data(x)
    encoders = np.log(q_old / q)                                                                        # (10.30)
    return float(-((q + p) * np.log(d)).sum() + p.sum(0) @ decoders + (p * encoders).sum())             # (10.30)


@in_range
def ali_forces(t: Array, variant: str) -> tuple[Array, Array]:
    """Derivatives of a loss after q and after p at a point, D the best, by its logit t = log q/p.         (10.32)

    variant  one of VARIANTS: (40), (41), (42), (43) of the article

    Raises TypeError or ValueError for other input.
    """
    known(variant)
    t = array(t, "t")
    missed, taken = softplus(-t)[0], softplus(t)[0]  # -log D, -log(1 - D)
    if variant == "complete":
        return missed - np.exp(-t), missed                                                              # (10.32)
    if variant == "simplified":
        return missed, missed                                                                           # (10.33)
    return (-missed, -taken) if variant == "minimax" else (taken, missed)                               # (10.32)


@in_range
def ali_flow(q: Any, enc: Any, dec: Any, variant: str) -> Array:
    """Gradient descent linearised where p = q: the matrix A of d(phi, theta)/dt = A (phi, theta).        (10.35)

    q (n,) the common law; enc (n, k), dec (n, l) the derivatives of q after phi and of p after theta -> (k + l, k + l)
    Raises ValueError for other input.
    """
    known(variant)
    enc, dec = matrix(enc, "enc"), matrix(dec, "dec")
    same_shape(enc[:, 0], dec[:, 0], "columns of enc and dec")
    gram = fisher(q, np.hstack([enc, -dec]))
    sign = np.repeat([-1.0 if variant == "simplified" else 1.0, 1.0], [enc.shape[1], dec.shape[1]])
    return np.asarray(-sign[:, None] * gram / 2)                                                        # (10.35)
