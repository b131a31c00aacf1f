"""The tables of derivations/eae.md: python -m refvae.derivations.eae.experiments [points] [digits]"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from refvae.data import digits
from refvae.eae import (
    EAE,
    eae_init,
    filled,
    fitted_normal,
    frechet,
    kl_of_moments,
    most_entropy,
    normalised,
    normalised_entropy,
    sample_normal,
    searching,
)
from refvae.entropy import kl_to_normal, knn_divergence, knn_entropy, neighbours
from refvae.fit import fit
from refvae.layers import batch_norm, mlp, softplus, squared_error
from refvae.linear_ae import truncated_svd
from refvae.models.ae import AE, squared_loss
from refvae.optim import Adam
from refvae.vae import VAE, encode, gaussian, neg_elbo, vae_init

SEEDS, EPOCHS, BATCH, D, PCA, JUDGE = range(3), 200, 128, 8, 8, 5
MODELS = [("AE", 0.0), ("AE+BN", 0.0), ("EAE", 0.02), ("EAE", 0.1), ("EAE", 0.5), ("EAE", 2.0), ("EAE, k = 5", 0.5),
          ("MM", 0.1), ("MM", 0.5), ("VAE", 0.02), ("VAE", 0.1), ("VAE", 0.2), ("VAE", 0.5)]


# Points that are free to move


def moved(k, seed, n=256, d=2, pool=None, steps=3000, rate=0.01):
    """Points (pool, d), at first normal, after steps of Adam up the estimate of batches of n, fixed or fresh."""
    rng = np.random.default_rng(seed)
    h = rng.standard_normal((pool or n, d))
    optimiser = Adam(rate)
    memory = optimiser.init(h.ravel())
    for _ in range(steps):
        rows = np.arange(n) if pool is None else rng.choice(pool, n, replace=False)
        z, slope = batch_norm(h[rows])[0], np.zeros_like(h)
        slope[rows] = normalised_entropy(h[rows], neighbours(z, k).idx)[1](-1.0)[0]
        optimiser.step(memory, h.reshape(-1), slope.ravel())
    return batch_norm(h)[0]


def points(k, seed, **how):
    """Estimates of orders 1, 2, 5, 10, 20 of the moved points, the bound (7.13), and the mean fourth power."""
    z = moved(k, seed, **how)
    some = z if how.get("pool") is None else z[np.random.default_rng([seed, 1]).choice(len(z), 256, replace=False)]
    return np.array([*(float(knn_entropy(batch_norm(some)[0], order)) for order in (1, 2, 5, 10, 20)),
                     most_entropy(batch_norm(some)[0], k), (z**4).mean()])


# Digits


class Coder(NamedTuple):
    """A trained model: codes of rows, drawn if they are random, and mean images of codes."""

    codes: Callable[..., Any]
    mean_codes: Callable[[Any], Any]
    decode: Callable[[Any], Any]


@cache
def split():
    """Training and held-out rows, and the map to PCA coordinates of the training rows."""
    x = digits()[0]
    held_out = np.arange(len(x)) % 5 == 0
    centre = x[~held_out].mean(0)
    Vt = truncated_svd(x[~held_out] - centre, PCA, 0).Vt
    return x[~held_out], x[held_out], lambda rows: (rows - centre) @ Vt.T


def moment_matching(lam):
    """Squared error plus lam times the divergence of the batch's moments from (0, I), of codes as they are."""
    def objective(p, x):
        z, pull_encode = mlp(p.enc, x, softplus)
        xhat, pull_decode = mlp(p.dec, z, softplus)
        se, pull_se = squared_error(xhat, x)
        kl, pull_kl = kl_of_moments(z)

        def pull(dloss):
            ddec, dz = pull_decode(pull_se(np.full_like(se, dloss / len(se)))[0])
            return EAE(pull_encode(dz + pull_kl(lam * dloss))[0], ddec), None

        return se.mean() + lam * kl, pull

    return objective


