"""The entropic autoencoder of chapter 7: normalised codes, and a reward for their entropy."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from refvae.data.readers import Dataset
from refvae.eae import EAE, eae_init, filled, kl_of_moments, normalised, refuse_repeated, searching
from refvae.entropy import kl_to_normal
from refvae.fit import Draw, Objective
from refvae.inputs import whole
from refvae.layers import mlp, softplus, squared_error
from refvae.models.record import HELD_OUT, Facts, Model, Number, grey, mean
from refvae.trees import Array

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROWS, COLUMNS = 8, 12  # of mosaics
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
        whole(self.latent, "latent")
        whole(self.k, "k")
        for units in self.hidden:
            whole(units, "hidden")
        if not 0 <= self.lam < np.inf:
            raise ValueError(f"lam: got {self.lam}, wanted a weight of at least 0")


def prepare(data: Dataset, settings: Settings) -> Dataset:
    """Whole numbers that are never negative are scaled to [0, 1]. ValueError for too few rows, or too many alike."""
    rows = len(data.x) - -(-len(data.x) // HELD_OUT)
    if rows <= settings.k:
        raise ValueError(f"got {rows} rows to train on, wanted more than k = {settings.k}")
    refuse_repeated(data.x, settings.k)
    return grey(data)


def init(facts: Facts, settings: Settings, rng: np.random.Generator) -> EAE:
    """Random weights, no biases."""
    return eae_init((facts.d, *settings.hidden, settings.latent), rng)


def objective(facts: Facts, settings: Settings) -> Objective:
    """Squared error per row minus lam times the entropy in nats, with the neighbours of the batch."""
    return searching(settings.k, settings.lam)


def draw(data: Dataset, settings: Settings) -> Draw:
    """A step sees its rows, and others if a last batch has too few for their neighbours."""
    return lambda rng, rows: (data.x[filled(rows, settings.k + 1, len(data.x), rng)],)


def report(p: EAE, train: Dataset, test: Dataset, settings: Settings, rng: np.random.Generator) -> dict[str, Number]:
    """Error, and the divergence of the codes from N(0, I), by another order and by moments, on held-out rows."""
    z = codes(p, train, test.x)
    found = {"squared error": mean(squared_error(mlp(p.dec, z, softplus)[0], test.x)[0])}
    if len(z) > settings.k:
        k = min(settings.k + OTHER, len(z) - 1)
        kl = kl_to_normal(z, k)
        error = kl.jackknife_se if k < len(z) - 1 else None
        found[f"KL(q(z) || N(0, I)) in nats, neighbours of order {k}"] = float(kl), error
    if len(z) > settings.latent:
        found["its part in the moments, in nats"] = float(kl_of_moments(z)[0]), None
    return found


def codes(p: EAE, train: Dataset, x: Array) -> Array:
    """Codes of rows, with the moments of the training rows taken out."""
    return mlp(normalised(p, train.x).enc, x, softplus)[0]


def pictures(p: EAE, train: Dataset, test: Dataset, settings: Settings, rng: np.random.Generator) -> dict[str, Figure]:
    """What the decoder makes of codes, if that is images; the codes, if they lie in a plane."""
    from refvae.models.pictures import mosaic, scatter

    z = codes(p, train, test.x)
    found = {"codes": scatter(z, test.labels, "Codes of the held-out rows")} if settings.latent == 2 else {}
    if test.shape is None:
        return found
    show, normal = partial(mosaic, shape=test.shape), rng.standard_normal((ROWS * COLUMNS, settings.latent))
    rebuilt, made = (mlp(p.dec, codes, softplus)[0] for codes in (z[:COLUMNS], normal))
    found["reconstructions"] = show(np.stack([test.x[:COLUMNS], rebuilt]), title="Held-out images",
                                    names=("data", "rebuilt"))
    found["samples"] = show(made.reshape(ROWS, COLUMNS, -1), title="Images of codes drawn from N(0, I)")
    return found


MODEL = Model(summary="The autoencoder with normalised codes and a reward for their entropy",
              unit="squared error less lam nats", Settings=Settings, steps=2400, batch=128, lr=1e-3, prepare=prepare,
              init=init, objective=objective, draw=draw, report=report, pictures=pictures)
