"""A run of a recipe: train, keep what is needed to go on, and write what was found into a folder."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterable, Mapping
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from refvae import checkpoint, files, trees
from refvae.checkpoint import CheckpointError, Saved
from refvae.data.readers import Dataset
from refvae.fit import Fit, State, fit
from refvae.models import MODELS, Recipe, first_parameters, story
from refvae.models.record import Facts, Number, facts, split
from refvae.optim import Adam
from refvae.trees import Tree

CHECKPOINT, TRAINED, HISTORY, REPORT = "checkpoint.npz", "model.npz", "history.csv", "report.csv"
EVERY = 10.0  # seconds between checkpoints
TRAINING, REPORTING, DRAWING = range(3)  # each stage has random numbers of its own


class Outcome(NamedTuple):
    """The numbers on held-out rows, and the files written."""

    report: dict[str, Number]
    files: list[Path]


class Keeper:
    """Writes the state of a run: the first one at once, then every EVERY seconds, and the latest when asked."""

    def __init__(self, path: Path, meta: Mapping[str, Any]) -> None:
        self.path, self.meta, self.written = path, meta, -np.inf
        self.latest: State | None = None

    def __call__(self, state: State) -> None:
        """Take note of the state."""
        self.latest = state
        if time.monotonic() - self.written > EVERY:
            self.write()

    def write(self) -> None:
        """Write the latest state, if there is one that is not yet written."""
        if (state := self.latest) is not None:
            meta = {**self.meta, "generator": state.generator, "step": state.step, "epochs": len(state.history)}
            checkpoint.save(self.path, meta, p=state.p, memory=state.memory, history=state.history)
            self.latest, self.written = None, time.monotonic()


def train(recipe: Recipe, data: Dataset, out: Path, saved: Saved | None = None,
          progress: bool | None = None) -> Outcome:
    """Train from the start, or on from what was saved, and write checkpoint, model, history, numbers and pictures.

    data   as the model's `prepare` gives them
    out    a folder that exists; all that is in it afterwards is a function of the recipe and the data

    However it ends, by an interrupt too, the state after the last whole epoch is in the checkpoint. Raises OSError if
    the folder takes no file, CheckpointError for a state of other parameters, FloatingPointError as `fit` does.
    """
    model, known = MODELS[recipe.model], facts(data)
    rows, held_out = split(data._replace(x=data.x.astype(recipe.dtype)))
    found = _fit(recipe, rows, known, Keeper(out / CHECKPOINT, story(recipe, known)), saved, progress)
    checkpoint.save(out / TRAINED, story(recipe, known), p=found.p)
    taken = np.minimum(np.arange(1, len(found.history) + 1) * -(-len(rows.x) // recipe.batch), recipe.steps)
    _table(out / HISTORY, ("epoch", "step", f"loss in {model.unit}"),
           zip(range(1, len(taken) + 1), taken, map(float, found.history), strict=True))
    report = model.report(found.p, rows, held_out, recipe.settings, _rng(recipe, REPORTING))
    _table(out / REPORT, ("quantity", "value", "standard error"), ((name, *number) for name, number in report.items()))
    pictures = model.pictures(found.p, rows, held_out, recipe.settings, _rng(recipe, DRAWING))
    pictures["loss"] = import_module("refvae.models.pictures").curve(taken, found.history, model.unit)
    for name, figure in pictures.items():
        import_module("refvae.figures").save(figure, out / f"{name}.svg")
    names = [TRAINED, HISTORY, REPORT, CHECKPOINT, *(f"{name}.svg" for name in pictures)]
    return Outcome(report, [out / name for name in names])


def _fit(recipe: Recipe, rows: Dataset, known: Facts, keeper: Keeper, saved: Saved | None,
         progress: bool | None) -> Fit:
    model, rng, optimiser = MODELS[recipe.model], _rng(recipe, TRAINING), Adam(recipe.lr)
    p = first_parameters(recipe, known, rng)
    state = None if saved is None else _state(saved, p, optimiser)
    try:
        return fit(model.objective(known, recipe.settings), p, np.arange(len(rows.x)), steps=recipe.steps,
                   batch=recipe.batch, rng=rng, optimiser=optimiser, draw=model.draw(rows, recipe.settings),
                   state=state, save=keeper, progress=progress, unit=model.unit)
    finally:
        keeper.write()


def _state(saved: Saved, p: Tree, optimiser: Adam) -> State:
    """The state that a keeper wrote."""
    if missing := {"generator", "step", "epochs"} - set(saved.meta):
        raise CheckpointError(f"{saved.path}: got no {', '.join(sorted(missing))}, wanted the checkpoint of a run")
    memory = saved.tree("memory", optimiser.init(trees.flatten(p).vector))
    return State(saved.tree("p", p), memory, saved.meta["generator"], saved.meta["step"],
                 saved.tree("history", np.zeros(saved.meta["epochs"])))


def _rng(recipe: Recipe, stage: int) -> np.random.Generator:
    return np.random.default_rng((recipe.seed, stage))


def _table(path: Path, header: Iterable[str], lines: Iterable[Iterable[Any]]) -> None:
    """Write a CSV file; a number that is not there is an empty cell."""
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *lines])
    files.write(path, text.getvalue())
