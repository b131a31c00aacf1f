"""A pytest plugin: `python -m pytest --refvae-entropy module:function` adds one test for every law of that kind."""

from __future__ import annotations

from ast import literal_eval
from importlib import import_module
from typing import Any

import pytest

KINDS = ("entropy", "divergence", "information", "bound", "optimiser", "svd", "quantiser")


def pytest_addoption(parser: pytest.Parser) -> None:
    """One option a kind that needs a function alone, and one for the settings."""
    group = parser.getgroup("refvae", "laws for estimators, from refvae.laws")
    for kind in KINDS:
        group.addoption(f"--refvae-{kind}", metavar="MODULE:FUNCTION", help=f"hold it to the laws of {kind}")
    group.addoption("--refvae-set", action="append", default=[], metavar="NAME=VALUE",
                    help="a setting of the check, as norm=inf or k=5; may be repeated")


def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add the laws that were asked for to the tests that were found."""
    asked = {kind: config.getoption(f"--refvae-{kind}") for kind in KINDS}
    for kind, name in asked.items():
        if name:
            items += [LawItem.from_parent(session, name=f"{name}: {test.law.name}", test=test)
                      for test in _tests(kind, name, config.getoption("--refvae-set"))]


class LawItem(pytest.Item):
    """A law as a test."""

    def __init__(self, *, test: Any, **settings: Any) -> None:
        super().__init__(**settings)
        self.test = test

    def runtest(self) -> None:
        """Ask the subject."""
        self.test()

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """The counterexample alone."""
        from refvae.laws import LawError

        return str(excinfo.value) if excinfo.errisinstance(LawError) else super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Any, None, str]:
        """Where it stands: nowhere but in its name."""
        return self.config.rootpath, None, self.name


def _tests(kind: str, name: str, settings: list[str]) -> list[Any]:
    from refvae.laws.catalogues import law_tests

    module, _, function = name.partition(":")
    try:
        f = getattr(import_module(module), function)
        return law_tests(f, kind, **dict(map(_setting, settings)))
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise pytest.UsageError(f"--refvae-{kind}: got {name!r}: {error}") from error


def _setting(text: str) -> tuple[str, Any]:
    name, _, value = text.partition("=")
    try:
        return name, float(value) if value == "inf" else literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value
