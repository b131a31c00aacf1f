"""The Python examples of the README run as they stand."""

import re
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"
EXAMPLES = [block for block in re.findall(r"```python\n(.*?)```", README.read_text("utf8"), re.S) if "import" in block]


@pytest.mark.parametrize("block", EXAMPLES)
def test_example_runs(block, capsys):
    names = {}
    exec(compile(block, str(README), "exec"), names)
    if "accuracy" in names:
        assert names["accuracy"] > 0.8
    if "report" in names:
        assert names["report"].status == "PASS"
    if "kl" in names:
        assert abs(float(names["e"]) - 2.838) < 0.1
        assert float(names["h"]) == pytest.approx(float(names["e"]), rel=1e-14)
    if "laws" in names:
        assert "two points" in str(names["laws"])
    if "elbo" in names:
        assert -26 < names["elbo"] < names["bound"] < -17


def test_there_are_examples():
    assert len(EXAMPLES) == 5
