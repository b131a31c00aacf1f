"""The variational autoencoder of chapter 3, for black and white pixels, grey values, or real numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import ndtri
from tqdm import tqdm

from refvae.data.readers import Dataset
from refvae.fit import Draw, Objective
from refvae.inputs import whole
from refvae.layers import bernoulli_nll, mlp, relu, sigmoid
from refvae.models.record import Facts, Model, Number, facts, grey, mean
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

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PIECE = 100  # rows between two marks of the report's progress
ROWS, COLUMNS, REACH = 8, 12, 3.0  # of mosaics; standard deviations of a traversal


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
        whole(self.latent, "latent")
        whole(self.samples, "samples")
        for units in self.hidden:
            whole(units, "hidden")
        gaussian(self.eta)
        if not 0 <= self.beta < np.inf:
            raise ValueError(f"beta: got {self.beta}, wanted a weight of at least 0")


def prepare(data: Dataset, settings: Settings) -> Dataset:
    """Values in [0, 1], black or white for bernoulli; real data as they are for gaussian. ValueError for others."""
    real = settings.likelihood == "gaussian"
    scaled = grey(data, np.sqrt(settings.eta), ", or a larger --eta") if real else grey(data)
    if settings.likelihood in ("binomial", "discretised") and data.levels is None:
        raise ValueError(f"got numbers that are negative or not whole, wanted grey values 0, 1, ... for the likelihood "
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


def report(p: VAE, train: Dataset, test: Dataset, settings: Settings, rng: np.random.Generator) -> dict[str, Number]:
    """Bounds on log p(x) per held-out row, in nats, at beta = 1, and the code units in use."""
    found = _evaluate(p, test.x, likelihood(facts(test), settings), rng, settings.samples)
    return {"ELBO in nats": mean(found.elbo),
            f"importance-weighted bound in nats, K = {settings.samples}": mean(found.bound),
            "rate KL(q(z|x) || p(z)) in nats": mean(found.rate),
            "active units": (float(active_units(p, test.x).sum()), None)}


def _evaluate(p: VAE, x: Array, of: Likelihood, rng: np.random.Generator, samples: int) -> Evaluation:
    """`evaluate` with a bar on a terminal."""
    parts = [evaluate(p, piece, rng, samples=samples, likelihood=of)
             for piece in tqdm(np.array_split(x, -(-len(x) // PIECE)), "held-out rows", disable=None, leave=False)]
    return Evaluation(*map(np.concatenate, zip(*parts, strict=True)))


# Pictures


def decoded(p: VAE, settings: Settings, z: Array) -> Array:
    """The mean image of codes.   z: (..., k) -> (..., d)"""
    out = mlp(p.dec, z.reshape(-1, z.shape[-1]), relu)[0]
    if settings.likelihood in ("bernoulli", "binomial"):
        out = sigmoid(out)[0]
    elif settings.likelihood == "discretised":
        out = np.split(out, 2, axis=1)[0]
    return out.reshape(*z.shape[:-1], -1)


def pictures(p: VAE, train: Dataset, test: Dataset, settings: Settings, rng: np.random.Generator) -> dict[str, Figure]:
    """What the decoder makes of codes, if that is images; the codes, if they lie in a plane."""
    from refvae.models.pictures import mosaic, scatter

    (codes, _), _ = encode(p.enc, test.x)
    found = {"codes": scatter(codes, test.labels, "Mean codes of the held-out rows")} if settings.latent == 2 else {}
    if test.shape is None:
        return found
    x, z, units = test.x[:COLUMNS], codes[:COLUMNS], np.argsort(-codes.var(0), kind="stable")[:ROWS]
    prior = rng.standard_normal((ROWS, COLUMNS, settings.latent))
    show, decode = partial(mosaic, shape=test.shape), partial(decoded, p, settings)
    found["reconstructions"] = show(np.stack([x, decode(z)]), title="Held-out images", names=("data", "rebuilt"))
    found["samples"] = show(decode(prior), title="Mean images of codes from the prior")
    found["traversals"] = show(decode(traversals(z[0], units)), names=[f"$z_{{{unit + 1}}}$" for unit in units],
                               title=f"A held-out image, with one code unit from {-REACH:g} to {REACH:g}")
    if settings.latent == 2:
        found["manifold"] = show(decode(plane(2 * ROWS)), title="Mean images, in steps of equal mass of the prior")
    return found


def traversals(code: Array, units: Array) -> Array:
    """The code (k,) with one of its units moved through [-REACH, REACH].   -> (units, COLUMNS, k)"""
    z = np.tile(code, (len(units), COLUMNS, 1))
    z[np.arange(len(units)), :, units] = np.linspace(-REACH, REACH, COLUMNS)
    return z


def plane(side: int) -> Array:
    """Codes on the quantiles of a standard normal, z_1 to the right and z_2 upwards.   -> (side, side, 2)"""
    quantiles = ndtri((np.arange(side) + 0.5) / side)
    return np.stack(np.meshgrid(quantiles, quantiles[::-1]), axis=-1)


MODEL = Model(summary="The variational autoencoder, with the evidence lower bound", unit="nats", Settings=Settings,
              steps=2400, batch=128, lr=1e-3, prepare=prepare, init=init, objective=objective, draw=draw,
              report=report, pictures=pictures)
