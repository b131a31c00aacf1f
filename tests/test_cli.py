"""The command line: what it prints, what it writes and its exit codes, on a chapter of the book and on a small one.

The small book has a claim for every status. It is read by the code that reads the book itself.
"""

import json
import os
import re
import shlex
import struct
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest

from refvae import __main__, __version__, cli
from refvae.cli import figures, main, parser, select, show, verify
from refvae.evidence import KINDS, Ledger, Outcome
from refvae.plain import line, page
from refvae.statements import Book, chapters, lines_of, statements

ROOT = Path(__file__).parents[1]
KEYS = ["eq", "chapter", "statement", "source", "kind", "check", "measured", "expected", "error", "bound", "control",
        "proof", "status", "closed", "seconds", "note"]
COLUMNS = ["eq", "statement", "kind", "measured", "expected", "error", "bound", "control", "proof", "status"]
COMMANDS = ["verify", "show", "new", "book", "mutate", "figures", "train", "encode", "decode", "sample",
            "score", "estimate", "study"]


def command(*argv, env=None, **options):
    """The `refvae` command in a process of its own."""
    settings = {"capture_output": True, "encoding": "utf8", "timeout": 60, **options}
    return subprocess.run([sys.executable, "-m", "refvae", *map(str, argv)],
                          env={**os.environ, "PYTHONIOENCODING": "utf8", **(env or {})}, **settings)


def strict(text):
    """JSON without NaN and Infinity, which are no JSON."""
    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


def without_times(found):
    return [{**record, "seconds": 0} for record in found]


