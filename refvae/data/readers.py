"""Data of one's own from files, as rows with labels, for models: NumPy arrays, tables, and IDX, the format of MNIST."""

from __future__ import annotations

import os
import warnings
from math import prod
from pathlib import Path
from typing import NamedTuple

import numpy as np

from refvae.data import formats, tables
from refvae.data.tables import Table
from refvae.data.text import LABEL_COLUMNS, Header
from refvae.inputs import matrix
from refvae.trees import Array

X_NAMES = ("x", "X", "data", "images")
LABEL_NAMES = ("y", "labels")


class Dataset(NamedTuple):
    """Rows of data as they stand in the file.

    x       (n, d) float64, finite; images are flattened row by row
    labels  (n,) int64 or None
    shape   (rows, cols) of images or None
    levels  the largest value of integers that are never negative (255 for bytes), or None
    notes   what was guessed or left out, a sentence each
    """

    x: Array
    labels: Array | None
    shape: tuple[int, int] | None
    levels: int | None
    notes: tuple[str, ...] = ()


def dataset(source: str | os.PathLike[str], *, label: str = "auto", header: Header = "auto",
            drop_missing: bool = False) -> Dataset:
    """The digits of the package, in sixteenths of ink (levels 16), for the word "digits"; else the file `source`.

    A file of that name is reached as ./digits. Settings and errors are those of `read`.
    """
    from refvae.data import digits  # that module may import this one

    if not isinstance(source, str) or source != "digits":
        return read(source, label=label, header=header, drop_missing=drop_missing)
    images, labels = digits()
    return Dataset(images * 16, None if label == "none" else labels, (8, 8), 16)


def read(path: str | os.PathLike[str], *, label: str = "auto", header: Header = "auto",
         drop_missing: bool = False) -> Dataset:
    """The data of one file, by the ending of its name, which may be followed by .gz; "-" is standard input.

    .npy          an array (n, d), or images (n, rows, cols)
    .npz          such an array, the only one or named x, X, data or images; labels (n,) named y or labels
    .csv .tsv .txt .parquet
                  numbers, as in `tables.table`; a column of indices as of pandas is left out; integers if every number
                  is whole
    .idx, -idx3-ubyte, .idx3-ubyte, ...
                  the format of MNIST; beside a file images-idx3... the file labels-idx1... holds the labels

    label         the column or array that holds the labels, "none", or "auto": a column called label, labels, y or
                  class (in a header with x, y is a coordinate)
    header        of a table: "yes", "no", or "auto": what the first line shows
    drop_missing  leave out rows without all values

    What was guessed or left out is in the notes; a guess is a UserWarning too. Raises ValueError or TypeError that
    names the file, what was got and what was wanted.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"path: got {type(path).__name__}, wanted a str or a path")
    path = Path(path)
    if str(path) == formats.STANDARD_INPUT or formats.kind(path) in (*formats.TEXT, ".parquet"):
        found = tables.table(path, header)
        for note in found.notes:
            warnings.warn(note, UserWarning, stacklevel=2)
        return _of_table(path, found, label, drop_missing)
    x, labels = _arrays(path, label)
    if x.ndim not in (2, 3):
        raise ValueError(f"{path}: got shape {x.shape}, wanted (n, d) or images (n, rows, cols)")
    shape = (x.shape[1], x.shape[2]) if x.ndim == 3 else None
    flat = x.reshape(len(x), prod(x.shape[1:]))
    gaps = np.isnan(flat) if drop_missing and flat.dtype.kind == "f" else np.zeros(flat.shape, bool)
    whole = np.asarray(~gaps.any(1))
    rows = matrix(flat[whole], str(path))
    labels = None if labels is None else _labels(labels, len(x), path)[whole]
    return Dataset(rows, labels, shape, _levels(x), () if whole.all() else (_dropped(path, whole),))


# Tables


def _of_table(path: Path, found: Table, label: str, drop_missing: bool) -> Dataset:
    at = _label(path, found, label)
    chosen = [j for j in range(len(found.names)) if j not in (found.counter, at)]
    if not chosen:
        raise ValueError(f"{path}: got no column beside the labels, wanted data")
    asked = chosen if at is None else [*chosen, at]
    every = tables.numbers(found, asked)
    whole = tables.complete(found, every, asked, drop_missing)
    table, notes = every[whole], list(found.notes)
    if not whole.all():
        notes.append(_dropped(path, whole))
    if at is not None:
        notes.append(f"{path}: {found.place(at)} holds the labels and is no data")
    x = table[:, :len(chosen)]
    integers = bool((table == np.round(table)).all() and np.abs(table).max() < 2**53)
    levels = _levels(x.astype(np.int64)) if integers else None
    return Dataset(matrix(x, str(path)), None if at is None else _labels(table[:, -1], len(table), path), found.shape,
                   levels, tuple(notes))


def _dropped(path: Path, whole: Array) -> str:
    return f"{path}: {int((~whole).sum())} of {len(whole)} rows left out, where values are missing"


def _label(path: Path, found: Table, label: str) -> int | None:
    """The column that holds the labels."""
    if label == "none":
        return None
    if label != "auto":
        try:
            (at,), _ = tables.choose(found, label)
        except ValueError as error:
            raise ValueError(f"label: {error}") from error
        return at
    lower = [name.lower() for name in found.names]
    named = [name for name in LABEL_COLUMNS if name in lower and not (name == "y" and "x" in lower)]
    one = _one(path, named, "column of labels")
    return None if one is None else lower.index(one)


def _one(path: Path, names: list[str], what: str) -> str | None:
    """The only name, None if there is none."""
    if len(names) > 1:
        raise ValueError(f"{path}: got {', '.join(names)}, wanted one {what}")
    return names[0] if names else None


# Arrays


def _arrays(path: Path, label: str) -> tuple[Array, Array | None]:
    """Data and labels, not yet checked."""
    ending, content = formats.contents(path)
    arrays = formats.npz(path, content) if ending == ".npz" else {}
    if label not in ("auto", "none", *arrays):
        raise ValueError(f"{path}: got no labels {label!r}, wanted {', '.join(['none', *arrays])}")
    if ending == "idx":
        return formats.idx(path, content), formats.labels_beside(path) if label == "auto" else None
    if ending == ".npy":
        return formats.npy(path, content), None
    known = LABEL_NAMES if label == "auto" else (label,)
    labels = _one(path, [name for name in known if name in arrays], "array of labels")
    named = [name for name in X_NAMES if name in arrays]
    x = _one(path, named or [name for name in arrays if arrays[name].ndim in (2, 3)], "array of data")
    if x is None:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items()) or "no arrays"
        raise ValueError(f"{path}: got {shapes}, wanted an array (n, d) or (n, rows, cols)")
    return arrays[x], None if labels is None else arrays[labels]


def _labels(labels: Array, n: int, path: Path) -> Array:
    if labels.dtype.kind not in "biuf":
        raise TypeError(f"{path}: got labels of dtype {labels.dtype}, wanted integers")
    if labels.shape != (n,):
        raise ValueError(f"{path}: got labels of shape {labels.shape}, wanted ({n},), one per row")
    with np.errstate(invalid="ignore"):
        whole = labels.astype(np.int64)
    if len(bad := np.flatnonzero(whole != labels)):
        raise ValueError(f"{path}: got the label {labels[bad[0]]} at {bad[0]}, wanted integers")
    return whole


def _levels(x: Array) -> int | None:
    return int(x.max()) if x.dtype.kind in "biu" and x.min() >= 0 and x.max() > 0 else None
