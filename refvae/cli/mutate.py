"""`refvae mutate`: alter every tagged line as people mistype formulas, and demand that its evidence fails."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from refvae.cli.select import BadInput, claims
from refvae.cli.verify import validate_json, write_json
from refvae.mutate import allowed, checker, trial
from refvae.mutate.allowed import Allowed
from refvae.mutate.execution import Piece
from refvae.mutate.lines import code_of, digest
from refvae.mutate.trial import SURVIVES, Fate
from refvae.statements import TaggedLine, chapters, evidence_module, folder, lines_of, tagged_lines

EXAMPLES = """examples:
  refvae mutate -j 2                    every tagged line of every chapter
  refvae mutate vae "1.2*"              a chapter, an equation, a glob
  refvae mutate --changed HEAD~1        the tagged lines that the last commit touches
  refvae mutate --self -j 2             the checker, all its lines, against its own tests (needs the checkout)
  refvae mutate --json out.json 3.5     one record per mutant for other programs
"""
ABOUT = """A mutant of a tagged line is killed if a check under a number of the line, or of a claim about it, does not
pass. What may survive, because it computes the same, stands in tests/mutants_allowed.toml. Needs a system with fork."""


def add_to(commands: Any) -> None:
    """Add the subcommand."""
    p = commands.add_parser("mutate", help="alter every tagged line and demand that its evidence fails",
                            description=ABOUT, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("pattern", nargs="*", metavar="PATTERN", help="chapter, equation number or glob (default: all)")
    p.add_argument("--changed", metavar="REV", help="only the lines that differ from this Git revision")
    p.add_argument("--self", dest="checker", action="store_true", help="the lines of the checker, against its tests")
    p.add_argument("--json", metavar="FILE", help="also write one record per mutant")
    p.add_argument("-j", "--jobs", type=int, default=1, metavar="N", help="processes (default 1)")
    p.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """The exit code: 0 if every mutant is killed or allowed, and no entry of the list is stale."""
    _validate(arguments)
    root, lines = folder("").parent, _lines(arguments)
    try:
        entries = allowed.read(root / "tests" / "mutants_allowed.toml")
    except ValueError as error:
        raise BadInput(str(error)) from error
    fates = (mutate_checker if arguments.checker else mutate)(lines, arguments.jobs)
    if arguments.json is not None:
        write_json(arguments.json, [record(fate, entries, root) for fate in fates])
    stale = list(allowed.stale(entries, fates, root))
    print("\n".join(report(fates, entries, stale, root)))
    return 1 if stale or any(fate.status == SURVIVES and not _why(fate, entries, root) for fate in fates) else 0


def mutate(lines: Sequence[TaggedLine], jobs: int) -> list[Fate]:
    """What becomes of every mutant of these lines, in `jobs` processes."""
    numbers = {line: [number for number, held in tagged_lines().items() if line in held] for line in lines}
    for chapter in chapters():
        evidence_module(chapter)
    checks = list(dict.fromkeys(check for held in numbers.values() for n in held for check in trial.checks_of(n)))
    with trial.workers(min(jobs, len(lines) or 1)) as over:
        found = _watched(over, trial.measure, checks, [lines] * len(checks), unit="check")
        if failing := [check.name for check, one in zip(checks, found, strict=True) if one is None]:
            raise BadInput(f"PATTERN: {', '.join(failing)} fails before anything is altered; see refvae verify")
        measured = {check: (seconds, frozenset(Piece(*piece) for piece in pieces))
                    for check, (seconds, pieces) in zip(checks, found, strict=True)}
        subjects = [trial.subject(line, held, measured) for line, held in numbers.items()]
        subjects.sort(key=lambda subject: -subject.seconds)  # no long one begins when the others have ended
        fates = [fate for some in _watched(over, trial.fates, subjects, unit="line") for fate in some]
    return sorted(fates, key=lambda fate: (fate.path, fate.line))


def mutate_checker(lines: Sequence[TaggedLine], jobs: int) -> list[Fate]:
    """What becomes of every mutant of the checker's lines."""
    try:
        measured = checker.measure(lines)
    except (RuntimeError, ModuleNotFoundError) as error:
        raise BadInput(f"--self: {error}") from error
    with trial.workers(min(jobs, len(lines) or 1)) as over:
        return [fate for some in _watched(over, partial(checker.fates, measured), lines, unit="line") for fate in some]


