"""`refvae train`, its models, and that a run is a function of its recipe: byte for byte, with interrupts or without."""

import csv
import io
import itertools
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from refvae import checkpoint, trees
from refvae.check import check_layer
from refvae.checkpoint import CheckpointError
from refvae.cli import main, parser
from refvae.cli import train as command
from refvae.data import readers
from refvae.data.readers import Dataset
from refvae.models import (
    MODELS,
    Recipe,
    ae,
    fingerprint,
    first_parameters,
    gallery,
    load,
    read_story,
    story,
    vae,
    watch,
)
from refvae.models.record import Facts, Fitted, compared, facts, grey, mean, ready, split

N, SHAPE, LEVELS = 31, (3, 4), 7
SMALL = ["--batch", "6", "--hidden", "5", "--latent", "2"]  # 24 rows to train on are 4 steps an epoch
FILES = {"model.npz", "history.csv", "report.csv", "checkpoint.npz", "loss.svg"}
CODES, REAL = {"reconstructions.svg", "codes.svg"}, {"traversals.svg", "paths.svg", "manifold.svg"}
WROTE = {"ae": FILES | CODES | REAL,
         "vae": FILES | CODES | REAL | {"samples.svg"},
         "vib": FILES | {"codes.svg", "confusions.svg"},
         "gan": FILES | REAL | {"samples.svg"},
         "aae": FILES | CODES | REAL | {"samples.svg"},
         "ali": FILES | CODES | REAL | {"samples.svg"},
         "eae": FILES | CODES | REAL | {"samples.svg"},
         "vqvae": FILES | {"reconstructions.svg", "samples.svg"},
         "dae": FILES | {"denoised.svg", "samples.svg"}}


def images(dtype=np.uint8):
    """Grey images with labels."""
    rng = np.random.default_rng(3)
    x = rng.integers(0, LEVELS, (N, *SHAPE), endpoint=True)
    x[0, 0, 0] = LEVELS
    return x.astype(dtype), rng.integers(0, 3, N)


@pytest.fixture
def data(tmp_path):
    """The file of those images."""
    x, labels = images()
    np.savez(tmp_path / "images.npz", x=x, y=labels)
    return tmp_path / "images.npz"


@pytest.fixture
def run(data, tmp_path, capsys):
    """Train on the images, into a folder of this name; gives exit code, lines and errors."""
    def trained(out, *options, model="ae", steps=10, resume=False, small=True):
        argv = ["train", model, "--out", str(tmp_path / out), *(["--resume"] if resume else ["--data", str(data)])]
        argv += ["--steps", str(steps)] if steps else []
        few = SMALL[:4] if model == "dae" else SMALL  # it has no codes
        code = main([*argv, *(few if small and not resume else []), *map(str, options)])
        return (code, *capsys.readouterr())

    return trained


@pytest.fixture
def plain(monkeypatch):
    """Runs without pictures but the loss, which take most of the time of a short run."""
    monkeypatch.setattr(gallery, "pictures", lambda *_: {})


def files(folder):
    """Name -> bytes."""
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def rows(path):
    return list(csv.reader(path.read_text("utf8").splitlines()))


# What a run writes


@pytest.mark.parametrize("model", MODELS)
def test_a_run_writes_its_files_and_prints_them_after_the_numbers(model, run, tmp_path):
    code, out, err = run("a", model=model)
    assert (code, err) == (0, "")
    assert set(files(tmp_path / "a")) == WROTE[model]
    *told, numbers = "\n".join(out.splitlines()[:-len(WROTE[model])]).split("\non the held-out rows\n")
    first, *recipe = told[0].splitlines()
    assert first == f"{model} on {tmp_path / 'images.npz'}: 10 steps on 24 rows"
    assert {Path(line) for line in out.splitlines()[-len(WROTE[model]):]} == set((tmp_path / "a").iterdir())
    header, *report = rows(tmp_path / "a" / "report.csv")
    assert header == ["quantity", "value", "standard error"]
    for line, (name, value, error) in zip(numbers.splitlines(), report, strict=False):
        assert line.startswith(f"  {name}  ")
        assert f"{float(value):.6g}" in line
        assert (f"± {float(error):.2g}" in line) if error else ("±" not in line)
    kept = [f"  {name}: {text}" for name, text, _ in report[len(numbers.splitlines()):]]
    assert kept == [line.replace("  ", "  recipe: ", 1) for line in recipe]
    assert "  scaling: grey values, divided by 7" in recipe
    assert ("  threshold: above one half is 1, else 0" in recipe) == (model == "vae")


