"""A derivation as parts: prose, and numbered statements with the code that belongs to them."""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from refvae.statements import HEADER, OURS, Book, Statement, lines_of, statements

ANCHOR = re.compile(r'^<a id="[^"]+"></a>$')


class Part(NamedTuple):
    """Markdown, and the statement that it states, or None for the prose between statements."""

    statement: Statement | None
    text: str


class Excerpt(NamedTuple):
    """A function or class, its name, its first line, and which of its lines carry the number."""

    path: Path
    name: str
    first: int
    source: str
    marked: frozenset[int]


def parts(chapter: str, book: Book = OURS) -> list[Part]:
    """A chapter cut before every statement, and where a heading ends one."""
    found: list[tuple[str | None, list[str]]] = []
    current: list[str] = []
    number: str | None = None
    for line in (book.pages / f"{chapter}.md").read_text("utf8").splitlines():
        if ANCHOR.match(line) or line.startswith("#"):
            found.append((number, current))
            current, number = [], None
        header = HEADER.match(line)
        if header:
            number = header[2]
        elif not ANCHOR.match(line):
            current.append(line)
    found.append((number, current))
    known = statements(book)
    return [Part(known[number] if number else None, "\n".join(lines)) for number, lines in found if any(lines)]


def excerpts(statement: Statement) -> list[Excerpt]:
    """The functions that compute a statement, in the order of the files."""
    found: dict[tuple[Path, int], tuple[str, str, set[int]]] = {}
    for path, line, _ in lines_of(statement):
        name, start, end = _around(path, line)
        source = "\n".join(path.read_text("utf8").splitlines()[start - 1:end])
        found.setdefault((path, start), (name, source, set()))[2].add(line)
    return [Excerpt(path, name, first, source, frozenset(lines))
            for (path, first), (name, source, lines) in found.items()]


@lru_cache
def _blocks(path: Path) -> list[tuple[str, int, int]]:
    """Name, first and last line of every statement on the top level of a module, and of the methods of its classes."""
    tree = ast.parse(path.read_text("utf8"))
    bodies = [tree.body, *(node.body for node in tree.body if isinstance(node, ast.ClassDef))]
    decorated = [(node, getattr(node, "decorator_list", [])) for body in bodies for node in body]
    return [(getattr(node, "name", ""), min(node.lineno, *(d.lineno for d in decorators), node.lineno),
             node.end_lineno or node.lineno) for node, decorators in decorated]


def _around(path: Path, line: int) -> tuple[str, int, int]:
    """The smallest of these that holds a line."""
    around = (block for block in _blocks(path) if block[1] <= line <= block[2])
    return min(around, key=lambda block: block[2] - block[1])


def used_by(statement: Statement) -> tuple[str, ...]:
    """The statements that use one."""
    return tuple(s.number for s in statements(statement.book).values() if statement.number in s.uses)
