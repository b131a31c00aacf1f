"""The report of `refvae verify`: a table per chapter, totals, and what the run does not show."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from refvae.evidence import PASS
from refvae.statements import chapters

LIMITS = """What this run does not show: statements hold at the sizes, points and seeds that derivations/*/ names,
in floating point and not over the reals, except where proof says exact; a statistical claim excludes discrepancies
above the one it states, not smaller ones; a check is shown to reject these wrong versions, not all. The proofs stand in
derivations/*.md. Measured and expected are numbers, norms or counts; the error compares entry by entry, so equal norms
can differ."""
COLUMNS = "{kind:<11}{measured:>12} {expected:>12} {error:>9} {bound:>8} {control:>7} {proof:>6}  {status}"
NUMBERS = {"measured": 6, "expected": 6, "error": 2, "bound": 3}  # digits
BESIDE = 94  # what a row takes beside the statement


def report(found: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The lines of the report: a table per chapter, totals, and the limits of the run."""
    width = _statement_width(found)
    for chapter, title in chapters().items():
        rows = [record for record in found if record["chapter"] == chapter]
        if rows:
            yield f"\n{title}  [{chapter}]\n"
            names = "eq", "statement", *NUMBERS, "kind", "control", "proof", "status"
            yield _line({name: name for name in names}, width)
            yield from (_row(record, width) for record in rows)
    yield from _failures(found)
    yield from _totals(found)
    yield from _proofs(found)
    yield "\n" + LIMITS


def _statement_width(found: Sequence[dict[str, Any]]) -> int:
    """As wide as the longest statement; on a terminal only as far as the row fits."""
    longest = max((len(record["statement"]) for record in found), default=9)
    return max(12, min(longest, shutil.get_terminal_size().columns - BESIDE)) if sys.stdout.isatty() else longest


def _row(record: dict[str, Any], width: int) -> str:
    numbers = {name: "-" if record[name] is None else f"{record[name]:.{digits}g}" for name, digits in NUMBERS.items()}
    control = "{rejected}/{tried}".format(**record["control"])
    return _line({**record, **numbers, "eq": f"({record['eq']})", "control": control,
                  "proof": record["proof"]["kind"] if record["proof"] else ""}, width)


def _line(fields: dict[str, Any], width: int) -> str:
    return f"{fields['eq']:<9}{fields['statement'][:width]:<{width}} " + COLUMNS.format_map(fields)


def _failures(found: Sequence[dict[str, Any]]) -> Iterator[str]:
    """What stands behind every status that is not PASS."""
    for record in found:
        if record["status"] != PASS:
            yield f"\n({record['eq']}) {record['status']} {record['check']}: {record['note'] or 'see the row above'}"


def _proofs(found: Sequence[dict[str, Any]]) -> Iterator[str]:
    """How much was proved by exact numbers, and why the pulls that were not were not."""
    counts = []
    for what, rows in (("pulls", [r for r in found if r["kind"] == "adjoint"]),
                       ("other pieces", [r for r in found if r["kind"] not in ("", "adjoint")])):
        proved = sum(r["proof"] is not None and r["proof"]["kind"] == "exact" for r in rows)
        counts.append(f"{proved} of {len(rows)} {what}")
    yield f"Proved exactly, over a finite field, (1.33): {' and '.join(counts)}."
    for record in found:
        if record["proof"] and record["proof"]["kind"] == "no":
            yield f"  ({record['eq']}) {record['check']} not: {' '.join(record['proof']['why'].split())}"


def _totals(found: Sequence[dict[str, Any]]) -> Iterator[str]:
    statuses = Counter(record["status"] for record in found)
    closed = {record["eq"]: record["closed"] for record in found}
    tried = sum(record["control"]["tried"] for record in found)
    rejected = sum(record["control"]["rejected"] for record in found)
    yield (f"\n{len(closed)} claims, {len(found)} pieces of evidence: "
           + ", ".join(f"{count} {status}" for status, count in sorted(statuses.items()))
           + f". Wrong versions rejected: {rejected} of {tried}.")
    open_claims = [number for number, value in closed.items() if value is False]
    undecided = [number for number, value in closed.items() if value is None]
    yield (f"Closed (two kinds of evidence, all that is used too): {list(closed.values()).count(True)} of {len(closed)}"
           + (f"; not closed: {', '.join(open_claims)}" if open_claims else "")
           + (f"; not decided, for what they use was not run: {', '.join(undecided)}" if undecided else "") + ".")
