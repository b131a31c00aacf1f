"""When a trial on exact numbers is a proof: how many cells, how many runs, and the error that is left. (1.34), (1.35)

A trial runs the lines on the numbers of one field and says whether what should vanish does. If it vanishes although
roots were free, one run proves it; if not, it is tried again with true roots, whose signs are random, (1.35).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from refvae.check.blame import why_not
from refvae.check.field import BITS, MULTIPLES, Field, Site
from refvae.check.report import GradientError

PROVED, REFUTED, NOT_RUN = "PROVED", "REFUTED", "NOT RUN"
CERTAIN = 1e-9  # a larger probability of error is no proof
LONG = 4 * BITS  # bits of the prime where a shorter one leaves more than that
SIGNS = 40  # runs with random signs beyond one for each root
SHAKES = (0.0, 2.0**-10, 1.0, -1.0)  # witnesses: the point, near it, and two opposite ones of its scale
UNSETTLED = "the signs of some roots are not settled: write np.abs(x) for np.sqrt(x**2)"
LARGE = "the difference vanishes, but its degree may be large, so that chance leaves {:.1g}: give smaller arguments"
LIMITED = (TypeError, AttributeError, NotImplementedError, np.linalg.LinAlgError)  # what floats alone can do


@dataclass(frozen=True)
class Proof:
    """What exact numbers say.

    status    PROVED; REFUTED; NOT RUN: a line needs floats, or there is no derivative at the witness
    error     PROVED: a bound for the probability that a false statement comes so far; else 1
    cells     in how many cells, each the inputs that take the same branches, at the shapes that were given
    branches  lines that compare, with "both sides" or the one side that was ever taken, in all that they compare
    relations which it took: 0 those of [1.33], 1 sums of arguments of exp and products of those of log, 2 roots
    note      REFUTED: the coordinate and both values; NOT RUN: the line, what it needs, and what to write instead
    """

    status: str
    error: float = 1.0
    cells: int = 0
    branches: tuple[str, ...] = ()
    note: str = ""
    relations: int = 2

    def __str__(self) -> str:
        if self.status != PROVED:
            return f"{self.status}: {self.note}"
        lines = [f"PROVED: a false one comes so far with probability {self.error:.1g} at most; "
                 f"{self.cells} cell{'s' * (self.cells != 1)}" + (f"; {self.note}" if self.note else "")]
        return "\n".join([*lines, *(f"  {branch}" for branch in self.branches)])

    def raise_for_status(self) -> Proof:
        """The proof itself if its status is PROVED; otherwise raise GradientError with all that it says."""
        if self.status != PROVED:
            raise GradientError(str(self))
        return self


class Found(NamedTuple):
    """What a trial found: whether the difference is 0, a bound of its degree, whether all witnesses are finite."""

    zero: bool
    size: int
    finite: bool


Trial = Callable[[Field, float], Found]  # (field, how far to move the witnesses)


class Run(NamedTuple):
    """A cell's verdict, the probability that it is wrong, and its last field, in which a refutation can be repeated."""

    found: Found
    error: float
    field: Field
    seed: int

    @property
    def relations(self) -> int:
        """Which it took, as in `Proof`."""
        return self.field.related + self.field.rooted


def decide(trial: Trial, seed: int, *, relations: int = 2, least: int = 0,
           here: bool = False) -> tuple[Proof, Run | None, float]:
    """Run a trial at the point and, where lines compare, in the cells of two opposite points more.

    One line compares many numbers, as those that a sort does: both sides of it in one cell are not all of its branches.
    `relations` limits what may be used, as in `Proof`; with fewer than `least`, or than another cell took, nothing is
    tried, for what more of them refute fewer refute too; `here` stays in the cell of the given point.
    Other errors of a first run go through; where witnesses were moved it only says that this is no cell of the domain.
    """
    proved: list[Run] = []
    sides: dict[Site, set[bool]] = {}
    for number, shake in enumerate(SHAKES[:1] if here else SHAKES):
        if proved and (number < 2 or not sides):
            continue
        try:
            with np.errstate(all="ignore"):
                run = settle(trial, seed + 1000 * number, shake, relations, least)
        except LIMITED as error:
            return Proof(NOT_RUN, note=why_not(error)), None, shake
        except Exception:
            if not shake:
                raise
            continue
        if run.field.ties or not run.found.finite:
            last = run
        elif not run.found.zero:
            return Proof(REFUTED), run, shake
        else:
            proved.append(run)
            least = run.relations
            for site, outcomes in run.field.branches.items():
                sides.setdefault(site, set()).update(outcomes)
    return (_proved(proved, sides) if proved else Proof(NOT_RUN, note=_nowhere(last.field))), None, 0.0


