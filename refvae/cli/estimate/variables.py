"""Which columns of which file are x, y and z: by name or number, lagged, and without rows that lack a value."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from refvae.cli.reading import refused
from refvae.cli.select import BadInput
from refvae.data import tables
from refvae.data.formats import STANDARD_INPUT
from refvae.data.tables import Table
from refvae.data.text import LABEL_COLUMNS, is_missing
from refvae.trees import Array


class Part(NamedTuple):
    """Columns of one table."""

    table: Table
    chosen: list[int]

    @property
    def is_text(self) -> bool:
        """Whether it is one column of words."""
        return len(self.chosen) == 1 and not tables.is_numeric(self.table, self.chosen[0])

    @property
    def titles(self) -> list[str]:
        """Their names, or numbers."""
        return [self.table.title(j) for j in self.chosen]


class Variables(NamedTuple):
    """What is estimated from: arrays (n, d) by the name of the variable, the names of their columns, and notes."""

    arrays: dict[str, Array]
    parts: dict[str, Part]
    notes: list[str]


class Reader:
    """The tables of a command line, and what was guessed of them."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments, self.notes = arguments, list[str]()
        files = [arguments.file, getattr(arguments, "file2", None)]
        if files.count(STANDARD_INPUT) > 1:
            raise BadInput("FILE, FILE2: got - twice, wanted standard input once")
        with refused(""):
            self.tables = [tables.table(file, arguments.header or "auto") for file in files if file is not None]
        for table in self.tables:
            self.notes += table.notes
        self.labels = [self._label(table) for table in self.tables]

    def _label(self, table: Table) -> int | None:
        """The column that is none of the data."""
        if self.arguments.label in (None, "none"):
            return None
        with refused("--label: "):
            (label, *more), _ = tables.choose(table, self.arguments.label)
            if more:
                raise ValueError(f"got {len(more) + 1} columns, wanted one")
        self.notes.append(f"{table.source}: {table.place(label)} holds labels and is left out")
        return label

    def data_columns(self, at: int = 0, without: Sequence[int] = ()) -> list[int]:
        """All columns of a table that are data, as far as nobody says otherwise."""
        table, no = self.tables[at], {self.tables[at].counter, self.labels[at], *without}
        found = [j for j in range(len(table.names)) if j not in no]
        if not found:
            raise BadInput(f"{table.source}: got no column left over, wanted one")
        if self.arguments.label is None:
            self.notes += [f"{table.source}: {table.place(j)} is taken for data; --label {table.names[j]} leaves it out"
                           for j in found if table.names[j].lower() in LABEL_COLUMNS and table.names[j].lower() != "y"]
        return found

    def named(self, option: str, at: int = 0) -> list[int]:
        """The columns that an option names; all without it."""
        wanted = getattr(self.arguments, option)
        if wanted is None:
            return self.data_columns(at)
        with refused(f"--{option}: "):
            found, notes = tables.choose(self.tables[at], wanted)
        self.notes += [f"--{option}: {note}" for note in notes]
        return found


def variables(arguments: argparse.Namespace) -> Variables:
    """The arrays that the command line asks for; BadInput if it asks for none that are there."""
    reader = Reader(arguments)
    parts = CHOICES[arguments.quantity](reader)
    arrays = {name: numbers(part, arguments) for name, part in parts.items()}
    arrays = lagged(arrays, arguments)
    if arguments.quantity == "divergence":
        return Variables({name: _complete(x, [parts[name]], [x], reader) for name, x in arrays.items()}, parts,
                         reader.notes)
    return Variables(_paired(arrays, parts, reader), parts, reader.notes)


# The columns of each quantity


def _entropy(reader: Reader) -> dict[str, Part]:
    return {"x": Part(reader.tables[0], reader.named("columns"))}


def _divergence(reader: Reader) -> dict[str, Part]:
    """Columns of the same names, in the order of FILE; by number where a file has no names."""
    x, y = (Part(table, reader.named("columns", at)) for at, table in enumerate(reader.tables))
    if all(x.table.names) and all(y.table.names) and x.titles != y.titles:
        if sorted(x.titles) != sorted(y.titles) or len(set(x.titles)) < len(x.titles):
            raise BadInput(f"FILE2: got the columns {', '.join(y.titles)}, wanted {', '.join(x.titles)} as in FILE")
        reader.notes.append(f"{y.table.source}: columns are taken by name, in the order of {x.table.source}")
        y = Part(y.table, [y.chosen[y.titles.index(title)] for title in x.titles])
    return {"x": x, "y": y}


