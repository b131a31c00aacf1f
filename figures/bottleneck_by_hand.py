"""Four codes of one number: the aggregated posterior, and the rate as the sum of two areas, (5.2a), (5.3), (5.9)."""

from __future__ import annotations

from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from refvae.bottleneck import neg_log_aggregate
from refvae.figures import DATA, ENCODER, MODEL, STYLE
from refvae.vae import gaussian_nll

MEANS, DEVIATIONS = np.array([-2, -0.5, 1, 3])[:, None], np.array([0.5, 1, 0.25, 0.75])[:, None]
Z = np.linspace(-4.5, 6, 421)


class Arrays(NamedTuple):
    """On a grid: densities of the four (4, 421), of their mean, of the prior; terms of information and divergence."""

    each: np.ndarray
    mean: np.ndarray
    prior: np.ndarray
    information: np.ndarray
    divergence: np.ndarray


def compute() -> Arrays:
    """The areas below the last two are 1.056 and 1.052; both terms are at least 0 everywhere, (5.2a)."""
    z, logvar = Z[:, None], 2 * np.log(DEVIATIONS)
    each = np.exp([-gaussian_nll(m + 0 * z, v + 0 * z, z)[0] for m, v in zip(MEANS, logvar, strict=True)])
    mean, prior = np.exp(-neg_log_aggregate(z, MEANS, logvar)[0]), np.exp(-(Z**2) / 2) / np.sqrt(2 * np.pi)
    share = np.where(each > 1e-300, each, 1) / mean
    information = (each * np.log(np.where(each > 1e-300, share, 1))).mean(0)
    return Arrays(each, mean, prior, information, mean * np.log(mean / prior) - mean + prior)


def draw(arrays: Arrays) -> Figure:
    """Densities, and the two areas on each other."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 3), layout="constrained")
        left, right = figure.subplots(1, 2)
        for density in arrays.each:
            left.plot(Z, density / 4, color=ENCODER, lw=0.6)
        left.plot(Z, arrays.mean, color=ENCODER, label="q(z), the mean of the four")
        left.plot(Z, arrays.prior, color=MODEL, label="prior N(0, 1)")
        left.set(title="Four codes, a quarter each", xlabel="z", ylim=(0, 0.62))
        left.legend(frameon=False, loc="upper right")
        rate = arrays.information + arrays.divergence
        right.fill_between(Z, 0 * Z, arrays.information, color=ENCODER, alpha=0.75, lw=0, label="information 1.056")
        right.fill_between(Z, arrays.information, rate, color=MODEL, alpha=0.75, lw=0,
                           label="divergence from the prior 1.052")
        right.plot(Z, rate, color=DATA, lw=0.8, label="rate 2.107")
        right.set(title="Where the rate comes from: nats per unit of z", xlabel="z", ylim=(0, 1.05))
        right.legend(frameon=False, loc="upper left")
    return figure
