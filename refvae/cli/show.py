"""`refvae show WORD…`: an equation with its code, evidence and figure; or where the words are spoken of."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from refvae import search
from refvae.cli import terminal
from refvae.cli.lazy import load_late
from refvae.cli.select import BadInput, opened, statement
from refvae.pictures import pictures, shown_in
from refvae.plain import line, page, wrapped
from refvae.statements import NUMBER, OURS, Book, Statement, chapters, find, lines_of, statements

if TYPE_CHECKING:
    from refvae.evidence import Result

EXAMPLES = """examples:
  refvae show                                  all equations
  refvae show 1.19                             an equation, its code, evidence and figure
  refvae show '(2.4)' 3.5                      two of them
  refvae show '3.*'                            those of a chapter
  refvae show reparam gradient                 where words are spoken of: titles, terms, text, functions
  refvae show 互信息                            a Chinese term
  refvae show '5716 (41)'                      what a formula of an article has become
  refvae show --path 3.11                      what to read before it, in order
  refvae show mine/ 1.2                        of a derivation of your own
"""
MOST = 20
GLOB = re.compile(r"[(\[]?[\d*?]+\.[\d*?\[\]a-z]+[)\]]?")
NUMERIC = re.compile(r"[(\[]?\d[\d.,]*[a-z]?[)\]]?|-?|")


def add_to(commands: Any) -> None:
    """Add the subcommand."""
    p = commands.add_parser("show", epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("word", nargs="*", metavar="WORD", help="equation numbers, globs of these, a chapter, or words to "
                   "look for; without any, all are listed; before them, a folder of derivations of your own")
    p.add_argument("--path", action="store_true", help="list what an equation hangs on, in reading order")
    p.add_argument("--latex", action="store_true", help="print the text as it is written, formulas in LaTeX")
    p.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print statements, or where words are spoken of; the exit code is 0."""
    book, words = opened(arguments.word)
    numbers = _numbers(words, book)
    if arguments.path:
        if not numbers or any(GLOB.fullmatch(word) and _bare(word) not in statements(book) for word in words):
            raise BadInput(f"--path: got {' '.join(words) or 'nothing'}, wanted equation numbers")
        terminal.write("\n".join(path([statement(n, book) for n in numbers])))
    elif not words:
        terminal.write("\n".join(contents(book)))
    elif words[0] in chapters(book) and len(words) == 1:
        terminal.write("\n".join(contents(book, words[0])))
    elif any("*" in word or "?" in word for word in words) and numbers:
        terminal.write("\n".join(map(_named, (find(n, book) for n in numbers))))
    elif numbers:
        latex = arguments.latex or not terminal.shows_unicode()
        pages = ("\n".join(about(statement(n, book), latex)) for n in numbers)
        terminal.write(f"\n\n{'─' * terminal.width()}\n\n".join(pages))
    else:
        terminal.write("\n".join(hits(" ".join(words), book)))
    return 0


def contents(book: Book = OURS, only: str = "") -> Iterator[str]:
    """All statements, chapter by chapter, or those of one."""
    for chapter, title in chapters(book).items():
        if only in ("", chapter):
            yield f"{title}  [{chapter}]"
            yield from (f"  {_named(it)}" for it in statements(book).values() if it.chapter == chapter)


def path(chosen: Sequence[Statement]) -> Iterator[str]:
    """All that statements hang on, each after what it uses itself, else in the order of the pages; they come last."""
    known = statements(chosen[0].book)
    uses: dict[str, tuple[str, ...]] = {}
    todo = [it.number for it in chosen]
    while todo:
        number = todo.pop()
        if number not in uses:
            uses[number] = find(number, chosen[0].book).uses
            todo += uses[number]
    order = {number: place for place, number in enumerate(known)}
    sorter = TopologicalSorter(uses)
    sorter.prepare()
    ready: list[str] = []
    while sorter.is_active():
        ready = sorted((*ready, *sorter.get_ready()), key=lambda number: order.get(number, -1))
        sorter.done(ready[0])
        it = find(ready.pop(0), chosen[0].book)
        yield f"{_named(it)}  {_short(it.book.pages / f'{it.chapter}.md')}:{it.line}"


def hits(query: str, book: Book = OURS) -> Iterator[str]:
    """What the words mean, and where they are spoken of, best first."""
    found = search.found(query, book)
    if not found:
        known = {word for each in search.entries(book) for word in each.names.split() if len(word) > 2}
        close = get_close_matches(search.normal(query), sorted(known), n=3)
        raise BadInput(f"WORD: got {query!r}, which stands together in no title, term, text or function"
                       + (f"; nearest: {', '.join(close)}" if close else ""))
    wanted = set(search.wanted(query))
    for term in search.terms() if book == OURS else ():
        if wanted <= set(search.wanted(f"{term.term} {term.chinese}")):
            names = f"{term.term} ({term.chinese})" if term.chinese else term.term
            yield wrapped(f"{names}: {line(term.meaning)}", terminal.width(), "  ")
    yield from (_labelled(each, book) for _, each in found[:MOST])
    if len(found) > MOST:
        yield f"and {len(found) - MOST} more; another word narrows it down"


