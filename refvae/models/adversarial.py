"""The adversarial models of chapter 10, whose two sides step at the same time: GAN, AAE and ALI."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

import numpy as np

from refvae.adversarial import (
    Coder,
    Game,
    Gan,
    aae_game,
    aae_loss,
    ali_game,
    ali_loss,
    ali_pairs,
    discriminator_loss,
    gan_game,
    generator_loss,
    played,
)
from refvae.data.readers import Dataset
from refvae.fit import Draw, Objective
from refvae.layers import Dense, bernoulli_nll, mlp, mlp_init, relu, squared_error
from refvae.models import baselines
from refvae.models.record import Facts, Fitted, Model, Number, check_sizes, check_weights, compared, mean, scaled
from refvae.trees import Array
from refvae.vae import reparam


@dataclass(frozen=True)
class Settings:
    """The options of a GAN."""

    latent: int = field(default=8, metadata={"help": "numbers per code"})
    hidden: tuple[int, ...] = field(default=(128, 64), metadata={
        "help": "units of the hidden layers of encoder and discriminator; those of the generator in reverse"})

    def __post_init__(self) -> None:
        check_sizes(self, "latent")


@dataclass(frozen=True)
class AaeSettings(Settings):
    """The options of an adversarial autoencoder."""

    lam: float = field(default=1.0, metadata={"help": "weight of the squared error of an image"})

    def __post_init__(self) -> None:
        super().__post_init__()
        check_weights(self, "lam")


@dataclass(frozen=True)
class AliSettings(Settings):
    """The options of adversarially learned inference."""

    variant: Literal["complete", "simplified", "minimax", "non_saturating"] = field(default="complete", metadata={
        "help": "what encoder and decoder minimise: (40), (41), (42), (43) of the article"})


def _networks(facts: Facts, settings: Settings, rng: np.random.Generator, *,
              spread: int = 1) -> tuple[tuple[Dense, ...], tuple[Dense, ...]]:
    """Encoder and decoder; with spread = 2 they give means and log-variances."""
    sizes = (facts.d, *settings.hidden, settings.latent)
    return (mlp_init((*sizes[:-1], spread * sizes[-1]), rng), mlp_init((*sizes[:0:-1], spread * sizes[0]), rng))


def _disc(inputs: int, settings: Settings, rng: np.random.Generator) -> tuple[Dense, ...]:
    return mlp_init((inputs, *settings.hidden, 1), rng)


def init_gan(facts: Facts, settings: Settings, rng: np.random.Generator) -> Gan:
    """Random weights, no biases."""
    return Gan(_networks(facts, settings, rng)[1], _disc(facts.d, settings, rng))


def init_aae(facts: Facts, settings: Settings, rng: np.random.Generator) -> Game:
    """Random weights, no biases; the discriminator sees codes."""
    return Game(Coder(*_networks(facts, settings, rng)), _disc(settings.latent, settings, rng))


def init_ali(facts: Facts, settings: Settings, rng: np.random.Generator) -> Game:
    """Random weights, no biases; the discriminator sees images with codes."""
    coder = Coder(*_networks(facts, settings, rng, spread=2))
    return Game(coder, _disc(facts.d + settings.latent, settings, rng))


def _with_normal(rng: np.random.Generator, x: Array, *widths: int) -> tuple[Array, ...]:
    return x, *(rng.standard_normal((len(x), width), x.dtype.type) for width in widths)


def draw(data: Dataset, settings: Settings) -> Draw:
    """A step sees its rows, and codes from the prior."""
    return lambda rng, rows: _with_normal(rng, data.x[rows], settings.latent)


def draw_ali(data: Dataset, settings: Settings) -> Draw:
    """A step sees its rows, codes from the prior, and noise for codes and rows."""
    return lambda rng, rows: _with_normal(rng, data.x[rows], settings.latent, settings.latent, data.x.shape[1])


def objective_gan(facts: Facts, settings: Settings) -> Objective:
    """Both losses, in nats."""
    return played(gan_game)


def objective_aae(facts: Facts, settings: AaeSettings) -> Objective:
    """Both losses; the squared error counts lam times."""
    return played(partial(aae_game, lam=settings.lam))


def objective_ali(facts: Facts, settings: AliSettings) -> Objective:
    """Both losses, in nats."""
    return played(partial(ali_game, variant=settings.variant))


# The two sides of each game, with the same arguments


def parts_gan(p: Gan, settings: Settings, x: Array, z: Array) -> tuple[Any, ...]:
    """Losses of discriminator and generator, in nats."""
    made = mlp(p.gen, z, relu)[0]
    return discriminator_loss(p.disc, x, made)[0], generator_loss(p.gen, z, p.disc, made)[0]


def parts_aae(p: Game, settings: AaeSettings, x: Array, z: Array) -> tuple[Any, ...]:
    """Losses of the discriminator, in nats, and of encoder with decoder."""
    return (discriminator_loss(p.disc, z, mlp(p.coder.enc, x, relu)[0])[0],
            aae_loss(p.coder, x, p.disc, lam=settings.lam)[0])


def parts_ali(p: Game, settings: AliSettings, x: Array, z: Array, eps_z: Array, eps_x: Array) -> tuple[Any, ...]:
    """Losses of the discriminator and of encoder with decoder, in nats."""
    of_enc, of_dec = ali_pairs(p.coder, x, z, eps_z, eps_x)[0]
    made = of_dec[:, :x.shape[1]]
    return (discriminator_loss(p.disc, of_enc, of_dec)[0],
            ali_loss(p.coder, x, z, eps_z, eps_x, made, p.disc, variant=settings.variant)[0])


# In use


def encode(fitted: Fitted, x: Array) -> Array:
    """Codes, of ALI their means.   x: (n, d) -> (n, k)"""
    return mlp(fitted.p.coder.enc, x, relu)[0][:, :fitted.settings.latent]


def decode(fitted: Fitted, z: Array) -> Array:
    """What the decoder makes of codes, of ALI the mean.   z: (n, k) -> (n, d)"""
    return mlp(fitted.p.coder.dec, z, relu)[0][:, :fitted.facts.d]


def generate(fitted: Fitted, z: Array) -> Array:
    """What the generator makes of codes.   z: (n, k) -> (n, d)"""
    return mlp(fitted.p.gen, z, relu)[0]


def sample_gan(fitted: Fitted, n: int, rng: np.random.Generator) -> Array:
    """What the generator makes of codes from the prior.   -> (n, d)"""
    return generate(fitted, rng.standard_normal((n, fitted.settings.latent)))


def sample_aae(fitted: Fitted, n: int, rng: np.random.Generator) -> Array:
    """What the decoder makes of codes from the prior.   -> (n, d)"""
    return decode(fitted, rng.standard_normal((n, fitted.settings.latent)))


def sample_ali(fitted: Fitted, n: int, rng: np.random.Generator) -> Array:
    """Rows drawn by the decoder from codes of the prior.   -> (n, d)"""
    out = mlp(fitted.p.coder.dec, rng.standard_normal((n, fitted.settings.latent)), relu)[0]
    mu, logvar = np.split(out, 2, axis=1)
    return reparam(mu, logvar, rng.standard_normal(mu.shape))[0]


def cost(fitted: Fitted, x: Array, labels: Array | None, rng: np.random.Generator) -> Array:
    """The squared error of what comes back, of ALI from the mean code.   -> (n,)"""
    return squared_error(decode(fitted, encode(fitted, x)), x)[0]


def doubt(fitted: Fitted, x: Array, labels: Array | None, rng: np.random.Generator) -> Array:
    """-log D: how little the discriminator takes rows for data.   -> (n,)"""
    return _verdict(fitted.p.disc, x, 1)


# Reports


def _verdict(disc: tuple[Dense, ...], x: Array, label: int) -> Array:
    """-log D, or for the label 0 -log(1 - D); log 2 where the discriminator cannot tell."""
    t = mlp(disc, x, relu)[0]
    return bernoulli_nll(t, np.full_like(t, label))[0]


def _verdicts(disc: tuple[Dense, ...], right: Array, other: Array, names: tuple[str, str]) -> dict[str, Number]:
    """The means of -log D and of -log(1 - D), and by how much they differ from log 2."""
    found: dict[str, Number] = {}
    for name, each in {f"-log D in nats, {names[0]}": _verdict(disc, right, 1),
                       f"-log(1 - D) in nats, {names[1]}": _verdict(disc, other, 0)}.items():
        value, error = mean(each)
        found |= {name: (value, error), f"{name}, less log 2": (value - float(np.log(2)), error)}
    return found


def report_gan(fitted: Fitted, train: Dataset, test: Dataset, rng: np.random.Generator) -> dict[str, Number]:
    """How well held-out rows are told from generated ones, and how far they are from these and from a Gaussian's."""
    made, drawn = sample_gan(fitted, len(train.x), rng), baselines.normal_rows(train, len(train.x), rng)
    rivals = {f"{len(drawn)} rows of the normal law": drawn, f"{len(train.x)} training rows": train.x}
    return {**_verdicts(fitted.p.disc, test.x, made[:len(test.x)], ("held-out rows", "generated rows")),
            **compared(f"squared distance from the nearest of {len(made)} generated rows",
                       baselines.nearest(test.x, made),
                       {name: baselines.nearest(test.x, rows) for name, rows in rivals.items()},
                       "squared distance from the nearest")}


