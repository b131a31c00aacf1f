"""`refvae mutate`: alter every tagged line as people mistype formulas, and demand that its evidence fails."""

from __future__ import annotations

import argparse
import fnmatch
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from refvae.cli.select import BadInput, claims, opened
from refvae.cli.verify import validate_json, write_json
from refvae.mutate import allowed, checker, trial
from refvae.mutate.allowed import Allowed
from refvae.mutate.execution import Piece
from refvae.mutate.fresh import module_of
from refvae.mutate.lines import code_of, digest
from refvae.mutate.trial import SURVIVES, Fate
from refvae.statements import OURS, Book, TaggedLine, chapters, evidence_module, lines_of, tagged_lines

EXAMPLES = """examples:
  refvae mutate -j 2                    every tagged line of every chapter
  refvae mutate vae "1.2*"              a chapter, an equation, a glob
  refvae mutate --changed HEAD~1        the tagged lines that the last commit touches
  refvae mutate --self -j 2             the checker, all its lines, against its own tests (needs the checkout)
  refvae mutate --self legs "nu*"       its modules of these names
  refvae mutate --json out.json 3.5     one record per mutant for other programs
  refvae mutate mine/                   a derivation of your own (refvae new mine)
"""
ABOUT = """A mutant of a tagged line is killed if a check under a number of the line, or of a claim about it, does not
pass. What may survive, because it computes the same, stands in tests/mutants_allowed.toml, of a folder of your own in
its mutants_allowed.toml. Needs a system with fork."""


