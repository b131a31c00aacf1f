"""Data of one's own from files: NumPy arrays, CSV, and IDX, the format of MNIST. Nothing is ever unpickled."""

from __future__ import annotations

import csv
import gzip
import os
import re
import warnings
import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from refvae.inputs import matrix
from refvae.trees import Array

X_NAMES = ("x", "X", "data", "images")
LABEL_NAMES = ("y", "labels")
LABEL_COLUMNS = ("label", "labels", "y", "class")
IDX_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
WANTED = "wanted .npy, .npz, .csv or IDX (.idx, -idx3-ubyte, .idx3-ubyte, ...), with .gz after it or not"
DAMAGE = (ValueError, EOFError, OSError, RuntimeError, zlib.error, zipfile.BadZipFile)  # what broken archives raise
Raw = tuple[Array, Array | None]  # what a file holds: data and labels, not yet checked


class Dataset(NamedTuple):
    """Rows of data as they stand in the file.

    x       (n, d) float64, finite; images are flattened row by row
    labels  (n,) int64 or None
    shape   (rows, cols) of images or None
    levels  the largest value of integers that are never negative (255 for bytes), or None
    """

    x: Array
    labels: Array | None
    shape: tuple[int, int] | None
    levels: int | None


def dataset(source: str | os.PathLike[str]) -> Dataset:
    """The digits of the package, in sixteenths of ink (levels 16), for the word "digits"; else the file `source`.

    A file of that name is reached as ./digits. Raises what `read` raises.
    """
    from refvae.data import digits  # that module may import this one

    if not isinstance(source, str) or source != "digits":
        return read(source)
    images, labels = digits()
    return Dataset(images * 16, labels, (8, 8), 16)


