"""`refvae estimate` and `refvae study`: what they print and write, what they refuse, and going on."""

import csv
import json
import re

import numpy as np
import pytest
from scipy import stats

from refvae.cli import main
from refvae.entropy import knn_divergence, knn_entropy, mutual_information
from refvae.entropy.study import LAWS

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
    found = told(capsys, "mi", "x.csv", "--columns", "1", "--norm", "inf")
    assert found["value"] == mutual_information(x[:, [1]], x[:, [0, 2]]).value


def test_what_a_person_reads(files, capsys):
    assert main(["estimate", "entropy", "x.csv"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("entropy  ")
    assert f"jackknife standard error  {knn_entropy(files[0]).jackknife_se:.2g}\n" in out
    assert "naive" not in out
    assert "warning: d = 3: from 3 dimensions on" in out


def test_jitter_and_its_warning(files, capsys):
    found = told(capsys, "entropy", "twice.npz", "--jitter", "1", "--k", "1")
    assert found == told(capsys, "entropy", "twice.npz", "--jitter", "1", "--k", "1")
    assert "9 of 18 rows repeat another" in found["warnings"][-1]


def test_rounded_data_and_too_few_points_are_said(tmp_path, capsys):
    np.savetxt(tmp_path / "r.csv", [[i % 5, i] for i in range(30)], delimiter=",")
    assert "columns [0] have few different values" in told(capsys, "entropy", str(tmp_path / "r.csv"))["warnings"][0]
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
    (["entropy", "twice.npz", "--k", "1"], "twice.npz: got 18 of 18 points .* or --jitter SEED"),
    (["entropy", "x.csv", "--jitter", "-1"], "--jitter: got -1"),
    (["entropy", "wide.npy", "--weights", "bsy", "--k", "48"], "--weights: got absolute values of sum .* for n = 90"),
    (["divergence", "x.csv", "y.npy", "--k", "51"], "--k: got 51, wanted 1 <= k <= 50"),
    (["mi", "x.csv", "y.npy"], "a column of x and of y: got shapes"),
    (["mi", "x.csv"], "--columns: got none and no FILE2"),
    (["mi", "x.csv", "--columns", "0-2"], "--columns: got all columns of 3 in x.csv, .* at least one left over"),
])
def test_bad_input_is_one_line_and_exit_code_2(files, capsys, argv, message):
    assert main(["estimate", *argv]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert re.search(message, said.err)


@pytest.mark.parametrize("argv", [["entropy", "x.csv", "--columns", "a"], ["entropy", "x.csv", "--columns", "1,1"],
                                  ["entropy"], ["divergence", "x.csv"], ["entropy", "x.csv", "--periodic", "a"],
                                  ["entropy", "x.csv", "--box", "1"]])
def test_words_that_are_no_numbers(argv, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["estimate", *argv])
    assert stopped.value.code == 2


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
    within = [abs(e) <= 1.959964 * float(t["jackknife_se"]) for e, t in zip(errors, case, strict=True)]
    assert float(row["jackknife_coverage"]) == pytest.approx(np.mean(within), rel=1e-12)


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
