"""Points, and ellipses under three objectives, in the code plane of the digits: (4.2), (4.5), (4.9)."""

from __future__ import annotations

from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Circle, PathPatch, Rectangle
from matplotlib.path import Path

from refvae.derivations.geometry.trained import posterior, trained
from refvae.figures import DATA, ENCODER, STYLE
from refvae.geometry import disc_coverage

KINDS = {"points": "points: error alone", "noise": "ellipses: error under noise",
         "naive": r"naive: $+\,\beta(|\mu|^2+|\sigma-1|^2)$", "kl": r"VAE: $+\,\beta\,\mathrm{KL}$"}
EVERY, FAR, NEAR = 7, 3, 0.5
ARC = 0.5523


class Arrays(NamedTuple):
    """Per kind: means and deviations (257, 2) of every seventh digit, covered shares, mean squares."""

    mu: np.ndarray
    sigma: np.ndarray
    covered: np.ndarray
    square: np.ndarray


def compute() -> Arrays:
    """Four networks trained on all digits; the numbers are of all 1797 codes."""
    mus, sigmas, covered, square = [], [], [], []
    for kind in KINDS:
        mu, sigma = posterior(trained(kind))
        sigma = sigma * (kind != "points")
        covered.append(disc_coverage(mu, sigma))
        square.append((mu**2 + sigma**2).mean())
        mus.append(mu[::EVERY])
        sigmas.append(sigma[::EVERY])
    return Arrays(np.array(mus), np.array(sigmas), np.array(covered), np.array(square))


def draw(arrays: Arrays) -> Figure:
    """Four panels, and below each its middle six times as large."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 5), layout="constrained")
        for i, (far, near, title) in enumerate(zip(*figure.subplots(2, 4), KINDS.values(), strict=True)):
            for ax, reach, ticks in ((far, FAR, (-2, 0, 2)), (near, NEAR, (-0.4, 0, 0.4))):
                seen = (np.abs(arrays.mu[i]) < reach + arrays.sigma[i]).all(1)
                codes(ax, arrays.mu[i][seen], arrays.sigma[i][seen])
                ax.set(aspect="equal", xlim=(-reach, reach), ylim=(-reach, reach), xticks=ticks, yticks=ticks)
            far.add_patch(Circle((0, 0), 1, fill=False, color=DATA, lw=0.8))
            far.add_patch(Rectangle((-NEAR, -NEAR), 2 * NEAR, 2 * NEAR, fill=False, color="0.4", lw=0.5))
            far.set_title(title)
            near.set_xlabel(f"covers {100 * arrays.covered[i]:.2g} % of the disc\n"
                            rf"mean of $z_i^2$: {arrays.square[i]:.2g}")
        near.figure.axes[4].set_ylabel("the middle, six times as large")
    return figure


def codes(ax, mu, sigma) -> None:
    """Dots, or outlines at one standard deviation in one path; a quarter of an ellipse is one cubic arc."""
    if not sigma.any():
        ax.scatter(*mu.T, s=2, color=ENCODER, linewidths=0)
        return
    corner = [[1, 0], [1, ARC], [ARC, 1]]
    turns = [np.array([[c, s], [-s, c]]) for c, s in ((1, 0), (0, 1), (-1, 0), (0, -1))]
    unit = Path(np.vstack([*(np.array(corner) @ turn for turn in turns), [[1, 0]]]), [1] + 12 * [4])
    paths = [Path(unit.vertices * s + m, unit.codes) for m, s in zip(mu, sigma, strict=True)]
    ax.add_patch(PathPatch(Path.make_compound_path(*paths), fill=False, color=ENCODER, lw=0.5))
