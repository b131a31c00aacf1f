"""What is watched while a run is under way: losses on held-out rows after every epoch, and its latest state."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from refvae import checkpoint
from refvae.data.readers import Dataset
from refvae.fit import State
from refvae.models.recipe import MODELS, Recipe
from refvae.models.record import Facts
from refvae.trees import Array, Tree

EVERY = 10.0  # seconds between checkpoints
WATCHING = 3  # the stage of its random numbers


class Watch:
    """Losses on held-out rows: of the objective and, of a game, of both its sides."""

    def __init__(self, recipe: Recipe, known: Facts, held_out: Dataset) -> None:
        self.model, self.recipe, self.rows = MODELS[recipe.model], recipe, np.arange(len(held_out.x))
        self.objective = self.model.objective(known, recipe.settings)
        self.draw = self.model.draw(held_out, recipe.settings)

    @property
    def width(self) -> int:
        """How many losses."""
        return 1 + len(self.model.sides)

    def __call__(self, p: Tree, epoch: int) -> Array:
        """Means over the held-out rows after that epoch, (width,); NaN where these have no such loss."""
        rng, total = np.random.default_rng((self.recipe.seed, WATCHING, epoch)), np.zeros(self.width)
        for start in range(0, len(self.rows), self.recipe.batch):
            rows = self.rows[start:start + self.recipe.batch]
            total += len(rows) * self._losses(p, rng, rows)
        return np.asarray(total / len(self.rows))

    def _losses(self, p: Tree, rng: np.random.Generator, rows: Array) -> Array:
        try:
            args = self.draw(rng, rows)
            sides = self.model.parts(p, self.recipe.settings, *args)
            return np.array([float(self.objective(p, *args)[0]), *map(float, sides)])
        except ValueError:  # codes that coincide, or too few rows for their neighbours
            return np.full(self.width, np.nan)


class Keeper:
    """Watches after every epoch, and writes the state of a run: the first at once, then every EVERY seconds, and when
    asked.

    watched   losses on held-out rows, one row (width,) an epoch
    """

    def __init__(self, path: Path, meta: Mapping[str, Any], watch: Watch, watched: Array) -> None:
        self.path, self.meta, self.watch, self.watched = path, meta, watch, list(watched)
        self.written = -np.inf
        self.latest: State | None = None

    def __call__(self, state: State) -> None:
        """Take note of the state."""
        self.look(state.p, len(state.history))
        self.latest = state
        if time.monotonic() - self.written > EVERY:
            self.write()

    def look(self, p: Tree, epochs: int) -> Array:
        """Watch, if that is not done after so many epochs; what was seen so far, (epochs, width)."""
        if epochs > len(self.watched):
            self.watched.append(self.watch(p, epochs))
        return np.reshape(self.watched, (epochs, self.watch.width))

    def write(self) -> None:
        """Write the latest state, if there is one that is not yet written."""
        if (state := self.latest) is not None:
            meta = {**self.meta, "generator": state.generator, "step": state.step, "epochs": len(state.history)}
            watched = np.reshape(self.watched[:len(state.history)], (len(state.history), self.watch.width))
            checkpoint.save(self.path, meta, p=state.p, memory=state.memory, history=state.history, watched=watched)
            self.latest, self.written = None, time.monotonic()
