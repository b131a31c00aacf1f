"""What files hold, before anything is known of its meaning: bytes, NumPy arrays, IDX. Nothing is ever unpickled."""

from __future__ import annotations

import gzip
import re
import sys
import zipfile
import zlib
from contextvars import ContextVar
from importlib import import_module
from io import BytesIO
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from refvae.trees import Array

IDX_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
WANTED = ("wanted .npy, .npz, .csv, .tsv, .txt, .parquet or IDX (.idx, -idx3-ubyte, .idx3-ubyte, ...), with .gz after "
          "it or not")
TEXT = (".csv", ".tsv", ".txt")
MAGIC = {b"\x93NUMPY": ".npy", b"PK": ".npz", b"PAR1": ".parquet"}  # how files begin that come without a name
STANDARD_INPUT = "-"
MOST: ContextVar[int] = ContextVar("max_bytes", default=2**31)  # what a file may hold, unpacked
DAMAGE = (ValueError, EOFError, OSError, RuntimeError, zlib.error, zipfile.BadZipFile)  # what broken archives raise


def contents(path: Path) -> tuple[str, bytes]:
    """The ending, "idx" for IDX, and the bytes of a file, unpacked; of standard input for "-", by its first bytes."""
    if str(path) == STANDARD_INPUT:
        content = unpacked(path, within(path, sys.stdin.buffer.read(MOST.get() + 1)))
        return next((ending for magic, ending in MAGIC.items() if content.startswith(magic)), ".csv"), content
    ending = kind(path)
    return ending, unpacked(path, _bytes(path))


def kind(path: Path) -> str:
    """The ending of a name that can be read, "idx" for the names of MNIST; ValueError for any other."""
    name = path.name.removesuffix(".gz")
    if re.search(r"[.-]idx(\d-[a-z]+)?$", name):
        return "idx"
    ending = Path(name).suffix
    if ending not in (*TEXT, *MAGIC.values()) or path.is_dir():
        got = "a folder" if path.is_dir() else f"the ending {ending!r}"
        raise ValueError(f"{path}: got {got}, {WANTED}")
    return ending


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            content = stream.read(MOST.get() + 1)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise ValueError(f"{path}: got {reason}, wanted a file that can be read") from error
    return within(path, content)


def within(path: Path, content: bytes, size: int = 0) -> bytes:
    """The bytes themselves; ValueError for more of them, or of a size to come, than a file may hold."""
    if max(len(content), size) > MOST.get():
        raise ValueError(f"{path}: got more than {MOST.get()} bytes, wanted at most these; --max-bytes allows more")
    return content


def unpacked(path: Path, content: bytes) -> bytes:
    """The bytes, out of their gzip if the name says so or, without a name, if they do."""
    packed = content.startswith(b"\x1f\x8b") if str(path) == STANDARD_INPUT else path.suffix == ".gz" and content
    if packed:
        try:
            content = gzip.GzipFile(fileobj=BytesIO(content)).read(MOST.get() + 1)
        except DAMAGE as error:
            raise ValueError(f"{path}: got damaged gzip data ({error}), wanted a whole file") from error
    if not content:
        raise ValueError(f"{path}: got an empty file, wanted data")
    return within(path, content)


# NumPy


def npy(path: Path, content: bytes, what: str = ".npy file") -> Array:
    """The array in a .npy file, of a type other than object."""
    try:
        return np.asarray(np.lib.format.read_array(BytesIO(content), allow_pickle=False))
    except Exception as error:  # what NumPy raises for a damaged header has no bounds: even tokenize.TokenError
        if "Object arrays" in str(error):
            raise TypeError(f"{path}: got dtype object, wanted real numbers") from error
        raise ValueError(f"{path}: got a damaged {what} ({error}), wanted one of numpy.save") from error


def npz(path: Path, content: bytes) -> dict[str, Array]:
    """The arrays in a .npz file, by name."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            size = sum(member.file_size for member in archive.infolist())
            members = {} if size > MOST.get() else {
                name.removesuffix(".npy"): archive.read(name) for name in archive.namelist()}
    except DAMAGE as error:
        raise ValueError(f"{path}: got a damaged .npz file ({error}), wanted one of numpy.savez") from error
    within(path, b"", size)
    return {name: npy(path, member, f"array {name!r}") for name, member in members.items()}


# IDX


def labels_beside(path: Path) -> Array | None:
    """The labels from the file beside one of images that the names of MNIST lead to."""
    name = path.name.removesuffix(".gz")
    beside = re.sub(r"images([.-])idx3", r"labels\1idx1", name)
    files = [path.with_name(beside + packed) for packed in ("", ".gz") if beside != name]
    found = next(filter(Path.exists, files), None)
    return None if found is None else idx(found, contents(found)[1])


def idx(path: Path, content: bytes) -> Array:
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


# Parquet


def parquet(path: Path, content: bytes) -> dict[str, Any]:
    """The columns of a Parquet file by name: arrays of numbers with NaN for null, or lists of text; needs pyarrow."""
    try:
        arrow, reader = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError as error:
        raise ValueError(f"{path}: got a Parquet file without pyarrow, wanted pip install pyarrow, or .csv") from error
    try:
        read = reader.read_table(arrow.BufferReader(content))
    except arrow.ArrowException as error:
        raise ValueError(f"{path}: got a damaged Parquet file ({error}), wanted a whole one") from error
    return {name: _arrow(column) for name, column in zip(read.column_names, read.columns, strict=True)}


def _arrow(column: Any) -> Any:
    values = column.to_numpy()
    if values.dtype.kind in "biuf":
        return values
    return ["" if value is None else str(value) for value in column.to_pylist()]
