"""A trained model in use: it takes data as they stand in a file, and prepares them as they were for its training."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from refvae import checkpoint, trees
from refvae.checkpoint import CheckpointError
from refvae.data.readers import Dataset
from refvae.inputs import generator, matrix, whole
from refvae.models.recipe import MODELS, Recipe, first_parameters, read_story
from refvae.models.record import BEYOND, Facts, Fitted, Model
from refvae.trees import Array, Tree

TRAINED = "model.npz"
VERBS = {"encode": "codes", "decode": "a decoder", "sample": "a law to draw from", "cost": "a cost per row"}
FEW = 8  # grey levels from which an image of zeros and ones is one that somebody has scaled


class Trained(NamedTuple):
    """A model with its parameters, its settings, the facts of the data that it was trained on, and the recipe.

    All of `encode`, `decode`, `reconstruct`, `sample` and `score` take and give rows in the units of the data,
    computed in float64; ValueError for what the model does not have, or for data that cannot be prepared.
    """

    model: Model
    p: Tree
    settings: Any
    facts: Facts
    recipe: Recipe

    def encode(self, x: Any) -> Array:
        """Codes, of a VAE or VIB their means; of a VQ-VAE whole numbers.   x: (n, d) or images -> (n, k)"""
        codes: Array = self._has("encode")(self.fitted, self.prepared(x))
        return codes

    def decode(self, z: Any) -> Array:
        """What the decoder makes of codes: rows, means of rows, or log q(y|z) of the classes.   z: (n, k) -> (n, d)

        Where pixels were split at half grey it is the probability of ink.
        """
        decode = self._has("decode")
        out: Array = decode(self.fitted, self._codes(z))
        return self.restored(out) if self.model.decodes == "rows" else out

    def reconstruct(self, x: Any) -> Array:
        """What comes back of rows.   x: (n, d) or images -> (n, d)"""
        return self.decode(self.encode(x))

    def sample(self, n: int, rng: np.random.Generator | int) -> Array:
        """Rows drawn from the model.   -> (n, d)"""
        draw = self._has("sample")
        return self.restored(draw(self.fitted, whole(n, "n"), generator(rng)))

    def score(self, x: Any, labels: Any = None, rng: np.random.Generator | int = 0) -> Array:
        """A number per row, which `scored` names: a bound on log p, a squared error, a cost in nats.   -> (n,)

        labels  of the rows, as they stand in the file, where the model has classes
        rng     for the models that draw noise
        """
        cost = self._has("cost")
        rows = self.prepared(x)
        found: Array = cost(self.fitted, rows, None if labels is None else self._labels(labels, len(rows)),
                            generator(rng))
        return found

    @property
    def scored(self) -> str:
        """What `score` gives, and in which unit."""
        return self.model.costs(self.settings)

    @property
    def fitted(self) -> Fitted:
        """What the functions of the model take, in float64."""
        p = trees.map(lambda leaf: leaf.astype(np.float64) if leaf.dtype.kind == "f" else leaf, self.p)
        return Fitted(p, self.settings, self.facts)

    # Data

    def prepared(self, x: Any) -> Array:
        """Rows as the model takes them.   x: (n, d), or images (n, rows, cols) or (n, rows, cols, 1) -> (n, d)"""
        x = matrix(_flat(x, self.facts.shape), "x")
        if x.shape[1] != self.facts.d:
            raise ValueError(f"x: got {x.shape[1]} columns, wanted {self.facts.d}, as in training")
        if self.recipe.centre:
            x = (x - self.recipe.centre) / self.recipe.unit
        if self.facts.levels is None:
            self._check_range(x)
        else:
            self._check_levels(x, self.facts.levels)
        return self.model.prepare(Dataset(x, None, self.facts.shape, self.facts.levels), self.settings).x

    def restored(self, rows: Array) -> Array:
        """Prepared rows in the units of the data; a probability stays one.   (n, d) -> (n, d)"""
        if self.recipe.centre:
            return np.asarray(rows * self.recipe.unit + self.recipe.centre)
        return rows if self.model.binary(self.settings) else rows * (self.facts.levels or 1)

    def _check_levels(self, x: Array, levels: int) -> None:
        bad = np.argwhere((x != np.round(x)) | (x < 0) | (x > levels))
        if len(bad):
            i, j = map(int, bad[0])
            raise ValueError(f"x: got {x[i, j]:.6g} at ({i}, {j}), wanted grey values 0, 1, ..., {levels}, as in "
                             "training")
        if self.facts.shape is not None and levels >= FEW and x.max() == 1:
            raise ValueError(f"x: got nothing above 1, wanted grey values up to {levels}, as in training")

    def _check_range(self, rows: Array) -> None:
        low, high = self.facts.low, self.facts.high
        far = BEYOND * (high - low) if high > low else np.inf
        bad = np.argwhere((rows < low - far) | (rows > high + far))
        if len(bad):
            i, j = map(int, bad[0])
            unit = "standard deviations from the mean" if self.recipe.centre else "in size"
            raise ValueError(f"x: got {rows[i, j]:.6g} {unit} at ({i}, {j}), wanted about {low:.6g} to {high:.6g}, as "
                             "in training: is it in other units?")

    def _codes(self, given: Any) -> Array:
        z: Array = matrix(given, "z")
        k = self.settings.places if self.model.codes == "whole" else self.settings.latent
        if z.shape[1] != k:
            raise ValueError(f"z: got {z.shape[1]} columns, wanted {k} numbers per code")
        if self.model.codes == "real":
            return z
        if not (z == np.round(z)).all():
            raise ValueError("z: got numbers that are not whole, wanted those of codes")
        return np.asarray(z, np.int64)

    def _labels(self, labels: Any, n: int) -> Array:
        given, known = np.asarray(labels), list(self.facts.labels)
        if given.shape != (n,):
            raise ValueError(f"labels: got shape {given.shape}, wanted ({n},), one per row")
        words = [str(int(each)) if given.dtype.kind == "f" and each == int(each) else str(each) for each in given]
        if strange := [word for word in words if word not in known]:
            raise ValueError(f"labels: got {strange[0]!r}, wanted those of training: {', '.join(known)}")
        return np.array([known.index(word) for word in words])

    def _has(self, name: str) -> Any:
        found = getattr(self.model, name)
        if found is None:
            others = [each for each, model in MODELS.items() if getattr(model, name) is not None]
            raise ValueError(f"model: got {self.recipe.model}, wanted one with {VERBS[name]}: {', '.join(others)}")
        return found


def load(path: str | PathLike[str]) -> Trained:
    """The trained model of a run: its folder, or the `model.npz` in it; CheckpointError if it is none or damaged."""
    path = Path(path)
    saved = checkpoint.load(path / TRAINED if path.is_dir() else path)
    recipe, facts = read_story(saved)
    if "step" in saved.meta:
        raise CheckpointError(f"{saved.path}: got the checkpoint of a run, wanted its {TRAINED}")
    model = MODELS[recipe.model]
    p = saved.tree("p", model.finished(first_parameters(recipe, facts, 0), facts, recipe.settings))
    return Trained(model, p, recipe.settings, facts, recipe)


def _flat(x: Any, shape: tuple[int, int] | None) -> Any:
    """Images as rows."""
    size = np.shape(x) if isinstance(x, np.ndarray) else ()
    if len(size) == 4 and size[3] == 1:
        size = size[:3]
    if len(size) != 3 or size[0] == 0:
        return x
    if size[1:] != shape:
        wanted = "(n, d)" if shape is None else f"(n, {shape[0]}, {shape[1]})"
        raise ValueError(f"x: got images {size}, wanted {wanted}, as in training")
    return x.reshape(size[0], -1)
