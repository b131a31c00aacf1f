"""Modules of a package that are loaded when something of theirs is first asked for, not when they are imported."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import LazyLoader, find_spec, module_from_spec


def load_late(package: str, *names: str) -> None:
    """Let `from package import name` load a module of these names, if it is not loaded yet, at its first attribute."""
    for name in names:
        spec = find_spec(f"{package}.{name}")
        if spec and spec.loader and spec.name not in sys.modules:
            spec.loader = LazyLoader(spec.loader)
            sys.modules[spec.name] = module_from_spec(spec)
            spec.loader.exec_module(sys.modules[spec.name])
            setattr(import_module(package), name, sys.modules[spec.name])
