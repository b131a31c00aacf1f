"""The classifier of chapter 5, behind a variational information bottleneck."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from refvae.bottleneck import predict, vib_loss
from refvae.data.readers import Dataset
from refvae.fit import Draw, Objective
from refvae.inputs import whole
from refvae.layers import mlp_init
from refvae.models.record import Facts, Model, Number, grey, mean
from refvae.trees import Array, Pull
from refvae.vae import VAE, encode, kl_std_normal

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

    def __post_init__(self) -> None:
        whole(self.latent, "latent")
        for units in self.hidden:
            whole(units, "hidden")
        if not 0 <= self.lam < np.inf:
            raise ValueError(f"lam: got {self.lam}, wanted a weight of at least 0")


def prepare(data: Dataset, settings: Settings) -> Dataset:
    """Whole numbers that are never negative are scaled to [0, 1]; labels are numbered. ValueError without labels."""
    if data.labels is None:
        raise ValueError("got data without labels, wanted a label for every row")
    values, numbered = np.unique(data.labels, return_inverse=True)
    if len(values) < 2:
        raise ValueError(f"got the label {values[0]} for every row, wanted at least two classes")
    return grey(data)._replace(labels=numbered.astype(np.int64))


def init(facts: Facts, settings: Settings, rng: np.random.Generator) -> VAE:
    """Random weights, no biases; the classifier is one affine map."""
    k = settings.latent
    return VAE(mlp_init((facts.d, *settings.hidden, 2 * k), rng), mlp_init((k, facts.classes or 2), rng))


def objective(facts: Facts, settings: Settings) -> Objective:
    """Cross entropy plus lam times the rate, in nats per row."""
    def loss(p: VAE, x_frozen: Array, labels: Array, eps: Array) -> tuple[Any, Pull]:
        return vib_loss(p, x_frozen, labels, eps, settings.lam)

    return loss


def draw(data: Dataset, settings: Settings) -> Draw:
    """A step sees its rows, their labels, and fresh noise."""
    def args(rng: np.random.Generator, rows: Array) -> tuple[Array, Array, Array]:
        x = data.x[rows]
        return x, _labels(data)[rows], rng.standard_normal((len(x), settings.latent), x.dtype.type)

    return args


def report(p: VAE, train: Dataset, test: Dataset, settings: Settings, rng: np.random.Generator) -> dict[str, Number]:
    """Rate, cost with the mean code and with sampled codes, and accuracy, per held-out row."""
    (mu, logvar), _ = encode(p.enc, test.x)
    rows, labels = np.arange(len(test.x)), _labels(test)
    at_mean = predict(p, test.x)
    sampled = predict(p, test.x, rng.standard_normal((DRAWS, *mu.shape)))
    return {"rate KL(q(z|x) || p(z)) in nats": mean(kl_std_normal(mu, logvar)[0]),
            "-log q(y|z) in nats, mean code": mean(-at_mean[rows, labels]),
            f"-log q(y|z) in nats, {DRAWS} sampled codes": mean(-sampled[rows, labels]),
            "accuracy": _share(at_mean.argmax(1) == labels)}


def _share(hits: Array) -> Number:
    """A share with its standard error, which hits that are all alike do not tell."""
    value, error = mean(hits)
    return value, error or None


def pictures(p: VAE, train: Dataset, test: Dataset, settings: Settings, rng: np.random.Generator) -> dict[str, Figure]:
    """Which classes are taken for which; the codes, if they lie in the plane."""
    from refvae.models.pictures import scatter

    (codes, _), _ = encode(p.enc, test.x)
    found = {"codes": scatter(codes, test.labels, "Mean codes of the held-out rows")} if settings.latent == 2 else {}
    log_q = predict(p, test.x)
    counts = np.zeros((log_q.shape[1],) * 2, int)
    np.add.at(counts, (_labels(test), log_q.argmax(1)), 1)
    return found if len(counts) > MOST else {**found, "confusions": _table(counts)}


def _labels(data: Dataset) -> Array:
    """The labels, which `prepare` has seen to."""
    assert data.labels is not None
    return data.labels


def _table(counts: Array) -> Figure:
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
            axis.set_ticks(np.arange(len(counts)) + 0.5, range(len(counts)))
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
    return figure


MODEL = Model(summary="A classifier behind a variational information bottleneck", unit="nats", Settings=Settings,
              steps=2400, batch=128, lr=1e-3, prepare=prepare, init=init, objective=objective, draw=draw,
              report=report, pictures=pictures)
