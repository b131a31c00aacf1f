"""Force of the estimate on points (6.11), bias over dimensions (6.5), (6.19), standard errors (6.20), (6.21)."""

from __future__ import annotations

from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from refvae.entropy import knn_entropy, knn_entropy_layer, neighbours
from refvae.entropy.study import Grid, pieces, run, summarise
from refvae.figures import STYLE

DIMS, ORDERS, N, TRIALS = (1, 2, 3, 5, 8, 12), (1, 3, 10), 300, 12
WHICH = ("normal", "uniform", "exponential", "student")


class Arrays(NamedTuple):
    """Points, forces, radii of the first neighbour; biases (law, order, dims), in a box (dims,); ratios (law, 2)."""

    points: np.ndarray
    forces: np.ndarray
    radii: np.ndarray
    bias: np.ndarray
    boxed: np.ndarray
    ratios: np.ndarray


def compute() -> Arrays:
    """Twenty-five points, and short studies."""
    x = np.random.default_rng(4).standard_normal((25, 2))
    near = neighbours(x, 1)
    force = knn_entropy_layer(x, near.idx)[1](1.0)[0]
    grid = Grid(("normal", "uniform"), DIMS, (N,), ORDERS, TRIALS, 0, {})
    bias = np.array([row.bias for row in summarise(t for piece in run(grid, pieces(grid)) for t in piece)])
    rng = np.random.default_rng(1)
    boxed = [np.mean([knn_entropy(rng.random((N, d)), 3, norm=np.inf, box=(0, 1)).value for _ in range(TRIALS)])
             for d in DIMS]
    small = Grid(WHICH, (2,), (100,), (3,), 150, 0, {})
    ratios = [(row.naive_ratio, row.jackknife_ratio) for row in summarise(
        t for piece in run(small, pieces(small)) for t in piece)]
    return Arrays(x, force, near.rho[:, 0], bias.reshape(2, len(DIMS), len(ORDERS)).swapaxes(1, 2), np.array(boxed),
                  np.array(ratios))


def draw(arrays: Arrays) -> Figure:
    """Four panels."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(10.5, 2.9), layout="constrained")
        force, normal, uniform, errors = figure.subplots(1, 4, width_ratios=(1.1, 1, 1, 0.9))
        for (a, b), radius in zip(arrays.points, arrays.radii, strict=True):
            force.add_patch(mpl.patches.Circle((a, b), radius, fill=False, linewidth=0.4, edgecolor="0.7"))
        force.quiver(*arrays.points.T, *arrays.forces.T, angles="xy", color="C1", width=0.007)
        force.plot(*arrays.points.T, "o", color="C0", markersize=2.5)
        force.set(title="Force of the estimate,\nk = 1", aspect="equal", xticks=[], yticks=[])
        for panel, biases, name in ((normal, arrays.bias[0], "normal"), (uniform, arrays.bias[1], "uniform")):
            panel.axhline(0, color="0.6", linewidth=0.8)
            for bias, k in zip(biases, ORDERS, strict=True):
                panel.plot(DIMS, bias, "o-", markersize=3, label=f"k = {k}")
            panel.set(title=f"Bias, {name} law,\nn = {N}", xlabel="dimension d", xticks=DIMS,
                      ylabel="nats")
        uniform.plot(DIMS, arrays.boxed, "x:", color="C4", label="box known, k = 3")
        uniform.legend(frameon=False, fontsize=8, loc="upper left")
        places = np.arange(len(WHICH))
        errors.axvline(1, color="0.6", linewidth=0.8)
        errors.plot(arrays.ratios[:, 0], places, "o", color="C1")
        errors.plot(arrays.ratios[:, 1], places, "s", color="C0")
        errors.set(title="Naive (orange), jackknife\n(blue) error / true one", yticks=places, yticklabels=WHICH,
                   xlim=(0.5, 1.85), ylim=(len(WHICH) - 0.5, -0.5))
    return figure
