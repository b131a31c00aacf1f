"""What a run depends on, how it is told, and how it is kept with a model."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np

from refvae import __version__, trees
from refvae.checkpoint import CheckpointError, Saved
from refvae.data.readers import Dataset, Grey
from refvae.data.text import Header
from refvae.models import adversarial, ae, dae, eae, vae, vib, vqvae
from refvae.models.record import HELD_OUT, Facts, Model, facts
from refvae.trees import Tree

MODELS: dict[str, Model] = {"ae": ae.MODEL, "vae": vae.MODEL, "vib": vib.MODEL, "dae": dae.MODEL, "eae": eae.MODEL,
                            "gan": adversarial.GAN, "aae": adversarial.AAE, "ali": adversarial.ALI,
                            "vqvae": vqvae.MODEL}
READING = ("label", "header", "drop_missing", "columns", "shape", "grey")  # settings of `refvae.data.read`
SHOWN = 8  # names in a line


class Recipe(NamedTuple):
    """What a run depends on: two runs of one recipe agree bit for bit on one machine.

    model, settings   a name in MODELS, and its options
    data, sha256      where the data came from, and their `fingerprint`
    seed, steps, batch, lr, dtype   of the training; dtype is that of parameters and data
    centre, unit    what was taken out of every column of the data, and its unit; empty if they were not standardised
    label, header, drop_missing, columns, shape, grey   how the data are read, as in `refvae.data.read`
    set_aside       how many of the last rows the file itself sets aside for a test
    """

    model: str
    settings: Any
    data: str
    sha256: str
    seed: int
    steps: int
    batch: int
    lr: float
    dtype: str
    centre: tuple[float, ...] = ()
    unit: tuple[float, ...] = ()
    label: str = "auto"
    header: Header = "auto"
    drop_missing: bool = False
    columns: str | None = None
    shape: tuple[int, int] | None = None
    grey: Grey = "auto"
    set_aside: int = 0

    @property
    def reading(self) -> dict[str, Any]:
        """The settings of `refvae.data.read`."""
        return {name: getattr(self, name) for name in READING}


def told(recipe: Recipe, found: Facts) -> Iterator[tuple[str, str]]:
    """How data are prepared, a name and a sentence each."""
    names = found.columns if len(found.columns) <= SHOWN else (*found.columns[:SHOWN], "...")
    yield "columns", f"{found.d}: {', '.join(names)}" if names else str(found.d)
    if found.shape is not None:
        yield "shape", f"images of {found.shape[0]} x {found.shape[1]}"
    if found.classes is not None:
        known = found.labels if len(found.labels) <= SHOWN else (*found.labels[:SHOWN], "...")
        yield "labels", f"{found.classes}: {', '.join(known)}" if known else str(found.classes)
    scaling = "none" if found.levels is None else f"grey values, divided by {found.levels}"
    yield "scaling", "mean 0 and variance 1 of every column on the training rows" if recipe.centre else scaling
    if MODELS[recipe.model].binary(recipe.settings):
        yield "threshold", "above one half is 1, else 0"
    if hasattr(recipe.settings, "likelihood"):
        yield "likelihood", recipe.settings.likelihood
    every = f"rows 0, {HELD_OUT}, {2 * HELD_OUT}, ..."
    yield "held out", f"the last {recipe.set_aside} rows" if recipe.set_aside else every


def all_facts(recipe: Recipe, data: Dataset) -> Facts:
    """The facts of prepared data, with the ink of their pictures: grey values by the largest, others by their range."""
    found = facts(data)
    if MODELS[recipe.model].binary(recipe.settings):
        return found
    if found.levels is not None:
        return found._replace(ink=(0.0, float(found.levels)))
    x = data.x * recipe.unit + recipe.centre if recipe.centre else data.x
    low, high = float(x.min()), float(x.max())
    return found if low >= 0 and high <= 1 else found._replace(ink=(low, high))


def first_parameters(recipe: Recipe, facts: Facts, rng: np.random.Generator | int) -> Tree:
    """The parameters before the first step."""
    p = MODELS[recipe.model].init(facts, recipe.settings, np.random.default_rng(rng))
    return trees.map(lambda leaf: leaf.astype(recipe.dtype), p)


def fingerprint(data: Dataset) -> str:
    """SHA-256 of rows, labels, shape of the images, grey levels and rows set aside, in hexadecimal."""
    digest = hashlib.sha256(repr((data.x.shape, data.shape, data.levels, data.labels is None, data.test)).encode())
    digest.update(np.ascontiguousarray(data.x).data)
    digest.update(b"" if data.labels is None else np.ascontiguousarray(data.labels).data)
    return digest.hexdigest()


def story(recipe: Recipe, facts: Facts) -> dict[str, Any]:
    """Recipe and facts as JSON, for a checkpoint."""
    return {**recipe._asdict(), "settings": asdict(recipe.settings), "facts": facts._asdict(), "version": __version__}


def read_story(saved: Saved) -> tuple[Recipe, Facts]:
    """The recipe and the facts of a checkpoint; CheckpointError if it has none, or of a model that is not here."""
    meta = saved.meta
    if meta.get("model") not in MODELS:
        raise CheckpointError(f"{saved.path}: got the model {meta.get('model')!r}, wanted one of {', '.join(MODELS)}")
    try:
        settings = MODELS[meta["model"]].Settings(**_tuples(meta["settings"]))
        known = _tuples({name: meta[name] for name in Recipe._fields})
        recipe = Recipe(**known | {"settings": settings})
        return recipe, Facts(**_tuples(meta["facts"]))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{saved.path}: got a recipe that this version does not know ({error!r}), wanted one of "
                              f"version {__version__}") from error


def _tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    """JSON has lists for tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
