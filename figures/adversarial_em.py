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
    """Points (600, 2) with labels; outlines of the components (10, 65, 2); NLL (6, 101)."""

    points: np.ndarray
    labels: np.ndarray
    outlines: np.ndarray
    nll: np.ndarray


def plane() -> tuple[np.ndarray, np.ndarray]:
    """The digits, centred, in the plane of their first two principal components."""
    x, labels = digits()
    x = x - x.mean(0)
    V = truncated_svd(x, 2).Vt.T
    return x @ (V * np.sign(V[np.argmax(np.abs(V), 0), [0, 1]])), labels


def compute() -> Arrays:
    """Six runs; the components of the best one."""
    x, labels = plane()
    runs = [em_mixture(x, K, steps=STEPS, rng=seed) for seed in range(STARTS)]
    best = min(runs, key=lambda run: run.nll[-1]).p
    turn = np.linspace(0, 2 * np.pi, 65)
    circle = 2 * np.stack([np.cos(turn), np.sin(turn)], 1)
    outlines = [mean + circle @ np.linalg.cholesky(cov).T for mean, cov in zip(best.means, best.covs, strict=True)]
    return Arrays(x[:SHOWN], labels[:SHOWN], np.array(outlines), np.array([r.nll for r in runs]))


def draw(arrays: Arrays) -> Figure:
    """Two panels."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 3.6), layout="constrained")
        left, right = figure.subplots(1, 2)
        left.scatter(*arrays.points.T, c=arrays.labels, cmap="tab10", s=4, linewidths=0, alpha=0.7)
        left.plot(*arrays.outlines.transpose(2, 1, 0), color="black", linewidth=0.8)
        left.set(title="Ten components at two standard deviations", xlabel="first principal component",
                 ylabel="second", aspect="equal")
        right.plot(np.arange(arrays.nll.shape[1]), arrays.nll.T, linewidth=1)
        right.set(title=r"Mean of $-\log\,p(x)$, six starts", xlabel="steps", ylabel="nats", xscale="symlog")
    return figure
