"""A folder of derivations that is not ours is read, checked, broken, mutated, shown and drawn by the same code."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from refvae.cli import main, mutate
from refvae.cli.select import opened
from refvae.cli.verify import verified
from refvae.statements import Book, evidence_module, lines_of, statements

FIGURE = '''"""A picture of (1.2)."""

import numpy as np
from matplotlib.figure import Figure

from ..{name} import loss


def compute():
    return loss(np.linspace(-3, 3, 7))[0]


def draw(y):
    figure = Figure()
    figure.add_subplot().plot(y)
    return figure
'''


@pytest.fixture
def mine(tmp_path, monkeypatch, capsys):
    """A folder as `refvae new` writes it, below the folder that we are in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert main(["new", "mine"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "mine/mine.md", "mine/mine.py", "mine/evidence.py", "mine/test_mine.py", "next: refvae verify mine/"]
    return tmp_path / "mine"


def altered(folder: Path, file: str, *pairs: tuple[str, str]) -> None:
    path = folder / file
    text = path.read_text("utf8")
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, "utf8")


def said(capsys, *argv, code=0):
    assert main(list(argv)) == code
    return capsys.readouterr().out


def test_a_new_folder_verifies_at_once_with_what_it_uses_of_ours(mine, capsys):
    out = said(capsys, "verify", "mine/", "--json", "out.json")
    found = json.loads(Path("out.json").read_text("utf8"))
    own = [one for one in found if not one["eq"].startswith("refvae:")]
    assert [(one["eq"], one["kind"], one["status"], one["closed"]) for one in own] == [
        ("1.2", "adjoint", "PASS", True), ("1.2", "identity", "PASS", True)]
    assert own[0]["proof"]["kind"] == "exact"
    assert [*dict.fromkeys(one["eq"] for one in found)] == ["1.2", "refvae:1.6", "refvae:1.8", "refvae:1.9"]
    assert {(one["status"], one["closed"]) for one in found} == {("PASS", True)}
    assert "\n1 mine  [mine]\n" in out
    assert "\nUsed of refvae 0." in out
    assert "all that is used too): 1 of 1." in out


def test_the_same_numbers_in_two_processes_and_under_another_number(mine, capsys):
    assert said(capsys, "verify", "mine", "-j", "2") == said(capsys, "verify", "mine/", "1.2") == said(
        capsys, "verify", str(mine), "mine")


def test_ours_is_measured_as_in_our_own_run(mine):
    borrowed = [one for one in verified(Book.at(mine)) if one["eq"] == "refvae:1.8"]
    own = [one for one in verified(opened([])[0], ["1.8"]) if one["eq"] == "1.8"]
    assert [one["measured"] for one in borrowed] == [one["measured"] for one in own]


def test_a_new_folder_breaks_and_shows(mine, capsys):
    broken = said(capsys, "verify", "mine/", "--break", "1.2")
    assert broken.count("  rejected\n") == broken.count("wrong: ") == 4
    assert said(capsys, "show", "mine/").splitlines() == [
        "1 mine  [mine]", "  [1.1] A loss of residuals", "  (1.2) Its value without overflow, and its gradient"]
    shown = said(capsys, "show", "mine/", "1.2")
    assert "\n  mine/mine.py:11:     y = s - x - np.log(2)\n" in shown
    assert "\nUses: [1.1] A loss of residuals, (refvae:1.8) Softplus without overflow,\n  (refvae:1.9) " in shown
    assert said(capsys, "show", "mine/", "refvae:1.8").startswith("(refvae:1.8) Softplus without overflow\n")


@pytest.mark.slow
def test_mutants_of_a_new_folder_are_killed(mine, capsys):
    out = said(capsys, "mutate", "mine/")
    assert out == "26 mutants of 2 lines: 26 killed under their own number, 0 allowed, 0 survive\n"