def settle(trial: Trial, seed: int, shake: float, relations: int, least: int = 0) -> Run:
    """One cell: with free roots; if that fails with true ones, until their independence or enough signs are seen."""
    for related in (False, True)[least:1 + relations]:
        field = Field(seed, related)
        found = trial(field, shake)
        error = chance(found, field)
        if found.zero and error > CERTAIN:
            field = Field(seed, related, bits=LONG)
            found = trial(field, shake)
            error = chance(found, field)
        if found.zero or field.ties or not found.finite:
            return Run(found, error, field, seed)
    if least < 2 and not (field.roots and relations == 2):
        return Run(found, 1.0, field, seed)
    characters: list[list[bool]] = []
    while True:
        field = Field(seed + 1 + len(characters), related=True, rooted=True)
        found = trial(field, shake)
        characters.append(field.squares)
        dependent = len(field.squares) - rank(characters)
        if not found.zero or not dependent or len(characters) > len(field.squares) + SIGNS:
            signs = (1 - 2.0**-dependent) ** len(characters)                                           # (1.35)
            return Run(found, signs + chance(found, field), field, seed + len(characters))


def rank(characters: Sequence[Sequence[bool]]) -> int:
    """Rank over F_2 of the differences of rows: at most that of the radicands modulo squares, (1.35)."""
    if len({len(row) for row in characters}) > 1:
        return 0
    rows = [sum((a != b) << i for i, (a, b) in enumerate(zip(row, characters[0], strict=True)))
            for row in characters[1:]]
    found = 0
    while rows:
        if pivot := rows.pop():
            found += 1
            low = pivot & -pivot
            rows = [row ^ pivot if row & low else row for row in rows]                                 # (1.35)
    return found


def chance(found: Found, field: Field) -> float:
    """The bound of (1.34): degree, collisions of formal elements, and primes that divide every coefficient."""
    size = found.size + field.size
    collisions = (2 * len(MULTIPLES)) ** (2 + field.related) * field.count ** (1 + field.related) * field.size
    return float(size + collisions) / 2.0 ** (field.bits - 1) + float(size) * 2.0 ** (13 - field.bits)   # (1.34)


def _proved(runs: Sequence[Run], sides: dict[Site, set[bool]]) -> Proof:
    worst = max(runs, key=lambda run: run.error)
    if worst.error > CERTAIN:
        return Proof(NOT_RUN, note=UNSETTLED if worst.field.squares else LARGE.format(worst.error))
    lines: dict[tuple[str, int], list[set[bool]]] = {}
    for (file, line, _), outcomes in sides.items():
        lines.setdefault((Path(file).name, line), []).append(outcomes)
    branches = tuple(f"{file}:{line}: " + ("both sides" if all(len(each) == 2 for each in taken) else
                                           " and ".join(f"{min(each)} only" for each in taken if len(each) == 1))
                     for (file, line), taken in lines.items())
    return Proof(PROVED, worst.error, len(runs), branches, relations=max(run.relations for run in runs))


def _nowhere(field: Field) -> str:
    places = ", ".join(sorted({f"{Path(file).name}:{line}" for file, line, _ in field.ties}))
    return f"no derivative here: the point lies on the border of two branches at {places}" if places \
        else "no finite value here: the point lies outside the domain"
