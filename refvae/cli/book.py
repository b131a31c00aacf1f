"""`refvae book`: the derivations, their code, evidence and figures as one site that opens by double click."""

from __future__ import annotations

import argparse
import webbrowser
from pathlib import Path
from typing import Any

from refvae.cli.select import BadInput, claims
from refvae.cli.verify import verify

EXAMPLES = """examples:
  refvae book
  refvae book -j 2 --out site
  refvae book --open
"""


def add_to(commands: Any) -> None:
    """Add the subcommand."""
    p = commands.add_parser("book", epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--out", default="book", metavar="DIR", help="folder (default ./book)")
    p.add_argument("--open", action="store_true", help="open it in a browser")
    p.add_argument("-j", "--jobs", type=int, default=1, metavar="N", help="processes for the evidence (default 1)")
    p.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the site and say where; the exit code is 0."""
    out = Path(arguments.out)
    if arguments.jobs < 1:
        raise BadInput(f"-j: got {arguments.jobs}, wanted at least 1")
    if out.exists() and not out.is_dir():
        raise BadInput(f"--out: got {arguments.out!r}, wanted a folder")
    if out.is_dir() and any(out.iterdir()) and not (out / "book.js").exists():
        raise BadInput(f"--out: got {arguments.out!r}, which holds other files, wanted a new folder or an old book")
    _require_extra()
    from refvae.book.site import BookError, FormulaError, build

    try:
        build(out, verify(claims([]), 0, arguments.jobs))
    except (BookError, FormulaError, OSError) as error:
        raise BadInput(str(error)) from error
    print(out / "index.html")
    if arguments.open:
        webbrowser.open((out / "index.html").absolute().as_uri())
    return 0


def _require_extra() -> None:
    try:
        import markdown_it  # noqa: F401
        import math_core  # noqa: F401
        import mdit_py_plugins  # noqa: F401
        import pygments  # noqa: F401
    except ModuleNotFoundError as error:
        raise BadInput(f"{error.name} is not installed: pip install 'refvae[book]'") from error
