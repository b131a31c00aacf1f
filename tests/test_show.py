"""`refvae show` as a reader uses it: searches, paths, figures, terminals of all kinds; and an interrupted `verify`."""

import os
import re
import signal
import subprocess
import sys
import time

import pytest

from refvae.cli import main, terminal
from refvae.statements import statements

ARROW = [sys.executable, "-m", "refvae"]


def said(capsys, *words):
    assert main(["show", *words]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


@pytest.mark.parametrize(("words", "number"), [
    (["reparam"], "3.8"), (["kl_std_normal"], "3.5"), (["kl_std_normal"], "3.7"), (["5716", "(41)"], "10.33"),
    (["Hessian"], "2.19"), (["straight-through"], "8.6")])
def test_words_list_statements(words, number, capsys):
    assert f"({number}) " in said(capsys, *words)


def test_globs_and_chapters_list_titles(capsys):
    own = [it.number for it in statements().values() if it.chapter == "vae"]
    listed = [re.findall(r"^ *[(\[](\d+\.\d+[a-z]?)[)\]] ", said(capsys, words), re.M) for words in ("3.*", "vae")]
    assert listed == [own, own]


def test_two_numbers_are_two_pages_of_80_columns(capsys):
    out = said(capsys, "3.3", "(3.5)")
    assert [out.startswith("(3.3) "), "\n(3.5) " in out] == [True, True]
    assert re.search(r"^    \S*derivations/vae/\w+\.py:\d+$", out, re.M)
    assert max(map(len, out.splitlines())) <= 90  # a path is never broken


def test_the_question_itself_may_be_typed(capsys):
    assert said(capsys, "what does (1.4) use?").startswith("(1.4) ")


def test_latex_and_unicode(capsys):
    assert r"\tfrac12\sum_j" in said(capsys, "3.5", "--latex")
    assert "½∑ⱼ(μⱼ² + σⱼ² − log σⱼ² − 1)" in said(capsys, "3.5")


def test_a_figure_is_named_with_its_caption(capsys):
    out = " ".join(said(capsys, "3.22").split())
    assert "figures/vae_bounds.svg: The gap of the bound" in out
    assert " Left: K times the gap" in out


def test_the_path_names_each_statement_after_all_that_it_uses(capsys):
    path = re.findall(r"^[(\[](\d+\.\d+[a-z]?)[)\]] ", said(capsys, "--path", "3.11"), re.M)
    assert path[-1] == "3.11"
    for place, number in enumerate(path):
        assert set(statements()[number].uses) <= set(path[:place])


@pytest.mark.parametrize(("encoding", "text"), [("ascii", "Stogbauer"), ("cp1252", "Stögbauer")])
def test_a_terminal_without_greek_spells_it(encoding, text):
    out = subprocess.run([*ARROW, "show", "6.41"], capture_output=True,
                         env={**os.environ, "PYTHONIOENCODING": encoding})
    assert out.returncode == 0
    assert text in out.stdout.decode(encoding)
    assert b"?" not in out.stdout
    assert rb"\hat I^{(1)}" in out.stdout  # LaTeX, which every terminal can show


class Terminal:
    encoding = "utf8"

    def __init__(self):
        self.text = ""

    def isatty(self):
        return True

    def write(self, text):
        self.text += text


def test_only_what_is_longer_than_the_window_is_paged(monkeypatch):
    paged, screen = [], Terminal()
    monkeypatch.setattr(terminal.sys, "stdout", screen)
    monkeypatch.setattr(terminal.shutil, "which", lambda name: name)
    monkeypatch.setattr(terminal.shutil, "get_terminal_size", lambda: os.terminal_size((70, 24)))
    monkeypatch.setattr(terminal.subprocess, "run", lambda words, **settings: paged.append((words, settings["input"])))
    monkeypatch.setenv("PAGER", "most -x")
    terminal.write("short")
    assert (screen.text, paged, terminal.width()) == ("short\n", [], 70)
    terminal.write("σ\n" * 30)
    assert paged == [(["most", "-x"], ("σ\n" * 30 + "\n").encode())]


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_interrupted_run_reports_what_is_finished(jobs, tmp_path):
    words = [*ARROW, "verify", "-j", jobs, "--json", tmp_path / "out.json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf8",
                          env={**os.environ, "PYTHONIOENCODING": "utf8"}, start_new_session=True,
                          preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)) as run:
        time.sleep(4)
        os.killpg(run.pid, signal.SIGINT)
        out, err = run.communicate()
    assert run.returncode == 130
    if out:
        assert err == ""
        assert re.search(r"^Interrupted: \d+ of \d+ claims were run through, and are reported above\.$", out, re.M)
    else:  # a slow machine has imported nothing yet
        assert err in ("", "refvae verify: interrupted\n")


LATE = """
import sys
from refvae.cli.lazy import load_late
load_late("scipy", "constants", "nothing")
from scipy import constants
assert "scipy.constants._constants" not in sys.modules
assert constants.pi > 3 and "scipy.constants._constants" in sys.modules
load_late("scipy", "constants")
import scipy.constants
assert scipy.constants is constants
"""


def test_modules_are_loaded_when_something_of_theirs_is_asked_for():
    subprocess.run([sys.executable, "-c", LATE], check=True)
