"""`refvae verify`: run the evidence of every claim and print what it shows."""

from __future__ import annotations

import argparse
import gc
import json
import signal
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from refvae import evidence, files
from refvae.cli import broken
from refvae.cli.report import report, table
from refvae.cli.select import BadInput, claims, opened, statement
from refvae.evidence import PASS, Evidence, Result
from refvae.statements import OURS, Book, Statement, evidence_module, home
from refvae.verdict import borrowed, records, with_uses

INTERRUPTED = 130

EXAMPLES = """examples:
  refvae verify                         everything
  refvae verify linear_ae 1.19 "1.2*"   a chapter, an equation, a glob
  refvae verify --break 1.19            show how its checks fail on wrong versions
  refvae verify --json out.json -j 2    records for other programs, two processes
  refvae verify --with-uses 3.5         an equation, and all that it uses at any depth
  refvae verify --seed 7                the same claims with other random numbers
  refvae verify mine/ 1.2               a derivation of your own (refvae new mine), and what it uses of ours
  refvae verify --markdown mine/        the table for an appendix
"""


def add_to(commands: Any) -> None:
    """Add the subcommand."""
    p = commands.add_parser("verify", epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("pattern", nargs="*", metavar="PATTERN", help="chapter, equation number or glob (default: all); "
                   "before them, a folder of derivations of your own")
    p.add_argument("--break", dest="broken", metavar="EQ", help="show the checks of EQ failing on each wrong version")
    p.add_argument("--with-uses", action="store_true", help="run what the claims use too, at any depth")
    p.add_argument("--json", metavar="FILE", help="also write one record per piece of evidence")
    p.add_argument("--markdown", action="store_true", help="print the claims as a table in Markdown")
    p.add_argument("--seed", type=int, default=0, metavar="N", help="other random numbers everywhere (default 0)")
    p.add_argument("-j", "--jobs", type=int, default=1, metavar="N", help="processes (default 1)")
    p.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """The exit code: 0 if every status is PASS."""
    book, patterns = opened(arguments.pattern)
    _validate(arguments, patterns)
    if arguments.broken is not None:
        one = statement(arguments.broken, book)
        results = verify([one], arguments.seed, arguments.jobs)
        print("\n".join(broken.page(one, results)))
        return broken.exit_code(one, results)
    chosen = with_uses(claims(patterns, book)) if arguments.with_uses else claims(patterns, book)
    chosen += borrowed(chosen)
    results, interrupted = verify_until_interrupted(chosen, arguments.seed, arguments.jobs)
    run_through = [claim for claim in chosen if _is_run_through(claim, results)] if interrupted else chosen
    found = records(results, run_through)
    if arguments.json is not None:
        write_json(arguments.json, found)
    print("\n".join(table(found) if arguments.markdown else report(found, book)))
    if interrupted:
        print(f"\nInterrupted: {len(run_through)} of {len(chosen)} claims were run through, and are reported above.")
        return INTERRUPTED
    return 0 if all(record["status"] == PASS for record in found) else 1


def verified(book: Book, patterns: Sequence[str] = (), seed: int = 0, jobs: int = 1) -> list[dict[str, Any]]:
    """The records of claims of a book and of what they use of ours, all run."""
    chosen = claims(patterns, book)
    chosen += borrowed(chosen)
    return records(verify(chosen, seed, jobs), chosen)


def verify(chosen: Sequence[Statement], seed: int = 0, jobs: int = 1) -> list[Result]:
    """Run all evidence for the claims, in `jobs` processes, with a progress bar if this is a terminal."""
    results, interrupted = verify_until_interrupted(chosen, seed, jobs)
    if interrupted:
        raise KeyboardInterrupt
    return results


def verify_until_interrupted(chosen: Sequence[Statement], seed: int, jobs: int) -> tuple[list[Result], bool]:
    """The results, and whether an interrupt came before the last."""
    tasks = [(claim, index, seed) for claim in chosen for index, entry in enumerate(_entries(claim.chapter, claim.book))
             if entry.eq == home(claim.number)[0]]
    gc.freeze()  # what is loaded stays: the collector need not look through it, nor the processes copy it
    with tqdm(total=len(tasks), unit="check", disable=not sys.stderr.isatty(), leave=False) as bar:
        results: list[Result] = []
        try:
            for result in _results(tasks, jobs):
                results.append(result)
                bar.set_postfix_str(result.eq)
                bar.update()
        except KeyboardInterrupt:
            return results, True
    return results, False


def _results(tasks: Sequence[tuple[Statement, int, int]], jobs: int) -> Iterator[Result]:
    if min(jobs, len(tasks)) <= 1:
        yield from map(_run_one, tasks)
        return
    with ProcessPoolExecutor(min(jobs, len(tasks)), initializer=_ignore_interrupts) as pool:
        try:
            yield from pool.map(_run_one, tasks)
        except BaseException:  # what has not begun need not be run
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _ignore_interrupts() -> None:
    """The first process is told, and the others end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _run_one(task: tuple[Statement, int, int]) -> Result:
    """The result, under the number that the claim has in this run."""
    claim, index, seed = task
    return replace(evidence.run(_entries(claim.chapter, claim.book)[index], seed), eq=claim.number)


def _is_run_through(claim: Statement, results: Sequence[Result]) -> bool:
    """Whether each piece of a claim's evidence has its result."""
    number = home(claim.number)[0]
    wanted = sum(entry.eq == number for entry in _entries(claim.chapter, claim.book))
    return wanted == sum(result.eq == claim.number for result in results)


def _entries(chapter: str, book: Book = OURS) -> list[Evidence]:
    return list(evidence_module(chapter, book).ledger.entries)


def _validate(arguments: argparse.Namespace, patterns: Sequence[str]) -> None:
    if arguments.jobs < 1:
        raise BadInput(f"-j: got {arguments.jobs}, wanted at least 1")
    if arguments.seed < 0:
        raise BadInput(f"--seed: got {arguments.seed}, wanted at least 0")
    if arguments.broken is not None and (patterns or arguments.json is not None or arguments.markdown):
        raise BadInput("--break: got a PATTERN, --json or --markdown too, wanted one EQ alone")
    validate_json(arguments.json)


def validate_json(name: str | None) -> None:
    """Raise BadInput for a file that cannot be written, before any work."""
    path = Path(name or "/")
    if name is not None and (path.is_dir() or not path.absolute().parent.is_dir()):
        raise BadInput(f"--json: got {name!r}, wanted a file in a folder that exists")


def write_json(name: str, found: Sequence[dict[str, Any]]) -> None:
    """Write the records, one below the other."""
    try:
        files.write(name, json.dumps(found, indent=1, allow_nan=False) + "\n")
    except OSError as error:
        raise BadInput(f"--json: got {name}, which cannot be written ({error.strerror})") from error
