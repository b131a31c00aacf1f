"""`refvae figures`: write the figures of the derivations as SVG, or compare them with those that were written."""

from __future__ import annotations

import argparse
from importlib import import_module
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree.ElementTree import ParseError

from refvae import files
from refvae.cli.select import BadInput, opened
from refvae.pictures import mark
from refvae.statements import OURS, Book
from refvae.svg import difference, matplotlib_version

EXAMPLES = """examples:
  refvae figures
  refvae figures linear_ae --out /tmp/figures
  refvae figures --check                        are the figures of this package the ones that its code draws?
  refvae figures mine/                          mine/figures/*.py, drawn beside them
"""


def add_to(commands: Any) -> None:
    """Add the subcommand."""
    p = commands.add_parser("figures", epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("name", nargs="*", metavar="NAME", help=f"figure: {', '.join(names())} (default: all); "
                   "before it, a folder of derivations of your own")
    p.add_argument("--out", metavar="DIR", help="folder, made if need be (default: ./figures; of a folder of your own, "
                   "its figures/)")
    p.add_argument("--check", action="store_true", help="write nothing; draw and compare with the figures in DIR "
                   "(default: those beside the code); exit 1 if one is another picture")
    p.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the figures and print their paths, or check them; the exit code is 1 if a figure is another picture."""
    book, chosen = opened(arguments.name)
    known = names(book)
    if not known:
        raise BadInput(f"PATH: got {arguments.name[0]!r}, where figures/ has no module, wanted one with compute, draw")
    for name in chosen:
        if name not in known:
            raise BadInput(f"NAME: got {name!r}, wanted one of {', '.join(known)}")
    if arguments.check:
        return check(chosen or known, book.figures if arguments.out is None else Path(arguments.out), book)
    default = Path("figures") if book == OURS else book.figures
    return write(chosen or known, default if arguments.out is None else Path(arguments.out), book)


def write(chosen: list[str], out: Path, book: Book = OURS) -> int:
    """Draw figures into a folder."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"--out: got {out}, wanted a folder that can be made ({error.strerror})") from error
    for name in chosen:
        path = out / f"{name}.svg"
        svg = drawn(name, book)
        try:
            files.write(path, svg)
        except OSError as error:
            raise BadInput(f"--out: got {out}, where {path.name} cannot be written ({error.strerror})") from error
        print(path)
    return 0


def check(chosen: list[str], place: Path, book: Book = OURS) -> int:
    """Draw figures and print where each differs first from the one in a folder; 1 if one does or is missing there."""
    paths, ours = {name: place / f"{name}.svg" for name in chosen}, version("matplotlib")
    for path in paths.values():
        if path.exists() and (theirs := matplotlib_version(path)) not in (None, ours):
            raise BadInput(f"--check: got {path}, drawn by Matplotlib {theirs}, wanted one drawn by {ours}, which is "
                           f"installed; pip install matplotlib=={theirs}")
    code = 0
    for name, path in paths.items():
        found = compared(drawn(name, book), path)
        print(f"{name}: {found or 'the same'}", flush=True)
        code = 1 if found else code
    return code


def compared(svg: bytes, shown: Path) -> str | None:
    """Where a drawn figure differs first from a file, or None."""
    try:
        return difference(BytesIO(svg), shown)
    except (OSError, ParseError) as error:
        return f"{shown} cannot be read ({error})"


def drawn(name: str, book: Book = OURS) -> bytes:
    """The SVG of a figure."""
    module, svg = figure_module(name, book), BytesIO()
    import_module("refvae.figures").save(module.draw(module.compute()), svg)
    return svg.getvalue() + f"{mark(name, book)}\n".encode()


def names(book: Book = OURS) -> list[str]:
    """The figures that there are."""
    return sorted(path.stem for path in book.figures.glob("*.py") if not path.stem.startswith("_"))


def figure_module(name: str, book: Book = OURS) -> ModuleType:
    """The module figures/<name>.py: compute() gives the arrays, draw(arrays) the figure."""
    return book.module(f"figures.{name}")
