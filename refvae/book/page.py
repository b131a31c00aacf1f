"""A derivation as parts: prose, and numbered statements with the code and the figures that belong to them."""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from refvae.statements import HEADER, NUMBER, Statement, folder, lines_of, statements

ANCHOR = re.compile(r'^<a id="[^"]+"></a>$')


class Part(NamedTuple):
    """Markdown, and the statement that it states, or None for the prose between statements."""

    statement: Statement | None
    text: str


class Excerpt(NamedTuple):
    """A function of the package, its first line, and which of its lines carry the number."""

    path: Path
    first: int
    source: str
    marked: frozenset[int]


def parts(chapter: str) -> list[Part]:
    """A chapter cut before every statement, and where a heading ends one."""
    found: list[tuple[str | None, list[str]]] = []
    current: list[str] = []
    number: str | None = None
    for line in (folder("derivations") / f"{chapter}.md").read_text("utf8").splitlines():
        if ANCHOR.match(line) or line.startswith("#"):
            found.append((number, current))
            current, number = [], None
        header = HEADER.match(line)
        if header:
            number = header[2]
        elif not ANCHOR.match(line):
            current.append(line)
    found.append((number, current))
    return [Part(statements()[number] if number else None, "\n".join(lines)) for number, lines in found if any(lines)]


def excerpts(statement: Statement) -> list[Excerpt]:
    """The functions that compute a statement, in the order of the files."""
    found: dict[tuple[Path, int], tuple[str, set[int]]] = {}
    for path, line, _ in lines_of(statement):
        start, end = _around(path, line)
        source = "\n".join(path.read_text("utf8").splitlines()[start - 1:end])
        found.setdefault((path, start), (source, set()))[1].add(line)
    return [Excerpt(path, first, source, frozenset(lines)) for (path, first), (source, lines) in found.items()]


@lru_cache
def _blocks(path: Path) -> list[tuple[int, int]]:
    """First and last line of every statement on the top level of a module, and of the methods of its classes."""
    tree = ast.parse(path.read_text("utf8"))
    bodies = [tree.body, *(node.body for node in tree.body if isinstance(node, ast.ClassDef))]
    decorated = [(node, getattr(node, "decorator_list", [])) for body in bodies for node in body]
    return [(min(node.lineno, *(d.lineno for d in decorators), node.lineno), node.end_lineno or node.lineno)
            for node, decorators in decorated]


def _around(path: Path, line: int) -> tuple[int, int]:
    """The smallest of these that holds a line."""
    return min(((a, b) for a, b in _blocks(path) if a <= line <= b), key=lambda ab: ab[1] - ab[0])


@lru_cache
def figures() -> dict[str, tuple[str, ...]]:
    """Number -> the figures whose header names it."""
    found: dict[str, tuple[str, ...]] = {}
    for path in sorted(folder("figures").glob("*.py")):
        doc = ast.get_docstring(ast.parse(path.read_text("utf8"))) or ""
        for number in re.findall(rf"[(\[]({NUMBER})[)\]]", doc):
            found[number] = (*found.get(number, ()), path.stem)
    return found


def used_by(number: str) -> tuple[str, ...]:
    """The statements that use a number."""
    return tuple(s.number for s in statements().values() if number in s.uses)
