"""The checker itself, altered line by line, against its own tests.

One session of pytest collects the tests and runs each once, watched; every mutant then runs in a fork of that session,
where the functions that exist get the altered code, under the tests that run its line, the quick ones first.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from refvae.mutate.execution import Piece, codes, forget, pieces, running
from refvae.mutate.fresh import edit, in_child
from refvae.mutate.lines import Mutant, mutants
from refvae.mutate.trial import KILLED, LEAST, SURVIVES, Fate, workers
from refvae.statements import TaggedLine, folder

TESTS = ("test_check.py", "test_evidence.py", "test_exact.py")
Watch = Callable[..., list[Any]]


def lines() -> list[TaggedLine]:
    """All lines of refvae/check, evidence.py, outcomes.py and verdict.py."""
    files = [*sorted(folder("check").glob("*.py")),
             *(folder("") / f"{name}.py" for name in ("evidence", "outcomes", "verdict"))]
    return [TaggedLine(path, i, text) for path in files
            for i, text in enumerate(path.read_text("utf8").splitlines(), 1)]


def fates(chosen: Sequence[TaggedLine], jobs: int, watch: Watch) -> list[Fate]:
    """What becomes of every mutant; RuntimeError if a test fails unaltered, ModuleNotFoundError without pytest."""
    for name in ("pytest", "refvae.check", "refvae.evidence", "refvae.verdict"):
        import_module(name)
    session = _Session(chosen, jobs, watch)
    _pytest(session, [str(path) for name in TESTS if (path := _tests() / name).exists()])
    if session.failed or session.fates is None:
        raise RuntimeError(f"got {session.failed or 'no tests'} in {_tests()}, wanted tests of the checkout that pass")
    return session.fates


class _Session:
    """A pytest plugin that runs all tests once, and then the mutants instead.

    measured  place among the tests -> seconds, and the pieces of the lines that it runs
    """

    def __init__(self, chosen: Sequence[TaggedLine], jobs: int, watch: Watch) -> None:
        self.chosen, self.jobs, self.watch = chosen, jobs, watch
        self.failed, self.items = "", list[Any]()
        self.fates: list[Fate] | None = None
        self.measured: dict[int, tuple[float, set[Piece]]] = {}

    def pytest_runtestloop(self, session: Any) -> bool:
        """Called once all tests are collected."""
        global _session
        _session, self.items = self, session.items
        for i in range(len(self.items)):
            start = time.perf_counter()
            with running(self.chosen) as seen:
                self.failed = self.failed or self.failure([i])
            self.measured[i] = time.perf_counter() - start, seen
        if self.items and not self.failed:
            with workers(self.jobs) as over:
                found = self.watch(over, _fates, self.chosen, unit="line")
            self.fates = [fate for some in found for fate in some]
        return True

    def failure(self, tests: Sequence[int]) -> str:
        """The first of these tests that fails."""
        from _pytest.runner import runtestprotocol

        return next((item.nodeid for item in (self.items[i] for i in tests)
                     if any(report.failed for report in runtestprotocol(item, log=False, nextitem=None))), "")

    def pytest_collectreport(self, report: Any) -> None:
        """A test module that cannot even be loaded is a failure too."""
        if report.failed:
            self.failed = report.nodeid


_session: Any = None  # that of this process, which its forks find here


def _fates(line: TaggedLine) -> list[Fate]:
    path, number, text = line
    if not (altered := mutants(path.read_text("utf8"), number)):
        return []
    held, measured = pieces(line), _session.measured
    tests = sorted((i for i in measured if held & measured[i][1]), key=lambda i: measured[i][0])
    limit = LEAST + 20 * sum(measured[i][0] for i in tests or measured)
    return [Fate(path, number, (), text, mutant.text, *_fate(path, mutant, tests, limit)) for mutant in altered]


def _fate(path: Path, mutant: Mutant, tests: Sequence[int], limit: float) -> tuple[str, str]:
    by = in_child(partial(_killer, path, mutant, tests), limit)
    return (SURVIVES, "") if by == "" else (KILLED, by or "a crash or an endless loop")


def _killer(path: Path, mutant: Mutant, tests: Sequence[int]) -> str:
    """The first test that fails; empty if none does. What only runs on import is loaded anew, under all tests."""
    code = mutant.code(path)
    if tests and _exchange(path, code):
        return str(_session.failure(tests))
    edit(path, code)
    watcher = _First()
    ended = _pytest(watcher, ["-x", *(str(_tests() / name) for name in TESTS)])
    return watcher.failed or ("" if ended == 0 else f"pytest ends with {ended}")


def _exchange(path: Path, code: CodeType) -> bool:
    """Give the functions of a file their altered code; False if the code of the module itself differs."""
    old, new = codes(path.read_text("utf8"), str(path)), codes(code, str(path))
    inside = {(each.co_qualname, each.co_firstlineno, at): each for at, each in enumerate(new)}
    changed = {before: after for at, before in enumerate(old) if before.co_flags & 2
               and (after := inside.get((before.co_qualname, before.co_firstlineno, at))) and after != before}
    if not changed or _shallow(old[0]) != _shallow(new[0]):
        return False
    gc.unfreeze()  # what is frozen is not listed
    forget({str(path)})
    for function in [each for each in gc.get_objects() if type(each) is FunctionType]:
        if function.__code__ in changed and function.__code__.co_filename == str(path):
            with suppress(ValueError):  # other free variables: the function around it makes it anew
                function.__code__ = changed[function.__code__]
    return True


def _shallow(code: CodeType) -> list[Any]:
    """What a module does on import, without the bodies of its functions."""
    own = [each for each in code.co_consts if not isinstance(each, CodeType)]
    classes = [_shallow(each) for each in code.co_consts if isinstance(each, CodeType) and not each.co_flags & 2]
    return [code.co_code, own, code.co_names, classes]


class _First:
    """A pytest plugin that remembers the first failure."""

    failed = ""

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Called after every stage of a test."""
        if report.failed and not self.failed:
            self.failed = report.nodeid

    def pytest_collectreport(self, report: Any) -> None:
        """A test module that cannot even be loaded is a failure too."""
        self.pytest_runtest_logreport(report)


def _pytest(plugin: Any, arguments: Sequence[str]) -> int:
    import pytest

    root = _tests().parent
    options = ["-p", "no:cacheprovider", "-p", "no:terminal", "-s", "-o", "addopts=", "--import-mode=importlib",
               "--assert=plain",  # pytest rewrites the modules of a package with a plugin, from their files
               "-c", str(root / "pyproject.toml"), "--rootdir", str(root)]
    return int(pytest.main([*options, *arguments], plugins=[plugin]))


def _tests() -> Path:
    return folder("").parent / "tests"
