"""Runs that are killed at random moments end bit for bit as if never stopped; full disks leave the old file."""

import resource
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from refvae import files
from refvae.cli import main

MODELS = ("ae", "vae", "vib", "vqvae", "eae", "dae", "gan", "aae", "ali")
KILLS = 6
RESULT = ("model.npz", "history.csv")


def words(model, out):
    """A short run."""
    return ["train", model, "--steps", "300", "--seed", "3", "--out", str(out)]


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_a_run_that_is_killed_again_and_again_ends_as_if_never_stopped(model, tmp_path):
    rng = np.random.default_rng(MODELS.index(model))
    began = time.monotonic()
    subprocess.run([sys.executable, "-m", "refvae", *words(model, tmp_path / "whole")], check=True, capture_output=True)
    lasted, broken = time.monotonic() - began, tmp_path / "broken"
    for _ in range(KILLS):
        process = subprocess.Popen([sys.executable, "-m", "refvae", *again(words(model, broken), broken)],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(rng.uniform(0, lasted))
        process.send_signal(signal.SIGKILL)
        process.wait()
    subprocess.run([sys.executable, "-m", "refvae", *again(words(model, broken), broken)], check=True,
                   capture_output=True)
    assert [(broken / name).read_bytes() for name in RESULT] == [(tmp_path / "whole" / name).read_bytes()
                                                                 for name in RESULT]
    assert not [path for path in broken.iterdir() if path.name.startswith(".")]


def again(start, out):
    """The run itself, or going on with it."""
    return [*start, "--resume"] if (out / "checkpoint.npz").exists() else start


def test_a_run_that_was_killed_before_its_first_checkpoint_begins_anew(tmp_path):
    out = tmp_path / "run"
    out.mkdir()
    (out / ".checkpoint.npz.0123456789abcdef").write_bytes(b"half")
    (out / files.LOCK).write_text("1")
    assert main(["train", "ae", "--steps", "2", "--out", str(out)]) == 0
    assert not [path for path in out.iterdir() if path.name.startswith(".")]


def test_a_file_that_may_not_grow_leaves_the_old_one(tmp_path):
    (tmp_path / "x").write_bytes(b"old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            files.write(tmp_path / "x", b"0" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    assert (tmp_path / "x").read_bytes() == b"old"
