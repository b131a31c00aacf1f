"""`refvae verify --break EQ`: every check of a claim on the right version and on each wrong one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from refvae.evidence import PASS, UNCHECKED, Outcome, Result
from refvae.statements import Statement


def page(chosen: Statement, results: Sequence[Result]) -> Iterator[str]:
    """The lines to print."""
    yield f"({chosen.number}) {chosen.title}" if chosen.is_claim else f"[{chosen.number}] {chosen.title}"
    if not results:
        yield f"{UNCHECKED}: no evidence" if chosen.is_claim else "A definition claims nothing: nothing can be broken."
    for result in results:
        yield f"\n{result.kind}: {result.what}"
        yield _line("right version", result.outcome, f"{result.status} (bound {result.bound:.3g})")
        for control in result.controls:
            yield _line(f"wrong: {control.name}", control.outcome, "rejected" if control.rejected else "NOT REJECTED")


def exit_code(chosen: Statement, results: Sequence[Result]) -> int:
    """0 if every check passes the right version and rejects all wrong ones (or if there is nothing to check)."""
    return 0 if all(result.status == PASS for result in results) and bool(results) == chosen.is_claim else 1


def _line(name: str, found: Outcome, verdict: str) -> str:
    numbers = f"measured {found.measured:<12.6g} expected {found.expected:<12.6g} error {found.error:<8.2g}"
    return f"  {name:<52}{found.note if np.isnan(found.error) else numbers}  {verdict}"
