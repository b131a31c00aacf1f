"""Rotating springs and their density, (11.8), and four routes to their length, (11.23) to (11.26)."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from refvae.figures import STYLE
from refvae.spring import (
    axis_density,
    chain_profile,
    descend_chain,
    length,
    masses,
    picard,
    profile,
    solve_chain,
    solve_ode,
)

THETAS = (0.0, 0.6, 0.9, 1.2, 1.35)
THETA, FLOOR = 1.2, 1e-10  # of the lower panels; smaller errors are round-off
SIZES = np.array([4, 8, 16, 32, 64, 128, 256])
TURNS, PARTS = 24, 8
STEPS = np.unique(np.round(np.geomspace(1, 4000, 34)).astype(int))
CHAINS = (5, 10, 20)


class Arrays(NamedTuple):
    """Coils (5, 97), joints (5, 9), curves (5, 2, 60); errors by size (3, 7), of Picard (16,), of descent (3, 32)."""

    coils: np.ndarray
    joints: np.ndarray
    curves: np.ndarray
    sizes: np.ndarray
    picard: np.ndarray
    descent: np.ndarray


def compute() -> Arrays:
    """Closed forms, and errors of each route against them."""
    turns, parts, s = (np.linspace(0, 1, n + 1) for n in (4 * TURNS, PARTS, 59))
    curves = [profile(theta, s) for theta in THETAS]
    l1 = length(THETA)
    half, ode = [solve_chain(THETA, masses(n))[-1] for n in SIZES], [solve_ode(THETA, n)[-1] for n in SIZES]
    whole = [np.nan, *(solve_chain(THETA, np.full(n, 1 / n))[-1] for n in SIZES[1:])]  # with 4 it has no minimum
    found = [picard(THETA, l1, n, 80) for n in range(1, 17)]
    return Arrays(np.array([profile(theta, turns).r for theta in THETAS]),
                  np.array([profile(theta, parts).r for theta in THETAS]), np.array(curves),
                  errors(np.array([half, whole, ode]) - l1),
                  errors([np.abs(p.density - axis_density(THETA, p.r, l1)).max() for p in found]),
                  errors([descent(n) for n in CHAINS]))


def errors(found) -> np.ndarray:
    """Moduli; NaN for round-off."""
    moduli = np.abs(found)
    return np.where(moduli > FLOOR, moduli, np.nan)


def descent(n: int) -> list[float]:
    """Largest error of a joint after STEPS steps from the chain at rest."""
    y, best, out = np.arange(1, n + 1) / n, chain_profile(THETA, n), []
    for before, after in pairwise([0, *STEPS]):
        y = descend_chain(y, THETA, int(after - before))
        out.append(np.abs(y - best).max())
    return out


def draw(arrays: Arrays) -> Figure:
    """Four panels."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 5.6), layout="constrained")
        (springs, density), (by_size, by_step) = figure.subplots(2, 2)
        draw_springs(springs, arrays)
        for theta, (r, dense) in zip(THETAS, arrays.curves, strict=True):
            density.plot(r, dense, label=rf"$\theta$ = {theta:g}")
        density.set(title="Line density", xlabel="distance from the axis in $l_0$", ylabel="in $M_0/l_0$",
                    xlim=(-0.1, 4.8), ylim=(0, 1.05))
        density.legend(frameon=False, loc="upper right")
        labels = ((24, 2.2e-3, "chain, half a mass at the end"), (17, 0.6, "chain, a whole mass at the end"),
                  (4.3, 3e-7, "collocation"))
        for i, (row, (x, y, label), marker) in enumerate(zip(arrays.sizes, labels, "os^", strict=True)):
            by_size.loglog(SIZES, row, marker=marker, markersize=4, linewidth=1, color=f"C{i}")
            by_size.text(x, y, label, color=f"C{i}")
        by_size.set(title=rf"Error of the length, $\theta$ = {THETA}", xlabel="parts $N$", ylim=(FLOOR / 3, 10),
                    xticks=SIZES, xticklabels=SIZES)
        by_step.loglog(np.arange(1, 17), arrays.picard, "o-", markersize=4, linewidth=1)
        by_step.text(14, 3e-10, "integral equation:\ndensity", color="C0")
        for i, row in enumerate(arrays.descent, 1):
            by_step.loglog(STEPS, row, linewidth=1, color=f"C{i}")
        for i, (x, y, label) in enumerate(((170, 1e-7, "$N$ = 5"), (1500, 1e-8, "10"), (3100, 0.15, "20")), 1):
            by_step.text(x, y, label, color=f"C{i}")
        by_step.text(13, 2.4, "gradient descent: joints of chains")
        by_step.set(title=rf"Largest error of an iterate, $\theta$ = {THETA}", xlabel="iterations",
                    ylim=(FLOOR / 3, 10))
        for panel in (by_size, by_step):
            panel.minorticks_off()
    return figure


def draw_springs(ax, arrays: Arrays) -> None:
    """A coil at every speed, with marks at equal parts of the mass."""
    wave = 0.28 * np.tile([0, 1, 0, -1], TURNS + 1)[:4 * TURNS + 1]
    for row, (theta, coil, joints) in enumerate(zip(THETAS, arrays.coils, arrays.joints, strict=True)):
        ax.plot(coil, wave - row, color=f"C{row}", linewidth=0.9)
        ax.plot(joints, np.full(PARTS + 1, -row), "o", color="black", markersize=2.5)
        ax.text(-0.08, -row, rf"$\theta$ = {theta:g}", ha="right", va="center")
    ax.axvline(0, color="0.5", linewidth=1.5)
    ax.set(title="Eight equal parts of the mass", xlabel="distance from the axis in $l_0$", yticks=[],
           xlim=(-0.75, 3.5), xticks=range(4))
    ax.spines["left"].set_visible(False)
