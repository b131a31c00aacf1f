"""`refvae book`: the derivations, their code, evidence and figures as one site that opens by double click."""

from __future__ import annotations

import argparse
import webbrowser
from pathlib import Path
from typing import Any

from refvae.cli.select import BadInput, claims, opened
from refvae.cli.verify import verify
from refvae.statements import OURS, Book
from refvae.verdict import borrowed

EXAMPLES = """examples:
  refvae book
  refvae book -j 2 --out site
  refvae book --open
  refvae book mine/ --out mine/site
"""


def add_to(commands: Any) -> None:
    """Add the subcommand."""
    p = commands.add_parser("book", epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("path", nargs="*", metavar="PATH", help="folder of derivations of your own, in place of ours; of "
                   "several, each gets a folder of its own in DIR")
    p.add_argument("--out", default="book", metavar="DIR", help="folder (default ./book)")
    p.add_argument("--open", action="store_true", help="open it in a browser")
    p.add_argument("-j", "--jobs", type=int, default=1, metavar="N", help="processes for the evidence (default 1)")
    p.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the site and say where; the exit code is 0."""
    out = Path(arguments.out)
    if arguments.jobs < 1:
        raise BadInput(f"-j: got {arguments.jobs}, wanted at least 1")
    books = [_book(word) for word in arguments.path] or [OURS]
    sites = {out if len(books) == 1 else out / book.pages.name: book for book in books}
    if len(sites) < len(books):
        raise BadInput(f"PATH: got {' '.join(arguments.path)}, wanted folders with different names")
    for site in (out, *sites):
        _refuse_others(site, arguments.out)
    _require_extra()
    for site, book in sites.items():
        _write(site, book, arguments.jobs)
        print(site / "index.html")
        if arguments.open:
            webbrowser.open((site / "index.html").absolute().as_uri())
    return 0


def _write(site: Path, book: Book, jobs: int) -> None:
    from refvae.book.site import BookError, FormulaError, build

    chosen = claims([], book)
    try:
        build(site, verify([*chosen, *borrowed(chosen)], 0, jobs), book)
    except (BookError, FormulaError, OSError) as error:
        raise BadInput(str(error)) from error


def _book(word: str) -> Book:
    if not Path(word).is_dir():
        raise BadInput(f"PATH: got {word!r}, wanted a folder of derivations")
    return opened([f"{word.rstrip('/')}/"])[0]


def _refuse_others(site: Path, name: str) -> None:
    if site.exists() and not site.is_dir():
        raise BadInput(f"--out: got {name!r}, wanted a folder")
    inside = [path for path in site.iterdir() if not (path / "book.js").exists()] if site.is_dir() else []
    if inside and not (site / "book.js").exists():
        raise BadInput(f"--out: got {name!r}, which holds other files, wanted a new folder or an old book")


def _require_extra() -> None:
    try:
        import markdown_it  # noqa: F401
        import math_core  # noqa: F401
        import mdit_py_plugins  # noqa: F401
        import pygments  # noqa: F401
    except ModuleNotFoundError as error:
        raise BadInput(f"{error.name} is not installed: pip install 'refvae[book]'") from error
