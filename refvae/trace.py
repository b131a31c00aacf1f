"""The rules of the thread from a statement to its lines and its evidence, for ours and for every other folder.

Every rule gives what it finds, as `folder/file:line: what is wrong`.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

from refvae.statements import (
    HEADER,
    HEADING,
    Book,
    Statement,
    TaggedLine,
    chapters,
    find,
    home,
    lines_of,
    statements,
    tagged_lines,
)

if TYPE_CHECKING:
    from refvae.evidence import Evidence

FENCE = re.compile(r"^ *(`{3,})([^`\n]*)\n(.*?)^ *\1`* *$", re.M | re.S)
SPAN = re.compile(r"(?<!`)(`+)(?!`)(?:.|\n(?!\n))*?(?<!`)\1(?!`)")
INLINE = re.compile(r"\$([^$\n]+)\$")
LINK = re.compile(r"\]\(<?([^)\s>]+)>?\)")


def findings(book: Book) -> Iterator[str]:
    """What the rules find on the pages of a folder and in its code."""
    pages = [book.pages / f"{chapter}.md" for chapter in chapters(book)]
    texts = {page: page.read_text("utf8") for page in pages}
    for rule in (misnumbered, dead_links):
        yield from (finding for page, text in texts.items() for finding in rule(page, text))
    found, tagged = statements(book), tagged_lines(book)
    yield from misused(found)
    yield from loose(found.values(), tagged)
    yield from (finding for page, text in texts.items() for finding in misplaced(page, text, tagged))
    yield from (f"{name(line.path)}:{line.line}: no page states ({number})"
                for number, lines in tagged.items() if number not in found for line in lines)


def name(path: Path) -> str:
    """A file and its folder."""
    return "/".join(path.parts[-2:])


def where(statement: Statement) -> str:
    """The place of a statement, and its number."""
    return f"{name(statement.book.pages / statement.chapter)}.md:{statement.line}: ({statement.number})"


def at(page: Path, text: str, position: int) -> str:
    """The line of a position on a page."""
    return f"{name(page)}:{text.count(chr(10), 0, position) + 1}"


# Pages


def blank(pattern: re.Pattern[str], text: str) -> str:
    """The text with what matches made blank; positions and lines stay."""
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def prose(text: str) -> str:
    """A page without its code and formulas."""
    return blank(INLINE, blank(SPAN, blank(FENCE, text)))


def dead_links(page: Path, text: str) -> Iterator[str]:
    """Links to files and headings that are not there."""
    for match in LINK.finditer(prose(text)):
        file, _, anchor = match[1].partition("#")
        target = (page.parent / file).resolve() if file else page
        if re.match(r"[a-z]+:", match[1]):
            continue
        if target != page and not target.exists():
            yield f"{at(page, text, match.start())}: no file {match[1]}"
        elif anchor and anchor not in anchors(text if target == page else target.read_text("utf8")):
            yield f"{at(page, text, match.start())}: no anchor {match[1]}"


@lru_cache
def anchors(text: str) -> set[str]:
    """What a link can point to on a page."""
    headings = re.findall(r"^#+ +(.*?) *$", blank(FENCE, text), re.M)
    slugs = {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}
    return slugs | set(re.findall(r'<a id="([^"]+)">', text))


def misnumbered(page: Path, text: str) -> Iterator[str]:
    """Headers that cannot be read, stand without their anchor, belong to another chapter or stand twice."""
    lines, seen = text.splitlines(), set[str]()
    chapter = HEADING.match(text)
    for i, line in enumerate(lines):
        here = f"{name(page)}:{i + 1}"
        if not (header := HEADER.match(line)):
            if re.match(r"\*\*[(\[]\d", line):
                yield f"{here}: not a header **(n.m)** or **[n.m]** with a title"
            continue
        found, fields = header[2], header[3].split(" · ")[1:]
        first, _, second = found.partition(".")
        if lines[i - 1] != f'<a id="eq-{first}-{second}"></a>':
            yield f'{here}: ({found}) wants <a id="eq-{first}-{second}"></a> on the line above'
        if not chapter or first != chapter[1]:
            yield f"{here}: ({found}) does not belong to the chapter of the heading"
        if found in seen:
            yield f"{here}: ({found}) stands twice"
        if strange := {field.split(" ")[0] for field in fields} - {"code", "about", "uses", "from"}:
            yield f"{here}: ({found}) has the fields {sorted(strange)}, wanted code, about, uses, from"
        seen.add(found)


# Statements and lines


def loose(found: Iterable[Statement], tagged: Mapping[str, Sequence[TaggedLine]]) -> Iterator[str]:
    """Claims without lines of their own and without `about`, or with both, or about statements without lines."""
    for claim in (statement for statement in found if statement.is_claim):
        if (claim.number in tagged) == bool(claim.about):
            yield f"{where(claim)} wants tagged lines or `about`, and not both"
        if bool(claim.code) == bool(claim.about):
            yield f"{where(claim)} wants the field `code` or the field `about`, and not both"
        yield from (f"{where(claim)} is about ({n}), which has no tagged line" for n in claim.about
                    if not (n in tagged or (home(n, claim.book) != (n, claim.book) and lines_of(find(n, claim.book)))))


def misplaced(page: Path, text: str, tagged: Mapping[str, Sequence[TaggedLine]]) -> Iterator[str]:
    """Functions in a `code` field that their link does not define or that hold no tagged line; lines outside them."""
    for match in re.finditer(HEADER.pattern, text, re.M):
        here, own = f"{at(page, text, match.start())}: ({match[2]})", tagged.get(match[2], [])
        field = next((field for field in match[3].split(" · ") if field.startswith("code ")), "")
        inside: set[TaggedLine] = set()
        for function, link in re.findall(r"`([\w.]+)`(?:\]\(([^)]+)\))?", field):
            file = (page.parent / link).resolve()
            spans = definitions(file.read_text("utf8"), str(file)) if file.suffix == ".py" and file.exists() else {}
            first, last = spans.get(function, (1, 0))
            held = {line for line in own if line.path.resolve() == file and first <= line.line <= last}
            inside |= held
            if not held:
                yield f"{here} {function} " + ("holds no line tagged with it" if last else f"is not in '{link}'")
        if field:
            yield from (f"{name(path)}:{i}: ({match[2]}) is tagged outside what its `code` field names"
                        for path, i, _ in own if not any(line.path == path and line.line == i for line in inside))


def definitions(source: str, file: str = "<unknown>") -> dict[str, tuple[int, int]]:
    """First and last line of every function and class at the top level, and of methods."""
    tops = [node for node in ast.parse(source, file).body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    named = {top.name: top for top in tops} | {
        f"{top.name}.{node.name}": node for top in tops if isinstance(top, ast.ClassDef) for node in top.body
        if isinstance(node, ast.FunctionDef)}
    return {title: (node.lineno, node.end_lineno or 0) for title, node in named.items()}


def misused(found: Mapping[str, Statement]) -> Iterator[str]:
    """`uses` and `about` that name nothing, a later chapter or, round some corners, the statement itself."""
    for statement in found.values():
        for n in (*statement.uses, *statement.about):
            number, book = home(n, statement.book)
            if number not in (found if book == statement.book else statements(book)):
                yield f"{where(statement)} names ({n}), which no derivation states"
            elif book == statement.book and int(n.split(".")[0]) > int(statement.number.split(".")[0]):
                yield f"{where(statement)} names ({n}) of a later chapter"
    try:
        TopologicalSorter({n: statement.uses for n, statement in found.items()}).prepare()
    except CycleError as error:
        cycle = error.args[1][::-1]
        yield (where(found[cycle[0]]) if cycle[0] in found else "") + " uses itself: " + " uses ".join(cycle)


# Evidence


def malformed(place: str, entries: Sequence[Evidence], claims: Iterable[str]) -> Iterator[str]:
    """Evidence for what is no claim of its page, without wrong versions or docstring, or twice by one name."""
    times = Counter((entry.eq, entry.kind, entry.name) for entry in entries)
    for entry in entries:
        here = f"{place}: ({entry.eq}) {entry.kind} {entry.name}"
        if entry.eq not in claims:
            yield f"{here}: no claim has this number"
        if not entry.wrong:
            yield f"{here}: no wrong versions"
        if not entry.what:
            yield f"{here}: no docstring"
        if times[entry.eq, entry.kind, entry.name] > 1:
            yield f"{here}: two checks of one name, which draw the same random numbers"