@pytest.mark.slow
def test_a_survivor_is_named_and_may_be_allowed_in_the_folder(mine, capsys):
    altered(mine, "mine.py", ("    y = s - x - np.log(2) ", "    y = s - x - np.log(2) * 1 "))
    out = said(capsys, "mutate", "mine/", "--json", "out.json", code=1)
    assert "\nmine.py:11 (1.2) survives [" in f"\n{out}"
    living = [one for one in json.loads(Path("out.json").read_text("utf8")) if one["status"] == "survives"]
    entries = [f"[[allowed]]\nfile = 'mine.py'\nline = '{one['hash']}'\nmutant = '{one['mutant']}'\n"
               "reason = 'times one'\n" for one in living]
    (mine / "mutants_allowed.toml").write_text("\n".join(entries), "utf8")
    assert f" {len(living)} allowed, 0 survive" in said(capsys, "mutate", "mine/")


def test_a_file_that_no_evidence_imports_is_no_killed_mutant(mine, capsys):
    altered(mine, "evidence.py", ("from .mine import loss", "from refvae.layers import relu as loss"))
    assert main(["mutate", "mine/"]) == 2
    assert capsys.readouterr().err.endswith("mine.py is imported by no evidence\n")


def test_figures_of_a_folder(mine, capsys):
    assert main(["figures", "mine/"]) == 2
    assert capsys.readouterr().err.startswith("refvae figures: PATH: got 'mine/', where figures/ has no module")
    (mine / "figures").mkdir()
    (mine / "figures" / "mine.py").write_text(FIGURE.format(name="mine"), "utf8")
    assert said(capsys, "figures", "mine/", "mine") == f"{mine.resolve() / 'figures' / 'mine.svg'}\n"
    assert said(capsys, "figures", "mine/", "--check") == "mine: the same\n"


def test_a_table_for_an_appendix(mine, capsys):
    lines = said(capsys, "verify", "mine/", "--markdown").splitlines()
    assert [line.count("|") for line in lines[:3]] == [8, 8, 8]
    assert lines[2].startswith("| (1.2) | Its value without overflow, and its gradient | adjoint PASS, identity PASS |")
    assert lines[2].endswith(" / 1e-12 | 4 of 4 | yes | yes |")
    assert lines[4].startswith("Verified with refvae 0.")
    assert lines[5].startswith("Used of refvae and run with it: (1.6), (1.8), (1.9): 3 claims")


@pytest.mark.slow
def test_its_own_test_passes_in_pytest_and_fails_with_the_claim(mine):
    def run():
        return subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "mine"], text=True,
                              capture_output=True, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}, check=False)

    assert run().returncode == 0
    altered(mine, "mine.py", ("s - x", "s + x"))
    failed = run()
    assert failed.returncode == 1
    assert "test_every_claim_is_closed[(1.2) definition]" in failed.stdout


# Two folders


def test_two_folders_with_equal_names_and_numbers_do_not_collide(mine, tmp_path):
    (tmp_path / "b").mkdir()
    assert main(["new", "b/mine"]) == 0
    other = tmp_path / "b" / "mine"
    altered(other, "mine.py", ("2 * pull_s(dy) - dy", "2 * pull_s(dy) + dy"))
    altered(other, "mine.md", ("Its value without", "Another value without"))
    books = Book.at(mine), Book.at(other)
    found = [{one["kind"]: one["status"] for one in verified(book) if one["eq"] == "1.2"} for book in books]
    assert found == [{"adjoint": "PASS", "identity": "PASS"}, {"adjoint": "FAIL", "identity": "PASS"}]
    assert [statements(book)["1.2"].title[:7] for book in books] == ["Its val", "Another"]
    assert [[line.path for line in lines_of(statements(book)["1.2"])] for book in books] == [
        [mine.resolve() / "mine.py"] * 2, [other.resolve() / "mine.py"] * 2]
    ledgers = [evidence_module("mine", book).ledger for book in books]
    assert ledgers[0] is not ledgers[1]
    assert statements()["1.2"].title.startswith("Pulls compose")
    assert main(["mutate", str(mine)]) == 0


