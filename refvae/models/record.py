"""What the trainer asks of a model: a record of functions, and what they say to each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from refvae.data.readers import Dataset
from refvae.fit import Draw, Objective
from refvae.trees import Array, Tree

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Number = tuple[float, float | None]  # a value, and its standard error if it has one
HELD_OUT = 5  # every fifth row is for the report only
FAR = 100.0  # units of the model that data may be away from 0


class Facts(NamedTuple):
    """What a model knows of its data before it sees a row.

    d        columns
    shape    (rows, cols) of images or None
    levels   the largest grey value, if these are integers, or None
    classes  the number of different labels, or None
    """

    d: int
    shape: tuple[int, int] | None
    levels: int | None
    classes: int | None


@dataclass(frozen=True)
class Model:
    """A model to train; everything random comes from a generator that is an argument.

    summary    one line
    unit       of the loss: "nats", or what else it is counted in
    Settings   frozen dataclass: the model's own options with defaults, and metadata {"help": ...}; ValueError or
               TypeError, beginning with the name of the option, for values that make no sense
    steps, batch, lr   what is good for the digits
    prepare    (dataset, settings) -> dataset as the model takes it; ValueError for data that it cannot take
    init       (facts, settings, rng) -> parameters p
    objective  (facts, settings) -> layer (p, *args) -> (loss, pull)
    draw       (dataset, settings) -> draw(rng, rows), which makes the args of a step from the numbers of its rows
    report     (p, train, test, settings, rng) -> {name: number} on the held-out rows of `test`
    pictures   (p, train, test, settings, rng) -> {name: figure}
    """

    summary: str
    unit: str
    Settings: Callable[..., Any]
    steps: int
    batch: int
    lr: float
    prepare: Callable[[Dataset, Any], Dataset]
    init: Callable[[Facts, Any, np.random.Generator], Tree]
    objective: Callable[[Facts, Any], Objective]
    draw: Callable[[Dataset, Any], Draw]
    report: Callable[[Tree, Dataset, Dataset, Any, np.random.Generator], dict[str, Number]]
    pictures: Callable[[Tree, Dataset, Dataset, Any, np.random.Generator], dict[str, Figure]]


def facts(data: Dataset) -> Facts:
    """What the data say of themselves."""
    classes = None if data.labels is None else len(np.unique(data.labels))
    return Facts(data.x.shape[1], data.shape, data.levels, classes)


def split(data: Dataset) -> tuple[Dataset, Dataset]:
    """The rows to train on, and the held-out ones: 0, 5, 10, ... ValueError if there are fewer than two."""
    if len(data.x) < 2:
        raise ValueError(f"got {len(data.x)} row, wanted at least 2, for one is held out")
    held_out = np.arange(len(data.x)) % HELD_OUT == 0
    return _rows(data, ~held_out), _rows(data, held_out)


def grey(data: Dataset, unit: float = 1.0, remedy: str = "") -> Dataset:
    """Values in [0, 1] if they are whole numbers up to a known largest; else the data as they are.

    ValueError if these are more than FAR times the unit of the model: a network that begins with numbers of that size
    gives squares and exponentials without meaning.
    """
    if data.levels is not None:
        return data._replace(x=data.x / data.levels)
    low, high = data.x.min(0), data.x.max(0)
    worst = int(np.maximum(-low, high).argmax())
    if max(-low[worst], high[worst]) > FAR * unit:
        raise ValueError(f"got columns that span {low.min():.4g} to {high.max():.4g}, the widest number {worst}, "
                         f"wanted at most {FAR * unit:.3g} in size; --standardise{remedy}")
    return data


def standardised(data: Dataset) -> tuple[Dataset, Array, Array]:
    """The data in units of the training rows, with their means and standard deviations (d,); 1 for a constant column.

    ValueError if the squares of the data overflow.
    """
    rows = split(data)[0].x
    with np.errstate(over="ignore", invalid="ignore"):
        centre, scale = rows.mean(0), rows.std(0)
    if not np.isfinite(scale).all():
        raise ValueError(f"got numbers up to {np.abs(rows).max():.3g}, wanted ones whose squares do not overflow")
    scale = np.where(scale > 0, scale, 1.0)
    return data._replace(x=(data.x - centre) / scale, levels=None), centre, scale


def mean(each: Array) -> Number:
    """The mean of independent numbers with its standard error, which one number alone has not."""
    each = np.asarray(each, np.float64)
    return float(each.mean()), float(each.std(ddof=1) / np.sqrt(len(each))) if len(each) > 1 else None


def _rows(data: Dataset, chosen: Array) -> Dataset:
    return data._replace(x=data.x[chosen], labels=None if data.labels is None else data.labels[chosen])
