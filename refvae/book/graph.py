"""The graph of claims: what uses what."""

from __future__ import annotations

from typing import Any

from refvae.book.markdown import eq_href
from refvae.statements import statements


def graph_data() -> dict[str, list[Any]]:
    """Number -> title, address, the numbers that it uses, and whether it is a claim."""
    return {s.number: [s.title, eq_href(s.number), list(s.uses), int(s.is_claim)] for s in statements().values()}