# A chapter of the book, run four times


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Chapter 1, from a folder that is no checkout: once, once again, in two processes, with other seeds."""
    folder, found = tmp_path_factory.mktemp("runs"), {}
    for name, options in {"once": [], "again": [], "processes": ["-j", "2"], "seed": ["--seed", "7"]}.items():
        file = folder / f"{name}.json"
        seed = {"PYTHONHASHSEED": str(len(found))}
        done = command("verify", "layers", "--json", file, *options, cwd=folder, env=seed)
        assert done.stderr == ""
        found[name] = SimpleNamespace(code=done.returncode, out=done.stdout, records=strict(file.read_text("utf8")))
    return found


def test_every_run_passes(runs):
    assert {name: run.code for name, run in runs.items()} == dict.fromkeys(runs, 0)
    assert {record["status"] for run in runs.values() for record in run.records} == {"PASS"}
    assert {record["closed"] for run in runs.values() for record in run.records} == {True}


@pytest.mark.parametrize("other", ["again", "processes"])
def test_output_is_the_same_byte_for_byte(runs, other):
    assert runs[other].out == runs["once"].out
    assert without_times(runs[other].records) == without_times(runs["once"].records)


def test_other_seeds_move_all_random_claims(runs):
    pairs = list(zip(runs["once"].records, runs["seed"].records, strict=True))
    assert all(one[key] == other[key] for one, other in pairs for key in ("eq", "kind", "check"))
    moved = [one["measured"] != other["measured"] for one, other in pairs if one["kind"] in ("montecarlo", "adjoint")]
    assert len(moved) > 9
    assert all(moved)


def test_records_have_these_keys_and_types(runs):
    for record in runs["once"].records:
        assert list(record) == KEYS
        assert all(type(record[key]) is str for key in ("eq", "chapter", "statement", "source", "check", "note"))
        assert all(type(record[key]) in (int, float) for key in ("measured", "expected", "error", "bound", "seconds"))
        assert record["kind"] in KINDS
        assert type(record["closed"]) is bool
        assert list(record["control"]) == ["tried", "rejected"]
        assert 1 <= record["control"]["rejected"] == record["control"]["tried"]
        assert 0 <= record["error"] <= record["bound"]


def test_records_follow_the_derivation(runs):
    numbers = [record["eq"] for record in runs["once"].records]
    claims = [each for each in statements().values() if each.is_claim and each.chapter == "layers"]
    assert list(dict.fromkeys(numbers)) == [each.number for each in claims]
    titles = {record["eq"]: record["statement"] for record in runs["once"].records}
    assert titles == {each.number: each.title for each in claims}


def test_a_row_for_every_record(runs):
    title, header, *rows = [line for line in runs["once"].out.split("\n\n")[:2] for line in line.splitlines() if line]
    assert title == f"{chapters()['layers']}  [layers]"
    assert header.split() == COLUMNS
    assert len(rows) == len(runs["once"].records)
    for row, record in zip(rows, runs["once"].records, strict=True):
        *cells, status = row.split()
        proof = cells.pop() if cells[-1] in ("exact", "no") else ""
        number, *_, kind, measured, expected, error, bound, control = cells
        assert proof == (record["proof"]["kind"] if record["proof"] else "")
        assert (number, kind, status) == (f"({record['eq']})", record["kind"], record["status"])
        assert row.split(maxsplit=1)[1].startswith(record["statement"][:50].rstrip())
        assert control == "{rejected}/{tried}".format(**record["control"])
        # As many digits as the table has room for: 6, 6, 2 and 3.
        for shown, key, most in ((measured, "measured", 5e-6), (expected, "expected", 5e-6), (error, "error", 0.05),
                                 (bound, "bound", 5e-3)):
            assert float(shown) == pytest.approx(record[key], rel=most, abs=0)


def test_totals(runs):
    found = runs["once"].records
    claims, rejected = len({record["eq"] for record in found}), sum(record["control"]["rejected"] for record in found)
    assert (f"{claims} claims, {len(found)} pieces of evidence: {len(found)} PASS. "
            f"Wrong versions rejected: {rejected} of {rejected}.\n") in runs["once"].out
    assert f"Closed (two kinds of evidence, all that is used too): {claims} of {claims}.\n" in runs["once"].out


def test_the_run_says_what_it_does_not_show(runs):
    limits = " ".join(runs["once"].out.split("\n\n")[-1].split())
    assert limits.startswith("What this run does not show: ")
    for word in ("sizes", "points", "seeds", "floating point and not over the reals", "discrepancies", "not all"):
        assert word in limits


# Patterns


def numbers(*patterns):
    return [claim.number for claim in select.claims(patterns)]


def test_all_claims_by_default():
    assert numbers() == [number for number, each in statements().items() if each.is_claim]
    assert {claim.chapter for claim in select.claims([])} == set(chapters())


@pytest.mark.parametrize(("patterns", "want"), [
    (["1.3"], ["1.3"]), (["(1.3)"], ["1.3"]), (["1.4", "1.3", "1.3"], ["1.3", "1.4"]),
    (["1.3?"], [f"1.3{i}" for i in (0, 1, 2, 4, 5)]), (["1.1[89]"], ["1.18", "1.19"])])
def test_numbers_and_globs(patterns, want):
    assert numbers(*patterns) == want


@pytest.mark.parametrize("pattern", ["layers", "lay*", "1.*"])
def test_a_chapter(pattern):
    assert numbers(pattern) == [number for number in numbers() if number.startswith("1.")]


def test_a_chapter_and_a_number():
    assert numbers("linear_ae", "1.3") == ["1.3", *numbers("2.*")]


def test_without_a_pattern_everything_is_run(monkeypatch, capsys):
    monkeypatch.setattr(verify, "verify_until_interrupted", lambda chosen, seed, jobs: ([], False))
    assert main(["verify"]) == 1
    assert f"{len(numbers())} claims, {len(numbers())} pieces of evidence: {len(numbers())} UNCHECKED." in (
        capsys.readouterr().out)


def test_one_claim_says_that_what_it_uses_was_not_run(capsys):
    assert main(["verify", "1.19"]) == 0
    assert ("0 of 1; not decided, for what they use was not run: 1.19.\nTo decide: refvae verify 1.19 --with-uses\n"
            in capsys.readouterr().out)
    assert main(["verify", "1.19", "--with-uses"]) == 0
    out = capsys.readouterr().out
    assert [*dict.fromkeys(re.findall(r"^\((1\.\d+)\)", out, re.M))] == ["1.2", "1.18", "1.19"]
    assert "3 of 3.\n" in out


# A small book, with a claim for every status

PAGE = """# 9 A small book

<a id="eq-9-1"></a>
**[9.1]** A definition

What is meant.

<a id="eq-9-2"></a>
**(9.2)** What stands · code [`f`](f.py) · uses [9.1] · from 5716 (41)

Its text.

Its second paragraph.

<a id="eq-9-3"></a>
**(9.3)** What fails · about (9.2) · uses (9.2)

<a id="eq-9-4"></a>
**(9.4)** What raises · about (9.2)

<a id="eq-9-5"></a>
**(9.5)** What is blind · about (9.2)

<a id="eq-9-6"></a>
**(9.6)** What settles nothing · about (9.2)

<a id="eq-9-7"></a>
**(9.7)** What nobody checks · about (9.2)

<a id="eq-9-8"></a>
**(9.8)** What leans on a failure · about (9.2) · uses (9.3)

