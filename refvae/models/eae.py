"""The entropic autoencoder of chapter 7: normalised codes, and a reward for their entropy."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from refvae.data.readers import Dataset
from refvae.eae import EAE, eae_init, filled, kl_of_moments, normalised, refuse_repeated, searching
from refvae.entropy import kl_to_normal
from refvae.fit import Draw, Objective
from refvae.layers import mlp, softplus, squared_error
from refvae.models import baselines
from refvae.models.record import Facts, Fitted, Model, Number, check_sizes, check_weights, scaled, split
from refvae.trees import Array

OTHER = 4  # the entropy is judged at an order that is larger by this than the one that was optimised


@dataclass(frozen=True)
class Settings:
    """The options of the entropic autoencoder."""

    latent: int = field(default=8, metadata={"help": "numbers per code"})
    hidden: tuple[int, ...] = field(default=(128, 64), metadata={
        "help": "units of the hidden layers of the encoder; those of the decoder in reverse"})
    lam: float = field(default=0.5, metadata={"help": "weight of the entropy, in squared errors per nat"})
    k: int = field(default=1, metadata={"help": "order of the neighbours from which the entropy is estimated"})

    def __post_init__(self) -> None:
        check_sizes(self, "latent", "k")
        check_weights(self, "lam")


def check(data: Dataset, settings: Settings) -> None:
    """ValueError for too few rows, or too many alike."""
    rows = len(split(data)[0].x)
    if rows <= settings.k:
        raise ValueError(f"got {rows} rows to train on, wanted more than k = {settings.k}")
    refuse_repeated(data.x, settings.k)


def init(facts: Facts, settings: Settings, rng: np.random.Generator) -> EAE:
    """Random weights, no biases."""
    return eae_init((facts.d, *settings.hidden, settings.latent), rng)


def objective(facts: Facts, settings: Settings) -> Objective:
    """Squared error per row minus lam times the entropy in nats, with the neighbours of the batch."""
    return searching(settings.k, settings.lam)


def draw(data: Dataset, settings: Settings) -> Draw:
    """A step sees its rows, and others if a last batch has too few for their neighbours."""
    return lambda rng, rows: (data.x[filled(rows, settings.k + 1, len(data.x), rng)],)


def finish(p: EAE, train: Dataset, settings: Settings) -> EAE:
    """With an encoder that takes out mean and variance of the training rows by itself."""
    return normalised(p, train.x)


def encode(fitted: Fitted, x: Array) -> Array:
    """Codes; those of the training rows have mean 0 and variance 1.   x: (n, d) -> (n, k)"""
    return mlp(fitted.p.enc, x, softplus)[0]


def decode(fitted: Fitted, z: Array) -> Array:
    """What the decoder makes of codes.   z: (n, k) -> (n, d)"""
    return mlp(fitted.p.dec, z, softplus)[0]


def sample(fitted: Fitted, n: int, rng: np.random.Generator) -> Array:
    """What the decoder makes of draws of N(0, I).   -> (n, d)"""
    return decode(fitted, rng.standard_normal((n, fitted.settings.latent)))


def cost(fitted: Fitted, x: Array, labels: Array | None, rng: np.random.Generator) -> Array:
    """The squared error of what comes back.   -> (n,)"""
    return squared_error(decode(fitted, encode(fitted, x)), x)[0]


def report(fitted: Fitted, train: Dataset, test: Dataset, rng: np.random.Generator) -> dict[str, Number]:
    """Error, beside linear ones, and the divergence of the codes from N(0, I), by another order and by moments."""
    z, settings = encode(fitted, test.x), fitted.settings
    found = baselines.squared(decode(fitted, z), settings.latent, train, test, rng)
    if len(z) > settings.k:
        k = min(settings.k + OTHER, len(z) - 1)
        kl = kl_to_normal(z, k)
        error = kl.jackknife_se if k < len(z) - 1 else None
        found[f"KL(q(z) || N(0, I)) in nats, neighbours of order {k}"] = float(kl), error
    if len(z) > settings.latent:
        found["its part in the moments, in nats"] = float(kl_of_moments(z)[0]), None
    return found


MODEL = Model(summary="The autoencoder with normalised codes and a reward for their entropy",
              unit="squared error less lam nats", Settings=Settings, steps=2400, batch=128, lr=1e-3, prepare=scaled,
              init=init, objective=objective, draw=draw, report=report, encode=encode, decode=decode, sample=sample,
              cost=cost, check=check, finish=finish)
