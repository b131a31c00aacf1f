"""Which lines a piece of evidence really runs."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable, Iterator, Mapping, Set
from contextlib import contextmanager, suppress
from functools import _lru_cache_wrapper, lru_cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple

from refvae import evidence
from refvae.evidence import Evidence
from refvae.statements import OURS, Book, TaggedLine, evidence_module, statements, tagged_lines

EXACT = {"adjoint", "identity", "law", "limit", "oracle"}


class Piece(NamedTuple):
    """What a line holds of one code object: a lambda on a line is another piece than the line around it."""

    file: str
    line: int
    columns: int


def own_evidence(number: str, book: Book = OURS) -> list[Evidence]:
    """The evidence of a number and of the claims about it, in the order of the derivations."""
    found = []
    for claim in (each for each in statements(book).values() if each.number == number or number in each.about):
        found += [entry for entry in evidence_module(claim.chapter, book).ledger.entries if entry.eq == claim.number]
    return found


def never_run(number: str) -> list[TaggedLine]:
    """The lines tagged with a number of which a piece is run by none of its deterministic checks at 1e-12."""
    missing = {line: pieces(line) for line in tagged_lines().get(number, [])}
    for entry in own_evidence(number):
        if entry.kind in EXACT and entry.bound <= 1e-12 and any(missing.values()):
            forget({str(line.path) for line in missing})
            with suppress(_Enough), running(missing, enough=set().union(*missing.values())) as seen:
                evidence.accepts(entry)
            missing = {line: wanted - seen for line, wanted in missing.items()}
    return [line for line, wanted in missing.items() if wanted]


def pieces(line: TaggedLine) -> set[Piece]:
    """The innermost pieces of a line: where it holds a function, the line of the function's body is what must run."""
    found = [code for code in codes_of(str(line.path)) if line.line in _lines(code)]
    inner = [code for code in found if not any(other in code.co_consts for other in found)]
    return {_piece(code, line.line) for code in inner}


class _Enough(BaseException):
    """Everything that was waited for has run."""


@contextmanager
def running(lines: Iterable[TaggedLine], enough: Set[Piece] = frozenset()) -> Iterator[set[Piece]]:
    """The pieces of these lines that run in the block, which is left when `enough` have."""
    wanted: dict[str, set[int]] = {}
    for line in lines:
        wanted.setdefault(str(line.path), set()).add(line.line)
    seen: set[Piece] = set()
    before = sys.gettrace()
    sys.settrace(_tracer(wanted, seen, enough))
    try:
        yield seen
    finally:
        sys.settrace(before)


def _tracer(wanted: Mapping[str, set[int]], seen: set[Piece], enough: Set[Piece]) -> Any:
    """A trace function that looks into the functions with wanted lines, and raises _Enough."""
    watched: dict[int, tuple[CodeType, set[int]]] = {}  # by id, for a code object's hash is slow; kept, so ids stay

    def inside(frame: FrameType, event: str, argument: object) -> Any:
        lines = watched[id(frame.f_code)][1]
        if event == "line" and frame.f_lineno in lines:
            lines.discard(frame.f_lineno)
            seen.add(_piece(frame.f_code, frame.f_lineno))
            if enough and seen >= enough:
                raise _Enough
        return inside if lines else None

    def called(frame: FrameType, event: str, argument: object) -> Any:
        code = frame.f_code
        if code.co_filename not in wanted:
            return None
        if id(code) not in watched:
            watched[id(code)] = code, wanted[code.co_filename] & _lines(code)
        return inside if watched[id(code)][1] else None

    return called


def forget(files: Set[str]) -> None:
    """Empty the caches of functions in these files and in derivations, for what is remembered is not run."""
    for cached in caches(files):
        cached.cache_clear()


def caches(files: Set[str]) -> list[Any]:
    """The functions in these files and in derivations that remember what they gave."""
    found = [each for each in gc.get_objects() if isinstance(each, _lru_cache_wrapper)]
    return [each for each in found if ".derivations." in str(each.__module__)
            or getattr(getattr(each.__wrapped__, "__code__", None), "co_filename", "") in files]


@lru_cache
def codes_of(file: str) -> list[CodeType]:
    """All code objects of a file as it stands."""
    return codes(Path(file).read_text("utf8"), file)


def codes(source: str | CodeType, file: str) -> list[CodeType]:
    """All code objects of a module, each before those inside it."""
    found = [source if isinstance(source, CodeType) else compile(source, file, "exec", dont_inherit=True)]
    for code in found:
        found += [inner for inner in code.co_consts if isinstance(inner, CodeType)]
    return found


def _lines(code: CodeType) -> set[int]:
    return {line for _, _, line in code.co_lines() if line is not None}


def _piece(code: CodeType, line: int) -> Piece:
    return Piece(code.co_filename, line, hash(tuple(code.co_positions())))
