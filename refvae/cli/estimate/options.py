"""The options of `refvae estimate`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from refvae.cli.reading import FORMATS, add_reading

ABOUT = f"""FILE is {FORMATS}, or - for standard input;
a row is a point. Columns are names, numbers from 0 and ranges between commas: age,income or 0,2-4. The standard error
is the jackknife's, by leaving out points in turn: all, or 200 of them where each costs a search. On average it is not
too small. It knows nothing of the bias, and nothing of rows that depend on each other."""
QUANTITIES = {
    "entropy": (
        "differential entropy", "Differential entropy of the rows of FILE, from distances to their k-th neighbours.",
        ["entropy data.csv", "entropy data.csv --columns age,income --standardise --ci .95",
         "entropy data.npy --k 5 --columns 0,2-4 --whiten --base 2", "entropy angles.csv --norm inf --periodic 360",
         "entropy rounded.csv --ties unround --json", "entropy plane.csv --plot plane.svg"]),
    "divergence": (
        "Kullback-Leibler divergence of two samples",
        "KL(p || q) from rows of FILE, drawn from p, and rows of FILE2, drawn from q.",
        ["divergence mine.npy theirs.npy", "divergence a.csv b.csv --columns age,income --k 1 --norm inf"]),
    "mi": (
        "mutual information",
        "Mutual information of paired rows: columns of FILE, or of FILE and FILE2; or of all pairs of columns.",
        ["mi data.csv --x age,income --y wage --standardise --ci .95", "mi x.npy y.npy --method ksg2",
         "mi data.csv --x species --y petal_length --method mixed", "mi series.csv --x a --y b --lag 2 --exclude 10",
         "mi data.csv --x age --y wage --ranks --test 999 --plot local.svg",
         "mi data.csv --pairs --ranks -j 4 --plot heat.svg > matrix.csv"]),
    "cmi": (
        "conditional mutual information", "I(x; y | z) of paired rows: columns of FILE, or of FILE and FILE2.",
        ["cmi data.csv --x age --y wage --z schooling,sex --standardise", "cmi data.csv --x a --y b --z c --test 199",
         "cmi series.csv --x a --y b --z c --lag 1 --exclude 10"]),
    "te": (
        "transfer entropy of two series",
        "What x, some rows earlier, says of y beyond what the row before says: I(y; x --lag rows earlier | y one row\n"
        "earlier).",
        ["te series.csv --x a --y b --standardise", "te series.csv --x a --y b --lag 3 --exclude 20 --test 199"]),
    "tc": (
        "total correlation", "Sum of the entropies of the columns of FILE minus their joint entropy.",
        ["tc data.csv", "tc data.csv --columns age,income,wage --standardise"]),
}
INFORMATION = ("mi", "cmi", "te", "tc")
CHOSEN = {"x": "the first variable", "y": "the second", "z": "what is given"}


def add_to(commands: Any, run: Callable[[argparse.Namespace], int]) -> None:
    """Add the subcommand, with one of its own for every quantity."""
    p = commands.add_parser("estimate",
                            description="Estimates from nearest neighbours; options: refvae estimate QUANTITY --help",
                            epilog=examples(*(lines[0] for *_, lines in QUANTITIES.values())),
                            formatter_class=argparse.RawDescriptionHelpFormatter)
    quantities = p.add_subparsers(dest="quantity", required=True, metavar="QUANTITY")
    for name, (summary, about, lines) in QUANTITIES.items():
        one = quantities.add_parser(name, help=summary, description=f"{about}\n\n{ABOUT}", epilog=examples(*lines),
                                    formatter_class=argparse.RawDescriptionHelpFormatter)
        _add_data(one.add_argument_group("data"), name)
        _add_own(one.add_argument_group("estimate"), name)
        _add_shared(one.add_argument_group("ties, errors, output"), name)
        one.set_defaults(run=run)


def examples(*lines: str) -> str:
    """The end of a help text."""
    return "examples:\n" + "".join(f"  refvae estimate {line}\n" for line in lines)


def _add_data(p: Any, quantity: str) -> None:
    p.add_argument("file", metavar="FILE", help="data")
    if quantity in ("divergence", "mi", "cmi", "te"):
        p.add_argument("file2", metavar="FILE2", nargs=None if quantity == "divergence" else "?", help="more data")
    if quantity in ("entropy", "divergence", "tc"):
        p.add_argument("--columns", metavar="LIST", help="columns to use (default all)")
    for name in {"mi": "xy", "te": "xy", "cmi": "xyz"}.get(quantity, ""):
        default = " (default all others, or all of FILE2)" if (quantity, name) == ("mi", "y") else ""
        p.add_argument(f"--{name}", metavar="LIST", help=f"columns of {CHOSEN[name]}{default}")
    if quantity == "mi":
        p.add_argument("--pairs", action="store_true", help="of all pairs of columns, or of --x with --y: the "
                       "matrix is printed as CSV, --plot draws it")
        p.add_argument("-j", "--jobs", type=int, default=1, metavar="N", help="processes for --pairs (default 1)")
    if quantity in ("mi", "cmi", "te"):
        p.add_argument("--lag", type=int, default=int(quantity == "te"), metavar="N",
                       help=f"rows by which x is earlier (default {int(quantity == 'te')})")
    add_reading(p, "default none")


def _add_own(p: Any, quantity: str) -> None:
    p.add_argument("--k", type=int, default=3, metavar="N", help="order of the neighbour (default 3)")
    if quantity in ("mi", "tc"):
        mixed = ("mixed",) if quantity == "mi" else ()
        p.add_argument("--method", choices=("ksg1", "ksg2", "3h", *mixed), default="ksg1",
                       help="of Kraskov, Stoegbauer and Grassberger, or entropies minus the joint one" + (
                            ", or for variables that are discrete or in part" if mixed else "") + " (default ksg1)")
    if quantity == "mi":
        p.add_argument("--discrete", choices=("x", "y", "both", "neither"), help="with --method mixed, which variables "
                       "are labels (default: those of text)")
    if quantity in ("entropy", "divergence"):
        p.add_argument("--norm", choices=("2", "inf"), default="2", help="Euclidean or maximum norm (default 2)")
    if quantity == "entropy":
        p.add_argument("--weights", choices=("bsy",), help="of Berrett, Samworth and Yuan on the orders up to k")
        p.add_argument("--whiten", action="store_true", help="by the sample covariance first")
        p.add_argument("--periodic", type=numbers, metavar="SIDES", help="side or sides of a torus, as in 360 or 1,2")
        p.add_argument("--box", type=corners, metavar="LOW:HIGH", help="known support, as in 0:1, 0,0:1,2 or "
                       "--box=-1:1; with --norm inf")
    if quantity != "divergence":
        p.add_argument("--standardise", action="store_true", help="every column by its standard deviation first")
        p.add_argument("--exclude", type=int, default=0, metavar="N",
                       help="rows up to so many places before and after a row are no neighbours: for series")
    if quantity in INFORMATION:
        p.add_argument("--ranks", action="store_true", help="every column by the normal scores of its ranks first")
    if quantity in ("mi", "cmi", "te"):
        p.add_argument("--test", type=int, metavar="N", help="test independence by so many permutations of x")
        p.add_argument("--blocks", type=int, metavar="N", help="permute blocks of so many rows: for series")


def _add_shared(p: Any, quantity: str) -> None:
    p.add_argument("--ties", choices=("raise", "jitter", "unround"), default="raise",
                   help="equal values: refuse them, move them apart by next to nothing, or by as much as rounding did "
                   "(default raise)")
    p.add_argument("--seed", type=int, default=0, metavar="N", help="of all random numbers (default 0)")
    p.add_argument("--ci", type=float, metavar="LEVEL", help="interval of this level, as in .95")
    p.add_argument("--base", choices=("e", "2"), default="e", help="2 for bits (default e, nats)")
    p.add_argument("--plot", metavar="FILE", help="picture of the local values, .svg, .png or .pdf")
    p.add_argument("--json", action="store_true", help="print one JSON object")


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
