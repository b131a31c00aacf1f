"""Trained models in use: what they encode, decode, sample and score, from Python and from the command line."""

import csv
import itertools
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from refvae.checkpoint import CheckpointError
from refvae.cli import main
from refvae.models import MODELS, gallery, load, pictures

N, SHAPE, LEVELS = 31, (3, 4), 7
D = 12
WORDS = ["--words", "5", "--places", "3"]
OWN = {"dae": ["--scale", "0.3"], "vqvae": [*WORDS, "--latent", "2"], **{
    name: ["--latent", "2"] for name in ("ae", "vae", "vib", "eae", "gan", "aae", "ali")}}
HAS = {"encode": {"ae", "vae", "vib", "eae", "aae", "ali", "vqvae"},
       "decode": {"ae", "vae", "vib", "eae", "gan", "aae", "ali", "vqvae"},
       "sample": {"vae", "eae", "gan", "aae", "ali", "vqvae", "dae"}, "score": set(MODELS)}


def images():
    """Grey images with labels."""
    rng = np.random.default_rng(3)
    x = rng.integers(0, LEVELS, (N, *SHAPE), endpoint=True)
    x[0, 0, 0] = LEVELS
    return x.astype(np.uint8), rng.integers(0, 3, N)


def table():
    """Columns of very different units, and words for three kinds."""
    rng = np.random.default_rng(5)
    kinds = rng.integers(0, 3, 40)
    x = np.array([180.0, 7e4, 0.02]) + np.array([9.0, 2e4, 0.003]) * (rng.standard_normal((40, 3)) + kinds[:, None])
    return x, np.array(["oak", "ash", "elm"])[kinds]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with the two files, and a run of every model on each: (name, file) -> folder."""
    root = tmp_path_factory.mktemp("runs")
    x, labels = images()
    np.savez(root / "images.npz", x=x, y=labels)
    with (root / "trees.csv").open("w", newline="") as stream:
        lines = [[word, *row] for word, row in zip(table()[1], table()[0].tolist(), strict=True)]
        csv.writer(stream).writerows([["kind", "height", "mass", "rings"], *lines])
    with pytest.MonkeyPatch.context() as patch:
        without_pictures(patch)
        for name, file in itertools.product(MODELS, ("images.npz", "trees.csv")):
            more = ["--standardise", "--label", "kind"] if file == "trees.csv" else []
            more += ["--samples", "5"] if name == "vae" else []
            more += ["--likelihood", "gaussian"] if (name, file) == ("vae", "trees.csv") else []
            argv = ["train", name, "--data", str(root / file), "--steps", "12", "--batch", "6", "--hidden", "5"]
            assert main([*argv, "--out", str(root / name / Path(file).stem), *OWN[name], *more]) == 0
    return root


def without_pictures(patch):
    """Runs that draw nothing, for pictures take most of the time of a short one."""
    patch.setattr(gallery, "pictures", lambda *_: {})
    patch.setattr(pictures, "curves", lambda *_: Figure())


@pytest.fixture
def plain(monkeypatch):
    """Runs that draw nothing."""
    without_pictures(monkeypatch)


CASES = [pytest.param(name, kind, id=f"{name} {kind}") for name in MODELS for kind in ("images", "trees")]


def rows(kind):
    return images() if kind == "images" else table()


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_three_lines_of_python(name, kind, runs):
    trained, (x, labels) = load(runs / name / kind), rows(kind)
    d = D if kind == "images" else 3
    if name in HAS["encode"]:
        codes = trained.encode(x)
        assert codes.shape == (len(x), 3 if name == "vqvae" else 2)
        assert (codes.dtype.kind == "i") == (name == "vqvae")
    if name in HAS["decode"]:
        back = trained.decode(np.zeros((4, 3 if name == "vqvae" else 2)))
        assert back.shape == (4, 3 if name == "vib" else d)
    if name in HAS["sample"]:
        drawn, again = (trained.sample(5, 0) for _ in range(2))
        assert drawn.shape == (5, d)
        assert np.array_equal(drawn, again)
        assert not np.array_equal(drawn, trained.sample(5, 1))
    cost = trained.score(x, labels if name == "vib" else None)
    assert cost.shape == (len(x),)
    assert np.isfinite(cost).all()
    assert trained.scored
    for verb, call in {"encode": lambda: trained.encode(x), "decode": lambda: trained.decode(np.zeros((4, 2))),
                       "sample": lambda: trained.sample(1, 0)}.items():
        if name not in HAS[verb]:
            with pytest.raises(ValueError, match=f"^model: got {name}, wanted one with .*: (ae|vae), "):
                call()


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_the_four_commands_write_what_python_gives(name, kind, runs, tmp_path, capsys):
    folder, file = runs / name / kind, runs / ("images.npz" if kind == "images" else "trees.csv")
    trained, (x, labels) = load(folder), rows(kind)
    codes = trained.encode(x) if name in HAS["encode"] else np.zeros((4, 2))
    np.save(tmp_path / "codes.npy", codes)
    calls = {"encode": ([str(file)], lambda: codes),
             "decode": ([str(tmp_path / "codes.npy")], lambda: trained.decode(codes)),
             "sample": (["--rows", "5", "--seed", "1"], lambda: trained.sample(5, 1)),
             "score": ([str(file)], lambda: trained.score(x, labels if name == "vib" else None))}
    for verb, (argv, wanted) in calls.items():
        code = main([verb, str(folder), *argv, "--out", str(tmp_path / f"{verb}.npy")])
        out, err = capsys.readouterr()
        if name not in HAS[verb]:
            assert (code, out) == (2, "")
            assert re.fullmatch(rf"refvae {verb}: model: got {name}, wanted one with .*\n", err)
            continue
        assert code == 0, err
        assert np.array_equal(np.load(tmp_path / f"{verb}.npy"), wanted())
        assert out.splitlines()[-1] == str(tmp_path / f"{verb}.npy")


def test_without_a_file_it_is_the_data_of_the_training(runs, tmp_path):
    main(["encode", str(runs / "ae/images"), "--out", str(tmp_path / "codes.npy")])
    assert np.array_equal(np.load(tmp_path / "codes.npy"), load(runs / "ae/images").encode(images()[0]))


@pytest.mark.usefixtures("plain")
def test_data_of_the_training_that_have_changed_are_refused(tmp_path, capsys):
    np.save(tmp_path / "x.npy", np.random.default_rng(0).random((20, 3)))
    assert trained_on(tmp_path / "a", tmp_path / "x.npy", capsys=capsys)[0] == 0
    np.save(tmp_path / "x.npy", np.random.default_rng(1).random((20, 3)))
    assert main(["encode", str(tmp_path / "a"), "--out", str(tmp_path / "codes.npy")]) == 2
    assert capsys.readouterr().err == (f"refvae encode: FILE: got none, and other data than in training in "
                                       f"{tmp_path / 'x.npy'}, wanted a file\n")


@pytest.mark.usefixtures("plain")
def test_the_nine_models_train_on_a_real_table(tmp_path):
    datasets = pytest.importorskip("sklearn.datasets")
    x, kinds = datasets.load_wine(return_X_y=True)
    lines = [[f"sort {kind}", *row] for kind, row in zip(kinds, x.tolist(), strict=True)]
    with (tmp_path / "wine.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([["sort", *(f"c{j}" for j in range(13))], *lines])
    for name in MODELS:
        more = ["--likelihood", "gaussian", "--samples", "9"] if name == "vae" else []
        scale = ["--scale", "1", "--highest", "3"] if name == "dae" else []
        assert main(["train", name, "--data", str(tmp_path / "wine.csv"), "--label", "sort", "--standardise", "--steps",
                     "20", "--hidden", "16", "--out", str(tmp_path / name), *more, *scale]) == 0
        score = load(tmp_path / name).score(x, [line[0] for line in lines] if name == "vib" else None)
        assert np.isfinite(score).all()
        assert (tmp_path / name / "report.csv").read_text().count("less that of") + (name == "gan") >= 1


def test_tables_have_the_names_of_their_columns_and_codes_go_back_and_forth(runs, tmp_path):
    folder = str(runs / "ae" / "trees")
    assert main(["encode", folder, str(runs / "trees.csv"), "--out", str(tmp_path / "codes.csv")]) == 0
    assert main(["decode", folder, str(tmp_path / "codes.csv"), "--out", str(tmp_path / "rows.csv")]) == 0
    header, *lines = csv.reader((tmp_path / "rows.csv").read_text().splitlines())
    assert header == ["height", "mass", "rings"]
    back = load(runs / "ae" / "trees").reconstruct(table()[0])
    assert np.array_equal(np.array(lines, float), back)
    assert 1e4 < back[:, 1].mean() < 2e5  # in the units of the file
    assert main(["encode", folder, str(tmp_path / "rows.csv"), "--out", str(tmp_path / "again.npz")]) == 0
    assert np.load(tmp_path / "again.npz")["codes"].shape == (40, 2)


def test_columns_are_taken_by_name_in_any_order(runs, tmp_path):
    x = table()[0]
    lines = [["rings", "other", "mass", "height"], *[[row[2], "?", row[1], row[0]] for row in x.tolist()]]
    (tmp_path / "other.csv").write_text("\n".join(",".join(map(str, line)) for line in lines) + "\n")
    folder = str(runs / "ae" / "trees")
    assert main(["encode", folder, str(tmp_path / "other.csv"), "--out", str(tmp_path / "codes.npy")]) == 0
    assert np.array_equal(np.load(tmp_path / "codes.npy"), load(runs / "ae" / "trees").encode(x))


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
@pytest.mark.parametrize("verb", ["decode", "sample"])
def test_pictures_of_images(verb, ending, runs, tmp_path):
    np.save(tmp_path / "codes.npy", np.ones((30, 2)))
    argv = [str(tmp_path / "codes.npy")] if verb == "decode" else ["--rows", "5"]
    for name in ("a", "b"):
        assert main([verb, str(runs / "vae/images"), *argv, "--out", str(tmp_path / f"{name}.{ending}")]) == 0
    one, other = ((tmp_path / f"{name}.{ending}").read_bytes() for name in "ab")
    assert one == other
    assert len(one) > 500


# Data that cannot be prepared


BAD = [
    ("ae/images", lambda x: x / 7, r"x: got 0\.\d+ at \(\d+, \d+\), wanted grey values 0, 1, ..., 7, as in training"),
    ("ae/images", lambda x: x + 1.0, r"x: got 8 at \(\d+, \d+\), wanted grey values 0, 1, ..., 7, as in training"),
    ("ae/images", lambda x: -1.0 * x, r"x: got -\d at \(\d+, \d+\), wanted grey values .*"),
    ("ae/images", lambda x: x.reshape(N, -1)[:, 1:], "x: got 11 columns, wanted 12, as in training"),
    ("ae/images", lambda x: x.reshape(N, 4, 3), r"x: got images \(31, 4, 3\), wanted \(n, 3, 4\), as in training"),
    ("ae/images", lambda x: x.reshape(N, -1) * np.nan, "x: got 372 NaN or infinite entries, the first at .*"),
    ("ae/images", lambda x: x[0, 0], r"x: got shape \(4,\), wanted \(n, d\) .*"),
    ("ae/trees", lambda x: np.ones((2, 3)), r"x: got .* standard deviations from the mean at \(0, 0\), wanted .*"),
    ("ae/trees", lambda x: np.ones((2, 3, 1)), r"x: got images \(2, 3, 1\), wanted \(n, d\), as in training")]


@pytest.mark.parametrize(("run", "spoil", "message"), BAD)
def test_data_that_cannot_be_prepared_are_refused_by_name(run, spoil, message, runs):
    with pytest.raises(ValueError, match=f"^{message}$"):
        load(runs / run).encode(spoil(images()[0]))


def test_bad_codes_labels_and_counts_are_refused_by_name(runs):
    trained, x = load(runs / "vib/images"), images()[0]
    for labels, message in ((None, "labels: got none, wanted a label for every row"),
                            ([0], r"labels: got shape \(1,\), wanted \(31,\), one per row"),
                            ([9] * N, "labels: got '9', wanted those of training: 0, 1, 2")):
        with pytest.raises(ValueError, match=f"^{message}$"):
            trained.score(x, labels)
    with pytest.raises(ValueError, match=r"^z: got 3 columns, wanted 2 numbers per code$"):
        trained.decode(np.ones((1, 3)))
    with pytest.raises(ValueError, match=r"^z: got numbers that are not whole, wanted those of codes$"):
        load(runs / "vqvae/images").decode(np.full((1, 3), 0.5))
    with pytest.raises(ValueError, match=r"^codes: got 0 to 5, wanted 0 to 4$"):
        load(runs / "vqvae/images").decode([[0, 5, 1]])
    with pytest.raises(ValueError, match=r"^n: got 0, wanted n >= 1"):
        load(runs / "vae/images").sample(0, 1)


@pytest.mark.parametrize(("argv", "message"), [
    (["encode", "none", "--out", "a.npy"], r"RUN: none: got no file that can be read .*, wanted a checkpoint"),
    (["encode", "{run}/checkpoint.npz", "--out", "a.npy"], "RUN: .*: got the checkpoint of a run, wanted .*"),
    (["encode", "{run}", "none.npy", "--out", "a.npy"], "none.npy: got no such file or directory, wanted .*"),
    (["encode", "{run}", "--out", "a.txt"], "--out: got the ending '.txt', wanted a file .npy, .npz, .csv, .svg, .*"),
    (["encode", "{run}", "--out", "no/a.npy"], "--out: got no folder no, wanted a file .* in a folder that is there"),
    (["encode", "{run}", "--out", "a.png"], "--out: got a picture for codes, wanted .npy, .npz or .csv"),
    (["decode", "{run}", "wide.npy", "--out", "a.npy"], "z: got 3 columns, wanted 2 numbers per code"),
    (["decode", "{run}", "huge.npy", "--out", "a.npy"], "FILE: got numbers for which the model overflows, wanted .*"),
    (["sample", "{run}", "--rows", "0", "--out", "a.npy"], "--rows: got 0, wanted rows >= 1"),
    (["sample", "{run}", "--seed", "-1", "--out", "a.npy"], "--seed: got -1, wanted seed >= 0"),
    (["encode", "{run}", "wide.npy", "--out", "a.npy"], "x: got 3 columns, wanted 12, as in training")])
def test_bad_input_is_one_line(argv, message, runs, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    np.save("wide.npy", np.ones((2, 3)))
    np.save("huge.npy", np.full((2, 2), 1e308))
    before = set(Path().iterdir())
    assert main([word.format(run=runs / "eae/images") for word in argv]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(f"refvae {argv[0]}: {message}\n", err), err
    assert set(Path().iterdir()) == before


def test_a_checkpoint_is_no_model(runs):
    with pytest.raises(CheckpointError, match=r"got the checkpoint of a run, wanted its model\.npz"):
        load(runs / "ae/images/checkpoint.npz")


# What the numbers mean


def test_a_binary_model_gives_probabilities_and_draws_black_or_white(runs):
    trained = load(runs / "vae/images")
    back = trained.reconstruct(images()[0])
    assert 0 < back.min() < back.max() < 1
    assert set(np.unique(trained.sample(50, 0))) == {0.0, 1.0}


@pytest.mark.parametrize("likelihood", ["binomial", "discretised"])
@pytest.mark.usefixtures("plain")
def test_grey_models_draw_grey_values(likelihood, runs, tmp_path):
    argv = ["train", "vae", "--data", str(runs / "images.npz"), "--steps", "3", "--hidden", "5", "--latent", "2"]
    assert main([*argv, "--likelihood", likelihood, "--samples", "3", "--out", str(tmp_path / "a")]) == 0
    trained = load(tmp_path / "a")
    drawn = trained.sample(200, 0)
    assert set(np.unique(drawn)) == set(map(float, range(8)))
    mean = trained.decode(np.random.default_rng(1).standard_normal((200, 2))).mean()
    assert likelihood == "discretised" or abs(drawn.mean() - mean) < 0.3  # beyond the ends it is cut


def test_draws_have_the_variance_of_the_likelihood(runs):
    trained = load(runs / "vae/trees")
    z = np.random.default_rng(0).standard_normal((4000, 2))
    unit = np.array(trained.recipe.unit)
    spread = trained.sample(4000, 1).var(0) / unit**2
    assert np.allclose(spread, (trained.decode(z) / unit).var(0) + 0.05, rtol=0.15)


def test_scores_are_those_of_the_report(runs):
    for name, place in (("ae", 0), ("aae", 0), ("ali", 0), ("eae", 0), ("vqvae", 0), ("vib", 1), ("gan", 0)):
        x, labels = images()
        score = load(runs / name / "images").score(x[::5], labels[::5] if name == "vib" else None).mean()
        lines = list(csv.reader((runs / name / "images" / "report.csv").read_text().splitlines()))
        assert score == pytest.approx(float(lines[1 + place][1]), rel=1e-12), name


# Elsewhere


OTHER = """
import sys, numpy as np
from refvae.models import load
x = np.load(sys.argv[2])
t = load(sys.argv[1])
labels = np.zeros(len(x), int) if sys.argv[4] == "vib" else None
found = [call() for name, call in (("encode", lambda: t.encode(x)), ("sample", lambda: t.sample(5, 0)),
                                   ("encode", lambda: t.reconstruct(x))) if getattr(t.model, name)]
