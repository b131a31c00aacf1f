"""The bound of one example under the smallest model, d = k = 1, over the mean and deviation of the encoder: (3.2)."""

from __future__ import annotations

from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from refvae.figures import ENCODER, MODEL, STYLE, WRONG
from refvae.vae import PPCA, LinearVAE, linear_vae, ppca_log_likelihood, ppca_posterior

X = np.array([[2.0]])
MEANS, DEVIATIONS = np.linspace(-0.6, 2.6, 81), np.linspace(0.2, 1.6, 71)
LEVELS = (0.05, 0.2, 0.5, 1.0, 2.0)


class Arrays(NamedTuple):
    """Gap (71, 81) over deviation and mean, log p(x), mean and deviation of the posterior."""

    gap: np.ndarray
    log_p: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray


def compute() -> Arrays:
    """x = 2, z ~ N(0, 1), x given z ~ N(z, 1)."""
    model = PPCA(np.eye(1), 1.0, np.zeros(1))
    log_p, (mean, cov) = ppca_log_likelihood(model, X)[0], ppca_posterior(model, X)
    gap = [[log_p - elbo(m, s) for m in MEANS] for s in DEVIATIONS]
    return Arrays(np.array(gap), log_p, mean[0, 0], np.sqrt(cov[0, 0]))


def elbo(mean: float, deviation: float) -> float:
    """The bound at a normal encoder: `linear_vae` with V = mean / x."""
    p = LinearVAE(np.eye(1), np.array([[mean]]) / X, np.array([2 * np.log(deviation)]))
    return -linear_vae(p, np.zeros(()), X)[0][0]


def draw(arrays: Arrays) -> Figure:
    """Contours of the gap, and the bound along two lines."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 3.2), layout="constrained")
        left, right = figure.subplots(1, 2)
        lines = left.contour(MEANS, DEVIATIONS, arrays.gap, LEVELS, colors="0.6", linewidths=0.8)
        left.clabel(lines, fmt="%g", fontsize=8)
        left.axhline(arrays.deviation, color=ENCODER, lw=0.8)
        left.axhline(1, color=WRONG, lw=0.8)
        left.plot(arrays.mean, arrays.deviation, "o", color=MODEL)
        left.annotate("the posterior: no gap", (arrays.mean, arrays.deviation), (8, 5), textcoords="offset points",
                      color=MODEL)
        left.plot(0, 1, "s", color=WRONG)
        left.annotate("the prior: 1.153", (0, 1), (6, 6), textcoords="offset points", color=WRONG)
        left.set(title=r"What the bound misses, in nats", xlabel=r"mean $\mu$ of the encoder",
                 ylabel=r"its deviation $\sigma$")
        right.axhline(arrays.log_p, color=MODEL)
        right.text(-0.6, arrays.log_p + 0.05, r"$\log p(x)$ = −2.266", color=MODEL)
        for deviation, colour, name in ((arrays.deviation, ENCODER, r"$\sigma=1/\sqrt{2}$, as the posterior"),
                                        (1.0, WRONG, r"$\sigma=1$, too wide")):
            right.plot(MEANS, [elbo(m, deviation) for m in MEANS], color=colour, label=name)
        right.set(title="The bound for two deviations", xlabel=r"mean $\mu$ of the encoder", ylabel="nats",
                  ylim=(-5.2, -1.8))
        right.legend(frameon=False, loc="lower center")
    return figure
