"""ALI on a table of two images and two codes: the flows of (41) and of (42), with the forces (10.32)."""

from __future__ import annotations

from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from refvae.adversarial import ali_forces
from refvae.figures import STYLE

SHOWN = {"simplified": "Simplified loss (41)", "minimax": "Minimax loss (42)", "complete": "Complete loss (40)"}
STARTS = ((0.75, 0.5), (0.5, 0.75), (0.2, 0.4), (0.35, 0.15), (0.9, 0.2), (0.1, 0.8))
STEPS, SIZE, EDGE = 1200, 0.005, 0.005


class Arrays(NamedTuple):
    """Arrows (3, 2, 9, 9) on a grid, and paths (3, 6, 1201, 2), of each loss."""

    arrows: np.ndarray
    paths: np.ndarray


def velocity(a: np.ndarray, b: np.ndarray, variant: str) -> np.ndarray:
    """Descent for q(z = x | x) = a and p(x = z | z) = b, both marginals fair.   (...,), (...,) -> (2, ...)"""
    of_q, of_p = (np.array([own, 1 - own]) / 2 for own in (a, b))  # of equal and of different x and z
    after_q, after_p = ali_forces(np.log(of_q / of_p), variant)
    return np.array([after_q[1] - after_q[0], after_p[1] - after_p[0]])


def path(start: tuple[float, float], variant: str) -> np.ndarray:
    """Steps of descent until the edge of the square, where both laws lose their points; NaN from there on."""
    found = np.full((STEPS + 1, 2), np.nan)
    found[0] = start
    for step in range(STEPS):
        place = found[step] + SIZE * velocity(*found[step], variant)
        if min(*place, *(1 - place)) < EDGE:
            break
        found[step + 1] = place
    return found


def compute() -> Arrays:
    """Flows and paths in closed form."""
    a, b = np.meshgrid(*[np.arange(1, 10) / 10] * 2)
    return Arrays(np.array([velocity(a, b, variant) for variant in SHOWN]),
                  np.array([[path(start, variant) for start in STARTS] for variant in SHOWN]))


def draw(arrays: Arrays) -> Figure:
    """Three panels."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.5, 3.4), layout="constrained")
        places = np.arange(1, 10) / 10
        for panel, arrows, paths, title in zip(figure.subplots(1, 3), arrays.arrows, arrays.paths, SHOWN.values(),
                                               strict=True):
            colour = "C1" if "41" in title else "C0"
            panel.plot([0, 1], [0, 1], color="0.5", linewidth=3, alpha=0.35)
            panel.quiver(places, places, *arrows, angles="xy", color="0.55", width=0.005, scale=24)
            for steps in paths:
                panel.plot(*steps.T, color=colour, linewidth=1.3)
                panel.plot(*steps[0], "o", color=colour, markersize=3.5)
            panel.set(title=title, xlabel="a, encoder: q(z = x | x)", aspect="equal", xlim=(0, 1), ylim=(0, 1),
                      ylabel="b, decoder: p(x = z | z)", xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
    return figure
