"""What each penalty leaves of a linear model, (4.17) to (4.21), and axes predicted and trained, (4.13)."""

from __future__ import annotations

from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from refvae.data import digits
from refvae.derivations.geometry.trained import BETA, posterior, trained
from refvae.figures import DATA, ENCODER, STYLE
from refvae.geometry import naive_infimum, noise_curvature, optimal_axes, profile_loss
from refvae.layers import tanh

W = np.geomspace(0.05, 100, 120)
CASES = {r"naive": {"kind": "naive"}, r"$\frac{1}{2}\mu^2+(\sigma-1)^2$": {"kind": "naive", "mu_weight": 0.5},
         "KL": {"kind": "kl"}}
VARIANCES = (3.0, 1.5)


class Arrays(NamedTuple):
    """Losses (2, 3, 120) of two variances and three penalties, naive infima (2,), axes by two formulas and trained."""

    losses: np.ndarray
    infima: np.ndarray
    predicted: np.ndarray
    sigma: np.ndarray


def compute() -> Arrays:
    """Closed forms, and the VAE of the digits."""
    losses = [[[profile_loss(np.array([[w]]), np.array([[lam]]), **case)[0] for w in W] for case in CASES.values()]
              for lam in VARIANCES]
    p, x = trained("kl"), digits()[0][::4]
    mu, sigma = posterior(p, x)
    slope, bend = noise_curvature(p.dec, mu, x, activation=tanh)
    infima = [naive_infimum(np.array([[lam]]), 1) for lam in VARIANCES]
    both = np.maximum(slope + bend, -0.99 * BETA)  # below -BETA there is no minimum: outside the picture
    predicted = [optimal_axes(curvature, BETA).ravel() for curvature in (slope, both)]
    return Arrays(np.array(losses), np.array(infima), np.array(predicted), sigma.ravel())


def draw(arrays: Arrays) -> Figure:
    """Four panels."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 2.6), layout="constrained")
        *left, first, second = figure.subplots(1, 4, width_ratios=(1.25, 1.25, 1, 1))
        for ax, lam, losses, infimum in zip(left, VARIANCES, arrays.losses, arrays.infima, strict=True):
            for loss, label in zip(losses, CASES, strict=True):
                ax.semilogx(W, loss, label=label)
            ax.axhline(infimum, color="0.6", lw=0.6, ls="--")
            ax.set(title=rf"Linear, $\lambda$ = {lam:g}, $\beta$ = 1", xlabel="size of the decoder, w",
                   ylabel="loss at the best code", ylim=(0, 3.2))
        left[0].legend(frameon=False, loc="lower left")
        labels = "Jacobian alone", "and bending"
        for ax, predicted, label in zip((first, second), arrays.predicted, labels, strict=True):
            ax.loglog(predicted, arrays.sigma, "o", ms=1.5, mew=0, color=ENCODER)
            ax.loglog((0.06, 0.6), (0.06, 0.6), color=DATA, lw=0.6)
            ax.set(title=label, xlabel=r"$\sigma$ by the formula", aspect="equal", xlim=(0.06, 0.6), ylim=(0.06, 0.6))
            for axis in (ax.xaxis, ax.yaxis):
                axis.set_ticks((0.1, 0.2, 0.4), labels=("0.1", "0.2", "0.4"))
                axis.set_ticks((), minor=True)
        first.set_ylabel(r"$\sigma$ of the encoder")
    return figure
