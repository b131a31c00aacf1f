"""The classifier of chapter 5, behind a variational information bottleneck."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from refvae import trees
from refvae.bottleneck import DualAscent, Saddle, descending, predict, vib_loss
from refvae.data.readers import Dataset
from refvae.fit import Draw, Objective
from refvae.layers import Dense, mlp_init
from refvae.models import baselines
from refvae.models.record import Facts, Fitted, Model, Number, check_sizes, check_weights, compared, mean, scaled
from refvae.optim import Adam, Optimiser, TwoParts
from refvae.trees import Array, Pull, Tree
from refvae.vae import VAE, kl_std_normal
from refvae.vae import encode as encode_law

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DRAWS = 64  # sampled codes per row in the report
MOST = 30  # classes of which a table of confusions is drawn


@dataclass(frozen=True)
class Settings:
    """The options of the bottleneck."""

    latent: int = field(default=8, metadata={"help": "numbers per code"})
    hidden: tuple[int, ...] = field(default=(128, 64), metadata={"help": "units of the hidden layers of the encoder"})
    lam: float = field(default=0.1, metadata={"help": "weight of the rate; nothing is encoded above 1"})
    capacity: float | None = field(default=None, metadata={
        "help": "rate in nats that the weight is moved for, from lam on, by a step after every batch"})

    def __post_init__(self) -> None:
        check_sizes(self, "latent")
        check_weights(self, "lam")
        if self.capacity is not None and not 0 < self.capacity < np.inf:
            raise ValueError(f"capacity: got {self.capacity}, wanted a number of nats above 0")


def check(data: Dataset, settings: Settings) -> None:
    """ValueError without labels of two classes at least."""
    if data.labels is None:
        raise ValueError("got data without labels, wanted a label for every row; --label NAME says where they are")
    if len(np.unique(data.labels)) < 2:
        raise ValueError(f"got the label {data.classes[0]} for every row, wanted at least two classes")


def init(facts: Facts, settings: Settings, rng: np.random.Generator) -> VAE | Saddle:
    """Random weights, no biases; the classifier is one affine map. With a capacity, the weight of the rate too."""
    k = settings.latent
    net = VAE(mlp_init((facts.d, *settings.hidden, 2 * k), rng), mlp_init((k, facts.classes or 2), rng))
    return net if settings.capacity is None else Saddle(net, np.array(settings.lam))


def objective(facts: Facts, settings: Settings) -> Objective:
    """Cross entropy plus the weighted rate, in nats per row; with a capacity, less the weighted capacity."""
    if settings.capacity is not None:
        return partial(descending, capacity=settings.capacity)

    def loss(p: VAE, x_frozen: Array, labels: Array, eps: Array) -> tuple[Any, Pull]:
        return vib_loss(p, x_frozen, labels, eps, settings.lam)

    return loss


def optimiser(p: Tree, lr: float, settings: Settings) -> Optimiser:
    """Adam for the networks; the step of the multiplier, (5.20b), for the weight of the rate."""
    if settings.capacity is None:
        return Adam(lr)
    return TwoParts(trees.flatten(p.net).vector.size, Adam(lr), DualAscent(lr))


def network(p: VAE | Saddle) -> VAE:
    """Encoder and classifier."""
    return p.net if isinstance(p, Saddle) else p


def draw(data: Dataset, settings: Settings) -> Draw:
    """A step sees its rows, their labels, and fresh noise."""
    def args(rng: np.random.Generator, rows: Array) -> tuple[Array, Array, Array]:
        x = data.x[rows]
        return x, _labels(data)[rows], rng.standard_normal((len(x), settings.latent), x.dtype.type)

    return args


def encode(fitted: Fitted, x: Array) -> Array:
    """Mean codes.   x: (n, d) -> (n, k)"""
    return encode_law(network(fitted.p).enc, x)[0][0]


def decode(fitted: Fitted, z: Array) -> Array:
    """log q(y|z) of every class.   z: (n, k) -> (n, classes)"""
    return predict(VAE(_kept(z.shape[1]), network(fitted.p).dec), z)


def _kept(k: int) -> tuple[Dense, ...]:
    """An encoder that keeps what it is given, k numbers, for the mean."""
    return (Dense(np.eye(k, 2 * k), np.zeros(2 * k)),)


def cost(fitted: Fitted, x: Array, labels: Array | None, rng: np.random.Generator) -> Array:
    """-log q(y|z) at the mean code.   -> (n,)"""
    if labels is None:
        raise ValueError("labels: got none, wanted a label for every row")
    return -predict(network(fitted.p), x)[np.arange(len(x)), labels]


def report(fitted: Fitted, train: Dataset, test: Dataset, rng: np.random.Generator) -> dict[str, Number]:
    """Rate, cost with the mean code and with sampled codes, and accuracy, per held-out row, beside a linear model."""
    p, labels, rows, classes = network(fitted.p), _labels(test), np.arange(len(test.x)), fitted.facts.classes or 2
    (mu, logvar), _ = encode_law(p.enc, test.x)
    at_mean, linear = predict(p, test.x), baselines.logistic(train, test, classes)
    sampled = predict(p, test.x, rng.standard_normal((DRAWS, *mu.shape)))
    often = np.bincount(_labels(train), minlength=classes) + 0.5
    shares = np.log(often / often.sum())
    found = {"rate KL(q(z|x) || p(z)) in nats": mean(kl_std_normal(mu, logvar)[0]),
             **compared("-log q(y|x) in nats", -at_mean[rows, labels],
                        {"logistic regression": -linear[rows, labels], "the classes alone": -shares[labels]}),
             f"-log q(y|x) in nats, {DRAWS} sampled codes": mean(-sampled[rows, labels]),
             "accuracy": _share(at_mean.argmax(1) == labels),
             "accuracy of logistic regression": _share(linear.argmax(1) == labels)}
    return found if fitted.settings.capacity is None else {**found, "weight of the rate": (float(fitted.p.lam), None)}


def _share(hits: Array) -> Number:
    """A share with its standard error, which hits that are all alike do not tell."""
    value, error = mean(hits)
    return value, error or None


def pictures(fitted: Fitted, train: Dataset, test: Dataset, rng: np.random.Generator) -> dict[str, Figure]:
    """Which classes are taken for which."""
    log_q = predict(network(fitted.p), test.x)
    counts = np.zeros((log_q.shape[1],) * 2, int)
    np.add.at(counts, (_labels(test), log_q.argmax(1)), 1)
    return {} if len(counts) > MOST else {"confusions": _table(counts, fitted.facts.labels)}


def _labels(data: Dataset) -> Array:
    """The labels, which `check` has seen to."""
    assert data.labels is not None
    return data.labels


def _table(counts: Array, labels: Sequence[str]) -> Figure:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    from refvae.models.pictures import STYLE

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(0.35 * len(counts) + 1.2, 0.35 * len(counts) + 1), layout="constrained")
        ax: Any = figure.subplots()
        ax.pcolormesh(counts, cmap="Blues")
        for (row, column), count in np.ndenumerate(counts):
            if count:
                ax.text(column + 0.5, row + 0.5, count, ha="center", va="center",
                        color="white" if count > counts.max() / 2 else "black")
        ax.set(title="Held-out rows", xlabel="predicted class", ylabel="class", ylim=(len(counts), 0))
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_ticks(np.arange(len(counts)) + 0.5, labels or range(len(counts)))
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
    return figure


MODEL = Model(summary="A classifier behind a variational information bottleneck", unit="nats", Settings=Settings,
              steps=2400, batch=128, lr=1e-3, prepare=scaled, init=init, objective=objective, draw=draw,
              report=report, encode=encode, decode=decode, decodes="classes", cost=cost, pictures=pictures, check=check,
              costs=lambda settings: "-log q(y|x) in nats", optimiser=optimiser)
