"""A process of its own in which a module holds other code, as if its file had been edited."""

from __future__ import annotations

import ast
import gc
import json
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

MEMORY = 8 * 2**30  # bytes that a child may address


def in_child(task: Callable[[], Any], seconds: float) -> Any:
    """What the task gives, as JSON, run in a fork of this process; None if it raises, dies or computes longer."""
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        try:
            os.close(reading)
            _be_quiet_and_modest(seconds)
            with os.fdopen(writing, "w") as pipe:
                json.dump(task(), pipe)
        finally:
            os._exit(0)  # no cleaning up of what belongs to the parent
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    try:
        return json.loads(said)
    except ValueError:
        return None


def _be_quiet_and_modest(seconds: float) -> None:
    import resource

    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    warnings.simplefilter("ignore")
    gc.disable()
    sys.dont_write_bytecode = True
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    limit(seconds)


def limit(seconds: float) -> None:
    """End this process if it computes for so long from now on, which does not depend on what else runs."""
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, seconds)


def edit(path: Path, code: CodeType) -> None:
    """From now on this process behaves as if the file held this code: the module and its importers load anew.

    A package that only gathers sections (one `ledger` of theirs) is not run again: its sections load by themselves.
    """
    name = module_of(path)
    for each in sorted(importers(name), key=len, reverse=True):
        module, (package, _, leaf) = sys.modules.pop(each), each.rpartition(".")
        if vars(sys.modules.get(package, module)).get(leaf) is module:
            delattr(sys.modules[package], leaf)
        if hasattr(module, "ledger") and hasattr(module, "__path__"):
            sys.modules[each] = hollow = ModuleType(each)
            hollow.__path__ = module.__path__
    sys.meta_path.insert(0, _Finder(name, path, code))


class _Finder:
    """Finds one module, with other code."""

    def __init__(self, name: str, path: Path, code: CodeType) -> None:
        self.name, self.path, self.code = name, path, code

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """The module's specification, for its name alone."""
        if name != self.name:
            return None
        loader = SourceFileLoader(name, str(self.path))
        loader.get_code = lambda fullname: self.code  # type: ignore[method-assign]
        return spec_from_file_location(name, self.path, loader=loader)


def module_of(path: Path) -> str:
    """The name under which a file was imported; ModuleNotFoundError if it was not."""
    for name, module in list(sys.modules.items()):
        if getattr(module, "__file__", None) == str(path) and name != "__main__":
            return name
    raise ModuleNotFoundError(f"{path} is imported by no evidence")


def importers(name: str) -> set[str]:
    """The loaded modules that import this one, directly or through others, and itself."""
    found, new = {name}, {name}
    while new:
        new = {each for each, used in imports().items() if used & new} - found
        found |= new
    return found & set(sys.modules)


@lru_cache
def imports() -> dict[str, set[str]]:
    """Module -> the modules named by its import statements, for all of ours and what stands near a `ledger`."""
    homes = {__name__.partition(".")[0]} | {name.partition(".")[0] for name, module in list(sys.modules.items())
             if type(getattr(module, "ledger", None)).__name__ == "Ledger"}
    return {name: set(_imported(name, module)) for name, module in list(sys.modules.items())
            if name.partition(".")[0] in homes and getattr(module, "__file__", None)}


def _imported(name: str, module: ModuleType) -> Iterator[str]:
    package = name if hasattr(module, "__path__") else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(Path(str(module.__file__)).read_text("utf8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.rsplit(".", node.level - 1)[0] + "." if node.level else ""
            base = (above + (node.module or "")).rstrip(".")
            yield from (base, *(f"{base}.{alias.name}" for alias in node.names))