@pytest.mark.usefixtures("plain")
def test_history_has_a_line_for_every_epoch(run, tmp_path):
    run("a")
    header, *lines = rows(tmp_path / "a" / "history.csv")
    assert header == ["epoch", "step", "loss in squared error per row", "held-out loss in squared error per row"]
    assert [line[:2] for line in lines] == [["1", "4"], ["2", "8"], ["3", "10"]]
    saved = checkpoint.load(tmp_path / "a" / "checkpoint.npz")
    assert [float(line[2]) for line in lines][:2] == saved.arrays["history"].tolist()
    assert [[float(line[3])] for line in lines][:2] == saved.arrays["watched"].tolist()
    assert float(lines[-1][3]) == pytest.approx(float(rows(tmp_path / "a" / "report.csv")[1][1]), rel=1e-13)


@pytest.mark.parametrize(("model", "options"), [("ae", []), ("vae", []), ("vae", ["--dtype", "float32"])])
def test_the_same_seed_gives_the_same_bytes(model, options, run, tmp_path):
    for out in ("a", "b"):
        assert run(out, *options, model=model)[0] == 0
    assert files(tmp_path / "a") == files(tmp_path / "b")


@pytest.mark.usefixtures("plain")
def test_other_seeds_give_other_models(run, tmp_path):
    run("a")
    run("b", "--seed", 1)
    one, other = (load(tmp_path / out / "model.npz").p for out in "ab")
    assert not any(np.array_equal(u, v) for u, v in zip(trees.leaves(one), trees.leaves(other), strict=True) if v.any())


@pytest.mark.usefixtures("plain")
def test_by_default_it_trains_on_the_digits_into_a_folder_named_after_model_and_seed(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["train", "ae", "--steps", "2", "--seed", "3"]) == 0
    assert capsys.readouterr().out.startswith("ae on digits: 2 steps on 1437 rows\n")
    assert set(files(tmp_path / "runs" / "ae-seed3")) == FILES
    recipe, known = read_story(checkpoint.load(tmp_path / "runs" / "ae-seed3" / "model.npz"))
    sha256 = fingerprint(readers.dataset("digits"))
    assert recipe == Recipe("ae", ae.Settings(), "digits", sha256, 3, 2, 100, 1e-3, "float64")
    assert known == Facts(64, (8, 8), 16, 10, (), tuple("0123456789"), 1437, 0.0, 1.0, (0.0, 16.0))


@pytest.mark.usefixtures("plain")
def test_the_default_batch_is_at_most_all_rows(run, tmp_path):
    run("a", small=False)
    assert read_story(checkpoint.load(tmp_path / "a" / "model.npz"))[0].batch == 24


@pytest.mark.usefixtures("plain")
def test_held_out_rows_do_not_touch_the_parameters(run, data, tmp_path):
    x, labels = images()
    run("a")
    x[5::5] = LEVELS - x[5::5]
    np.savez(data, x=x, y=labels)
    run("b")
    one, other = (load(tmp_path / out / "model.npz").p for out in "ab")
    assert all(map(np.array_equal, trees.leaves(one), trees.leaves(other)))
    assert files(tmp_path / "a")["report.csv"] != files(tmp_path / "b")["report.csv"]


@pytest.mark.parametrize("model", [model for model in MODELS if model not in ("vib", "dae")])  # labels; no codes
def test_a_table_without_images_has_a_loss_curve_only(model, run, tmp_path):
    np.savetxt(tmp_path / "table.csv", np.random.default_rng(0).random((20, 3)), delimiter=",")
    assert run("a", "--data", tmp_path / "table.csv", "--latent", 1, model=model)[0] == 0
    assert set(files(tmp_path / "a")) == FILES


# Going on


def interrupted(monkeypatch, at):
    """Let the objective of the autoencoder be interrupted once, in that call: 4 steps, and 2 looks at held-out rows."""
    count, loss = itertools.count(), ae.squared_loss

    def squared_loss(p, x):
        if next(count) == at:
            raise KeyboardInterrupt
        return loss(p, x)

    monkeypatch.setattr(ae, "squared_loss", squared_loss)


@pytest.mark.parametrize(("at", "kept"), [(0, 0), (3, 0), (5, 0), (6, 4), (11, 4), (13, 8)])
@pytest.mark.usefixtures("plain")
def test_an_interrupted_run_goes_on_as_if_nothing_had_been(at, kept, run, tmp_path, monkeypatch, capsys):
    interrupted(monkeypatch, at)
    code, out, err = run("a")
    assert (code, out) == (130, "")
    assert err == ("refvae train: interrupted; go on with: "
                   f"refvae train ae --out {shlex.quote(str(tmp_path / 'a'))} --resume\n")
    assert set(files(tmp_path / "a")) == {"checkpoint.npz"}
    assert checkpoint.load(tmp_path / "a" / "checkpoint.npz").meta["step"] == kept
    assert main(shlex.split(err.split(": refvae ")[1])) == 0
    assert capsys.readouterr().out.startswith("ae on ")
    run("b")
    assert files(tmp_path / "a") == files(tmp_path / "b")


