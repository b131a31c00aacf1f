"""A chapter as a page: left the mathematics, right, level with each statement, its code, evidence and neighbours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from textwrap import dedent
from typing import Any

from refvae.book.api import address, page_of, source_name
from refvae.book.markdown import bracketed, eq_href, eq_id, eq_link, highlighted, inline, named
from refvae.book.page import Excerpt, Part, excerpts, parts, used_by
from refvae.check.proof import PROVED
from refvae.evidence import Result
from refvae.pictures import pictures, shown_in
from refvae.statements import Book, Statement

FEW = 5
TARGETS = re.compile(r' (?:id|tabindex)="[^"]*"')


@dataclass(frozen=True)
class Shelf:
    """What the pages are made from: a book, its renderer of Markdown, the results by number, and what is closed."""

    book: Book
    md: Any
    results: Mapping[str, Sequence[Result]]
    closed: Mapping[str, bool | None]


def body(chapter: str, shelf: Shelf) -> str:
    """The inside of a chapter's page."""
    return "\n".join(_part(part, shelf) for part in parts(chapter, shelf.book))


def text_alone(chapter: str, shelf: Shelf) -> str:
    """The mathematics alone, for print, with all answers unfolded."""
    text = "\n".join(
        f'<section class="statement" id="{eq_id(s.number)}">{_text(part, shelf)}</section>'
        if (s := part.statement) else str(shelf.md.render(part.text)) for part in parts(chapter, shelf.book))
    return text.replace("<details>", "<details open>").replace(' loading="lazy"', "")


def previews(chapter: str, shelf: Shelf) -> dict[str, str]:
    """Number -> what a statement says, without its proof, to be shown where its number stands."""
    return {s.number: TARGETS.sub("", f"<b>{bracketed(s.number, s.book)} {inline(s.title)}</b>"
                                  + shelf.md.render(re.split(r"^\*Proof|^\n?\|", part.text, flags=re.M)[0]))
            for part in parts(chapter, shelf.book) if (s := part.statement)}


def _part(part: Part, shelf: Shelf) -> str:
    if part.statement is None:
        return f'<div class="row prose"><div class="text">{shelf.md.render(part.text)}</div></div>'
    s = part.statement
    return (f'<section class="row statement" id="{eq_id(s.number)}" aria-label="{bracketed(s.number, s.book)}">'
            f'{_text(part, shelf)}<aside class="beside">{_code(s)}{_evidence(shelf.results.get(s.number, ()), s.book)}'
            f"{_figures(s)}{_neighbours(s)}</aside></section>")


def _text(part: Part, shelf: Shelf) -> str:
    s = part.statement
    assert s is not None
    return (f'<div class="text"><h3>{_number(s)} {inline(s.title)} {_status(s, shelf.closed)}</h3>{_source(s)}'
            f"{shelf.md.render(part.text)}</div>")


def _number(s: Statement) -> str:
    return f'<a class="number" href="{eq_href(s.number, s.book)}">{bracketed(s.number, s.book)}</a>'


def _status(s: Statement, closed: Mapping[str, bool | None]) -> str:
    if not s.is_claim:
        return '<span class="status definition">definition</span>'
    word = {True: "closed", False: "open", None: "not decided"}[closed.get(s.number)]
    return f'<span class="status {word.replace(" ", "-")}">{word}</span>'


def _source(s: Statement) -> str:
    return f'<p class="source">from {inline(s.source)}</p>' if s.source else ""


# Code


def _code(s: Statement) -> str:
    about = f'<p class="neighbours">About the code of {", ".join(eq_link(n, s.book) for n in s.about)}</p>'
    found = "" if s.about else "".join(_excerpt(each, s.book) for each in excerpts(s))
    return about if s.about else f"<h4>Code</h4>{found}" if found else ""


