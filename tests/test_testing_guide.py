"""The guide derivations/testing.md runs as it stands, and prints what it says."""

import contextlib
import io
import re
from pathlib import Path

GUIDE = Path(__file__).parents[1] / "derivations" / "testing.md"
BLOCKS = re.findall(r"^```(python|text)\n(.*?)^```$", GUIDE.read_text("utf8"), re.M | re.S)


def test_the_guide_runs_and_prints_what_it_says():
    names = {"__name__": "guide"}
    printed = ""
    compared = 0
    for kind, block in BLOCKS:
        if kind == "python":
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(block, names)
            printed = out.getvalue()
        elif printed:
            assert printed == block
            printed, compared = "", compared + 1
    assert compared >= 4


def test_the_mended_estimator_keeps_the_laws_but_one():
    from refvae.laws import check_entropy

    names = {"__name__": "guide"}
    for kind, block in BLOCKS[:5]:
        if kind == "python":
            with contextlib.redirect_stdout(io.StringIO()):
                exec(block, names)
    check_entropy(names["mended"], expected_failures={"extreme scales": "squares overflow"}).raise_for_status()
