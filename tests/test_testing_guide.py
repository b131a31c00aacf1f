"""The guide derivations/testing.md runs as it stands, and prints what it says."""

import contextlib
import doctest
import io
import re
import shlex
import sys
from pathlib import Path

from refvae.cli import main
from refvae.laws import check_entropy

GUIDE = Path(__file__).parents[1] / "derivations" / "testing.md"
BLOCKS = [found.groups()[1:] for found in re.finditer(
    r"^(`{3,4})(python|text|sh|markdown)\n(.*?)^\1$", GUIDE.read_text("utf8"), re.M | re.S)]


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


def test_the_guide_runs_and_prints_what_it_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    names, printed, compared = {"__name__": "guide"}, "", 0
    for kind, block in BLOCKS:
        if kind != "text":
            printed = run(kind, block, names)
        elif printed:
            assert doctest.OutputChecker().check_output(block, printed, doctest.ELLIPSIS), printed
            printed, compared = "", compared + 1
    assert compared >= 6


def test_the_mended_estimator_keeps_the_laws_but_one():
    names = {"__name__": "guide"}
    for kind, block in BLOCKS[:5]:
        if kind == "python":
            run(kind, block, names)
    check_entropy(names["mended"], expected_failures={"extreme scales": "squares overflow"}).raise_for_status()
