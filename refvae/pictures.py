"""Which figures show which numbers, and what their captions say."""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from refvae.statements import NUMBER, OURS, Book, chapters, statements

RANGE = re.compile(rf"[(\[]({NUMBER})[)\]](?: to [(\[]({NUMBER})[)\]])?")
IMAGE = re.compile(r"^!\[([^\n]*)\]\(([^)\s]+/(\w+)\.svg)\)\n"
                   r"(?:\n\*((?:[^*\n]|\n(?!\n)|\*(?!\n\n))+)\*(?:\n\n|\Z))?", re.M)


class Picture(NamedTuple):
    """A figure as a chapter shows it: its name, the chapter, what stands for it where it is not seen, its caption."""

    name: str
    chapter: str
    alt: str
    caption: str


@lru_cache
def shown_in(book: Book = OURS) -> dict[str, tuple[str, ...]]:
    """Number -> the figures whose module's header names it."""
    found: dict[str, tuple[str, ...]] = {}
    for path in sorted(book.figures.glob("*.py")):
        header = ast.get_docstring(ast.parse(path.read_text("utf8"))) or ""
        for number in _named(header, book):
            found[number] = (*found.get(number, ()), path.stem)
    return found


def _named(header: str, book: Book) -> dict[str, None]:
    """The numbers in a text, with those in between for `(1.27) to (1.32)`."""
    order = list(statements(book))
    found = [(first, last or first) for first, last in RANGE.findall(header) if {first, last or first} <= {*order}]
    return dict.fromkeys(n for first, last in found for n in order[order.index(first):order.index(last) + 1])


@lru_cache
def pictures(book: Book = OURS) -> dict[str, Picture]:
    """Name -> the figure, of all that the chapters show."""
    pages = {chapter: (book.pages / f"{chapter}.md").read_text("utf8") for chapter in chapters(book)}
    return {match[3]: Picture(match[3], chapter, match[1], " ".join((match[4] or "").split()))
            for chapter, text in pages.items() for match in IMAGE.finditer(text)}


# Whether a figure is what its module draws, as far as that can be seen without drawing


def mark(name: str, book: Book = OURS) -> str:
    """The comment at the end of an SVG that says of which lines it was drawn; docstrings and comments do not count."""
    source = (book.figures / f"{name}.py").read_text("utf8")
    said = {i for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and ast.get_docstring(node) for i in range(node.body[0].lineno, _last(node) + 1)}
    lines = [line for i, line in enumerate(source.splitlines(), 1) if i not in said and line.strip()]
    code = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    return f"<!-- drawn of {sha256(code.encode()).hexdigest()[:16]} -->"


def stale(book: Book = OURS) -> list[str]:
    """The figures that say that they were drawn of other lines than their module has."""
    names = [path.stem for path in sorted(book.figures.glob("*.svg")) if path.with_suffix(".py").exists()]
    texts = {name: (book.figures / f"{name}.svg").read_text("utf8") for name in names}
    return [name for name, text in texts.items() if "<!-- drawn of " in text and mark(name, book) not in text]


def _last(node: ast.Module | ast.ClassDef | ast.FunctionDef) -> int:
    return node.body[0].end_lineno or node.body[0].lineno
