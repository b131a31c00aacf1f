"""Figures are the same byte for byte on one machine, and the ones that the derivations show are what the code draws."""

import os
import pickle
import re
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from refvae.cli import figures, main
from refvae.cli.figures import figure_module, names
from refvae.figures import STYLE, mosaic, save
from refvae.svg import GREYS, POINTS, difference, matplotlib_version

COMMITTED = Path(__file__).parents[1] / "figures"
SVG = "{http://www.w3.org/2000/svg}"
SOME = ["entropy", "layers", "linear_ae", "vae_bounds"]  # drawn more than once; the others not, for the time it takes


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Two folders by two processes with different hash seeds: every other figure in each, and some in both."""
    folders = [tmp_path_factory.mktemp("figures") / "made" for _ in range(2)]
    wanted = [sorted({*names()[start::2], *SOME}) for start in range(2)]
    runs = [subprocess.Popen([sys.executable, "-m", "refvae", "figures", *some, "--out", str(folder)],
                             stdout=subprocess.PIPE, env={**os.environ, "PYTHONHASHSEED": str(seed)})
            for seed, (some, folder) in enumerate(zip(wanted, folders, strict=True), 1)]
    for run, some, folder in zip(runs, wanted, folders, strict=True):
        out, _ = run.communicate()
        assert run.returncode == 0
        assert out.decode().split("\n") == [*(str(folder / f"{name}.svg") for name in some), ""]
    return folders


@pytest.fixture(scope="module")
def drawn(made):
    """Figure -> its file, drawn now."""
    return {path.stem: path for folder in made for path in folder.iterdir()}


def committed(name):
    path = COMMITTED / f"{name}.svg"
    assert path.exists(), f"figures/{name}.py has no SVG beside it: run `refvae figures {name}`"
    return path


def test_there_are_figures():
    assert {"layers", "linear_ae"} <= set(names())


@pytest.mark.parametrize("name", names())
def test_the_committed_figure_is_the_one_that_the_code_draws(drawn, name):
    if (theirs := matplotlib_version(committed(name))) != mpl.__version__:
        pytest.skip(f"figures/{name}.svg was drawn by Matplotlib {theirs}, this is {mpl.__version__}")
    found = difference(drawn[name], committed(name))
    assert found is None, f"run `refvae figures {name}` and look at what changed"


@pytest.mark.parametrize("name", SOME)
def test_two_runs_write_the_same_bytes(made, name):
    one, two = (folder / f"{name}.svg" for folder in made)
    assert one.read_bytes() == two.read_bytes()


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


@pytest.mark.parametrize("name", SOME)
def test_computing_and_drawing_are_two_steps(name, drawn, tmp_path):
    module = figure_module(name)
    arrays = module.compute()
    before = pickle.dumps(arrays)
    one, two = tmp_path / "one.svg", tmp_path / "two.svg"
    for path in (one, two):
        save(module.draw(arrays), path)
    assert one.read_bytes() == two.read_bytes()
    assert difference(one, drawn[name]) is None
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


# What counts as the same picture


def picture(**how):
    """The SVG of a small figure with a marker, a line, words, filled areas and a mosaic."""
    how = {"x": 0.5, "colour": "#336699", "words": "bias", "points": 3, "alpha": 0.5, "size": 4, "angle": 30,
           "greys": [[[10, 20, 30, 40]]], **how}
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4, 2))
        left, right = figure.subplots(1, 2)
        left.plot([0, 1], [0, 1], color=how["colour"])
        left.plot([0.1, how["x"]], [0.2, 0.3], "o", markersize=how["size"])
        left.scatter(np.arange(how["points"]) / 10, np.zeros(how["points"]))
        left.fill_between([0, 1], [0, 0], [0.1, how["x"]], alpha=how["alpha"])
        left.text(0.5, 0.5, how["words"], rotation=how["angle"])
        mosaic(right, np.array(how["greys"]), side=2)
        file = BytesIO()
        save(figure, file)
    return file.getvalue()


def unlike(one, other):
    return difference(BytesIO(one), BytesIO(other))


LEFT = 4 * 72 * 0.352 / 1.1  # points from 0 to 1
PLAIN = picture()


@pytest.mark.parametrize("how", [
    {}, {"x": 0.5 + 0.5 * POINTS / LEFT}, {"greys": [[[10 - GREYS, 20, 30, 40 + GREYS]]]}, {"colour": "#346698"},
    {"greys": [[[11, 20, 30, 40]]], "x": 0.5 - 0.5 * POINTS / LEFT}, {"alpha": 0.5 + 0.5 / 255},
    {"size": 4 + POINTS / 4}])
def test_roundings_make_no_other_picture(how):
    assert unlike(picture(**how), PLAIN) is None


@pytest.mark.parametrize(("how", "where"), [
    ({"x": 0.5 + 3 * POINTS / LEFT}, "axes_1"), ({"x": 0.51}, "axes_1"), ({"colour": "#336696"}, "line2d"),
    ({"colour": "#336799", "x": 0.6}, "axes_1"), ({"words": "biased"}, "text"), ({"points": 4}, "elements against"),
    ({"alpha": 0.51}, "opacity"), ({"size": 4.2}, "defs"), ({"angle": 31}, "rotate"),
    ({"greys": [[[10, 20, 33, 40]]]}, "fill: #de"), ({"greys": [[[10, 20, 30, 40]], [[0, 0, 0, 0]]]}, "axes_2")])
def test_what_the_eye_sees_is_another_picture(how, where):
    found = unlike(picture(**how), PLAIN)
    assert found is not None
    assert where in found
    assert "\n" not in found


def changed(svg, old, new):
    assert old in svg
    return svg.replace(old, new, 1)


@pytest.mark.parametrize(("old", "new"), [
    (b'<g id="patch_2">', b'<g id="patch_2" opacity="0.5">'), (b"<use ", b"<path "), (b"\nL ", b"\nC "),
    (b"translate", b"scale"), (b"stroke-linejoin: round", b"stroke-linejoin: bevel"), (b"z\n", b"\n"),
    (b'clip-path="url(#', b'clip-path="url(#x')])
def test_a_change_of_structure_is_another_picture(old, new):
    assert unlike(changed(PLAIN, old, new), PLAIN) is not None


def test_a_reference_to_another_element_is_another_picture():
    one, two, *_ = sorted(set(re.findall(rb'xlink:href="#(\w+)"', PLAIN)))
    assert unlike(changed(PLAIN, b'href="#' + one, b'href="#' + two), PLAIN) is not None


def test_identifiers_are_names_only():
    [name] = set(re.findall(rb'clip-path="url\(#(\w+)\)"', PLAIN))
    assert unlike(PLAIN.replace(name, b"p0123456789"), PLAIN) is None


def check(monkeypatch, *arguments, **how):
    """Run `refvae figures --check` with a small picture for every drawn figure."""
    monkeypatch.setattr(figures, "drawn", lambda name, book: picture(**how))
    return main(["figures", "layers", "eae", "--check", *map(str, arguments)])


def test_check_says_which_figure_differs_and_where(monkeypatch, tmp_path, capsys):
    for name in ("layers", "eae"):
        (tmp_path / f"{name}.svg").write_bytes(PLAIN)
    assert check(monkeypatch, "--out", tmp_path) == 0
    assert capsys.readouterr() == ("layers: the same\neae: the same\n", "")
    (tmp_path / "eae.svg").write_bytes(picture(x=0.7))
    assert check(monkeypatch, "--out", tmp_path) == 1
    out = capsys.readouterr().out
    assert re.fullmatch(r"layers: the same\neae: svg/figure_1/axes_1/.+: .+ against .+\n", out)
    (tmp_path / "eae.svg").unlink()
    assert check(monkeypatch, "--out", tmp_path) == 1
    assert "eae.svg cannot be read (" in capsys.readouterr().out
    (tmp_path / "eae.svg").write_text("<svg>")
    assert check(monkeypatch, "--out", tmp_path) == 1


def test_check_compares_with_the_figures_beside_the_code_and_writes_nothing(monkeypatch, tmp_path, capsys):
    if matplotlib_version(committed("layers")) != mpl.__version__:
        pytest.skip(f"figures/layers.svg was drawn by another Matplotlib than {mpl.__version__}")
    monkeypatch.chdir(tmp_path)
    assert check(monkeypatch) == 1
    assert capsys.readouterr().out.startswith("layers: ")
    assert list(tmp_path.iterdir()) == []


def test_check_refuses_figures_of_another_matplotlib(monkeypatch, tmp_path, capsys):
    (tmp_path / "eae.svg").write_bytes(changed(PLAIN, f"v{mpl.__version__}".encode(), b"v1.2.3"))
    assert check(monkeypatch, "--out", tmp_path) == 2
    assert capsys.readouterr() == ("", (
        f"refvae figures: --check: got {tmp_path / 'eae.svg'}, drawn by Matplotlib 1.2.3, wanted one drawn by "
        f"{mpl.__version__}, which is installed; pip install matplotlib==1.2.3\n"))
