"""The report of `refvae verify`: a table per chapter, totals, and what the run does not show; or Markdown."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from refvae import __version__
from refvae.evidence import PASS
from refvae.statements import FROM_US, OURS, Book, chapters

Record = dict[str, Any]
LIMITS = """What this run does not show: statements hold at the sizes, points and seeds that {evidence} names,
in floating point and not over the reals, except where proof says exact; a statistical claim excludes discrepancies
above the one it states, not smaller ones; a check is shown to reject these wrong versions, not all. The proofs stand in
{pages}. Measured and expected are numbers, norms or counts; the error compares entry by entry, so equal norms
can differ."""
COLUMNS = "{kind:<11}{measured:>12} {expected:>12} {error:>9} {bound:>8} {control:>7} {proof:>6}  {status}"
NUMBERS = {"measured": 6, "expected": 6, "error": 2, "bound": 3}  # digits
CLOSED = {True: "yes", False: "no", None: "not decided"}
BESIDE = 94  # what a row takes beside the statement


def report(found: Sequence[Record], book: Book = OURS) -> Iterator[str]:
    """The lines of the report: a table per chapter, what of ours it uses, totals, and the limits of the run."""
    width = _statement_width(found)
    own, used = _parted(found)
    for chapter, title in chapters(book).items():
        yield from _section(f"{title}  [{chapter}]", [one for one in own if one["chapter"] == chapter], width)
    yield from _section(f"Used of refvae {__version__}", used, width)
    yield from _failures(found)
    yield from _totals(own)
    if used:
        yield f"Used of refvae {__version__}: {_summary(used)}"
    yield from _proofs(own)
    places = ("derivations/*/", "derivations/*.md") if book == OURS else ("evidence.py", f"{book.pages.name}/*.md")
    yield "\n" + LIMITS.format(evidence=places[0], pages=places[1])


def table(found: Sequence[Record]) -> Iterator[str]:
    """The claims as a table in Markdown, with the numbers of the run and what of ours it uses."""
    own, used = _parted(found)
    yield "| claim | statement | evidence | largest error / bound | wrong versions rejected | proved exactly | closed |"
    yield "|---|---|---|---|---|---|---|"
    for number in dict.fromkeys(one["eq"] for one in own):
        rows = [one for one in own if one["eq"] == number]
        proved = any(one["proof"] and one["proof"]["kind"] == "exact" for one in rows)
        yield (f"| ({number}) | {_escaped(rows[0]['statement'])} | {', '.join(map(_kind, rows))} | {_worst(rows)} "
               f"| {_rejected(rows)} | {'yes' if proved else 'no'} | {CLOSED[rows[0]['closed']]} |")
    yield f"\nVerified with refvae {__version__}: {_summary(own)}"
    if used:
        numbers = ", ".join(f"({number.removeprefix(FROM_US)})" for number in dict.fromkeys(one["eq"] for one in used))
        yield f"Used of refvae and run with it: {numbers}: {_summary(used)}"


def _parted(found: Sequence[Record]) -> tuple[list[Record], list[Record]]:
    """The records of the folder itself, and those of ours that it uses."""
    own = [one for one in found if not one["eq"].startswith(FROM_US)]
    return own, [one for one in found if one["eq"].startswith(FROM_US)]


def _section(title: str, rows: Sequence[Record], width: int) -> Iterator[str]:
    """A title and its table, if there are rows."""
    if rows:
        yield f"\n{title}\n"
        names = "eq", "statement", *NUMBERS, "kind", "control", "proof", "status"
        yield _line({name: name for name in names}, width)
        yield from (_row(record, width) for record in rows)


def _statement_width(found: Sequence[Record]) -> int:
    """As wide as the longest statement; on a terminal only as far as the row fits."""
    longest = max((len(record["statement"]) for record in found), default=9)
    return max(12, min(longest, shutil.get_terminal_size().columns - BESIDE)) if sys.stdout.isatty() else longest


def _row(record: Record, width: int) -> str:
    numbers = {name: "-" if record[name] is None else f"{record[name]:.{digits}g}" for name, digits in NUMBERS.items()}
    control = "{rejected}/{tried}".format(**record["control"])
    return _line({**record, **numbers, "eq": f"({record['eq'].removeprefix(FROM_US)})", "control": control,
                  "proof": record["proof"]["kind"] if record["proof"] else ""}, width)


def _line(fields: dict[str, Any], width: int) -> str:
    return f"{fields['eq']:<9}{fields['statement'][:width]:<{width}} " + COLUMNS.format_map(fields)


def _failures(found: Sequence[Record]) -> Iterator[str]:
    """What stands behind every status that is not PASS."""
    for record in found:
        if record["status"] != PASS:
            yield f"\n({record['eq']}) {record['status']} {record['check']}: {record['note'] or 'see the row above'}"


def _proofs(found: Sequence[Record]) -> Iterator[str]:
    """How much was proved by exact numbers, and why the pulls that were not were not."""
    counts = []
    for what, rows in (("pulls", [r for r in found if r["kind"] == "adjoint"]),
                       ("other pieces", [r for r in found if r["kind"] not in ("", "adjoint")])):
        proved = sum(r["proof"] is not None and r["proof"]["kind"] == "exact" for r in rows)
        counts.append(f"{proved} of {len(rows)} {what}")
    yield f"Proved exactly, over a finite field or in rationals, (1.33): {' and '.join(counts)}."
    for record in found:
        if record["proof"] and record["proof"]["kind"] == "no":
            yield f"  ({record['eq']}) {record['check']} not: {' '.join(record['proof']['why'].split())}"


def _totals(found: Sequence[Record]) -> Iterator[str]:
    closed = {record["eq"]: record["closed"] for record in found}
    yield f"\n{_summary(found)}"
    open_claims = [number for number, value in closed.items() if value is False]
    undecided = [number for number, value in closed.items() if value is None]
    yield (f"Closed (two kinds of evidence, all that is used too): {list(closed.values()).count(True)} of {len(closed)}"
           + (f"; not closed: {', '.join(open_claims)}" if open_claims else "")
           + (f"; not decided, for what they use was not run: {', '.join(undecided)}" if undecided else "") + ".")
    if undecided:
        more = " ".join(undecided) if len(undecided) < 4 else "the same"
        yield f"To decide: refvae verify {more} --with-uses"


def _summary(found: Sequence[Record]) -> str:
    """How many claims, pieces of evidence, statuses and rejected wrong versions."""
    statuses = Counter(record["status"] for record in found)
    return (f"{len({record['eq'] for record in found})} claims, {len(found)} pieces of evidence: "
            + ", ".join(f"{count} {status}" for status, count in sorted(statuses.items()))
            + f". Wrong versions rejected: {_rejected(found)}.")


def _rejected(found: Sequence[Record]) -> str:
    return " of ".join(str(sum(record["control"][what] for record in found)) for what in ("rejected", "tried"))


# Cells of the table in Markdown


def _kind(record: Record) -> str:
    return f"{record['kind']} {record['status']}".strip()


def _worst(rows: Sequence[Record]) -> str:
    """The error nearest to its bound, and the bound."""
    found = [one for one in rows if one["error"] is not None and one["bound"] is not None]
    worst = max(found, key=lambda one: one["error"] / one["bound"] if one["bound"] else one["error"], default=None)
    return "-" if worst is None else f"{worst['error']:.2g} / {worst['bound']:.3g}"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")
