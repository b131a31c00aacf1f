"""`refvae estimate` on files that ship with other packages; skipped, and said so, where these are not installed."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from refvae.cli import main


def folder(package, *inside):
    """A folder of an installed package."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        pytest.skip(f"needs {package}")
    return Path(spec.submodule_search_locations[0]).joinpath(*inside)


def answer(capsys, package, file, quantity, *argv):
    """The JSON that a command prints of a file."""
    path = folder(package, *file.split("/"))
    if not path.exists():
        pytest.skip(f"{package} without {file}")
    assert main(["estimate", quantity, str(path), *argv, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def refusal(capsys, package, file, quantity, *argv):
    """The line that a command refuses a file with."""
    assert main(["estimate", quantity, str(folder(package, *file.split("/"))), *argv]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    return said


UNROUND = ("--ties", "unround")
MACRO = ("statsmodels", "datasets/macrodata/macrodata.csv")


def test_units(capsys):
    found = answer(capsys, *MACRO, "mi", "--x", "realgdp", "--y", "tbilrate")
    assert found["value"] == pytest.approx(0.0035, abs=1e-4)
    assert any("its units are too small" in text and "--standardise" in text for text in found["warnings"])
    found = answer(capsys, *MACRO, "mi", "--x", "realgdp", "--y", "tbilrate", "--standardise")
    assert found["value"] == pytest.approx(1.18, abs=0.005)
    assert not any("units" in text for text in found["warnings"])
    assert any("--exclude" in text for text in found["warnings"])


@pytest.mark.parametrize(("package", "file", "quantity", "argv", "low", "high"), [
    (*MACRO, "cmi", ["--x", "realgdp", "--y", "realcons", "--z", "realdpi", "--standardise"], 0.1, 1),
    (*MACRO, "te", ["--x", "infl", "--y", "tbilrate", "--standardise", "--exclude", "8"], -0.2, 0.2),
    (*MACRO, "tc", ["--columns", "realgdp,realcons,realinv", "--standardise"], 4, 7),
    ("statsmodels", "datasets/engel/engel.csv", "mi", ["--x", "income", "--y", "foodexp"], 0.9, 1.4),
    ("statsmodels", "datasets/engel/engel.csv", "entropy", ["--standardise"], 12.5, 13.5),
    ("statsmodels", "datasets/sunspots/sunspots.csv", "mi",
     ["--x", "SUNACTIVITY", "--y", "SUNACTIVITY", "--lag", "11", *UNROUND, "--exclude", "11"], 0.1, 0.8),
    ("statsmodels", "datasets/nile/nile.csv", "entropy", ["--columns", "volume", *UNROUND], 6, 7),
    ("statsmodels", "datasets/scotland/src/scotvote.csv", "entropy", ["--columns", "Density"], 6, 8),
    ("statsmodels", "datasets/co2/co2.csv", "entropy", ["--columns", "co2", "--drop-missing", *UNROUND], 4, 5),
    ("sklearn", "datasets/data/diabetes_data_raw.csv.gz", "mi", ["--x", "4", "--y", "5", *UNROUND], 0.5, 1.3),
    ("sklearn", "datasets/data/linnerud_physiological.csv", "mi", ["--x", "Weight", "--y", "Waist", *UNROUND], 0, 1.2),
    ("sklearn", "datasets/data/iris.csv", "mi",
     ["--header", "yes", "--x", "2", "--y", "virginica", "--method", "mixed", "--discrete", "y", *UNROUND], 0.8, 1.1),
    ("vega_datasets", "_data/stocks.csv", "mi", ["--x", "symbol", "--y", "price", "--method", "mixed"], 0.8, 1.1),
    ("vega_datasets", "_data/seattle-weather.csv", "mi",
     ["--x", "temp_max", "--y", "temp_min", *UNROUND, "--exclude", "30"], 0.5, 1.2),
])
def test_answers_that_were_looked_at(capsys, package, file, quantity, argv, low, high):
    assert low < answer(capsys, package, file, quantity, *argv)["value"] < high


@pytest.mark.parametrize(("package", "file", "quantity", "argv", "words"), [
    ("sklearn", "datasets/data/iris.csv", "entropy", [], "may be a header as well as data, wanted --header yes or"),
    ("sklearn", "datasets/data/breast_cancer.csv", "entropy", [], "got 31 cells in line 2, wanted 4"),
    ("statsmodels", "datasets/co2/co2.csv", "entropy", ["--columns", "co2"], "column 'co2', wanted numbers, or --drop"),
    ("vega_datasets", "_data/stocks.csv", "entropy", [], "column 'symbol', wanted numbers: it holds text; choose"),
    ("statsmodels", "datasets/fair/fair.csv", "mi", ["--x", "age", "--y", "affairs"], "--ties unround for rounded"),
])
def test_refusals_name_what_to_do(capsys, package, file, quantity, argv, words):
    assert words in refusal(capsys, package, file, quantity, *argv)


def test_pairs_of_a_file(capsys):
    found = answer(capsys, "statsmodels", "datasets/longley/longley.csv", "mi", "--pairs", "--ranks")
    assert found["columns"][0] == "Obs"
    assert sum(value is None for row in found["matrix"] for value in row) == len(found["matrix"])
