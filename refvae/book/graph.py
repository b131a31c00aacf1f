"""The graph of claims: what uses what."""

from __future__ import annotations

from typing import Any

from refvae.book.markdown import eq_href
from refvae.plain import line
from refvae.statements import FROM_US, OURS, Book, statements


def graph_data(book: Book = OURS) -> dict[str, list[Any]]:
    """Number -> title, address, the numbers that it uses, and whether it is a claim."""
    return {s.number: [line(s.title), eq_href(s.number, book), [n for n in s.uses if not n.startswith(FROM_US)],
                       int(s.is_claim)] for s in statements(book).values()}
