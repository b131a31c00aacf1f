"""Digits rebuilt by the optimal linear autoencoder, (2.5), and its loss for every k, (2.2), (2.4), (2.13)."""

from __future__ import annotations

from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from refvae.data import digits
from refvae.figures import STYLE, grey_levels, mosaic
from refvae.linear_ae import linear_ae, svd_autoencoder

SHOWN, RANKS = 8, (16, 8, 2)


class Arrays(NamedTuple):
    """Images (4, 8, 64) in grey levels: data and k = 16, 8, 2; k (61,); shares of |X|^2 left over: tails and losses."""

    images: np.ndarray
    k: np.ndarray
    raw: np.ndarray
    centred: np.ndarray
    losses: np.ndarray


def compute() -> Arrays:
    """The first digits of eight classes, and the curves on all 1797."""
    X, labels = digits()
    rows = [int(np.flatnonzero(labels == label)[0]) for label in range(SHOWN)]
    pairs = {k: svd_autoencoder(X, k) for k in RANKS}
    images = np.array([X[rows], *(X[rows] @ C @ D for C, D in pairs.values())])
    total = (X**2).sum()
    raw, centred = (np.linalg.svd(data, compute_uv=False) ** 2 for data in (X, X - X.mean(0)))
    k = np.arange(61)
    tails = [np.array([s[j:].sum() / total for j in k]) for s in (raw, centred)]
    losses = np.array([linear_ae(*pairs[k], X)[0] / total for k in RANKS])
    return Arrays(grey_levels(images), k, *tails, losses)


def draw(arrays: Arrays) -> Figure:
    """Two panels."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 3.6), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(1.3, 1))
        mosaic(left, arrays.images)
        left.set(title="Digits rebuilt from k numbers", yticks=9 * np.arange(4) + 3.5,
                 yticklabels=["data", *(f"k = {k}" for k in RANKS)])
        left.tick_params(length=0)
        right.semilogy(arrays.k, arrays.raw, label=r"without bias: $\tau_k(X)$")
        right.semilogy(arrays.k, arrays.centred, "--", label=r"with bias: $\tau_k(X-1\mu^\top)$")
        right.semilogy(RANKS, arrays.losses, "o", color="k", label="loss of the autoencoder")
        right.set(title="Share of the squared norm that is lost", xlabel="numbers per code, k", ylim=(1e-5, 1.5))
        right.legend(frameon=False)
    return figure
