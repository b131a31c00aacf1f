"""`refvae study entropy|mi`: bias, error and coverage of estimators over a grid of laws, dimensions and sizes."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from importlib import import_module
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from refvae import files
from refvae.cli import study_files
from refvae.cli.reading import integers, names, refused
from refvae.cli.select import BadInput
from refvae.cli.train import claim_folder
from refvae.entropy.study import LAWS, PAIRS, Grid, Summary, Trial, complete, draw, orders, pieces, summarise, theirs
from refvae.entropy.study import run as run_pieces
from refvae.entropy.weights import bsy_weights
from refvae.inputs import whole

ABOUT = """Run the k-nearest-neighbour estimate of {what} on laws whose truth is known, and say how well it does;
beside it, on the same data, an estimator of yours: a function {call} -> nats, which may take k.

The folder gets every trial (trials.csv), the bias with its standard error, root mean square error, mean standard errors
over the true one, and coverage of 95 % intervals (summary.csv), a figure (study.svg), and the settings (study.json).
The numbers are the same for any executor and number of workers; an interrupted study goes on with --resume."""
EXAMPLES = """examples:
  refvae study entropy --dims 1,2,5 --sizes 100,1000 --k 1,3,10 --trials 200
  refvae study entropy --laws uniform,student --dims 4,8 --sizes 1000 --k 30 --weights bsy --out runs/weights
  refvae study entropy --out runs/weights --resume
  refvae study entropy --executor mpi4py.futures:MPIPoolExecutor
  refvae study entropy --executor distributed:Client
  refvae study entropy --estimator mine:entropy --dims 1,2 --sizes 100,1000
  refvae study mi --laws normal,noise --dims 1 --sizes 100,1000 --method ksg2 --estimator mine:information