@pytest.mark.usefixtures("plain")
def test_a_longer_run_is_the_shorter_one_gone_on(run, tmp_path):
    run("a", steps=6)
    assert run("a", steps=13, resume=True)[0] == 0
    run("b", steps=13)
    assert files(tmp_path / "a") == files(tmp_path / "b")


def test_going_on_at_the_end_changes_nothing(run, tmp_path):
    run("a", model="vae")
    before = files(tmp_path / "a")
    assert run("a", model="vae", steps=None, resume=True)[0] == 0
    assert files(tmp_path / "a") == before


@pytest.mark.usefixtures("plain")
def test_an_interrupt_after_the_training_loses_nothing(run, tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setitem(MODELS, "ae", replace(MODELS["ae"], report=stop))
        assert run("a")[0] == 130
    assert set(files(tmp_path / "a")) == {"model.npz", "history.csv", "checkpoint.npz"}
    assert run("a", steps=None, resume=True)[0] == 0
    run("b")
    assert files(tmp_path / "a") == files(tmp_path / "b")


@pytest.mark.usefixtures("plain")
def test_data_may_move_but_not_change(run, data, tmp_path):
    run("a")
    moved = data.rename(tmp_path / "moved.npz")
    assert run("a", "--data", moved, steps=12, resume=True)[0] == 0
    x, labels = images()
    np.savez(moved, x=x, y=labels + 1)
    code, _, err = run("a", steps=None, resume=True)
    assert (code, err) == (2, f"refvae train: --data: got other data than before in {moved}, wanted the same\n")


@pytest.mark.parametrize(("every", "steps"), [(0, [0, 4, 8]), (np.inf, [8]), (1e9, [0, 8])])
@pytest.mark.usefixtures("plain")
def test_checkpoints_are_written_at_first_in_between_and_in_the_end(every, steps, run, monkeypatch):
    written, save = [], checkpoint.save

    def watched(path, meta, /, **named):
        written.extend([meta["step"]] if "step" in meta else [])
        save(path, meta, **named)

    monkeypatch.setattr(watch, "EVERY", every)
    monkeypatch.setattr(checkpoint, "save", watched)
    run("a")
    assert written == steps


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_control_c_in_a_process_of_its_own(tmp_path):
    argv = [sys.executable, "-m", "refvae", "train", "ae", "--out", "a", "--steps", "1000000"]
    with subprocess.Popen(argv, cwd=tmp_path, stderr=subprocess.PIPE, encoding="utf8",
                          preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)) as process:
        for _ in range(600):
            if (tmp_path / "a" / "checkpoint.npz").exists():
                break
            time.sleep(0.05)
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        err = process.stderr.read()
    assert process.returncode == 130
    assert err == "refvae train: interrupted; go on with: refvae train ae --out a --resume\n"
    saved = checkpoint.load(tmp_path / "a" / "checkpoint.npz")
    assert saved.meta["step"] == 15 * len(saved.arrays["history"])
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["checkpoint.npz"]


# Progress


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


@pytest.mark.usefixtures("plain")
def test_a_terminal_gets_a_bar_with_loss_and_time_left(run, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert run("a")[0] == 0
    assert re.search(r"10/10 \[00:\d\d<00:00, .*step/s, loss [\d.]+ squared error per row\]", sys.stderr.getvalue())


# Refusals: one line, exit code 2, and nothing touched


@pytest.mark.parametrize(("options", "message"), [
    (["--steps", 0], "--steps: got 0, wanted steps >= 1"), (["--batch", 0], "--batch: got 0, wanted batch >= 1"),
    (["--batch", 25], "--batch: got 25, wanted 1 <= batch <= 24"), (["--seed", -1], "--seed: got -1, wanted seed >= 0"),
    (["--lr", 0], "--lr: got 0.0, wanted a number above 0"),
    (["--lr", "nan"], "--lr: got nan, wanted .*"), (["--latent", 0], "--latent: got 0, wanted latent >= 1"),
    (["--hidden", "5,0"], "--hidden: got 0, wanted hidden >= 1"),
    (["--data", "missing.npy"], "--data: missing.npy: got no such file or directory, wanted a file that can be read"),
    (["--data", "x.xls"], "--data: x.xls: got the ending '.xls', wanted .*"),
    (["--data", "one.csv"], "--data: got 1 row, wanted at least 2, for one is held out"),
    (["--data", ""], "--data: .*"),
    (["--out", "one.csv"], r"--out: got one.csv, wanted a folder that takes files \(.+\)"),
    (["--out", "one.csv/a"], r"--out: got one.csv/a, wanted a folder that takes files \(.+\)"),
    (["--out", "full"], "--out: got full, which is not empty, wanted a new folder, or --resume"),
    (["--resume"], "--resume: got no checkpoint.npz in .*, wanted one; without --resume the run begins anew"),
])
def test_bad_input_is_one_line(options, message, run, tmp_path, monkeypatch):
    (tmp_path / "full").mkdir()
    for name in ("one.csv", "full/else"):
        (tmp_path / name).write_text("1,2\n")
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command, "train", lambda *_: 1 / 0)
    code, out, err = run("a", *options)
    assert (code, out) == (2, "")
    assert re.fullmatch(f"refvae train: {message}\n", err)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(("options", "message"), [
    (["--eta", 0], "--eta: got 0.0, wanted .*"), (["--beta", -1], "--beta: got -1.0, wanted a weight of at least 0"),
    (["--beta", "inf"], "--beta: got inf, wanted .*"),
    (["--data", "real.csv"], r"--data: got real numbers from -2.5 to 3, wanted them in \[0, 1\] for .* bernoulli; .*"),
    (["--data", "real.csv", "--likelihood", "binomial"], "--data: got numbers that are no grey values, .*"),
    (["--data", "real.csv", "--likelihood", "discretised"], "--data: .* for the likelihood discretised; .*")])
