"""The autoencoder and the VAE as machines: a digit, its code, and the plane decoded, (4.2), (4.5)."""

from __future__ import annotations

from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Ellipse
from scipy import special
from scipy.spatial import cKDTree

from refvae.data import digits
from refvae.derivations.geometry.trained import posterior, trained
from refvae.figures import DATA, ENCODER, STYLE, grey_levels, mosaic
from refvae.geometry import disc_coverage
from refvae.layers import mlp, tanh

SHOWN, SIDE = 12, 5  # which digit is followed; the plane is decoded at 5 x 5 places
KINDS = {"points": "autoencoder", "kl": "VAE"}


class Arrays(NamedTuple):
    """Per machine: codes (300, 2), the followed code and its deviations (2,), images in grey levels, numbers (2,)."""

    codes: np.ndarray
    mu: np.ndarray
    sigma: np.ndarray
    follow: np.ndarray
    plane: np.ndarray
    numbers: np.ndarray


def places() -> np.ndarray:
    """5 x 5 quantiles of the normal law, top row first (25, 2)."""
    q = special.ndtri((np.arange(SIDE) + 0.5) / SIDE)
    return np.stack(np.meshgrid(q, q[::-1]), -1).reshape(-1, 2)


def compute() -> Arrays:
    """Both machines on the digits; the distance is that of decoded draws of N(0, I) from the nearest digit."""
    x, draws, found = digits()[0], np.random.default_rng(0).standard_normal((500, 2)), []
    tree, noise = cKDTree(x), np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]])
    for kind in KINDS:
        p = trained(kind)
        mu, sigma = posterior(p)
        sigma = sigma * (kind != "points")
        images = mlp(p.dec, mu[SHOWN] + sigma[SHOWN] * noise, tanh)[0]
        away = tree.query(mlp(p.dec, draws, tanh)[0])[0].mean()
        found.append((mu[::6][:300], mu[SHOWN], sigma[SHOWN],
                      grey_levels(np.array([x[SHOWN], *images])), grey_levels(mlp(p.dec, places(), tanh)[0]),
                      np.array([disc_coverage(mu, sigma), away])))
    return Arrays(*(np.array(part) for part in zip(*found, strict=True)))


def draw(arrays: Arrays) -> Figure:
    """A row for each machine: digit, code plane, decoded digit, decoded plane."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 5.6), layout="constrained")
        for axes, name, codes, mu, sigma, follow, plane, (covered, away) in zip(
                figure.subplots(2, 4, width_ratios=(0.45, 1.2, 0.45, 1.5)), KINDS.values(), *arrays, strict=True):
            point = name == "autoencoder"
            mosaic(axes[0], follow[:1, None])
            axes[0].set(title=f"{name}:\na digit x")
            axes[1].scatter(*codes.T, s=2, color="0.7", linewidths=0)
            axes[1].add_patch(Circle((0, 0), 1, fill=False, color=DATA, lw=0.8))
            if point:
                axes[1].plot(*mu, "o", color=ENCODER, ms=4)
            else:
                axes[1].add_patch(Ellipse(mu, *(2 * sigma), color=ENCODER))
            axes[1].set(title=f"its code: {'a point' if point else 'an ellipse'}", aspect="equal", xlim=(-3, 3),
                        ylim=(-3, 3), xticks=(-2, 0, 2), yticks=(-2, 0, 2),
                        xlabel=f"codes cover {100 * covered:.2g} % of the disc")
            mosaic(axes[2], (follow[1:2] if point else follow[1:])[:, None])
            axes[2].set(title="decoded" if point else "decoded:\nthree points\nof the ellipse")
            mosaic(axes[3], plane.reshape(SIDE, SIDE, -1))
            axes[3].set(title="the plane, decoded at quantiles of N(0, I)",
                        xlabel=f"decoded draws of N(0, I): mean distance\nfrom the nearest digit {away:.3g}")
    return figure
