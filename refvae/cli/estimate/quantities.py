"""From the words of the command line to the estimators, and back from their messages to these words."""

from __future__ import annotations

import argparse
import re
from typing import Any

import numpy as np

from refvae.cli.estimate.variables import Variables
from refvae.cli.select import BadInput
from refvae.entropy import (
    IndependenceTest,
    conditional_mutual_information,
    independence_test,
    knn_divergence,
    knn_entropy,
    mixed_information,
    mutual_information,
    total_correlation,
)
from refvae.entropy.ties import untied_together
from refvae.inputs import generator
from refvae.trees import Array

SHARED = ("standardise", "ranks", "exclude")  # passed on only where they are asked for
WORDS = ((r", each with an rng", ""), (r"ties = 'unround'", "--ties unround"), (r"ties = 'jitter'", "--ties jitter"),
         (r"--ties jitter with an rng", "--ties jitter"), (r"\bmutual_information with", "--method ksg1 with"),
         (r"\b(standardise|ranks) = True", r"--\1"),
         (r"\bexclude = w leaves out w rows", "--exclude N leaves out N rows"),
         (r"\bmixed_information\b", "--method mixed"))


def estimate(arguments: argparse.Namespace, data: Variables) -> Any:
    """The estimate of the quantity; BadInput for what it refuses."""
    return translated(arguments, data, lambda: _estimate(arguments, data, *data.arrays.values()))


def _estimate(arguments: argparse.Namespace, data: Variables, x: Array, y: Any = None, z: Any = None) -> Any:
    k, more = arguments.k, settings(arguments, data)
    if arguments.quantity == "entropy":
        return knn_entropy(x, k, norm=_norm(arguments), box=arguments.box, periodic=arguments.periodic,
                           weights=arguments.weights, whiten=arguments.whiten, **more)
    if arguments.quantity == "divergence":
        return knn_divergence(x, y, k, norm=_norm(arguments), **more)
    if arguments.quantity in ("cmi", "te"):
        return conditional_mutual_information(x, y, z, k, **more)
    if arguments.quantity == "tc":
        return total_correlation([*x.T[:, :, None]], k, method=arguments.method, **more)
    return information(x, y, k, arguments.method, more)


def information(x: Array, y: Array, k: int, method: Any, more: dict[str, Any]) -> Any:
    """Mutual information by any method."""
    if method == "mixed":
        return mixed_information(x, y, k, **more)
    return mutual_information(x, y, k, method=method, **more)


def settings(arguments: argparse.Namespace, data: Variables) -> dict[str, Any]:
    """Settings that several estimators share, as far as they are asked for."""
    more: dict[str, Any] = {name: value for name in SHARED if (value := getattr(arguments, name, None))}
    if getattr(arguments, "method", None) == "mixed":
        if wrong := next((name for name in ("ranks", "exclude", "test") if getattr(arguments, name)), None):
            raise BadInput(f"--{wrong}: got it with --method mixed, wanted another method")
        labels = "".join(name for name in data.parts if data.parts[name].is_text)
        more["discrete"] = arguments.discrete or {"": "neither", "xy": "both"}.get(labels, labels)
    elif getattr(arguments, "discrete", None):
        raise BadInput("--discrete: got it without --method mixed, wanted both")
    return more if arguments.ties == "raise" else {**more, "ties": arguments.ties, "rng": arguments.seed}


def _norm(arguments: argparse.Namespace) -> Any:
    return 2 if arguments.norm == "2" else np.inf


def tested(arguments: argparse.Namespace, data: Variables) -> Any:
    """The test of independence, if one is asked for."""
    permutations = getattr(arguments, "test", None)
    if permutations is None:
        if getattr(arguments, "blocks", None) is not None:
            raise BadInput("--blocks: got it without --test, wanted --test N")
        return None
    more = {name: value for name, value in settings(arguments, data).items() if name not in ("ties", "rng")}
    more |= {name: value for name in ("blocks", "method") if (value := getattr(arguments, name, None)) is not None}
    rng = generator(arguments.seed)

    def test() -> IndependenceTest:
        moved = untied_together(data.arrays, arguments.ties, None if arguments.ties == "raise" else rng)
        x, y, *z = moved.values()
        return independence_test(x, y, *z, k=arguments.k, permutations=permutations, rng=rng, **more)

    return translated(arguments, data, test)


# Messages


def translated(arguments: argparse.Namespace, data: Variables, compute: Any) -> Any:
    """What `compute` gives; BadInput, in the words of the command line, if it refuses."""
    try:
        return compute()
    except (TypeError, ValueError) as error:
        raise BadInput(said_here(arguments, data, " ".join(str(error).split()))) from error


def said_here(arguments: argparse.Namespace, data: Variables, message: str) -> str:
    """A message of an estimator, its arguments called as on the command line and its columns by name."""
    name, colon, rest = message.partition(":")
    begins = {"rng": "--seed", "permutations": "--test"}.get(name, name)
    known = _titles(data, name)
    alone = arguments.quantity in ("entropy", "divergence")
    if known:
        shown = f"{', '.join(known[:4])}{', ...' if len(known) > 4 else ''}"
        begins = shown if name.startswith("xs") else f"{name} ({shown})"
    elif hasattr(arguments, name):
        begins = f"--{name}"
    titles = known or (data.parts["x"].titles if alone else [])
    said = re.sub(r"columns \[([\d, ]+)\]", lambda found: _columns(titles, found), begins + colon + rest)
    for pattern, words in WORDS:
        said = re.sub(pattern, words, said)
    if arguments.quantity == "divergence" or getattr(arguments, "method", None) == "mixed":
        said = said.replace("--exclude N leaves out N rows on either side", "take rows that are far apart")
    return said


def _titles(data: Variables, name: str) -> list[str]:
    """Names of the columns of a variable that a message begins with."""
    if found := re.fullmatch(r"xs\[(\d+)\]", name):
        return [data.parts["x"].titles[int(found[1])]]
    if name == "z" and "z" not in data.parts and "z" in data.arrays:
        return data.parts["y"].titles
    return data.parts[name].titles if name in data.parts else []


def _columns(known: list[str], found: re.Match[str]) -> str:
    numbers = [int(number) for number in found[1].split(",")]
    if not known or max(numbers) >= len(known):
        return found[0]
    return "columns " + ", ".join(known[j] for j in numbers)
