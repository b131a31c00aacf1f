"""All catalogues by the kind of their subjects, and one pytest test a law."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from refvae.laws import (
    bound,
    calibration,
    divergence_mistakes,
    entropy_mistakes,
    information_mistakes,
    layer_mistakes,
    optimiser,
    quantiser,
    sampler,
    score,
    svd,
)
from refvae.laws.law import BROKEN, SKIPPED, Catalogue, Law, LawError, LawReport

CATALOGUES: dict[str, Catalogue] = {module.catalogue.kind: module.catalogue for module in (
    entropy_mistakes, divergence_mistakes, information_mistakes, bound, sampler, calibration, score, layer_mistakes,
    optimiser, svd, quantiser)}


@dataclass(frozen=True)
class LawTest:
    """One law and one subject, to be called in a test; skips with the reason where the law does not apply."""

    law: Law
    subject: Any
    kind: str
    expected: str | None
    seed: int = 0

    def __call__(self) -> None:
        """Raise LawError if the law breaks, or holds although it was expected to break."""
        found = self.law.judge(self.subject, self.seed)
        if found.verdict == SKIPPED and self.expected is None:
            import pytest

            pytest.skip(found.note)
        expected = {} if self.expected is None else {self.law.name: self.expected}
        report = LawReport(self.kind, (found,), expected)
        if report.failures:
            raise LawError("\n".join(report.failures))
        if found.verdict == BROKEN:
            import pytest

            pytest.xfail(f"{self.expected}: {found.note.splitlines()[-1]}")


def law_tests(f: Any, kind: str = "entropy", *, expected_failures: Mapping[str, str] | None = None, seed: int = 0,
             **settings: Any) -> list[LawTest]:
    """A test for every law of a kind; ValueError for an unknown kind or law, and if no law applies."""
    if kind not in CATALOGUES:
        raise ValueError(f"kind: got {kind!r}, wanted one of {', '.join(CATALOGUES)}")
    catalogue, expected = CATALOGUES[kind], dict(expected_failures or {})
    catalogue.refuse_unknown(expected)
    subject = catalogue.subject(f, **settings)
    if all(law.needs(subject) for law in catalogue.laws.values()):
        raise ValueError(f"{kind}: got a subject to which no law applies, wanted one to test")
    return [LawTest(law, subject, kind, expected.get(name), seed) for name, law in catalogue.laws.items()]


def parametrize_laws(f: Any, kind: str = "entropy", *, expected_failures: Mapping[str, str] | None = None,
                     seed: int = 0, **settings: Any) -> Callable[[Any], Any]:
    """A decorator that makes one pytest test a law.

        @parametrize_laws(my_entropy, norm=2, k=3, expected_failures={"extreme scales": "squares overflow"})
        def test_my_entropy(law):
            law()

    kind and settings are those of the `check_*` functions; expected failures are strict: one that holds is a failure.
    """
    import pytest

    tests = law_tests(f, kind, expected_failures=expected_failures, seed=seed, **settings)
    return pytest.mark.parametrize("law", tests, ids=[test.law.name for test in tests])
