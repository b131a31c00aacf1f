"""Models to train, in one table; each is a record of functions in a module of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from os import PathLike
from typing import Any, NamedTuple

import numpy as np

from refvae import __version__, checkpoint, trees
from refvae.checkpoint import CheckpointError, Saved
from refvae.data.readers import Dataset
from refvae.data.text import Header
from refvae.models import adversarial, ae, dae, eae, vae, vib, vqvae
from refvae.models.record import Facts, Model
from refvae.trees import Tree

MODELS: dict[str, Model] = {"ae": ae.MODEL, "vae": vae.MODEL, "vib": vib.MODEL, "dae": dae.MODEL, "eae": eae.MODEL,
                            "gan": adversarial.GAN, "aae": adversarial.AAE, "ali": adversarial.ALI,
                            "vqvae": vqvae.MODEL}


class Recipe(NamedTuple):
    """What a run depends on: two runs of one recipe agree bit for bit on one machine.

    model, settings   a name in MODELS, and its options
    data, sha256      where the data came from, and their `fingerprint`
    seed, steps, batch, lr, dtype   of the training; dtype is that of parameters and data
    centre, unit    what was taken out of every column of the data, and its unit; empty if they were not standardised
    label, header, drop_missing   how the data are read, as in `refvae.data.read`
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


class Trained(NamedTuple):
    """A model with its parameters, its settings, and the facts of the data that it was trained on.

    Of standardised data it takes (x - centre) / unit; both are empty if they were not.
    """

    model: Model
    p: Tree
    settings: Any
    facts: Facts
    centre: tuple[float, ...]
    unit: tuple[float, ...]


def load(path: str | PathLike[str]) -> Trained:
    """The trained model of a `model.npz` or `checkpoint.npz`; CheckpointError if the file is none or damaged."""
    saved = checkpoint.load(path)
    recipe, facts = read_story(saved)
    p = saved.tree("p", first_parameters(recipe, facts, 0))
    return Trained(MODELS[recipe.model], p, recipe.settings, facts, recipe.centre, recipe.unit)


def first_parameters(recipe: Recipe, facts: Facts, rng: np.random.Generator | int) -> Tree:
    """The parameters before the first step."""
    p = MODELS[recipe.model].init(facts, recipe.settings, np.random.default_rng(rng))
    return trees.map(lambda leaf: leaf.astype(recipe.dtype), p)


def fingerprint(data: Dataset) -> str:
    """SHA-256 of rows, labels, shape of the images and grey levels, in hexadecimal."""
    digest = hashlib.sha256(repr((data.x.shape, data.shape, data.levels, data.labels is None)).encode())
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
