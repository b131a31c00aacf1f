"""Mutation by equation: what is altered, what notices, what is allowed, and that nothing is left behind."""

import gc
import importlib
import json
import sys
from types import SimpleNamespace

import pytest

from refvae.cli import main, mutate
from refvae.mutate import allowed, checker, execution, fresh, trial
from refvae.mutate.allowed import Allowed
from refvae.mutate.lines import digest, mutants
from refvae.mutate.trial import KILLED, SURVIVES, Fate
from refvae.statements import OURS, TaggedLine, folder, statements, tagged_lines

FORMULA = """\
def square(x):
    y = x * x                                                                                           # (99.1)

    def pull(dy):
        return 2 * x * dy                                                                               # (99.2)

    return y, pull


def twice(x):
    return x + x                                                                                        # (99.3)


def halved(n):
    times = 0
    while n > 1:
        n, times = n // 2, times + 1                                                                    # (99.4)
    return times
"""
EVIDENCE = '''\
from refvae.evidence import Ledger, gap, holds
from {name}.formula import halved, square, twice

ledger = Ledger()


@ledger.add("99.1", "law", square, wrong={{}})
def at_three(square, rng):
    return gap(square(3.0)[0], 9.0)


@ledger.add("99.3", "law", twice, wrong={{}})
def at_zero(twice, rng):
    return gap(twice(0.0), 0.0)


@ledger.add("99.4", "law", halved, wrong={{}})
def of_eight(halved, rng):
    return holds(halved(8) == 3)
'''


def altered(line, before=""):
    """The mutants of one line, behind lines that bind its names."""
    return [mutant.text for mutant in mutants(f"{before}{line}\n", before.count("\n") + 1)]


@pytest.mark.parametrize(("line", "wanted"), [
    ("y = x.T @ w", ["x @ w", "(w @ x.T)", "(x.T @ w.T)", "x.T", "w"]),
    ("y = x @ w", ["(x.T @ w)", "(x @ w.T)"]),
    ("y = a - b", ["(b - a)", "(a + b)", "a", "(-b)"]),
    ("y = a + b", ["(a - b)", "a", "b"]),
    ("y = a * b", ["(a / b)", "a", "b"]),
    ("y = a / b", ["(b / a)", "(a * b)", "a", "(1 / b)"]),
    ("y = a < b", ["(a <= b)", "(a > b)"]),
    ("y = -a", ["a", "(-a * 1.000001)"]),
    ("y = a", ["(a * 1.000001)", "(-a)"]),
    ("y = 3.5", ["7.0", "4.5", "2.5"]),
    ("y = x.sum(axis=1)", ["x.sum(axis=2)", "x.sum(axis=0)", "x.sum()", "x.mean(axis=1)"]),
    ("y = x.sum(0)", ["x.sum()", "x.sum(1)", "x.sum(-1)"]),
    ("y = np.log1p(a)", ["np.log(a)"]),
    ("y = np.expm1(a)", ["np.exp(a)"]),
    ("y = x[i]", ["x[i + 1]", "x[i - 1]"]),
    ("y = x[:k]", ["x[:k + 1]", "x[:k - 1]"]),
    ("y = x[1]", ["x[2]", "x[0]"]),
    ("y = range(n)", ["range(n + 1)", "range(n - 1)"]),
    ("y = a if c else b", ["(b if c else a)"]),
    ("y = a and b", ["(a or b)"]),
    ("y = g(keepdims=True)", ["g(keepdims=False)"]),
    ("y = lambda x: x", ["lambda x: (-x)"]),
    ("y = u, Dense(v, w)", ["u, Dense(v, (-w))", "(-u), Dense(v, w)"]),
])
def test_every_operator(line, wanted):
    found = altered(line)
    assert {f"y = {text}" for text in wanted} <= set(found)
    assert len(found) == len(set(found))
    assert line not in found


def test_an_augmented_assignment_changes_its_sign():
    assert {"y -= b", "y += (b * 1.000001)", "y += (-b)"} <= set(altered("y += b"))


@pytest.mark.parametrize(("before", "line", "wanted"), [
    ("def f(mu, logvar):\n", "    return mu", "return logvar"),
    ("def f(z):\n    eps = 1\n", "    return z", "return eps"),
    ("def f(p):\n    u, v = p\n", "    return u", "return v"),
])
def test_names_bound_together_are_exchanged(before, line, wanted):
    assert wanted in altered(line, before)


