"""A law: what every right subject obeys, whoever wrote it, with the claim it rests on and the mistakes that it finds.

A law is a generator (subject, rng) -> cases, the smallest first; it asks the subject alone and knows nothing of how it
computes. The first case that is off is its counterexample. Laws of one kind of subject stand in one `Catalogue`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np

HOLDS, BROKEN, SKIPPED = "holds", "BROKEN", "skipped"


class Case(NamedTuple):
    """One question to the subject, and what it answered.

    code     the question in Python, with the subject as `f`: "f(4 * x) - f(x)"
    inputs   the names in it and their values
    got      the answer, numbers of any shape
    want     what the law says it is
    allowed  the difference that rounding or chance explains, entry by entry
    """

    code: str
    inputs: Mapping[str, Any]
    got: Any
    want: Any
    allowed: Any

    @property
    def is_off(self) -> bool:
        """Whether the answer is another one; NaN is, and equal infinities are not."""
        got, want = np.asarray(self.got, float), np.asarray(self.want, float)
        if got.shape != want.shape:
            return True
        with np.errstate(invalid="ignore"):
            return bool(np.any(~((np.abs(got - want) <= self.allowed) | (got == want))))

    def snippet(self) -> str:
        """Lines to paste: inputs, question, answer."""
        given = [f"{name} = {literal(value)}" for name, value in self.inputs.items()]
        return "\n".join([*given, f"{self.code}    # got {short(self.got)}, wanted {short(self.want)}"])


Check = Callable[[Any, np.random.Generator], Iterator[Case]]


@dataclass(frozen=True)
class Law:
    """A statement about all right subjects of one kind.

    name       of the law;   statement  in one sentence;   source  the number of the claim that proves it, or a paper
    finds      mistakes that usually break it, each with a wrong version in the catalogue
    needs      subject -> why the law does not apply, or "" if it does; its docstring is the hypothesis
    """

    name: str
    statement: str
    source: str
    finds: tuple[str, ...]
    needs: Callable[[Any], str]
    check: Check = field(repr=False)

    def judge(self, subject: Any, seed: int = 0) -> Judgement:
        """Ask the subject until a case is off; an exception of the subject is one."""
        if reason := self.needs(subject):
            return Judgement(self, SKIPPED, 0, reason)
        rng = np.random.default_rng([crc32(self.name.encode()), seed])
        tried = 0
        try:
            with np.errstate(all="ignore"):
                for case in self.check(subject, rng):
                    tried += 1
                    if case.is_off:
                        return Judgement(self, BROKEN, tried, case.snippet())
        except Exception as error:  # whatever somebody else's code raises
            return Judgement(self, BROKEN, tried, f"case {tried + 1} raised {type(error).__name__}: {error}")
        return Judgement(self, HOLDS, tried) if tried else Judgement(self, SKIPPED, 0, "no case applies")


class Judgement(NamedTuple):
    """What became of a law: holds, BROKEN with a counterexample, or skipped with a reason."""

    law: Law
    verdict: str
    cases: int
    note: str = ""

    def __str__(self) -> str:
        if self.verdict != BROKEN:
            return f"{self.verdict}: {self.law.name}" + (f" ({self.note})" if self.note else f", {self.cases} cases")
        lines = [f"BROKEN: {self.law.name}, ({self.law.source}): {self.law.statement}",
                 *(f"    {line}" for line in self.note.splitlines()), f"  usual causes: {', '.join(self.law.finds)}"]
        return "\n".join(lines)


def anything(subject: Any) -> str:
    """Every subject of the kind."""
    return ""


@dataclass
class Catalogue:
    """The laws of one kind of subject, in the order in which they are written down, and how a subject is made.

    subject   what the laws ask, made of somebody's function and settings
    mistakes  wrong versions by name: each as (function, settings)
    """

    kind: str
    subject: Callable[..., Any]
    laws: dict[str, Law] = field(default_factory=dict)
    mistakes: dict[str, tuple[Any, dict[str, Any]]] = field(default_factory=dict)

    def law(self, source: str, *finds: str, needs: Callable[[Any], str] = anything) -> Callable[[Check], Check]:
        """Register the decorated generator: its name with spaces is the law's, its docstring the statement."""
        def register(check: Check) -> Check:
            name, statement = check.__name__.replace("_", " "), " ".join((check.__doc__ or "").split())
            self.laws[name] = Law(name, statement, source, finds, needs, check)
            return check

        return register

    def mistake(self, name: str, **settings: Any) -> Callable[[Any], Any]:
        """Register the decorated function as a wrong version."""
        def register(f: Any) -> Any:
            self.mistakes[name] = f, settings
            return f

        return register

    def check(self, f: Any, expected_failures: Mapping[str, str] | None = None, seed: int = 0,
              **settings: Any) -> LawReport:
        """Hold f to every law; ValueError if an expected failure names no law."""
        expected = dict(expected_failures or {})
        self.refuse_unknown(expected)
        subject = self.subject(f, **settings)
        return LawReport(self.kind, tuple(law.judge(subject, seed) for law in self.laws.values()), expected)


    def refuse_unknown(self, expected: Mapping[str, str]) -> None:
        """Raise ValueError if an expected failure names no law."""
        if unknown := sorted(set(expected) - set(self.laws)):
            raise ValueError(f"expected_failures: got {unknown[0]!r}, wanted names out of {', '.join(self.laws)}")


