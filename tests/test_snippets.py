"""The Python of the chapters runs as it stands, each block by itself, and prints what the block of text below it says.

A block is what a reader may paste: it imports what it uses. An answer that says what fails says it by an assertion.
"""

import contextlib
import doctest
import io
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from refvae.statements import chapters

PAGES = Path(__file__).parents[1] / "derivations"
BLOCK = re.compile(r"^```python\n(.*?)^```$(?:\s*^```text\n(.*?)^```$)?", re.M | re.S)
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class Snippet(NamedTuple):
    """A block of code, where it stands, and what it is said to print."""

    place: str
    code: str
    says: str


def snippets(chapter: str) -> list[Snippet]:
    text = (PAGES / f"{chapter}.md").read_text("utf8")
    return [Snippet(f"{chapter}.md:{text.count(chr(10), 0, found.start()) + 2}", found[1], found[2] or "")
            for found in BLOCK.finditer(text)]


def printed(code: str, place: str) -> str:
    """What a block prints when it runs by itself."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, place, "exec"), {"__name__": "snippet"})
    return out.getvalue()


@pytest.mark.parametrize("snippet", [each for chapter in chapters() for each in snippets(chapter)],
                         ids=lambda snippet: snippet.place)
def test_snippet_prints_what_the_page_says(snippet):
    said = printed(snippet.code, snippet.place)
    assert doctest.OutputChecker().check_output(snippet.says, said, FLAGS), f"{snippet.place} prints\n{said}"


def test_what_a_snippet_prints_is_compared():
    (found,) = BLOCK.findall("```python\nprint(1 / 3)\n```\n\n```text\n0.333...\n```\n")
    assert doctest.OutputChecker().check_output(found[1], printed(found[0], "here"), FLAGS)
    assert not doctest.OutputChecker().check_output("0.25", printed(found[0], "here"), FLAGS)
