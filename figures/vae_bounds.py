"""The gap of the importance-weighted bound, (3.22), and the signal of its gradient, (3.23), (3.24), (3.26)."""

from __future__ import annotations

from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from scipy import stats

from refvae.figures import STYLE
from refvae.layers import Dense
from refvae.vae import (
    PPCA,
    VAE,
    dreg_surrogate,
    encode,
    gaussian,
    iw_bound,
    log_mean_exp,
    log_weights,
    normalised_weights,
    ppca_posterior,
    score_surrogate,
)

UNITS, INFLATION, DRAWS = 4, (0.55, 0.7, 0.9, 1.5, 3.0), 2.0 ** np.arange(0, 15)
GRADIENTS, ROWS, CALLS = (1, 2, 4, 8, 16, 32, 64), 100, 6


class Arrays(NamedTuple):
    """K times the gap (inflations, K) and its limits; signal-to-noise (3 estimators, K) of an encoder gradient."""

    gaps: np.ndarray
    limits: np.ndarray
    signal: np.ndarray


def compute() -> Arrays:
    """The gaps by quadrature in the chi-squared law of |eps|^2; the gradients by 600 independent estimates."""
    limits = [((c / np.sqrt(2 * c - 1)) ** UNITS - 1) / 2 for c in INFLATION]
    return Arrays(np.array([scaled_gaps(c) for c in INFLATION]), np.array(limits),
                  np.array([signals(K) for K in GRADIENTS]).T)


def scaled_gaps(c: float) -> list[float]:
    """K (log p(x) - L_K) from log M = integral of (e^-t - e^-tM) / t and the Laplace transform of one weight."""
    y, s = np.linspace(-30, np.log(120), 2000), np.linspace(-45, 8, 1500)
    weight = stats.chi2.pdf(np.exp(y), UNITS) * np.exp(y)
    r = np.exp(UNITS / 2 * np.log(c) + (1 - c) / 2 * np.exp(y))
    laplace = np.exp(-np.exp(s)[:, None] * r) @ (weight / weight.sum())
    return [float(-K * (np.exp(-K * np.exp(s)) - laplace**K).sum() * (s[1] - s[0])) for K in DRAWS]


def model() -> tuple[VAE, np.ndarray]:
    """A linear model with two code units whose encoder is near its posterior; row i of its matrix is the code of row i.
    """
    p = PPCA(np.array([[1.5, 0.2], [-0.3, 0.8], [0.4, 0.4]]), 0.3, np.zeros(3))
    image = np.array([[1.0, -0.5, 0.3]])
    mean, cov = ppca_posterior(p, image)
    code = np.append(mean[0] + 0.1, np.log(np.diag(cov)) + 0.2)
    return VAE((Dense(np.tile(code, (ROWS, 1)), np.zeros(4)),), (Dense(p.W.T, p.mean),)), image


def by_score(p, x, eps, likelihood):
    """The score function: the signal of draw k is the bound of all K draws less its normalised weight."""
    (mu, logvar), _ = encode(p.enc, x)
    log_w = log_weights(p, x, eps, likelihood=likelihood)[0]
    signal = len(eps) * (log_mean_exp(log_w)[0] - normalised_weights(log_w))
    return score_surrogate(p, x, mu + np.exp(logvar / 2) * eps, signal, likelihood=likelihood)


def signals(K: int) -> list[float]:
    """The mean of the first mean's gradient, which is the same for all three, over the standard deviation of each."""
    (p, image), rng, x = model(), np.random.default_rng(K), np.eye(ROWS)
    likelihood = lambda out, x: gaussian(0.3)(out, np.broadcast_to(image, out.shape))
    got: list[list[np.ndarray]] = [[], [], []]
    for eps in rng.standard_normal((CALLS, K, ROWS, 2)):
        found = (iw_bound(p, x, eps, likelihood=likelihood), dreg_surrogate(p, x, eps, p, likelihood=likelihood),
                 by_score(p, x, eps, likelihood))
        for each, (_, pull) in zip(got, found, strict=True):
            each.append(ROWS * pull(1.0)[0].enc[0].W[:, 0])
    return [float(abs(np.mean(got[1])) / np.std(each)) for each in got]


def draw(arrays: Arrays) -> Figure:
    """Two panels."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 3.6), layout="constrained")
        left, right = figure.subplots(1, 2)
        for i, (c, gaps, limit) in enumerate(zip(INFLATION, arrays.gaps, arrays.limits, strict=True)):
            left.loglog(DRAWS, gaps, color=f"C{i}", label=f"c = {c:g}")
            left.axhline(limit, color=f"C{i}", linestyle=":", linewidth=1)
        left.set(title="K times the gap of the bound, and its limit", xlabel="draws, K", ylim=(0.01, 30))
        left.legend(frameon=False, ncols=2)
        for found, style, name in zip(arrays.signal, ("s--", "o-", "^:"), ("plain", "doubly reparametrised",
                                                                         "score function"), strict=True):
            right.loglog(GRADIENTS, found, style, markersize=4, label=name)
        right.set(title="Signal to noise of one estimate of an encoder gradient", xlabel="draws, K")
        right.legend(frameon=False)
    return figure