def _excerpt(excerpt: Excerpt, book: Book) -> str:
    """The lines that carry the number; opened, the whole function."""
    lines = excerpt.source.split("\n")
    marked = sorted(excerpt.marked)
    bare = dedent("\n".join(lines[n - excerpt.first].partition("  # (")[0].rstrip() for n in marked))
    short = "\n".join(_line(n, text, False) for n, text in zip(marked, _coloured(bare), strict=True))
    whole = "\n".join(_line(n, text, n in excerpt.marked)
                      for n, text in enumerate(_coloured(excerpt.source), excerpt.first))
    place = f"{source_name(excerpt.path, book)}:{min(excerpt.marked)}"
    return (f'<details class="excerpt"><summary><span class="file">{place}</span>'
            f'<pre class="code"><code>{short}</code></pre></summary>'
            f'<pre class="code whole" tabindex="0"><code>{whole}</code></pre>{_described(excerpt, book)}</details>')


def _described(excerpt: Excerpt, book: Book) -> str:
    """A link to what the function says of itself."""
    place = page_of(excerpt.path, book)
    public = f"{place.partition('#')[2]}.{excerpt.name}"
    href = address(public, book)
    return f'<p class="shown"><a href="{href}">{public}</a></p>' if href else ""


def _coloured(source: str) -> list[str]:
    return highlighted(source).rstrip("\n").split("\n")


def _line(n: int, text: str, marked: bool) -> str:
    line = f'<span class="ln">{n}</span>{text}'
    return f'<mark>{line}</mark>' if marked else line


# Evidence


def _evidence(found: Sequence[Result], book: Book) -> str:
    return f"<h4>Evidence</h4>{''.join(_result(each, book) for each in found)}" if found else ""


def _result(r: Result, book: Book) -> str:
    rejected = sum(c.rejected for c in r.controls)
    o = r.outcome
    place = f'<p class="file">{source_name(Path(r.file), book)}:{r.line}</p>' if r.file else ""
    return (f'<details class="evidence {r.status}"><summary><b>{r.kind}</b> {escape(r.name.replace("_", " "))} '
            f'<span class="verdict">{r.status}</span>{_proof(r)} <span class="small">error {o.error:.1e}, '
            f"bound {r.bound:.1e}, {rejected} of {len(r.controls)} wrong versions rejected</span></summary>"
            f"<p>{escape(r.what)}</p>{place}<p>Measured {o.measured:.9g}, expected {o.expected:.9g}.</p>"
            f"<p>Would you have seen it?</p><ul>{''.join(_controls(r))}</ul></details>")


def _proof(r: Result) -> str:
    if r.proof is None or r.proof.status != PROVED:
        return ""
    chance = f"false with probability below {r.proof.error:.0e}" if r.proof.error else "in integers and rationals"
    return f' <span class="proof" title="{chance}">proved exactly</span>'


def _controls(r: Result) -> Iterator[str]:
    for c in r.controls:
        how = f"error {c.outcome.error:.2g}" if c.outcome.error == c.outcome.error else escape(c.outcome.note)
        yield f"<li>{escape(c.name)}: {'rejected' if c.rejected else 'passes'}, {how}</li>"


# Figures and neighbours


def _figures(s: Statement) -> str:
    shown = [pictures(s.book)[name] for name in shown_in(s.book).get(s.number, ()) if name in pictures(s.book)]
    return "".join(f'<p class="shown">Shown in <a href="{each.chapter}.html#figure-{each.name}">{escape(each.alt)}</a>'
                   "</p>" for each in shown)


def _neighbours(s: Statement) -> str:
    users = used_by(s)
    rows = "".join(_listed(word, ", ".join(named(n, s.book) for n in numbers), len(numbers))
                   for word, numbers in (("Uses", s.uses), ("Used by", users)) if numbers)
    way = "up" if s.uses else "down"
    graph = f'<p class="shown"><a href="graph.html?focus={s.number}&amp;{way}=2">Graph</a></p>'
    return rows + (graph if s.uses or users else "")


def _listed(word: str, names: str, count: int) -> str:
    if count <= FEW:
        return f'<p class="neighbours">{word} {names}</p>'
    return f'<details class="neighbours"><summary>{word} {count} statements</summary>{names}</details>'
