"""The checker itself, altered line by line, against its own tests.

One session of pytest collects the tests and runs each once, watched; every mutant then runs in a fork of that session,
where the functions that exist get the altered code, under the tests that run its line: first those that are quick and
have noticed other mutants.
"""

from __future__ import annotations

import gc
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from refvae.mutate.execution import Piece, caches, codes, codes_of, pieces, running
from refvae.mutate.fresh import edit, imports, in_child, limit, module_of
from refvae.mutate.lines import Mutant, mutants
from refvae.mutate.trial import KILLED, SURVIVES, Fate, workers
from refvae.statements import TaggedLine, folder

TESTS = ("test_check.py", "test_evidence.py", "test_exact.py")
REPEATED = "no_luck"  # tests that only repeat others with more seeds, left out
LEAST = 5.0  # seconds of computing that a test may take however quick it is
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

    measured   of every test: seconds, and the pieces of the lines that it runs;   noticed  how many mutants it killed
    functions  of the checker, with their files;   caches  what must be forgotten if a function changes
    """

    def __init__(self, chosen: Sequence[TaggedLine], jobs: int, watch: Watch) -> None:
        self.chosen, self.jobs, self.watch = chosen, jobs, watch
        self.failed, self.items = "", list[Any]()
        self.fates: list[Fate] | None = None
        self.measured: list[tuple[float, set[Piece]]] = []
        self.noticed = Counter[str]()

    def pytest_runtestloop(self, session: Any) -> bool:
        """Called once all tests are collected."""
        global _session
        _session, self.items = self, session.items
        self.measured = self.watch(map, self._measure, range(len(self.items)), unit="test")
        if self.items and not self.failed:
            files = {str(line.path) for line in lines()}
            self.functions = [(each, file) for each in gc.get_objects() if type(each) is FunctionType
                              and (file := each.__code__.co_filename) in files]
            self.caches = caches(files)
            with workers(self.jobs) as over:
                found = self.watch(over, _fates, self.chosen, unit="line")
            self.fates = [fate for some in found for fate in some]
        return True

    def _measure(self, test: int) -> tuple[float, set[Piece]]:
        start = time.perf_counter()
        with running(lines()) as seen:
            self.failed = self.failed or self.failure(test)
        return time.perf_counter() - start, seen

    def failure(self, test: int) -> str:
        """The name of a test if it fails."""
        from _pytest.runner import runtestprotocol

        item = self.items[test]
        reports = runtestprotocol(item, log=False, nextitem=None)
        return str(item.nodeid) if any(report.failed for report in reports) else ""

    def cost(self, test: int) -> float:
        """What comes first: seconds, less for a test that often notices something."""
        return self.measured[test][0] / (1 + self.noticed[self.items[test].nodeid])

    def pytest_collectreport(self, report: Any) -> None:
        """A test module that cannot even be loaded is a failure too."""
        if report.failed:
            self.failed = report.nodeid


_session: Any = None  # that of this process, which its forks find here


def _fates(line: TaggedLine) -> list[Fate]:
    path, number, text = line
    held = pieces(line)
    tests = [i for i, (_, seen) in enumerate(_session.measured) if held & seen]
    return [Fate(path, number, (), text, mutant.text, *_fate(path, mutant, sorted(tests, key=_session.cost)))
            for mutant in mutants(path.read_text("utf8"), number)]


def _fate(path: Path, mutant: Mutant, tests: Sequence[int]) -> tuple[str, str]:
    by = in_child(partial(_killer, path, mutant, tests), _allowance(range(len(_session.measured))))
    _session.noticed[by or ""] += 1
    return (SURVIVES, "") if by == "" else (KILLED, by or "a crash or an endless loop")


def _killer(path: Path, mutant: Mutant, tests: Sequence[int]) -> str:
    """The first test that fails; empty if none does.

    What only runs on import is loaded anew, under tests that run the module, one that imports it, or no line at all.
    """
    code = mutant.code(path)
    if tests and _exchange(path, code):
        for test in tests:
            limit(_allowance([test]))
            if failed := _session.failure(test):
                return str(failed)
        return ""
    watcher = _First(path)
    edit(path, code)
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None)).startswith(str(_tests())):
            del sys.modules[name]
    ended = _pytest(watcher, ["-x", *(str(_tests() / name) for name in TESTS)])
    return watcher.failed or ("" if ended == 0 else f"pytest ends with {ended}")


def _allowance(tests: Sequence[int]) -> float:
    """The seconds of computing after which these tests have hit an endless loop."""
    return LEAST + 20 * float(sum(_session.measured[test][0] for test in tests))


def _exchange(path: Path, code: CodeType) -> bool:
    """Give the functions of a file their altered code; False if some must be made anew, by the module itself."""
    old, new = codes_of(str(path)), codes(code, str(path))
    inside = {(each.co_qualname, each.co_firstlineno, at): each for at, each in enumerate(new)}
    changed = {before: after for at, before in enumerate(old) if before.co_flags & 2
               and (after := inside.get((before.co_qualname, before.co_firstlineno, at))) and after != before}
    if not changed or _shallow(old[0]) != _shallow(new[0]):
        return False
    for cached in _session.caches:
        cached.cache_clear()
    for function, file in _session.functions:
        if file == str(path) and function.__code__ in changed:
            try:
                function.__code__ = changed[function.__code__]
            except ValueError:  # other free variables
                return False
    return True


def _shallow(code: CodeType) -> list[Any]:
    """What a module does on import, without the bodies of its functions."""
    own = [each for each in code.co_consts if not isinstance(each, CodeType)]
    classes = [_shallow(each) for each in code.co_consts if isinstance(each, CodeType) and not each.co_flags & 2]
    return [code.co_code, own, code.co_names, classes]


class _First:
    """A pytest plugin that runs the tests of a module, and remembers the first failure."""

    def __init__(self, path: Path) -> None:
        self.failed, name = "", module_of(path)
        files = {str(sys.modules[each].__file__) for each, used in imports().items() if name in used} | {str(path)}
        self.costs = {_session.items[i].nodeid: _session.cost(i) for i, (_, seen) in enumerate(_session.measured)
                      if not seen or any(piece.file in files for piece in seen)}

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Called once all tests are collected."""
        items[:] = sorted((item for item in items if item.nodeid in self.costs),
                          key=lambda item: self.costs[item.nodeid])

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
    options = ["-p", "no:cacheprovider", "-p", "no:terminal", "-s", "-o", "addopts=", "-k", f"not {REPEATED}",
               "--import-mode=importlib",
               "--assert=plain",  # pytest rewrites the modules of a package with a plugin, from their files
               "-c", str(root / "pyproject.toml"), "--rootdir", str(root)]
    return int(pytest.main([*options, *arguments], plugins=[plugin]))


def _tests() -> Path:
    return folder("").parent / "tests"