def test_a_claim_about_our_lines_mutates_none_of_them(mine, capsys):
    altered(mine, "mine.md", ("code [`loss`](mine.py) · uses", "about refvae:1.8 · uses"))
    altered(mine, "mine.py", ("# (1.2)", ""))
    out = said(capsys, "show", "mine/", "1.2")
    assert re.search(r"Code \(about \(refvae:1\.8\)\)\n  \S*activations\.py:\d+: +y = ", out)
    assert mutate._lines(type("Arguments", (), {"checker": False, "changed": None}), [], Book.at(mine)) == []


@pytest.mark.slow
def test_code_may_stand_elsewhere(mine, capsys):
    (mine / "src").mkdir()
    (mine / "mine.py").rename(mine / "src" / "mine.py")
    altered(mine, "mine.md", ("(mine.py)", "(src/mine.py)"))
    altered(mine, "evidence.py", ("from .mine", "from .src.mine"))
    assert "26 killed" in said(capsys, "mutate", "mine/")


def test_what_is_open_in_ours_is_open_there(mine, monkeypatch):
    entries = evidence_module("layers").ledger.entries
    monkeypatch.setattr(evidence_module("layers").ledger, "entries", [
        entry for entry in entries if entry.eq != "1.8" or entry.kind == "identity"])
    closed = {one["eq"]: one["closed"] for one in verified(Book.at(mine))}
    assert closed == {"1.2": False, "refvae:1.6": True, "refvae:1.8": False, "refvae:1.9": False}


# What is refused


PAGE = [
    ("uses [1.1]", "uses [1.1], (1.7)", "mine/mine.md:15: (1.2) names (1.7), which no derivation states"),
    ("uses [1.1]", "uses [1.1], refvae:1.999", "mine/mine.md:15: (1.2) names (refvae:1.999), which no "),
    ("uses [1.1]", "use [1.1]", "mine/mine.md:15: (1.2) has the fields ['use'], wanted code, about, uses, from"),
    ("A loss of residuals", "A loss · uses (1.2)", "mine/mine.md:8: (1.1) uses itself: 1.1 uses 1.2 uses 1.1"),
    ("Write here", "Write [here](nowhere.md)", "mine/mine.md:3: no file nowhere.md"),
    ("(mine.py)", "(other.py)", "mine/mine.md:15: no file other.py"),
    ("[`loss`]", "[`lost`]", "mine/mine.md:15: (1.2) lost is not in 'mine.py'"),
    ('<a id="eq-1-2"></a>\n', "", 'mine/mine.md:14: (1.2) wants <a id="eq-1-2"></a> on the line above'),
    ("(1.2)**", "(1.3)**", 'mine/mine.md:15: (1.3) wants <a id="eq-1-3"></a> on the line above'),
    ("# 1 mine", "# mine", "no page (*.md) begins with '# 1 Title', a chapter's number and name"),
]


