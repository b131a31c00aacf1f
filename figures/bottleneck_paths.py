"""Paths between codes of digits, straight and by cosine and sine, (5.26) and (5.27)."""

from __future__ import annotations

from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from refvae.bottleneck import interpolate, rotate
from refvae.derivations.bottleneck.experiments import autoencoder, split
from refvae.figures import STYLE, grey_levels, mosaic
from refvae.layers import mlp, relu, sigmoid
from refvae.vae import encode, reparam

K, STEPS, PAIRS = 8, 9, ((0, 4), (3, 6))
AXIS = np.linspace(0, 1, 21)


class Arrays(NamedTuple):
    """Images (4, 9, 64) in grey levels; mean, lower and upper quartile of |z|^2 / k on both paths (2, 3, 21)."""

    images: np.ndarray
    norms: np.ndarray


def compute() -> Arrays:
    """A short training, paths between mean codes of two pairs, and norms between 180 pairs of sampled codes."""
    p, _ = autoencoder(K, 1.0, seed=0, epochs=80, hidden=(96,), rate=3e-3)
    _, _, x, labels = split()
    (mu, logvar), _ = encode(p.enc, x)
    images = []
    for pair in PAIRS:
        z1, z2 = (mu[np.flatnonzero(labels == label)[1]] for label in pair)
        images += [[path(z1, z2, t) for t in np.linspace(0, 1, STEPS)] for path in (straight, circular)]
    pixels = sigmoid(mlp(p.dec, np.reshape(images, (-1, K)), relu)[0])[0].reshape(2 * len(PAIRS), STEPS, -1)
    z1, z2 = np.split(reparam(mu, logvar, np.random.default_rng(1).standard_normal(mu.shape))[0], 2)
    norms = [[(path(z1, z2, t) ** 2).mean(1) for t in AXIS] for path in (straight, circular)]
    curves = [[np.mean(n, 1), *np.quantile(n, (0.25, 0.75), axis=1)] for n in norms]
    return Arrays(grey_levels(pixels), np.array(curves))


def straight(z1: np.ndarray, z2: np.ndarray, t: float) -> np.ndarray:
    """The path (5.26), t from 0 to 1."""
    return interpolate(z1, z2, t)


def circular(z1: np.ndarray, z2: np.ndarray, t: float) -> np.ndarray:
    """The path (5.27), t from 0 to 1."""
    return rotate(z1, z2, t * np.pi / 2)


def draw(arrays: Arrays) -> Figure:
    """Two panels."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 3.5), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(1.5, 1))
        mosaic(left, arrays.images)
        rows = len(arrays.images)
        left.set(title="Decoded along the way", yticks=9 * np.arange(rows) + 3.5,
                 yticklabels=["straight", "cos/sin"] * len(PAIRS))
        left.tick_params(length=0)
        for (mean, low, high), name, colour in zip(arrays.norms, ("straight", "cos/sin"), ("C0", "C1"), strict=True):
            right.fill_between(AXIS, low, high, color=colour, alpha=0.15, linewidth=0)
            right.plot(AXIS, mean, color=colour, label=f"{name}, codes of digits")
        right.plot(AXIS, (1 - AXIS) ** 2 + AXIS**2, "k--", linewidth=0.9, label=r"$(1-\alpha)^2+\alpha^2$, and 1")
        right.axhline(1, color="k", linestyle="--", linewidth=0.9)
        right.set(title=r"$|z|^2/k$ along the way, k = 8", xlabel=r"$\alpha$, or $2\theta/\pi$", ylim=(0, None))
        right.legend(frameon=False, loc="lower left", fontsize=8)
    return figure
