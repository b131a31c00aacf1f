"""The index for the search: a script file, so that it works where pages are opened from a disc."""

from __future__ import annotations

import json
from typing import Any

from refvae import search
from refvae.book.api import address
from refvae.book.markdown import eq_href
from refvae.plain import line
from refvae.statements import OURS, Book, chapters

KINDS = {"statement": "", "function": "function", "section": "section"}


def index(book: Book = OURS) -> str:
    """`window.INDEX`, one entry for each that `refvae.search` finds, `window.TERMS`, and its rules."""
    entries = [[each.kind, each.key, each.title, href, each.names, each.text, each.sources]
               for each in search.entries(book) if (href := _href(each, book))]
    terms = [[it.term, it.chinese, line(it.meaning), search.normal(f"{it.term} {it.chinese}")] for it in search.terms()]
    rules = {"weights": search.WEIGHTS, "stop": sorted(search.STOP), "alike": search.ALIKE,
             "greek": {chr(sign): name.strip() for sign, name in search.GREEK.items()}}
    return "".join(f"window.{name}={_json(value)};\n" for name, value in (
        ("INDEX", entries), ("TERMS", terms if book == OURS else []), ("RULES", rules)))


def _href(each: search.Entry, book: Book) -> str:
    if each.kind == "statement":
        return eq_href(each.key, book)
    if each.kind == "section":
        chapter, _, head = each.key.partition("#")
        return f"{chapter}.html" + ("" if head == chapters(book)[chapter] else f"#{_slug(head)}")
    return address(each.key, book)


def _slug(head: str) -> str:
    from mdit_py_plugins.anchors.index import slugify

    return str(slugify(head))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
