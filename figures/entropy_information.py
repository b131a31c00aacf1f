"""Mutual information: the paths of the proof of (6.49), all orders of six points, and the bound (6.47)."""

from __future__ import annotations

from itertools import permutations
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from refvae.entropy import mutual_information
from refvae.figures import STYLE

METHODS = {"ksg1": "first, (6.41)", "ksg2": "second, (6.42)", "3h": "three entropies, (6.43)"}
TRUTH = np.linspace(0, 8, 33)
STYLES = dict(zip(METHODS.values(), ("-", "--", ":"), strict=True))
WIDTHS = dict(zip(METHODS.values(), (3.0, 1.8, 1.4), strict=True))  # the first two nearly agree
N, K, DRAWS = 200, 3, 10
POINTS = np.sqrt([[0, 2, 13, 22, 57, 71], [0, 1, 10, 43, 51, 94]])
RANKS = np.array([3, 1, 4, 2, 5])  # of a configuration, in the order of the first rank
PATH = "xyyxyxxyyx"
SWAP = 3  # the step at which the other path differs


class Arrays(NamedTuple):
    """Estimates (3, 720) in all orders; means (3, 33) of the estimates over the true information."""

    orders: np.ndarray
    means: np.ndarray


def compute() -> Arrays:
    """All orders of y for six points, k = 2; ten samples of 200 normal pairs, the same for all correlations, k = 3."""
    x, y = POINTS[:, :, None]
    orders = [[mutual_information(x, y[list(order)], 2, method=method).value for order in permutations(range(6))]
              for method in METHODS]
    u, v = np.random.default_rng(0).standard_normal((2, DRAWS, N, 1))
    r, noise = np.sqrt(-np.expm1(-2 * TRUTH)), np.exp(-TRUTH)
    means = [[np.mean([mutual_information(a, s * a + t * b, K, method=method).value for a, b in zip(u, v, strict=True)])
              for s, t in zip(r, noise, strict=True)] for method in METHODS]
    return Arrays(np.array(orders), np.array(means))


def corners(path: str) -> np.ndarray:
    """The corners of a path of steps x and y, from (0, 0)."""
    steps = np.array([[1, 0] if step == "x" else [0, 1] for step in path])
    return np.vstack([[0, 0], np.cumsum(steps, 0)])


def draw(arrays: Arrays) -> Figure:
    """Three panels."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 3.2), layout="constrained")
        left, middle, right = figure.subplots(1, 3)
        paths(left)
        bins = np.linspace(-0.9, 1.6, 26)
        for row, (values, label) in enumerate(zip(arrays.orders, METHODS.values(), strict=True)):
            counts = np.histogram(values, bins)[0]
            middle.bar(bins[:-1], counts / 300, width=0.09, bottom=2 - row, align="edge", color=f"C{row}")
            middle.text(1.62, 2.6 - row, f"{label}\nmean {abs(values.mean()):.2f}", ha="right", fontsize=8)
        middle.axvline(0, color="0.6", linewidth=0.8, zorder=0)
        middle.set(title="All 720 orders of six points, k = 2", xlabel="nats", yticks=(), ylim=(0, 3), xlim=(-0.9, 1.7))
        middle.spines["left"].set_visible(False)
        bound = sum(1 / np.arange(K, N)) - 1 / K
        right.plot(TRUTH, TRUTH, color="0.6", linewidth=0.8)
        right.axhline(bound, color="0.6", linewidth=0.8, linestyle=":")
        right.text(0, bound + 0.15, r"$\psi(n)-\psi(k)-1/k$")
        for values, label in zip(arrays.means, METHODS.values(), strict=True):
            right.plot(TRUTH, values, STYLES[label], linewidth=WIDTHS[label], label=label)
        right.set(title="Normal x and y, n = 200, k = 3", xlabel="true information in nats", ylabel="estimate")
        right.set(ylim=(-0.2, 8.2))
        right.legend(frameon=False, fontsize=8, loc="lower right", bbox_to_anchor=(1.02, -0.02))
    return figure


def paths(ax) -> None:
    """A configuration, the path of its distances, and the path in which two steps are exchanged."""
    other = PATH[:SWAP] + PATH[SWAP + 1] + PATH[SWAP] + PATH[SWAP + 2:]
    for path, style in ((other, "--"), (PATH, "-")):
        ax.plot(*corners(path).T, style, color="#0072b2", linewidth=1.2)
    ax.plot(np.arange(1, 6), RANKS, "o", color="#d55e00", markersize=5)
    ax.plot(*corners(PATH)[SWAP], "s", color="#0072b2", markersize=4)
    ax.annotate("a", corners(PATH)[SWAP] + [-0.35, 0.1])
    ax.set(title="A configuration, m = 5, and two paths", xlabel="rank of x", ylabel="rank of y", xlim=(-0.4, 5.4),
           ylim=(-0.4, 5.4), aspect="equal", xticks=range(6), yticks=range(6))
    ax.grid(color="0.92", linewidth=0.6)
    ax.set_axisbelow(True)
