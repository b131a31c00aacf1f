"""A chapter as a page: left the mathematics, right, level with each statement, its code, evidence and neighbours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from textwrap import dedent
from typing import Any

from refvae.book.markdown import bracketed, eq_href, eq_id, eq_link, highlighted, inline, named
from refvae.book.page import Excerpt, Part, excerpts, figures, parts, used_by
from refvae.check.proof import PROVED
from refvae.evidence import Result
from refvae.statements import Statement, folder

FEW = 5
Results = Mapping[str, Sequence[Result]]


def body(chapter: str, md: Any, results: Results, closed: Mapping[str, bool | None]) -> str:
    """The inside of a chapter's page."""
    return "\n".join(_part(part, md, results, closed) for part in parts(chapter))


def text_alone(chapter: str, md: Any, closed: Mapping[str, bool | None]) -> str:
    """The mathematics alone, for print."""
    return "\n".join(f'<section class="statement" id="{eq_id(s.number)}">{_text(part, md, closed)}</section>'
                     if (s := part.statement) else md.render(part.text) for part in parts(chapter))


def _part(part: Part, md: Any, results: Results, closed: Mapping[str, bool | None]) -> str:
    if part.statement is None:
        return f'<div class="row prose"><div class="text">{md.render(part.text)}</div></div>'
    s = part.statement
    found = results.get(s.number, ())
    return (f'<section class="row statement" id="{eq_id(s.number)}" aria-label="{bracketed(s.number)}">'
            f"{_text(part, md, closed)}"
            f'<aside class="beside">{_code(s)}{_evidence(found)}{_figures(s)}{_neighbours(s)}</aside></section>')


def _text(part: Part, md: Any, closed: Mapping[str, bool | None]) -> str:
    s = part.statement
    assert s is not None
    return (f'<div class="text"><h3>{_number(s)} {inline(s.title)} {_status(s, closed)}</h3>{_source(s)}'
            f"{md.render(part.text)}</div>")


def _number(s: Statement) -> str:
    return f'<a class="number" href="{eq_href(s.number)}">{bracketed(s.number)}</a>'


def _status(s: Statement, closed: Mapping[str, bool | None]) -> str:
    if not s.is_claim:
        return '<span class="status definition">definition</span>'
    word = {True: "closed", False: "open", None: "not decided"}[closed.get(s.number)]
    return f'<span class="status {word.replace(" ", "-")}">{word}</span>'


def _source(s: Statement) -> str:
    return f'<p class="source">from {inline(s.source)}</p>' if s.source else ""


# Code


def _code(s: Statement) -> str:
    if s.about:
        return f'<p class="neighbours">About the code of {", ".join(map(eq_link, s.about))}</p>'
    found = "".join(map(_excerpt, excerpts(s)))
    return f"<h4>Code</h4>{found}" if found else ""


def _excerpt(excerpt: Excerpt) -> str:
    """The lines that carry the number; opened, the whole function."""
    name = _module(excerpt)
    lines = excerpt.source.split("\n")
    marked = sorted(excerpt.marked)
    bare = dedent("\n".join(lines[n - excerpt.first].partition("  # (")[0] for n in marked))
    short = "\n".join(_line(n, text, False) for n, text in zip(marked, _coloured(bare), strict=True))
    whole = "\n".join(_line(n, text, n in excerpt.marked)
                      for n, text in enumerate(_coloured(excerpt.source), excerpt.first))
    return (f'<details class="excerpt"><summary><span class="file">{name}:{min(excerpt.marked)}</span>'
            f'<pre class="code"><code>{short}</code></pre></summary>'
            f'<pre class="code whole" tabindex="0"><code>{whole}</code></pre></details>')


def _coloured(source: str) -> list[str]:
    return highlighted(source).rstrip("\n").split("\n")


def _module(excerpt: Excerpt) -> str:
    return "refvae/" + excerpt.path.relative_to(folder("")).as_posix()


def _line(n: int, text: str, marked: bool) -> str:
    line = f'<span class="ln">{n}</span>{text}'
    return f'<mark>{line}</mark>' if marked else line


# Evidence


def _evidence(found: Sequence[Result]) -> str:
    if not found:
        return ""
    return f"<h4>Evidence</h4>{''.join(map(_result, found))}"


def _result(r: Result) -> str:
    rejected = sum(c.rejected for c in r.controls)
    o = r.outcome
    return (f'<details class="evidence {r.status}"><summary><b>{r.kind}</b> {escape(r.name.replace("_", " "))} '
            f'<span class="verdict">{r.status}</span>{_proof(r)} <span class="small">error {o.error:.1e}, '
            f"bound {r.bound:.1e}, {rejected} of {len(r.controls)} wrong versions rejected</span></summary>"
            f"<p>{escape(r.what)}</p><p>Measured {o.measured:.9g}, expected {o.expected:.9g}.</p>"
            f"<p>Would you have seen it?</p><ul>{''.join(_controls(r))}</ul></details>")


def _proof(r: Result) -> str:
    if r.proof is None or r.proof.status != PROVED:
        return ""
    return f' <span class="proof" title="false with probability below {r.proof.error:.0e}">proved exactly</span>'


def _controls(r: Result) -> Iterator[str]:
    for c in r.controls:
        how = f"error {c.outcome.error:.2g}" if c.outcome.error == c.outcome.error else escape(c.outcome.note)
        yield f"<li>{escape(c.name)}: {'rejected' if c.rejected else 'passes'}, {how}</li>"


# Figures and neighbours


def _figures(s: Statement) -> str:
    names = dict.fromkeys(figures().get(s.number, ()))
    return "".join(f'<p class="shown">Shown in <a href="{s.chapter}.html#figure-{name}">figure {name}</a></p>'
                   for name in names)


def _neighbours(s: Statement) -> str:
    rows = (("Uses", s.uses), ("Used by", used_by(s.number)))
    return "".join(_listed(word, ", ".join(map(named, numbers)), len(numbers)) for word, numbers in rows if numbers)


def _listed(word: str, names: str, count: int) -> str:
    if count <= FEW:
        return f'<p class="neighbours">{word} {names}</p>'
    return f'<details class="neighbours"><summary>{word} {count} statements</summary>{names}</details>'

