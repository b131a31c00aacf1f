"""The plain autoencoder: two perceptrons, and the squared error of the image that comes back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from refvae.data.readers import Dataset
from refvae.fit import Draw, Objective
from refvae.layers import Activation, Dense, mlp, mlp_init, relu, squared_error
from refvae.models import baselines
from refvae.models.record import Facts, Fitted, Model, Number, check_sizes, scaled
from refvae.trees import Array, Pull


class AE(NamedTuple):
    """Parameters: an encoder d -> k and a decoder k -> d."""

    enc: tuple[Dense, ...]
    dec: tuple[Dense, ...]


@dataclass(frozen=True)
class Settings:
    """The options of the autoencoder."""

    latent: int = field(default=8, metadata={"help": "numbers per code"})
    hidden: tuple[int, ...] = field(default=(128, 64), metadata={
        "help": "units of the hidden layers of the encoder; those of the decoder in reverse"})

    def __post_init__(self) -> None:
        check_sizes(self, "latent")


def init(facts: Facts, settings: Settings, rng: np.random.Generator) -> AE:
    """Random weights, no biases."""
    sizes = (facts.d, *settings.hidden, settings.latent)
    return AE(mlp_init(sizes, rng), mlp_init(sizes[::-1], rng))


def squared_loss(p: AE, x_frozen: Array, *, activation: Activation = relu) -> tuple[Any, Pull]:
    """The objective: the squared error, summed over the pixels, mean over the batch.   x: (n, d) -> ()"""
    z, pull_encode = mlp(p.enc, x_frozen, activation, frozen=True)
    xhat, pull_decode = mlp(p.dec, z, activation)
    se, pull_se = squared_error(xhat, x_frozen)

    def pull(dloss: Any) -> tuple[AE, None]:
        dxhat, _ = pull_se(np.full_like(se, dloss / len(se)))
        ddec, dz = pull_decode(dxhat)
        denc, _ = pull_encode(dz)
        return AE(denc, ddec), None

    return se.mean(), pull


def objective(facts: Facts, settings: Settings) -> Objective:
    """The same for all data."""
    return squared_loss


def draw(data: Dataset, settings: Settings) -> Draw:
    """A step sees its rows."""
    return lambda rng, rows: (data.x[rows],)


def encode(fitted: Fitted, x: Array) -> Array:
    """Codes.   x: (n, d) -> (n, k)"""
    return mlp(fitted.p.enc, x, relu)[0]


def decode(fitted: Fitted, z: Array) -> Array:
    """What the decoder makes of codes.   z: (n, k) -> (n, d)"""
    return mlp(fitted.p.dec, z, relu)[0]


def cost(fitted: Fitted, x: Array, labels: Array | None, rng: np.random.Generator) -> Array:
    """The squared error of what comes back.   -> (n,)"""
    return squared_error(decode(fitted, encode(fitted, x)), x)[0]


def report(fitted: Fitted, train: Dataset, test: Dataset, rng: np.random.Generator) -> dict[str, Number]:
    """The error on held-out rows, beside those of PCA with as many numbers per code, and of the mean alone."""
    return baselines.squared(decode(fitted, encode(fitted, test.x)), fitted.settings.latent, train, test, rng)


MODEL = Model(summary="The plain autoencoder, with squared error", unit="squared error per row", Settings=Settings,
              steps=3000, batch=100, lr=1e-3, prepare=scaled, init=init, objective=objective, draw=draw,
              report=report, encode=encode, decode=decode, cost=cost)
