"""EM for a mixture of Gaussians on the digits in the plane of their first two principal components, (10.6)."""

from __future__ import annotations

from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from refvae.adversarial import em_mixture
from refvae.data import digits
from refvae.figures import STYLE
from refvae.linear_ae import truncated_svd

K, STEPS, STARTS, SHOWN = 10, 100, 6, 600


class Arrays(NamedTuple):
    """Points (600, 2); outlines of the components (10, 241, 2); NLL (6, 101)."""

    points: np.ndarray
    outlines: np.ndarray
    nll: np.ndarray


def plane() -> np.ndarray:
    """The digits, centred, in the plane of their first two principal components."""
    x, _ = digits()
    x = x - x.mean(0)
    V = truncated_svd(x, 2).Vt.T
    plane: np.ndarray = x @ (V * np.sign(V[np.argmax(np.abs(V), 0), [0, 1]]))
    return plane


def compute() -> Arrays:
    """Six runs; the components of the best one."""
    x = plane()
    runs = [em_mixture(x, K, steps=STEPS, rng=seed) for seed in range(STARTS)]
    best = min(runs, key=lambda run: run.nll[-1]).p
    turn = np.linspace(0, 2 * np.pi, 241)
    circle = 2 * np.stack([np.cos(turn), np.sin(turn)], 1)
    outlines = [mean + circle @ np.linalg.cholesky(cov).T for mean, cov in zip(best.means, best.covs, strict=True)]
    return Arrays(x[:SHOWN], np.array(outlines), np.array([r.nll for r in runs]))


def draw(arrays: Arrays) -> Figure:
    """Two panels."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 3.6), layout="constrained")
        left, right = figure.subplots(1, 2)
        left.scatter(*arrays.points.T, color="C5", s=4, linewidths=0)
        left.plot(*arrays.outlines.transpose(2, 1, 0), color="C0", linewidth=1)
        left.set(title="Digits (grey), ten components at two\nstandard deviations (blue)", aspect="equal",
                 xlabel="first principal component", ylabel="second")
        right.plot(np.arange(1, STEPS + 1), arrays.nll[:, 1:].T, color="C0", linewidth=1)
        right.set(title="$-\\log\\,p(x)$, mean over the digits,\nfrom six starts", xlabel="steps", ylabel="nats",
                  xscale="log", xticks=(1, 10, 100), xticklabels=("1", "10", "100"))
    return figure