"""
WHAT: dict[str, tuple[str, str, Any]] = {
    "entropy": ("entropy", "f(x)", LAWS),
    "mi": ("mutual information", "f(x, y)", PAIRS)}
TRIALS, SUMMARY, FIGURE, STORY = "trials.csv", "summary.csv", "study.svg", "study.json"
HELP = {"dims": "dimensions", "sizes": "numbers of points", "k": "orders of the neighbour"}
GRID: dict[str, Any] = {"sizes": (100, 1000), "k": (1, 3, 10), "trials": 100, "seed": 0, "standardise": False,
                        "estimator": ""}
DEFAULTS: dict[str, dict[str, Any]] = {
    "entropy": {"laws": tuple(LAWS), "dims": (1, 2, 5), **GRID, "norm": "2", "weights": None, "whiten": False},
    "mi": {"laws": tuple(PAIRS), "dims": (1, 2), **GRID, "method": "ksg1", "ranks": False}}


def add_to(commands: Any) -> None:
    """Add the subcommand."""
    p = commands.add_parser("study", description="Measure an estimator; its options: refvae study QUANTITY --help",
                            epilog=EXAMPLES,
                            formatter_class=argparse.RawDescriptionHelpFormatter)
    what = p.add_subparsers(dest="what", required=True, metavar="QUANTITY")
    for quantity, (words, call, laws) in WHAT.items():
        one = what.add_parser(quantity, help=f"bias, error and coverage of estimates of {words}",
                              description=ABOUT.format(what=words, call=call), epilog=EXAMPLES,
                              argument_default=argparse.SUPPRESS, formatter_class=argparse.RawDescriptionHelpFormatter)
        one.add_argument("--laws", type=names, metavar="NAMES", help=f"of {', '.join(laws)} (default all)")
        _add_options(one, quantity)
        one.set_defaults(run=run)


def _add_options(one: argparse.ArgumentParser, quantity: str) -> None:
    for name in ("dims", "sizes", "k"):
        default = ",".join(map(str, DEFAULTS[quantity][name]))
        one.add_argument(f"--{name}", type=integers, metavar="N,N", help=f"{HELP[name]} (default {default})")
    one.add_argument("--trials", type=int, metavar="N", help="of each case (default 100)")
    one.add_argument("--seed", type=int, metavar="N", help="of all random numbers (default 0)")
    one.add_argument("--estimator", metavar="MODULE:FUNCTION", help="of yours, to run beside on the same data")
    if quantity == "entropy":
        one.add_argument("--norm", choices=("2", "inf"), help="Euclidean or maximum norm (default 2)")
        one.add_argument("--weights", choices=("bsy",), help="of Berrett, Samworth and Yuan on the orders up to k")
        one.add_argument("--whiten", action="store_true", help="by the sample covariance first")
    else:
        one.add_argument("--method", choices=("ksg1", "ksg2", "3h"), help="as in refvae estimate mi (default ksg1)")
        one.add_argument("--ranks", action="store_true", help="every column by the normal scores of its ranks first")
    one.add_argument("--standardise", action="store_true", help="every column by its standard deviation first")
    one.add_argument("--out", type=Path, metavar="DIR", help="new folder for all that is written "
                     "(default runs/study-seed0)")
    one.add_argument("--resume", action="store_true", help="go on with the study in DIR; all else as before")
    one.add_argument("--workers", type=int, metavar="N", help="processes (default: one for each core)")
    one.add_argument("--executor", metavar="MODULE:CALLABLE", help="gives a concurrent.futures.Executor, or a Dask "
                     "client (at DASK_SCHEDULER_ADDRESS)")


def run(arguments: argparse.Namespace) -> int:
    """Run what is missing of the study, and write and print its numbers; exit code 130 after an interrupt."""
    given = {name: value for name, value in vars(arguments).items() if name not in ("command", "what", "run")}
    pool = _pool(given.pop("executor", None), given.pop("workers", os.cpu_count() or 1))
    out = given.pop("out", Path(f"runs/study-seed{given.get('seed', 0)}"))
    resume = given.pop("resume", False)
    what = arguments.what
    grid = _grid(what, _settings(what, given, out) if resume else {**DEFAULTS[what], **given})
    with claim_folder(out, resume):
        return _study(what, grid, out, pool)


def _study(what: str, grid: Grid, out: Path, pool: AbstractContextManager[Executor | None]) -> int:
    files.write(out / STORY, json.dumps(_story(grid), indent=1) + "\n")
    try:
        with pool as executor, _without_the_rest(executor):
            trials = _trials(grid, out, executor)
    except OSError as error:
        raise BadInput(f"--out: got {out}, where a file cannot be written ({error.strerror})") from error
    except KeyboardInterrupt:
        print(f"refvae study: interrupted; go on with: refvae study {what} --out {shlex.quote(str(out))} --resume",
              file=sys.stderr)
        return 130
    rows = summarise(trials)
    study_files.write(out / SUMMARY, Summary._fields, rows)
    import_module("refvae.figures").save(import_module("refvae.cli.study_picture").draw(rows), out / FIGURE)
    print("\n".join([*_table(rows), *(str(out / name) for name in (TRIALS, SUMMARY, FIGURE, STORY))]))
    return 0


@contextmanager
def _without_the_rest(executor: Executor | None) -> Iterator[None]:
    """If it ends early, processes of ours end too, and what they have not begun is not run."""
    try:
        yield
    except BaseException:
        if isinstance(executor, ProcessPoolExecutor):
            executor.shutdown(wait=False, cancel_futures=True)
            for worker in active_children():  # a piece may take minutes
                worker.terminate()
        raise


def _trials(grid: Grid, out: Path, executor: Executor | None) -> list[Trial]:
    """All trials: those of complete pieces that are in the file, and the others, appended to it as they come."""
    trials, todo = study_files.read(out / TRIALS), pieces(grid)
    held, count = complete(grid, len(trials))
    trials = trials[:count]
    files.write(out / TRIALS, ",".join((*Trial._fields, "check")) + "\n" + "".join(map(study_files.line, trials)))
    with (out / TRIALS).open("a", encoding="utf8", newline="") as stream, tqdm(
            total=len(todo), initial=held, unit="piece", disable=None) as bar, closing(
            run_pieces(grid, todo[held:], executor)) as results:
        for found in results:
            stream.write("".join(map(study_files.line, found)))
            stream.flush()
            trials += found
            bar.update()
    return trials


# What is checked before any work


def _grid(what: str, wanted: dict[str, Any]) -> Grid:
    """The study that is asked for."""
    settings = {name: wanted[name] for name in wanted if name not in ("laws", "dims", *GRID) or name == "standardise"}
    if what == "entropy":
        settings["norm"] = 2 if wanted["norm"] == "2" else np.inf
    with refused("--"):
        for law in wanted["laws"]:
            if law not in WHAT[what][2]:
                raise ValueError(f"laws: got {law!r}, wanted some of {', '.join(WHAT[what][2])}")
        for name in ("dims", "sizes", "k"):
            if not wanted[name] or len(set(wanted[name])) < len(wanted[name]):
                raise ValueError(f"{name}: got {wanted[name]}, wanted different numbers, at least one")
            for each in wanted[name]:
                whole(each, name, least=2 if name == "sizes" else 1)
        if min(wanted["sizes"]) < (least := max(wanted["k"]) + 2):  # the standard error needs one neighbour more
            raise ValueError(f"sizes: got {min(wanted['sizes'])} with k = {least - 2}, wanted at least {least}")
        if wanted.get("whiten") and min(wanted["sizes"]) <= max(wanted["dims"]):
            raise ValueError(f"sizes: got {min(wanted['sizes'])} with whiten in {max(wanted['dims'])} dimensions, "
                             "wanted more points than dimensions")
        if wanted.get("weights") is not None:
            bsy_weights(min(wanted["k"]), max(wanted["dims"]))
        grid = Grid(wanted["laws"], wanted["dims"], wanted["sizes"], wanted["k"], whole(wanted["trials"], "trials"),
                    whole(wanted["seed"], "seed", least=0), settings, what, wanted["estimator"])
    if grid.estimator:
        _try(grid)
    return grid


def _try(grid: Grid) -> None:
    """BadInput unless the estimator of somebody else gives a number."""
    try:
        k, (data, _) = orders(grid)[0], draw(grid, grid.laws[0], grid.dims[0], grid.sizes[0], 0)
        theirs(grid.estimator, data, k)
    except Exception as error:  # whatever a stranger's function raises
        said = " ".join(f"{type(error).__name__}: {error}".split())
        raise BadInput(f"--estimator: got {grid.estimator!r} ({said}), wanted MODULE:FUNCTION that gives a number for "
                       f"{WHAT[grid.quantity][1]}") from error


def _settings(what: str, given: dict[str, Any], out: Path) -> dict[str, Any]:
    """What the study in the folder was, which what is given must not contradict."""
    try:
        story = json.loads((out / STORY).read_text("utf8"))
        before = {name: tuple(story[name]) if isinstance(story[name], list) else story[name] for name in DEFAULTS[what]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(f"--resume: got no study in {out} ({error}), wanted a folder with {STORY}") from error
    for name, value in given.items():
        if value != before[name]:
            raise BadInput(f"--{name}: got {value}, wanted {before[name]} as before in {out}, or another --out")
    return before


def _pool(executor: str | None, workers: int) -> AbstractContextManager[Executor | None]:
    """Processes, or what the callable gives: an executor, or a Dask client, which has one."""
    if executor is None:
        with refused("--"):
            whole(workers, "workers")
        return nullcontext() if workers == 1 else ProcessPoolExecutor(
            workers, initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN))
    sys.path.insert(0, os.getcwd())
    module, _, name = executor.partition(":")
    try:
        made = getattr(import_module(module), name)()
    except Exception as error:  # whatever a stranger's module raises
        said = f"{type(error).__name__}: {error}"
        raise BadInput(f"--executor: got {executor!r} ({said}), wanted MODULE:CALLABLE") from error
    made = made.get_executor() if hasattr(made, "get_executor") else made
    if not hasattr(made, "map") or not hasattr(made, "__enter__"):
        raise BadInput(f"--executor: got {type(made).__name__} from {executor}, wanted a concurrent.futures.Executor")
    return made  # type: ignore[no-any-return]


# Files


def _story(grid: Grid) -> dict[str, Any]:
    story = {**grid._asdict(), **grid.settings}
    if grid.quantity == "entropy":
        story["norm"] = "2" if grid.settings["norm"] == 2 else "inf"
    return {name: story[name] for name in DEFAULTS[grid.quantity]}


def _table(rows: Sequence[Summary]) -> list[str]:
    """The summary for the eye."""
    lines = [f"{'law':<12}{'d':>3}{'n':>8}{'k':>5}{'bias':>10}{'±':>9}{'rmse':>10}{'naive':>7}{'jack.':>7}{'cover':>7}"]
    both = len({row.estimator for row in rows}) > 1
    for row in rows:
        lines.append(f"{row.law:<12}{row.d:>3}{row.n:>8}{row.k:>5}{row.bias:>+10.4f}{row.bias_se:>9.4f}{row.rmse:>10.4f}"
                     f"{row.naive_ratio:>7.2f}{row.jackknife_ratio:>7.2f}{row.jackknife_coverage:>7.2f}"
                     + (f"  {row.estimator}" if both else ""))
    return [*lines, "naive, jack.: estimated over true standard error",
            "cover: share of 95 % intervals by the jackknife that hold the truth"]
