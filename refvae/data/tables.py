"""Columns of a file by name or number, as numbers; what they mean is for others to say."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Sequence
from difflib import get_close_matches
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from refvae.data import formats, text
from refvae.data.text import Header
from refvae.trees import Array

INDEX_NAMES = r"|unnamed: \d+|rownames|__index_level_\d+__"  # of columns that count the rows, in lower case


class Table(NamedTuple):
    """Columns in the order of their file, counted from 0.

    source   what messages begin with
    names    one a column, "" where there is none
    columns  each an array (n,) of numbers, or a list of n cells of text
    numbers  of the rows, as lines of a text file, or None
    counter  the column that only counts or names the rows, as of pandas, or None
    shape    (rows, cols) of images or None
    notes    what was guessed about the file, a sentence each
    """

    source: str
    names: tuple[str, ...]
    columns: tuple[Any, ...]
    numbers: Sequence[int] | None = None
    counter: int | None = None
    shape: tuple[int, int] | None = None
    notes: tuple[str, ...] = ()

    def title(self, j: int) -> str:
        """The name of a column, or its number."""
        return self.names[j] or str(j)

    def place(self, j: int) -> str:
        """A column in a message."""
        return f"column {self.names[j]!r}" if self.names[j] else f"column {j}"


def table(source: str | os.PathLike[str], header: Header = "auto") -> Table:
    """The columns of a file, by the ending of its name, which .gz may follow, or of standard input for "-".

    .csv .tsv .txt  cells between commas, semicolons, tabs or spaces; header "auto" sees whether the first line is one
    .npy            (n,), (n, d) or images (n, rows, cols);   IDX, the format of MNIST, likewise
    .npz            such arrays of one length n; of two or more the columns are called a, or a[0], a[1], ...
    .parquet        if pyarrow is installed

    Raises ValueError or TypeError that names the file, what was got and what was wanted.
    """
    if not isinstance(source, (str, os.PathLike)):
        raise TypeError(f"path: got {type(source).__name__}, wanted a str or a path")
    path = Path(source)
    ending, content = formats.contents(path)
    if ending in formats.TEXT:
        return _of_text(path, text.lines(path, content, header))
    if ending == ".parquet":
        found = formats.parquet(path, content)
        return _indexed(Table(str(path), tuple(found), tuple(found.values())))
    if ending == ".npz":
        return _of_arrays(path, formats.npz(path, content))
    return of_array(path, formats.npy(path, content) if ending == ".npy" else formats.idx(path, content))


def of_array(path: Path, array: Array) -> Table:
    """The columns of one array, without names."""
    flat = _flat(path, array)
    shape = (array.shape[1], array.shape[2]) if array.ndim == 3 else None
    return Table(str(path), ("",) * flat.shape[1], tuple(flat.T), shape=shape)


def _flat(path: Path, array: Array, name: str = "") -> Array:
    """(n, d), of real numbers."""
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{path}: got dtype {array.dtype}{name}, wanted real numbers")
    if array.ndim not in (1, 2, 3):
        raise ValueError(f"{path}: got shape {array.shape}{name}, wanted (n,), (n, d) or images (n, rows, cols)")
    return array.reshape(len(array), prod(array.shape[1:]))


def _of_arrays(path: Path, arrays: dict[str, Array]) -> Table:
    """All arrays side by side; numbers alone, (), do not count."""
    arrays = {name: array for name, array in arrays.items() if array.ndim}
    if len(arrays) == 1:
        return of_array(path, next(iter(arrays.values())))
    if len({len(array) for array in arrays.values()}) != 1:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items()) or "no arrays"
        raise ValueError(f"{path}: got {shapes}, wanted arrays of one length")
    flat = {name: _flat(path, array, f" in {name}") for name, array in arrays.items()}
    named = {(name if x.shape[1] == 1 else f"{name}[{j}]"): x[:, j] for name, x in flat.items()
             for j in range(x.shape[1])}
    return Table(str(path), tuple(named), tuple(named.values()))


def _of_text(path: Path, found: text.Lines) -> Table:
    columns = tuple(map(list, zip(*found.rows, strict=True)))
    notes = (f"{path}: the first line is 0,1,...,{len(columns) - 1} and taken for a header, not for data"
             ,) if found.counted else ()
    return _indexed(Table(str(path), found.names or ("",) * len(columns), columns, found.numbers, notes=notes),
                    named=found.names is not None)


def _indexed(table: Table, named: bool = True) -> Table:
    """The table with the column that pandas or R wrote to count or name the rows marked as such."""
    for j in (0, len(table.names) - 1):  # pandas writes it first, and last into Parquet
        if named and len(table.names) > 1 and re.fullmatch(INDEX_NAMES, table.names[j].lower()) and _counts(table, j):
            called = repr(table.names[j]) if table.names[j] else "no name"
            note = f"{table.source}: column {j} ({called}) counts or names the rows and is left out unless asked for"
            return table._replace(counter=j, notes=(*table.notes, note))
    return table


def _counts(table: Table, j: int) -> bool:
    """Whether a column is whole numbers in steps of 1, or text."""
    try:
        values = column(table, j)
    except ValueError:
        return True
    return bool((np.diff(values) == 1).all() and (values == np.round(values)).all())


# Columns


def choose(table: Table, wanted: str) -> tuple[list[int], list[str]]:
    """Numbers of the columns that a text names: names, numbers from 0 and ranges between commas; and notes.

    A name comes before a number; quotes hold a name with commas. The name of an array of a .npz is all its columns.
    """
    try:
        split = next(csv.reader([wanted], skipinitialspace=True, strict=True), [])
    except csv.Error as error:
        raise ValueError(f"got {wanted!r} ({error}), wanted columns between commas") from error
    parts = [wanted] if wanted in table.names else [part.strip() for part in split]
    found = [j for part in parts for j in _part(table, part)]
    if not found or len(set(found)) < len(found):
        got = next((f"{table.place(j)} twice" for j in found if found.count(j) > 1), "no column")
        raise ValueError(f"got {got}, wanted different columns of {table.source}")
    names = {part: table.names.index(part) for part in parts if part.isdecimal() and part in table.names}
    return found, [f"{part} is taken for the name of column {j}" for part, j in names.items()
                   if j != int(part) < len(table.names)]


def _part(table: Table, part: str) -> list[int]:
    """A name, the name of an array, a number, or a range."""
    if part in table.names and part:
        return [_named(table, part)]
    if array := [j for j, name in enumerate(table.names) if re.fullmatch(re.escape(part) + r"\[\d+\]", name)]:
        return array
    if ends := re.fullmatch(r"(\d+)(?:-(\d+))?", part):
        first, last = int(ends[1]), int(ends[2] or ends[1])
        if first <= last < len(table.names):
            return list(range(first, last + 1))
        raise ValueError(f"got column {max(first, last)} of {len(table.names)} in {table.source}, wanted some of 0 to "
                         f"{len(table.names) - 1}")
    raise ValueError(f"got {part!r}, wanted columns of {table.source}, {known(table, part)}")


def _named(table: Table, name: str) -> int:
    if table.names.count(name) > 1:
        numbers = [j for j, other in enumerate(table.names) if other == name]
        raise ValueError(f"got {name!r}, the name of columns {numbers} of {table.source}, wanted a number")
    return table.names.index(name)


def known(table: Table, word: str) -> str:
    """Names of columns as the end of a message, those like the word first."""
    names = [name for name in table.names if name]
    if not names:
        return f"numbers from 0 to {len(table.names) - 1}: it has no names"
    close = get_close_matches(word, names, n=3, cutoff=0.5)
    return "as in " + ", ".join(close or [*names[:6], *(["..."] if len(names) > 6 else [])])


def numbers(table: Table, chosen: Sequence[int]) -> Array:
    """Columns as numbers, NaN where a value is missing.   -> (n, d) float64

    Raises ValueError for a cell that is no number, and for an infinite one.
    """
    return np.column_stack([column(table, j) for j in chosen])


def column(table: Table, j: int) -> Array:
    """One column as numbers, NaN where a value is missing.   -> (n,) float64"""
    cells = table.columns[j]
    try:
        values = (np.fromiter(map(text.number, cells), float, len(cells)) if isinstance(cells, list)
                  else np.asarray(cells, float))
    except ValueError as error:
        raise ValueError(_no_number(table, j)) from error
    if len(infinite := np.flatnonzero(np.isinf(values))):
        raise ValueError(f"{table.source}: got {len(infinite)} infinite numbers in {table.place(j)}, the first in "
                         f"{row(table, infinite[0])}, wanted finite ones")
    return values


def is_numeric(table: Table, j: int) -> bool:
    """Whether a column is of numbers, missing ones included."""
    return not isinstance(table.columns[j], list) or all(text.is_number(cell) or text.is_missing(cell)
                                                         for cell in table.columns[j])


def is_text(table: Table, j: int) -> bool:
    """Whether most cells of a column are words: no numbers, and none that are badly written either."""
    cells = table.columns[j]
    no = _no_numbers(cells) if isinstance(cells, list) else []
    return 2 * len(no) > len(cells) and text.wanted(cells[no[0]]) == "a number"


def _no_number(table: Table, j: int) -> str:
    cells = table.columns[j]
    no = _no_numbers(cells)
    got = f"{table.source}: got {cells[no[0]]!r} in {row(table, no[0])}, {table.place(j)}, wanted "
    return got + ("numbers: it holds text" if is_text(table, j) else text.wanted(cells[no[0]]))


def _no_numbers(cells: Sequence[str]) -> list[int]:
    return [i for i, cell in enumerate(cells) if not text.is_number(cell) and not text.is_missing(cell)]


def row(table: Table, i: int) -> str:
    """A row in a message."""
    return f"row {i}" if table.numbers is None else f"line {table.numbers[i]}"


def complete(table: Table, x: Array, chosen: Sequence[int], drop_missing: bool) -> Array:
    """Which rows have all values; ValueError if not all have and none may be dropped, or if none has.   -> (n,) bool"""
    missing = np.isnan(x)
    whole = np.asarray(~missing.any(1))
    if whole.all() or (drop_missing and whole.any()):
        return whole
    i, j = map(int, np.argwhere(missing)[0])
    cells = table.columns[chosen[j]]
    raise ValueError(f"{table.source}: got missing values in {int((~whole).sum())} of {len(x)} rows, the first "
                     f"{str(cells[i])!r} in {row(table, i)}, {table.place(chosen[j])}, wanted "
                     + ("rows that have all" if drop_missing else "numbers, or drop_missing"))
