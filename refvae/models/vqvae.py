"""The autoencoder of chapter 8, whose code is a grid of whole numbers, and the cost of these under counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np

from refvae.data.readers import Dataset
from refvae.fit import Draw, Objective, Renew
from refvae.inputs import indices, real
from refvae.layers import squared_error
from refvae.models import baselines
from refvae.models.record import Facts, Fitted, Model, Number, check_sizes, check_weights, compared, mean, scaled
from refvae.optim import Adam, Optimiser
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
from refvae.vqvae.fitting import WithEMA, averaged, by_averages, of_averages, plain, revived

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
    codebook: Literal["gradient", "ema"] = field(default="gradient", metadata={
        "help": "learns by gradient, or by moving averages, without beta"})
    rho: float = field(default=0.95, metadata={"help": "share that moving averages keep"})
    reset: bool = field(default=True, metadata={
        "help": "put codes that no row has chosen onto encoded rows after every epoch"})

    def __post_init__(self) -> None:
        check_sizes(self, "latent", "places", "words")
        check_weights(self, "beta", "gamma")
        real(self.rho, "rho", above=0, below=1)


class Counted(NamedTuple):
    """Parameters in use: the networks with their codes, and the codes of the training rows (rows, places)."""

    net: VQVAE
    seen: Array


def init(facts: Facts, settings: Settings, rng: np.random.Generator) -> VQVAE | WithEMA:
    """Random weights, no biases, small codes."""
    p = vqvae_init((facts.d, *settings.hidden), settings.places, settings.latent, settings.words, rng)
    return averaged(p) if settings.codebook == "ema" else p


def objective(facts: Facts, settings: Settings) -> Objective:
    """Squared error of the quantised code, codebook and commitment terms, with the gradient of the surrogate."""
    if settings.codebook == "ema":
        return by_averages(settings.gamma, settings.rho)
    return by_gradient(settings.beta, settings.gamma)


def optimiser(p: Any, lr: float, settings: Settings) -> Optimiser:
    """Adam, and for moving averages their own step."""
    return of_averages(p, settings.rho, lr) if settings.codebook == "ema" else Adam(lr)


def renew(train: Dataset, settings: Settings) -> Renew | None:
    """Codes that no row has chosen are put onto encoded rows."""
    return (lambda p, rng: revived(p, train.x, rng)) if settings.reset else None


def draw(data: Dataset, settings: Settings) -> Draw:
    """A step sees its rows."""
    return lambda rng, rows: (data.x[rows],)


def finish(p: Any, train: Dataset, settings: Settings) -> Counted:
    """With the codes of the training rows, which samples are drawn by."""
    return Counted(plain(p), choose(plain(p), train.x)[1].astype(np.int64))


def finished(p: Any, facts: Facts, settings: Settings) -> Counted:
    """Arrays of these shapes."""
    return Counted(plain(p), np.zeros((facts.rows, settings.places), np.int64))


# In use


def encode(fitted: Fitted, x: Array) -> Array:
    """Codes 0, ..., words - 1.   x: (n, d) -> (n, places)"""
    return choose(fitted.p.net, x)[1]


def decode(fitted: Fitted, idx: Array) -> Array:
    """What the decoder makes of codes.   idx: (n, places) -> (n, d)"""
    return rebuild(fitted.p.net, indices(idx, fitted.settings.words, "codes"))


def sample(fitted: Fitted, n: int, rng: np.random.Generator) -> Array:
    """What the decoder makes of codes that are drawn by counts given the code before.   -> (n, d)"""
    return samples(fitted.p.net, fitted.p.seen, rng.random((n, fitted.settings.places)), fitted.settings.words)


def cost(fitted: Fitted, x: Array, labels: Array | None, rng: np.random.Generator) -> Array:
    """The squared error of what comes back.   -> (n,)"""
    return squared_error(decode(fitted, encode(fitted, x)), x)[0]


def report(fitted: Fitted, train: Dataset, test: Dataset, rng: np.random.Generator) -> dict[str, Number]:
    """Distortion, beside k-means at the same rate, distance from the codes, codes in use, and bits per held-out row."""
    (p, seen), settings = fitted.p, fitted.settings
    z, idx = choose(p, test.x)
    logits, rates = count_logits(seen, idx, settings.words, order=ORDER, alpha=ALPHA), code_rates(idx, settings.words)
    bits, theirs = baselines.product_means(rates.fixed, settings.places, train, test, rng)
    rivals = {f"k-means of column groups, {bits:.4g} bits": theirs, "the mean": train.x.mean(0) + 0 * test.x}
    return {**compared("squared error", squared_error(rebuild(p, idx), test.x)[0],
                       {name: squared_error(xhat, test.x)[0] for name, xhat in rivals.items()}),
            "squared distance from the codes": mean(((z - p.codes[idx]) ** 2).sum((1, 2))),
            "perplexity of the codes": (perplexity(idx, settings.words), None),
            "bits, fixed length": (rates.fixed, None),
            "bits, counts given the code before": mean(neg_log_prior(logits, idx)[0] / np.log(2))}


def samples(p: VQVAE, seen: Array, u: Array, words: int) -> Array:
    """Images of codes drawn by counts given the code before.   seen (N, m), u (n, m) in [0, 1) -> (n, d)"""
    def logits(idx: Array) -> Array:
        return count_logits(seen, idx, words, order=ORDER, alpha=0.0)

    return rebuild(p, sample_codes(logits, u))


MODEL = Model(summary="The vector-quantised autoencoder, with straight-through gradients", unit="squared error per row",
              Settings=Settings, steps=2400, batch=128, lr=1e-3, prepare=scaled, init=init, objective=objective,
              draw=draw, report=report, encode=encode, decode=decode, sample=sample, cost=cost, codes="whole",
              optimiser=optimiser, renew=renew, finish=finish, finished=finished)
