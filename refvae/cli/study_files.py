"""The tables of a study: trials with the checksum of each line, which a resumed study compares, and summaries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

from refvae import files
from refvae.cli.select import BadInput
from refvae.entropy.study import Trial


def read(path: Path) -> list[Trial]:
    """The trials in a file that may end in the middle of a line; BadInput for a line that was changed."""
    if not path.exists():
        return []
    types = (str, int, int, int, int, float, float, float, float, str)
    lines = path.read_bytes().split(b"\n")[1:-1]
    rows = [each.decode("utf8", errors="replace").split(",")[:-1] for each in lines]
    for number, (row, written) in enumerate(zip(rows, lines, strict=True), 2):
        if len(row) != len(types) or line(row).encode() != written + b"\n":
            raise BadInput(f"--resume: got another line {number} in {path} than was written, wanted the file as it was")
    return [Trial(*(kind(cell) for kind, cell in zip(types, row, strict=True))) for row in rows]


def line(row: Sequence[Any]) -> str:
    """A row of a table, and the checksum of its text."""
    text = ",".join(map(str, row))
    return f"{text},{crc32(text.encode()):08x}\n"


def write(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A table, whole."""
    text = "".join(",".join(map(str, row)) + "\n" for row in (header, *rows))
    files.write(path, text)
