"""Variances of the digits, the noise of probabilistic PCA, (3.29), and collapse as the decoder's grows, (3.33).

The dots on the right are found by L-BFGS on the objective without sampling, (3.32), from random starts.
"""

from __future__ import annotations

from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from scipy import optimize

from refvae import trees
from refvae.data import digits
from refvae.figures import DATA, MODEL, STYLE
from refvae.vae import LinearVAE, linear_vae, linear_vae_optimum, ppca

K, RANKS = 16, (2, 8, 16)
ETAS = (0.02, 0.09, 0.19, 0.35, 0.5, 0.6)


class Arrays(NamedTuple):
    """Eigenvalues (61,); noise for each rank; a grid of eta with the number of units used; units used when trained."""

    variances: np.ndarray
    noise: np.ndarray
    eta: np.ndarray
    units: np.ndarray
    trained: np.ndarray


def compute() -> Arrays:
    """All on 128 rows with the covariance of the digits."""
    X, eta = digits()[0], np.geomspace(0.005, 1.2, 200)
    R = np.linalg.qr(X - X.mean(0))[1] * np.sqrt(64 / len(X))
    rows = np.vstack([R, -R])
    variances = np.linalg.svd(R, compute_uv=False) ** 2 / 64
    return Arrays(variances[:61], np.array([ppca(X, k).sigma2 for k in RANKS]), eta,
                  np.array([used(linear_vae_optimum(rows, K, each)) for each in eta]),
                  np.array([used(trained(R, each)) for each in ETAS]))


def used(p: LinearVAE) -> int:
    """The number of columns of W longer than 0.01."""
    return int(((p.W**2).sum(0) > 1e-4).sum())


def trained(rows: np.ndarray, eta: float) -> LinearVAE:
    """300 steps of L-BFGS from a Gaussian start."""
    rng = np.random.default_rng(0)
    W, V = rng.standard_normal((2, 64, K)) / 8
    start = trees.flatten(LinearVAE(W, V, np.zeros(K)))

    def loss(vector):
        value, pull = linear_vae(trees.unflatten(vector, start.tree), np.array(np.log(eta)), rows)
        return value.mean(), trees.flatten(pull(np.full(64, 1 / 64))[0]).vector

    found = optimize.minimize(loss, start.vector, jac=True, method="L-BFGS-B", options={"maxiter": 300, "maxcor": 20})
    return trees.unflatten(found.x, start.tree)


def draw(arrays: Arrays) -> Figure:
    """Two panels."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 3.6), layout="constrained")
        left, right = figure.subplots(1, 2)
        left.semilogy(np.arange(1, 62), arrays.variances, "o", markersize=3, color=DATA)
        left.axhline(0.5, color="0.4", linestyle=":")
        left.annotate("unit weights: decoder variance 1/2", (61, 0.5), (0, 4), textcoords="offset points", ha="right",
                      color="0.4")
        for k, noise in zip(RANKS, arrays.noise, strict=True):
            left.plot((k + 0.5, 61), (noise, noise), color=MODEL, linewidth=1)
            left.annotate(f"noise for k = {k}", (61, noise), (0, 2), textcoords="offset points", ha="right",
                          color=MODEL)
        left.set(title="Variances of the digits, and the noise of probabilistic PCA", xlabel="principal direction",
                 ylim=(1e-5, 2))
        right.semilogx(arrays.eta, arrays.units, drawstyle="steps-mid", color=MODEL, label="closed form")
        right.semilogx(ETAS, arrays.trained, "o", color=DATA, label="trained", clip_on=False)
        right.axvline(0.5, color="0.4", linestyle=":")
        right.annotate("unit weights", (0.5, K), (-4, 0), textcoords="offset points", ha="right", color="0.4")
        right.set(title=f"Code units in use, of {K}", xlabel=r"decoder variance $\eta$", ylim=(-0.5, K + 0.8))
        right.legend(frameon=False, loc="center left")
    return figure
