"""Markdown of the derivations as HTML: formulas as MathML, numbers as links, code in colours."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

from refvae.book.formulas import display, mathml
from refvae.statements import NUMBER, statements

CITED = re.compile(rf"(?<![\w.])([(\[])(?!0)({NUMBER})([)\]])")
TEX = re.compile(r"[$\\{}]")
STATED = re.compile(r"#eq-(\d+)-(\d+[a-z]?)$")
Link = Callable[[str], str]


class BookError(ValueError):
    """Something on a page that cannot be shown; one line that says where."""


def renderer(link: Link) -> Any:
    """A Markdown renderer; `link` maps a target of the sources to one of the site."""
    from markdown_it import MarkdownIt
    from mdit_py_plugins.anchors import anchors_plugin
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    md = MarkdownIt("commonmark", {"html": True}).enable("table")
    md.use(dollarmath_plugin, allow_space=False, renderer=lambda tex, how: mathml(tex, bool(how["display_mode"])))
    md.use(anchors_plugin, max_level=3)
    md.add_render_rule("fence", _fence)
    md.core.ruler.push("numbers", _number_links)
    md.core.ruler.push("links", lambda state: _rewrite(state.tokens, link))
    return md


def eq_id(number: str) -> str:
    """The anchor of a statement."""
    return f"eq-{number.replace('.', '-')}"


def eq_href(number: str) -> str:
    """Where a number is stated."""
    return f"{statements()[number].chapter}.html#{eq_id(number)}"


def eq_link(number: str) -> str:
    """A link that tells on hover what it stands for."""
    return f'<a class="eq" href="{eq_href(number)}" title="{escape(_plain_title(number))}">{bracketed(number)}</a>'


def _plain_title(number: str) -> str:
    return TEX.sub("", statements()[number].title)


def named(number: str) -> str:
    """A link, and the title with its formulas."""
    return f"{eq_link(number)} {inline(statements()[number].title)}"


def inline(text: str) -> str:
    """A line of text with its formulas."""
    return re.sub(r"\$([^$]+)\$", lambda m: mathml(m[1], False), escape(text, quote=False))


def bracketed(number: str) -> str:
    """(3.2) for a claim, [3.1] for a definition."""
    return f"({number})" if statements()[number].is_claim else f"[{number}]"


def highlighted(source: str, language: str = "python") -> str:
    """Lines of code as HTML spans, one string."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name

    return str(highlight(source, get_lexer_by_name(language), HtmlFormatter(nowrap=True)))


def _fence(self: Any, tokens: Any, idx: int, options: Any, env: Any) -> str:
    token = tokens[idx]
    language = token.info.strip()
    if language == "math":
        return f'<div class="formula" tabindex="0">{display(token.content)}</div>\n'
    body = highlighted(token.content, language) if language in ("python", "sh") else escape(token.content)
    return f'<pre class="code" tabindex="0"><code>{body}</code></pre>\n'


def _number_links(state: Any) -> None:
    """Every (3.5) in prose becomes a link; an unknown one stops the build."""
    for block in state.tokens:
        if block.type == "inline":
            block.children = [new for token, depth in _with_depth(block.children) for new in _split(token, depth)]


def _with_depth(tokens: list[Any]) -> list[tuple[Any, int]]:
    depth, found = 0, []
    for token in tokens:
        depth += (token.type == "link_open") - (token.type == "link_close")
        found.append((token, depth))
    return found


def _split(token: Any, depth: int) -> list[Any]:
    if token.type != "text" or depth or not CITED.search(token.content):
        return [token]
    html = CITED.sub(_cited, escape(token.content, quote=False))
    token.type, token.tag, token.content = "html_inline", "", html
    return [token]


def _cited(match: re.Match[str]) -> str:
    if match[2] not in statements():
        raise BookError(f"no derivation states {match[0]}")
    return eq_link(match[2])


def _rewrite(tokens: list[Any], link: Link) -> None:
    for token in tokens:
        _rewrite(token.children or [], link)
        if number := STATED.search(str(token.attrs.get("href", ""))):
            token.attrs |= {"class": "eq", "title": _plain_title(f"{number[1]}.{number[2]}")}
        for name in ("href", "src"):
            if name in token.attrs:
                token.attrs[name] = link(str(token.attrs[name]))
        if token.type == "image":
            token.attrs |= {"loading": "lazy", "id": f"figure-{Path(str(token.attrs['src'])).stem}"}
