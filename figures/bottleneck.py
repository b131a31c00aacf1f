"""The Gaussian bottleneck, (5.20), and classifiers of digits behind a bottleneck, (5.14)."""

from __future__ import annotations

from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from refvae.bottleneck import gaussian_bottleneck
from refvae.derivations.bottleneck.experiments import classifier, judge
from refvae.figures import STYLE

RHO, FEW, SEEDS = 0.8, 200, range(3)
LAMBDAS = (1e-4, 1e-3, 1e-2, 0.1, 0.3)
AXIS = np.linspace(0.02, 1, 99)


class Arrays(NamedTuple):
    """Channels (99, 2); rates, held-out NLL (mean and sampled codes), accuracies (5, 3, 4); the same without noise."""

    channels: np.ndarray
    trained: np.ndarray
    plain: np.ndarray


def row(lam: float | None, seed: int) -> list[float]:
    """A small classifier on 200 rows: rate, NLL with mean and with sampled codes, accuracy."""
    p = classifier(lam, seed, FEW, steps=240, hidden=(64,), rate=4e-3)
    found = judge(p, lam, seed, FEW, draws=8)
    return [found.rate, found.held_out, found.sampled, found.accuracy]


def compute() -> Arrays:
    """The closed form, and 18 short trainings."""
    channels = [gaussian_bottleneck(RHO, lam)[1:] for lam in AXIS]
    trained = [[row(lam, seed) for seed in SEEDS] for lam in LAMBDAS]
    plain = [row(None, seed) for seed in SEEDS]
    return Arrays(np.array(channels), np.array(trained), np.array(plain))


def draw(arrays: Arrays) -> Figure:
    """Three panels."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 3.1), layout="constrained")
        left, middle, right = figure.subplots(1, 3)
        left.plot(AXIS, arrays.channels[:, 0], label="I(X;Z)")
        left.plot(AXIS, arrays.channels[:, 1], label="I(Y;Z)")
        left.axvline(RHO**2, color="0.6", linewidth=0.8, linestyle=":")
        left.text(RHO**2 + 0.015, 1.0, r"$\lambda=\rho^2$")
        left.set(title="The best Gaussian channel", xlabel=r"weight $\lambda$", ylabel="nats", ylim=(0, 2.2))
        left.legend(frameon=False)
        ranges(middle, arrays, 1, "mean code")
        ranges(middle, arrays, 2, "sampled codes, averaged")
        middle.set(title="Held-out cost, 200 training rows", ylabel="nats", ylim=(0, None))
        ranges(right, arrays, 3, "mean code")
        right.set(title="Held-out accuracy")
        for panel in (middle, right):
            panel.set(xlabel="rate in nats", xscale="log", xlim=(2, 90), xticks=[2, 5, 10, 20, 50],
                      xticklabels=[2, 5, 10, 20, 50])
            panel.minorticks_off()
            panel.legend(frameon=False, loc="best")
    return figure


def ranges(ax, arrays: Arrays, column: int, label: str) -> None:
    """Means with ranges over the seeds, and a band for the classifier without noise."""
    x, y = arrays.trained[:, :, 0], arrays.trained[:, :, column]
    bars = [[m.mean(1) - m.min(1), m.max(1) - m.mean(1)] for m in (x, y)]
    ax.errorbar(x.mean(1), y.mean(1), xerr=bars[0], yerr=bars[1], fmt="o-", markersize=4, linewidth=1, label=label)
    if column in (1, 3):
        plain = arrays.plain[:, column]
        ax.axhspan(plain.min(), plain.max(), color="0.9", zorder=0, label="without noise")
