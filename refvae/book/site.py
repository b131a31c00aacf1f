"""The site: one folder of pages that open by double click, with no server, no network and no script needed to read."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

from refvae.book import api, chapter
from refvae.book.formulas import FormulaError
from refvae.book.graph import graph_data
from refvae.book.markdown import BookError, eq_link, named, renderer
from refvae.book.search import index
from refvae.check.proof import PROVED
from refvae.evidence import Result
from refvae.statements import chapters, folder, statements
from refvae.verdict import Verdicts, is_closed

__all__ = ["BookError", "FormulaError", "build"]

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
    pages |= api.pages()
    pages["graph.html"] = "Graph of claims", _graph()
    pages["search.html"] = "Search", _filled("search.html")
    pages["index.html"] = "Contents", _contents(results, closed)
    written = {name: _page(name, title, body) for name, (title, body) in pages.items()}
    written["print.html"] = _printed({name: chapter.text_alone(name, md, closed) for name in chapters()})
    _refuse_dead_links(written)
    for name, text in written.items():
        (out / name).write_text(text, "utf8")
    _copy(out)
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


def _filled(template: str, **values: object) -> str:
    return Template((_assets() / template).read_text("utf8")).substitute(values)


def _contents(results: Sequence[Result], closed: Mapping[str, bool | None]) -> str:
    claims = [s for s in statements().values() if s.is_claim]
    more = (f'<li><a href="{name}.html">{title}</a></li>' for name, title in EXTRA.items() if _source(name).exists())
    proved = sum(r.proof is not None and r.proof.status == PROVED for r in results)
    return _filled("contents.html", claims=len(claims), closed=sum(closed[s.number] is True for s in claims),
                   proved=proved, pieces=len(results), more="".join(more),
                   chapters="".join(_chapter_entry(name, title, closed) for name, title in chapters().items()))


def _chapter_entry(name: str, title: str, closed: Mapping[str, bool | None]) -> str:
    own = [s for s in statements().values() if s.chapter == name]
    claims = [s for s in own if s.is_claim]
    count = f"{len(claims)} claims, {sum(closed[s.number] is True for s in claims)} closed"
    entries = "".join(f"<li>{named(s.number)}</li>" for s in own)
    return (f'<li><a href="{name}.html">{escape(title.partition(" ")[2])}</a> <span class="small">{count}</span>'
            f"<details><summary>Statements</summary><ul>{entries}</ul></details></li>")


def _graph() -> str:
    data = json.dumps(graph_data(), ensure_ascii=False, separators=(",", ":"))
    items = (f"<li>{named(s.number)}: uses {', '.join(map(eq_link, s.uses)) or 'nothing'}</li>"
             for s in statements().values())
    return _filled("graph.html", data=data, items="".join(items))


def _page(name: str, title: str, body: str, kind: str = "") -> str:
    links = "".join(f'<li><a href="{c}.html"{" aria-current=page" if f"{c}.html" == name else ""}>{escape(t)}</a></li>'
                    for c, t in chapters().items())
    return _filled("page.html", title=escape(title), links=links, body=body, kind=kind)


def _printed(texts: Mapping[str, str]) -> str:
    bodies = "".join(f'<article id="{name}">{text}</article>' for name, text in texts.items())
    return _page("print.html", "refvae", re.sub(r'href="\w+\.html#(eq-[\w-]+)"', r'href="#\1"', bodies), "print")


# Files


def _assets() -> Traversable:
    return resources.files("refvae.book") / "assets"


def _copy(out: Path) -> None:
    for name in ASSETS:
        with resources.as_file(_assets() / name) as path:
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
