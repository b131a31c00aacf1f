"""Every mutant of a tagged line against the evidence of the line's numbers, cheapest first, until a check fails."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from refvae.evidence import Evidence, accepts
from refvae.mutate.execution import Piece, own_evidence, pieces, running
from refvae.mutate.fresh import edit, imports, in_child
from refvae.mutate.lines import Mutant, mutants
from refvae.statements import OURS, Book, TaggedLine

KILLED, SURVIVES = "killed", "survives"
LEAST = 20.0  # seconds of computing that a mutant may take however quick its evidence is


class Check(NamedTuple):
    """A piece of evidence by its place, so that it can be found again after its module was loaded anew."""

    module: str
    at: int
    name: str

    def entry(self) -> Evidence:
        """The evidence itself, from the module as it is loaded now."""
        return import_module(self.module).ledger.entries[self.at]  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Fate:
    """What became of a mutant: killed by a check, or by a crash or endless loop (then `by` says so); or it survives."""

    path: Path
    line: int
    numbers: tuple[str, ...]
    text: str
    mutant: str
    status: str
    by: str


@dataclass(frozen=True)
class Subject:
    """A tagged line with all numbers in its margin, and the checks under them, those that run it first."""

    line: TaggedLine
    numbers: tuple[str, ...]
    checks: tuple[Check, ...]
    seconds: float


Measured = Mapping[Check, tuple[float, frozenset[Piece]]]


def checks_of(number: str, book: Book = OURS) -> list[Check]:
    """The evidence of a number and of the claims about it."""
    return [place(entry) for entry in own_evidence(number, book)]


def place(entry: Evidence) -> Check:
    """Where an entry stands: in the section that holds it, not in the chapter that gathers the sections."""
    name = f"({entry.eq}) {entry.kind} {entry.name}"
    found = [Check(module.__name__, index, name) for module in list(sys.modules.values())
             if type(getattr(module, "ledger", None)).__name__ == "Ledger"
             for index, each in enumerate(module.ledger.entries) if each is entry]
    return max(found, key=lambda check: len(check.module))


def measure(check: Check, lines: Sequence[TaggedLine]) -> tuple[float, list[Piece]] | None:
    """Seconds of computing of a check of the right version, and the pieces of tagged lines that it runs."""
    def task() -> tuple[float, list[Piece]]:
        start = time.process_time()
        with running(lines) as seen:
            if not accepts(check.entry()):
                raise ValueError(f"{check.name}: fails without any mutant")
        return time.process_time() - start, list(seen)

    return in_child(task, 600)  # type: ignore[no-any-return]


def subject(line: TaggedLine, numbers: Sequence[str], own: Sequence[Check], measured: Measured) -> Subject:
    """A tagged line and its checks: those that run it first, the quick before the slow."""
    held = pieces(line)
    ordered = sorted(own, key=lambda check: (not held & measured[check][1], measured[check][0]))
    return Subject(line, tuple(numbers), tuple(ordered), sum(measured[check][0] for check in own))


def fates(one: Subject) -> list[Fate]:
    """What becomes of every mutant of a line, each in a process of its own."""
    path, line, text = one.line
    return [Fate(path, line, one.numbers, text, mutant.text, *_fate(one, mutant))
            for mutant in mutants(path.read_text("utf8"), line)]


def _fate(one: Subject, mutant: Mutant) -> tuple[str, str]:
    by = in_child(partial(_killer, one.line.path, mutant, one.checks), LEAST + 10 * one.seconds)
    return (SURVIVES, "") if by == "" else (KILLED, by or "a crash or an endless loop")


def _killer(path: Path, mutant: Mutant, checks: Sequence[Check]) -> str:
    """The first check that fails; empty if none does. A module that cannot even be loaded is killed."""
    try:
        edit(path, mutant.code(path))
        for check in checks:
            entry = check.entry()
            if not import_module("refvae.evidence").accepts(entry):
                return check.name
    except Exception as error:
        return f"{type(error).__name__} on import"
    return ""


@contextmanager
def workers(jobs: int) -> Iterator[Callable[..., Iterator[Any]]]:
    """A map over tasks, in their order, in `jobs` processes that hold what is loaded now."""
    imports.cache_clear()  # for other folders may have been loaded since
    imports()
    gc.collect()
    gc.freeze()  # so that a fork copies little
    try:
        if jobs == 1:
            yield map
            return
        with ProcessPoolExecutor(jobs, mp_context=get_context("fork")) as pool:
            yield pool.map
    finally:
        gc.unfreeze()
