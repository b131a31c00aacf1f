"""The plain autoencoder: two perceptrons, and the squared error of the image that comes back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from refvae.data.readers import Dataset
from refvae.fit import Draw, Objective
from refvae.inputs import whole
from refvae.layers import Activation, Dense, mlp, mlp_init, relu, squared_error
from refvae.linear_ae import truncated_svd
from refvae.models.record import Facts, Model, Number, grey, mean
from refvae.trees import Array, Pull

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = 12


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
        whole(self.latent, "latent")
        for units in self.hidden:
            whole(units, "hidden")


def prepare(data: Dataset, settings: Settings) -> Dataset:
    """Whole numbers that are never negative are scaled to [0, 1]; other data are taken as they are."""
    return grey(data)


def init(facts: Facts, settings: Settings, rng: np.random.Generator) -> AE:
    """Random weights, no biases."""
    sizes = (facts.d, *settings.hidden, settings.latent)
    return AE(mlp_init(sizes, rng), mlp_init(sizes[::-1], rng))


def squared_loss(p: AE, x_frozen: Array, *, activation: Activation = relu) -> tuple[Any, Pull]:
    """The objective: the squared error, summed over the pixels, mean over the batch.   x: (n, d) -> ()"""
    z, pull_encode = mlp(p.enc, x_frozen, activation)
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


def report(p: AE, train: Dataset, test: Dataset, settings: Settings, rng: np.random.Generator) -> dict[str, Number]:
    """The error on held-out rows, beside those of PCA with as many numbers per code, and of the mean alone."""
    centre, k = train.x.mean(0), min(settings.latent, *train.x.shape)
    Vt = truncated_svd(train.x - centre, k, rng).Vt
    principal = (test.x - centre) @ Vt.T @ Vt + centre
    rivals = {"squared error": rebuilt(p, test.x), f"squared error of PCA, k = {k}": principal,
              "squared error of the mean": np.broadcast_to(centre, test.x.shape)}
    return {name: mean(squared_error(xhat, test.x)[0]) for name, xhat in rivals.items()}


def rebuilt(p: AE, x: Array) -> Array:
    """What comes back.   x: (n, d) -> (n, d)"""
    return mlp(p.dec, mlp(p.enc, x, relu)[0], relu)[0]


def pictures(p: AE, train: Dataset, test: Dataset, settings: Settings, rng: np.random.Generator) -> dict[str, Figure]:
    """Held-out images with what comes back, if they are images; the codes, if they lie in the plane."""
    from refvae.models.pictures import mosaic, scatter

    some, found = test.x[:SHOWN], {}
    if test.shape is not None:
        found["reconstructions"] = mosaic(np.stack([some, rebuilt(p, some)]), shape=test.shape,
                                          title="Held-out images", names=("data", "rebuilt"))
    if settings.latent == 2:
        found["codes"] = scatter(mlp(p.enc, test.x, relu)[0], test.labels, "Codes of the held-out rows")
    return found


MODEL = Model(summary="The plain autoencoder, with squared error", unit="squared error per row", Settings=Settings,
              steps=3000, batch=100, lr=1e-3, prepare=prepare, init=init, objective=objective, draw=draw,
              report=report, pictures=pictures)