def read(path: str | os.PathLike[str]) -> Dataset:
    """The data of one file, by the ending of its name, which may be followed by .gz.

    .npy          an array (n, d), or images (n, rows, cols)
    .npz          such an array, the only one or named x, X, data or images; labels (n,) named y or labels
    .csv          numbers between commas, semicolons, tabs or spaces; a first line without numbers, or with a column
                  called label, labels, y or class, is a header, and that column holds the labels (in a header with x,
                  y is a coordinate); so is a first line 0,1,2,... as of pandas, with a UserWarning; integers if every
                  number is whole
    .idx, -idx3-ubyte, .idx3-ubyte, ...
                  the format of MNIST; beside a file images-idx3... the file labels-idx1... holds the labels

    Raises ValueError or TypeError that names the file, what was got and what was wanted.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"path: got {type(path).__name__}, wanted a str or a path")
    path = Path(path)
    x, labels = _parser(path)(path, _content(path))
    if x.ndim not in (2, 3):
        raise ValueError(f"{path}: got shape {x.shape}, wanted (n, d) or images (n, rows, cols)")
    shape = (x.shape[1], x.shape[2]) if x.ndim == 3 else None
    rows = matrix(x.reshape(len(x), prod(x.shape[1:])), str(path))
    return Dataset(rows, None if labels is None else _labels(labels, len(rows), path), shape, _levels(x))


# Files


def _parser(path: Path) -> Callable[[Path, bytes], Raw]:
    name = path.name.removesuffix(".gz")
    if re.search(r"[.-]idx(\d-[a-z]+)?$", name):
        return _idx_images
    parsers = {".npy": _npy, ".npz": _npz, ".csv": _csv}
    ending = Path(name).suffix
    if ending not in parsers or path.is_dir():
        got = "a folder" if path.is_dir() else f"the ending {ending!r}"
        raise ValueError(f"{path}: got {got}, {WANTED}")
    return parsers[ending]


def _content(path: Path) -> bytes:
    """The bytes of a file, unpacked if it ends in .gz."""
    try:
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise ValueError(f"{path}: got {reason}, wanted a file that can be read") from error
    if path.suffix == ".gz" and content:
        try:
            content = gzip.decompress(content)
        except DAMAGE as error:
            raise ValueError(f"{path}: got damaged gzip data ({error}), wanted a whole file") from error
    if not content:
        raise ValueError(f"{path}: got an empty file, wanted data")
    return content


# NumPy


def _npy(path: Path, content: bytes) -> Raw:
    return _array(path, BytesIO(content), ".npy file"), None


def _array(path: Path, stream: Any, kind: str) -> Array:
    try:
        return np.asarray(np.lib.format.read_array(stream, allow_pickle=False))
    except Exception as error:  # what NumPy raises for a damaged header has no bounds: even tokenize.TokenError
        if "Object arrays" in str(error):
            raise TypeError(f"{path}: got dtype object, wanted real numbers") from error
        raise ValueError(f"{path}: got a damaged {kind} ({error}), wanted one of numpy.save") from error


def _npz(path: Path, content: bytes) -> Raw:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            members = {name.removesuffix(".npy"): BytesIO(archive.read(name)) for name in archive.namelist()}
    except DAMAGE as error:
        raise ValueError(f"{path}: got a damaged .npz file ({error}), wanted one of numpy.savez") from error
    arrays = {name: _array(path, stream, f"array {name!r}") for name, stream in members.items()}
    labels = _one(path, [name for name in LABEL_NAMES if name in arrays], "array of labels")
    named = [name for name in X_NAMES if name in arrays]
    x = _one(path, named or [name for name in arrays if arrays[name].ndim in (2, 3)], "array of data")
    if x is None:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items()) or "no arrays"
        raise ValueError(f"{path}: got {shapes}, wanted an array (n, d) or (n, rows, cols)")
    return arrays[x], None if labels is None else arrays[labels]


def _one(path: Path, names: list[str], what: str) -> str | None:
    """The only name, None if there is none."""
    if len(names) > 1:
        raise ValueError(f"{path}: got {', '.join(names)}, wanted one {what}")
    return names[0] if names else None


# CSV


def _csv(path: Path, content: bytes) -> Raw:
    lines = _lines(path, content)
    if not lines:
        raise ValueError(f"{path}: got blank lines, wanted numbers")
    header = [cell.strip().lower() for cell in lines[0][1]]
    columns = [name for name in LABEL_COLUMNS if name in header and not (name == "y" and "x" in header)]
    label = _one(path, columns, "column of labels")
    counted = len(header) > 2 and header == [str(j) for j in range(len(header))]
    if counted and len(lines) > 1:
        warnings.warn(f"{path}: the first line is 0,1,...,{len(header) - 1} and taken for a header, not for data",
                      UserWarning, stacklevel=4)
    if counted or label is not None or not any(map(_is_number, header)):
        lines = lines[1:]
    if not lines:
        raise ValueError(f"{path}: got a header only, wanted numbers below it")
    table = np.stack([_numbers(path, number, cells, len(header)) for number, cells in lines])
    if np.isfinite(table).all() and (table == np.round(table)).all() and np.abs(table).max() < 2**53:
        table = table.astype(np.int64)
    if label is None:
        return table, None
    return np.delete(table, header.index(label), axis=1), table[:, header.index(label)]


def _lines(path: Path, content: bytes) -> list[tuple[int, list[str]]]:
    """Line numbers and cells of the lines that are not blank. Delimiter: what the first of them has, or spaces."""
    try:
        lines = content.decode("utf-8-sig").splitlines()
        first = next(filter(str.strip, lines), "")
        delimiter = next((mark for mark in "\t;," if mark in first), " ")
        reader = csv.reader(map(str.rstrip, lines) if delimiter == " " else lines, delimiter=delimiter,
                            skipinitialspace=True)
        return [(reader.line_num, cells) for cells in reader if any(map(str.strip, cells))]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path}: got no text ({error}), wanted CSV in UTF-8") from error


def _numbers(path: Path, number: int, cells: list[str], width: int) -> Array:
    if len(cells) != width:
        raise ValueError(f"{path}: got {len(cells)} cells in line {number}, wanted {width}")
    try:
        return np.fromiter(map(float, cells), float, width)
    except ValueError as error:
        j = next(j for j, cell in enumerate(cells) if not _is_number(cell))
        raise ValueError(f"{path}: got {cells[j]!r} in line {number}, column {j + 1}, wanted a number") from error


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


# IDX


def _idx_images(path: Path, content: bytes) -> Raw:
    """The array of the file, with the labels from the file beside it that the names of MNIST lead to."""
    name = path.name.removesuffix(".gz")
    beside = re.sub(r"images([.-])idx3", r"labels\1idx1", name)
    files = [path.with_name(beside + packed) for packed in ("", ".gz") if beside != name]
    found = next(filter(Path.exists, files), None)
    return _idx(path, content), None if found is None else _idx(found, _content(found))


def _idx(path: Path, content: bytes) -> Array:
    """Two zero bytes, the type, the number of dimensions; each dimension in four bytes; the entries. Big endian."""
    if content[:2] != b"\0\0" or len(content) < 4 or content[2] not in IDX_TYPES or content[3] == 0:
        raise ValueError(f"{path}: got the first bytes {content[:4].hex(' ')}, wanted 00 00, a type "
                         f"({', '.join(f'{code:02x}' for code in IDX_TYPES)}) and the number of dimensions")
    dtype, start = np.dtype(IDX_TYPES[content[2]]), 4 + 4 * content[3]
    shape = [int.from_bytes(content[at:at + 4], "big") for at in range(4, start, 4)]
    wanted = start + prod(shape) * dtype.itemsize
    if len(content) != wanted:
        raise ValueError(f"{path}: got {len(content)} bytes, wanted {wanted} for shape {tuple(shape)} of {dtype.name}")
    return np.frombuffer(content, dtype, offset=start).reshape(shape)


# What is in them


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
