"""A variational autoencoder of the digits, (3.11): samples, what each code unit does, (3.36), and a plane of codes."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from scipy.special import expit, ndtri

from refvae.data import digits
from refvae.figures import STYLE, grey_levels, mosaic
from refvae.fit import fit
from refvae.layers import mlp, relu
from refvae.vae import VAE, binomial, encode, kl_std_normal, neg_elbo, vae_init

DIGIT, STEPS, SIDE = 0, np.linspace(-3, 3, 5), 7


class Arrays(NamedTuple):
    """Grey levels: samples (7, 6, 64), traversals (8, 5, 64), the plane (7, 7, 64); nats in each unit (8,)."""

    samples: np.ndarray
    traversals: np.ndarray
    plane: np.ndarray
    nats: np.ndarray


def compute() -> Arrays:
    """Two models of 60 epochs with a binomial decoder on rows whose index is not a multiple of 5."""
    x = digits()[0]
    seen, held_out = x[np.arange(len(x)) % 5 != 0], x[::5]
    eight, two = train(seen, (64, 128, 64, 8)), train(seen, (64, 128, 64, 2))
    draws = np.random.default_rng(0).standard_normal((7, 6, 8))
    nats = np.array([kl_std_normal(*(part[:, j:j + 1] for part in encode(eight.enc, held_out)[0]))[0].mean()
                     for j in range(8)])
    order = np.argsort(-nats)
    codes = np.tile(encode(eight.enc, held_out[DIGIT:DIGIT + 1])[0][0], (8, 5, 1))
    for row, unit in enumerate(order):
        codes[row, :, unit] = STEPS
    grid = ndtri((np.arange(SIDE) + 0.5) / SIDE)
    plane = np.stack(np.meshgrid(grid, -grid), axis=-1)
    return Arrays(decode(eight, draws), decode(eight, codes), decode(two, plane),
                  nats[order])


def train(x: np.ndarray, sizes: tuple[int, ...]) -> VAE:
    """Parameters after 60 epochs of Adam in batches of 128."""
    return fit(partial(neg_elbo, likelihood=binomial(16)), vae_init(sizes, 0), x, epochs=60, batch=128, rng=0,
               progress=False, draw=lambda rng, rows: (rows, rng.standard_normal((len(rows), sizes[-1])))).p


def decode(p: VAE, codes: np.ndarray) -> np.ndarray:
    """The mean image of every code of a grid, in grey levels."""
    means = expit(mlp(p.dec, codes.reshape(-1, codes.shape[-1]), relu)[0])
    return grey_levels(means).reshape(*codes.shape[:-1], 64)


def draw(arrays: Arrays) -> Figure:
    """Three panels."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 3.7), layout="constrained")
        left, middle, right = figure.subplots(1, 3, width_ratios=(6 / 7, 5 / 8 + 0.2, 1))
        mosaic(left, arrays.samples)
        left.set(title="Decoded draws\nof the prior")
        mosaic(middle, arrays.traversals)
        middle.set(title="A held-out digit, one unit\nmoved from −3 to 3", yticks=9 * np.arange(8) + 3.5,
                   yticklabels=[f"{nats:.2f}" for nats in arrays.nats])
        middle.set_ylabel("nats in the unit")
        middle.tick_params(length=0)
        mosaic(right, arrays.plane)
        right.set(title="Two code units,\ndecoded at quantiles of the prior")
    return figure
