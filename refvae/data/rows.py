"""Rows and labels as they stand in a table or in arrays, before anything of them is checked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isqrt, prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from refvae.data import formats, tables
from refvae.data.tables import Table
from refvae.data.text import LABEL_COLUMNS, is_missing
from refvae.trees import Array

X_NAMES = ("x", "X", "data", "images")
LABEL_NAMES = ("y", "labels")
KERAS = ("x_train", "x_test")


class Raw(NamedTuple):
    """Data (n, d) and labels of a file, not yet checked; of text, labels are words."""

    x: Array
    labels: Any = None
    shape: tuple[int, int] | None = None
    notes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    test: int = 0


# Tables


def of_table(path: Path, found: Table, label: str, drop_missing: bool, columns: str | None) -> Raw:
    """The columns that are asked for, or all of numbers, without the one of labels."""
    at, notes = _label(path, found, label), list(found.notes)
    if columns is None:
        every = [j for j in range(len(found.names)) if j not in (found.counter, at)]
        chosen = [j for j in every if not tables.is_text(found, j)]
        if chosen and (text := [found.title(j) for j in every if j not in chosen]):
            notes.append(f"{path}: columns of text are left out: {', '.join(text)}")
        chosen = chosen or every
    else:
        chosen, more = _chosen(found, columns)
        notes, at = [*notes, *more], None if at in chosen and label == "auto" else at
    if not chosen or at in chosen:
        raise ValueError(f"{path}: got no column beside the labels, wanted data")
    x, labels = tables.numbers(found, chosen), None if at is None else _words_or_numbers(found, at)
    gaps = np.column_stack([x, *([] if labels is None else [_gaps(labels)])])
    whole = tables.complete(found, gaps, chosen if at is None else [*chosen, at], drop_missing)
    notes += [_dropped(path, whole)] if not whole.all() else []
    notes += [] if at is None else [f"{path}: {found.place(at)} holds the labels and is no data"]
    x, names = x[whole], tuple(found.names[j] for j in chosen)
    if (shape := _pixels(names)) is not None:
        notes.append(f"{path}: columns {names[0]} to {names[-1]} are taken for images of {shape[0]} x {shape[1]}")
    return Raw(x.astype(np.int64) if is_whole(x) else x, None if labels is None else labels[whole],
                shape or found.shape, tuple(notes), names if all(names) else ())


def _words_or_numbers(found: Table, at: int) -> Array:
    if tables.is_numeric(found, at):
        return tables.column(found, at)
    return np.array([str(cell).strip() for cell in found.columns[at]])


def _gaps(labels: Array) -> Array:
    """NaN where a label is missing."""
    if labels.dtype.kind == "f":
        return labels
    return np.where([is_missing(str(label)) for label in labels], np.nan, 0.0)


def _pixels(names: Sequence[str]) -> tuple[int, int] | None:
    """The shape of images whose columns are called pixel0, pixel1, ... or 1x1, 1x2, ..., as Kaggle has them."""
    side = isqrt(len(names))
    if len(names) > 1 and side * side == len(names) and all(
            name.lower() in (f"pixel{j}", f"pixel{j + 1}", f"pixel_{j}") for j, name in enumerate(names)):
        return side, side
    last = re.fullmatch(r"(\d+)x(\d+)", names[-1]) if len(names) > 1 and names[0] == "1x1" else None
    shape = (int(last[1]), int(last[2])) if last else None
    return shape if shape and prod(shape) == len(names) else None


def _dropped(path: Path, whole: Array) -> str:
    return f"{path}: {int((~whole).sum())} of {len(whole)} rows left out, where values are missing"


def _chosen(found: Table, columns: str) -> tuple[list[int], list[str]]:
    try:
        return tables.choose(found, columns)
    except ValueError as error:
        raise ValueError(f"columns: {error}") from error


def _label(path: Path, found: Table, label: str) -> int | None:
    """The column that holds the labels."""
    if label == "none":
        return None
    if label != "auto":
        try:
            (at, *more), _ = tables.choose(found, label)
            if more:
                raise ValueError(f"got {len(more) + 1} columns, wanted one")
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


def of_arrays(path: Path, label: str, drop_missing: bool, columns: str | None) -> Raw:
    """The array of data, flat, and the one of labels."""
    x, labels, test = _arrays(path, label)
    if x.ndim == 4 and x.shape[3] == 1:
        x = x[..., 0]
    if x.ndim not in (2, 3):
        colour = "; colours are none" if x.ndim == 4 else ""
        raise ValueError(f"{path}: got shape {x.shape}, wanted (n, d) or images (n, rows, cols){colour}")
    shape = (x.shape[1], x.shape[2]) if x.ndim == 3 else None
    flat = x.reshape(len(x), prod(x.shape[1:]))
    if columns is not None:
        shape, flat = None, flat[:, _chosen(tables.of_array(path, flat), columns)[0]]
    gaps = np.isnan(flat) if drop_missing and flat.dtype.kind == "f" else np.zeros(flat.shape, bool)
    whole = np.asarray(~gaps.any(1))
    if whole.all():
        return Raw(flat, labels, shape, test=test)
    if labels is not None and np.shape(labels) == (len(flat),):
        labels = labels[whole]
    return Raw(flat[whole], labels, shape, (_dropped(path, whole),), test=int(whole[len(whole) - test:].sum()))


def _arrays(path: Path, label: str) -> tuple[Array, Array | None, int]:
    """Data and labels, not yet checked, and how many of the last rows are set aside."""
    ending, content = formats.contents(path)
    arrays = formats.npz(path, content) if ending == ".npz" else {}
    if ending == ".npz" and set(KERAS) <= set(arrays):
        return _keras(path, arrays, label)
    if label not in ("auto", "none", *arrays):
        raise ValueError(f"{path}: got no labels {label!r}, wanted {', '.join(['none', *arrays])}")
    if ending == "idx":
        return formats.idx(path, content), formats.labels_beside(path) if label == "auto" else None, 0
    if ending == ".npy":
        return formats.npy(path, content), None, 0
    known = LABEL_NAMES if label == "auto" else (label,)
    labels = _one(path, [name for name in known if name in arrays], "array of labels")
    named = [name for name in X_NAMES if name in arrays]
    x = _one(path, named or [name for name in arrays if arrays[name].ndim in (2, 3, 4)], "array of data")
    if x is None:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items()) or "no arrays"
        raise ValueError(f"{path}: got {shapes}, wanted an array (n, d) or (n, rows, cols)")
    return arrays[x], None if labels is None else arrays[labels], 0


def _keras(path: Path, arrays: dict[str, Array], label: str) -> tuple[Array, Array | None, int]:
    """x_train with x_test below it, and y_train with y_test."""
    train, test = (arrays[name] for name in KERAS)
    if train.shape[1:] != test.shape[1:] or not train.ndim or not len(test):
        raise ValueError(f"{path}: got x_train {train.shape} and x_test {test.shape}, wanted rows of one shape in both")
    x, names = np.concatenate([train, test]), ("y_train", "y_test")
    if label not in ("auto", "none", "y_train", "y"):
        raise ValueError(f"{path}: got no labels {label!r}, wanted none or y_train")
    if label == "none" or not set(names) <= set(arrays):
        return x, None, len(test)
    labels = [arrays[name].ravel() if arrays[name].shape[1:] == (1,) else arrays[name] for name in names]
    if [each.shape for each in labels] != [(len(train),), (len(test),)]:
        got = " and ".join(f"{name} {arrays[name].shape}" for name in names)
        raise ValueError(f"{path}: got {got}, wanted one label for each of {len(train)} and {len(test)} rows")
    return x, np.concatenate(labels), len(test)


def is_whole(x: Array) -> bool:
    """Whether all entries are whole numbers that float64 holds."""
    return bool((x == np.round(x)).all() and np.abs(x).max() < 2**53)
