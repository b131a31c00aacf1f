"""What the trainer and the user of a model ask of it: a record of functions, and what they say to each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from refvae.data.readers import Dataset
from refvae.fit import Draw, Objective, Renew
from refvae.inputs import whole
from refvae.optim import Adam, Optimiser
from refvae.trees import Array, Tree

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Number = tuple[float, float | None]  # a value, and its standard error if it has one
HELD_OUT = 5  # every fifth row is for the report only, unless the file sets others aside
FAR = 100.0  # units of the model that data may be away from 0
BEYOND = 3.0  # ranges of the training rows that later rows may lie beyond


class Facts(NamedTuple):
    """What a model knows of its data.

    d          columns
    shape      (rows, cols) of images or None
    levels     the largest grey value, if these are integers, or None
    classes    the number of different labels, or None
    columns    their names, or empty
    labels     what the labels 0, 1, ... are called, or empty
    rows       how many there are to train on
    low, high  least and largest number of these, prepared
    ink        what is white and what is black in a picture, in the units of the data
    """

    d: int
    shape: tuple[int, int] | None
    levels: int | None
    classes: int | None
    columns: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    rows: int = 0
    low: float = -np.inf
    high: float = np.inf
    ink: tuple[float, float] = (0.0, 1.0)


class Fitted(NamedTuple):
    """A model after training, as its own functions take it: parameters, settings, and facts of the data."""

    p: Tree
    settings: Any
    facts: Facts


@dataclass(frozen=True)
class Model:
    """A model to train and to use; everything random comes from a generator that is an argument.

    summary    one line
    unit       of the loss: "nats", or what else it is counted in
    Settings   frozen dataclass: the model's own options with defaults, and metadata {"help": ...}; ValueError or
               TypeError, beginning with the name of the option, for values that make no sense
    steps, batch, lr   what is good for the digits
    prepare    (dataset, settings) -> dataset as the model takes it; ValueError for data that it cannot take
    init       (facts, settings, rng) -> parameters p
    objective  (facts, settings) -> layer (p, *args) -> (loss, pull)
    draw       (dataset, settings) -> draw(rng, rows), which makes the args of a step from the numbers of its rows
    report     (fitted, train, test, rng) -> {name: number} on the held-out rows of `test`

    In use, all of prepared rows (n, d); None where the model has no such thing:

    encode     (fitted, x) -> codes (n, k); whole numbers if `codes` says so
    decode     (fitted, codes) -> rows, or what `decodes` says
    sample     (fitted, n, rng) -> rows drawn from the model
    cost       (fitted, x, labels, rng) -> a number per row, which `costs` names for these settings
    pictures   (fitted, train, test, rng) -> {name: figure}, beside those that all models have

    And where a model is not like the others:

    check      (dataset, settings): ValueError for data that it can take, but not be trained on
    binary     settings -> whether rows are black or white, so that what is decoded is a probability
    optimiser  (p, lr, settings) -> optimiser
    renew      (train, settings) -> renew of `refvae.fit.fit`, or None
    parts      (p, settings, *args) -> losses of the sides of a game, which `sides` names
    finish     (p, train, settings) -> parameters for use, and `finished` (p, facts, settings) -> arrays like them
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
    report: Callable[[Fitted, Dataset, Dataset, np.random.Generator], dict[str, Number]]
    encode: Callable[[Fitted, Array], Array] | None = None
    decode: Callable[[Fitted, Array], Array] | None = None
    sample: Callable[[Fitted, int, np.random.Generator], Array] | None = None
    cost: Callable[[Fitted, Array, Array | None, np.random.Generator], Array] | None = None
    costs: Callable[[Any], str] = lambda settings: "squared error"
    codes: Literal["real", "whole"] = "real"
    decodes: Literal["rows", "classes"] = "rows"
    pictures: Callable[[Fitted, Dataset, Dataset, np.random.Generator], dict[str, Figure]] = lambda *_: {}
    check: Callable[[Dataset, Any], None] = lambda data, settings: None
    binary: Callable[[Any], bool] = lambda settings: False
    optimiser: Callable[[Tree, float, Any], Optimiser] = lambda p, lr, settings: Adam(lr)
    renew: Callable[[Dataset, Any], Renew | None] = lambda train, settings: None
    parts: Callable[..., tuple[Any, ...]] = lambda p, settings, *args: ()
    sides: tuple[str, ...] = ()
    finish: Callable[[Tree, Dataset, Any], Tree] = lambda p, train, settings: p
    finished: Callable[[Tree, Facts, Any], Tree] = lambda p, facts, settings: p