def record(fate: Fate, entries: Sequence[Allowed], root: Path) -> dict[str, Any]:
    """A mutant for other programs."""
    why = _why(fate, entries, root)
    return {"file": fate.path.relative_to(root).as_posix(), "line": fate.line, "numbers": fate.numbers,
            "hash": digest(fate.text), "code": code_of(fate.text), "mutant": fate.mutant,
            "status": "allowed" if why and fate.status == SURVIVES else fate.status, "by": fate.by, "reason": why}


def report(fates: Sequence[Fate], entries: Sequence[Allowed], stale: Sequence[tuple[Allowed, str]],
           root: Path) -> Iterator[str]:
    """The lines to print: the survivors, the stale entries, the counts."""
    found = [record(fate, entries, root) for fate in fates]
    for one in (one for one in found if one["status"] == SURVIVES):
        tags = " ".join(f"({number})" for number in one["numbers"])
        yield f"{one['file']}:{one['line']} {tags} survives [{one['hash']}]\n  {one['code']}\n  {one['mutant']}"
    for entry, why in stale:
        yield f"tests/mutants_allowed.toml: stale, {why}: {entry.file} [{entry.line}]\n  {entry.mutant}"
    count, lines = Counter(one["status"] for one in found), len({(one["file"], one["line"]) for one in found})
    yield (f"{len(found)} mutants of {lines} lines: {count['killed']} killed under their own number, "
           f"{count['allowed']} allowed, {count[SURVIVES]} survive")


def _why(fate: Fate, entries: Sequence[Allowed], root: Path) -> str:
    return next((entry.reason for entry in entries if allowed.matches(entry, fate, root)), "")


def _watched(over: Callable[..., Iterator[Any]], task: Callable[..., Any], *each: Sequence[Any],
             unit: str) -> list[Any]:
    """The results, with a progress bar if this is a terminal."""
    return list(tqdm(over(task, *each), total=len(each[0]), unit=unit, disable=not sys.stderr.isatty(), leave=False))


def _lines(arguments: argparse.Namespace) -> list[TaggedLine]:
    """The lines to alter, in the order of the files."""
    lines = checker.lines() if arguments.checker else list(
        dict.fromkeys(line for claim in claims(arguments.pattern) for line in lines_of(claim)))
    if arguments.changed is not None:
        touched = changed(arguments.changed)
        lines = [line for line in lines if (line.path.resolve(), line.line) in touched]
    return sorted(lines)


def changed(revision: str) -> set[tuple[Path, int]]:
    """File and number of every line that differs from a Git revision."""
    found: set[tuple[Path, int]] = set()
    path = top = Path(_git("rev-parse", "--show-toplevel").strip())
    options = ("--unified=0", "--no-ext-diff", "--no-color", "--end-of-options")
    for line in _git("diff", *options, revision, "--", "*.py").splitlines():
        if line.startswith("+++ "):
            path = top / line[6:]
        elif match := re.match(r"@@ -\S+ \+(\d+)(?:,(\d+))? @@", line):
            first = int(match[1])
            found |= {(path.resolve(), i) for i in range(first, first + int(match[2] or 1))}
    return found


def _git(*words: str) -> str:
    done = subprocess.run(["git", "-C", str(folder("")), *words], capture_output=True, text=True)
    if done.returncode:
        raise BadInput(f"--changed: {(done.stderr.strip() or 'git failed').splitlines()[0]}")
    return done.stdout


def _validate(arguments: argparse.Namespace) -> None:
    if not hasattr(os, "fork"):
        raise BadInput(f"got {sys.platform}, wanted a system with fork")
    if arguments.jobs < 1:
        raise BadInput(f"-j: got {arguments.jobs}, wanted at least 1")
    if arguments.checker and arguments.pattern:
        raise BadInput("--self: got a PATTERN too, wanted one of the two")
    validate_json(arguments.json)
