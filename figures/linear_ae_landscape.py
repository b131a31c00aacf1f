"""Escape from the saddles of the linear autoencoder, (2.18) to (2.20), and shrinkage, (2.22) and (2.23)."""

from __future__ import annotations

from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from refvae.data import digits
from refvae.figures import STYLE
from refvae.linear_ae import (
    critical_point,
    linear_ae,
    product_regularised_optimum,
    regularised_ae,
    regularised_optimum,
    truncated_svd,
)

SADDLES = ((0, 1), (0, 2), (1, 2), (2, 3), (0,), ())
K, STEPS = 2, 500
LAMBDAS, TRAINED = np.linspace(0, 1.1, 111), np.linspace(0.1, 1.1, 6)


class Arrays(NamedTuple):
    """Losses (saddles, steps + 1) and of the saddles; shrinkage (lambdas, 3) for sum and product, and trained (6, 3).

    The lambdas are refined below the squared singular values, where curves end upright.
    """

    losses: np.ndarray
    plateaus: np.ndarray
    lambdas: np.ndarray
    by_sum: np.ndarray
    by_product: np.ndarray
    trained: np.ndarray


def leading_digits() -> np.ndarray:
    """The centred digits in their six leading directions, scaled to a largest singular value of 1."""
    X, _ = digits()
    U, s, _ = truncated_svd(X - X.mean(0), 6)
    return U * s / s[0]


def escape(X: np.ndarray, kept: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Losses of gradient descent from a critical point moved by 1e-4."""
    point = (np.abs(part.round(9)) for part in critical_point(X, kept, K))  # unit vectors, whose sign is free
    C, D = (part + 1e-4 * rng.standard_normal(part.shape) for part in point)
    losses = []
    for _ in range(STEPS + 1):
        loss, pull = linear_ae(C, D, X)
        losses.append(loss)
        dC, dD, _ = pull(1.0)
        C, D = C - 0.25 * dC, D - 0.25 * dD
    return np.array(losses)


def train(X: np.ndarray, lam: float) -> np.ndarray:
    """Singular values of the encoder that gradient descent finds for the sum penalty."""
    rng = np.random.default_rng(1)
    C, D = rng.standard_normal((6, 3)) / 4, rng.standard_normal((3, 6)) / 4
    for _ in range(3000):
        dC, dD, _ = regularised_ae(C, D, X, lam=lam)[1](1.0)
        C, D = C - 0.15 * dC, D - 0.15 * dD
    return np.linalg.svd(C, compute_uv=False)


def compute() -> Arrays:
    """Descent from six critical points of the digits, and shrinkage of three directions."""
    X, rng = leading_digits(), np.random.default_rng(0)
    s2 = np.linalg.svd(X, compute_uv=False) ** 2
    losses = np.array([escape(X, kept, rng) for kept in SADDLES])
    lambdas = np.unique([*LAMBDAS, *np.outer(1 - np.geomspace(1e-6, 0.1, 30), s2[:3]).ravel(), *s2[:3]])
    by_sum = [np.linalg.svd(regularised_optimum(X, 3, lam)[0], compute_uv=False) for lam in lambdas]
    by_product = [np.linalg.svd(np.matmul(*product_regularised_optimum(X, 3, lam)), compute_uv=False)[:3]
                  for lam in lambdas]
    trained = [train(X, lam) for lam in TRAINED]
    plateaus = [np.delete(s2, kept).sum() for kept in SADDLES]
    return Arrays(losses, np.array(plateaus), lambdas, np.array(by_sum), np.array(by_product),
                  np.where(np.array(trained) < 1e-3, 0, trained))


def draw(arrays: Arrays) -> Figure:
    """Two panels."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 3.6), layout="constrained")
        left, right = figure.subplots(1, 2)
        for kept, losses in zip(SADDLES, arrays.losses, strict=True):
            left.plot(losses, label="{" + ", ".join(str(i + 1) for i in kept) + "}")
        left.hlines(arrays.plateaus, 0, STEPS, color="0.8", lw=0.6, zorder=0)
        left.set(title="Gradient descent from points that keep some directions", xlabel="step", ylabel="loss")
        left.legend(frameon=False, title="kept", ncols=2)
        for i in range(3):
            colour = f"C{i}"
            right.plot(arrays.lambdas, arrays.by_sum[:, i], color=colour, label=f"direction {i + 1}")
            right.plot(arrays.lambdas, arrays.by_product[:, i], "--", color=colour, lw=1)
            right.plot(TRAINED, arrays.trained[:, i], "o", mfc="w", color=colour, clip_on=False, zorder=3 + i)
        right.set(title="Shrinkage of three directions", xlabel=r"$\lambda/\sigma_1^2$", ylim=(0, 1.05), xlim=(0, 1.1),
                  ylabel="singular value")
        for style, label in (("-", "encoder, sum penalty"), ("--", "CD, product penalty"), ("o", "trained")):
            right.plot([], [], style, color="0.4", mfc="w", label=label)
        right.legend(frameon=False)
    return figure