def report_aae(fitted: Fitted, train: Dataset, test: Dataset, rng: np.random.Generator) -> dict[str, Number]:
    """Squared error, beside linear ones, the discriminator's losses on codes, and the moments of the codes."""
    codes = encode(fitted, test.x)
    return {**baselines.squared(decode(fitted, codes), fitted.settings.latent, train, test, rng),
            **_verdicts(fitted.p.disc, rng.standard_normal(codes.shape), codes,
                        ("codes of the prior", "codes of held-out rows")), **_moments(codes)}


def report_ali(fitted: Fitted, train: Dataset, test: Dataset, rng: np.random.Generator) -> dict[str, Number]:
    """Squared errors of images and of codes that come back, and the discriminator's losses on pairs."""
    k, d, coder = fitted.settings.latent, test.x.shape[1], fitted.p.coder
    codes = encode(fitted, test.x)
    z, eps_z, eps_x = (rng.standard_normal((len(codes), width)) for width in (k, k, d))
    of_enc, of_dec = ali_pairs(coder, test.x, z, eps_z, eps_x)[0]
    return {**baselines.squared(decode(fitted, codes), k, train, test, rng),
            "squared error per code of the prior": mean(squared_error(encode(fitted, of_dec[:, :d]), z)[0]),
            **_verdicts(fitted.p.disc, of_enc, of_dec, ("pairs of the encoder", "pairs of the decoder")),
            **_moments(codes)}


