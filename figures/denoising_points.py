"""Two points: the smoothed density [9.1], the best denoiser (9.2) and the variance that it leaves (9.4)."""

from __future__ import annotations

from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from refvae.figures import STYLE

SIGMAS, AXIS = (0.5, 1.0, 1.5), np.arange(-192, 193) / 64


class Arrays(NamedTuple):
    """Density, denoiser and variance for each noise level, (3, 385) each."""

    density: np.ndarray
    denoiser: np.ndarray
    variance: np.ndarray


def compute() -> Arrays:
    """Closed forms for the data -1 and 1."""
    sigma = np.array(SIGMAS)[:, None]
    near, far = (np.exp(-((AXIS - x) ** 2) / (2 * sigma**2)) for x in (1, -1))
    denoiser = np.tanh(AXIS / sigma**2)
    return Arrays((near + far) / np.sqrt(8 * np.pi) / sigma, denoiser, 1 - denoiser**2)


def draw(arrays: Arrays) -> Figure:
    """Three panels."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 2.9), layout="constrained")
        panels = figure.subplots(1, 3)
        panels[0].plot([-1, 1], [0, 0], "ko", markersize=4, clip_on=False, zorder=3)
        panels[1].plot(AXIS, AXIS, color="0.6", linewidth=0.8)
        titles = "Density of the noisy points", "Best denoiser, diagonal: no change", "Variance given the noisy point"
        for panel, rows, title in zip(panels, arrays, titles, strict=True):
            for sigma, row, style in zip(SIGMAS, rows, ("-", "--", ":"), strict=True):
                panel.plot(AXIS, row, style, linewidth=1.6, label=rf"$\sigma$ = {sigma:g}")
            panel.set(title=title, xlabel="noisy point", xticks=(-2, -1, 0, 1, 2), xlim=(-3, 3))
        panels[0].set(ylim=(0, None))
        panels[1].set(ylim=(-1.4, 1.4))
        panels[2].set(ylim=(0, 1.35))
        panels[2].legend(frameon=False, ncols=3, loc="upper center", fontsize=8, columnspacing=1, handlelength=1.6)
    return figure
