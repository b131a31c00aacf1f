"""The checker itself, altered line by line, against its own tests."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from refvae.mutate.execution import Piece, pieces, running
from refvae.mutate.fresh import edit, in_child
from refvae.mutate.lines import Mutant, mutants
from refvae.mutate.trial import KILLED, LEAST, SURVIVES, Fate
from refvae.statements import TaggedLine, folder

TESTS = ("test_check.py", "test_evidence.py", "test_exact.py", "test_verdict.py")
Measured = Mapping[str, tuple[float, frozenset[Piece]]]  # test -> its seconds and the pieces that it runs


def lines() -> list[TaggedLine]:
    """All lines of refvae/check, evidence.py and verdict.py."""
    files = [*sorted(folder("check").glob("*.py")), folder("") / "evidence.py", folder("") / "verdict.py"]
    return [TaggedLine(path, i, text) for path in files
            for i, text in enumerate(path.read_text("utf8").splitlines(), 1)]


def measure(chosen: Sequence[TaggedLine]) -> Measured:
    """Run all tests of the checker once; RuntimeError if one fails, ModuleNotFoundError without pytest."""
    for name in ("pytest", "refvae.check", "refvae.evidence", "refvae.verdict"):
        import_module(name)
    if (found := in_child(partial(_measured, chosen), 3600)) is None:
        raise RuntimeError(f"got tests that fail or are missing in {_tests()}, wanted those of the checkout to pass")
    return {test: (seconds, frozenset(Piece(*piece) for piece in seen)) for test, (seconds, seen) in found.items()}


def fates(measured: Measured, line: TaggedLine) -> list[Fate]:
    """What becomes of every mutant of a line under the tests that run it, the quick first; under all if none does."""
    path, number, text = line
    if not (altered := mutants(path.read_text("utf8"), number)):
        return []
    held = pieces(line)
    tests = [test for test, (_, seen) in measured.items() if held & seen] or list(measured)
    tests.sort(key=lambda test: measured[test][0])
    limit = LEAST + 20 * sum(measured[test][0] for test in tests)
    return [Fate(path, number, (), text, mutant.text, *_fate(path, mutant, tests, limit)) for mutant in altered]


def _fate(path: Path, mutant: Mutant, tests: Sequence[str], limit: float) -> tuple[str, str]:
    by = in_child(partial(_killer, path, mutant, tests), limit)
    return (SURVIVES, "") if by == "" else (KILLED, by or "a crash or an endless loop")


def _killer(path: Path, mutant: Mutant, tests: Sequence[str]) -> str:
    """The first test that fails; empty if none does."""
    edit(path, mutant.code(path))
    watcher = _Watcher()
    code = _pytest(watcher, ["-x", *tests])
    return watcher.failed or ("" if code == 0 else f"pytest ends with {code}")


def _measured(chosen: Sequence[TaggedLine]) -> dict[str, Any]:
    watcher = _Watcher(chosen)
    if code := _pytest(watcher, [str(path) for name in TESTS if (path := _tests() / name).exists()]):
        raise RuntimeError(f"pytest ends with {code}: {watcher.failed}")
    return watcher.measured


class _Watcher:
    """A pytest plugin: which test fails first; how long each takes and what it runs, if lines are given."""

    def __init__(self, chosen: Sequence[TaggedLine] = ()) -> None:
        self.chosen, self.failed, self.measured = chosen, "", dict[str, Any]()

    def pytest_pyfunc_call(self, pyfuncitem: Any) -> None:
        """Called just before the test function."""
        if not self.chosen:
            return
        call: Callable[..., Any] = pyfuncitem.obj

        def measured(*args: Any, **kwargs: Any) -> Any:
            start = time.perf_counter()
            with running(self.chosen) as seen:
                try:
                    return call(*args, **kwargs)
                finally:
                    node = f"{pyfuncitem.path}::{pyfuncitem.nodeid.partition('::')[2]}"
                    self.measured[node] = time.perf_counter() - start, list(seen)

        pyfuncitem.obj = measured

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Remember the first failure."""
        if report.failed and not self.failed:
            self.failed = report.nodeid

    def pytest_collectreport(self, report: Any) -> None:
        """A test module that cannot even be loaded is a failure too."""
        self.pytest_runtest_logreport(report)


def _pytest(watcher: _Watcher, arguments: Sequence[str]) -> int:
    import pytest

    root = _tests().parent
    options = ["-p", "no:cacheprovider", "-p", "no:terminal", "-o", "addopts=", "--import-mode=importlib",
               "--assert=plain",  # pytest rewrites the modules of a package with a plugin, from their files
               "-c", str(root / "pyproject.toml"), "--rootdir", str(root)]
    return int(pytest.main([*options, *arguments], plugins=[watcher]))


def _tests() -> Path:
    return folder("").parent / "tests"
