"""The variational autoencoder of chapter 3, for black and white pixels, grey values, or real numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Literal

import numpy as np
from tqdm import tqdm

from refvae.data.readers import Dataset
from refvae.fit import Draw, Objective
from refvae.layers import bernoulli_nll, mlp, relu, sigmoid
from refvae.models import baselines
from refvae.models.record import Facts, Fitted, Model, Number, check_sizes, check_weights, compared, grey, mean
from refvae.trees import Array
from refvae.vae import (
    VAE,
    Evaluation,
    Likelihood,
    active_units,
    binomial,
    discretised_gaussian,
    encode,
    evaluate,
    gaussian,
    neg_elbo,
    vae_init,
)

PIECE = 100  # rows between two marks of the report's progress


@dataclass(frozen=True)
class Settings:
    """The options of the variational autoencoder."""

    latent: int = field(default=8, metadata={"help": "numbers per code"})
    hidden: tuple[int, ...] = field(default=(128, 64), metadata={
        "help": "units of the hidden layers of the encoder; those of the decoder in reverse"})
    likelihood: Literal["bernoulli", "binomial", "discretised", "gaussian"] = field(default="bernoulli", metadata={
        "help": "of a pixel: split at half grey; grey as a count; grey as the bin of a Gaussian; a real number"})
    eta: float = field(default=0.05, metadata={"help": "variance of a pixel, for gaussian"})
    beta: float = field(default=1.0, metadata={"help": "weight of the divergence from the prior"})
    samples: int = field(default=1024, metadata={"help": "draws K for the bounds on held-out rows"})

    def __post_init__(self) -> None:
        check_sizes(self, "latent", "samples")
        gaussian(self.eta)
        check_weights(self, "beta")


def prepare(data: Dataset, settings: Settings) -> Dataset:
    """Values in [0, 1], black or white for bernoulli; real data as they are for gaussian. ValueError for others."""
    real = settings.likelihood == "gaussian"
    scaled = grey(data, np.sqrt(settings.eta), ", or a larger --eta") if real else grey(data)
    if settings.likelihood in ("binomial", "discretised") and data.levels is None:
        raise ValueError("got numbers that are no grey values, wanted 0, 1, ... for the likelihood "
                         f"{settings.likelihood}; gaussian takes any")
    if settings.likelihood != "bernoulli":
        return scaled
    low, high = scaled.x.min(), scaled.x.max()
    if low < 0 or high > 1:
        raise ValueError(f"got real numbers from {low:.6g} to {high:.6g}, wanted them in [0, 1] for the likelihood "
                         "bernoulli; gaussian takes any")
    return scaled._replace(x=np.where(scaled.x > 0.5, 1.0, 0.0))


def likelihood(facts: Facts, settings: Settings) -> Likelihood:
    """The likelihood of prepared rows."""
    if settings.likelihood == "bernoulli":
        return bernoulli_nll
    if settings.likelihood == "gaussian":
        return gaussian(settings.eta)
    of_levels = binomial if settings.likelihood == "binomial" else discretised_gaussian
    return of_levels(facts.levels or 1)  # `prepare` has seen to it that they are known


def init(facts: Facts, settings: Settings, rng: np.random.Generator) -> VAE:
    """Random weights, no biases."""
    outputs = 2 if settings.likelihood == "discretised" else 1
    return vae_init((facts.d, *settings.hidden, settings.latent), rng, outputs)


def objective(facts: Facts, settings: Settings) -> Objective:
    """-ELBO in nats per row, with the weight beta."""
    return partial(neg_elbo, likelihood=likelihood(facts, settings), beta=settings.beta)


def draw(data: Dataset, settings: Settings) -> Draw:
    """A step sees its rows, and fresh noise."""
    def args(rng: np.random.Generator, rows: Array) -> tuple[Array, Array]:
        x = data.x[rows]
        return x, rng.standard_normal((len(x), settings.latent), x.dtype.type)

    return args


# In use


def encode_mean(fitted: Fitted, x: Array) -> Array:
    """Mean codes.   x: (n, d) -> (n, k)"""
    return encode(fitted.p.enc, x)[0][0]


def decode(fitted: Fitted, z: Array) -> Array:
    """The mean image of codes.   z: (n, k) -> (n, d)"""
    out = mlp(fitted.p.dec, z, relu)[0]
    if fitted.settings.likelihood in ("bernoulli", "binomial"):
        return sigmoid(out)[0]
    return np.split(out, 2, axis=1)[0] if fitted.settings.likelihood == "discretised" else out


def sample(fitted: Fitted, n: int, rng: np.random.Generator) -> Array:
    """Rows drawn from p(x): codes from the prior, and pixels from the likelihood.   -> (n, d)"""
    z, settings, levels = rng.standard_normal((n, fitted.settings.latent)), fitted.settings, fitted.facts.levels or 1
    middle = decode(fitted, z)
    if settings.likelihood == "gaussian":
        return np.asarray(middle + np.sqrt(settings.eta) * rng.standard_normal(middle.shape))
    if settings.likelihood == "discretised":
        sigma = np.exp(np.split(mlp(fitted.p.dec, z, relu)[0], 2, axis=1)[1] / 2)
        return np.clip(np.rint(levels * (middle + sigma * rng.standard_normal(middle.shape))), 0, levels) / levels
    trials = levels if settings.likelihood == "binomial" else 1
    return np.asarray(rng.binomial(trials, middle) / trials)


def cost(fitted: Fitted, x: Array, labels: Array | None, rng: np.random.Generator) -> Array:
    """The importance-weighted bound on log p(x).   -> (n,)"""
    return _evaluate(fitted, x, rng).bound


def report(fitted: Fitted, train: Dataset, test: Dataset, rng: np.random.Generator) -> dict[str, Number]:
    """Bounds on log p(x) per held-out row, in nats, at beta = 1, the code units in use, and plain laws."""
    found, named = _evaluate(fitted, test.x, rng), _bound(fitted.settings)
    return {"ELBO in nats": mean(found.elbo),
            **compared(named, found.bound, {name: -nll for name, nll in _rivals(fitted, train, test).items()},
                       "log p(x) in nats"),
            "rate KL(q(z|x) || p(z)) in nats": mean(found.rate),
            "active units": (float(active_units(fitted.p, test.x).sum()), None)}


def _bound(settings: Settings) -> str:
    return f"importance-weighted bound in nats, K = {settings.samples}"


def _rivals(fitted: Fitted, train: Dataset, test: Dataset) -> dict[str, Array]:
    """-log p of the held-out rows in nats under laws without a network, of the same likelihood."""
    settings, n, middle = fitted.settings, len(train.x), train.x.mean(0)
    if settings.likelihood == "gaussian":
        return baselines.gaussians(settings.latent, train, test)
    trials = (fitted.facts.levels or 1) if settings.likelihood == "binomial" else 1
    share = (n * trials * middle + 0.5) / (n * trials + 1)  # half a count for what never came
    out = np.log(share) - np.log1p(-share)
    if settings.likelihood == "discretised":
        least = (0.5 / (fitted.facts.levels or 1)) ** 2
        out = np.concatenate([middle, np.log(np.maximum(train.x.var(0), least))])
    law = likelihood(fitted.facts, settings)
    return {"independent pixels": law(np.broadcast_to(out, (len(test.x), len(out))), test.x)[0]}


def _evaluate(fitted: Fitted, x: Array, rng: np.random.Generator) -> Evaluation:
    """`evaluate` with a bar on a terminal."""
    settings, of = fitted.settings, likelihood(fitted.facts, fitted.settings)
    parts = [evaluate(fitted.p, piece, rng, samples=settings.samples, likelihood=of)
             for piece in tqdm(np.array_split(x, -(-len(x) // PIECE)), "rows", disable=None, leave=False)]
    return Evaluation(*map(np.concatenate, zip(*parts, strict=True)))


MODEL = Model(summary="The variational autoencoder, with the evidence lower bound", unit="nats", Settings=Settings,
              steps=2400, batch=128, lr=1e-3, prepare=prepare, init=init, objective=objective, draw=draw,
              report=report, encode=encode_mean, decode=decode, sample=sample, cost=cost, costs=_bound,
              binary=lambda settings: settings.likelihood == "bernoulli")
