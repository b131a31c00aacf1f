"""The site: one folder of pages that open by double click, with no server, no network and no script needed to read."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from pathlib import Path

from refvae.book import api, chapter
from refvae.book.graph import graph_data
from refvae.book.markdown import BookError, renderer
from refvae.book.search import index
from refvae.evidence import Result
from refvae.statements import chapters, folder, statements
from refvae.verdict import Verdicts, is_closed

ASSETS = ("style.css", "book.js", "stix-two-math.woff2", "OFL.txt")
LICENCES = ("PSF-LICENSE.txt",)
EXTRA = {"notation": "Notation", "testing": "Testing with laws", "errata": "Errata", "attribution": "Sources of data"}


def build(out: Path, results: Sequence[Result]) -> list[Path]:
    """Write the site into a folder and give its pages; BookError for a dead link, a formula or number that is wrong."""
    out.mkdir(parents=True, exist_ok=True)
    by_number: dict[str, list[Result]] = {}
    for result in results:
        by_number.setdefault(result.eq, []).append(result)
    known = Verdicts()
    closed = {s.number: is_closed(s.number, results, known) for s in statements().values()}
    md = renderer(_target)
    pages = {f"{name}.html": (title, chapter.body(name, md, by_number, closed)) for name, title in chapters().items()}
    pages |= {f"{name}.html": (title, _plain(md, name)) for name, title in EXTRA.items() if _source(name).exists()}
    pages |= api.pages(md)
    pages["graph.html"] = "Graph of claims", _graph()
    pages["search.html"] = "Search", _search()
    pages["index.html"] = "Contents", _contents(md, closed)
    written = {name: _page(name, title, body) for name, (title, body) in pages.items()}
    written["print.html"] = _printed({name: pages[f"{name}.html"] for name in chapters()})
    _refuse_dead_links(written)
    for name, text in written.items():
        (out / name).write_text(text, "utf8")
    _copy(out, pages)
    return [out / name for name in written]


def _target(target: str) -> str:
    """A link of the sources as one of the site: pages to pages, code to the pages of modules, figures to figures."""
    if re.match(r"[a-z]+:|#", target):
        return target
    path, _, anchor = target.partition("#")
    name = Path(path).name
    if name.endswith(".svg"):
        return f"figures/{name}"
    if name.endswith(".py"):
        return f"{api.page_of(path)}"
    if name in LICENCES:
        return name
    stem = {"README": "index"}.get(Path(name).stem, Path(name).stem).lower()
    return f"{stem}.html" + (f"#{anchor}" if anchor else "")


def _source(name: str) -> Path:
    places = (folder("derivations") / f"{name}.md", folder("data") / f"{name.upper()}.md",
              folder("derivations").parent / f"{name.upper()}.md")
    return next((place for place in places if place.exists()), places[-1])


def _plain(md: object, name: str) -> str:
    text = md.render(_source(name).read_text("utf8"))  # type: ignore[attr-defined]
    return f'<div class="row prose wide"><div class="text">{text}</div></div>'


# Pages that are made


def _contents(md: object, closed: Mapping[str, bool | None]) -> str:
    rows = []
    for name, title in chapters().items():
        own = [s for s in statements().values() if s.chapter == name and s.is_claim]
        done = sum(closed[s.number] is True for s in own)
        rows.append(f'<li><a href="{name}.html">{escape(title)}</a> <span class="small">{len(own)} claims, {done} closed'
                    f"</span><details><summary>Statements</summary><ul>{''.join(_entry(s.number) for s in statements().values() if s.chapter == name)}"
                    "</ul></details></li>")
    more = "".join(f'<li><a href="{name}.html">{title}</a></li>' for name, title in EXTRA.items() if _source(name).exists())
    return (f'<div class="row prose wide"><div class="text"><h1>refvae</h1><ol class="contents">{"".join(rows)}</ol>'
            f'<ul>{more}<li><a href="graph.html">Graph of claims</a></li><li><a href="api.html">Functions</a></li>'
            '<li><a href="print.html">One page, for print</a></li></ul></div></div>')


def _entry(number: str) -> str:
    from refvae.book.markdown import eq_link

    return f"<li>{eq_link(number)} {escape(statements()[number].title)}</li>"


def _graph() -> str:
    data = json.dumps(graph_data(), ensure_ascii=False, separators=(",", ":"))
    items = "".join(f"<li>{_entry(s.number)[4:-5]}: uses {', '.join(s.uses) or 'nothing'}</li>" for s in statements().values())
    return ('<div class="row prose wide"><div class="text"><h1>Graph of claims</h1><form id="graph-form"></form>'
            f'<div id="graph" aria-live="polite"></div><script>window.GRAPH={data}</script>'
            f"<noscript><p>The same as a list:</p></noscript><details><summary>As a list</summary><ul>{items}</ul></details>"
            "</div></div>")


def _search() -> str:
    return ('<div class="row prose wide"><div class="text"><h1>Search</h1><form role="search"><label for="q">Number, word, '
            'symbol, function or Chinese term</label> <input id="q" name="q" type="search" autocomplete="off"></form>'
            '<ol id="hits"></ol><noscript><p>Searching needs a script; the <a href="index.html">contents</a> do not.</p>'
            "</noscript></div></div>")


def _page(name: str, title: str, body: str) -> str:
    links = "".join(f'<li><a href="{c}.html"{" aria-current=page" if f"{c}.html" == name else ""}>{escape(t)}</a></li>'
                    for c, t in chapters().items())
    return (f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)} · refvae</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="style.css">'
            '</head><body><a class="skip" href="#main">To the text</a><nav aria-label="Book"><details class="menu">'
            f'<summary>refvae</summary><ul><li><a href="index.html">Contents</a></li>{links}</ul></details>'
            '<a href="search.html">Search</a> <a href="graph.html">Graph</a></nav>'
            f'<main id="main">{body}</main><script src="index.js" defer></script><script src="book.js" defer></script>'
            "</body></html>")


def _printed(pages: Mapping[str, tuple[str, str]]) -> str:
    bodies = "".join(f'<article id="{name}">{body}</article>' for name, (_, body) in pages.items())
    bodies = re.sub(r'href="[\w]+\.html#(eq-[\w-]+)"', r'href="#\1"', bodies)
    return _page("print.html", "refvae", bodies).replace("<body>", '<body class="print">')


def _copy(out: Path, pages: Mapping[str, object]) -> None:
    assets = resources.files("refvae.book") / "assets"
    for name in ASSETS:
        with resources.as_file(assets / name) as path:
            shutil.copyfile(path, out / name)
    for name in LICENCES:
        shutil.copyfile(folder("data") / name, out / name)
    (out / "index.js").write_text(index(), "utf8")
    shutil.copytree(folder("figures"), out / "figures", dirs_exist_ok=True, ignore=lambda _, names: [
        name for name in names if not name.endswith(".svg")])


def _refuse_dead_links(written: Mapping[str, str]) -> None:
    anchors = {name: set(re.findall(r'id="([^"]+)"', text)) for name, text in written.items()}
    drawn = {f"figures/{path.name}" for path in folder("figures").glob("*.svg")}
    dead = []
    for name, text in written.items():
        for target in sorted(set(re.findall(r'(?:href|src)="([^"]+)"', text)) - {*ASSETS, *LICENCES, "index.js"}):
            page, _, anchor = target.partition("#")
            known = (page or name) in written and (not anchor or anchor in anchors[page or name])
            if not (known or page in drawn or re.match(r"[a-z]+:", target)):
                dead.append(f"{name}: {target}")
    if dead:
        raise BookError(f"links: got {len(dead)} that lead nowhere, wanted none: {'; '.join(dead[:9])}")
