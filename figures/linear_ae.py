"""Digits rebuilt by the optimal linear autoencoder, (2.5), and its loss for every k, (2.2), (2.4), (2.13)."""

from __future__ import annotations

from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from refvae.data import digits
from refvae.figures import STYLE, significant
from refvae.linear_ae import linear_ae, svd_autoencoder

SHOWN, RANKS = 8, (16, 8, 2)


class Arrays(NamedTuple):
    """Images (4, 8, 64) in sixteenths: data and k = 16, 8, 2; k (61,); shares of |X|^2 left over: tails and losses."""

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
    tails = [significant([s[j:].sum() / total for j in k], 5) for s in (raw, centred)]
    losses = significant([linear_ae(*pairs[k], X)[0] / total for k in RANKS], 5)
    return Arrays(np.clip(np.rint(16 * images), 0, 16).astype(int), k, *tails, losses)


def draw(arrays: Arrays) -> Figure:
    """Two panels."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 3.6), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(1.3, 1))
        _mosaic(left, arrays.images)
        right.semilogy(arrays.k, arrays.raw, label=r"without bias: $\tau_k(X)$")
        right.semilogy(arrays.k, arrays.centred, "--", label=r"with bias: $\tau_k(X-1\mu^\top)$")
        right.semilogy(RANKS, arrays.losses, "o", color="k", label="loss of the autoencoder")
        right.set(title="Share of the squared norm that is lost", xlabel="numbers per code, k", ylim=(1e-5, 1.5))
        right.legend(frameon=False)
    return figure


def _mosaic(ax, images) -> None:
    """Every grey level one path of unit squares."""
    corners = {level: [] for level in range(1, 17)}
    for (row, column, pixel), level in np.ndenumerate(images):
        if level:
            x, y = 9 * column + pixel % 8, 9 * row + pixel // 8
            corners[level].append([(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)])
    for level, squares in corners.items():
        if squares:
            path = Path.make_compound_path_from_polys(np.array(squares, float))
            ax.add_patch(PathPatch(path, facecolor=str(1 - level / 16), linewidth=0))
    ax.set(title="Digits rebuilt from k numbers", xlim=(-0.5, 9 * SHOWN), ylim=(36, -0.5), xticks=[], aspect="equal",
           yticks=9 * np.arange(4) + 4, yticklabels=["data", *(f"k = {k}" for k in RANKS)])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
