"""`refvae verify`: run the evidence of every claim and print what it shows."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from refvae import evidence
from refvae.cli.select import BadInput, claims, statement
from refvae.evidence import PASS, Evidence, Outcome, Result
from refvae.statements import Statement, chapters, evidence_module
from refvae.verdict import records

EXAMPLES = """examples:
  refvae verify                      everything
  refvae verify linear_ae 1.19 "1.2*"  a chapter, an equation, a glob
  refvae verify --break 1.19         show how its checks fail on wrong versions
  refvae verify --json out.json -j 2 records for other programs, two processes
  refvae verify --seed 7             the same claims with other random numbers
"""
LIMITS = """What this run does not show: statements hold at the sizes, points and seeds that derivations/*.py names,
in floating point and not over the reals; a statistical claim excludes discrepancies above the one it states, not
smaller ones; a check is shown to reject these wrong versions, not all. The proofs stand in derivations/*.md."""
ROW = "{eq:<8}{statement:<50.50} {kind:<11}{measured:>12} {expected:>12} {error:>9} {bound:>8} {control:>7}  {status}"


def add_to(commands: Any) -> None:
    """Add the subcommand."""
    p = commands.add_parser("verify", help="run the evidence of every claim", epilog=EXAMPLES,
                            formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("pattern", nargs="*", metavar="PATTERN", help="chapter, equation number or glob (default: all)")
    p.add_argument("--break", dest="broken", metavar="EQ", help="show the checks of EQ failing on each wrong version")
    p.add_argument("--json", metavar="FILE", help="also write one record per piece of evidence")
    p.add_argument("--seed", type=int, default=0, metavar="N", help="other random numbers everywhere (default 0)")
    p.add_argument("-j", "--jobs", type=int, default=1, metavar="N", help="processes (default 1)")
    p.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """The exit code: 0 if every status is PASS."""
    _validate(arguments)
    if arguments.broken:
        return _break(statement(arguments.broken), arguments.seed)
    chosen = claims(arguments.pattern)
    results = verify(chosen, arguments.seed, arguments.jobs)
    found = records(results, chosen)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(found, indent=1, allow_nan=False) + "\n", "utf8")
    print("\n".join(report(found)))
    return 0 if all(record["status"] == PASS for record in found) else 1


def verify(chosen: Sequence[Statement], seed: int = 0, jobs: int = 1) -> list[Result]:
    """Run all evidence for the claims, in `jobs` processes, with a progress bar if this is a terminal."""
    tasks = [(claim.chapter, index, seed) for claim in chosen for index, entry in enumerate(_entries(claim.chapter))
             if entry.eq == claim.number]
    with tqdm(total=len(tasks), unit="check", disable=not sys.stderr.isatty(), leave=False) as bar:
        results = []
        for result in _results(tasks, jobs):
            results.append(result)
            bar.set_postfix_str(result.eq)
            bar.update()
    return results


def _results(tasks: Sequence[tuple[str, int, int]], jobs: int) -> Iterator[Result]:
    if jobs == 1:
        yield from map(_run_one, tasks)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(_run_one, tasks)


def _run_one(task: tuple[str, int, int]) -> Result:
    chapter, index, seed = task
    return evidence.run(_entries(chapter)[index], seed)


def _entries(chapter: str) -> list[Evidence]:
    return list(evidence_module(chapter).ledger.entries)


def report(found: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The lines of the report: a table per chapter, totals, and the limits of the run."""
    for chapter, title in chapters().items():
        rows = [record for record in found if record["chapter"] == chapter]
        if rows:
            yield f"\n{title}  [{chapter}]\n"
            yield ROW.format(eq="eq", statement="statement", kind="kind", measured="measured", expected="expected",
                             error="error", bound="bound", control="control", status="status")
            yield from map(_row, rows)
    yield from _failures(found)
    yield from _totals(found)
    yield "\n" + LIMITS


def _row(record: dict[str, Any]) -> str:
    control = "{rejected}/{tried}".format(**record["control"])
    numbers = {key: "-" if record[key] is None else f"{record[key]:.{digits}g}"
               for key, digits in (("measured", 6), ("expected", 6), ("error", 2), ("bound", 3))}
    return ROW.format(**{**record, **numbers, "eq": f"({record['eq']})", "control": control})


def _failures(found: Sequence[dict[str, Any]]) -> Iterator[str]:
    """What stands behind every status that is not PASS."""
    for record in found:
        if record["status"] != PASS:
            yield f"\n({record['eq']}) {record['status']} {record['check']}: {record['note'] or 'see the row above'}"


def _totals(found: Sequence[dict[str, Any]]) -> Iterator[str]:
    statuses = Counter(record["status"] for record in found)
    closed = {record["eq"]: record["closed"] for record in found}
    tried = sum(record["control"]["tried"] for record in found)
    rejected = sum(record["control"]["rejected"] for record in found)
    yield (f"\n{len(closed)} claims, {len(found)} pieces of evidence: "
           + ", ".join(f"{count} {status}" for status, count in sorted(statuses.items()))
           + f". Wrong versions rejected: {rejected} of {tried}.")
    open_claims = [number for number, value in closed.items() if value is not True]
    yield (f"Closed (two kinds of evidence, all that is used too): {len(closed) - len(open_claims)} of {len(closed)}"
           + (f"; not closed, or used claims not run: {', '.join(open_claims)}" if open_claims else "") + ".")


def _break(chosen: Statement, seed: int) -> int:
    """Show every check of a claim on the right version and on each wrong one; 1 if a wrong version passes."""
    results = verify(claims([chosen.number]), seed) if chosen.is_claim else []
    print(f"({chosen.number}) {chosen.title}")
    for result in results:
        print(f"\n{result.kind}: {result.what}")
        print(_line("right version", result.outcome, f"{result.status} (bound {result.bound:.3g})"))
        for control in result.controls:
            print(_line(f"wrong: {control.name}", control.outcome, "rejected" if control.rejected else "NOT REJECTED"))
    if not results:
        print("A definition claims nothing: there is nothing to break.")
    return 0 if all(control.rejected for result in results for control in result.controls) else 1


def _line(name: str, found: Outcome, verdict: str) -> str:
    numbers = f"measured {found.measured:<12.6g} expected {found.expected:<12.6g} error {found.error:<8.2g}"
    return f"  {name:<52}{found.note if np.isnan(found.error) else numbers}  {verdict}"


def _validate(arguments: argparse.Namespace) -> None:
    if arguments.jobs < 1:
        raise BadInput(f"-j: got {arguments.jobs}, wanted at least 1")
    if arguments.seed < 0:
        raise BadInput(f"--seed: got {arguments.seed}, wanted at least 0")
    if arguments.json and not Path(arguments.json).absolute().parent.is_dir():
        raise BadInput(f"--json: got {arguments.json}, wanted a file in a folder that exists")
