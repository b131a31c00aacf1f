"""`refvae estimate QUANTITY FILE [FILE2]`: entropy, divergence or mutual information of your own data."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

import numpy as np

from refvae.cli.select import BadInput
from refvae.cli.train import refused
from refvae.data.readers import read
from refvae.entropy import knn_divergence, knn_entropy, mutual_information
from refvae.trees import Array

FILES = """Files are .npy, .npz or .csv, with .gz after it or not; a row is a point; a column called label is left out.
All values are in nats. The standard error is the jackknife's, by leaving out points in turn: all, or 200 of them, with
--whiten and for mi of several columns. On average it is not too small. It knows nothing of the bias."""
MANY = 5000  # points from which the standard error takes a while
QUANTITIES = {
    "entropy": (
        "differential entropy", "Differential entropy of the rows of FILE, from distances to their k-th neighbours.",
        ["entropy data.csv", "entropy data.npy --k 5 --columns 0,2-4 --whiten",
         "entropy angles.csv --norm inf --periodic 360", "entropy counts.csv --jitter 0 --json"]),
    "divergence": (
        "Kullback-Leibler divergence of two samples",
        "KL(p || q) from rows of FILE, drawn from p, and rows of FILE2, drawn from q.",
        ["divergence mine.npy theirs.npy", "divergence a.csv b.csv --k 1 --norm inf"]),
    "mi": (
        "mutual information",
        "Mutual information of paired rows: of FILE and FILE2, or of --columns of FILE and all its other columns.",
        ["mi x.npy y.npy", "mi data.csv --columns 0,1 --method ksg2"]),
}


def add_to(commands: Any) -> None:
    """Add the subcommand, with one of its own for every quantity."""
    p = commands.add_parser("estimate", help="estimate entropy, divergence or mutual information of your data",
                            description="Estimates from nearest neighbours; options: refvae estimate QUANTITY --help",
                            epilog=examples(*(lines[0] for *_, lines in QUANTITIES.values())),
                            formatter_class=argparse.RawDescriptionHelpFormatter)
    quantities = p.add_subparsers(dest="quantity", required=True, metavar="QUANTITY")
    for name, (summary, about, lines) in QUANTITIES.items():
        one = quantities.add_parser(name, help=summary, description=f"{about}\n\n{FILES}", epilog=examples(*lines),
                                    formatter_class=argparse.RawDescriptionHelpFormatter)
        one.add_argument("file", metavar="FILE", help="data")
        if name != "entropy":
            one.add_argument("file2", metavar="FILE2", nargs=None if name == "divergence" else "?", help="more data")
        one.add_argument("--k", type=int, default=3, metavar="N", help="order of the neighbour (default 3)")
        one.add_argument("--columns", type=columns, metavar="LIST",
                         help="column numbers from 0, as in 0,2-4; of both files")
        _add_own(one, name)
        one.add_argument("--jitter", type=int, metavar="SEED", help="move equal points apart by noise of this seed")
        one.add_argument("--json", action="store_true", help="print one JSON object")
        one.set_defaults(run=run)


def examples(*lines: str) -> str:
    """The end of a help text."""
    return "examples:\n" + "".join(f"  refvae estimate {line}\n" for line in lines)


def _add_own(p: argparse.ArgumentParser, quantity: str) -> None:
    if quantity == "mi":
        p.add_argument("--method", choices=("ksg1", "ksg2", "3h"), default="ksg1",
                       help="of Kraskov, Stoegbauer and Grassberger, or H(x) + H(y) - H(x, y) (default ksg1)")
        p.add_argument("--norm", choices=("inf",), default="inf", help="maximum norm, the only one here")
        return
    p.add_argument("--norm", choices=("2", "inf"), default="2", help="Euclidean or maximum norm (default 2)")
    if quantity == "entropy":
        p.add_argument("--weights", choices=("bsy",), help="of Berrett, Samworth and Yuan on the orders up to k")
        p.add_argument("--whiten", action="store_true", help="by the sample covariance first")
        p.add_argument("--periodic", type=numbers, metavar="SIDES", help="side or sides of a torus, as in 360 or 1,2")
        p.add_argument("--box", type=corners, metavar="LOW:HIGH", help="known support, as in 0:1, 0,0:1,2 or "
                       "--box=-1:1; with --norm inf")


def columns(text: str) -> list[int]:
    """Column numbers from 0: numbers and ranges between commas."""
    try:
        ends = [part.split("-") for part in text.split(",")]
        found = [column for end in ends for column in range(int(end[0]), int(end[-1]) + 1)]
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"got {text!r}, wanted column numbers, as in 0,2-4") from error
    if not found or len(set(found)) < len(found) or max(map(len, ends)) > 2:
        raise argparse.ArgumentTypeError(f"got {text!r}, wanted different column numbers, as in 0,2-4")
    return found


def numbers(text: str) -> Any:
    """A number, or several between commas."""
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"got {text!r}, wanted a number, or several between commas") from error
    return found[0] if len(found) == 1 else found


def corners(text: str) -> tuple[Any, Any]:
    """Two corners, each a number or several between commas."""
    low, colon, high = text.partition(":")
    if not colon:
        raise argparse.ArgumentTypeError(f"got {text!r}, wanted LOW:HIGH, as in 0:1")
    return numbers(low), numbers(high)


def run(arguments: argparse.Namespace) -> int:
    """Print the estimate with its errors, settings and warnings."""
    x, y = _samples(arguments)
    ties: dict[str, Any] = {} if arguments.jitter is None else {"ties": "jitter", "rng": arguments.jitter}
    try:
        found = _estimate(arguments, x, y, ties)
    except ValueError as error:
        raise BadInput(_said_here(arguments, str(error))) from error
    story = _story(arguments, found, [each for each in (x, y) if each is not None])
    print(json.dumps(story, allow_nan=False) if arguments.json else "\n".join(_lines(story)))
    return 0


def _estimate(arguments: argparse.Namespace, x: Array, y: Array | None, ties: dict[str, Any]) -> Any:
    if arguments.quantity == "mi":
        return mutual_information(x, y, arguments.k, method=arguments.method, **ties)
    norm = 2 if arguments.norm == "2" else np.inf
    if arguments.quantity == "divergence":
        return knn_divergence(x, y, arguments.k, norm=norm, **ties)
    return knn_entropy(x, arguments.k, norm=norm, box=arguments.box, periodic=arguments.periodic,
                       weights=arguments.weights, whiten=arguments.whiten, **ties)


def _said_here(arguments: argparse.Namespace, message: str) -> str:
    """The message of an estimator in the words of the command line."""
    name, _, rest = message.partition(":")
    here = {"x": arguments.file, "y": getattr(arguments, "file2", None), "rng": "--jitter", "ties": "--jitter"}
    begins = here.get(name) or (f"--{name}" if hasattr(arguments, name) else name)
    return f"{begins}:{rest}".replace("ties = 'jitter' with an rng", "--jitter SEED")


# Data


def _samples(arguments: argparse.Namespace) -> tuple[Array, Array | None]:
    """The columns of the one file or of both; for mutual information of one file, the other columns."""
    x, second = _read(arguments.file), getattr(arguments, "file2", None)
    chosen = arguments.columns
    if arguments.quantity == "mi" and second is None:
        if chosen is None:
            raise BadInput("--columns: got none and no FILE2, wanted the columns of the first variable, or FILE2")
        return _chosen(x, chosen, arguments.file), _chosen(x, [j for j in range(x.shape[1]) if j not in chosen],
                                                           arguments.file)
    if second is None:
        return _chosen(x, chosen, arguments.file), None
    return _chosen(x, chosen, arguments.file), _chosen(_read(second), chosen, second)


def _read(file: str) -> Array:
    with refused(""):
        return read(file).x


def _chosen(x: Array, chosen: list[int] | None, file: str) -> Array:
    if chosen is None:
        return x
    if not chosen or max(chosen) >= x.shape[1]:
        got = f"column {max(chosen)}" if chosen else "all columns"
        raise BadInput(f"--columns: got {got} of {x.shape[1]} in {file}, wanted some of 0 to {x.shape[1] - 1}"
                       + ("" if chosen else " and at least one left over"))
    return x[:, chosen]


# What is said


def _story(arguments: argparse.Namespace, found: Any, samples: list[Array]) -> dict[str, Any]:
    """All that is known of the estimate, as JSON."""
    settings = {name: "inf" if value == np.inf else value for name, value in found.settings.items()
                if value is not None and value is not False}
    return {"quantity": arguments.quantity, "value": found.value, "unit": "nats", "jackknife_se": _error(found),
            "settings": settings, "warnings": _warnings(found, samples)}


def _error(found: Any) -> float | None:
    """The standard error of the estimate, if there are points enough for it."""
    if len(found.local) > MANY:
        print(f"{found.value:.6g} nats; computing the standard error ...", file=sys.stderr, flush=True)
    try:
        return float(found.jackknife_se)
    except ValueError:
        return None


def _warnings(found: Any, samples: list[Array]) -> list[str]:
    said = []
    if found.biased:
        said.append(f"d = {found.settings['d']}: from 3 dimensions on the bias may fall more slowly than the standard "
                    "error, and no interval here accounts for it")
    for each in samples:
        repeated = len(each) - len(np.unique(each, axis=0))
        coarse = [j for j in range(each.shape[1]) if len(np.unique(each[:, j])) < len(each) / 2]
        if repeated:
            said.append(f"{repeated} of {len(each)} rows repeat another: " + (
                "what is estimated depends on the jitter" if found.settings["ties"] else "such data have no density"))
        elif coarse:
            said.append(f"columns {coarse} have few different values: rounded data have no density, and small "
                        "distances are those of the lattice")
    return list(dict.fromkeys(said))


def _lines(story: dict[str, Any]) -> list[str]:
    settings = ", ".join(f"{name} = {value}" for name, value in story["settings"].items())
    error = story["jackknife_se"]
    return [f"{story['quantity']}  {story['value']:.6g} nats",
            f"jackknife standard error  {'none: it needs more points' if error is None else format(error, '.2g')}",
            f"({settings})",
            *(f"warning: {text}" for text in story["warnings"])]
