"""A run of a recipe: train, keep what is needed to go on, and write what was found into a folder."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from refvae import checkpoint, files, trees
from refvae.checkpoint import CheckpointError, Saved
from refvae.data.readers import Dataset
from refvae.fit import State, fit
from refvae.models.recipe import MODELS, Recipe, all_facts, first_parameters, story, told
from refvae.models.record import Facts, Number, split
from refvae.models.trained import TRAINED, Trained
from refvae.models.watch import Keeper, Watch
from refvae.optim import Optimiser
from refvae.trees import Array, Tree

CHECKPOINT, HISTORY, REPORT = "checkpoint.npz", "history.csv", "report.csv"
TRAINING, REPORTING, DRAWING = range(3)  # each stage has random numbers of its own


class Outcome(NamedTuple):
    """The model, the numbers on held-out rows, and the files written."""

    trained: Trained
    report: dict[str, Number]
    files: list[Path]


class _Losses(NamedTuple):
    """After every epoch: its number of steps, its mean loss (epochs,), and what was watched (epochs, width)."""

    steps: Array
    training: Array
    watched: Array


def train(recipe: Recipe, data: Dataset, out: Path, saved: Saved | None = None,
          progress: bool | None = None) -> Outcome:
    """Train from the start, or on from what was saved, and write checkpoint, model, history, numbers and pictures.

    data   as `record.ready` gives them
    out    a folder that exists; all that is in it afterwards is a function of the recipe and the data

    However it ends, by an interrupt too, the state after the last whole epoch is in the checkpoint. Raises OSError if
    the folder takes no file, CheckpointError for a state of other parameters, FloatingPointError as `fit` does.
    """
    model, known = MODELS[recipe.model], all_facts(recipe, data)
    rows, held_out = split(data._replace(x=data.x.astype(recipe.dtype)))
    p, losses = _fit(recipe, rows, held_out, known, out / CHECKPOINT, saved, progress)
    trained = Trained(model, model.finish(p, rows, recipe.settings), recipe.settings, known, recipe)
    checkpoint.save(out / TRAINED, story(recipe, known), p=trained.p)
    _write_history(out / HISTORY, recipe, losses)
    report = model.report(trained.fitted, rows, held_out, _rng(recipe, REPORTING))
    recipe_rows = ((f"recipe: {name}", text, None) for name, text in told(recipe, known))
    _table(out / REPORT, ("quantity", "value", "standard error"),
           [*((name, *number) for name, number in report.items()), *recipe_rows])
    pictures = _draw(trained, rows, held_out, losses)
    for name, figure in pictures.items():
        import_module("refvae.figures").save(figure, out / f"{name}.svg")
    names = [TRAINED, HISTORY, REPORT, CHECKPOINT, *(f"{name}.svg" for name in pictures)]
    return Outcome(trained, report, [out / name for name in names])


def _fit(recipe: Recipe, rows: Dataset, held_out: Dataset, known: Facts, path: Path, saved: Saved | None,
         progress: bool | None) -> tuple[Tree, _Losses]:
    model, settings, rng = MODELS[recipe.model], recipe.settings, _rng(recipe, TRAINING)
    p, watch = first_parameters(recipe, known, rng), Watch(recipe, known, held_out)
    optimiser = model.optimiser(p, recipe.lr, settings)
    state = None if saved is None else _state(saved, p, optimiser)
    keeper = Keeper(path, story(recipe, known), watch, [] if saved is None else saved.tree(
        "watched", np.zeros((saved.meta["epochs"], watch.width))))
    try:
        found = fit(model.objective(known, settings), p, np.arange(len(rows.x)), steps=recipe.steps,
                    batch=recipe.batch, rng=rng, optimiser=optimiser, draw=model.draw(rows, settings), state=state,
                    save=keeper, renew=model.renew(rows, settings), progress=progress, unit=model.unit)
    finally:
        keeper.write()
    taken = np.arange(1, len(found.history) + 1) * -(-len(rows.x) // recipe.batch)
    return found.p, _Losses(np.minimum(taken, recipe.steps), found.history, keeper.look(found.p, len(found.history)))


def _state(saved: Saved, p: Tree, optimiser: Optimiser) -> State:
    """The state that a keeper wrote."""
    if missing := {"generator", "step", "epochs"} - set(saved.meta):
        raise CheckpointError(f"{saved.path}: got no {', '.join(sorted(missing))}, wanted the checkpoint of a run")
    memory = saved.tree("memory", optimiser.init(trees.flatten(p).vector))
    return State(saved.tree("p", p), memory, saved.meta["generator"], saved.meta["step"],
                 saved.tree("history", np.zeros(saved.meta["epochs"])))


def _rng(recipe: Recipe, stage: int) -> np.random.Generator:
    return np.random.default_rng((recipe.seed, stage))


# What is written


def _write_history(path: Path, recipe: Recipe, losses: _Losses) -> None:
    model = MODELS[recipe.model]
    header = ("epoch", "step", f"loss in {model.unit}", f"held-out loss in {model.unit}",
              *(f"held-out loss of {side}" for side in model.sides))
    cells = [[None if np.isnan(loss) else float(loss) for loss in row] for row in losses.watched]
    _table(path, header, ((epoch, taken, float(loss), *seen) for epoch, (taken, loss, seen) in
                          enumerate(zip(losses.steps, losses.training, cells, strict=True), 1)))


def _draw(trained: Trained, rows: Dataset, held_out: Dataset, losses: _Losses) -> dict[str, Any]:
    found: dict[str, Any] = import_module("refvae.models.gallery").pictures(
        trained, rows, held_out, _rng(trained.recipe, DRAWING))
    named = dict(zip(("held out", *trained.model.sides), losses.watched.T, strict=True))
    found["loss"] = import_module("refvae.models.pictures").curves(
        losses.steps, {"training": losses.training, **named}, trained.model.unit)
    return found


def _table(path: Path, header: Iterable[str], lines: Iterable[Iterable[Any]]) -> None:
    """Write a CSV file; a number that is not there is an empty cell."""
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *lines])
    files.write(path, text.getvalue())
