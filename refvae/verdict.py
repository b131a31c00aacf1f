"""From results to verdicts: which claims are closed, and the records that `refvae verify --json` writes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from refvae.check.proof import PROVED, Proof
from refvae.evidence import BLIND, PASS, UNCHECKED, Result
from refvae.statements import FROM_US, OURS, Book, Statement, find, statements

Verdicts = dict[str, bool | None]


def is_closed(number: str, results: Sequence[Result], known: Verdicts | None = None, book: Book = OURS) -> bool | None:
    """Whether a claim and all that it uses are closed; None if the run holds no result for one of them.

    Closed: every status is PASS and there are two kinds of evidence, one of them not `adjoint`. `known` keeps verdicts
    from one call to the next.
    """
    known = {} if known is None else known
    if number not in known:
        known[number] = _verdict(find(number, book), results, known)
    return known[number]


def _verdict(statement: Statement, results: Sequence[Result], known: Verdicts) -> bool | None:
    own = [result for result in results if result.eq == statement.number]
    if statement.is_claim and not own:
        return None
    used = [is_closed(other, results, known, statement.book) for other in statement.uses]
    if False in used or (statement.is_claim and not _stands(own)):
        return False
    return None if None in used else True


def _stands(own: Sequence[Result]) -> bool:
    kinds = {result.kind for result in own}
    return all(result.status == PASS for result in own) and len(kinds) >= 2


def with_uses(claims: Sequence[Statement]) -> list[Statement]:
    """The claims, and all claims of their own book that they use, at any depth, in its order."""
    found, todo = {one.number for one in claims}, list(claims)
    while todo:
        for number in todo.pop().uses:
            if number not in found and not number.startswith(FROM_US):
                found.add(number)
                todo.append(find(number, claims[0].book))
    everything = statements(claims[0].book) if claims else {}
    return [one for one in everything.values() if one.number in found and one.is_claim]


def borrowed(claims: Sequence[Statement]) -> list[Statement]:
    """The claims of ours that the claims of another folder use, at any depth, each once."""
    found: dict[str, Statement] = {}
    todo = list(claims)
    while todo:
        one = todo.pop()
        for number in one.uses:
            if number.startswith(FROM_US) and number not in found:
                found[number] = find(number)
                todo.append(found[number])
    return sorted((one for one in found.values() if one.is_claim), key=lambda one: (one.chapter, one.line))


def records(results: Sequence[Result], claims: Sequence[Statement]) -> list[dict[str, Any]]:
    """One record per piece of evidence, and one with status UNCHECKED for a claim that has none."""
    found, known = [], Verdicts()
    for claim in claims:
        own = [result for result in results if result.eq == claim.number]
        closed = is_closed(claim.number, results, known, claim.book)
        found += [_record(claim, result, closed) for result in own] or [_unchecked(claim)]
    return found


def _record(claim: Statement, result: Result, closed: bool | None) -> dict[str, Any]:
    return {"eq": claim.number, "chapter": claim.chapter, "statement": claim.title, "source": claim.source,
            "kind": result.kind, "check": result.name, "measured": _finite(result.outcome.measured),
            "expected": _finite(result.outcome.expected), "error": _finite(result.outcome.error), "bound": result.bound,
            "control": {"tried": len(result.controls), "rejected": sum(c.rejected for c in result.controls)},
            "proof": _proof(result.proof),
            "status": result.status, "closed": closed, "seconds": round(result.seconds, 4), "note": _note(result)}


def _proof(proof: Proof | None) -> dict[str, Any] | None:
    """What exact numbers say: exact, with the probability of error and the branches; or no, and why not."""
    if proof is None:
        return None
    if proof.status == PROVED:
        return {"kind": "exact", "error": proof.error, "cells": proof.cells, "branches": list(proof.branches)}
    return {"kind": "no", "why": proof.note}


def _note(result: Result) -> str:
    passed = [control.name for control in result.controls if not control.rejected]
    return f"these wrong versions pass too: {', '.join(passed) or 'none was tried'}" if result.status == BLIND \
        else result.outcome.note


def _unchecked(claim: Statement) -> dict[str, Any]:
    return {"eq": claim.number, "chapter": claim.chapter, "statement": claim.title, "source": claim.source,
            "kind": "", "check": "", "measured": None, "expected": None, "error": None, "bound": None,
            "control": {"tried": 0, "rejected": 0}, "proof": None,
            "status": UNCHECKED, "closed": False, "seconds": 0.0, "note": ""}


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