## More
"""
CODE = '"""Code."""\n\n\ndef f(x):\n    return 2 * x  # (9.2)\n'
STATUSES = {"9.2": "PASS", "9.3": "FAIL", "9.4": "FAIL", "9.5": "BLIND", "9.6": "INCONCLUSIVE", "9.7": "UNCHECKED",
            "9.8": "PASS"}


def small_ledger():
    """Evidence whose subject is the outcome."""
    ledger = Ledger()

    def outcome(subject, rng):
        """The subject is the outcome."""
        return subject()

    def add(eq, kind, subject, **wrong):
        ledger.add(eq, kind, subject, wrong=wrong, bound=1e-12)(outcome)

    good, bad = (lambda: Outcome(2.0, 2.0, 0.0)), (lambda: Outcome(2.0, 3.0, 1 / 3, "seen"))
    for eq in ("9.2", "9.8"):
        add(eq, "identity", good, doubled=bad)
        add(eq, "law", good, doubled=bad, infinite=lambda: Outcome(np.inf, 2.0, np.inf))
    add("9.3", "identity", bad, doubled=bad)
    add("9.4", "law", lambda: np.ones(7) + np.ones(3), doubled=bad)
    add("9.5", "law", good, doubled=bad, same=good)
    add("9.6", "limit", lambda: Outcome(0.0, 0.0, 0.0, "no slope", conclusive=False), doubled=bad)
    return ledger


@pytest.fixture
def book(tmp_path, monkeypatch):
    """The folder of the small book, with its page and its code, in the place of ours."""
    (tmp_path / "small.md").write_text(PAGE, "utf8")
    (tmp_path / "f.py").write_text(CODE, "utf8")
    small = Book.at(tmp_path)
    monkeypatch.setattr(select, "opened", lambda words: (small, list(words)))
    for command in (verify, show):
        monkeypatch.setattr(command, "opened", select.opened)
    monkeypatch.setitem(sys.modules, small.package, SimpleNamespace())
    monkeypatch.setitem(sys.modules, f"{small.package}.evidence", SimpleNamespace(ledger=small_ledger()))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_statuses_and_closed_claims_are_computed(book, capsys):
    assert main(["verify", "--json", "out.json"]) == 1
    found = strict((book / "out.json").read_text("utf8"))
    assert {record["eq"]: record["status"] for record in found} == STATUSES
    assert {record["eq"]: record["closed"] for record in found} == {**dict.fromkeys(STATUSES, False), "9.2": True}
    assert all(list(record) == KEYS for record in found)
    out = capsys.readouterr().out
    assert "7 claims, 9 pieces of evidence: 1 BLIND, 2 FAIL, 1 INCONCLUSIVE, 4 PASS, 1 UNCHECKED. " in out
    assert "Wrong versions rejected: 10 of 11.\n" in out
    assert "1 of 7; not closed: 9.3, 9.4, 9.5, 9.6, 9.7, 9.8.\n" in out


def test_what_is_open_and_what_is_undecided_are_told_apart(book, capsys):
    assert main(["verify", "9.2", "9.5", "9.8", "--json", "out.json"]) == 1
    assert "1 of 3; not closed: 9.5; not decided, for what they use was not run: 9.8.\n" in capsys.readouterr().out
    closed = {record["eq"]: record["closed"] for record in strict((book / "out.json").read_text("utf8"))}
    assert closed == {"9.2": True, "9.5": False, "9.8": None}


@pytest.mark.parametrize(("number", "status"), STATUSES.items())
@pytest.mark.usefixtures("book")
def test_exit_code_0_only_if_every_status_is_pass(number, status, capsys):
    assert main(["verify", number]) == (0 if status == "PASS" else 1)
    assert main(["verify", "9.2", number]) == (0 if status == "PASS" else 1)
    assert re.search(rf"^\({number}\) .* {status}$", capsys.readouterr().out, re.M)


def test_records_of_what_did_not_pass(book):
    main(["verify", "--json", "out.json"])
    found = {record["eq"]: record for record in strict((book / "out.json").read_text("utf8"))}
    assert [found["9.4"][key] for key in ("measured", "expected", "error")] == [None, None, None]
    assert found["9.4"]["note"].startswith("ValueError: operands could not be broadcast")
    assert found["9.5"]["control"] == {"tried": 2, "rejected": 1}
    assert [found["9.7"][key] for key in ("kind", "measured", "bound", "control", "seconds")] == [
        "", None, None, {"tried": 0, "rejected": 0}, 0.0]
    assert (found["9.2"]["source"], found["9.3"]["source"], found["9.3"]["note"]) == ("5716 (41)", "", "seen")


@pytest.mark.usefixtures("book")
def test_what_did_not_pass_is_said_again_below_the_table(capsys):
    main(["verify"])
    out = capsys.readouterr().out
    assert re.findall(r"^\((9\.\d)\) ([A-Z]+) ", out, re.M) == [
        (number, status) for number, status in STATUSES.items() if status != "PASS"]
    assert "\n(9.4) FAIL outcome: ValueError: operands could not be broadcast" in out
    assert "\n(9.6) INCONCLUSIVE outcome: no slope\n" in out


@pytest.mark.usefixtures("book")
def test_what_has_no_number_is_a_dash(capsys):
    main(["verify", "9.4", "9.7"])
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if line.endswith(("FAIL", "UNCHECKED"))]
    assert rows[0][-6:] == ["-", "-", "-", "1e-12", "1/1", "FAIL"]
    assert rows[1][-6:] == ["-", "-", "-", "-", "0/0", "UNCHECKED"]


# --break


def test_break_shows_each_wrong_version_failing(capsys):
    evidence = [entry for entry in verify._entries("layers") if entry.eq == "1.19"]
    assert main(["verify", "--break", "1.19"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.startswith("(1.19) Gradient of batch normalisation, simplified\n")
    assert out.count("right version") == len(evidence)
    for entry in evidence:
        assert f"\n{entry.kind}: {entry.what}\n" in out
        assert all(re.search(rf"^  wrong: {re.escape(name)} .* rejected$", out, re.M) for name in entry.wrong)
    assert out.count("wrong: ") == out.count("  rejected\n") == sum(len(entry.wrong) for entry in evidence)


@pytest.mark.parametrize(("number", "code"), [("9.2", 0), ("9.5", 1), ("9.8", 0)])
@pytest.mark.usefixtures("book")
def test_break_exits_with_1_if_a_wrong_version_passes(number, code, capsys):
    assert main(["verify", "--break", number]) == code
    assert ("NOT REJECTED" in capsys.readouterr().out) is bool(code)


@pytest.mark.usefixtures("book")
def test_break_shows_the_error_of_the_check(capsys):
    main(["verify", "--break", "9.4"])
    out = capsys.readouterr().out
    assert re.search(r"^  right version +ValueError: operands .*  FAIL \(bound 1e-12\)$", out, re.M)
    assert re.search(r"^  wrong: doubled +measured 2 +expected 3 +error 0\.33 +rejected$", out, re.M)


@pytest.mark.parametrize("number", ["9.3", "9.4", "9.6"])
@pytest.mark.usefixtures("book")
def test_break_does_not_exit_with_0_where_the_right_version_does_not_pass(number, capsys):
    assert main(["verify", "--break", number]) == 1
    out = capsys.readouterr().out
    assert out.count("  rejected\n") == out.count("wrong: ") > 0  # the wrong versions are not to blame
    assert f"  {STATUSES[number]} (bound 1e-12)\n" in out


@pytest.mark.usefixtures("book")
def test_break_does_not_call_a_claim_without_evidence_a_definition(capsys):
    assert main(["verify", "--break", "9.7"]) == 1
    assert "definition" not in capsys.readouterr().out


@pytest.mark.parametrize("options", [["layers"], ["--markdown"], ["--json", "out.json"], ["1.3", "--json", "out.json"]])
def test_break_takes_no_other_request(options, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["verify", *options, "--break", "1.3"]) == 2
    assert capsys.readouterr() == (
        "", "refvae verify: --break: got a PATTERN, --json or --markdown too, wanted one EQ alone\n")
    assert list(tmp_path.iterdir()) == []


def test_a_definition_cannot_be_broken(capsys):
    assert main(["verify", "--break", "1.1"]) == 0
    assert capsys.readouterr() == (
        "[1.1] A layer and its pull\nA definition claims nothing: nothing can be broken.\n", "")


def test_break_moves_with_the_seed(capsys):
    main(["verify", "--break", "1.26"])
    one = capsys.readouterr().out
    main(["verify", "--break", "1.26", "--seed", "7"])
    other = capsys.readouterr().out
    assert one != other
    assert "NOT REJECTED" not in one + other


# show


def shown(number, capsys):
    assert main(["show", number]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def test_show_prints_text_lines_evidence_and_neighbours(runs, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    out, claim = shown("1.19", capsys), statements()["1.19"]
    assert out.startswith(f"(1.19) {line(claim.title)}\nderivations/layers.md:{claim.line}\n\n{page(claim.text)}\n")
    assert (ROOT / "derivations" / "layers.md").read_text("utf8").splitlines()[claim.line - 1].startswith("**(1.19)**")
    words = " ".join(out.split())
    for record in (record for record in runs["once"].records if record["eq"] == "1.19"):
        assert f"measured {record['measured']:.9g}, expected {record['expected']:.9g}, " in words
        assert f"rejected {record['control']['rejected']}/{record['control']['tried']}: PASS " in words
    assert "(1.2) Pulls compose in reverse: the chain rule, (1.18) Batch normalisation" in words.split(" Uses: ")[1]
    users = [f"({each.number}) {line(each.title)}" for each in statements().values() if "1.19" in each.uses]
    assert words.endswith(f" Used by: {', '.join(users)}")


@pytest.mark.parametrize("number", ["1.3", "1.4", "1.19", "1.24", "1.20"])
def test_show_prints_the_very_lines(number, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    found = re.findall(r"^  (\S+\.py):(\d+): (.*)$", shown(number, capsys), re.M)
    assert len(found) == len(lines_of(statements()[number])) > 0
    for path, number_of_line, text in found:
        there = (ROOT / path).read_text("utf8").splitlines()[int(number_of_line) - 1]
        assert there.startswith(text)
        assert not Path(path).is_absolute()


def test_show_names_files_that_can_be_opened_from_anywhere(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    [path] = re.findall(r"^  (.+\.py):\d+: ", shown("1.3", capsys), re.M)
    assert Path(path).exists()


@pytest.mark.parametrize("spelled", ["1.19", "(1.19)"])
def test_show_takes_brackets(spelled, capsys):
    assert shown(spelled, capsys).startswith("(1.19) ")


def test_show_a_definition(capsys):
    out = shown("1.1", capsys)
    assert out.startswith("[1.1] A layer and its pull\n")
    assert "Evidence" not in out
    assert "\nUses: nothing\nUsed by: (1.2) " in out
    assert shown("[1.1]", capsys) == out


def test_show_of_the_small_book(book, capsys):
    out = shown("9.2", capsys)
    assert out.startswith("(9.2) What stands   from 5716 (41)\n")
    assert "\n\nIts text.\n\nIts second paragraph.\n" in out
    assert "\nCode\n  f.py:5:     return 2 * x\n" in out
    assert "\nCode (about (9.2))\n" in shown("9.3", capsys)
    assert ": FAIL\n" in shown("9.3", capsys)
    assert "\nUsed by: (9.3) What fails\n" in out


def test_show_lists_definitions_in_their_brackets(capsys):
    assert f"\nUses: [1.1] A layer and its pull, (1.3) {statements()['1.3'].title}\n" in shown("1.4", capsys)


@pytest.mark.usefixtures("book")
def test_show_says_that_a_claim_has_no_evidence(capsys):
    assert "UNCHECKED" in shown("9.7", capsys)


def test_show_without_a_number_lists_all_statements_chapter_by_chapter(capsys, monkeypatch):
    monkeypatch.setattr(verify, "verify", lambda chosen: 1 / 0)  # a list of contents runs nothing
    assert main(["show"]) == 0
    out, err = capsys.readouterr()
    want = []
    for chapter, title in chapters().items():
        want.append(f"{title}  [{chapter}]")
        for each in statements().values():
            if each.chapter == chapter:
                title = line(each.title)
                want.append(f"  ({each.number}) {title}" if each.is_claim else f"  [{each.number}] {title}")
    assert (out.splitlines(), err) == (want, "")
    assert len(want) == len(chapters()) + len(statements())
    assert "  [1.1] A layer and its pull\n  (1.2) Pulls compose in reverse: the chain rule\n" in out


@pytest.mark.usefixtures("book")
def test_the_list_of_the_small_book(capsys):
    assert main(["show"]) == 0
    assert capsys.readouterr().out.startswith(
        "9 A small book  [small]\n  [9.1] A definition\n  (9.2) What stands\n  (9.3) What fails\n")


# Processes


class Pool:
    """A process pool that forks nothing, and keeps how many processes it was asked for."""

    asked: ClassVar[list[int]] = []

    def __init__(self, processes, initializer):
        self.asked.append(processes)

    def __enter__(self):
        return SimpleNamespace(map=map)

    def __exit__(self, *_):
        return None


@pytest.mark.parametrize(("jobs", "patterns", "processes"), [
    ("1000000", ["1.3"], [2]), ("2", ["1.3"], [2]), ("3", ["1.3", "1.4"], [3]), ("1", ["1.3"], []),
    ("1000000", ["1.19"], [3])])
def test_no_more_processes_than_checks_are_forked(jobs, patterns, processes, monkeypatch, capsys):
    monkeypatch.setattr(Pool, "asked", [])
    monkeypatch.setattr(verify, "ProcessPoolExecutor", Pool)
    assert main(["verify", *patterns]) == 0
    alone = capsys.readouterr().out
    assert main(["verify", *patterns, "-j", jobs]) == 0
    assert Pool.asked == processes
    assert capsys.readouterr().out == alone


@pytest.mark.parametrize(("number", "code"), [("9.4", 1), ("9.7", 1), ("9.8", 0)])
@pytest.mark.usefixtures("book")
def test_a_claim_with_few_checks_or_none_takes_many_processes(number, code, monkeypatch):
    monkeypatch.setattr(verify, "ProcessPoolExecutor", Pool)
    assert main(["verify", number, "-j", "99"]) == code


# Bad input: one line on stderr, nothing on stdout, exit code 2

NEAREST_TO_19_9 = ", ".join(sorted(statements(), key=lambda number: (
    19 - int(number.split(".")[0]), abs(int(re.findall(r"\d+", number)[1]) - 9)))[:3])
FIRST = ", ".join(list(statements())[:3])


@pytest.mark.parametrize(("argv", "message"), [
    (["verify", "nonsense"],
     r"PATTERN: got 'nonsense', wanted a chapter \(layers, linear_ae.*\), .*; nearest: layers, .*"),
    (["verify", "1.3", "nonsense"], "PATTERN: got 'nonsense', .*; nearest: layers, .*"),
    (["verify", "lay"], "PATTERN: got 'lay', .*; nearest: layers"),
    (["verify", ""], "PATTERN: got '', .*"),
    (["verify", "9?.*"], r"PATTERN: got '9\?\.\*', .*"),
    (["verify", "two\nlines"], r"PATTERN: got 'two\\nlines', .*"),
    (["verify", "1.1"], r"PATTERN: \[1\.1\] is a definition and owes no evidence; see refvae show 1\.1"),
    (["verify", "[1.1]"], r"PATTERN: \[1\.1\] is a definition and owes no evidence; see refvae show 1\.1"),
    (["verify", "1.3", "1.1"], r"PATTERN: \[1\.1\] is a definition and owes no evidence; see refvae show 1\.1"),
    (["verify", "1.99"], "PATTERN: got '1.99', .*; nearest: 1.35, 1.34, 1.34a"),
    (["verify", "--break", "abc"], f"EQ: got 'abc', wanted an equation number; nearest: {FIRST}"),
    (["verify", "--break", "1.99"], "EQ: got '1.99', wanted an equation number; nearest: 1.35, 1.34, 1.34a"),
    (["verify", "-j", "0"], "-j: got 0, wanted at least 1"),
    (["verify", "-j", "-2"], "-j: got -2, wanted at least 1"),
    (["verify", "--seed", "-1"], "--seed: got -1, wanted at least 0"),
    (["verify", "--json", "missing/out.json"], "--json: got 'missing/out.json', wanted a file in a folder that exists"),
    (["show", "19.9"], f"EQ: got '19.9', wanted an equation number; nearest: {NEAREST_TO_19_9}"),
    (["show", "1.36"], "EQ: got '1.36', wanted an equation number; nearest: 1.35, 1.34, 1.34a"),
    (["show", "1.19a"], "EQ: got '1.19a', wanted an equation number; nearest: 1.19, .*"),
    (["show", "1,19"], "EQ: got '1,19', wanted an equation number; nearest: .*1.19.*"),
    (["show", "abcdefgh"], "WORD: got 'abcdefgh', which stands together in no title, term, text or function.*"),
    (["show", "40"], "EQ: got '40', wanted a number with its chapter, as in .*6.40.*; the articles' .40.: .*10.3.*"),
    (["show", "3"], "EQ: got '3', wanted a number with its chapter, as in 1.3, .*; a chapter: refvae show '3.*'"),
    (["show", "9?.*"], r"EQ: got '9\?\.\*', which no equation number matches"),
    (["show", "--path", "reparam"], "--path: got reparam, wanted equation numbers"),
    (["show", "--path"], "--path: got nothing, wanted equation numbers"),
    (["show", ""], f"EQ: got '', wanted an equation number; nearest: {FIRST}"),
    (["show", "-"], f"EQ: got '-', wanted an equation number; nearest: {FIRST}"),
    (["figures", "nonsense"], "NAME: got 'nonsense', wanted one of .*"),
])
def test_bad_input_is_one_line(argv, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(f"refvae {argv[0]}: {message}\n", err)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("argv", [
    ["verify", "nonsense"], ["verify", "-j", "0"], ["verify", "--seed", "-1"], ["verify", "--json", "missing/out"]])
def test_bad_input_costs_no_work(argv, monkeypatch):
    def never(*_):
        raise AssertionError("work was done")

    monkeypatch.setattr(verify, "verify_until_interrupted", never)
    assert main(argv) == 2


def test_a_bad_number_in_a_process_of_its_own(tmp_path):
    done = command("show", "-", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"refvae show: EQ: got '-', wanted an equation number; nearest: {FIRST}\n"


USAGE = [([], "COMMAND"), (["nonsense"], "nonsense"), (["verify", "--js", "o"], "--js"),
         (["verify", "-j", "two"], "two"), (["verify", "--seed", "1.5"], "1.5"), (["verify", "--nonsense"], "nonsense"),
         (["verify", "--break"], "--break"), (["verify", "--json"], "--json"), (["figures", "--out"], "--out")]
OWN = ("two", "1.5", "--break", "--json", "--out")  # these the subcommand refuses, not the command above it


@pytest.mark.parametrize(("argv", "word"), USAGE)
def test_bad_usage_exits_with_2_and_says_what_is_wrong(argv, word, capsys):
    with pytest.raises(SystemExit) as stop:
        main(argv)
    out, err = capsys.readouterr()
    assert (stop.value.code, out) == (2, "")
    said = re.fullmatch(r"(refvae(?: [a-z]+)?): (.*) \(see \1 --help\)\n", err)  # one line: a dot is no newline
    assert word in said[2]
    assert "usage" not in err
    assert "error" not in err


@pytest.mark.parametrize(("argv", "name"), [(argv, argv[0]) for argv, word in USAGE if word in OWN])
def test_bad_usage_of_a_command_is_said_by_it(argv, name, capsys):
    with pytest.raises(SystemExit):
        main(argv)
    assert re.fullmatch(rf"refvae {name}: .* \(see refvae {name} --help\)\n", capsys.readouterr().err)


def test_json_into_a_folder_is_one_line(tmp_path, capsys):
    assert main(["verify", "1.3", "--json", str(tmp_path)]) == 2
    assert re.fullmatch("refvae verify: --json: got .*\n", capsys.readouterr().err)


@pytest.mark.parametrize("option", ["--break", "--json"])
def test_an_empty_word_is_bad_input(option, capsys):
    assert main(["verify", "1.3", option, ""]) == 2


# Terminals, pipes and interrupts


def test_no_progress_bar_where_stderr_is_no_terminal(runs, capsys):
    assert main(["verify", "1.3"]) == 0  # `runs` has looked at stderr too
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("options", [[], ["-j", "2"]])
def test_a_progress_bar_on_a_terminal(options, tmp_path):
    shown, out, code = on_terminal("verify", "1.3", *options)
    assert code == 0
    assert "0/2" in shown
    assert "check/s, 1.3]" in shown
    assert shown.rsplit("\r", 2)[-2].strip() == ""  # it goes away in the end
    assert out == command("verify", "1.3").stdout


def on_terminal(*argv):
    """What the command writes to a terminal of 80 columns on stderr, its output, and its exit code."""
    fcntl, pty, termios = (pytest.importorskip(name) for name in ("fcntl", "pty", "termios"))
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with subprocess.Popen([sys.executable, "-m", "refvae", *argv], stdout=subprocess.PIPE, stderr=theirs,
                          env={**os.environ, "PYTHONIOENCODING": "utf8"}) as run:
        os.close(theirs)
        shown = b"".join(iter(lambda: piece(ours), b""))
        out = run.stdout.read().decode()
    os.close(ours)
    return shown.decode(), out, run.returncode


def piece(terminal):
    """The next bytes; none when the other side has gone, which Linux says by an error."""
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""


@pytest.mark.parametrize("argv", [["show", "1.1"], ["verify", "1.3"], ["verify", "--break", "1.3"], ["--help"]])
def test_a_closed_pipe_makes_no_traceback(argv):
    ours, theirs = os.pipe()
    os.close(ours)
    with os.fdopen(theirs, "wb") as pipe:
        done = command(*argv, capture_output=False, stdout=pipe, stderr=subprocess.PIPE)
    assert done.stderr == ""
    assert done.returncode in (0, 1)


def test_the_first_line_is_enough():
    with subprocess.Popen([sys.executable, "-m", "refvae", "show", "1.24"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env={**os.environ, "PYTHONUNBUFFERED": "1"}) as run:
        assert run.stdout.readline().startswith(b"(1.24) ")
        run.stdout.close()
        assert run.stderr.read() == b""
    assert run.returncode in (0, 1)


def test_an_interrupt_makes_no_traceback(monkeypatch, capsys):
    def interrupted(arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(show, "run", interrupted)
    assert main(["show", "1.1"]) == 130
    assert capsys.readouterr() == ("", "refvae show: interrupted\n")


def test_an_interrupt_while_the_command_is_loaded_makes_no_traceback(monkeypatch, capsys):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "refvae.cli", SimpleNamespace(main=interrupted))
    assert __main__.main() == 130
    assert capsys.readouterr() == ("", "refvae: interrupted\n")


def test_an_interrupt_of_the_imports_makes_no_traceback(monkeypatch, capsys):
    def interrupted(name):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "import_module", interrupted)
    assert main(["verify", "1.1"]) == 130
    assert capsys.readouterr() == ("", "refvae verify: interrupted\n")


# The same everywhere


@pytest.mark.parametrize("words", [["2.34", "9.7"], pytest.param([], marks=pytest.mark.slow)], ids=["some", "all"])
def test_records_do_not_depend_on_where_they_are_made(words, tmp_path):
    found = []
    for name, threads, locale, jobs in (("a", "1", "C.UTF-8", 1), ("b", "3", "tr_TR.UTF-8", 2)):
        (tmp_path / name).mkdir()
        settings = {"PYTHONHASHSEED": str(jobs), "OPENBLAS_NUM_THREADS": threads, "LC_ALL": locale}
        done = command("verify", *words, "--json", "out.json", "-j", jobs if words else 2,
                       cwd=tmp_path / name, env=settings, timeout=None)
        assert done.returncode == 0
        records = json.loads((tmp_path / name / "out.json").read_text("utf8"))
        found.append([{key: value for key, value in each.items() if key != "seconds"} for each in records])
    assert found[0] == found[1]


# Start-up

LATE = [(["--version"], {"numpy"}), (["--help"], {"numpy"}), (["new", "--help"], {"numpy"}),
        (["figures", "--help"], {"numpy", "matplotlib"}), (["verify", "--help"], {"scipy", "matplotlib"}),
        (["train", "--help"], {"scipy.stats", "matplotlib"}), (["estimate", "--help"], {"scipy.stats", "matplotlib"}),
        (["show"], {"numpy"}),
        (["show", "reparam"], {"numpy"}), (["show", "1.3"], {"matplotlib", "refvae.models"})]


def imported(*argv):
    """The modules that a Python imports which is called so."""
    done = subprocess.run([sys.executable, "-X", "importtime", *argv], capture_output=True, encoding="utf8", check=True)
    return set(re.findall(r"^import time:.*\| +([\w.]+)$", done.stderr, re.M))


@pytest.mark.parametrize(("argv", "late"), LATE, ids=[" ".join(argv) for argv, _ in LATE])
def test_a_command_imports_nothing_that_it_does_not_need(argv, late):
    found = imported("-m", "refvae", *argv)
    assert "refvae.cli" in found
    assert not late & found


def test_estimators_need_no_distributions():
    found = imported("-c", "import refvae.entropy")
    assert "scipy.spatial" in found
    assert not {"scipy.stats", "scipy.optimize", "matplotlib", "tqdm"} & found


# Help


def helped(*argv, capsys):
    with pytest.raises(SystemExit) as stop:
        main([*argv, "--help"])
    out, err = capsys.readouterr()
    assert (stop.value.code, err) == (0, "")
    return out


def test_help_names_every_command(capsys):
    assert re.findall(r"^    (\w+) {2,}\S", helped(capsys=capsys), re.M) == COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_examples_that_can_be_parsed(name, capsys):
    examples = helped(name, capsys=capsys).split("\nexamples:\n")[1].splitlines()
    assert len(examples) >= 2
    for example in examples:
        assert example.startswith(f"  refvae {name}")
        assert parser().parse_args(shlex.split(example)[1:]).command == name


def test_help_on_verify_names_every_option(capsys):
    out = helped("verify", capsys=capsys)
    assert all(option in out for option in ("PATTERN", "--break EQ", "--json FILE", "--markdown", "--seed N", "-j N"))


def test_help_on_figures_names_the_figures(capsys):
    assert ", ".join(figures.names()) in " ".join(helped("figures", capsys=capsys).split())


def test_version(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert (stop.value.code, capsys.readouterr().out) == (0, f"refvae {__version__}\n")