def trained(kind, lam, seed, epochs=EPOCHS, hidden=(128, 64), rate=1e-3, batch=BATCH):
    """A model of the table: perceptrons 64-128-64-8 with softplus; all losses in squared errors per row."""
    x = split()[0]
    rng = np.random.default_rng(seed)
    sizes = (64, *hidden, D)
    p = vae_init(sizes, rng) if kind == "VAE" else eae_init(sizes, rng)
    batches = lambda rng, rows: (x[filled(rows, batch, len(x), rng)],)
    noisy = lambda rng, rows: (x[rows], rng.standard_normal((len(rows), D)))
    objective = {"AE": lambda p, x: squared_loss(AE(*p), x, activation=softplus),
                 "MM": moment_matching(lam),
                 "VAE": lambda *args: neg_elbo(*args, likelihood=gaussian(0.5), beta=lam, activation=softplus)
                 }.get(kind, searching(5 if "5" in kind else 1, lam))
    p = fit(objective, p, np.arange(len(x)), epochs=epochs, batch=batch, rng=rng, optimiser=Adam(rate),
            draw=noisy if kind == "VAE" else batches, progress=False).p
    return coder(p, x, kind)


def coder(p, x, kind):
    """Codes and images of the trained parameters; those of kinds with batch normalisation are normalised on x."""
    decode = lambda z: mlp(p.dec, z, softplus)[0]
    if isinstance(p, VAE):
        heads = lambda x: encode(p.enc, x, softplus)[0]
        drawn = lambda x, rng: heads(x)[0] + np.exp(heads(x)[1] / 2) * rng.standard_normal((len(x), D))
        return Coder(drawn, lambda x: heads(x)[0], decode)
    enc = p.enc if kind in ("AE", "MM") else normalised(p, x).enc
    plain = lambda x, rng=None: mlp(enc, x, softplus)[0]
    return Coder(plain, plain, decode)


def judge(coder, seed):
    """Errors of training and held-out rows; divergences of codes from N(0, I); distances of images made of codes.

    The codes are those of the training rows, draws of N(0, I), and draws of the fitted normal law.
    """
    x, test, project = split()
    rng = np.random.default_rng([seed, 2])
    z, z_test = coder.codes(x, rng), coder.codes(test, rng)
    error = [squared_error(coder.decode(coder.mean_codes(rows)), rows)[0].mean() for rows in (x, test)]
    divergence = [float(kl_to_normal(z, 1)), float(kl_to_normal(z_test, JUDGE)), float(kl_of_moments(z_test)[0])]
    codes = (z, rng.standard_normal((len(x), D)), sample_normal(fitted_normal(z), len(x), rng))
    samples = [distances(project(coder.decode(each))) for each in codes]
    return np.array([*error, *divergence, *np.ravel(samples)])


def distances(samples):
    """Frechet distance, and divergence of the held-out rows from the samples, in PCA coordinates.

    The divergence is the mean over parts of as many samples as make its mean exactly 0 for equal laws (6.32).
    """
    test = split()[2](split()[1])
    parts = [samples[start:start + len(test) - 1] for start in range(0, len(samples) - len(test) + 2, len(test) - 1)]
    return frechet(samples, test), np.mean([float(knn_divergence(test, part, JUDGE)) for part in parts])


def references(seed):
    """The divergence of 360 normal codes; distances of the training rows, and of draws of their normal law."""
    x, test, project = split()
    rng = np.random.default_rng([seed, 3])
    return np.array([float(kl_to_normal(rng.standard_normal((len(test), D)), JUDGE)), *distances(project(x)),
                     *distances(sample_normal(fitted_normal(project(x)), len(x), rng))])


def show(name, rows):
    """Means over the seeds, and ranges."""
    print(name, *(f"{column.mean():.3f} ({column.min():.3f}-{column.max():.3f})" for column in np.array(rows).T),
          sep=" | ", flush=True)


if __name__ == "__main__":
    wanted = sys.argv[1:] or ["points", "digits"]
    if "points" in wanted:
        for k in (1, 2, 5):
            show(f"fixed batch, k = {k}", [points(k, seed) for seed in range(3)])
        for k in (1, 5):
            show(f"fresh batches, k = {k}", [points(k, seed, n=128, pool=4096) for seed in range(3)])
    if "digits" in wanted:
        show("references", [references(seed) for seed in SEEDS])
        for kind, lam in MODELS:
            show(f"{kind} {lam}", [judge(trained(kind, lam, seed), seed) for seed in SEEDS])
