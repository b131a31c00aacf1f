"""The tables under (4.9) and (4.13): python -m refvae.derivations.geometry.experiments"""

from __future__ import annotations

import numpy as np

from refvae.data import digits
from refvae.derivations.geometry.trained import BETA, KINDS, posterior, trained
from refvae.geometry import disc_coverage, noise_curvature, optimal_axes
from refvae.layers import mlp, squared_error, tanh

SEEDS = range(5)


def covering(kind, seed, epochs):
    """Share of the unit disc covered, mean E z_i^2, mean E sigma_i, signal to noise, error of the decoded means."""
    p, x = trained(kind, seed, epochs), digits()[0]
    mu, sigma = posterior(p)
    if kind == "points":
        sigma = 0 * sigma
    second, noise = (mu**2 + sigma**2).mean(), (sigma**2).mean()
    snr = mu.var(0).mean() / noise if noise else np.inf
    return disc_coverage(mu, sigma), second, sigma.mean(), snr, squared_error(mlp(p.dec, mu, tanh)[0], x)[0].mean()


def axes(kind, seed, epochs):
    """Per predicted formula, Jacobian alone and with the bending: median of encoder over prediction, correlation."""
    p, x, likelihood = trained(kind, seed, epochs), digits()[0], KINDS[kind][2]
    mu, sigma = posterior(p)
    slope, bend = noise_curvature(p.dec, mu, x, likelihood=likelihood, activation=tanh)
    beta, found = KINDS[kind][1], []
    for curvature in (slope, slope + bend):
        ok = beta + curvature > 0
        ratio = np.log(sigma[ok] / optimal_axes(curvature[ok], beta))
        correlation = np.corrcoef(np.log(sigma[ok]), np.log(optimal_axes(curvature[ok], beta)))[0, 1]
        found += [np.exp(np.median(ratio)), correlation, ok.mean()]
    return found


def table(name, measure, kind, epochs):
    """One row: median, least and largest over the seeds of every number."""
    rows = np.array([measure(kind, seed, epochs) for seed in SEEDS])
    cells = [f"{middle:.4g} ({low:.3g}..{high:.3g})" for middle, low, high in
             zip(np.median(rows, 0), rows.min(0), rows.max(0), strict=True)]
    print(f"{name} {kind}, {epochs} epochs:", " | ".join(cells), flush=True)


if __name__ == "__main__":
    print(f"beta = {BETA}, seeds {list(SEEDS)}, median (least..largest)")
    for epochs in (50, 400):
        for kind in ("points", "noise", "naive", "kl"):
            table("cover", covering, kind, epochs)
        for kind in ("kl", "bernoulli"):
            table("axes", axes, kind, epochs)
