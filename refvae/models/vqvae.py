"""The autoencoder of chapter 8, whose code is a grid of whole numbers, and the cost of these under counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from refvae.data.readers import Dataset
from refvae.fit import Draw, Objective
from refvae.inputs import whole
from refvae.layers import squared_error
from refvae.models.record import Facts, Model, Number, grey, mean
from refvae.trees import Array
from refvae.vqvae import (
    VQVAE,
    by_gradient,
    choose,
    code_rates,
    count_logits,
    neg_log_prior,
    perplexity,
    rebuild,
    sample_codes,
    vqvae_init,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROWS, COLUMNS = 8, 12  # of mosaics
ORDER, ALPHA = 1, 0.5  # of the counts: the code before, and half a count for what never came


@dataclass(frozen=True)
class Settings:
    """The options of the quantised autoencoder."""

    latent: int = field(default=8, metadata={"help": "numbers per code"})
    places: int = field(default=8, metadata={"help": "codes per row"})
    words: int = field(default=32, metadata={"help": "codes in the codebook"})
    hidden: tuple[int, ...] = field(default=(128, 64), metadata={
        "help": "units of the hidden layers of the encoder; those of the decoder in reverse"})
    beta: float = field(default=1.0, metadata={"help": "weight of the codebook's distance from what chooses it"})
    gamma: float = field(default=0.25, metadata={"help": "weight of the commitment to the chosen code"})

    def __post_init__(self) -> None:
        for name in ("latent", "places", "words"):
            whole(getattr(self, name), name)
        for units in self.hidden:
            whole(units, "hidden")
        for name in ("beta", "gamma"):
            if not 0 <= getattr(self, name) < np.inf:
                raise ValueError(f"{name}: got {getattr(self, name)}, wanted a weight of at least 0")


def prepare(data: Dataset, settings: Settings) -> Dataset:
    """Whole numbers that are never negative are scaled to [0, 1]; other data are taken as they are."""
    return grey(data)


def init(facts: Facts, settings: Settings, rng: np.random.Generator) -> VQVAE:
    """Random weights, no biases, small codes."""
    return vqvae_init((facts.d, *settings.hidden), settings.places, settings.latent, settings.words, rng)


def objective(facts: Facts, settings: Settings) -> Objective:
    """Squared error of the quantised code, codebook and commitment terms, with the gradient of the surrogate."""
    return by_gradient(settings.beta, settings.gamma)


def draw(data: Dataset, settings: Settings) -> Draw:
    """A step sees its rows."""
    return lambda rng, rows: (data.x[rows],)


def report(p: VQVAE, train: Dataset, test: Dataset, settings: Settings, rng: np.random.Generator) -> dict[str, Number]:
    """Distortion, distance from the codes, codes in use, and bits per held-out row."""
    z, idx = choose(p, test.x)
    seen = choose(p, train.x)[1]
    logits = count_logits(seen, idx, settings.words, order=ORDER, alpha=ALPHA)
    return {"squared error": mean(squared_error(rebuild(p, idx), test.x)[0]),
            "squared distance from the codes": mean(((z - p.codes[idx]) ** 2).sum((1, 2))),
            "perplexity of the codes": (perplexity(idx, settings.words), None),
            "bits, fixed length": (code_rates(idx, settings.words).fixed, None),
            "bits, counts given the code before": mean(neg_log_prior(logits, idx)[0] / np.log(2))}


def samples(p: VQVAE, seen: Array, u: Array, words: int) -> Array:
    """Images of codes drawn by counts given the code before.   seen (N, m), u (n, m) in [0, 1) -> (n, d)"""
    def logits(idx: Array) -> Array:
        return count_logits(seen, idx, words, order=ORDER, alpha=0.0)

    return rebuild(p, sample_codes(logits, u))


def pictures(p: VQVAE, train: Dataset, test: Dataset, settings: Settings, rng: np.random.Generator) -> dict[
        str, Figure]:
    """Held-out images with what comes back, and images of drawn codes, if the rows are images."""
    from refvae.models.pictures import mosaic

    if test.shape is None:
        return {}
    x = test.x[:COLUMNS]
    drawn = samples(p, choose(p, train.x)[1], rng.random((ROWS * COLUMNS, settings.places)), settings.words)
    return {"reconstructions": mosaic(np.stack([x, rebuild(p, choose(p, x)[1])]), shape=test.shape,
                                      title="Held-out images", names=("data", "rebuilt")),
            "samples": mosaic(drawn.reshape(ROWS, COLUMNS, -1), shape=test.shape,
                              title="Images of codes drawn by counts, given the code before")}


MODEL = Model(summary="The vector-quantised autoencoder, with straight-through gradients", unit="squared error per row",
              Settings=Settings, steps=2400, batch=128, lr=1e-3, prepare=prepare, init=init, objective=objective,
              draw=draw, report=report, pictures=pictures)
