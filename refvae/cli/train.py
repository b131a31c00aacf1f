"""`refvae train MODEL`: train a model, and write it, its history, its numbers and its pictures into a folder."""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import numpy as np

from refvae import checkpoint, files
from refvae.checkpoint import CheckpointError, Saved
from refvae.cli.reading import FORMATS, add_rows, integers, refused, say
from refvae.cli.select import BadInput
from refvae.data.readers import Dataset, dataset
from refvae.inputs import whole
from refvae.models import MODELS, Recipe, fingerprint, read_story, told
from refvae.models.record import Model, ready, split, standardised
from refvae.models.trained import TRAINED
from refvae.models.training import CHECKPOINT, Outcome, train
from refvae.optim import Adam

ABOUT = """{summary}.

The folder gets the model (model.npz), the loss of every epoch (history.csv), numbers on held-out
rows (report.csv: every fifth row is held out), pictures (*.svg), and what it takes to go on (checkpoint.npz).
The same seed gives the same files, byte for byte, on one machine, with interrupts or without."""
EXAMPLES = """examples:
  refvae train {name}
  refvae train {name} --data images.npz --seed 1 --out runs/mine
  refvae train {name} --out runs/mine --resume
  refvae train {name} --out runs/mine --resume --steps {more}
"""
DATA = f"digits, or a file: {FORMATS} (default digits)"
FREE = ("data", "steps")  # what may change when a run goes on