def check_sizes(settings: Any, *names: str) -> None:
    """Raise TypeError or ValueError unless these settings, and every hidden layer, are whole numbers above 0."""
    for name in names:
        whole(getattr(settings, name), name)
    for units in settings.hidden:
        whole(units, "hidden")


def check_weights(settings: Any, *names: str) -> None:
    """Raise ValueError unless these settings are numbers of at least 0."""
    for name in names:
        if not 0 <= getattr(settings, name) < np.inf:
            raise ValueError(f"{name}: got {getattr(settings, name)}, wanted a weight of at least 0")


# Data


def ready(data: Dataset, model: Model, settings: Any) -> Dataset:
    """The data as the model is trained on them, with labels 0, 1, ...; ValueError for data that it cannot take."""
    numbered = _numbered(data)
    model.check(numbered, settings)
    return model.prepare(numbered, settings)


def _numbered(data: Dataset) -> Dataset:
    if data.labels is None:
        return data
    values, numbers = np.unique(data.labels, return_inverse=True)
    words = tuple(data.classes[value] if data.classes else str(value) for value in values)
    return data._replace(labels=numbers.astype(np.int64), classes=words)


def facts(data: Dataset) -> Facts:
    """What prepared data say of themselves."""
    classes, rows = None if data.labels is None else len(np.unique(data.labels)), split(data)[0].x
    return Facts(data.x.shape[1], data.shape, data.levels, classes, data.columns, data.classes, len(rows),
                 float(rows.min()), float(rows.max()))


def split(data: Dataset) -> tuple[Dataset, Dataset]:
    """The rows to train on, and the held-out ones: those that the file sets aside, or 0, 5, 10, ...

    ValueError if there are fewer than two rows.
    """
    if len(data.x) < 2:
        raise ValueError(f"got {len(data.x)} row, wanted at least 2, for one is held out")
    places = np.arange(len(data.x))
    held_out = places >= len(places) - data.test if data.test else places % HELD_OUT == 0
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
        called = f"called {data.columns[worst]!r}" if data.columns else f"number {worst}"
        raise ValueError(f"got columns that span {low.min():.4g} to {high.max():.4g}, the widest {called}, "
                         f"wanted at most {FAR * unit:.3g} in size; --standardise{remedy}")
    return data


def scaled(data: Dataset, settings: Any) -> Dataset:
    """Whole numbers that are grey values are scaled to [0, 1]; other data are taken as they are: `grey`."""
    return grey(data)


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


def _rows(data: Dataset, chosen: Array) -> Dataset:
    return data._replace(x=data.x[chosen], labels=None if data.labels is None else data.labels[chosen], test=0)


# Numbers


def mean(each: Array) -> Number:
    """The mean of independent numbers with its standard error, which one number alone has not."""
    each = np.asarray(each, np.float64)
    return float(each.mean()), float(each.std(ddof=1) / np.sqrt(len(each))) if len(each) > 1 else None


def compared(name: str, each: Array, rivals: Mapping[str, Array], theirs: str = "") -> dict[str, Number]:
    """Means over the same rows of a model and of its rivals, and of the differences, whose error is their own."""
    found = {name: mean(each)}
    for rival, other in rivals.items():
        found[f"{theirs or name} of {rival}"] = mean(other)
        found[f"{name}, less that of {rival}"] = mean(np.asarray(each, np.float64) - other)
    return found
