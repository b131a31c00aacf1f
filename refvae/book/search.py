"""The index for the search: a script file, so that it works where pages are opened from a disc."""

from __future__ import annotations

import json
import re

from refvae.book.markdown import eq_href
from refvae.statements import statements

TEX = re.compile(r"\\[A-Za-z]+|[{}$\\^_]")


def index() -> str:
    """`window.INDEX`, one entry a statement: number, title, address, words, functions."""
    entries = [[s.number, s.title, eq_href(s.number), _words(s.text), " ".join(s.code)] for s in statements().values()]
    return f"window.INDEX={json.dumps(entries, ensure_ascii=False, separators=(',', ':'))};\n"


def _words(text: str) -> str:
    """The different words of a text in small letters, names of macros among them."""
    found = re.findall(r"\w[\w'-]+", TEX.sub(lambda m: " " + m[0].strip("\\{}$^_") + " ", text).lower())
    return " ".join(dict.fromkeys(found))
