"""`refvae figures`: write the figures of the derivations as SVG, byte for byte the same on every run."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from refvae.cli.select import BadInput
from refvae.statements import folder


def add_to(commands: Any) -> None:
    """Add the subcommand."""
    p = commands.add_parser("figures", help="write the figures as SVG",
                            epilog="examples:\n  refvae figures\n  refvae figures linear_ae --out /tmp/figures",
                            formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("name", nargs="*", metavar="NAME", help=f"chapter: {', '.join(names())} (default: all)")
    p.add_argument("--out", default="figures", metavar="DIR", help="folder, made if need be (default: ./figures)")
    p.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the figures and print their paths; the exit code is 0."""
    for name in arguments.name:
        if name not in names():
            raise BadInput(f"NAME: got {name!r}, wanted one of {', '.join(names())}")
    out = Path(arguments.out)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"--out: got {arguments.out}, wanted a folder that can be made ({error.strerror})") from error
    for name in arguments.name or names():
        module = figure_module(name)
        path = out / f"{name}.svg"
        try:
            import_module("refvae.figures").save(module.draw(module.compute()), path)
        except OSError as error:
            raise BadInput(f"--out: got {out}, where {path.name} cannot be written ({error.strerror})") from error
        print(path)
    return 0


def names() -> list[str]:
    """The chapters that have a figure."""
    return sorted(path.stem for path in folder("figures").glob("*.py") if not path.stem.startswith("_"))


def figure_module(name: str) -> ModuleType:
    """The module figures/<name>.py: compute() gives the arrays, draw(arrays) the figure."""
    return import_module(f"refvae.figures.{name}")
