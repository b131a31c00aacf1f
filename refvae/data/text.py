"""Tables written as text: the lines, the delimiter, whether the first line is a header, and what is a number."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO, TextIOWrapper
from itertools import chain, pairwise
from pathlib import Path
from typing import Literal, NamedTuple

Header = Literal["auto", "yes", "no"]
LABEL_COLUMNS = ("label", "labels", "y", "class")
MISSING = ("", "na", "n/a", "#n/a", "<na>", "nan", "-nan", "null", "none", "?")  # as pandas, R and UCI write it
WHOLE = re.compile(r"\s*[+-]?\d+\s*")
REMEDIES = (
    (r"\s*[+-]?\d[\d_]*_[\d_.]*\s*", "a number without _"),
    (r"\s*[+-]?\d{1,3}([ \u00a0\u202f']\d{3})+([.,]\d+)?\s*", "a number without spaces between thousands"),
    (r"\s*[+-]?[\d.]*,\d+\s*", "a number with a decimal point and no comma"),
)


class Lines(NamedTuple):
    """A text file as cells.

    names    of the columns, None without a header
    rows     the cells of the lines below it that are not blank, all of one length
    numbers  of these lines in the file, from 1
    counted  whether the header is 0, 1, 2, ...
    """

    names: tuple[str, ...] | None
    rows: list[list[str]]
    numbers: list[int]
    counted: bool


def lines(path: Path, content: bytes, header: Header = "auto") -> Lines:
    """The cells of a text file, between commas, semicolons, tabs or spaces.

    Raises ValueError for what is no text or no table, and where the first line may be a header as well as data.
    """
    numbers, rows = _cells(path, content)
    if not rows:
        raise ValueError(f"{path}: got blank lines, wanted numbers")
    first = [cell.strip(" \t'\"") for cell in rows[0]]
    if len(rows) > 1 and {len(row) for row in rows[1:]} == {len(first) + 1} and not any(map(is_number, first)):
        first = rows[0] = ["", *first]  # as R writes names of rows
    for number, row in zip(numbers, rows, strict=True):
        if len(row) != len(first):
            commas = "; decimal commas? write points" if len(row) == 2 * len(first) else ""
            raise ValueError(f"{path}: got {len(row)} cells in line {number}, wanted {len(first)}{commas}")
    if not _is_header(path, first, rows[1:], header):
        return Lines(None, rows, numbers, False)
    if not rows[1:]:
        raise ValueError(f"{path}: got a header only, wanted numbers below it")
    return Lines(tuple(first), rows[1:], numbers[1:], header == "auto" and _counted(first))


def _cells(path: Path, content: bytes) -> tuple[list[int], list[list[str]]]:
    """Numbers and cells of the lines that are not blank. Delimiter: what the first of them has, or spaces."""
    try:
        text = TextIOWrapper(BytesIO(content), "utf-8-sig", newline=None)
        first = next((line for line in text if line.strip()), "")
        delimiter = next((mark for mark in "\t;," if mark in first.lstrip("# ")), " ")
        text.seek(0)
        source = _bare(text)
        reader = csv.reader(map(str.rstrip, source) if delimiter == " " else source, delimiter=delimiter,
                            skipinitialspace=True)
        found = [(reader.line_num, cells) for cells in reader if any(map(str.strip, cells))]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path}: got no text ({error}), wanted CSV in UTF-8") from error
    return [number for number, _ in found], [cells for _, cells in found]


def _bare(text: Iterable[str]) -> Iterator[str]:
    """The lines, the first that is not blank without the # of numpy.savetxt."""
    seen = False
    for line in text:
        begins = not seen and line.startswith("#")
        seen = seen or bool(line.strip())
        yield line.lstrip("# ") if begins else line


# Is the first line a header?


def _is_header(path: Path, first: Sequence[str], body: Sequence[Sequence[str]], header: Header) -> bool:
    """What is asked for, or what the first line shows; ValueError where it shows nothing."""
    if header not in ("auto", "yes", "no"):
        raise ValueError(f"header: got {header!r}, wanted 'auto', 'yes' or 'no'")
    if header != "auto":
        return header == "yes"
    numeric = [is_number(cell) for cell in first]
    if not any(numeric) or _counted(first) or any(cell.lower() in LABEL_COLUMNS for cell in first):
        return True
    names = [cell for place, cell in enumerate(first) if place or cell]
    whole = [cell for cell in first if re.fullmatch(r"\d+", cell)]
    if len(whole) < sum(numeric) or len(set(names)) < len(names) or any(map(is_missing, names)) or not body:
        return False
    if len(names) < len(first) or _mixed(first, numeric, body):
        return True
    if all(numeric) and not _years(first) and any(map(WHOLE.fullmatch, chain.from_iterable(body))):
        return False
    shown = ",".join(first if len(first) < 5 else [*first[:4], "..."])
    raise ValueError(f"{path}: got the first line {shown}, which may be a header as well as data, wanted header yes or "
                     "no")


def _counted(first: Sequence[str]) -> bool:
    """0, 1, 2, ... as pandas writes for columns without names."""
    return len(first) > 2 and list(first) == [str(j) for j in range(len(first))]


def _mixed(first: Sequence[str], numeric: Sequence[bool], body: Sequence[Sequence[str]]) -> bool:
    """Names and numbers that no row of data has: words above numbers from the first cell on, or words and years."""
    years = [cell for cell, is_one in zip(first, numeric, strict=True) if is_one]
    columns = zip(*body, strict=True)
    above = [all(is_number(cell) or is_missing(cell) for cell in column) for column in columns]
    words = any(over and not is_one for over, is_one in zip(above, numeric, strict=True))
    return not numeric[0] and (words or (len(years) > 2 and _years(years)))


def _years(first: Sequence[str]) -> bool:
    """At least two whole numbers from 1000 to 2999 that grow or fall evenly."""
    years = [int(cell) for cell in first]
    steps = {after - before for before, after in pairwise(years)}
    return len(steps) == 1 and 1000 <= min(years) and max(years) < 3000


# Cells


def is_missing(cell: str) -> bool:
    """Whether a cell says that there is no value."""
    return cell.strip().lower() in MISSING


def is_number(cell: str) -> bool:
    """Whether a cell is a number, infinite ones included and missing ones not."""
    try:
        return not is_missing(cell) and number(cell) is not None
    except ValueError:
        return False


def number(cell: str) -> float:
    """The number in a cell, NaN for a missing one; ValueError if it is none, or one of Python alone, as 1_000."""
    if "_" in cell:
        raise ValueError(cell)
    try:
        return float(cell)
    except ValueError:
        if is_missing(cell):
            return float("nan")
        raise


def wanted(cell: str) -> str:
    """What should stand in the place of a cell that is no number."""
    return next((remedy for pattern, remedy in REMEDIES if re.fullmatch(pattern, cell)), "a number")
