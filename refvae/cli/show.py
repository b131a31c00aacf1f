"""`refvae show EQ`: an equation, the lines that compute it, its evidence, and what it hangs together with."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from refvae.cli.select import statement
from refvae.cli.verify import verify
from refvae.evidence import UNCHECKED
from refvae.statements import Statement, chapters, folder, lines_of, statements


def add_to(commands: Any) -> None:
    """Add the subcommand."""
    p = commands.add_parser("show", help="print an equation, its lines of code and its evidence",
                            epilog="examples:\n  refvae show\n  refvae show 1.19\n  refvae show '(2.4)'",
                            formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("number", nargs="?", metavar="EQ", help="equation number; without it, all are listed")
    p.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the statement, or the contents; the exit code is 0."""
    print("\n".join(contents() if arguments.number is None else page(statement(arguments.number))))
    return 0


def contents() -> Iterator[str]:
    """All statements, chapter by chapter."""
    for chapter, title in chapters().items():
        yield f"{title}  [{chapter}]"
        yield from (f"  {_named(it)}" for it in statements().values() if it.chapter == chapter)


def page(chosen: Statement) -> Iterator[str]:
    """The lines that `refvae show` prints."""
    yield _named(chosen) + (f"   from {chosen.source}" if chosen.source else "")
    yield f"{_short(folder('derivations') / f'{chosen.chapter}.md')}:{chosen.line}\n\n{chosen.text}"
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
    yield "\nUses: " + (_list(chosen.uses) or "nothing")
    yield "Used by: " + (_list(tuple(s.number for s in statements().values() if chosen.number in s.uses)) or "nothing")


def _list(numbers: tuple[str, ...]) -> str:
    return ", ".join(_named(statements()[number]) for number in numbers)


def _named(it: Statement) -> str:
    return f"({it.number}) {it.title}" if it.is_claim else f"[{it.number}] {it.title}"


def _short(path: Path) -> str:
    """The path from here if the file lies below, as in a checkout; in full otherwise."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
