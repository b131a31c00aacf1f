"""Figures are the same byte for byte wherever they are drawn, and the ones that the derivations show are up to date."""

import os
import pickle
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import matplotlib as mpl
import pytest

from refvae.cli import main
from refvae.cli.figures import figure_module, names
from refvae.figures import save

COMMITTED = Path(__file__).parents[1] / "figures"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A folder of all figures, written by two processes with different hash seeds, every other figure each."""
    folder = tmp_path_factory.mktemp("figures") / "made"
    runs = [subprocess.Popen([sys.executable, "-m", "refvae", "figures", *names()[start::2], "--out", str(folder)],
                             stdout=subprocess.PIPE, env={**os.environ, "PYTHONHASHSEED": str(start + 1)})
            for start in (0, 1)]
    for start, run in enumerate(runs):
        out, _ = run.communicate()
        assert run.returncode == 0
        assert out.decode().split("\n") == [*(str(folder / f"{name}.svg") for name in names()[start::2]), ""]
    return folder


def committed(name):
    path = COMMITTED / f"{name}.svg"
    assert path.exists(), f"figures/{name}.py has no SVG beside it: run `refvae figures {name}`"
    return path


def version(path):
    """The version of Matplotlib that an SVG says it was drawn by."""
    return re.search(r"Matplotlib v([^,]+),", path.read_text("utf8"))[1]


def test_there_are_figures():
    assert {"layers", "linear_ae"} <= set(names())


@pytest.mark.parametrize("name", names())
def test_the_committed_figure_is_the_one_that_the_code_draws(drawn, name):
    fresh, shown = drawn / f"{name}.svg", committed(name)
    if version(shown) != mpl.__version__:
        pytest.skip(f"figures/{name}.svg was drawn by Matplotlib {version(shown)}, this is {mpl.__version__}")
    assert fresh.read_bytes() == shown.read_bytes(), f"run `refvae figures {name}` and look at what changed"


@pytest.mark.parametrize("name", names())
def test_no_date_and_no_place(name):
    text = committed(name).read_text("utf8")
    assert not re.search(r"dc:date|\b\d{4}-\d\d-\d\d\b|\b\d\d:\d\d:\d\d\b", text)
    assert not re.search(r"/(home|root|tmp|Users)/|[A-Z]:\\", text)


@pytest.mark.parametrize("name", names())
def test_it_is_a_picture_with_words_that_can_be_searched(name):
    root = ElementTree.parse(committed(name)).getroot()
    assert root.tag == f"{SVG}svg"
    assert len(list(root.iter(f"{SVG}text"))) > 3
    assert len(list(root.iter(f"{SVG}path"))) > 3


def test_no_picture_is_left_without_code():
    assert sorted(path.stem for path in COMMITTED.glob("*.svg")) == names()


@pytest.mark.parametrize("name", ["entropy", "layers", "linear_ae", "vae_bounds"])  # some, for the time it takes
def test_computing_and_drawing_are_two_steps(name, drawn, tmp_path):
    module = figure_module(name)
    arrays = module.compute()
    before = pickle.dumps(arrays)
    for path in (tmp_path / "one.svg", tmp_path / "two.svg"):
        save(module.draw(arrays), path)
        assert path.read_bytes() == (drawn / f"{name}.svg").read_bytes()
    assert pickle.dumps(arrays) == before


@pytest.mark.parametrize("name", names())
def test_every_figure_has_both_steps(name):
    assert callable(figure_module(name).compute)
    assert callable(figure_module(name).draw)


def test_one_figure_by_name_goes_to_the_folder_figures_and_replaces_an_old_one(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    path = Path("figures") / "layers.svg"
    path.parent.mkdir()
    path.write_text("old " * 100_000)
    assert main(["figures", "layers"]) == 0
    assert capsys.readouterr() == (f"{path}\n", "")
    assert [each.name for each in path.parent.iterdir()] == ["layers.svg"]
    assert ElementTree.parse(path).getroot().tag == f"{SVG}svg"


@pytest.mark.parametrize("wanted", [["nonsense"], ["layers", "nonsense"], [""], ["layers.svg"], ["__init__"]])
def test_an_unknown_name_is_one_line_and_no_work(wanted, tmp_path, capsys):
    assert main(["figures", *wanted, "--out", str(tmp_path / "new")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"refvae figures: NAME: got {wanted[-1]!r}, wanted one of {', '.join(names())}\n"
    assert not (tmp_path / "new").exists()


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        assert main(["figures", "layers", "--out", str(out)]) == 2
        assert re.fullmatch(rf"refvae figures: --out: got {re.escape(str(out))}, wanted .+\n", capsys.readouterr().err)
