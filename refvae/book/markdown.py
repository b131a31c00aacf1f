"""Markdown of the derivations as HTML: formulas as MathML, numbers as links, code in colours."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

from refvae.book.formulas import display, mathml
from refvae.book.formulas import inline as broken
from refvae.statements import FROM_US, NUMBER, OURS, Book, statements
from refvae.tex import formula

CITED = re.compile(rf"(?<![\w.])([(\[])(?!0)({NUMBER})([)\]])")
STATED = re.compile(r"#eq-(\d+)-(\d+[a-z]?)$")
# Tokens that the style sheet leaves in the colour of the text: their elements would be half of a page.
PLAIN = re.compile(r'<span class="(?:n|o|p|w|nb|nn|bp|err|vm|nd|ne|na|gp|go|nt|nv|l|ld|x)">([^<]*)</span>')
Link = Callable[[str], str]


class BookError(ValueError):
    """Something on a page that cannot be shown; one line that says where."""


def renderer(link: Link, book: Book = OURS) -> Any:
    """A Markdown renderer; `link` maps a target of the sources to one of the site, or to nothing if it is not on it."""
    from markdown_it import MarkdownIt
    from mdit_py_plugins.anchors import anchors_plugin
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    md = MarkdownIt("commonmark", {"html": True}).enable("table")
    md.use(dollarmath_plugin, allow_space=False, renderer=lambda tex, _: broken(tex))
    md.use(anchors_plugin, max_level=3)
    md.add_render_rule("fence", _fence)
    md.core.ruler.push("numbers", lambda state: _number_links(state, book))
    md.core.ruler.push("links", lambda state: _rewrite(state.tokens, link, book))
    return md


def eq_id(number: str) -> str:
    """The anchor of a statement."""
    return f"eq-{number.replace('.', '-')}"


def eq_href(number: str, book: Book = OURS) -> str:
    """Where a number is stated."""
    return f"{statements(book)[number].chapter}.html#{eq_id(number)}"


def eq_link(number: str, book: Book = OURS) -> str:
    """A link that tells on hover what it stands for; on pages of others, a number of ours is none."""
    if number.startswith(FROM_US):
        return f"refvae:{bracketed(number.removeprefix(FROM_US))}"
    title = escape(_plain_title(number, book))
    return f'<a class="eq" href="{eq_href(number, book)}" title="{title}">{bracketed(number, book)}</a>'


def _plain_title(number: str, book: Book) -> str:
    return re.sub(r"\$([^$]+)\$", lambda m: formula(m[1]), statements(book)[number].title)


def named(number: str, book: Book = OURS) -> str:
    """A link, and the title with its formulas."""
    here = statements(OURS if number.startswith(FROM_US) else book)
    return f"{eq_link(number, book)} {inline(here[number.removeprefix(FROM_US)].title)}"


def inline(text: str) -> str:
    """A line of text with its formulas."""
    return re.sub(r"\$([^$]+)\$", lambda m: mathml(m[1], False), escape(text, quote=False))


def bracketed(number: str, book: Book = OURS) -> str:
    """(3.2) for a claim, [3.1] for a definition."""
    return f"({number})" if statements(book)[number].is_claim else f"[{number}]"


def highlighted(source: str, language: str = "python") -> str:
    """Lines of code as HTML spans, one string."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name

    return PLAIN.sub(r"\1", str(highlight(source, get_lexer_by_name(language), HtmlFormatter(nowrap=True))))


def _fence(self: Any, tokens: Any, idx: int, options: Any, env: Any) -> str:
    token = tokens[idx]
    language = token.info.strip()
    if language == "math":
        return f'<div class="formula" tabindex="0">{display(token.content)}</div>\n'
    known = language in ("python", "sh")
    body = highlighted(token.content, language) if known else escape(token.content)
    return f'<pre class="code{f" {language}" if known else ""}" tabindex="0"><code>{body}</code></pre>\n'


def _number_links(state: Any, book: Book) -> None:
    """Every (3.5) in prose becomes a link; an unknown one stops the build."""
    for block in state.tokens:
        if block.type == "inline":
            block.children = [new for token, depth in _with_depth(block.children) for new in _split(token, depth, book)]


def _with_depth(tokens: list[Any]) -> list[tuple[Any, int]]:
    depth, found = 0, []
    for token in tokens:
        depth += (token.type == "link_open") - (token.type == "link_close")
        found.append((token, depth))
    return found


def _split(token: Any, depth: int, book: Book) -> list[Any]:
    if token.type != "text" or depth or not CITED.search(token.content):
        return [token]
    html = CITED.sub(lambda match: _cited(match, book), escape(token.content, quote=False))
    token.type, token.tag, token.content = "html_inline", "", html
    return [token]


def _cited(match: re.Match[str], book: Book) -> str:
    if match[2] not in statements(book):
        raise BookError(f"no derivation states {match[0]}")
    return eq_link(match[2], book)


def _rewrite(tokens: list[Any], link: Link, book: Book) -> None:
    for token in tokens:
        _rewrite(token.children or [], link, book)
        if number := STATED.search(str(token.attrs.get("href", ""))):
            token.attrs |= {"class": "eq", "title": _plain_title(f"{number[1]}.{number[2]}", book)}
        for name in ("href", "src"):
            if name in token.attrs:
                token.attrs[name] = link(str(token.attrs[name]))
        if token.attrs.get("href") == "":  # on no page of the site
            del token.attrs["href"]
        if token.type == "table_open":  # a wide one is scrolled, by keyboard too
            token.attrs["tabindex"] = "0"
        if token.type == "image":
            token.attrs |= {"loading": "lazy", "id": f"figure-{Path(str(token.attrs['src'])).stem}"}
