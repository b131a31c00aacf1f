"""A learned score of eight Gaussians, (9.5), chains that follow it, (9.23), and their exact bias, (9.23), (9.24)."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from refvae.denoising import langevin, langevin_variance, mala
from refvae.derivations.denoising.experiments import smoothed, trained
from refvae.figures import STYLE, significant

VAR, STEPS = 0.7, np.linspace(0.05, 2.55, 100)
TRIED = (0.25, 0.5, 1.0, 1.5, 2.0, 2.5)
SIDE = np.linspace(-3, 3, 21)


class Arrays(NamedTuple):
    """Density (61, 61); points, learned and true score (m, 2); relative error; chains (600, 2); variances (6, 2)."""

    density: np.ndarray
    points: np.ndarray
    learned: np.ndarray
    true: np.ndarray
    error: float
    chains: np.ndarray
    variances: np.ndarray


def compute() -> Arrays:
    """A short training, 600 chains, and 4000 chains for each of six steps."""
    _, score = trained("ring", "log density", 0, steps=500, hidden=(48, 48), rate=5e-3)
    truth, rng = smoothed("ring"), np.random.default_rng(1)
    fine = np.stack(np.meshgrid(*(np.linspace(-3, 3, 61),) * 2), 2).reshape(-1, 2)
    grid, x = np.stack(np.meshgrid(SIDE, SIDE), 2).reshape(-1, 2), truth.sample(rng, 4000)
    grid = grid[truth.logpdf(grid) > np.log(0.004)]  # elsewhere the network has seen nothing
    error = ((score(x) - truth.score(x)) ** 2).sum() / (truth.score(x) ** 2).sum()
    chains = langevin(score, 2 * rng.standard_normal((600, 2)), 0.03, 300, rng, progress=False)
    return Arrays(significant(np.exp(truth.logpdf(fine)).reshape(61, 61)), grid, significant(score(grid), 2),
                  significant(truth.score(grid), 2), float(np.round(error, 2)), np.round(20 * chains) / 20,
                  significant([measured(step, rng) for step in TRIED]))


def measured(step: float, rng: np.random.Generator) -> list[float]:
    """Mean squares of 4000 chains for N(0, 0.7) after 60 steps, plain and corrected."""
    start, score = np.sqrt(VAR) * rng.standard_normal((4000, 1)), lambda x: -x / VAR
    plain = langevin(score, start, step, 60, rng, progress=False)
    corrected = mala(lambda x: (-(x[:, 0] ** 2) / (2 * VAR), score(x)), start, step, 60, rng, progress=False).x
    return [float((x**2).mean()) for x in (plain, corrected)]


def draw(arrays: Arrays) -> Figure:
    """Three panels."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 3.1), layout="constrained")
        left, middle, right = figure.subplots(1, 3)
        axis = np.linspace(-3, 3, 61)
        for panel in (left, middle):
            panel.contour(axis, axis, arrays.density, levels=[0.01, 0.04, 0.1], colors="0.6", linewidths=0.6)
            panel.set(aspect="equal", xlim=(-3.1, 3.1), ylim=(-3.1, 3.1), xticks=[-2, 0, 2], yticks=[-2, 0, 2])
        arrows = partial(left.quiver, *arrays.points.T, angles="xy", scale=160, width=0.004)
        arrows(*arrays.true.T, color="C1")
        arrows(*arrays.learned.T, color="C0")
        left.set(title=f"Score: learned (blue), true (red)\nrelative squared error {arrays.error:.2f}")
        middle.plot(*arrays.chains.T, "o", markersize=1.6, markeredgewidth=0, color="C0")
        middle.set(title="600 chains of 300 steps, h = 0.03\nthat follow the learned score")
        curve(right, arrays)
    return figure


def curve(ax, arrays: Arrays) -> None:
    """The stationary variance against the step."""
    ax.plot(STEPS, significant([langevin_variance(VAR, step) for step in STEPS], 4), label="(9.23)")
    ax.axhline(VAR, color="k", linestyle="--", linewidth=0.9, label="variance of the law")
    ax.plot(TRIED, arrays.variances[:, 0], "o", color="C0", markersize=4, label="measured")
    ax.plot(TRIED, arrays.variances[:, 1], "s", color="C1", markersize=4, label="measured, corrected (9.24)")
    ax.set(title="Langevin chain for N(0, 0.7)", xlabel="step h", ylabel="stationary variance", ylim=(0, 7.5))
    ax.legend(frameon=False, fontsize=8)