@pytest.mark.parametrize("command", [["verify"], ["show"], ["mutate"], ["figures"]])
@pytest.mark.parametrize(("old", "new", "message"), PAGE)
def test_an_error_on_a_page_is_one_line(mine, capsys, command, old, new, message):
    altered(mine, "mine.md", (old, new))
    assert main([*command, "mine/"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"refvae {command[0]}: PATH: got 'mine/', where {message}")


@pytest.mark.parametrize(("file", "old", "new", "message"), [
    ("mine.py", "return y, pull", "return y pull", "mine.py:16: invalid syntax"),
    ("mine.py", "# (1.2)\n\n", "# (1.2), (1.3)\n\n", "mine/mine.py:11: no page states (1.3)"),
    ("evidence.py", "import loss", "import lost", "evidence.py:10 raises ImportError: cannot import name 'lost'"),
    ("evidence.py", "(rng.standard_normal((7, 3)),)", "1 / 0", ""),
    ("evidence.py", "ledger = Ledger()", "ledger = 1 / 0", "evidence.py:12 raises ZeroDivisionError: division by zero"),
    ("evidence.py", '@ledger.add("1.2"', '@ledger.add("1.3"', "evidence.py: (1.3) identity definition: no claim has"),
])
def test_an_error_in_the_code_is_one_line(mine, capsys, file, old, new, message):
    altered(mine, file, (old, new))
    code = main(["verify", "mine/"])
    out, err = capsys.readouterr()
    if message:
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert err.startswith(f"refvae verify: PATH: got 'mine/', where {message}")
    else:  # what a check raises is a finding
        assert code == 1
        assert "ZeroDivisionError" in out


def test_a_folder_without_evidence_or_pages_is_one_line(mine, tmp_path, capsys):
    (mine / "evidence.py").unlink()
    (tmp_path / "nothing").mkdir()
    for words, message in ((["mine/"], "'mine/', where there is no evidence.py"),
                           (["nothing"], "'nothing', where no page"),
                           (["mine/", "7.7"], "'mine/', where there is no evidence.py")):
        assert main(["verify", *words]) == 2
        assert capsys.readouterr().err.startswith(f"refvae verify: PATH: got {message}")


def test_patterns_are_those_of_the_folder(mine, capsys):
    for words, message in ((["mine/", "vae"], "PATTERN: got 'vae', wanted a chapter (mine), "),
                           (["mine/", "1.1"], "PATTERN: [1.1] is a definition"),
                           (["mine/", "--break", "1.3"], "EQ: got '1.3', wanted an equation number; nearest: 1.2")):
        assert main(["verify", *words]) == 2
        assert capsys.readouterr().err.startswith(f"refvae verify: {message}")


def test_a_chapter_of_ours_is_meant_where_a_folder_has_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["new", "vae"]) == 0
    assert opened(["vae"])[1] == ["vae"]
    assert opened(["vae/", "1.2"]) == (Book.at(tmp_path / "vae"), ["1.2"])


@pytest.mark.parametrize("name", ["", "2d", "a-b", "class", "evidence", "figures", "ä", "a b", "../x y"])
def test_names_that_are_no_module_are_one_line(name, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["new", name]) == 2
    assert re.fullmatch("refvae new: NAME: got .*, wanted letters, digits and _, .*\n", capsys.readouterr().err)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_over(mine, capsys):
    before = {path: path.read_bytes() for path in mine.iterdir()}
    assert main(["new", "mine"]) == 2
    assert capsys.readouterr().err == "refvae new: NAME: got 'mine', which exists, wanted a new folder\n"
    assert {path: path.read_bytes() for path in mine.iterdir()} == before
    assert main(["new", "nowhere/mine"]) == 2
    assert capsys.readouterr().err.startswith("refvae new: NAME: got 'nowhere/mine', where no folder can be written (")


def test_a_site_of_a_folder(mine, capsys):
    for name in ("markdown_it", "math_core", "mdit_py_plugins", "pygments"):
        pytest.importorskip(name)
    (mine / "figures").mkdir()
    assert said(capsys, "book", "mine/", "--out", "site") == f"{Path('site/index.html')}\n"
    text = Path("site/mine.html").read_text("utf8")
    assert text.count('<span class="status closed">closed</span>') == 1
    assert "mine/mine.py:11" in text
    assert "mine/evidence.py:" in text
    assert "refvae:(1.8) Softplus" in text
    assert '<section id="mine.mine.loss">' in Path("site/api-mine.html").read_text("utf8")
    assert main(["new", "second"]) == 0
    capsys.readouterr()
    assert said(capsys, "book", "mine", "second", "--out", "both").split() == [
        str(Path("both") / name / "index.html") for name in ("mine", "second")]
    assert main(["book", "nowhere", "--out", "other"]) == 2
    assert capsys.readouterr().err == "refvae book: PATH: got 'nowhere', wanted a folder of derivations\n"
