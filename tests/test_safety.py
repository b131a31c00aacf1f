"""Files that are bombs, folders that are taken, signals, no memory, no space: one line, and nothing half-done."""

import gzip
import os
import signal
import subprocess
import sys
import time
import zipfile

import numpy as np
import pytest

from refvae import files
from refvae.cli import main
from refvae.data import formats
from refvae.data.tables import table

REFVAE = [sys.executable, "-m", "refvae"]
SLOW = ["train", "vae", "--steps", "1000000"]


def running(*words, **how):
    """A process of the command line."""
    return subprocess.Popen([*REFVAE, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            **how)


def until(condition):
    """Wait for it."""
    for _ in range(1200):
        if condition():
            return
        time.sleep(0.05)
    pytest.fail("it did not come to that")


@pytest.fixture
def small(monkeypatch):
    """A small limit for what files may hold."""
    token = formats.MOST.set(1000)
    yield
    formats.MOST.reset(token)


def bombs(folder):
    """Small files that hold more than they may."""
    with gzip.open(folder / "lines.csv.gz", "wb") as stream:
        stream.write(b"\n" * 100_000)
    with gzip.open(folder / "zeros.npy.gz", "wb") as stream:
        np.save(stream, np.zeros((1000, 100)))
    np.savez_compressed(folder / "zeros.npz", x=np.zeros((1000, 100)))
    (folder / "long.csv").write_text("1\n" * 1000)
    return ["lines.csv.gz", "zeros.npy.gz", "zeros.npz", "long.csv"]


@pytest.mark.usefixtures("small")
def test_a_file_that_holds_more_than_it_may_is_refused(tmp_path):
    for name in bombs(tmp_path):
        with pytest.raises(ValueError, match=rf"{name}: got more than 1000 bytes, wanted at most these; --max-bytes"):
            table(tmp_path / name)


def test_the_limit_is_an_option(tmp_path, capsys):
    bombs(tmp_path)
    token = formats.MOST.set(2**31)
    assert main(["estimate", "entropy", str(tmp_path / "long.csv"), "--max-bytes", "100"]) == 2
    said = capsys.readouterr()
    assert said.err.startswith(f"refvae estimate: {tmp_path / 'long.csv'}: got more than 100 bytes")
    assert said.err.count("\n") == 1
    assert main(["train", "vae", "--max-bytes", "0", "--out", str(tmp_path / "run")]) == 2
    assert capsys.readouterr().err == "refvae train: --max-bytes: got 0, wanted at least 1\n"
    formats.MOST.reset(token)


def test_blank_lines_cost_nothing_and_quotes_may_hold_a_line_end(tmp_path):
    (tmp_path / "x.csv").write_text("\n" * 100_000 + "# a,b\n\n1,2\r\n3,4\r5,6\n")
    found = table(tmp_path / "x.csv")
    assert found.names == ("a", "b")
    assert [len(column) for column in found.columns] == [3, 3]


def test_an_archive_says_its_sizes_before_it_is_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", b"0" * 10**6)
    token = formats.MOST.set(10**5)
    with pytest.raises(ValueError, match="got more than 100000 bytes"):
        table(tmp_path / "x.npz")
    formats.MOST.reset(token)


def test_no_memory_is_one_line_and_leaves_no_folder(tmp_path, capsys):
    assert main(["train", "ae", "--hidden", "1000000000000", "--out", str(tmp_path / "run")]) == 2
    said = capsys.readouterr().err
    assert said.startswith("refvae train: training failed: ")
    assert said.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_a_folder_is_held_by_one_process(tmp_path):
    assert files.hold(tmp_path) == files.hold(tmp_path) == ""
    code = f"from pathlib import Path; from refvae import files; print(files.hold(Path({str(tmp_path)!r})))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert other == f"{os.getpid()}\n"
    files.release(tmp_path)
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_two_runs_in_one_folder(tmp_path):
    first = running(*SLOW, "--out", tmp_path / "run")
    until((tmp_path / "run" / "checkpoint.npz").exists)
    for more in ([], ["--resume"]):
        second = running(*SLOW, "--out", tmp_path / "run", *more)
        _, said = second.communicate()
        assert (second.returncode, said.count("\n")) == (2, 1)
        assert f"process {first.pid} is at work" in said or "not empty" in said
    first.send_signal(signal.SIGTERM)
    _, said = first.communicate()
    assert first.returncode in (130, 143)
    assert said.splitlines()[-1].startswith("refvae train: interrupted; go on with")
    assert not (tmp_path / "run" / files.LOCK).exists()


@pytest.mark.slow
@pytest.mark.parametrize("words", [["verify", "-j", "2"], ["study", "entropy", "--workers", "2", "--trials", "100000"]])
def test_a_terminated_run_leaves_no_worker(tmp_path, words):
    process = running(*words, cwd=tmp_path, start_new_session=True)
    until(lambda: len(children(process.pid)) >= 2)
    time.sleep(1)
    process.send_signal(signal.SIGTERM)
    process.communicate()
    assert process.returncode in (130, 143)
    until(lambda: not members(process.pid))


def children(pid):
    """Its child processes."""
    return listed("--ppid", pid)


def members(group):
    """The processes of a session."""
    return listed("-s", group)


def listed(*which):
    """The numbers of processes."""
    return subprocess.run(["ps", "-o", "pid=", *map(str, which)], capture_output=True, text=True,
                          check=False).stdout.split()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no full device here")
def test_a_full_device_for_output_is_one_line():
    with open("/dev/full", "w") as full:
        done = subprocess.run([*REFVAE, "show"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "refvae show: no space left for the output\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no full device here")
def test_a_full_device_is_not_blamed_on_the_folder(tmp_path):
    with open("/dev/full", "w") as full:
        done = subprocess.run([*REFVAE, "train", "ae", "--steps", "2", "--out", str(tmp_path / "run")], stdout=full,
                              stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.endswith("refvae train: no space left for the output\n")
