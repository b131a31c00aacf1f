"""Which folder and which claims the words on the command line mean."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path

from refvae.statements import NUMBER, OURS, Book, Statement, chapters, evidence_module, find, statements
from refvae.trace import findings, malformed


class BadInput(ValueError):
    """What the user gave cannot be used; the message is one line."""


def opened(words: Sequence[str]) -> tuple[Book, list[str]]:
    """The book in the folder that the first word names, and the other words; ours, and all words, if it names none."""
    name = words[0] if words else ""
    if not name or re.fullmatch(NUMBER, name) or name in chapters(OURS) or not Path(name).is_dir():
        return OURS, list(words)
    book = Book.at(Path(name))
    if wrong := _wrong(book):
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise BadInput(f"PATH: got {name!r}, where {wrong[0]}{more}")
    return book, list(words[1:])


def claims(patterns: Sequence[str], book: Book = OURS) -> list[Statement]:
    """The claims that a chapter name, an equation number or a glob of either matches, all for no pattern."""
    wanted = [statement for statement in statements(book).values() if statement.is_claim]
    if not patterns:
        return wanted
    for pattern in patterns:
        bare = pattern.strip("()[]")
        if bare in statements(book) and not statements(book)[bare].is_claim:
            raise BadInput(f"PATTERN: [{bare}] is a definition and owes no evidence; see refvae show {bare}")
        if not any(_matches(claim, pattern) for claim in wanted):
            known = [*chapters(book), *(claim.number for claim in wanted)]
            raise BadInput(f"PATTERN: got {pattern!r}, wanted a chapter ({', '.join(chapters(book))}), the number of a "
                           f"claim, or a glob of these{nearest(bare, known)}")
    return [claim for claim in wanted if any(_matches(claim, pattern) for pattern in patterns)]


def statement(number: str, book: Book = OURS) -> Statement:
    """The statement with this number, with or without brackets."""
    bare = number.strip("()[]")
    try:
        return find(bare, book)
    except KeyError as error:
        known = statements(book)
        raise BadInput(f"EQ: got {number!r}, wanted an equation number{nearest(bare, known)}") from error


def nearest(word: str, numbers: Iterable[str]) -> str:
    """The closest names, as the end of a sentence: for a number the nearest ones, for nothing similar the first."""
    known = list(numbers)
    if re.fullmatch(NUMBER, word):
        numbered = [number for number in known if re.fullmatch(NUMBER, number)]
        close = sorted(numbered, key=lambda number: _distance(number, word))[:3]
    else:
        close = get_close_matches(word, known, n=3) or known[:3]
    return f"; nearest: {', '.join(close)}" if close else ""


def _wrong(book: Book) -> list[str]:
    """What is wrong with a folder, each in one line, before anything of it is run."""
    try:
        if not chapters(book):
            return ["no page (*.md) begins with '# 1 Title', a chapter's number and name"]
        return list(findings(book)) or _wrong_evidence(book)
    except SyntaxError as error:
        return [f"{Path(error.filename or '').name}:{error.lineno}: {error.msg}"]
    except (OSError, ValueError) as error:
        return [f"a file cannot be read ({str(error).splitlines()[0]})"]


def _wrong_evidence(book: Book) -> list[str]:
    if not any((book.pages / name).exists() for name in ("evidence.py", "evidence/__init__.py")):
        return ["there is no evidence.py, with the checks in its `ledger`"]
    numbers = {each.number for each in statements(book).values() if each.is_claim}
    try:
        return list(malformed("evidence.py", evidence_module("", book).ledger.entries, numbers))
    except Exception as error:  # whatever somebody else's code raises
        steps = [(Path(step.filename), step.lineno) for step in traceback.extract_tb(error.__traceback__)]
        place = [f"{path.name}:{line}" for path, line in steps if path.is_relative_to(book.pages)] or ["evidence.py"]
        return [f"{place[-1]} raises {type(error).__name__}: {(str(error) or 'no message').splitlines()[0]}"]


def _distance(a: str, b: str) -> tuple[int, int]:
    (x, y), (u, v) = ([int(part) for part in re.findall(r"\d+", number)] for number in (a, b))
    return abs(x - u), abs(y - v)


def _matches(claim: Statement, pattern: str) -> bool:
    return fnmatchcase(claim.chapter, pattern) or fnmatchcase(claim.number, pattern.strip("()"))
