"""How the command line reads data: the options that all commands share, and what is printed of it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from refvae.cli.select import BadInput

FORMATS = ".npy, .npz, .csv, .tsv, .txt, .parquet or IDX as of MNIST, .gz too"
WORDS = (("drop_missing", "--drop-missing"), ("--data: label: ", "--label: "), ("--data: columns: ", "--columns: "),
         ("--data: shape: ", "--shape: "), ("wanted header yes or no", "wanted --header yes or --header no"))


def add_reading(p: Any, label: str) -> None:
    """Add the options of reading a table; `label` says what happens without the first of them."""
    p.add_argument("--label", metavar="NAME", help=f"column of labels, which is no data, or none ({label})")
    p.add_argument("--header", choices=("auto", "yes", "no"), help="whether the first line has names (default: seen "
                   "from it)")
    p.add_argument("--drop-missing", action="store_true", help="leave out rows in which a value is missing")
    p.add_argument("--max-bytes", type=int, metavar="N", help="the most that a file may hold, unpacked (default 2 GiB)")


def add_rows(p: Any) -> None:
    """Add the options of reading rows for a model."""
    add_reading(p, "default: a column called label, labels, y or class")
    p.add_argument("--columns", metavar="LIST", help="columns that are data, by name or number, as in age,income or "
                   "0,2-4 (default: all of numbers)")
    p.add_argument("--shape", type=integers, metavar="N,N", help="rows and columns of the image that every row is")


@contextmanager
def refused(beginning: str) -> Iterator[None]:
    """What is refused inside is bad input, said in one line that begins like this, in the words of the command line."""
    try:
        yield
    except (TypeError, ValueError) as error:
        said = beginning + " ".join(str(error).split())
        for word, option in WORDS:
            said = said.replace(word, option)
        raise BadInput(said) from error


def say(notes: Iterable[str], command: str) -> None:
    """Print what was guessed or left out, once each, where it does not disturb the numbers."""
    for note in dict.fromkeys(notes):
        print(f"refvae {command}: {note}", file=sys.stderr)


def names(text: str) -> tuple[str, ...]:
    """Words between commas."""
    return tuple(text.split(","))


def integers(text: str) -> tuple[int, ...]:
    """Whole numbers between commas; nothing is none."""
    try:
        return tuple(map(int, text.split(","))) if text else ()
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"got {text!r}, wanted whole numbers, as in 128,64") from error
