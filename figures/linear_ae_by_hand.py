"""The loss of a linear autoencoder with d = 2, k = 1 and second moments diag(2, 1), (2.2), (2.7), (2.18), (2.19)."""

from __future__ import annotations

from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from refvae.figures import DATA, ENCODER, MODEL, STYLE, WRONG
from refvae.linear_ae import linear_ae

X = np.diag(np.sqrt([2.0, 1.0]))
A, B = np.linspace(-1.45, 1.45, 88), np.linspace(-1.35, 1.35, 82)
T, S = np.linspace(-1.7, 1.7, 94), np.linspace(-1.7, 1.7, 92)
STARTS, STEPS = ((0.03, 1.0), (0.02, -0.06), (-0.05, -1.0)), 300


class Arrays(NamedTuple):
    """Losses of tied weights (82, 88), and along one direction (92, 94); paths of descent (3, 301, 2)."""

    tied: np.ndarray
    along: np.ndarray
    paths: np.ndarray


def loss(C: np.ndarray, D: np.ndarray) -> float:
    """The loss (2.2)."""
    return linear_ae(C.reshape(2, 1), D.reshape(1, 2), X)[0]


def descent(start: tuple[float, float]) -> np.ndarray:
    """Gradient descent with steps of 1/30; tied weights stay tied, for their gradients agree."""
    path = [np.array(start)]
    for _ in range(STEPS):
        dC, dD, _ = linear_ae(path[-1].reshape(2, 1), path[-1].reshape(1, 2), X)[1](1.0)
        path.append(path[-1] - (dC.ravel() + dD.ravel()) / 60)
    return np.array(path)


def compute() -> Arrays:
    """Both planes are cut out of the four dimensions of encoder and decoder."""
    tied = [[loss(np.array([a, b]), np.array([a, b])) for a in A] for b in B]
    along = [[loss(np.array([t, 0.0]), np.array([s, 0.0])) for t in T] for s in S]
    return Arrays(np.array(tied), np.array(along), np.array([descent(start) for start in STARTS]))


def draw(arrays: Arrays) -> Figure:
    """Two planes."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 3.9), layout="constrained")
        left, right = figure.subplots(1, 2)
        for ax, x, y, losses, levels in ((left, A, B, arrays.tied, (1.05, 1.2, 1.5, 1.9, 2.1, 2.5, 2.9, 3.4, 4.5)),
                                         (right, T, S, arrays.along, (1.05, 1.3, 2, 2.7, 3.4, 5, 8, 12))):
            ax.clabel(ax.contour(x, y, losses, levels, colors="0.65", linewidths=0.7), fmt="%g", fontsize=8)
            ax.set_aspect("equal")
        for path in arrays.paths:
            left.plot(*path.T, color=ENCODER, lw=1.2)
        for ax, points, minima in ((left, ((0, 1), (0, -1), (0, 0)), ((1, 0), (-1, 0))), (right, ((0, 0),), ())):
            ax.plot(*np.transpose(points), "X", color=WRONG, ms=7)
            if minima:
                ax.plot(*np.transpose(minima), "o", color=MODEL)
        s = np.linspace(1 / 1.7, 1.7, 50)
        for sign in (1, -1):
            right.plot(sign * s, sign / s, color=MODEL)
        left.set(title=r"Tied weights, $D=C^\top$: minima, saddles, descent", xlabel=r"$C_1=D_1$", ylabel=r"$C_2=D_2$")
        right.set(title=r"Only the first direction: the gauge $ts=1$", xlabel=r"$C=(t,0)^\top$", ylabel=r"$D=(s,0)$")
        for ax, text, place, colour in ((left, "loss 2", (0.07, 1.05), WRONG), (left, "3", (0.07, 0.07), DATA),
                                        (left, "loss 1", (1.06, -0.03), MODEL), (right, "3", (0.07, 0.0), DATA),
                                        (right, "loss 1", (1.02, 1.05), MODEL)):
            ax.text(*place, text, color=colour)
    return figure
