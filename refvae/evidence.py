"""Evidence for a numbered equation: a check, the subject that it checks, and wrong versions that it must reject.

A check is a function (subject, rng) -> Outcome; it never names the subject it is about, so that the same lines judge
the right version and every wrong one. A chapter's evidence stands in derivations/<chapter>/, in one `Ledger`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from types import ModuleType
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np

from refvae.check import layer_report
from refvae.check.exact import prove_layer
from refvae.check.identity import prove_check
from refvae.check.proof import NOT_RUN, PROVED, REFUTED, Proof
from refvae.outcomes import Outcome, entrywise, gap, holds, order, vanishes, z_score

__all__ = ["BLIND", "BOUNDS", "FAIL", "INCONCLUSIVE", "KINDS", "PASS", "UNCHECKED", "Control", "Evidence", "Ledger",
           "Outcome", "Result", "entrywise", "gap", "holds", "order", "run", "spoiled", "vanishes", "z_score"]

PASS, FAIL, BLIND, INCONCLUSIVE, UNCHECKED = "PASS", "FAIL", "BLIND", "INCONCLUSIVE", "UNCHECKED"
BOUNDS = {"adjoint": 1e-12, "identity": 1e-12, "law": 1e-12, "montecarlo": 6.11}  # the others state their own
KINDS = (*BOUNDS, "limit", "rate", "oracle")


Check = Callable[[Any, np.random.Generator], Outcome]


@dataclass(frozen=True)
class Evidence:
    """One piece of evidence for equation `eq`; `bound` limits the error, `wrong` names what must exceed it.

    `prove` runs it on exact numbers, (subject, rng, relations that may be used, and at least are) -> Proof; None: not
    tried, and `why` may say why not. It is registered in `file`, at `line`.
    """

    eq: str
    kind: str
    name: str
    what: str
    check: Check
    subject: Any
    wrong: Mapping[str, Any]
    bound: float
    prove: Callable[[Any, np.random.Generator, int, int], Proof] | None = None
    why: str = ""
    file: str = ""
    line: int = 0


class Control(NamedTuple):
    """A wrong version, and whether the check rejected it."""

    name: str
    rejected: bool
    outcome: Outcome
    proof: Proof | None = None


@dataclass(frozen=True)
class Result:
    """Evidence after a run. Status: PASS; FAIL; BLIND (it would also pass a wrong version); INCONCLUSIVE.

    proof  what exact numbers say, or None where they were not tried; refuted ones FAIL, whatever the error
    """

    eq: str
    kind: str
    name: str
    what: str
    outcome: Outcome
    bound: float
    controls: tuple[Control, ...]
    status: str
    seconds: float
    proof: Proof | None = None
    file: str = ""
    line: int = 0


@dataclass
class Ledger:
    """The evidence of one chapter, in the order in which it is written down."""

    entries: list[Evidence] = field(default_factory=list)

    @classmethod
    def of(cls, *sections: ModuleType) -> Ledger:
        """The evidence of all modules of a chapter that has one for each section."""
        return cls([entry for section in sections for entry in section.ledger.entries])

    def add(self, eq: str, kind: str, subject: Any, *, wrong: Mapping[str, Any],
            bound: float | None = None, exact: bool | str = False) -> Callable[[Check], Check]:
        """Register the decorated check as evidence; its docstring says what it does. ValueError for a bad kind.

        With `exact=True` it is moreover a proof: the check runs once more with a generator of exact numbers, and `gap`,
        `entrywise` or `vanishes` compares them without rounding; a text says why it cannot be.
        """
        limit = BOUNDS.get(kind) if bound is None else bound
        if kind not in KINDS or limit is None:
            raise ValueError(f"kind: got {kind!r} with bound {bound}, wanted one of {KINDS} and a bound")

        def register(check: Check) -> Check:
            what = " ".join((check.__doc__ or "").split())

            def prove(subject: Any, rng: np.random.Generator, relations: int, least: int) -> Proof:
                return prove_check(check, subject, int(rng.integers(2**62)), relations, least)

            self.entries.append(Evidence(eq, kind, check.__name__, what, check, subject, dict(wrong), limit,
                                         prove if exact is True else None, exact if isinstance(exact, str) else "",
                                         check.__code__.co_filename, check.__code__.co_firstlineno))
            return check

        return register

    def adjoint(self, eq: str, layer: Any, args: Callable[[np.random.Generator], Sequence[Any]], *,
                wrong: Mapping[str, Any], zero: Sequence[str] = (), name: str = "gradient",
                exact: Callable[[np.random.Generator], Sequence[Any]] | str = "") -> None:
        """Register `check_layer` on random arguments: complex step on every coordinate, line integral, adjoint test.

        It is run on exact numbers too: near the same arguments, or in the cell of those of `exact`, or a text says why
        it cannot be. A claim with several of these gives each a name, from which its random numbers derive. Wrong
        versions take the names of their arguments, which say what is frozen, from the layer.
        """
        def gradient(layer: Any, rng: np.random.Generator) -> Outcome:
            """Complex step on every coordinate, Taylor rate, line integral, adjoint test with Gaussian vectors."""
            report = layer_report(layer, args(rng), zero, rng=rng, until_failed=True)
            error = np.inf if report.status == "FAIL" and report.error <= report.bound else report.error  # another leg
            note = report.block if report.status == "PASS" else str(report)
            return Outcome(*report.norms, error, note, report.status in ("PASS", "FAIL"))

        def prove(version: Any, rng: np.random.Generator, relations: int, least: int) -> Proof:
            points = exact(rng) if callable(exact) else args(rng)
            return prove_layer(version, points, int(rng.integers(2**62)), locate=version is layer,
                               here=callable(exact), relations=relations, least=least)

        frame = sys._getframe(1)
        named = {label: _named(layer, version) for label, version in wrong.items()}
        what = " ".join((gradient.__doc__ or "").split())
        self.entries.append(Evidence(eq, "adjoint", name, what, gradient, layer, named, BOUNDS["adjoint"],
                                     None if isinstance(exact, str) and exact else prove,
                                     exact if isinstance(exact, str) else "",
                                     frame.f_code.co_filename, frame.f_lineno))


def _named(layer: Any, version: Any) -> Any:
    """The version with the signature of the layer."""
    return wraps(layer)(lambda *args: version(*args))


def run(evidence: Evidence, seed: int = 0) -> Result:
    """Run a check on its subject and on every wrong version, all with the same derived random numbers."""
    start = time.perf_counter()
    outcome, crashed = _try(evidence, evidence.subject, seed)
    proof = None if crashed else _prove(evidence, evidence.subject, seed)
    status = INCONCLUSIVE if not outcome.conclusive else PASS if outcome.error <= evidence.bound else FAIL
    if proof and proof.status == REFUTED and status != FAIL:
        status, outcome = FAIL, outcome._replace(note=f"exact numbers refute it: {proof.note}")
    controls = tuple(_control(evidence, name, seed, proof) for name in evidence.wrong)
    if status == PASS and not (controls and all(control.rejected for control in controls)):
        status = BLIND
    return Result(evidence.eq, evidence.kind, evidence.name, evidence.what, outcome, evidence.bound, controls, status,
                  time.perf_counter() - start, proof or (Proof(NOT_RUN, note=evidence.why) if evidence.why else None),
                  evidence.file, evidence.line)


def accepts(evidence: Evidence, seed: int = 0) -> bool:
    """Whether a check accepts its subject, and exact numbers do not refute it; its wrong versions are not run."""
    outcome, _ = _try(evidence, evidence.subject, seed)
    if not (outcome.conclusive and outcome.error <= evidence.bound):
        return False
    proof = _prove(evidence, evidence.subject, seed)
    return proof is None or proof.status != REFUTED


def _control(evidence: Evidence, name: str, seed: int, proof: Proof | None) -> Control:
    """A wrong version is rejected by the check; where the right one is proved, exact numbers refuse it as well.

    They use the relations that the right one took and no others: what it needs, they have.
    """
    outcome, crashed = _try(evidence, evidence.wrong[name], seed)
    rejected = not crashed and outcome.conclusive and not outcome.error <= evidence.bound
    if not (proof and proof.status == PROVED):
        return Control(name, rejected, outcome)
    found = _prove(evidence, evidence.wrong[name], seed, proof.relations, proof.relations)
    return Control(name, rejected and found is not None and found.status == REFUTED, outcome, found)


def _prove(evidence: Evidence, subject: Any, seed: int, relations: int = 2, least: int = 0) -> Proof | None:
    """What exact numbers say of a subject; an error about shapes or values refutes it."""
    if evidence.prove is None:
        return None
    try:
        with np.errstate(all="ignore"):
            return evidence.prove(subject, _generator(evidence, seed), relations, least)
    except ValueError as error:
        return Proof(REFUTED, note=f"ValueError: {error}")


def _generator(evidence: Evidence, seed: int) -> np.random.Generator:
    return np.random.default_rng([crc32(f"{evidence.eq} {evidence.kind} {evidence.name}".encode()), seed])


def _try(evidence: Evidence, subject: Any, seed: int) -> tuple[Outcome, bool]:
    """The outcome, and whether the check crashed; an error about shapes or values is no crash but a finding."""
    rng = _generator(evidence, seed)
    try:
        with np.errstate(all="ignore"):
            return evidence.check(subject, rng), False
    except Exception as error:
        raised = f"{type(error).__name__}: {(str(error) or 'no message').splitlines()[0]}"
        return Outcome(np.nan, np.nan, np.nan, raised), not isinstance(error, ValueError)


def spoiled(layer: Callable[..., Any], spoil: Callable[[Any], Any]) -> Callable[..., Any]:
    """A wrong version of a layer: right value, and cotangents passed through `spoil`."""
    def wrong(*args: Any) -> tuple[Any, Any]:
        y, pull = layer(*args)
        return y, lambda *dy: spoil(pull(*dy))

    return wrong
