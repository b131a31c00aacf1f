"""`refvae estimate` and `refvae study`: what they print and write, what they refuse, and going on."""

import csv
import io
import itertools
import json
import re
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from refvae.cli import main
from refvae.entropy import (
    conditional_mutual_information,
    independence_test,
    knn_divergence,
    knn_entropy,
    mixed_information,
    mutual_information,
    total_correlation,
)
from refvae.entropy.study import LAWS, PAIRS, Summary, Trial, summarise

STUDY = ["--laws", "student", "--dims", "1,2", "--sizes", "12,20", "--k", "1,3", "--trials", "12", "--workers", "1"]


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Two samples of three columns, one with duplicates, and the folder as the current one."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((60, 3)), rng.standard_normal((50, 3)) + 0.5
    np.savetxt("x.csv", x, delimiter=",")
    np.save("y.npy", y)
    np.savez("twice.npz", x=np.repeat(x[:9], 2, axis=0))
    np.save("wide.npy", rng.standard_normal((90, 16)))
    return x, y


def told(capsys, *argv):
    """The JSON that a command prints."""
    assert main(["estimate", *argv, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


# Estimates


def test_entropy_of_a_file(files, capsys):
    x, _ = files
    found, e = told(capsys, "entropy", "x.csv", "--columns", "0,2", "--k", "4"), knn_entropy(x[:, [0, 2]], 4)
    assert found["value"] == e.value
    assert found["jackknife_se"] == e.jackknife_se
    assert found["settings"] == {"n": 60, "d": 2, "k": 4, "norm": 2}
    assert found["warnings"] == []
    assert found["unit"] == "nats"


def test_all_settings_of_entropy_arrive(files, capsys):
    x, _ = files
    assert told(capsys, "entropy", "x.csv", "--whiten")["value"] == knn_entropy(x, 3, whiten=True).value
    assert told(capsys, "entropy", "x.csv", "--weights", "bsy", "--k", "6")["value"] == knn_entropy(
        x, 6, weights="bsy").value
    boxed = told(capsys, "entropy", "x.csv", "--norm", "inf", "--box=-9:9,8,9")
    assert boxed["value"] == knn_entropy(x, 3, norm=np.inf, box=(-9, [9, 8, 9])).value
    assert boxed["settings"]["norm"] == "inf"
    assert told(capsys, "entropy", "x.csv", "--periodic", "9")["value"] == knn_entropy(x, 3, periodic=9.0).value


def test_divergence_of_two_files(files, capsys):
    x, y = files
    found = told(capsys, "divergence", "x.csv", "y.npy", "--norm", "inf", "--columns", "1-2")
    assert found["value"] == knn_divergence(x[:, 1:], y[:, 1:], 3, norm=np.inf).value
    assert found["settings"]["m"] == 50


@pytest.mark.parametrize("method", ["ksg1", "ksg2", "3h"])
def test_information_of_two_files_and_of_columns(files, capsys, method):
    x, y = files
    np.save("both.npy", x[:50])
    found = told(capsys, "mi", "both.npy", "y.npy", "--method", method, "--k", "2")
    e = mutual_information(x[:50], y, 2, method=method)
    assert (found["value"], found["jackknife_se"]) == (e.value, e.jackknife_se)
    found = told(capsys, "mi", "x.csv", "--x", "1")
    assert found["value"] == mutual_information(x[:, [1]], x[:, [0, 2]]).value


def test_what_a_person_reads(files, capsys):
    assert main(["estimate", "entropy", "x.csv"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("entropy  ")
    assert f"jackknife standard error  {knn_entropy(files[0]).jackknife_se:.2g}\n" in out
    assert "\ncolumns  x = 0, 1, 2\n" in out
    assert "naive" not in out


def test_jitter_of_a_seed(files, capsys):
    found = told(capsys, "entropy", "twice.npz", "--ties", "jitter", "--seed", "1", "--k", "1")
    assert found == told(capsys, "entropy", "twice.npz", "--ties", "jitter", "--seed", "1", "--k", "1")
    assert found["settings"]["ties"] == "jitter"


def test_too_few_points_are_said(tmp_path, capsys):
    np.save(tmp_path / "two.npy", [[0.0], [1.0]])
    assert told(capsys, "entropy", str(tmp_path / "two.npy"), "--k", "1")["jackknife_se"] is None
    assert main(["estimate", "entropy", str(tmp_path / "two.npy"), "--k", "1"]) == 0
    assert "jackknife standard error  none: it needs more points\n" in capsys.readouterr().out


def test_what_takes_a_while_is_said(tmp_path, capsys):
    np.save(tmp_path / "many.npy", np.random.default_rng(0).standard_normal((6000, 1)))
    assert main(["estimate", "entropy", str(tmp_path / "many.npy")]) == 0
    assert re.fullmatch(r"1\.4\d+ nats; computing the standard error \.\.\.\n", capsys.readouterr().err)


@pytest.mark.parametrize(("argv", "message"), [
    (["entropy", "none.csv"], "none.csv: got no such file or directory"),
    (["entropy", "x.csv", "--k", "60"], "--k: got 60, wanted 1 <= k <= 59"),
    (["entropy", "x.csv", "--columns", "3"], "--columns: got column 3 of 3 in x.csv, wanted some of 0 to 2"),
    (["entropy", "x.csv", "--box", "0:1", "--norm", "inf"], "--box: got .* of 60 points outside it"),
    (["entropy", "x.csv", "--box", "0:1"], "--box: got norm 2, wanted norm inf"),
    (["entropy", "x.csv", "--periodic", "9", "--whiten"], "--whiten: got it with box or periodic"),
    (["entropy", "twice.npz", "--k", "1"], "x .0, 1, 2.: got 18 of 18 points .* or --ties jitter"),
    (["entropy", "x.csv", "--ties", "jitter", "--seed", "-1"], "--seed: got -1"),
    (["entropy", "wide.npy", "--weights", "bsy", "--k", "48"], "--weights: got absolute values of sum .* for n = 90"),
    (["divergence", "x.csv", "y.npy", "--k", "51"], "--k: got 51, wanted 1 <= k <= 50"),
    (["mi", "x.csv", "y.npy"], "y.npy: got 50 rows, wanted 60 as in x.csv"),
    (["mi", "x.csv"], "--x: got none and no FILE2"),
    (["mi", "x.csv", "--x", "0-2"], "x.csv: got no column left over, wanted one"),
    (["entropy", "x.csv", "--columns", "a"], "--columns: got 'a', wanted columns of x.csv, numbers from 0 to 2"),
    (["entropy", "x.csv", "--columns", "1,1"], "--columns: got column 1 twice"),
    (["entropy", "x.csv", "--columns", ""], "--columns: got '', wanted columns of x.csv"),
    (["entropy", "x.csv", "--label", "0,1"], "--label: got 2 columns, wanted one"),
    (["cmi", "x.csv", "--x", "0", "--y", "1"], "--z: got none, wanted the columns of this variable"),
    (["divergence", "-", "-"], "FILE, FILE2: got - twice"),
    (["mi", "x.csv", "--x", "0", "--lag", "60"], "--lag: got 60, wanted 0 <= lag <= 59"),
    (["te", "x.csv", "--x", "0", "--y", "1", "--lag", "0"], "--lag: got 0, wanted 1 <= lag <= 59"),
    (["entropy", "x.csv", "--plot", "x.jpg"], "--plot: got the ending '.jpg', wanted a file .svg"),
    (["entropy", "x.csv", "--plot", "none/x.svg"], "--plot: got no folder none"),
    (["mi", "x.csv", "--x", "0", "--blocks", "5"], "--blocks: got it without --test"),
    (["mi", "x.csv", "--x", "0", "--test", "0"], "--test: got 0, wanted permutations >= 1"),
    (["mi", "x.csv", "--x", "0", "--ci", "1"], "--ci: got 1.0, wanted a number above 0 and below 1"),
    (["mi", "x.csv", "--x", "0", "--method", "mixed", "--ranks"], "--ranks: got it with --method mixed"),
    (["mi", "x.csv", "--x", "0", "--discrete", "x"], "--discrete: got it without --method mixed"),
    (["mi", "x.csv", "--pairs", "--ci", ".9"], "--ci: got it with --pairs"),
    (["mi", "x.csv", "y.npy", "--pairs"], "FILE2: got it with --pairs, wanted one file"),
    (["mi", "x.csv", "--pairs", "-j", "0"], "--jobs: got 0"),
    (["mi", "x.csv", "--pairs", "--x", "0"], "x.csv: got 1 columns of numbers, wanted at least 2"),
])
def test_bad_input_is_one_line_and_exit_code_2(files, capsys, argv, message):
    assert main(["estimate", *argv]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert re.search(message, said.err)


@pytest.mark.parametrize("argv", [["entropy"], ["entropy", "x.csv", "--base", "3"],
                                  ["divergence", "x.csv"], ["entropy", "x.csv", "--periodic", "a"],
                                  ["entropy", "x.csv", "--box", "1"]])
def test_words_that_are_no_numbers(argv, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["estimate", *argv])
    assert stopped.value.code == 2


# Columns


@pytest.fixture
def people(tmp_path, monkeypatch):
    """A table as pandas writes it, with an index, words, labels and missing values; its numbers by name."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(1)
    age, wage, income = rng.standard_normal((3, 40))
    income += age
    rows = [f"{i},{'ab'[i % 2]},{a!r},{'' if i in (3, 7) else repr(w)},{i % 3},{c!r}" for i, (a, w, c) in
            enumerate(zip(age.tolist(), wage.tolist(), income.tolist(), strict=True))]
    Path("people.csv").write_text(",sex,age,wage,class,income\n" + "\n".join(rows) + "\n")
    return {"age": age[:, None], "wage": wage[:, None], "income": income[:, None]}


def test_columns_by_name_and_number(people, capsys):
    both = np.hstack([people["age"], people["income"]])
    for columns in ("age,income", "2,5", "age, 5", '"age",income'):
        found = told(capsys, "entropy", "people.csv", "--columns", columns)
        assert (found["value"], found["columns"]) == (knn_entropy(both).value, {"x": ["age", "income"]})
    found = told(capsys, "mi", "people.csv", "--x", "income", "--y", "age")
    assert found["value"] == mutual_information(people["income"], people["age"]).value
    assert main(["estimate", "mi", "people.csv", "--x", "age,income", "--y", "5"]) == 0
    assert "\ncolumns  x = age, income; y = income\n" in capsys.readouterr().out


def test_words_that_nobody_asked_for_do_not_matter_and_those_asked_for_are_named(people, capsys):
    assert main(["estimate", "entropy", "people.csv"]) == 2
    said = capsys.readouterr().err
    assert "got 'a' in line 2, column 'sex', wanted numbers: it holds text; choose others by --columns, or" in said
    assert main(["estimate", "mi", "people.csv", "--x", "ages"]) == 2
    assert "--x: got 'ages', wanted columns of people.csv, as in age, wage" in capsys.readouterr().err


def test_rows_without_a_value_are_left_out_only_when_asked_and_counted(people, capsys):
    assert main(["estimate", "mi", "people.csv", "--x", "age", "--y", "wage"]) == 2
    said = capsys.readouterr().err
    assert "got missing values in 2 of 40 rows, the first '' in line 5, column 'wage', wanted numbers, or --" in said
    found = told(capsys, "mi", "people.csv", "--x", "age", "--y", "wage", "--drop-missing")
    kept = np.delete(np.arange(40), [3, 7])
    assert found["value"] == mutual_information(people["age"][kept], people["wage"][kept]).value
    assert "people.csv: 2 of 40 rows left out, where values are missing" in found["notes"]


def test_a_label_column_stays_and_an_index_does_not_and_both_are_said(people, capsys, tmp_path):
    rows = np.hstack([people["age"], np.arange(40)[:, None] % 3, people["income"]])
    Path("few.csv").write_text(",age,class,income\n" + "".join(
        f"{i},{a!r},{int(c)},{b!r}\n" for i, (a, c, b) in enumerate(rows.tolist())))
    found = told(capsys, "entropy", "few.csv")
    assert (found["value"], found["columns"]["x"]) == (knn_entropy(rows).value, ["age", "class", "income"])
    assert "column 'class' is taken for data; --label class leaves it out" in found["notes"][-1]
    assert "column 0 (no name) counts or names the rows and is left out unless asked for" in found["notes"][0]
    assert len(told(capsys, "entropy", "few.csv", "--label", "none")["notes"]) == 1
    found = told(capsys, "entropy", "few.csv", "--label", "class")
    assert (found["value"], found["columns"]["x"]) == (knn_entropy(rows[:, [0, 2]]).value, ["age", "income"])
    assert "column 'class' holds labels and is left out" in found["notes"][-1]
    assert told(capsys, "entropy", "few.csv", "--columns", "0,1")["columns"]["x"] == ["0", "age"]


def test_a_name_that_is_a_number_is_a_name_and_said(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    x = np.random.default_rng(0).standard_normal((30, 2))
    Path("years.csv").write_text("i,2019,0\n" + "".join(f"{i},{a!r},{b!r}\n" for i, (a, b) in enumerate(x.tolist())))
    found = told(capsys, "entropy", "years.csv", "--columns", "2019")
    assert (found["value"], found["notes"]) == (knn_entropy(x[:, [0]]).value, [])
    found = told(capsys, "entropy", "years.csv", "--columns", "0")
    assert found["value"] == knn_entropy(x[:, [1]]).value
    assert found["notes"] == ["--columns: 0 is taken for the name of column 2"]


def test_two_samples_are_matched_by_name(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    x, y = np.random.default_rng(0).standard_normal((2, 30, 2))
    for name, z, header in (("x", x, "a,b"), ("y", y[:, ::-1], "b,a"), ("z", y, "a,c")):
        np.savetxt(f"{name}.csv", z, delimiter=",", header=header, comments="")
    found = told(capsys, "divergence", "x.csv", "y.csv")
    assert found["value"] == knn_divergence(x, y).value
    assert found["notes"] == ["y.csv: columns are taken by name, in the order of x.csv"]
    assert main(["estimate", "divergence", "x.csv", "z.csv"]) == 2
    assert "FILE2: got the columns a, c, wanted a, b as in FILE" in capsys.readouterr().err


@pytest.mark.parametrize("lag", [0, 1, 3])
def test_conditional_and_total_information_and_lags(people, capsys, lag):
    age, income = people["age"], people["income"]
    z = np.arange(40.0)[:, None] % 3
    n = 40 - lag
    found = told(capsys, "cmi", "people.csv", "--x", "age", "--y", "income", "--z", "class", "--lag", str(lag))
    assert found["value"] == conditional_mutual_information(age[:n], income[lag:], z[lag:]).value
    assert found.get("lag", 0) == lag
    if lag:
        found = told(capsys, "te", "people.csv", "--x", "age", "--y", "income", "--lag", str(lag))
        assert found["value"] == conditional_mutual_information(age[:n], income[lag:], income[lag - 1:-1]).value
    found = told(capsys, "tc", "people.csv", "--columns", "age,income", "--method", "ksg2")
    assert found["value"] == total_correlation([age, income], method="ksg2").value


def test_variables_of_two_files(people, capsys):
    np.savetxt("other.csv", np.hstack([people["age"], people["income"][::-1]]), delimiter=",", header="years,z",
               comments="")
    found = told(capsys, "mi", "people.csv", "other.csv", "--x", "income", "--y", "years")
    assert found["value"] == mutual_information(people["income"], people["age"]).value
    found = told(capsys, "cmi", "people.csv", "other.csv", "--x", "age", "--y", "income", "--z", "z")
    assert found["value"] == conditional_mutual_information(people["age"], people["income"],
                                                            people["income"][::-1]).value
    assert main(["estimate", "cmi", "people.csv", "other.csv", "--x", "age", "--y", "income", "--z", "0"]) == 2
    assert "--z: got '0', which FILE and FILE2 both have" in capsys.readouterr().err


def test_standard_input_and_other_formats(people, capsys, monkeypatch):
    want = knn_entropy(people["age"]).value
    for name, content in (("a.npy", people["age"][:, 0]), ("b.npy", people["age"])):
        np.save(name, content)
        assert told(capsys, "entropy", name)["value"] == want
    Path("c.txt").write_text("\n".join(map(repr, people["age"][:, 0].tolist())))
    Path("d.tsv").write_text("age\tword\n" + "".join(f"{a!r}\tq\n" for a in people["age"][:, 0].tolist()))
    np.savez("e.npz", x=people["age"][:, 0], y=np.hstack([people["wage"], people["income"]]))
    assert told(capsys, "entropy", "c.txt")["value"] == want
    assert told(capsys, "entropy", "d.tsv", "--columns", "age")["value"] == want
    assert told(capsys, "mi", "e.npz", "--x", "x", "--y", "y[1]")["value"] == mutual_information(
        people["age"], people["income"]).value
    for name in ("a.npy", "c.txt", "e.npz"):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(Path(name).read_bytes())))
        assert told(capsys, "entropy", "-", "--columns", "0")["value"] == want


def test_bits(people, capsys):
    asked = ["mi", "people.csv", "--x", "age", "--y", "income"]
    nats, bits = (told(capsys, *asked, "--base", base) for base in ("e", "2"))
    assert (nats["unit"], bits["unit"]) == ("nats", "bits")
    for name in ("value", "jackknife_se"):
        assert bits[name] == pytest.approx(nats[name] / np.log(2), rel=1e-15)


# Traps


def table_of(name, **columns):
    """A CSV file of these columns."""
    np.savetxt(name, np.column_stack([*columns.values()]), delimiter=",", header=",".join(columns), comments="")
    return name


@pytest.fixture
def traps(tmp_path, monkeypatch):
    """Normal columns x and y of correlation .9, with others made of them, and two independent series."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(2)
    x, e, u, v = rng.standard_normal((4, 400))
    y = 0.9 * x + np.sqrt(1 - 0.81) * e
    for j in range(1, 400):
        u[j], v[j] = 0.99 * u[j - 1] + 0.14 * u[j], 0.99 * v[j - 1] + 0.14 * v[j]
    return table_of("traps.csv", x=x, y=y, large=1e4 * y, coarse=y.round(1), two=(y > 0), u=u, v=v, e=e)


@pytest.mark.parametrize(("argv", "warning", "remedy"), [
    (["mi", "--x", "x", "--y", "large"], r"x \(x\): .* are too small beside the others': --standardise or --ranks",
     ["--standardise"]),
    (["entropy", "--columns", "x,large"], "columns x do not matter for the distances, .*: --standardise",
     ["--standardise"]),
    (["entropy", "--columns", "coarse", "--k", "20"], r"x \(coarse\): columns coarse have few different values, .*: --",
     None),
    (["mi", "--x", "u", "--y", "v"], r"x \(u\): lag-1 correlation 0.9\d, as in a series, .*: --exclude N leaves out N",
     ["--exclude", "30"]),
    (["entropy", "--columns", "x,y,e"], "biased for d >= 3, here 3: .*; compare with fewer columns", None),
    (["entropy", "--columns", "x", "--k", "200"], "k = 200 is of the order of n = 400, .*: take a smaller k",
     ["--k", "3"]),
])
def test_every_trap_is_named_with_its_remedy(traps, capsys, argv, warning, remedy):
    if "coarse" in argv:
        argv = [*argv, "--ties", "jitter"]
    asked = [argv[0], traps, *argv[1:]]
    assert any(re.search(warning, text) for text in told(capsys, *asked)["warnings"])
    assert main(["estimate", *asked]) == 0
    assert re.search(f"\nwarning: {warning}", capsys.readouterr().out)
    if remedy is not None:
        assert not any(re.search(warning, text) for text in told(capsys, *asked, *remedy)["warnings"])


def test_harmless_columns_have_no_warning(traps, capsys):
    assert told(capsys, "mi", traps, "--x", "x", "--y", "y")["warnings"] == []
    assert told(capsys, "entropy", traps, "--columns", "x,y")["warnings"] == []


def test_a_sample_against_itself(traps, capsys):
    found = told(capsys, "divergence", traps, traps, "--columns", "x,y")
    said = "400 rows of x are rows of y too, so the samples are not independent: leave out of one what is in the other"
    assert said in found["warnings"]


def test_rounded_and_discrete_columns_are_refused_with_remedies_that_work(traps, capsys):
    assert main(["estimate", "mi", traps, "--x", "x", "--y", "coarse"]) == 2
    said = capsys.readouterr().err
    assert "y (coarse): got" in said
    assert "--ties unround for rounded numbers" in said
    assert "--method mixed for a discrete variable" in said
    assert "rng" not in said
    truth = -np.log(1 - 0.81) / 2
    assert told(capsys, "mi", traps, "--x", "x", "--y", "coarse", "--ties", "unround")["value"] == pytest.approx(
        truth, abs=0.2)
    of_labels = told(capsys, "mi", traps, "--x", "two", "--y", "x", "--method", "mixed", "--discrete", "x")
    x, two = np.genfromtxt(traps, delimiter=",", skip_header=1)[:, [0, 4]].T
    assert of_labels["value"] == mixed_information(two, x, discrete="x").value == pytest.approx(0.37, abs=0.15)


def test_words_are_labels_for_mixed_variables(people, capsys):
    words = np.array(list("ab") * 20)
    found = told(capsys, "mi", "people.csv", "--x", "sex", "--y", "age", "--method", "mixed")
    assert found["value"] == mixed_information(words, people["age"], discrete="x").value
    found = told(capsys, "mi", "people.csv", "--x", "class", "--y", "sex", "--method", "mixed", "--discrete", "both")
    assert found["value"] == mixed_information(np.arange(40) % 3, words, discrete="both").value


def test_all_settings_of_information_arrive(people, capsys):
    x, y = people["age"], people["income"]
    asked = ["mi", "people.csv", "--x", "age", "--y", "income"]
    assert told(capsys, *asked, "--standardise")["value"] == mutual_information(x, y, standardise=True).value
    assert told(capsys, *asked, "--ranks")["value"] == mutual_information(x, y, ranks=True).value
    found = told(capsys, *asked, "--exclude", "2", "--ci", ".9")
    assert found["value"] == mutual_information(x, y, exclude=2).value
    assert (found["jackknife_se"], found["interval"], found["why_none"]) == (None, None, "rows depend on each other")
    assert told(capsys, *asked, "--ties", "jitter", "--seed", "3")["value"] == mutual_information(
        x, y, ties="jitter", rng=3).value
    low, high = told(capsys, *asked, "--ci", ".9", "--base", "2")["interval"]
    assert (low * np.log(2), high * np.log(2)) == pytest.approx(mutual_information(x, y).interval(0.9), rel=1e-12)
    assert main(["estimate", *asked, "--ci", ".9"]) == 0
    assert "\n90 % interval  " in capsys.readouterr().out


def test_independence(people, capsys):
    x, y = people["age"], people["income"]
    asked = ["people.csv", "--x", "age", "--y", "income", "--test", "39", "--seed", "5"]
    assert told(capsys, "mi", *asked)["p_value"] == independence_test(x, y, permutations=39, rng=5).p_value == 0.025
    assert told(capsys, "mi", *asked, "--blocks", "8", "--ranks")["p_value"] == independence_test(
        x, y, permutations=39, blocks=8, ranks=True, rng=5).p_value
    z = np.arange(40.0)[:, None] % 3
    assert told(capsys, "cmi", *asked, "--z", "class")["p_value"] == independence_test(
        x, y, z, permutations=39, rng=5).p_value
    assert main(["estimate", "mi", *asked]) == 0
    assert "\nindependence  p = 0.025 of 39 permutations\n" in capsys.readouterr().out


# Pairs and pictures


def test_all_pairs_of_columns(people, capsys):
    assert main(["estimate", "mi", "people.csv", "--pairs", "--drop-missing", "-j", "2"]) == 0
    said = capsys.readouterr()
    head, *rows = csv.reader(said.out.splitlines())
    assert head == ["", "age", "wage", "class", "income"] == ["", *(row[0] for row in rows)]
    matrix = np.array([[float(cell or "nan") for cell in row[1:]] for row in rows])
    np.testing.assert_array_equal(matrix, matrix.T)
    assert matrix[0, 3] == pytest.approx(mutual_information(people["age"], people["income"]).value, rel=1e-5)
    assert np.isnan(np.diag(matrix)).all()
    assert "columns of text are left out: sex" in said.err
    found = told(capsys, "mi", "people.csv", "--pairs", "--x", "age", "--y", "income,age", "--lag", "1")
    assert found["matrix"] == [[mutual_information(people["age"][:-1], people[name][1:]).value for name in
                                ("income", "age")]]


def test_a_pair_that_is_refused_is_empty_and_said(tmp_path, capsys):
    x = np.random.default_rng(0).standard_normal((20, 3)).round(1)
    x[:, :2] = np.arange(20)[:, None] // 5
    np.savetxt(tmp_path / "x.csv", x, delimiter=",", header="a,b,c", comments="")
    found = told(capsys, "mi", str(tmp_path / "x.csv"), "--pairs", "--method", "3h")
    assert found["matrix"][0][1] is None
    assert any(text.startswith("a, b: ") for text in found["warnings"])


@pytest.mark.parametrize(("argv", "words"), [
    (["entropy", "--columns", "age,income"], ["age", "income", "local value, nats"]),
    (["entropy", "--columns", "age"], ["age", "local value, nats"]),
    (["mi", "--x", "age", "--y", "income", "--base", "2"], ["age", "income", "local value, bits"]),
    (["tc", "--columns", "age,class,income", "--ties", "unround"], ["age", "class"]),
    (["mi", "--pairs", "--x", "age,income,class"], ["age", "income", "class", "nats"]),
])
def test_pictures(people, capsys, argv, words):
    for name in ("a.svg", "b.svg"):
        assert main(["estimate", argv[0], "people.csv", *argv[1:], "--plot", name]) == 0
    drawn = Path("a.svg").read_text("utf8")
    assert drawn == Path("b.svg").read_text("utf8")
    assert [word for word in words if f">{word}<" not in drawn] == []
    assert sorted(path.name for path in Path().iterdir()) == ["a.svg", "b.svg", "people.csv"]


# Studies


def study(out, *more):
    """Run a small study."""
    return main(["study", "entropy", *more, "--out", str(out)])


def test_a_study_writes_the_same_for_any_executor_and_when_cut_off(tmp_path, capsys):
    assert study(tmp_path / "one", *STUDY) == 0
    assert study(tmp_path / "threads", *STUDY[:-2], "--executor", "concurrent.futures:ThreadPoolExecutor") == 0
    assert study(tmp_path / "two", *STUDY[:-1], "2") == 0
    trials = (tmp_path / "one/trials.csv").read_bytes()
    for length in (len(trials) // 2, 40):
        (tmp_path / "two/trials.csv").write_bytes(trials[:length])
        assert study(tmp_path / "two", "--resume", "--workers", "1") == 0
        assert (tmp_path / "two/trials.csv").read_bytes() == trials
    for name in ("trials.csv", "summary.csv", "study.svg", "study.json"):
        assert len({(tmp_path / run / name).read_bytes() for run in ("one", "two", "threads")}) == 1
    assert "summary.csv" in capsys.readouterr().out


def test_the_tables_are_tidy_and_right(tmp_path):
    study(tmp_path, *STUDY)
    with (tmp_path / "trials.csv").open() as stream:
        trials = list(csv.DictReader(stream))
    with (tmp_path / "summary.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(trials) == 2 * 2 * 2 * 12
    assert len(rows) == 8
    case = [t for t in trials if (t["law"], t["d"], t["n"], t["k"]) == ("student", "2", "20", "3")]
    row = next(r for r in rows if (r["law"], r["d"], r["n"], r["k"]) == ("student", "2", "20", "3"))
    errors = np.array([float(t["value"]) - float(t["truth"]) for t in case])
    assert float(row["bias"]) == pytest.approx(errors.mean(), rel=1e-12)
    assert float(row["rmse"]) == pytest.approx(np.sqrt((errors**2).mean()), rel=1e-12)
    width = stats.t(19).ppf(0.975)
    within = [abs(e) <= width * float(t["jackknife_se"]) for e, t in zip(errors, case, strict=True)]
    assert float(row["jackknife_coverage"]) == pytest.approx(np.mean(within), rel=1e-12)


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A module of somebody else in the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [*sys.path])
    name = f"mine_{abs(hash(tmp_path)) % 10**9}"
    Path(f"{name}.py").write_text(
        "import numpy as np\nfrom refvae.entropy import mutual_information\n"
        "def normal(x):\n    return np.linalg.slogdet(2 * np.pi * np.e * np.cov(x.T))[1] / 2\n"
        "def ksg(x, y, k):\n    return mutual_information(x, y, k)\n"
        "def broken(x):\n    raise KeyError('x')\n")
    return name


def table_in(folder):
    with (folder / "summary.csv").open() as stream:
        return list(csv.DictReader(stream))


def test_an_estimator_of_somebody_else_runs_beside_ours_on_the_same_data(mine, tmp_path):
    asked = ["--sizes", "20,30", "--trials", "12", "--workers", "1"]
    assert main(["study", "entropy", "--laws", "normal", "--dims", "2", "--k", "1,3", *asked, "--estimator",
                 f"{mine}:normal", "--out", "a"]) == 0
    rows = table_in(tmp_path / "a")
    assert [(row["k"], row["estimator"]) for row in rows[:3]] == [("1", "refvae"), ("3", "refvae"),
                                                                  ("0", f"{mine}:normal")]
    assert (rows[2]["naive_ratio"], rows[2]["jackknife_coverage"]) == ("nan", "nan")
    assert abs(float(rows[2]["bias"])) < 0.3
    trials = (tmp_path / "a/trials.csv").read_bytes()
    (tmp_path / "a/trials.csv").write_bytes(trials[:len(trials) // 2])
    assert main(["study", "entropy", "--out", "a", "--resume", "--workers", "1"]) == 0
    assert (tmp_path / "a/trials.csv").read_bytes() == trials
    assert main(["study", "mi", "--laws", "noise", "--dims", "1", "--k", "1,3", *asked, "--estimator", f"{mine}:ksg",
                 "--out", "b"]) == 0
    rows = table_in(tmp_path / "b")
    assert [row["rmse"] for row in rows[:2]] == [row["rmse"] for row in rows[2:4]]
    assert float(rows[0]["truth"]) == pytest.approx(0.25 + np.log(2), rel=1e-15)


@pytest.mark.parametrize(("name", "words"), [("broken", "KeyError: 'x'"), ("none", "AttributeError"),
                                             ("ksg", "TypeError: ksg.. missing")])
def test_an_estimator_that_gives_no_number(mine, capsys, name, words):
    assert main(["study", "entropy", "--estimator", f"{mine}:{name}", "--out", "a"]) == 2
    said = capsys.readouterr().err
    assert re.fullmatch(rf"refvae study: --estimator: got '{mine}:{name}' \({words}.*\), wanted MODULE:FUN.*\n", said)
    assert not Path("a").exists()


def student_pair(x, y):
    """Density of two coordinates that share the scale of Student's law with 3 degrees of freedom."""
    return stats.multivariate_t(df=3).logpdf([x, y]) if np.ndim(x) == 0 else stats.multivariate_t(
        np.zeros(2), np.eye(2), df=3).logpdf(np.stack([x, y], -1))


@pytest.mark.parametrize("name", PAIRS)
def test_the_informations_of_the_pairs(name):
    rng = np.random.default_rng(0)
    x, y = PAIRS[name].sample(rng, 100_000, 1)
    x, y = x[:, 0], y[:, 0]
    if name == "cubed":
        x = np.cbrt(x)
    marginal = {"noise": lambda v: np.minimum(np.minimum(v, 1.5 - v) * 2, 1), "independent": lambda v: np.exp(-v)}
    if name == "student":
        ratio = student_pair(x, y) - stats.t(3).logpdf(x) - stats.t(3).logpdf(y)
    elif name in ("normal", "cubed"):
        ratio = stats.norm(0.8 * x, 0.6).logpdf(y) - stats.norm.logpdf(y)
    else:
        inside = np.log(2) if name == "noise" else -y
        ratio = inside - np.log(marginal[name](y))
    assert ratio.mean() == pytest.approx(PAIRS[name].information(1), abs=6 * ratio.std() / np.sqrt(len(x)) + 1e-12)
    assert PAIRS[name].information(3) == 3 * PAIRS[name].information(1)
    assert [each.shape for each in PAIRS[name].sample(rng, 5, 2)] == [(5, 2), (5, 2)]


def test_the_interval_of_the_study_is_that_of_the_estimate():
    x = np.random.default_rng(0).standard_normal((30, 1))
    e = knn_entropy(x)
    low, high = e.interval(0.95)
    for truth, held in ((low + 1e-9, 1.0), (low - 1e-9, 0.0), (high - 1e-9, 1.0), (high + 1e-9, 0.0)):
        trials = [Trial("normal", 1, 30, 3, 0, e.value, truth + shift, e.naive_se, e.jackknife_se)
                  for shift in (0.0, 1e-11)]
        assert summarise(trials)[0].jackknife_coverage == held


def overlapping(figure):
    """Labels of ticks that touch another of their axis."""
    figure.canvas.draw()
    touching = []
    for axis in (axis for ax in figure.axes for axis in (ax.xaxis, ax.yaxis)):
        low, high = sorted(axis.get_view_interval())
        labels = [tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
        boxes = [label.get_window_extent() for label in labels if label.get_visible() and label.get_text()]
        touching += [a for a, b in itertools.combinations(boxes, 2) if a.overlaps(b)]
    return touching


@pytest.mark.parametrize(("sizes", "least"), [((100, 120, 150, 1000), 1e-5), ((100, 1000), 0.02), ((50, 60), 0.3)])
def test_ticks_of_a_study_stand_apart(sizes, least):
    case = lambda d, n, k: Summary("uniform", d, n, k, 9, 0.0, least * n / sizes[0], 0.1, 0.1, 0.5, 1.0, 1.0, 1.0, 1.0)
    rows = [case(d, n, k) for d in (1, 2) for n in sizes for k in (1, 3)]
    figure = import_module("refvae.cli.study_picture").draw(rows)
    assert overlapping(figure) == []


@pytest.mark.parametrize("name", LAWS)
def test_the_entropies_of_the_laws(name):
    laws = {"normal": stats.norm, "uniform": stats.uniform, "laplace": stats.laplace, "logistic": stats.logistic,
            "exponential": stats.expon, "student": stats.t(3), "cauchy": stats.cauchy}
    if name == "correlated":
        cov = 0.8 ** np.abs(np.subtract.outer(range(4), range(4)))
        assert LAWS[name].entropy(4) == pytest.approx(stats.multivariate_normal(np.zeros(4), cov).entropy(), rel=1e-12)
        assert np.cov(LAWS[name].sample(np.random.default_rng(0), 20000, 4).T) == pytest.approx(cov, abs=0.05)
    else:
        assert LAWS[name].entropy(3) == pytest.approx(3 * laws[name].entropy(), rel=1e-7)
        x = LAWS[name].sample(np.random.default_rng(0), 4000, 2)
        assert stats.kstest(x.ravel(), laws[name].cdf).pvalue > 1e-4


@pytest.mark.parametrize(("argv", "message"), [
    (["--laws", "gauss"], "--laws: got 'gauss', wanted some of normal"),
    (["--dims", ""], "--dims: got"), (["--k", "3,3"], "--k: got"),
    (["--sizes", "5", "--k", "4"], "--sizes: got 5 with k = 4"),
    (["--sizes", "6", "--k", "2", "--dims", "8", "--whiten"], "--sizes: got 6 with whiten"),
    (["--trials", "0"], "--trials: got 0"), (["--seed", "-1"], "--seed: got -1"),
    (["--workers", "0"], "--workers: got 0"),
    (["--weights", "bsy", "--k", "3", "--dims", "4"], "--k: got 3, wanted k >= 4"),
    (["--executor", "nowhere:at_all"], "--executor: got 'nowhere:at_all' (ModuleNotFoundError"),
    (["--executor", "builtins:dict"], "--executor: got dict from builtins:dict"),
    (["--resume"], "--resume: got no study in"),
])
def test_bad_studies(tmp_path, capsys, argv, message):
    assert study(tmp_path / "out", *argv) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


def test_a_study_goes_on_only_as_it_was(tmp_path, capsys):
    study(tmp_path, *STUDY)
    assert study(tmp_path, "--resume", "--seed", "1") == 2
    assert "--seed: got 1, wanted 0 as before" in capsys.readouterr().err
    assert study(tmp_path, *STUDY) == 2
    assert "not empty" in capsys.readouterr().err


def test_an_edited_trial_is_refused(tmp_path, capsys):
    study(tmp_path, *STUDY)
    file = tmp_path / "trials.csv"
    lines = file.read_text().split("\n")
    for cell, number in (("x", 1), ("9", 5)):
        changed = lines[number].split(",")
        file.write_text("\n".join([*lines[:number], ",".join([*changed[:5], cell, *changed[6:]]), *lines[number + 1:]]))
        capsys.readouterr()
        assert main(["study", "entropy", "--out", str(tmp_path), "--resume"]) == 2
        assert capsys.readouterr().err == (f"refvae study: --resume: got another line {number + 1} in {file} than was "
                                           "written, wanted the file as it was\n")
