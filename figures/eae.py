"""Points moved up the estimate of their own entropy, orders 1 and 5: (7.5), (7.13), (7.15)."""

from __future__ import annotations

from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from refvae.derivations.eae.experiments import moved
from refvae.eae import most_entropy
from refvae.entropy import knn_entropy
from refvae.figures import STYLE

ORDERS, UPTO = (1, 5), 20
NORMAL = float(np.log(2 * np.pi * np.e))


class Arrays(NamedTuple):
    """Points (2, 256, 2), estimates of orders 1 to 20 of both (2, 20), and bounds for those orders (20,)."""

    points: np.ndarray
    estimates: np.ndarray
    bounds: np.ndarray


def compute() -> Arrays:
    """Two runs of 600 steps from the same normal draws."""
    sets = [moved(k, 0, steps=600, rate=0.02) for k in ORDERS]
    orders = range(1, UPTO + 1)
    estimates = [[float(knn_entropy(z, k)) for k in orders] for z in sets]
    return Arrays(np.array(sets), np.array(estimates), np.array([most_entropy(sets[0], k) for k in orders]))


def draw(arrays: Arrays) -> Figure:
    """Three panels."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 3.1), layout="constrained")
        *clouds, right = figure.subplots(1, 3, width_ratios=(1, 1, 1.1))
        for panel, z, k in zip(clouds, arrays.points, ORDERS, strict=True):
            panel.plot(*z.T, "o", markersize=1.8, color=f"C{ORDERS.index(k)}")
            panel.set(title=f"256 points moved to raise the\nentropy estimate of order {k}",
                      aspect="equal", xlim=(-3.2, 3.2), ylim=(-3.2, 3.2),
                      xticks=(-2, 0, 2), yticks=(-2, 0, 2))
        orders = np.arange(1, UPTO + 1)
        right.axhline(NORMAL, color="0.4", linewidth=0.8, linestyle=":", label="most that a law can have")
        right.plot(orders, arrays.bounds, "--", color="0.4", linewidth=0.9, label="bound of the estimates")
        for estimates, k in zip(arrays.estimates, ORDERS, strict=True):
            right.plot(orders, estimates, "o-", markersize=2.5, linewidth=0.8, label=f"order {k} raised")
        right.set(title="Entropy of both sets, estimated\nin orders 1 to 20", xlabel="order", ylabel="nats",
                  xticks=(1, 5, 10, 15, 20), ylim=(-4.2, 5.4))
        right.legend(frameon=False, fontsize=8)
    return figure
