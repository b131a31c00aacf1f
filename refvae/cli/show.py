"""`refvae show EQ`: an equation, the lines that compute it, its evidence, and what it hangs together with."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from refvae.cli.select import BadInput, opened, statement
from refvae.cli.verify import verify
from refvae.evidence import UNCHECKED
from refvae.statements import OURS, Book, Statement, chapters, find, lines_of, statements


def add_to(commands: Any) -> None:
    """Add the subcommand."""
    p = commands.add_parser("show", help="print an equation, its lines of code and its evidence",
                            epilog="examples:\n  refvae show\n  refvae show 1.19\n  refvae show '(2.4)'\n"
                                   "  refvae show mine/ 1.2",
                            formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("number", nargs="*", metavar="EQ", help="equation number; without it, all are listed; before it, "
                   "a folder of derivations of your own")
    p.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the statement, or the contents; the exit code is 0."""
    book, numbers = opened(arguments.number)
    if len(numbers) > 1:
        raise BadInput(f"EQ: got {' '.join(numbers)}, wanted one number")
    print("\n".join(page(statement(numbers[0], book)) if numbers else contents(book)))
    return 0


def contents(book: Book = OURS) -> Iterator[str]:
    """All statements, chapter by chapter."""
    for chapter, title in chapters(book).items():
        yield f"{title}  [{chapter}]"
        yield from (f"  {_named(it)}" for it in statements(book).values() if it.chapter == chapter)


def page(chosen: Statement) -> Iterator[str]:
    """The lines that `refvae show` prints."""
    yield _named(chosen) + (f"   from {chosen.source}" if chosen.source else "")
    yield f"{_short(chosen.book.pages / f'{chosen.chapter}.md')}:{chosen.line}\n\n{chosen.text}"
    if lines_of(chosen):
        yield "\nCode" + (f" (about {', '.join(f'({n})' for n in chosen.about)})" if chosen.about else "")
    for path, number, text in lines_of(chosen):
        yield f"  {_short(path)}:{number}: {text.split('  # (')[0].rstrip()}"
    if chosen.is_claim:
        results = verify([chosen])
        yield "\nEvidence" + ("" if results else f": none, so its status is {UNCHECKED}")
        for result in results:
            found = result.outcome
            yield (f"  {result.kind}: {result.what}\n    measured {found.measured:.9g}, expected {found.expected:.9g}, "
                   f"error {found.error:.2g}, bound {result.bound:.3g}, wrong versions rejected "
                   f"{sum(c.rejected for c in result.controls)}/{len(result.controls)}: {result.status}")
    yield "\nUses: " + (_list(find(number, chosen.book) for number in chosen.uses) or "nothing")
    users = (it for it in statements(chosen.book).values() if chosen.number in it.uses)
    yield "Used by: " + (_list(users) or "nothing")


def _list(found: Iterable[Statement]) -> str:
    return ", ".join(map(_named, found))


def _named(it: Statement) -> str:
    return f"({it.number}) {it.title}" if it.is_claim else f"[{it.number}] {it.title}"


def _short(path: Path) -> str:
    """The path from here if the file lies below, as in a checkout; in full otherwise."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
