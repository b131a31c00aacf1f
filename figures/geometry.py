"""Points, and ellipses under three objectives, in the code plane of the digits: (4.2), (4.5), (4.9)."""

from __future__ import annotations

from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Circle, PathPatch
from matplotlib.path import Path

from refvae.data import digits
from refvae.derivations.geometry.trained import posterior, trained
from refvae.figures import STYLE
from refvae.geometry import disc_coverage

KINDS = {"points": "points: error alone", "noise": "ellipses: error under noise",
         "naive": r"naive: $+\,\beta(|\mu|^2+|\sigma-1|^2)$", "kl": r"VAE: $+\,\beta\,\mathrm{KL}$"}
EVERY = 7
ARC = 0.5523
TEN = [f"C{i}" for i in range(10)]


class Arrays(NamedTuple):
    """Per kind: means and deviations (257, 2) of every seventh digit, covered shares, mean squares; labels (257,)."""

    mu: np.ndarray
    sigma: np.ndarray
    covered: np.ndarray
    square: np.ndarray
    labels: np.ndarray


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
    return Arrays(np.array(mus), np.array(sigmas), np.array(covered), np.array(square), digits()[1][::EVERY])


def draw(arrays: Arrays) -> Figure:
    """Four panels."""
    with mpl.rc_context({**STYLE, "axes.prop_cycle": mpl.cycler(color=mpl.colormaps["tab10"].colors)}):
        figure = Figure(figsize=(9, 2.9), layout="constrained")
        for i, (ax, title) in enumerate(zip(figure.subplots(1, 4), KINDS.values(), strict=True)):
            if arrays.sigma[i].any():
                ellipses(ax, arrays.mu[i], arrays.sigma[i], arrays.labels)
            else:
                ax.scatter(*arrays.mu[i].T, s=2, c=[TEN[label] for label in arrays.labels], linewidths=0)
            ax.add_patch(Circle((0, 0), 1, fill=False, color="k", lw=0.8))
            ax.set(title=title, aspect="equal", xlim=(-3, 3), ylim=(-3, 3), xticks=(-2, 0, 2), yticks=(-2, 0, 2),
                   xlabel=f"covers {100 * arrays.covered[i]:.2g} % of the disc\n"
                          rf"mean of $z_i^2$: {arrays.square[i]:.2g}")
    return figure


def ellipses(ax, mu, sigma, labels) -> None:
    """Outlines at one standard deviation, one path a class; a quarter is one cubic arc."""
    corner = [[1, 0], [1, ARC], [ARC, 1]]
    turns = [np.array([[c, s], [-s, c]]) for c, s in ((1, 0), (0, 1), (-1, 0), (0, -1))]
    unit = Path(np.vstack([*(np.array(corner) @ turn for turn in turns), [[1, 0]]]), [1] + 12 * [4])
    for label in range(10):
        rows = np.flatnonzero(labels == label)
        paths = [Path(unit.vertices * sigma[i] + mu[i], unit.codes) for i in rows]
        ax.add_patch(PathPatch(Path.make_compound_path(*paths), fill=False, color=TEN[label], lw=0.5))
