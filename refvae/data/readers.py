"""Data of one's own from files, as rows with labels, for models: NumPy arrays, tables, and IDX, the format of MNIST."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from refvae.data import formats, tables
from refvae.data.rows import is_whole, of_arrays, of_table
from refvae.data.text import Header
from refvae.inputs import matrix
from refvae.trees import Array

Grey = Literal["auto", "yes"]
SHARED = 2 / 3  # of the columns reach from the lower half to the upper half of all numbers, if they are grey values


class Dataset(NamedTuple):
    """Rows of data as they stand in the file.

    x        (n, d) float64, finite; images are flattened row by row
    labels   (n,) int64 or None
    shape    (rows, cols) of images or None
    levels   the largest value of integers that are never negative and are grey values (255 for bytes), or None
    notes    what was guessed or left out, a sentence each
    columns  names of the columns, or empty
    classes  the words that labels 0, 1, ... stand for, or empty
    test     how many of the last rows the file sets aside for a test
    """

    x: Array
    labels: Array | None
    shape: tuple[int, int] | None
    levels: int | None
    notes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    test: int = 0


def dataset(source: str | os.PathLike[str], **how: Any) -> Dataset:
    """The digits of the package, in sixteenths of ink (levels 16), for the word "digits"; else the file `source`.

    A file of that name is reached as ./digits. Settings and errors are those of `read`.
    """
    from refvae.data import digits  # that module may import this one

    if not isinstance(source, str) or source != "digits":
        return read(source, **how)
    images, labels = digits()
    return Dataset(images * 16, None if how.get("label") == "none" else labels, (8, 8), 16)


def read(path: str | os.PathLike[str], *, label: str = "auto", header: Header = "auto", drop_missing: bool = False,
         columns: str | None = None, shape: Sequence[int] | None = None, grey: Grey = "auto") -> Dataset:
    """The data of one file, by the ending of its name, which may be followed by .gz; "-" is standard input.

    .npy          an array (n, d), or images (n, rows, cols) or (n, rows, cols, 1)
    .npz          such an array, the only one or named x, X, data or images, or x_train with x_test, whose rows are set
                  aside; labels (n,) named y or labels, or y_train and y_test
    .csv .tsv .txt .parquet
                  columns of numbers, as in `tables.table`; a column of indices as of pandas is left out, and so are
                  columns of text; columns pixel0, pixel1, ... or 1x1, 1x2, ... are an image
    .idx, -idx3-ubyte, .idx3-ubyte, ...
                  the format of MNIST; beside a file images-idx3... the file labels-idx1... holds the labels

    label         the column or array that holds the labels, "none", or "auto": a column called label, labels, y or
                  class (in a header with x, y is a coordinate); words are labels too
    header        of a table: "yes", "no", or "auto": what the first line shows
    drop_missing  leave out rows without all values
    columns       names, numbers from 0 and ranges between commas: the columns that are data (all of numbers)
    shape         (rows, cols) of the image that every row is
    grey          whole numbers are grey values: "yes", or "auto": of images, or if the columns share a range

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
        raw = of_table(path, found, label, drop_missing, columns)
    else:
        raw = of_arrays(path, label, drop_missing, columns)
    rows = matrix(raw.x, str(path))
    of_image = raw.shape if shape is None else _shape(path, shape, rows.shape[1])
    labels, classes = (None, ()) if raw.labels is None else _labels(raw.labels, len(rows), path)
    are_grey = of_image is not None or grey == "yes"
    levels = _levels(rows, are_grey) if raw.x.dtype.kind in "biu" or (are_grey and is_whole(rows)) else None
    return Dataset(rows, labels, of_image, levels, raw.notes, raw.columns, classes, raw.test)


def _shape(path: Path, shape: Sequence[int], d: int) -> tuple[int, int]:
    if len(shape) != 2 or min(shape) < 1 or prod(shape) != d:
        raise ValueError(f"shape: got {','.join(map(str, shape))} for the {d} columns of {path}, wanted rows,cols of "
                         f"an image with {d} pixels")
    return int(shape[0]), int(shape[1])


def _labels(labels: Array, n: int, path: Path) -> tuple[Array, tuple[str, ...]]:
    """Whole numbers, and the words that they stand for, if these are words."""
    if labels.shape != (n,):
        raise ValueError(f"{path}: got labels of shape {labels.shape}, wanted ({n},), one per row")
    if labels.dtype.kind == "U":
        words, numbers = np.unique(labels, return_inverse=True)
        return numbers.astype(np.int64), tuple(words.tolist())
    if labels.dtype.kind not in "biuf":
        raise TypeError(f"{path}: got labels of dtype {labels.dtype}, wanted integers or words")
    with np.errstate(invalid="ignore"):
        whole = labels.astype(np.int64)
    if len(bad := np.flatnonzero(whole != labels)):
        raise ValueError(f"{path}: got the label {labels[bad[0]]} at {bad[0]}, wanted integers")
    return whole, ()


def _levels(x: Array, are_grey: bool) -> int | None:
    """The largest of whole numbers that are grey values: of images, or of columns that share a range."""
    low, high = x.min(0), x.max(0)
    top = high.max()
    if low.min() < 0 or top <= 0:
        return None
    if not (moving := high > low).any():
        low, moving = 0 * low, ~moving
    shared = len(high) > 1 and np.mean((2 * high >= top) & (2 * low <= top), where=moving) > SHARED
    return int(top) if are_grey or shared else None