def add_to(commands: Any) -> None:
    """Add the subcommand, with one of its own for every model."""
    p = commands.add_parser("train", description="Train a model; its options: refvae train MODEL --help",
                            epilog=EXAMPLES.format(name="vae", more=20000),
                            formatter_class=argparse.RawDescriptionHelpFormatter)
    models = p.add_subparsers(dest="model", required=True, metavar="MODEL")
    for name, model in MODELS.items():
        one = models.add_parser(name, help=model.summary, description=ABOUT.format(summary=model.summary),
                                epilog=EXAMPLES.format(name=name, more=10 * model.steps),
                                argument_default=argparse.SUPPRESS,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
        _add_shared(one, name, model)
        _add_own(one.add_argument_group(f"options of {name}"), model)
        one.set_defaults(run=run)


def _add_shared(p: argparse.ArgumentParser, name: str, model: Model) -> None:
    p.add_argument("--data", metavar="FILE", help=DATA)
    add_rows(p)
    p.add_argument("--standardise", action="store_true", help="columns of mean 0 and variance 1 on the training rows")
    p.add_argument("--out", metavar="DIR", help=f"new folder for all that is written (default runs/{name}-seed0)")
    p.add_argument("--resume", action="store_true", help="go on with the run in DIR; only --steps may be another")
    p.add_argument("--seed", type=int, metavar="N", help="of all random numbers (default 0)")
    p.add_argument("--steps", type=int, metavar="N", help=f"length of the whole run (default {model.steps})")
    p.add_argument("--batch", type=int, metavar="N", help=f"rows in a step (default {model.batch}, or all)")
    p.add_argument("--lr", type=float, metavar="X", help=f"learning rate of Adam (default {model.lr:g})")
    p.add_argument("--dtype", choices=("float64", "float32"), help="of parameters and data (default float64)")


def _add_own(group: Any, model: Model) -> None:
    """An option for every field of the model's settings."""
    for field, hint in _own(model):
        hint = next((each for each in get_args(hint) if each is float), hint)  # of float | None
        kind: dict[str, Any] = {"type": hint, "metavar": "X" if hint is float else "N"}
        if get_origin(hint) is Literal:
            kind = {"choices": get_args(hint)}
        elif get_origin(hint) is tuple:
            kind = {"type": integers, "metavar": "N,N"}
        elif hint is bool:
            kind = {"action": argparse.BooleanOptionalAction}
        default = ",".join(map(str, field.default)) if isinstance(field.default, tuple) else field.default
        default = "none" if default is None else default
        group.add_argument(_option(field.name), help=f"{field.metadata['help']} (default {default})", **kind)


def run(arguments: argparse.Namespace) -> int:
    """Train and print the numbers and the files; the exit code is 0, 2 if the run fails, 130 if interrupted."""
    given = {name: value for name, value in vars(arguments).items()
             if name not in ("command", "model", "run", "max_bytes")}
    out = Path(given.pop("out", f"runs/{arguments.model}-seed{given.get('seed', 0)}"))
    saved = _saved(out) if given.pop("resume", False) else None
    recipe, data = _prepared(_recipe(arguments.model, given, saved, out), given)
    with claim_folder(out, saved is not None):
        return _run(recipe, data, out, saved)


def _run(recipe: Recipe, data: Dataset, out: Path, saved: Saved | None) -> int:
    try:
        with np.errstate(all="ignore"):  # what overflows is seen in the loss
            found = train(recipe, data, out, saved)
    except KeyboardInterrupt:
        if (out / CHECKPOINT).exists():
            print(f"refvae train: interrupted; go on with: refvae train {recipe.model} --out {shlex.quote(str(out))} "
                  "--resume", file=sys.stderr)
        return 130
    except CheckpointError as error:
        raise BadInput(f"--resume: {error}") from error
    except (ArithmeticError, MemoryError, TypeError, ValueError) as error:
        _take_back(out, saved is not None)
        raise BadInput(" ".join(f"training failed: {error}".split()) + _advice(error, data)) from error
    except OSError as error:
        raise BadInput(f"--out: got {out}, where a file cannot be written ({error.strerror})") from error
    print("\n".join([*_lines(found), *map(str, found.files)]))
    return 0


def _advice(error: Exception, data: Dataset) -> str:
    """What is to blame for a loss that is not finite: the data before the first step, the steps after it."""
    if not isinstance(error, FloatingPointError) and "NaN or infinite entries" not in str(error):
        return ""
    if "in epoch 0, step 0," not in str(error):
        return "; a smaller --lr may help"
    return (f"; no step is taken yet, so it is the scale of the data, which go from {data.x.min():.4g} to "
            f"{data.x.max():.4g}: --standardise")


# What is checked before any work


def _recipe(name: str, given: dict[str, Any], saved: Saved | None, out: Path) -> Recipe:
    """What is asked for: the defaults, or else what was saved, with what is given."""
    model = MODELS[name]
    if saved is None:
        base = Recipe(name, model.Settings(), "digits", "", 0, model.steps, model.batch, model.lr, "float64")
    else:
        with refused("--resume: "):
            base, _ = read_story(saved)
        _compare(base, name, {**given, "standardise": given.get("standardise", bool(base.centre))}, out)
    own = {field.name: given.get(field.name, getattr(base.settings, field.name)) for field, _ in _own(model)}
    with refused("--"):
        recipe = base._replace(settings=model.Settings(**own),
                               **{key: value for key, value in given.items() if key in Recipe._fields})
        whole(recipe.seed, "seed", least=0)
        whole(recipe.steps, "steps", least=1 if saved is None else max(1, saved.meta.get("step", 0)))
        whole(recipe.batch, "batch")
        Adam(recipe.lr)
    return recipe


def _compare(base: Recipe, name: str, given: dict[str, Any], out: Path) -> None:
    """What is given must be what it was."""
    before = {**base._asdict(), **vars(base.settings), "standardise": bool(base.centre)}
    for key, value in {"model": name, **given}.items():
        if key not in FREE and value != before[key]:
            what = "MODEL" if key == "model" else _option(key)
            raise BadInput(f"{what}: got {value}, wanted {before[key]} as before in {out}, or another --out")


def _prepared(recipe: Recipe, given: dict[str, Any]) -> tuple[Recipe, Dataset]:
    """The data as the model takes them, entered in the recipe."""
    if not recipe.sha256 and "likelihood" in given and given["likelihood"] != "gaussian":
        recipe = recipe._replace(grey="yes")
    with refused("--data: "):
        with warnings.catch_warnings(action="ignore"):  # the notes say the same
            raw = dataset(recipe.data, **recipe.reading)
        found, rows = fingerprint(raw), len(split(raw)[0].x)
        if recipe.sha256 not in ("", found):
            raise ValueError(f"got other data than before in {recipe.data}, wanted the same")
        data, recipe = raw, recipe._replace(sha256=found, set_aside=raw.test)
        if "standardise" in given or recipe.centre:
            data, centre, unit = standardised(raw)
            recipe = recipe._replace(centre=tuple(centre.tolist()), unit=tuple(unit.tolist()))
        data = ready(data, MODELS[recipe.model], recipe.settings)
    say(raw.notes, "train")
    with refused("--"):
        batch = whole(recipe.batch, "batch", most=rows) if "batch" in given else min(recipe.batch, rows)
    return recipe._replace(batch=batch), data


def _saved(out: Path) -> Saved:
    if not (out / CHECKPOINT).exists():
        raise BadInput(f"--resume: got no {CHECKPOINT} in {out}, wanted one; without --resume the run begins anew")
    with refused("--resume: "):
        return checkpoint.load(out / CHECKPOINT)


@contextmanager
def claim_folder(out: Path, resume: bool) -> Iterator[None]:
    """Make the folder, see that it takes files, and work in it alone; without --resume it must be new or empty."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        other = files.hold(out)
    except OSError as error:
        raise _no_folder(out, error) from error
    if other:
        raise BadInput(f"--out: got {out}, in which process {other} is at work, wanted another folder, or its end")
    try:
        _look_into(out, resume)
        yield
    finally:
        files.release(out)


def _no_folder(out: Path, error: OSError) -> BadInput:
    return BadInput(f"--out: got {out}, wanted a folder that takes files ({error.strerror})")


def _look_into(out: Path, resume: bool) -> None:
    files.clear(out)
    if not resume and any(path.name != files.LOCK for path in out.iterdir()):
        raise BadInput(f"--out: got {out}, which is not empty, wanted a new folder, or --resume")
    try:
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise _no_folder(out, error) from error


def _take_back(out: Path, resumed: bool) -> None:
    """Of a new run that failed before it had a model nothing stays; one that was gone on with keeps its checkpoint."""
    if not resumed and not (out / TRAINED).exists():
        (out / CHECKPOINT).unlink(missing_ok=True)
        files.release(out)
        out.rmdir()


# Small things


def _own(model: Model) -> list[tuple[Any, Any]]:
    """The fields of the model's settings, with their types."""
    hints = get_type_hints(model.Settings)
    return [(field, hints[field.name]) for field in fields(model.Settings)]  # type: ignore[arg-type]


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _lines(found: Outcome) -> Iterator[str]:
    """What was done, how the data were prepared, and the numbers."""
    recipe, facts = found.trained.recipe, found.trained.facts
    yield f"{recipe.model} on {recipe.data}: {recipe.steps} steps on {facts.rows} rows"
    yield from (f"  {name}: {text}" for name, text in told(recipe, facts))
    yield "on the held-out rows"
    width = max(map(len, found.report), default=0)
    for name, (value, error) in found.report.items():
        yield f"  {name:<{width}}  {value:.6g}" + ("" if error is None else f" ± {error:.2g}")