class LawError(AssertionError):
    """A subject that broke a law, or about which nothing was asked."""


@dataclass(frozen=True)
class LawReport:
    """What became of every law; `expected` are the reasons of those that were expected to break."""

    kind: str
    judgements: tuple[Judgement, ...]
    expected: Mapping[str, str]

    @property
    def failures(self) -> list[str]:
        """Laws that broke, laws that hold although they were expected to break, and a battery that asked nothing."""
        found = [str(one) for one in self.judgements if one.verdict == BROKEN and one.law.name not in self.expected]
        found += [f"{one.law.name}: {one.verdict}, expected to break ({self.expected[one.law.name]})"
                  for one in self.judgements if one.verdict != BROKEN and one.law.name in self.expected]
        return found or ([] if self.count(SKIPPED) < len(self.judgements) else ["no law applies: nothing was asked"])

    def count(self, verdict: str) -> int:
        """How many laws ended so."""
        return sum(one.verdict == verdict for one in self.judgements)

    def __str__(self) -> str:
        skipped, broken = self.count(SKIPPED), self.count(BROKEN)
        known = sum(one.verdict == BROKEN and one.law.name in self.expected for one in self.judgements)
        head = f"{self.kind}: {len(self.judgements) - skipped} laws ran, {skipped} skipped, {broken} broken"
        head += f" ({known} expected)" if known else ""
        reasons = [f"  {one}" for one in self.judgements if one.verdict == SKIPPED]
        return "\n".join([head, *reasons, *self.failures])

    def raise_for_status(self) -> LawReport:
        """The report itself if there is no failure; otherwise LawError with all that it says."""
        if self.failures:
            raise LawError(str(self))
        return self


def literal(value: Any) -> str:
    """Python for a value: every digit of a small array, the shape of a large one."""
    if isinstance(value, np.ndarray):
        dtype = "" if value.dtype in (np.float64, np.int64) else f", np.{value.dtype}"
        text = np.array2string(value, separator=", ", threshold=10**9, max_line_width=10**9, floatmode="unique")
        return f"np.array({' '.join(text.split())}{dtype})" if value.size <= 120 else f"...  # {value.shape}"
    return repr(value)


def short(value: Any) -> str:
    """A number with its digits, an array by its first entries."""
    return np.array2string(np.asarray(value, float), precision=12, threshold=6, edgeitems=2, separator=", ")