np.savez(sys.argv[3], t.score(x, labels), *found)
"""


@pytest.mark.parametrize("name", ["eae", "vqvae", *(pytest.param(name, marks=pytest.mark.slow) for name in (
    "ae", "vae", "vib", "dae", "gan", "aae", "ali"))])
def test_another_machine_gives_the_same_numbers(name, runs, tmp_path):
    np.save(tmp_path / "x.npy", images()[0])
    found = []
    for core in ("Haswell", "Prescott"):
        out = tmp_path / f"{core}.npz"
        words = [str(runs / name / "images"), str(tmp_path / "x.npy"), str(out), name]
        subprocess.run([sys.executable, "-c", OTHER, *words],
                       env={**os.environ, "OPENBLAS_CORETYPE": core}, check=True)
        found.append(np.load(out))
    for part in found[0].files:
        assert np.allclose(found[0][part], found[1][part], rtol=1e-12, atol=1e-12)


# Data as people have them, on the command line


def trained_on(out, file, *more, capsys):
    """Exit code, what is printed and what is said of a short run."""
    argv = ["train", "ae", "--data", str(file), "--steps", "3", "--hidden", "4", "--latent", "1", "--out", str(out)]
    code = main([*argv, *more])
    return code, *capsys.readouterr()


@pytest.mark.usefixtures("plain")
def test_a_model_of_kaggles_table_takes_arrays_too(tmp_path, capsys):
    x, labels = images()
    x = np.concatenate([x, x[:, :1]], axis=1)
    header = "label," + ",".join(f"pixel{j}" for j in range(16))
    lines = [f"{label}," + ",".join(map(str, row)) for label, row in zip(labels, x.reshape(N, -1), strict=True)]
    (tmp_path / "train.csv").write_text("\n".join([header, *lines]) + "\n")
    code, out, _ = trained_on(tmp_path / "a", tmp_path / "train.csv", capsys=capsys)
    assert code == 0
    assert "shape: images of 4 x 4" in out
    np.save(tmp_path / "x.npy", x[..., None])
    for file in ("x.npy", "train.csv"):
        assert main(["encode", str(tmp_path / "a"), str(tmp_path / file), "--out", str(tmp_path / f"{file}.npy")]) == 0
    assert np.array_equal(np.load(tmp_path / "x.npy.npy"), np.load(tmp_path / "train.csv.npy"))


@pytest.mark.usefixtures("plain")
def test_rows_that_keras_sets_aside_are_held_out(tmp_path, capsys):
    x, labels = images()
    np.savez(tmp_path / "x.npz", x_train=x[:20], y_train=labels[:20], x_test=x[20:], y_test=labels[20:])
    code, out, _ = trained_on(tmp_path / "a", tmp_path / "x.npz", capsys=capsys)
    assert code == 0
    assert out.startswith(f"ae on {tmp_path / 'x.npz'}: 3 steps on 20 rows\n")
    assert "held out: the last 11 rows" in out
    found = load(tmp_path / "a")
    error = found.score(x[20:]).mean()
    report = (tmp_path / "a" / "report.csv").read_text().splitlines()[1].split(",")
    assert float(report[1]) == pytest.approx(error, rel=1e-12)


@pytest.mark.usefixtures("plain")
def test_ages_and_incomes_are_no_grey_values(tmp_path, capsys):
    (tmp_path / "x.csv").write_text("name,age,income\n" + "".join(f"p{i},{20 + i},{1000 * i}\n" for i in range(30)))
    code, out, err = trained_on(tmp_path / "a", tmp_path / "x.csv", capsys=capsys)
    assert (code, out) == (2, "")
    assert err.endswith("--data: got columns that span 0 to 2.9e+04, the widest called 'income', wanted at most 100 in "
                        "size; --standardise\n")
    code, out, err = trained_on(tmp_path / "a", tmp_path / "x.csv", "--standardise", capsys=capsys)
    assert code == 0
    assert "columns: 2: age, income\n  scaling: mean 0 and variance 1" in out


@pytest.mark.parametrize(("options", "message"), [
    (["--columns", "a"], r"--columns: got 'a', wanted columns of .*x.csv, as in .*"),
    (["--label", "a"], r"--label: got 'a', wanted columns of .*x.csv, as in .*"),
    (["--shape", "3,3"], r"--shape: got 3,3 for the 2 columns of .*x.csv, wanted rows,cols of an image with 2 pixels"),
    (["--columns", "name"], "--data: .*x.csv: got 'p0' in line 2, column 'name', wanted numbers: it holds text")])
def test_words_that_fit_no_column_are_one_line(options, message, tmp_path, capsys):
    (tmp_path / "x.csv").write_text("name,one,two\n" + "".join(f"p{i},{i},{2 * i}\n" for i in range(30)))
    code, out, err = trained_on(tmp_path / "a", tmp_path / "x.csv", *options, capsys=capsys)
    assert (code, out) == (2, "")
    assert re.fullmatch(f"refvae train: {message}\n", err)
    assert not (tmp_path / "a").exists()


# Training


@pytest.mark.parametrize("model", ["eae", "vqvae"])
def test_steps_that_are_too_large_are_one_line(model, tmp_path, capsys):
    assert main(["train", model, "--lr", "1e300", "--steps", "9", "--out", str(tmp_path / "a")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"refvae train: training failed: .*NaN or infinite entries.*; a smaller --lr may help\n", err)
    assert not (tmp_path / "a").exists()


def test_a_loss_that_is_none_before_any_step_blames_the_scale_of_the_data(tmp_path, capsys):
    x = 90 * np.sign(np.random.default_rng(0).standard_normal((200, 64)))
    np.savez(tmp_path / "x.npz", x=x, y=np.arange(200) % 3)
    assert main(["train", "vib", "--data", str(tmp_path / "x.npz"), "--dtype", "float32", "--hidden", "200,200",
                 "--out", str(tmp_path / "a")]) == 2
    assert re.fullmatch(r"refvae train: training failed: loss: got (inf|nan) in epoch 0, step 0, wanted a finite one; "
                        r"no step is taken yet, so it is the scale of the data, which go from -90 to 90: "
                        r"--standardise\n",
                        capsys.readouterr().err)


LONGER = {**{name: [] for name in MODELS}, "vqvae, averages": ["--codebook", "ema"],
          "vib, capacity": ["--capacity", "1"], "vqvae, no reset": ["--no-reset"]}


@pytest.mark.parametrize("case", LONGER)
@pytest.mark.usefixtures("plain")
def test_a_run_in_two_parts_ends_bit_for_bit_like_one(case, runs, tmp_path):
    model = case.partition(",")[0]
    argv = ["train", model, "--data", str(runs / "images.npz"), "--batch", "6", "--hidden", "5", *OWN[model],
            *LONGER[case], *(["--samples", "2"] if model == "vae" else [])]
    assert main([*argv, "--steps", "6", "--out", str(tmp_path / "a")]) == 0
    assert main(["train", model, "--out", str(tmp_path / "a"), "--resume", "--steps", "13"]) == 0
    assert main([*argv, "--steps", "13", "--out", str(tmp_path / "b")]) == 0
    one, other = ({path.name: path.read_bytes() for path in (tmp_path / out).iterdir()} for out in "ab")
    assert one == other


def test_history_has_both_sides_of_a_game(runs):
    for name, sides in (("gan", ["discriminator", "generator"]), ("ali", ["discriminator", "encoder and decoder"])):
        header, *lines = csv.reader((runs / name / "images" / "history.csv").read_text().splitlines())
        assert header[3:] == ["held-out loss in nats", *(f"held-out loss of {side}" for side in sides)]
        for line in lines:
            assert float(line[3]) == pytest.approx(float(line[4]) + float(line[5]), rel=1e-12)


@pytest.mark.usefixtures("plain")
def test_the_weight_moves_until_the_rate_is_at_its_capacity(tmp_path, capsys):
    assert main(["train", "vib", "--capacity", "2", "--steps", "500", "--out", str(tmp_path / "a")]) == 0
    report = dict(line[:2] for line in csv.reader((tmp_path / "a" / "report.csv").read_text().splitlines()))
    assert abs(float(report["rate KL(q(z|x) || p(z)) in nats"]) - 2) < 0.6
    assert 0.1 < float(report["weight of the rate"]) < 1
