"""Which claims the words on the command line mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

from refvae.statements import NUMBER, Statement, chapters, statements


class BadInput(ValueError):
    """What the user gave cannot be used; the message is one line."""


def claims(patterns: Sequence[str]) -> list[Statement]:
    """The claims that a chapter name, an equation number or a glob of either matches, all for no pattern."""
    wanted = [statement for statement in statements().values() if statement.is_claim]
    if not patterns:
        return wanted
    for pattern in patterns:
        bare = pattern.strip("()[]")
        if bare in statements() and not statements()[bare].is_claim:
            raise BadInput(f"PATTERN: [{bare}] is a definition and owes no evidence; see refvae show {bare}")
        if not any(_matches(claim, pattern) for claim in wanted):
            known = [*chapters(), *(claim.number for claim in wanted)]
            raise BadInput(f"PATTERN: got {pattern!r}, wanted a chapter ({', '.join(chapters())}), the number of a "
                           f"claim, or a glob of these{nearest(bare, known)}")
    return [claim for claim in wanted if any(_matches(claim, pattern) for pattern in patterns)]


def statement(number: str) -> Statement:
    """The statement with this number, with or without brackets."""
    bare = number.strip("()[]")
    if bare not in statements():
        raise BadInput(f"EQ: got {number!r}, wanted an equation number{nearest(bare, statements())}")
    return statements()[bare]


def nearest(word: str, numbers: Iterable[str]) -> str:
    """The closest names, as the end of a sentence: for a number the nearest ones, for nothing similar the first."""
    known = list(numbers)
    if re.fullmatch(NUMBER, word):
        numbered = [number for number in known if re.fullmatch(NUMBER, number)]
        close = sorted(numbered, key=lambda number: _distance(number, word))[:3]
    else:
        close = get_close_matches(word, known, n=3) or known[:3]
    return f"; nearest: {', '.join(close)}" if close else ""


def _distance(a: str, b: str) -> tuple[int, int]:
    (x, y), (u, v) = ([int(part) for part in re.findall(r"\d+", number)] for number in (a, b))
    return abs(x - u), abs(y - v)


def _matches(claim: Statement, pattern: str) -> bool:
    return fnmatchcase(claim.chapter, pattern) or fnmatchcase(claim.number, pattern.strip("()"))
