"""Samples of a quantised autoencoder under laws of its codes, (8.25), (8.29), (8.31), beside those of VAE and AE."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from refvae.derivations.vqvae.experiments import split
from refvae.figures import STYLE, grey_levels, mosaic
from refvae.fit import fit
from refvae.layers import mlp, mlp_init, relu, sigmoid
from refvae.models.ae import AE, squared_loss
from refvae.optim import Adam
from refvae.vae import binomial, neg_elbo, vae_init
from refvae.vqvae import (
    attention_init,
    attention_logits,
    choose,
    fit_vqvae,
    made_init,
    made_logits,
    prior_loss,
    rebuild,
    sample_codes,
)

M, K, SHOWN = 16, 32, 8
NAMES = ("data", "rebuilt", "uniform codes", "perceptron", "attention", "VAE", "AE, normal codes")
learn = partial(fit, batch=128, optimiser=Adam(3e-3), rng=1, progress=False)


class Arrays(NamedTuple):
    """Images (7, 8, 64) in grey levels."""

    images: np.ndarray


def compute() -> Arrays:
    """Short trainings of everything."""
    (x, x_test), rng = split(), np.random.default_rng(2)
    p = fit_vqvae(x, m=M, k=8, K=K, rng=0, epochs=20, hidden=(96,), lr=3e-3).p
    idx, u = choose(p, x)[1], rng.random((SHOWN, M))
    made, attention = made_init(M, K, (128,), 1), attention_init(M, K, 1, width=16, blocks=1)
    drawn = [drawn_by(partial(logits, learned(q, logits, idx, epochs)), u) for q, logits, epochs in (
        (made, made_logits, 12), (attention, attention_logits, 8))]
    rows = [x_test[:SHOWN], rebuild(p, choose(p, x_test[:SHOWN])[1]), rebuild(p, (K * u).astype(int)),
            *(rebuild(p, each) for each in drawn), of_vae(x, rng), of_autoencoder(x, rng)]
    return Arrays(grey_levels(np.array(rows)))


def learned(p: Any, logits: Callable[..., Any], idx: np.ndarray, epochs: int) -> Any:
    """A law of the codes, after a few epochs."""
    return learn(partial(prior_loss, logits=logits), p, idx, epochs=epochs).p


def drawn_by(logits: Callable[..., Any], u: np.ndarray) -> np.ndarray:
    """Codes from uniform numbers."""
    return sample_codes(lambda idx: logits(idx)[0], u)


def of_vae(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Mean images of codes from the prior of a VAE with 8 units under Binomial(16) pixels."""
    p = learn(partial(neg_elbo, likelihood=binomial(16)), vae_init((64, 96, 8), 0), x, epochs=25,
              draw=lambda rng, rows: (rows, rng.standard_normal((len(rows), 8)))).p
    return sigmoid(mlp(p.dec, rng.standard_normal((SHOWN, 8)), relu)[0])[0]


def of_autoencoder(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Images of codes from a normal law with mean and covariance of the codes of an autoencoder with 8 units."""
    start = AE(mlp_init((64, 96, 8), np.random.default_rng(0)), mlp_init((8, 96, 64), np.random.default_rng(1)))
    p = learn(squared_loss, start, x, epochs=25).p
    z = mlp(p.enc, x, relu)[0]
    root = np.linalg.cholesky(np.cov(z.T))
    return mlp(p.dec, z.mean(0) + rng.standard_normal((SHOWN, 8)) @ root.T, relu)[0]


def draw(arrays: Arrays) -> Figure:
    """One mosaic."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(6, 4.6), layout="constrained")
        ax = figure.subplots()
        mosaic(ax, arrays.images)
        ax.set(yticks=9 * np.arange(len(NAMES)) + 3.5, yticklabels=NAMES)
        ax.tick_params(length=0)
    return figure