@pytest.mark.parametrize(("line", "wanted"), [
    ('y = "a"', []), ("y: int", []), ("def f(x: int): pass", []),  # text and types
    ("y = 0 * x", ["y = 1 * x", "y = -1 * x", "y = 0", "y = x"]),  # nothing, whatever its sign
    ("y = zip(x, strict=True)", ["y = (zip(x, strict=True) * 1.000001)", "y = (-zip(x, strict=True))"]),
])
def test_what_computes_nothing_is_left_alone(line, wanted):
    assert sorted(altered(line)) == sorted(wanted)


def test_each_line_of_a_statement_has_its_own_mutants():
    source = "y = (a,\n     b @ c)\n"
    first, second = ({mutant.text for mutant in mutants(source, line)} for line in (1, 2))
    assert first == {"y = ((a * 1.000001),", "y = ((-a),"}
    assert {"(c @ b))", "b)", "(-(b @ c)))"} <= second


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A package with tagged lines and evidence of its own; gives the line of a number."""
    name = f"toy_{tmp_path.name}".replace("-", "_")
    (package := tmp_path / name).mkdir()
    for file, text in (("__init__", ""), ("formula", FORMULA), ("evidence", EVIDENCE.format(name=name))):
        (package / f"{file}.py").write_text(text, "utf8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    entries = importlib.import_module(f"{name}.evidence").ledger.entries
    for module in (trial, execution):
        monkeypatch.setattr(module, "own_evidence", lambda number, book=None: [
            entry for entry in entries if entry.eq == number])
    fresh.imports.cache_clear()
    lines = [TaggedLine(package / "formula.py", i, text) for i, text in enumerate(FORMULA.splitlines(), 1)]
    yield lambda number: next(line for line in lines if f"# ({number})" in line.text)
    fresh.imports.cache_clear()
    for module in [module for module in sys.modules if module.partition(".")[0] == name]:
        del sys.modules[module]


def fates(line, number):
    measured = {}
    for check in trial.checks_of(number):
        seconds, seen = trial.measure(check, [line])
        measured[check] = seconds, frozenset(execution.Piece(*piece) for piece in seen)
    with trial.workers(1):
        return trial.fates(trial.subject(line, [number], list(measured), measured))


def test_evidence_that_bites_kills_every_mutant(toy):
    found = fates(toy("99.1"), "99.1")
    assert {fate.mutant for fate in found} >= {"y = (x / x)", "y = x", "y = (x * x * 1.000001)", "y = (-(x * x))"}
    assert {(fate.status, fate.by) for fate in found} == {(KILLED, "(99.1) law at_three")}


def test_a_planted_survivor_is_reported(toy):
    found = fates(toy("99.3"), "99.3")
    assert {fate.mutant for fate in found} >= {"return (x - x)", "return (-(x + x))"}
    assert {fate.status for fate in found} == {SURVIVES}


@pytest.mark.slow
def test_an_endless_loop_is_killed(toy, monkeypatch):
    monkeypatch.setattr(trial, "LEAST", 1.0)
    found = {fate.mutant: fate for fate in fates(toy("99.4"), "99.4")}
    assert found["n, times = n // 1, times + 1"].by == "a crash or an endless loop"


def test_nothing_is_written_and_nothing_stays_altered(toy, tmp_path):
    line = toy("99.1")
    module = sys.modules[fresh.module_of(line.path)]
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    kept, finders, frozen = dict(sys.modules), list(sys.meta_path), gc.get_freeze_count()
    fates(line, "99.1")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert (sys.modules, sys.meta_path, gc.get_freeze_count()) == (kept, finders, frozen)
    assert module.square(3.0)[0] == 9.0
    with pytest.raises(ZeroDivisionError), trial.workers(1):
        1 / 0  # noqa: B018
    assert gc.get_freeze_count() == frozen


def test_a_child_that_raises_or_dies_says_nothing():
    assert fresh.in_child(lambda: {"a": [1, 2.5]}, 60) == {"a": [1, 2.5]}
    for task in (lambda: 1 / 0, lambda: sys.exit(3), lambda: object()):
        assert fresh.in_child(task, 60) is None


def test_whoever_imports_an_altered_module_loads_anew(toy):
    line = toy("99.1")
    name = fresh.module_of(line.path)
    assert fresh.importers(name) == {name, name.replace("formula", "evidence")}

    def task():
        mutant = next(mutant for mutant in mutants(FORMULA, 2) if mutant.text == "y = x")
        fresh.edit(line.path, mutant.code(line.path))
        return importlib.import_module(name.replace("formula", "evidence")).square(3.0)[0]

    assert fresh.in_child(task, 60) == 3.0


def test_a_file_that_nobody_imports_is_named(tmp_path):
    with pytest.raises(ModuleNotFoundError, match="nothing"):
        fresh.module_of(tmp_path / "nothing.py")


# Lines that evidence never runs


def test_a_pull_that_is_never_called_is_not_run(toy, monkeypatch):
    monkeypatch.setattr(execution, "tagged_lines", lambda: {"99.1": [toy("99.1"), toy("99.2")]})
    assert execution.never_run("99.1") == [toy("99.2")]


def test_the_innermost_function_of_a_line_must_run(tmp_path):
    (path := tmp_path / "a.py").write_text("f = lambda x: (x, lambda y: y)\n")
    line = TaggedLine(path, 1, "")
    names = {}
    exec(compile(path.read_text(), str(path), "exec"), names)
    for call, full in ((lambda: names["f"](1), False), (lambda: names["f"](1)[1](2), True)):
        with execution.running([line]) as seen:
            call()
        assert (execution.pieces(line) <= seen) == full
    assert sys.gettrace() is None or sys.gettrace().__module__ != execution.__name__


# The list of what may survive


def fate(status=SURVIVES):
    return Fate(folder("") / "layers.py", 3, ("1.2",), "    y = x * 1   # (1.2)", "y = x", status, "")


def entry(**fields):
    usual = {"file": "refvae/layers.py", "line": digest("y = x * 1"), "mutant": "y = x", "reason": "times one"}
    return Allowed(**{**usual, **fields})


def outcome(fates, entries, stale=()):
    return "\n".join(mutate.report(fates, entries, stale, folder("").parent))


def test_an_allowed_survivor_is_no_survivor():
    assert "  y = x * 1\n  y = x\n" in outcome([fate()], [])
    assert outcome([fate()], [entry()]) == "1 mutants of 1 lines: 0 killed under their own number, 1 allowed, 0 survive"
    assert outcome([fate(KILLED)], []).endswith("1 killed under their own number, 0 allowed, 0 survive")
    for other in (entry(line="0" * 12), entry(mutant="y = (-x)"), entry(file="refvae/trees.py")):
        assert outcome([fate()], [other]).endswith("0 allowed, 1 survive")


def test_stale_entries_are_found(tmp_path):
    (tmp_path / "a.py").write_text("y = a + b  # (1.2)\n")
    good = Allowed("a.py", digest("y = a + b"), "y = (a - b)", "why")
    survivor = Fate(tmp_path / "a.py", 1, ("1.2",), "y = a + b  # (1.2)", "y = (a - b)", SURVIVES, "")
    killed = Fate(*[*vars(survivor).values()][:5], KILLED, "(1.2) law f")

    def found(fates, **fields):
        return [why for _, why in allowed.stale([Allowed(**{**vars(good), **fields})], fates, tmp_path)]

    assert found([]) == found([survivor]) == []
    assert found([killed]) == ["killed by (1.2) law f"]
    assert found([], file="b.py") == found([], line="0" * 12) == ["no such line"]
    assert found([], mutant="y = (a @ b)") == ["no such mutant"]


def test_the_list_is_read_strictly(tmp_path):
    assert allowed.read(tmp_path / "none.toml") == []
    (path := tmp_path / "a.toml").write_text('[[allowed]]\nfile = "a"\nline = "b"\nmutant = "c"\nreason = " "\n')
    with pytest.raises(ValueError, match=r"a\.toml: got an entry of file, line, mutant, reason, wanted"):
        allowed.read(path)
    for wrong in ("", "mutants = []", 'mutants = ["c", ""]', 'mutant = "c"\nmutants = ["d"]'):
        path.write_text(f'[[allowed]]\nfile = "a"\nline = "b"\nreason = "why"\n{wrong}\n')
        with pytest.raises(ValueError, match=r"a\.toml: got an entry of file, line, reason"):
            allowed.read(path)


def test_mutants_of_a_line_share_a_reason(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text('[[allowed]]\nfile = "a"\nline = "b"\nmutants = ["c", "d"]\nreason = "e"\n')
    assert allowed.read(path) == [Allowed("a", "b", "c", "e"), Allowed("a", "b", "d", "e")]


def test_the_committed_list_is_not_stale():
    root = folder("").parent
    assert list(allowed.stale(allowed.read(root / "tests" / "mutants_allowed.toml"), [], root)) == []


# The command


@pytest.mark.slow
def test_a_number_of_ours(tmp_path, capsys):
    file = tmp_path / "out.json"
    assert main(["mutate", "1.6", "--json", str(file)]) == 0
    found = json.loads(file.read_text())
    assert capsys.readouterr().out.endswith(f"{len(found)} killed under their own number, 0 allowed, 0 survive\n")
    assert {one["status"] for one in found} == {KILLED}
    assert {number for one in found for number in one["numbers"]} >= {"1.6"}


@pytest.mark.parametrize(("words", "message"), [
    (["nowhere"], "PATTERN: got 'nowhere', wanted a chapter"),
    (["-j", "0"], "-j: got 0, wanted at least 1"),
    (["--self", "vae"], "PATTERN: got 'vae', wanted with --self a module of __init__, arrays, blame, "),
    (["--json", "no/such/folder"], "--json: got 'no/such/folder', wanted a file in a folder that exists"),
    (["--changed", "no-such-revision"], "--changed: fatal"),
])
def test_bad_input_is_one_line(words, message, capsys):
    assert main(["mutate", *words]) == 2
    said = capsys.readouterr()
    assert said.err.startswith(f"refvae mutate: {message}")
    assert (said.out, said.err.count("\n")) == ("", 1)


def test_only_changed_lines(monkeypatch):
    held = next(held for number, held in tagged_lines().items() if statements()[number].is_claim)
    name = held[0].path.name
    diff = f"+++ b/{name}\n@@ -1,0 +{held[0].line} @@\n+x\n@@ -5 +9000,2 @@\n+++ b/other.py\n@@ -1 +1 @@\n"
    monkeypatch.setattr(mutate, "_git", lambda book, *words: str(held[0].path.parent) if "rev-parse" in words else diff)
    assert (held[0].path.resolve(), 9001) in mutate.changed("HEAD")
    arguments = type("Arguments", (), {"checker": False, "changed": "HEAD"})
    assert mutate._lines(arguments, [], OURS) == [held[0]]


# The checker


@pytest.mark.slow
@pytest.mark.parametrize("text", ["float((~cases).sum())", 'BOUNDS = {"adjoint"'])  # in a function; run on import alone
def test_a_mutant_of_the_checker_is_killed_by_its_tests(text, monkeypatch):
    monkeypatch.setattr(checker, "TESTS", ("test_evidence.py",))
    [line] = [line for line in checker.lines() if text in line.text]
    found = checker.fates([line], 1, lambda over, task, *each, unit: list(over(task, *each)))
    assert found
    assert {one.status for one in found} <= {KILLED, SURVIVES}
    assert sum(one.status == KILLED and "::" in one.by for one in found) > len(found) / 2


CLOSURE = """\
def outer(a, b):
    def inner(x):
        return x + a if b else x
    return inner


function = outer(1, True)
"""


@pytest.mark.parametrize(("mutant", "exchanged"), [
    ("return (x - a) if b else x", True), ("return x + b if b else x", False), ("function = outer(2, True)", False)])
def test_functions_get_their_altered_code_or_are_made_anew(tmp_path, monkeypatch, mutant, exchanged):
    (path := tmp_path / "closure.py").write_text(CLOSURE)
    names = {}
    exec(compile(CLOSURE, str(path), "exec"), names)
    held = SimpleNamespace(functions=[(names["outer"], str(path)), (names["function"], str(path))], caches=[])
    monkeypatch.setattr(checker, "_session", held)
    one = next(one for line in range(1, 8) for one in mutants(CLOSURE, line) if one.text == mutant)
    assert checker._exchange(path, one.code(path)) is exchanged
    assert names["function"](5) == (4 if exchanged else 6)


def test_progress_is_said_where_there_is_no_terminal(monkeypatch, capsys):
    clock = iter(range(0, 1000, 20))
    monkeypatch.setattr(mutate, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    assert mutate._watched(map, abs, [1, -2, 3], unit="line") == [1, 2, 3]
    assert capsys.readouterr().err == "refvae mutate: 2 of 3 lines\n"
