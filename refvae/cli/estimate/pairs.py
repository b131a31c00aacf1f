"""Mutual information of all pairs of columns: a matrix as CSV, or JSON, and a heat map."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from itertools import combinations, product
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from refvae.cli.estimate import picture
from refvae.cli.estimate.quantities import information, said_here, settings
from refvae.cli.estimate.told import UNITS
from refvae.cli.estimate.variables import Part, Reader, Variables, lagged, numbers
from refvae.cli.reading import refused, say
from refvae.cli.select import BadInput
from refvae.data.tables import is_numeric
from refvae.inputs import whole
from refvae.trees import Array

Job = tuple[int, int, Array, Array]  # places in the matrix, and the two columns (n, 1)


class Entry(NamedTuple):
    """What is found for two columns: their places, the value in nats or NaN, why it is NaN, and what may be wrong."""

    i: int
    j: int
    value: float
    refusal: str
    warnings: tuple[str, ...]


def run(arguments: argparse.Namespace) -> int:
    """Print the matrix, and draw it if asked; what is said of it goes beside the numbers."""
    _check(arguments)
    reader = Reader(arguments)
    down, across = _parts(reader)
    jobs = list(_jobs(arguments, down, across))
    compute = partial(entry, k=arguments.k, method=arguments.method, more=settings(arguments, Variables({}, {}, [])))
    with _pool(arguments.jobs) as pool:
        found = list(tqdm((pool.map if pool else map)(compute, jobs), total=len(jobs), unit="pair", disable=None))
    unit, nats = UNITS[arguments.base]
    matrix = np.full((len(down.chosen), len(across.chosen)), np.nan)
    for one in found:
        matrix[one.i, one.j] = one.value / nats
        if down is across and not arguments.lag:
            matrix[one.j, one.i] = one.value / nats
    said = _said(arguments, found, down, across)
    _print(arguments, matrix, down.titles, across.titles, reader.notes, said)
    if arguments.plot is not None:
        picture.write(picture.heat(matrix, down.titles, across.titles, unit), arguments.plot)
    return 0


def _check(arguments: argparse.Namespace) -> None:
    for name in ("test", "blocks", "ci"):
        if getattr(arguments, name) is not None:
            raise BadInput(f"--{name}: got it with --pairs, wanted one pair: --x and --y")
    if arguments.file2 is not None:
        raise BadInput("FILE2: got it with --pairs, wanted one file")
    with refused("--"):
        whole(arguments.jobs, "jobs")


def _parts(reader: Reader) -> tuple[Part, Part]:
    """Columns of the rows and of the columns of the matrix: all that are numbers, or those asked for."""
    table = reader.tables[0]
    if reader.arguments.x is not None:
        x = Part(table, reader.named("x"))
    else:
        every = reader.data_columns()
        x = Part(table, [j for j in every if is_numeric(table, j)])
        text = [table.title(j) for j in every if j not in x.chosen]
        reader.notes += [f"{table.source}: columns of text are left out: {', '.join(text)}"] if text else []
    y = x if reader.arguments.y is None else Part(table, reader.named("y"))
    if x is y and len(x.chosen) < 2:
        raise BadInput(f"{table.source}: got {len(x.chosen)} columns of numbers, wanted at least 2")
    return x, y


def _jobs(arguments: argparse.Namespace, down: Part, across: Part) -> Iterator[Job]:
    """One for every pair that can differ from the others; rows that lack one of both values are left out."""
    x, y = numbers(down, arguments), numbers(across, arguments)
    symmetric = down is across and not arguments.lag
    places = combinations(range(x.shape[1]), 2) if symmetric else product(range(x.shape[1]), range(y.shape[1]))
    for i, j in places:
        if arguments.lag or down.chosen[i] != across.chosen[j]:
            two = lagged({"x": x[:, [i]], "y": y[:, [j]]}, arguments)
            held = ~np.isnan(np.hstack([two["x"], two["y"]])).any(1)
            yield i, j, two["x"][held], two["y"][held]


def entry(job: Job, k: int, method: str, more: dict[str, Any]) -> Entry:
    """The information of two columns; a function of its arguments, wherever it runs."""
    i, j, x, y = job
    try:
        found = information(x, y, k, method, more)
    except ValueError as error:
        return Entry(i, j, np.nan, " ".join(str(error).split()), ())
    return Entry(i, j, found.value, "", tuple(getattr(found, "warnings", ())))


def _pool(jobs: int) -> AbstractContextManager[Executor | None]:
    return nullcontext() if jobs == 1 else ProcessPoolExecutor(jobs)


# What is said


def _said(arguments: argparse.Namespace, found: Sequence[Entry], down: Part, across: Part) -> list[str]:
    """What is refused or warned of, once for sentences that differ in numbers alone, with the first pair."""
    kinds: dict[str, dict[str, str]] = {}
    for one in found:
        x, y = (Part(part.table, [part.chosen[j]]) for part, j in ((down, one.i), (across, one.j)))
        data, pair = Variables({}, {"x": x, "y": y}, []), f"{x.titles[0]}, {y.titles[0]}"
        for text in filter(None, (one.refusal, *one.warnings)):
            kind = re.sub(r"[\d.]+", "#", text.partition(":")[2] or text)
            kinds.setdefault(kind, {}).setdefault(pair, said_here(arguments, data, text))
    return [_first(texts, len(found)) for texts in kinds.values()]


def _first(texts: dict[str, str], pairs: int) -> str:
    """The first of the sentences about pairs, and how many there are."""
    pair, text = next(iter(texts.items()))
    return f"{pair}: {text}" + (f" (and {len(texts) - 1} more of {pairs} pairs)" if len(texts) > 1 else "")


def _print(arguments: argparse.Namespace, matrix: Array, rows: list[str], columns: list[str], notes: list[str],
           warnings: list[str]) -> None:
    if arguments.json:
        entries = [[None if np.isnan(value) else value for value in row] for row in matrix.tolist()]
        print(json.dumps({"quantity": "mi", "unit": UNITS[arguments.base][0], "rows": rows, "columns": columns,
                          "matrix": entries, "notes": notes, "warnings": warnings}, allow_nan=False))
        return
    say([*notes, *(f"warning: {text}" for text in warnings)], "estimate")
    print(",".join(["", *map(_cell, columns)]))
    for name, row in zip(rows, matrix.tolist(), strict=True):
        print(",".join([_cell(name), *("" if np.isnan(value) else f"{value:.6g}" for value in row)]))


def _cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if set(text) & set(',"\n') else text