def _moments(codes: Array) -> dict[str, Number]:
    second = (codes**2).mean(0)
    return {"least mean square of a code unit": (float(second.min()), None),
            "largest mean square of a code unit": (float(second.max()), None)}


GAN = Model(summary="A generative adversarial network, both sides stepping at once", unit="nats", Settings=Settings,
            steps=6000, batch=128, lr=5e-4, prepare=scaled, init=init_gan, objective=objective_gan, draw=draw,
            report=report_gan, decode=generate, sample=sample_gan, cost=doubt, parts=parts_gan,
            sides=("discriminator", "generator"), costs=lambda settings: "-log D in nats")
AAE = replace(GAN, summary="An adversarial autoencoder: codes like the prior by a discriminator",
              unit="nats and weighted squared error", Settings=AaeSettings, steps=4000, lr=1e-3, init=init_aae,
              objective=objective_aae, report=report_aae, encode=encode, decode=decode, sample=sample_aae, cost=cost,
              parts=parts_aae, sides=("discriminator", "encoder and decoder"), costs=lambda settings: "squared error")
ALI = replace(AAE, summary="Adversarially learned inference, in the variants of (40) to (43) of the article",
              unit="nats", Settings=AliSettings, steps=6000, lr=5e-4, init=init_ali, objective=objective_ali,
              draw=draw_ali, report=report_ali, sample=sample_ali, parts=parts_ali)
