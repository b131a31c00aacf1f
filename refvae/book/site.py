"""The site: one folder of pages that open by double click, with no server, no network and no script needed to read."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from functools import partial
from html import escape
from importlib import resources
from pathlib import Path

from refvae import files
from refvae.book import api, chapter, lists
from refvae.book.chapter import Shelf
from refvae.book.formulas import FormulaError
from refvae.book.markdown import BookError, renderer
from refvae.book.search import index
from refvae.evidence import Result
from refvae.pictures import stale
from refvae.statements import OURS, Book, chapters, folder, statements
from refvae.verdict import Verdicts, is_closed

__all__ = ["BookError", "FormulaError", "build"]

ASSETS = ("style.css", "book.js", "stix-two-math.woff2", "OFL.txt")
LICENCES = ("PSF-LICENSE.txt",)
EXTRA = {"guide": "Three roads, and terms", "notation": "Notation", "testing": "Testing with laws",
         "using": "Models of your own data", "errata": "Errata", "contributing": "How to add a claim",
         "attribution": "Sources of data"}
MADE = {"concordance.html": "Concordance with the articles", "graph.html": "Graph of claims", "api.html": "Functions",
        "search.html": "Search", "print.html": "One page, for print"}
WIDE = '<div class="row prose wide"><div class="text">{}</div></div>'


def build(out: Path, results: Sequence[Result], book: Book = OURS) -> list[Path]:
    """Write the site into a folder and give its pages; BookError for a dead link, a formula or number that is wrong."""
    if old := stale(book):
        raise BookError(f"figures: got {', '.join(old)} of other lines than their modules have now, wanted them drawn "
                        "again by refvae figures")
    out.mkdir(parents=True, exist_ok=True)
    shelf = _shelf(results, book)
    bodies = {name: (title, chapter.body(name, shelf)) for name, title in chapters(book).items()}
    extra = {name: title for name, title in EXTRA.items() if book == OURS and _source(name).exists()}
    bodies |= {name: (title, WIDE.format(shelf.md.render(_text(name)))) for name, title in extra.items()}
    pages = {f"{name}.html": page for name, page in bodies.items()} | api.pages(book) | {
        "graph.html": ("Graph of claims", lists.graph(book)), "search.html": ("Search", lists.filled("search.html"))}
    if book == OURS:
        pages["concordance.html"] = MADE["concordance.html"], lists.concordance_page()
    more = {f"{name}.html": title for name, title in extra.items()} | {
        name: title for name, title in MADE.items() if name in pages or name == "print.html"}
    pages["index.html"] = "Contents", lists.contents(book, results, shelf.closed, more)
    written = {name: _page(name, title, body, book) for name, (title, body) in pages.items()}
    written["print.html"] = _printed({name: chapter.text_alone(name, shelf) for name in chapters(book)}, book)
    _refuse_dead_links(written, book)
    for name, text in written.items():
        files.write(out / name, text)
    _copy(out, shelf)
    return [out / name for name in written]


def _shelf(results: Sequence[Result], book: Book) -> Shelf:
    by_number: dict[str, list[Result]] = {}
    for result in results:
        by_number.setdefault(result.eq, []).append(result)
    known = Verdicts()
    closed = {s.number: is_closed(s.number, results, known, book) for s in statements(book).values()}
    return Shelf(book, renderer(partial(_target, book), book), by_number, closed)


def _target(book: Book, target: str) -> str:
    """A link of the sources as one of the site, nothing for what is on none of its pages."""
    if re.match(r"[a-z]+:|#", target):
        return target
    path, _, anchor = target.partition("#")
    name = Path(path).name
    if name.endswith(".svg"):
        return f"figures/{name}"
    if name.endswith(".py"):
        return api.page_of(_module(book, path), book)
    if name in LICENCES or not name.endswith(".md"):
        return name if name in LICENCES else ""
    page = _page_of(path, book)
    return f"{page}.html" + (f"#{anchor}" if anchor else "") if page else ""


def _page_of(path: str, book: Book) -> str:
    """The page of a Markdown file; nothing for one that stands elsewhere and is on no page."""
    stem = Path(path).stem
    if stem == "README":
        return "guide" if path in ("README.md", "derivations/README.md") else "index"
    if stem in chapters(book) or (stem.lower() in EXTRA and _source(stem.lower()).exists()):
        return stem if stem in chapters(book) else stem.lower()
    return "" if ".." in path else stem


def _module(book: Book, path: str) -> Path:
    """The file that a link means, which for ours lies elsewhere in a wheel than in a checkout."""
    parts = [part for part in Path(path).parts if part not in ("..", ".")]
    if book == OURS and parts[0] in ("refvae", "derivations", "figures"):
        return {"refvae": book.code, "derivations": book.pages, "figures": book.figures}[parts[0]].joinpath(*parts[1:])
    return (book.pages / path).resolve()


def _source(name: str) -> Path:
    places = (folder("derivations") / f"{name}.md", folder("data") / f"{name.upper()}.md",
              folder("derivations").parent / f"{name.upper()}.md")
    return folder("derivations") / "README.md" if name == "guide" else next(
        (place for place in places if place.exists()), places[-1])


def _text(name: str) -> str:
    """The Markdown of a page; the contents of the derivations stand on the first page."""
    text = _source(name).read_text("utf8")
    return text.partition("\n## Contents\n")[0].replace("(#contents)", "(../README.md)") if name == "guide" else text


# Pages around bodies


def _page(name: str, title: str, body: str, book: Book, kind: str = "") -> str:
    links = "".join(f'<li><a href="{c}.html"{" aria-current=page" if f"{c}.html" == name else ""}>{escape(t)}</a></li>'
                    for c, t in chapters(book).items())
    top = "refvae" if book == OURS else escape(book.pages.name)
    return lists.filled("page.html", title=escape(title), top=top, links=links, body=body, kind=kind)


def _printed(texts: Mapping[str, str], book: Book) -> str:
    bodies = "".join(f'<article id="{name}">{text}</article>' for name, text in texts.items())
    here = re.sub(r'href="(?:\w+\.html)?#((?:eq|figure)-[\w-]+)"', r'href="#\1"', bodies)
    return _page("print.html", "refvae" if book == OURS else book.pages.name, here, book, "print")


# Files


def _copy(out: Path, shelf: Shelf) -> None:
    book = shelf.book
    for name in ASSETS:
        with resources.as_file(lists.assets() / name) as path:
            shutil.copyfile(path, out / name)
    for name in LICENCES:
        shutil.copyfile(folder("data") / name, out / name)
    files.write(out / "index.js", index(book))
    for name in chapters(book):
        said = json.dumps(chapter.previews(name, shelf), ensure_ascii=False, separators=(",", ":"))
        files.write(out / f"{name}.preview.js", f"Object.assign(window.PREVIEWS, {said});\n")
    if book.figures.is_dir():
        shutil.copytree(book.figures, out / "figures", dirs_exist_ok=True, ignore=lambda _, names: [
            name for name in names if not name.endswith(".svg")])


def _refuse_dead_links(written: Mapping[str, str], book: Book = OURS) -> None:
    anchors = {name: set(re.findall(r'id="([^"]+)"', text)) for name, text in written.items()}
    drawn = {f"figures/{path.name}" for path in book.figures.glob("*.svg")}
    dead = []
    for name, text in written.items():
        for target in sorted(set(re.findall(r'(?:href|src)="([^"]+)"', text)) - {*ASSETS, *LICENCES, "index.js"}):
            page, _, anchor = target.partition("#")
            page = page.partition("?")[0]
            known = (page or name) in written and (not anchor or anchor in anchors[page or name])
            if not (known or page in drawn or re.match(r"[a-z]+:", target)):
                dead.append(f"{name}: {target}")
    if dead:
        raise BookError(f"links: got {len(dead)} that lead nowhere, wanted none: {'; '.join(dead[:9])}")
