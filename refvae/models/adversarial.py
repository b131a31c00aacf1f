"""The adversarial models of chapter 10, whose two sides step at the same time: GAN, AAE and ALI."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np

from refvae.adversarial import Coder, Game, Gan, aae_game, ali_game, ali_pairs, gan_game, played
from refvae.data.readers import Dataset
from refvae.fit import Draw, Objective
from refvae.inputs import whole
from refvae.layers import Dense, bernoulli_nll, mlp, mlp_init, relu, squared_error
from refvae.models.record import Facts, Model, Number, grey, mean
from refvae.trees import Array

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROWS, COLUMNS = 8, 12  # of mosaics


@dataclass(frozen=True)
class Settings:
    """The options of a GAN."""

    latent: int = field(default=8, metadata={"help": "numbers per code"})
    hidden: tuple[int, ...] = field(default=(128, 64), metadata={
        "help": "units of the hidden layers of encoder and discriminator; those of the generator in reverse"})

    def __post_init__(self) -> None:
        whole(self.latent, "latent")
        for units in self.hidden:
            whole(units, "hidden")


@dataclass(frozen=True)
class AaeSettings(Settings):
    """The options of an adversarial autoencoder."""

    lam: float = field(default=1.0, metadata={"help": "weight of the squared error of an image"})

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.lam < np.inf:
            raise ValueError(f"lam: got {self.lam}, wanted a weight of at least 0")


@dataclass(frozen=True)
class AliSettings(Settings):
    """The options of adversarially learned inference."""

    variant: Literal["complete", "simplified", "minimax", "non_saturating"] = field(default="complete", metadata={
        "help": "what encoder and decoder minimise: (40), (41), (42), (43) of the article"})


def prepare(data: Dataset, settings: Settings) -> Dataset:
    """Whole numbers that are never negative are scaled to [0, 1]; other data are taken as they are."""
    return grey(data)


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


# Reports


def _verdicts(disc: tuple[Dense, ...], right: Array, other: Array, names: tuple[str, str]) -> dict[str, Number]:
    """The means of -log D and of -log(1 - D), log 2 each where the discriminator cannot tell."""
    of_right, of_other = (mlp(disc, x, relu)[0] for x in (right, other))
    return {f"-log D in nats, {names[0]}": mean(bernoulli_nll(of_right, np.ones_like(of_right))[0]),
            f"-log(1 - D) in nats, {names[1]}": mean(bernoulli_nll(of_other, np.zeros_like(of_other))[0])}


def report_gan(p: Gan, train: Dataset, test: Dataset, settings: Settings,
               rng: np.random.Generator) -> dict[str, Number]:
    """How well the discriminator tells held-out rows from as many generated ones."""
    made = mlp(p.gen, rng.standard_normal((len(test.x), settings.latent)), relu)[0]
    return _verdicts(p.disc, test.x, made, ("held-out rows", "generated rows"))


def report_aae(p: Game, train: Dataset, test: Dataset, settings: Settings,
               rng: np.random.Generator) -> dict[str, Number]:
    """Squared error, the discriminator's losses on codes, and the moments of the codes, for held-out rows."""
    codes = mlp(p.coder.enc, test.x, relu)[0]
    prior = rng.standard_normal(codes.shape)
    return {"squared error per row": mean(squared_error(mlp(p.coder.dec, codes, relu)[0], test.x)[0]),
            **_verdicts(p.disc, prior, codes, ("codes of the prior", "codes of held-out rows")), **_moments(codes)}


def report_ali(p: Game, train: Dataset, test: Dataset, settings: Settings,
               rng: np.random.Generator) -> dict[str, Number]:
    """Squared errors of images and of codes that come back, and the discriminator's losses on pairs."""
    k, d = settings.latent, test.x.shape[1]
    codes = mlp(p.coder.enc, test.x, relu)[0][:, :k]
    z, eps_z, eps_x = (rng.standard_normal((len(codes), width)) for width in (k, k, d))
    of_enc, of_dec = ali_pairs(p.coder, test.x, z, eps_z, eps_x)[0]
    back = mlp(p.coder.enc, of_dec[:, :d], relu)[0][:, :k]
    return {"squared error per row, mean code": mean(squared_error(mlp(p.coder.dec, codes, relu)[0][:, :d], test.x)[0]),
            "squared error per code of the prior": mean(squared_error(back, z)[0]),
            **_verdicts(p.disc, of_enc, of_dec, ("pairs of the encoder", "pairs of the decoder")), **_moments(codes)}


def _moments(codes: Array) -> dict[str, Number]:
    second = (codes**2).mean(0)
    return {"least mean square of a code unit": (float(second.min()), None),
            "largest mean square of a code unit": (float(second.max()), None)}


# Pictures


def _shown(made: Array, d: int, test: Dataset, title: str, names: tuple[str, ...] = ()) -> dict[str, Figure]:
    from refvae.models.pictures import mosaic

    assert test.shape is not None
    return {"reconstructions" if names else "samples": mosaic(made[..., :d], shape=test.shape, title=title,
                                                              names=names)}


def pictures_gan(p: Gan, train: Dataset, test: Dataset, settings: Settings,
                 rng: np.random.Generator) -> dict[str, Figure]:
    """Generated images."""
    if test.shape is None:
        return {}
    z = rng.standard_normal((ROWS * COLUMNS, settings.latent))
    made = mlp(p.gen, z, relu)[0].reshape(ROWS, COLUMNS, -1)
    return _shown(made, test.x.shape[1], test, "Images of codes from the prior")


def pictures_coder(p: Game, train: Dataset, test: Dataset, settings: Settings,
                   rng: np.random.Generator) -> dict[str, Figure]:
    """Images that come back and images of the prior; the codes, if they lie in a plane."""
    from refvae.models.pictures import scatter

    d, k = test.x.shape[1], settings.latent
    codes = mlp(p.coder.enc, test.x, relu)[0][:, :k]
    found = {"codes": scatter(codes, test.labels, "Codes of the held-out rows")} if k == 2 else {}
    if test.shape is None:
        return found
    x = test.x[:COLUMNS]
    back = mlp(p.coder.dec, codes[:COLUMNS], relu)[0][:, :d]
    found |= _shown(np.stack([x, back]), d, test, "Held-out images", ("data", "rebuilt"))
    return found | pictures_gan(Gan(p.coder.dec, p.disc), train, test, settings, rng)


GAN = Model(summary="A generative adversarial network, both sides stepping at once", unit="nats", Settings=Settings,
            steps=6000, batch=128, lr=5e-4, prepare=prepare, init=init_gan, objective=objective_gan, draw=draw,
            report=report_gan, pictures=pictures_gan)
AAE = replace(GAN, summary="An adversarial autoencoder: codes like the prior by a discriminator",
              unit="nats and weighted squared error", Settings=AaeSettings, steps=4000, lr=1e-3, init=init_aae,
              objective=objective_aae, report=report_aae, pictures=pictures_coder)
ALI = replace(GAN, summary="Adversarially learned inference, in the variants of (40) to (43) of the article",
              Settings=AliSettings, init=init_ali, objective=objective_ali, draw=draw_ali, report=report_ali,
              pictures=pictures_coder)