def add_to(commands: Any) -> None:
    """Add the subcommand."""
    p = commands.add_parser("mutate", description=ABOUT, epilog=EXAMPLES,
                            formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("pattern", nargs="*", metavar="PATTERN", help="chapter, equation number or glob (default: all); "
                   "before them, a folder of derivations of your own")
    p.add_argument("--changed", metavar="REV", help="only the lines that differ from this Git revision")
    p.add_argument("--self", dest="checker", action="store_true", help="the lines of the checker, or of its modules "
                   "that PATTERN names, against its tests")
    p.add_argument("--json", metavar="FILE", help="also write one record per mutant")
    p.add_argument("-j", "--jobs", type=int, default=1, metavar="N", help="processes (default 1)")
    p.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """The exit code: 0 if every mutant is killed or allowed, and no entry of the list is stale."""
    book, patterns = opened(arguments.pattern)
    _validate(arguments)
    root, lines = _root(book), _lines(arguments, patterns, book)
    try:
        entries = allowed.read(root / ("tests" if book == OURS else "") / "mutants_allowed.toml")
    except ValueError as error:
        raise BadInput(str(error)) from error
    fates = mutate_checker(lines, arguments.jobs) if arguments.checker else mutate(lines, arguments.jobs, book)
    if arguments.json is not None:
        write_json(arguments.json, [record(fate, entries, root) for fate in fates])
    stale = list(allowed.stale(entries, fates, root))
    print("\n".join(report(fates, entries, stale, root)))
    return 1 if stale or any(fate.status == SURVIVES and not _why(fate, entries, root) for fate in fates) else 0


def mutate(lines: Sequence[TaggedLine], jobs: int, book: Book = OURS) -> list[Fate]:
    """What becomes of every mutant of these lines, in `jobs` processes."""
    numbers = {line: [number for number, held in tagged_lines(book).items() if line in held] for line in lines}
    for chapter in chapters(book):
        evidence_module(chapter, book)
    _refuse_unused(lines)
    checks = {line: list(dict.fromkeys(check for number in held for check in trial.checks_of(number, book)))
              for line, held in numbers.items()}
    all_checks = list(dict.fromkeys(check for held in checks.values() for check in held))
    with trial.workers(min(jobs, len(lines) or 1)) as over:
        found = _watched(over, trial.measure, all_checks, [lines] * len(all_checks), unit="check")
        if failing := [check.name for check, one in zip(all_checks, found, strict=True) if one is None]:
            raise BadInput(f"PATTERN: {', '.join(failing)} fails before anything is altered; see refvae verify")
        measured = {check: (seconds, frozenset(Piece(*piece) for piece in pieces))
                    for check, (seconds, pieces) in zip(all_checks, found, strict=True)}
        subjects = [trial.subject(line, held, checks[line], measured) for line, held in numbers.items()]
        subjects.sort(key=lambda subject: -subject.seconds)  # no long one begins when the others have ended
        fates = [fate for some in _watched(over, trial.fates, subjects, unit="line") for fate in some]
    return sorted(fates, key=lambda fate: (fate.path, fate.line))


def mutate_checker(lines: Sequence[TaggedLine], jobs: int) -> list[Fate]:
    """What becomes of every mutant of the checker's lines."""
    try:
        return checker.fates(lines, min(jobs, len(lines) or 1), _watched)
    except (RuntimeError, ModuleNotFoundError) as error:
        raise BadInput(f"--self: {error}") from error


def record(fate: Fate, entries: Sequence[Allowed], root: Path) -> dict[str, Any]:
    """A mutant for other programs."""
    why = _why(fate, entries, root)
    return {"file": allowed.name(fate.path, root), "line": fate.line, "numbers": fate.numbers,
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
        yield f"mutants_allowed.toml: stale, {why}: {entry.file} [{entry.line}]\n  {entry.mutant}"
    count, lines = Counter(one["status"] for one in found), len({(one["file"], one["line"]) for one in found})
    by = "under their own number" if any(one["numbers"] for one in found) else "by their tests"
    yield (f"{len(found)} mutants of {lines} lines: {count['killed']} killed {by}, "
           f"{count['allowed']} allowed, {count[SURVIVES]} survive")


def _why(fate: Fate, entries: Sequence[Allowed], root: Path) -> str:
    place = allowed.place(fate, root)
    return next((entry.reason for entry in entries if entry.place == place), "")


def _watched(over: Callable[..., Iterator[Any]], task: Callable[..., Any], *each: Sequence[Any],
             unit: str) -> list[Any]:
    """The results, with a progress bar or, if this is no terminal, a line every half minute."""
    found, plain, said = list[Any](), not sys.stderr.isatty(), time.monotonic()
    for one in tqdm(over(task, *each), total=len(each[0]), unit=unit, disable=plain, leave=False):
        found.append(one)
        if plain and time.monotonic() > said + 30:
            print(f"refvae mutate: {len(found)} of {len(each[0])} {unit}s", file=sys.stderr, flush=True)
            said = time.monotonic()
    return found


def _lines(arguments: argparse.Namespace, patterns: Sequence[str], book: Book) -> list[TaggedLine]:
    """The lines to alter, in the order of the files; never one of ours for a claim of another folder about it."""
    own = {line for held in tagged_lines(book).values() for line in held}
    lines = _of_checker(patterns) if arguments.checker else list(
        dict.fromkeys(line for claim in claims(patterns, book) for line in lines_of(claim) if line in own))
    if arguments.changed is not None:
        touched = changed(arguments.changed, book)
        lines = [line for line in lines if (line.path.resolve(), line.line) in touched]
    return sorted(lines)


def _of_checker(patterns: Sequence[str]) -> list[TaggedLine]:
    """The lines of the checker's modules that a pattern matches, all for no pattern."""
    lines = checker.lines()
    names = {line.path.stem for line in lines}
    if wrong := [pattern for pattern in patterns if not fnmatch.filter(names, pattern)]:
        raise BadInput(f"PATTERN: got {wrong[0]!r}, wanted with --self a module of {', '.join(sorted(names))}")
    return [line for line in lines
            if not patterns or any(fnmatch.fnmatchcase(line.path.stem, each) for each in patterns)]


def changed(revision: str, book: Book = OURS) -> set[tuple[Path, int]]:
    """File and number of every line that differs from a Git revision."""
    found: set[tuple[Path, int]] = set()
    path = top = Path(_git(book, "rev-parse", "--show-toplevel").strip())
    options = ("--unified=0", "--no-ext-diff", "--no-color", "--end-of-options")
    for line in _git(book, "diff", *options, revision, "--", "*.py").splitlines():
        if line.startswith("+++ "):
            path = top / line[6:]
        elif match := re.match(r"@@ -\S+ \+(\d+)(?:,(\d+))? @@", line):
            first = int(match[1])
            found |= {(path.resolve(), i) for i in range(first, first + int(match[2] or 1))}
    return found


def _git(book: Book, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(book.code), *words], capture_output=True, text=True)
    if done.returncode:
        raise BadInput(f"--changed: {(done.stderr.strip() or 'git failed').splitlines()[0]}")
    return done.stdout


def _root(book: Book) -> Path:
    """The folder to which the names of files are relative."""
    return book.code.parent if book == OURS else book.code


def _refuse_unused(lines: Sequence[TaggedLine]) -> None:
    """Raise BadInput for a file that no evidence imports: all its mutants would seem to be killed."""
    try:
        for path in {line.path for line in lines}:
            module_of(path)
    except ModuleNotFoundError as error:
        raise BadInput(f"PATTERN: {error}") from error


def _validate(arguments: argparse.Namespace) -> None:
    if not hasattr(os, "fork"):
        raise BadInput(f"got {sys.platform}, wanted a system with fork")
    if arguments.jobs < 1:
        raise BadInput(f"-j: got {arguments.jobs}, wanted at least 1")
    validate_json(arguments.json)