def about(chosen: Statement, latex: bool = False) -> Iterator[str]:
    """The lines that `refvae show` prints of a statement; its mathematics in Unicode or as it is written."""
    yield wrapped(_named(chosen) + (f"   from {line(chosen.source)}" if chosen.source else ""), terminal.width(), "  ")
    text = chosen.text if latex else page(chosen.text, terminal.width())
    yield f"{_short(chosen.book.pages / f'{chosen.chapter}.md')}:{chosen.line}\n\n{text}"
    if lines_of(chosen):
        yield "\nCode" + (f" (about {', '.join(f'({n})' for n in chosen.about)})" if chosen.about else "")
    for file, number, code in lines_of(chosen):
        yield f"  {_short(file)}:{number}: {code.split('  # (')[0].rstrip()}"
    if chosen.is_claim:
        yield from _evidence(chosen)
    yield from _figures(chosen, latex)
    yield _list("\nUses", (find(number, chosen.book) for number in chosen.uses))
    yield _list("Used by", (it for it in statements(chosen.book).values() if chosen.number in it.uses))


def _evidence(chosen: Statement) -> Iterator[str]:
    load_late("scipy", "integrate", "linalg", "optimize", "sparse", "special", "stats")
    from refvae.cli.verify import verify  # here alone, for it loads NumPy
    from refvae.evidence import UNCHECKED

    results = verify([chosen])
    yield "\nEvidence" + ("" if results else f": none, so its status is {UNCHECKED}")
    yield from map(_piece, results)


def _piece(result: Result) -> str:
    found, rejected = result.outcome, sum(c.rejected for c in result.controls)
    numbers = (f"measured {found.measured:.9g}, expected {found.expected:.9g}, error {found.error:.2g}, bound "
               f"{result.bound:.3g}, wrong versions rejected {rejected}/{len(result.controls)}: {result.status}")
    place = f"\n    {_short(Path(result.file))}:{result.line}" if result.file else ""
    return (wrapped(f"  {result.kind}: {result.what}", terminal.width(), "    ") + place
            + f"\n{wrapped(f'    {numbers}', terminal.width(), '    ')}")


def _figures(chosen: Statement, latex: bool) -> Iterator[str]:
    for name in shown_in(chosen.book).get(chosen.number, ()):
        shown = pictures(chosen.book).get(name)
        yield f"\nFigure\n  {_short(chosen.book.figures / f'{name}.svg')}" + (f": {shown.alt}" if shown else "")
        if shown and shown.caption:
            yield wrapped(f"  {shown.caption if latex else line(shown.caption)}", terminal.width(), "  ")


# Which statements are meant


def _numbers(words: Sequence[str], book: Book) -> list[str]:
    """The statements that numbers and globs name; of a question, those that it names; none if words are looked for."""
    if any(re.fullmatch(r"\d{3,4}", word) for word in words):
        return []  # an article
    globs = [word for word in words if GLOB.fullmatch(word) or NUMERIC.fullmatch(word)]
    if words and len(globs) == len(words):
        return [n for word in words for n in _matching(word, book)]
    if len(words) == 1 and " " not in words[0] and words[0].startswith("refvae:"):
        return [words[0]]
    named = re.findall(rf"(?<![\w.])[(\[]?({NUMBER})[)\]]?(?![\w.]*\d)", " ".join(words))
    return [statement(n, book).number for n in dict.fromkeys(named)]


def _matching(word: str, book: Book) -> list[str]:
    bare = _bare(word)
    if "." in bare and ("*" in bare or "?" in bare or "[" in bare):
        if found := [n for n in statements(book) if fnmatchcase(n, bare)]:
            return found
        raise BadInput(f"EQ: got {word!r}, which no equation number matches")
    if bare.isdigit():
        raise BadInput(_without_chapter(bare, word, book))
    return [statement(word, book).number]


def _without_chapter(bare: str, word: str, book: Book) -> str:
    ends = [n for n in statements(book) if n.partition(".")[2] == bare]
    cited = [each.key for _, each in search.found(f"({bare})", book) if each.kind == "statement"]
    return (f"EQ: got {word!r}, wanted a number with its chapter" + (f", as in {', '.join(ends)}" if ends else "")
            + (f"; the articles' ({bare}): {', '.join(cited)}" if cited else "")
            + (f"; a chapter: refvae show '{bare}.*'" if f"{bare}.1" in statements(book) else ""))


def _bare(word: str) -> str:
    return word.strip("()") if "*" in word or "?" in word else word.strip("()[]")


# Lines


def _labelled(each: search.Entry, book: Book) -> str:
    if each.kind == "statement":
        return wrapped(_named(statements(book)[each.key]), terminal.width(), "  ")
    label = each.key if each.kind == "function" else f"derivations/{each.key.partition('#')[0]}.md"
    return wrapped(f"{label}: {each.title}", terminal.width(), "  ")


def _list(word: str, found: Iterable[Statement]) -> str:
    return wrapped(f"{word}: {', '.join(map(_named, found)) or 'nothing'}", terminal.width(), "  ") if word[0] != "\n" \
        else "\n" + _list(word[1:], found)


def _named(it: Statement) -> str:
    return f"({it.number}) {line(it.title)}" if it.is_claim else f"[{it.number}] {line(it.title)}"


def _short(file: Path) -> str:
    """The path from here if the file lies below, as in a checkout; in full otherwise."""
    return str(file.relative_to(Path.cwd())) if file.is_relative_to(Path.cwd()) else str(file)