def test_data_that_do_not_fit_the_likelihood_are_refused(options, message, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("real.csv").write_text("1,2\n-2.5,3\n")
    code, out, err = run("a", *options, "--batch", 1, model="vae")
    assert (code, out) == (2, "")
    assert re.fullmatch(f"refvae train: {message}\n", err)
    assert not Path("a").exists()


OTHERS = [
    (["--lr", 0.1], "--lr: got 0.1, wanted 0.001 as before in .*, or another --out"),
    (["--seed", 1], "--seed: got 1, wanted 0 as before in .*, or another --out"),
    (["--hidden", "5,5"], r"--hidden: got \(5, 5\), wanted \(5,\) as before in .*, or another --out"),
    (["--dtype", "float32"], "--dtype: got float32, wanted float64 as before in .*"),
    (["--steps", 7], "--steps: got 7, wanted steps >= 8"), (["--data", "digits"], "--data: got other data than .*")]


@pytest.mark.usefixtures("plain")
def test_a_run_does_not_go_on_as_another_one(run, tmp_path):
    run("a")
    before = files(tmp_path / "a")
    for options, message in OTHERS:
        code, out, err = run("a", *options, steps=None, resume=True)
        assert (code, out) == (2, "")
        assert re.fullmatch(f"refvae train: {message}\n", err)
    assert run("a", "--lr", 0.001, "--seed", 0, model="vae", steps=None, resume=True) == (
        2, "", f"refvae train: MODEL: got vae, wanted ae as before in {tmp_path / 'a'}, or another --out\n")
    assert files(tmp_path / "a") == before


@pytest.mark.usefixtures("plain")
def test_a_damaged_checkpoint_is_refused_and_kept(run, tmp_path):
    run("a")
    path = tmp_path / "a" / "checkpoint.npz"
    for content, message in ((path.read_bytes()[:999], "got a damaged file"),
                             (files(tmp_path / "a")["model.npz"], "got no epochs, generator, step, wanted")):
        path.write_bytes(content)
        code, out, err = run("a", steps=None, resume=True)
        assert (code, out) == (2, "")
        assert err.startswith(f"refvae train: --resume: {path}: {message}")
        assert path.read_bytes() == content


@pytest.mark.usefixtures("plain")
def test_a_second_run_does_not_overwrite_the_first(run, tmp_path):
    run("a")
    before = files(tmp_path / "a")
    assert run("a", "--seed", 1) == (
        2, "", f"refvae train: --out: got {tmp_path / 'a'}, which is not empty, wanted a new folder, or --resume\n")
    assert files(tmp_path / "a") == before


def test_a_full_disk_is_one_line(run, tmp_path, monkeypatch):
    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert run("a") == (2, "", f"refvae train: --out: got {tmp_path / 'a'}, where a file cannot be written "
                               "(No space left on device)\n")
    assert files(tmp_path / "a") == {}


def test_a_loss_that_diverges_is_one_line_and_leaves_nothing(run, tmp_path):
    code, out, err = run("a", "--lr", 1e200)
    assert (code, out) == (2, "")
    assert re.fullmatch(r"refvae train: training failed: loss: got (nan|inf) in epoch 0, step 1, wanted a finite one; "
                        r"a smaller --lr may help\n", err)
    assert not (tmp_path / "a").exists()


@pytest.mark.usefixtures("plain")
def test_a_run_that_fails_when_it_goes_on_keeps_what_it_had(run, tmp_path, monkeypatch):
    run("a")
    before = files(tmp_path / "a")

    def failing(*_):
        raise ValueError("codes: got two\nlines, wanted one")

    monkeypatch.setattr(ae, "squared_loss", failing)
    assert run("a", steps=13, resume=True) == (
        2, "", "refvae train: training failed: codes: got two lines, wanted one\n")
    after = files(tmp_path / "a")
    assert checkpoint.load(tmp_path / "a" / "checkpoint.npz").meta["step"] == 8  # with the new number of steps
    assert {**after, "checkpoint.npz": before["checkpoint.npz"]} == before


TABLES = {
    "offset": 1.6e9 + 7 * np.arange(200.0)[:, None] * np.ones((1, 3)), "huge": 1e160 * np.arange(1.0, 201)[:, None],
    "unscaled": np.random.default_rng(0).standard_normal((200, 3)) * [1, 1e4, 1e6]}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("model", ["eae", "vqvae", "vae", "ae", "dae"])
def test_data_far_from_the_scale_of_the_model_are_named_before_the_first_step(model, table, run, tmp_path):
    np.save(tmp_path / "table.npy", TABLES[table])
    options = ["--data", tmp_path / "table.npy", *(["--likelihood", "gaussian"] if model == "vae" else [])]
    code, out, err = run("a", *options, model=model)
    assert (code, out) == (2, "")
    assert re.fullmatch(r"refvae train: --data: got columns that span \S+ to \S+, the widest number \d, wanted at most "
                        r"\S+ in size; --standardise(, or a larger --(eta|scale))?\n", err)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rows_that_fall_together_are_one_line(run, tmp_path, dtype):
    x = (1_600_000_000 + np.arange(200)[:, None] * np.ones((1, 3), int)) / 2**24
    np.save(tmp_path / "table.npy", x)
    code, _, err = run("a", "--data", tmp_path / "table.npy", "--dtype", dtype, "--batch", 20, model="eae")
    if dtype == "float32":
        assert re.fullmatch(r"refvae train: training failed: codes: got \d+ of \d+ points .*\n", err)
    assert code == (2 if err else 0)
    assert (tmp_path / "a").exists() == (code == 0)


@pytest.mark.usefixtures("plain")
def test_standardised_data_go_on_and_are_known_to_the_model(run, tmp_path):
    x = np.hstack([TABLES["unscaled"], np.full((200, 1), 7.0)])
    np.save(tmp_path / "table.npy", x)
    assert run("a", "--data", tmp_path / "table.npy", "--standardise")[0] == 0
    found, rows = load(tmp_path / "a" / "model.npz"), x[np.arange(200) % 5 > 0]
    assert np.array_equal(found.recipe.centre, rows.mean(0))
    assert np.array_equal(found.recipe.unit, np.r_[rows.std(0)[:3], 1])
    test = (x[::5] - found.recipe.centre) / found.recipe.unit
    value = ((found.model.decode(found, found.model.encode(found, test)) - test) ** 2).sum(1).mean()
    report = files(tmp_path / "a")["report.csv"].decode().splitlines()[1]
    assert float(report.split(",")[1]) == pytest.approx(value, rel=1e-12)
    assert run("a", steps=64, resume=True)[0] == 0
    assert run("b", "--data", tmp_path / "table.npy", "--standardise", steps=64)[0] == 0
    assert files(tmp_path / "a") == files(tmp_path / "b")
    assert run("a", "--standardise", steps=None, resume=True)[0] == 0


@pytest.mark.usefixtures("plain")
def test_a_run_is_not_standardised_afterwards(run, tmp_path):
    run("a")
    assert run("a", "--standardise", steps=None, resume=True) == (
        2, "", f"refvae train: --standardise: got True, wanted False as before in {tmp_path / 'a'}, or another --out\n")


@pytest.mark.usefixtures("plain")
def test_data_of_another_scale_are_other_data(run, data, tmp_path):
    run("a")
    x, labels = images(float)
    np.savez(data, x=x / 2, y=labels)
    assert run("a", steps=None, resume=True) == (
        2, "", f"refvae train: --data: got other data than before in {data}, wanted the same\n")


@pytest.mark.parametrize(("argv", "message"), [
    (["train"], "refvae train: .*MODEL.*"), (["train", "nonsense"], "refvae train: .*'nonsense'.*"),
    (["train", "ae", "--hidden", "a,b"], "refvae train ae: .*--hidden: got 'a,b', wanted whole numbers, as in 128,64"),
    (["train", "ae", "--eta", "1"], "refvae: .*--eta.*"),
    (["train", "ae", "--dtype", "int"], "refvae train ae: .*'int'.*"),
    (["train", "vae", "--likelihood", "x"], "refvae train vae: .*'bernoulli'.*"),
    (["train", "vae", "--steps", "1.5"], "refvae train vae: .*--steps.*'1.5'.*")])
def test_bad_usage_is_one_line(argv, message, capsys):
    with pytest.raises(SystemExit) as stop:
        main(argv)
    out, err = capsys.readouterr()
    assert (stop.value.code, out) == (2, "")
    assert re.fullmatch(rf"{message} \(see refvae.* --help\)\n", err)


# Help


def helped(*argv, capsys):
    with pytest.raises(SystemExit):
        main([*argv, "--help"])
    return capsys.readouterr().out


def test_help_lists_the_models(capsys):
    out = " ".join(helped("train", capsys=capsys).split())
    assert all(f" {name} {model.summary} " in out for name, model in MODELS.items())


@pytest.mark.parametrize("name", MODELS)
def test_help_on_a_model_has_its_options_and_examples_that_can_be_parsed(name, capsys):
    out = helped("train", name, capsys=capsys)
    for each in fields(MODELS[name].Settings):
        assert f"--{each.name} " in out
        assert each.metadata["help"] in " ".join(out.split())
    examples = out.split("\nexamples:\n")[1].splitlines()
    assert len(examples) >= 2
    for example in examples:
        assert parser().parse_args(shlex.split(example)[1:]).model == name


def test_every_kind_of_setting_is_an_option(monkeypatch, capsys):
    @dataclass(frozen=True)
    class Settings:
        flag: bool = field(default=True, metadata={"help": "yes or no"})
        top_k: int = field(default=3, metadata={"help": "a count"})
        rate: float = field(default=0.5, metadata={"help": "a number"})
        sizes: tuple[int, ...] = field(default=(4, 2), metadata={"help": "counts"})
        kind: Literal["one", "two"] = field(default="one", metadata={"help": "a word"})

    monkeypatch.setitem(MODELS, "toy", replace(ae.MODEL, Settings=Settings))
    words = "train toy --no-flag --top-k 7 --rate 1e-3 --sizes 1,2,3 --kind two"
    given = vars(parser().parse_args(words.split()))
    assert {key: value for key, value in given.items() if key in Settings.__annotations__} == {
        "flag": False, "top_k": 7, "rate": 1e-3, "sizes": (1, 2, 3), "kind": "two"}
    assert not set(vars(parser().parse_args(["train", "toy"]))) & set(Settings.__annotations__)
    out = " ".join(helped("train", "toy", capsys=capsys).split())
    assert "--top-k N a count (default 3)" in out
    assert "--sizes N,N counts (default 4,2)" in out
    assert "--kind {one,two} a word (default one)" in out


@pytest.mark.usefixtures("plain")
def test_no_hidden_layer_is_an_empty_word(run, tmp_path):
    assert run("a", "--hidden", "")[0] == 0
    assert load(tmp_path / "a" / "model.npz").settings.hidden == ()


# Models, one by one


def prepared(name, **settings):
    """The images as a model takes them, and the settings of a small one."""
    codes = {} if name == "dae" else {"latent": 2}
    settings = MODELS[name].Settings(**{**codes, "hidden": (5,), **settings})
    x, labels = images(float)
    return ready(Dataset(x.reshape(N, -1), labels, SHAPE, LEVELS), MODELS[name], settings), settings


LIKELIHOODS = ["bernoulli", "binomial", "discretised", "gaussian"]
CASES = [("ae", {}), *(("vae", {"likelihood": each, "beta": 0.7, "eta": 0.3}) for each in LIKELIHOODS),
         ("vib", {"lam": 0.7}), ("eae", {"lam": 0.7}), ("vqvae", {"words": 5, "places": 3}),
         ("vqvae", {"words": 5, "places": 3, "codebook": "ema"}), ("vib", {"capacity": 0.5}),
         ("gan", {}), ("aae", {"lam": 0.7}), ("ali", {}), ("ali", {"variant": "minimax"})]
SURROGATES = {"vqvae", "gan", "aae", "ali"}  # gradients of other functions, (8.13), (10.36); and a saddle, (5.20b)


def problem(name, settings, dtype=float):
    """Objective, parameters and arguments of a step."""
    data, settings = prepared(name, **settings)
    data = data._replace(x=data.x.astype(dtype))
    model, rng = MODELS[name], np.random.default_rng(1)
    p = trees.map(lambda leaf: (leaf + 0.1 * rng.standard_normal(leaf.shape)).astype(dtype),
                  model.init(facts(data), settings, rng))
    return model.objective(facts(data), settings), (p, *model.draw(data, settings)(rng, np.arange(7)))


@pytest.mark.parametrize(("name", "settings"), [
    case for case in CASES if case[0] not in SURROGATES and "capacity" not in case[1]])
def test_the_gradient_of_the_objective(name, settings):
    objective, (p, x, *rest) = problem(name, settings)
    found = check_layer(lambda p, *rest: _without_data(objective, p, x, rest), (p, *rest),
                        zero=("p.enc[1].b",) if name == "eae" else ())  # normalisation takes it out
    assert found.status == "PASS", found


def _without_data(objective, p, x, rest):
    """The objective as a layer of everything but the data."""
    loss, pull = objective(p, x, *rest)

    def pull_rest(dloss):
        dp, _, *others = pull(dloss)
        return (dp, *others) if others else dp

    return loss, pull_rest


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_float32_stays_float32(name, settings):
    objective, args = problem(name, settings, np.float32)
    assert all(arg.dtype == np.float32 for arg in trees.leaves(args) if arg.dtype.kind != "i")
    loss, pull = objective(*args)
    assert np.asarray(loss).dtype == np.float32
    assert all(leaf.dtype == np.float32 for leaf in trees.leaves(pull(np.ones_like(loss))[0]))


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_the_report_of_a_model(name, settings):
    data, settings = prepared(name, **settings)
    model, (train, test) = MODELS[name], split(data)
    p = model.init(facts(data), settings, np.random.default_rng(0))
    fitted = Fitted(model.finish(p, train, settings), settings, facts(data))
    one, other = (model.report(fitted, train, test, np.random.default_rng(0)) for _ in range(2))
    assert one == other
    assert all(np.isfinite(value) and (error is None or error > 0) for value, error in one.values())


@pytest.mark.parametrize("name", MODELS)
def test_settings_clash_with_no_shared_option_and_say_what_they_are(name):
    shared = {*Recipe._fields, "out", "resume", "command", "run"}
    for each in fields(MODELS[name].Settings):
        assert each.name not in shared
        assert each.metadata["help"]


@pytest.mark.parametrize("name", MODELS)
def test_a_story_can_be_read_again(name, tmp_path):
    recipe = Recipe(name, MODELS[name].Settings(hidden=(3, 2)), "é.npz", "ab", 5, 7, 3, 1e-4, "float32")
    for known in (facts(prepared(name)[0]), facts(Dataset(np.ones((4, 3)), None, None, None))):
        p = MODELS[name].finished(first_parameters(recipe, known, 0), known, recipe.settings)
        checkpoint.save(tmp_path / "model.npz", story(recipe, known), p=p)
        assert read_story(checkpoint.load(tmp_path / "model.npz")) == (recipe, known)
        found = load(str(tmp_path / "model.npz"))
        assert (found.model, found.settings) == (MODELS[name], recipe.settings)
        assert {leaf.dtype for leaf in trees.leaves(found.p)} - {np.dtype(int)} == {np.dtype(np.float32)}


@pytest.mark.parametrize(("change", "message"), [
    ({"model": "nonsense"}, r"got the model 'nonsense', wanted one of ae, vae"),
    ({"model": None}, "got the model None"),
    ({"settings": {"width": 3}}, "got a recipe that this version does not know"),
    ({"settings": {"latent": 0}}, "got a recipe that this version does not know .*latent: got 0"),
    ({"settings": None}, "got a recipe"), ({"facts": {"d": 3}}, "got a recipe"),
    ({"settings": {"latent": 3, "hidden": []}}, r"got \(12, 8\) float64 for p.enc\[0\].W|got the arrays")])
def test_a_story_that_makes_no_sense_is_refused_by_name(change, message, tmp_path):
    recipe = Recipe("ae", ae.Settings(), "digits", "", 0, 1, 1, 1.0, "float64")
    known = facts(prepared("ae")[0])
    path = tmp_path / "model.npz"
    checkpoint.save(path, story(recipe, known) | change, p=first_parameters(recipe, known, 0))
    with pytest.raises(CheckpointError, match=f"^{path}: ({message})"):
        load(path)


def test_the_trained_model_is_the_one_that_the_report_speaks_of(run, data, tmp_path):
    run("a")
    found = load(tmp_path / "a" / "model.npz")
    x = readers.dataset(data).x[::5]
    value = ((found.reconstruct(x) - x) ** 2).sum(1).mean() / LEVELS**2
    assert float(rows(tmp_path / "a" / "report.csv")[1][1]) == pytest.approx(value, rel=1e-14, abs=0)


def test_an_autoencoder_learns(tmp_path, capsys):
    main(["train", "ae", "--steps", "400", "--out", str(tmp_path / "a")])
    mine, pca, less, centre = (float(row[1]) for row in rows(tmp_path / "a" / "report.csv")[1:5])
    assert mine < pca < centre
    assert less == pytest.approx(mine - pca)


# The pieces


def test_every_fifth_row_is_held_out():
    data = Dataset(np.arange(22.0).reshape(11, 2), np.arange(11), None, None)
    rest, held_out = split(data)
    assert held_out.labels.tolist() == [0, 5, 10]
    assert rest.labels.tolist() == [1, 2, 3, 4, 6, 7, 8, 9]
    assert np.array_equal(held_out.x, data.x[[0, 5, 10]])
    assert split(data._replace(labels=None))[0].labels is None


def test_a_mean_has_the_standard_error_of_independent_numbers():
    assert mean(np.array([1, 2, 4], np.float32)) == pytest.approx((7 / 3, np.sqrt(7 / 9)), rel=1e-15)
    assert mean(np.array([3.0])) == (3.0, None)


def test_a_difference_has_the_error_of_paired_numbers():
    found = compared("error", np.array([1.0, 2.0, 4.0]), {"PCA": np.array([2.0, 3.0, 6.0])})
    assert found["error of PCA"] == mean(np.array([2.0, 3.0, 6.0]))
    assert found["error, less that of PCA"] == pytest.approx((-4 / 3, 1 / 3), rel=1e-15)


def test_grey_values_are_scaled_if_their_largest_is_known():
    x = np.array([[0.0, 7.0]])
    assert np.array_equal(grey(Dataset(x, None, None, 7)).x, [[0, 1]])
    assert grey(Dataset(x, None, None, None)).x is x


def test_a_fingerprint_sees_rows_and_labels():
    x, labels = np.ones((3, 2)), np.arange(3)
    datasets = [Dataset(x, labels, None, None, test=1), Dataset(x, labels, None, None), Dataset(x, None, None, None),
                Dataset(2 * x, labels, None, None),
                Dataset(x, labels[::-1], None, None), Dataset(x, labels, (1, 2), None),
                Dataset(x, labels, (2, 1), None), Dataset(x, labels, None, 1),
                Dataset(x.reshape(2, 3), labels, None, None)]
    assert len({fingerprint(each) for each in datasets}) == len(datasets)
    assert fingerprint(datasets[1]) == fingerprint(datasets[1]._replace(x=np.asfortranarray(x)))


def test_pixels_are_split_at_half_grey():
    data, settings = Dataset(np.array([[0, 3, 4, 7]]) * 1.0, None, None, 7), vae.Settings()
    assert vae.prepare(data, settings).x.tolist() == [[0, 0, 1, 1]]
    assert vae.prepare(Dataset(np.array([[0.5, 0.51]]), None, None, None), settings).x.tolist() == [[0, 1]]


def test_traversals_move_one_unit_each():
    z = gallery.traversals(np.array([0.1, 0.2, 0.3]), np.array([2, 0]))
    assert z.shape == (2, gallery.COLUMNS, 3)
    assert np.array_equal(z[0, :, 2], np.linspace(-3, 3, gallery.COLUMNS))
    assert np.array_equal(z[1, :, 0], np.linspace(-3, 3, gallery.COLUMNS))
    assert np.all(z[0, :, :2] == [0.1, 0.2])
    assert np.all(z[1, :, 1:] == [0.2, 0.3])


def test_the_plane_has_z1_to_the_right_and_z2_upwards():
    z = gallery.plane(3)
    assert z.shape == (3, 3, 2)
    assert np.all(np.diff(z[:, :, 0], axis=1) > 0)
    assert np.all(np.diff(z[:, :, 1], axis=0) < 0)
    assert np.allclose(z[1, 1], 0, atol=1e-16)


def test_tables_are_read_as_asked_and_what_was_taken_for_granted_is_said(run, tmp_path):
    rows = np.random.default_rng(0).random((20, 3)).tolist()
    lines = [f"{i},{a!r},{'' if i == 4 else repr(b)},{i % 2}" for i, (a, b, _) in enumerate(rows)]
    (tmp_path / "table.csv").write_text(",a,b,class\n" + "\n".join(lines) + "\n")
    asked = ["--data", tmp_path / "table.csv", "--latent", 1]
    code, _, err = run("a", *asked)
    assert code == 2
    assert "missing values in 1 of 20 rows, the first '' in line 6, column 'b', wanted numbers, or --drop" in err
    code, _, err = run("b", *asked, "--drop-missing")
    assert code == 0
    assert [line.partition("table.csv: ")[2] for line in err.splitlines()] == [
        "column 0 (no name) counts or names the rows and is left out unless asked for",
        "1 of 20 rows left out, where values are missing", "column 'class' holds the labels and is no data"]
    assert load(tmp_path / "b" / "model.npz").facts[:1] == (2,)
    assert run("b", "--steps", 12, resume=True)[0] == 0
    assert run("b", "--label", "none", resume=True)[:2] == (2, "")
    assert run("c", *asked, "--drop-missing", "--label", "none")[0] == 0
    assert load(tmp_path / "c" / "model.npz").facts[:1] == (3,)