def _mi(reader: Reader) -> dict[str, Part]:
    """Columns of each file, or of the one; y is then all that is not x, or x all that is not y."""
    if len(reader.tables) == 2:
        return {name: Part(table, reader.named(name, at)) for at, (name, table) in
                enumerate(zip("xy", reader.tables, strict=True))}
    given, table = reader.arguments, reader.tables[0]
    if given.x is None:
        raise BadInput("--x: got none and no FILE2, wanted the columns of the first variable, FILE2, or --pairs")
    x = reader.named("x")
    y = reader.data_columns(without=x) if given.y is None else reader.named("y")
    return {"x": Part(table, x), "y": Part(table, y)}


def _of_options(names: str) -> Callable[[Reader], dict[str, Part]]:
    """Each variable from the option of its name, in the file that has its columns."""
    def parts(reader: Reader) -> dict[str, Part]:
        for name in names:
            if getattr(reader.arguments, name) is None:
                raise BadInput(f"--{name}: got none, wanted the columns of this variable")
        return {name: _somewhere(reader, name) for name in names}

    return parts


def _somewhere(reader: Reader, name: str) -> Part:
    found, errors = [], list[BadInput]()
    for at, table in enumerate(reader.tables):
        try:
            found.append(Part(table, reader.named(name, at)))
        except BadInput as error:
            errors.append(error)
    if not found:
        raise errors[0]
    if len(found) == 2:
        raise BadInput(f"--{name}: got {getattr(reader.arguments, name)!r}, which FILE and FILE2 both have, wanted a "
                       "name that one of them has")
    return found[0]


CHOICES: dict[str, Callable[[Reader], dict[str, Part]]] = {
    "entropy": _entropy, "divergence": _divergence, "mi": _mi, "cmi": _of_options("xyz"), "te": _of_options("xy"),
    "tc": _entropy}


# The numbers in them


def numbers(part: Part, arguments: argparse.Namespace) -> Array:
    """Columns as numbers, NaN where values are missing and may be."""
    if getattr(arguments, "method", None) == "mixed" and part.is_text:
        return _labels(part, arguments)
    options = {"entropy": "--columns", "divergence": "--columns", "tc": "--columns"}
    with refused(""):
        try:
            x = tables.numbers(part.table, part.chosen)
        except ValueError as error:
            advice = f"; choose others by {options.get(arguments.quantity, '--x, --y')}, or leave it out by --label"
            raise ValueError(f"{error}{advice if str(error).endswith('it holds text') else ''}") from error
        if not arguments.drop_missing:
            tables.complete(part.table, x, part.chosen, False)
    return x


def _labels(part: Part, arguments: argparse.Namespace) -> Array:
    """A column of words as numbers 0, 1, ... in their order, NaN where they are missing and may be."""
    cells = [cell.strip() for cell in part.table.columns[part.chosen[0]]]
    x = np.where(list(map(is_missing, cells)), np.nan, np.unique(cells, return_inverse=True)[1])[:, None]
    with refused(""):
        tables.complete(part.table, x, part.chosen, arguments.drop_missing)
    return np.asarray(x)


def lagged(arrays: dict[str, Array], arguments: argparse.Namespace) -> dict[str, Array]:
    """x some rows earlier than the others; for transfer entropy with the row before as z."""
    lag, te = getattr(arguments, "lag", 0), arguments.quantity == "te"
    n = min(map(len, arrays.values()))
    if not int(te) <= lag < n:
        raise BadInput(f"--lag: got {lag}, wanted {int(te)} <= lag <= {n - 1}")
    if not lag:
        return arrays
    moved = {name: a[:len(a) - lag] if name == "x" else a[lag:] for name, a in arrays.items()}
    return {**moved, "z": arrays["y"][lag - 1:-1]} if te else moved


def _paired(arrays: dict[str, Array], parts: dict[str, Part], reader: Reader) -> dict[str, Array]:
    """Without the rows in which any of them lacks a value."""
    first = next(iter(arrays))
    for name, x in arrays.items():
        if len(x) != len(arrays[first]):
            raise BadInput(f"{parts[name].table.source}: got {len(x)} rows, wanted {len(arrays[first])} as in "
                           f"{parts[first].table.source}")
    used = list(parts.values())
    return {name: _complete(x, used, list(arrays.values()), reader, say=name == first) for name, x in arrays.items()}


def _complete(x: Array, parts: Sequence[Part], together: Sequence[Array], reader: Reader, say: bool = True) -> Array:
    """The rows of x that have all values in all arrays, and a note of how many have not."""
    whole = np.asarray(~np.isnan(np.hstack(together)).any(1))
    source = parts[0].table.source
    if not whole.any():
        raise BadInput(f"{source}: got {len(whole)} rows that all lack a value, wanted rows that have all")
    if say and not whole.all():
        reader.notes.append(f"{source}: {int((~whole).sum())} of {len(whole)} rows left out, where values are missing")
    return np.asarray(x[whole])
