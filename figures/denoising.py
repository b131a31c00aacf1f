"""A learned score of eight Gaussians, (9.5), chains that follow it, (9.23), and their exact bias, (9.23), (9.24)."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from refvae.denoising import langevin, langevin_variance, mala
from refvae.derivations.denoising.experiments import smoothed, trained
from refvae.figures import STYLE

VAR, STEPS = 0.7, np.linspace(0.05, 2.55, 100)
TRIED = (0.25, 0.5, 1.0, 1.5, 2.0, 2.5)
PART = -0.3  # the field is shown from this part of the side on
FINE, COARSE = 161, 15  # points of the density, and of the part of the field that is shown, along an axis


class Learned(NamedTuple):
    """Half a side; density (161, 161); points, learned and true score (m, 2); relative error; chains (n, 2)."""

    side: float
    density: np.ndarray
    points: np.ndarray
    learned: np.ndarray
    true: np.ndarray
    error: float
    chains: np.ndarray


class Arrays(NamedTuple):
    """What was learned of eight Gaussians, and stationary variances (6, 2)."""

    ring: Learned
    variances: np.ndarray


def learned(name: str, side: float, rng: np.random.Generator, steps: int = 500) -> Learned:
    """A log-density network after a short training, where the law has mass, and 400 chains of 300 steps."""
    _, score = trained(name, "log density", 0, steps=steps, hidden=(48, 48), rate=5e-3)
    truth = smoothed(name)
    fine, grid = (np.stack(np.meshgrid(*(np.linspace(low, side, m),) * 2), 2).reshape(-1, 2)
                  for low, m in ((-side, FINE), (PART * side, COARSE)))
    density = np.exp(truth.logpdf(fine)).reshape(FINE, FINE)
    grid, x = grid[np.exp(truth.logpdf(grid)) > 0.03 * density.max()], truth.sample(rng, 4000)  # seen in training
    error = ((score(x) - truth.score(x)) ** 2).sum() / (truth.score(x) ** 2).sum()
    chains = langevin(score, 2 * rng.standard_normal((400, 2)), 0.03, 300, rng, progress=False)
    return Learned(side, density, grid, score(grid), truth.score(grid), error, chains)


def compute() -> Arrays:
    """A short training and 400 chains, and 4000 chains for each of six steps."""
    rng = np.random.default_rng(1)
    ring = learned("ring", 3.0, rng)
    return Arrays(ring, np.array([measured(step, rng) for step in TRIED]))


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
        field(left, arrays.ring)
        followed(middle, arrays.ring)
        curve(right, arrays)
    return figure


def field(ax, found: Learned) -> None:
    """Learned and true score."""
    outline(ax, found)
    largest = np.sqrt((found.true**2).sum(1).max())
    arrows = partial(ax.quiver, *found.points.T, angles="xy", scale=13 * largest, width=0.006, headwidth=3.5)
    arrows(*found.true.T, color="C1")
    arrows(*found.learned.T, color="C0")
    ax.set(title=f"Score, a part: learned (blue) over true\n(orange), relative squared error {found.error:.2f}",
           xlim=(PART * found.side, found.side), ylim=(PART * found.side, found.side), xticks=range(3), yticks=range(3))


def followed(ax, found: Learned) -> None:
    """Chains that follow the learned score."""
    outline(ax, found)
    ax.plot(*found.chains.T, "o", markersize=1.6, markeredgewidth=0, color="C0")
    ax.set(title="400 chains of 300 steps, h = 0.03\nthat follow the learned score")


def outline(ax, found: Learned) -> None:
    """Where the law is."""
    axis, reach = np.linspace(-found.side, found.side, FINE), found.side + 0.1
    ax.contour(axis, axis, found.density, levels=found.density.max() * np.array([0.07, 0.3, 0.7]), colors="0.6",
               linewidths=0.6)
    ax.set(aspect="equal", xlim=(-reach, reach), ylim=(-reach, reach), xticks=[-2, 0, 2], yticks=[-2, 0, 2])


def curve(ax, arrays: Arrays) -> None:
    """The stationary variance against the step."""
    ax.plot(STEPS, [langevin_variance(VAR, step) for step in STEPS], label="(9.23)")
    ax.axhline(VAR, color="k", linestyle="--", linewidth=0.9, label="variance of the law")
    ax.plot(TRIED, arrays.variances[:, 0], "o", color="C0", markersize=4, label="measured")
    ax.plot(TRIED, arrays.variances[:, 1], "s", color="C1", markersize=4, label="measured, corrected (9.24)")
    ax.set(title="Langevin chain for N(0, 0.7)", xlabel="step h", ylabel="stationary variance", ylim=(0, 7.5))
    ax.legend(frameon=False, fontsize=8)
