"""Pages that are computed: contents, the concordance with the articles, the graph of claims."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from importlib.resources.abc import Traversable
from string import Template

from refvae.book.graph import graph_data
from refvae.book.markdown import eq_link, named
from refvae.check.proof import PROVED
from refvae.concordance import Article, articles, concordance
from refvae.evidence import Result
from refvae.statements import OURS, Book, chapters, statements

ABOUT = """The mathematics of autoencoders, every gradient by hand, every claim bound to the lines that compute it and
to evidence that it holds."""


def filled(template: str, **values: object) -> str:
    """A template of the assets with its values."""
    return Template((assets() / template).read_text("utf8")).substitute(values)


def assets() -> Traversable:
    """The folder of style, scripts, font and templates."""
    return resources.files("refvae.book") / "assets"


def contents(book: Book, results: Sequence[Result], closed: Mapping[str, bool | None], more: Mapping[str, str]) -> str:
    """The first page: chapters with their statements, and what else there is."""
    own = [r for r in results if r.eq in statements(book)]
    claims = [s for s in statements(book).values() if s.is_claim]
    return filled("contents.html", name="refvae" if book == OURS else escape(book.pages.name),
                  about=ABOUT if book == OURS else "A derivation, bound to the lines that compute it and to evidence.",
                  claims=len(claims), closed=sum(closed[s.number] is True for s in claims), pieces=len(own),
                  proved=sum(r.proof is not None and r.proof.status == PROVED for r in own),
                  more="".join(f'<li><a href="{page}">{title}</a></li>' for page, title in more.items()),
                  chapters="".join(_chapter(name, title, book, closed) for name, title in chapters(book).items()))


def _chapter(name: str, title: str, book: Book, closed: Mapping[str, bool | None]) -> str:
    own = [s for s in statements(book).values() if s.chapter == name]
    claims = [s for s in own if s.is_claim]
    count = f"{len(claims)} claims, {sum(closed[s.number] is True for s in claims)} closed"
    entries = "".join(f"<li>{named(s.number, book)}</li>" for s in own)
    return (f'<li><a href="{name}.html">{escape(title.partition(" ")[2])}</a> <span class="small">{count}</span>'
            f"<details><summary>Statements</summary><ul>{entries}</ul></details></li>")


def graph(book: Book) -> str:
    """The graph that a script draws, and the same as a list."""
    data = json.dumps(graph_data(book), ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    items = (f"<li>{named(s.number, book)}: uses {', '.join(eq_link(n, book) for n in s.uses) or 'nothing'}</li>"
             for s in statements(book).values())
    return filled("graph.html", data=data, items="".join(items))


def concordance_page() -> str:
    """Every formula of the articles, and the statements that come from it."""
    tables = "".join(_article(each) for each in articles().values())
    return ('<div class="row prose wide"><div class="text"><h1>Concordance with the articles</h1><p>(n) is the number '
            "that an article gives to a formula, [n] the n-th of those that it displays without a number. The articles "
            'write p where we write q, see <a href="notation.html">Notation</a>.</p>' + tables + "</div></div>")


def _article(article: Article) -> str:
    rows = "".join(f'<tr id="article-{article.number}-{_bare(each)}"><th scope="row">{each}</th><td>'
                   f"{'; '.join(map(named, concordance()[article.number, each])) or '—'}</td></tr>"
                   for each in article.formulas)
    return (f'<h2 id="article-{article.number}">{article.number} <span lang="zh">{escape(article.title)}</span></h2>'
            f"<p>{escape(article.english)}</p><table><thead><tr><th scope=\"col\">there</th><th scope=\"col\">here</th>"
            f"</tr></thead><tbody>{rows}</tbody></table>{_whole(article)}")


def _whole(article: Article) -> str:
    """The statements that come from an article and from none of its formulas."""
    cited = {n for (number, _), numbers in concordance().items() if number == article.number for n in numbers}
    left = [s.number for s in statements().values() if article.number in s.source and s.number not in cited]
    return f"<p>Without a formula: {'; '.join(map(named, left))}.</p>" if left else ""


def _bare(formula: str) -> str:
    return ("" if formula[0] == "(" else "n") + formula[1:-1]
