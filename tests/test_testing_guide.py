"""The guides derivations/testing.md and using.md run as they stand, and print what they say."""

import contextlib
import doctest
import io
import re
import shlex
import sys
from pathlib import Path

import pytest

from refvae.cli import main
from refvae.laws import check_entropy

PAGES = Path(__file__).parents[1] / "derivations"
BLOCK = re.compile(r"^(`{3,4})(python|text|sh|markdown)\n(.*?)^\1$", re.M | re.S)
BLOCKS = {guide: [found.groups()[1:] for found in BLOCK.finditer((PAGES / guide).read_text("utf8"))]
          for guide in ("testing.md", "using.md")}


def run(kind, block, names):
    """What a block prints; a page, or code that begins with the name of its file, is written there."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        if kind == "markdown":
            Path("student_t/student_t.md").write_text(block, "utf8")
        elif file := re.match(r"# (\S+\.py)\n", block):
            Path(file[1]).write_text(block, "utf8")
        elif kind == "python":
            exec(block, names)
        else:
            assert [main(shlex.split(line)[1:]) for line in block.splitlines()] == [0] * block.count("\n")
    return out.getvalue()


@pytest.mark.parametrize("guide", BLOCKS)
def test_the_guide_runs_and_prints_what_it_says(guide, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    names, printed, compared = {"__name__": "guide"}, "", 0
    for kind, block in BLOCKS[guide]:
        if kind != "text":
            printed = run(kind, block, names)
        elif printed:
            assert doctest.OutputChecker().check_output(block, printed, doctest.ELLIPSIS), printed
            printed, compared = "", compared + 1
    assert compared >= 6


def test_the_mended_estimator_keeps_the_laws_but_one():
    names = {"__name__": "guide"}
    for kind, block in BLOCKS["testing.md"][:5]:
        if kind == "python":
            run(kind, block, names)
    check_entropy(names["mended"], expected_failures={"extreme scales": "squares overflow"}).raise_for_status()
