"""What computes carries the number of what it computes: functions of the chapters without any tag, and statements
without one in functions that have some, are listed, each with the reason; and no check is tried on one wrong version
alone.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from refvae.evidence import Evidence
from refvae.statements import TAG, chapters, evidence_module, folder

MODULES = {"np", "special", "linalg", "stats", "math"}  # whose functions compute, but for those that only move numbers
MOVES = set("""append arange array array_split asarray ascontiguousarray atleast_1d broadcast_to column_stack
    concatenate default_rng delete dtype empty empty_like errstate expand_dims eye finfo flatnonzero float64
    fromfile full full_like hstack intp isfinite iscomplexobj isnan lexsort matrix ndim nonzero ones ones_like ravel
    repeat reshape result_type shape size split squeeze stack take_along_axis tile unique
    vstack zeros zeros_like""".split())
SHAPED = {"empty", "full", "ones", "zeros"}  # whose first argument is a shape
METHODS = {"sum", "mean", "prod", "cumsum", "std", "var", "dot"}
CHECKS = {"array", "floating", "generator", "indices", "matrix", "one_more", "perceptron", "real", "refuse_equal_rows",
          "same_shape", "vector", "whole"}
OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Pow, ast.MatMult)

SIZES, REFUSES = "how much is held at a time, or in what pieces: no number depends on it", "decides what is refused"
SCALE, MARGIN = "any factor does: for the range of floats", "how much is taken for rounding"
WARNS, STUDY = "what is said beside an estimate", "laws with a known truth, and summaries of trials: experiments"
DAMPED = "how far a step goes: that it led to the minimum is asked at the end"
PLUMBING = {
    "linear_ae/blocks.py": {"row_blocks": SIZES, "count_bad": REFUSES, "_loader": SIZES, "_read": SIZES,
                            "_file_offset": SIZES},
    "layers.py": {"_plus": "a sum, in place where nobody else has seen the first",
                  "mlp_grad: for": "the layers from last to first"},
    "linear_ae/passes.py": {"Passes.__init__": SIZES, "Passes._sum: self.count": "says how many",
                            "Passes._walk: self.count": "says how many"},
    "linear_ae/svd.py": {"_columns": "how many vectors to iterate: more do not harm",
                         "_pieces": SIZES, "_signed": "a convention: which of two signs",
                         "_iterate: wanted": MARGIN, "_iterate: Q, _": "a basis of the start: any does",
                         "truncated_svd": "how many passes at most",
                         "_start": "from where the iteration starts"} | dict.fromkeys(
                             ("_gram: values, V", "_gram: largest", "_gram: T", "_gram: if", "_gram: return",
                              "_ritz: for", "_ritz: piece[:]"), "what comes of it is measured, (2.25) and (2.27a)"),
    "linear_ae/krylov.py": {"Ritz.wanted": MARGIN, "beside": "orthogonal already, but for rounding",
                            "complete": "any growth does: how many columns a start has", "krylov: if": MARGIN,
                            "krylov: Q": "a basis of the start: any does", "krylov: V, P": SCALE,
                            "krylov: b, unit": SCALE} | dict.fromkeys(
                                ("krylov: size", "krylov: size, near, last", "krylov: near"), SIZES),
    "linear_ae/words.py": {"Semantics.surprises: noise": MARGIN},
    "vae/elbo.py": {"vae_init": "widths of layers"},
    "vae/held_out.py": {"evaluate": SIZES},
    "vae/linear.py": {"_eigen: size": REFUSES},
    "vae/likelihoods.py": {"check_pixels": REFUSES},
    "bottleneck/information.py": {"_rows": REFUSES, "_log_eigenvalues: symmetric": REFUSES},
    "bottleneck/normal.py": {"_refuse": REFUSES, "_varies": REFUSES, "max_entropy: missed": REFUSES,
                             "max_entropy: scale": SCALE, "_newton: size": SCALE, "_newton: seen": MARGIN,
                             "_dual_minimum: decrement, t": DAMPED, "_dual_minimum: while": DAMPED},
    "entropy/cautions.py": dict.fromkeys(("of_every_sample", "of_series", "lag_correlation", "of_columns", "of_spaces",
                                          "of_two_samples"), WARNS),
    "entropy/certify.py": {"_suspects: most": MARGIN, "_suspects: r": MARGIN},
    "entropy/columns.py": {"whitened: rank": REFUSES},
    "entropy/counts.py": {"weights_around: found": SIZES},
    "entropy/divergence.py": {"_samples": WARNS, "kl_to_normal: fits": REFUSES},
    "entropy/estimate.py": {"_estimate: yield": WARNS,
                            "Estimate.naive_se": "the error that (6.71) speaks against",
                            "Estimate.interval": "a quantile of Student's law times an error: of no claim"},
    "entropy/independence.py": {"independence_test": "calls what (6.65) is about"},
    "entropy/information.py": {"_anew": "the estimate once more"},
    "entropy/jackknife.py": {"one_more": REFUSES},
    "entropy/kl.py": {"power_of_two: e": SCALE, "power_of_two: limit": SCALE, "power_of_two: return": SCALE},
    "entropy/mixed.py": {"_estimate": "a record, with the mean of its local values", "_said": WARNS},
    "entropy/neighbours.py": {"search": "how many to ask for, before those in a window are taken out"},
    "entropy/products.py": {"groups": SIZES, "pays": "which of two methods, with the same bits, is quicker",
                            "blocks": SIZES, "panels: (m, d), width": SIZES, "pieces": SIZES,
                            "candidates: crowd": "which rows are left to the tree"},
    "entropy/regions.py": {"box_of": REFUSES},
    "entropy/scale.py": {"one_scale": REFUSES},
    "entropy/study.py": dict.fromkeys(("_product", "_correlated", "_normal_pair", "_cubed", "_student_pair", "pieces",
                                       "complete", "_summary", "_coverage"), STUDY),
    "entropy/ties.py": {"jittered": "noise on request, of no claim", "refuse_ties": REFUSES,
                        "refuse_faint": REFUSES, "refuse_equal_rows": REFUSES, "refuse_ties_within": REFUSES,
                        "last_place: if": REFUSES},
    "entropy/tree.py": {"without_self": "one column less"},
    "entropy/weights.py": {"bsy_weights: missed": REFUSES},
    "eae/training.py": {"refuse_repeated": REFUSES, "filled": "which rows form a batch"},
    "vqvae/model.py": {"vqvae_init": "widths of layers"},
    "vqvae/quantise.py": {"nearest_code: for": SIZES, "nearest_code: rows": SIZES},
    "vqvae/priors.py": {"made_init": "widths of layers", "attention_init": "widths of layers"},
    "denoising/langevin.py": {"_advance": REFUSES},
    "adversarial/em.py": {"_start": "a start, of which nothing is claimed", "_check_covs": REFUSES},
    "spring/curve.py": {"speed": "the definition [11.1]"},
    "spring/routes.py": {"solve_ode: found": "the derivatives that the solver would else take by differences"},
}


def computing(node: ast.AST) -> Iterator[ast.AST]:
    """The pieces of a function that compute; what is refused, said, sliced or checked on the way in is left out."""
    match node:
        case ast.Raise() | ast.JoinedStr() | ast.Slice() | ast.arguments():
            return
        case ast.If(body=body) if all(isinstance(each, ast.Raise) for each in body):
            yield from (piece for each in node.orelse for piece in computing(each))
            return
        case ast.Call(func=ast.Name(id=name)) if name in CHECKS:
            return
        case ast.Call(func=ast.Attribute(value=ast.Name(id=module), attr=name)) if module in MODULES:
            yield from () if name in MOVES else (node,)
            yield from (piece for each in node.args[name in SHAPED:] for piece in computing(each))
            return
        case ast.Call(func=ast.Attribute(attr=name)) if name in METHODS:
            yield node
        case ast.BinOp(op=op, left=left, right=right) if isinstance(op, OPERATORS) and not any(
                isinstance(side, ast.JoinedStr | ast.List | ast.Tuple) or is_text(side) for side in (left, right)):
            yield node
        case ast.AugAssign(op=op, value=value) if isinstance(op, OPERATORS) and not isinstance(value, ast.List):
            yield node
    yield from (piece for child in ast.iter_child_nodes(node) for piece in computing(child))


def is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def untagged(source: str) -> Iterator[str]:
    """The functions, and methods, that compute and hold no tagged line; of the others each statement that does so."""
    lines = source.splitlines()
    tags = {i for i, text in enumerate(lines, 1) if TAG.search(text)}
    tops = [("", node) for node in ast.parse(source).body]
    tops += [(f"{top.name}.", node) for _, top in tops if isinstance(top, ast.ClassDef) for node in top.body]
    for name, function in ((prefix + node.name, node) for prefix, node in tops if isinstance(node, ast.FunctionDef)):
        if tags & where(function):
            yield from (f"{name}: {head(lines[statement.lineno - 1])}" for statement in statements(function)
                        if not tags & where(statement) and any(computing(statement)))
        elif any(computing(function)):
            yield name


def where(node: ast.stmt | ast.expr) -> set[int]:
    return set(range(node.lineno, (node.end_lineno or 0) + 1))


def statements(function: ast.FunctionDef) -> Iterator[ast.stmt | ast.expr]:
    """The statements of a function and of those inside it; of an if or a loop what it asks for."""
    for node in ast.walk(function):
        match node:
            case ast.If(body=body) if all(isinstance(each, ast.Raise) for each in body):
                pass
            case ast.If(test=asked) | ast.While(test=asked) | ast.For(iter=asked):
                yield asked
            case ast.With(items=items):
                yield from (item.context_expr for item in items)
            case ast.stmt() if not isinstance(node, ast.FunctionDef | ast.Try):
                yield node


def head(text: str) -> str:
    """How a statement begins: up to its equals sign, or its first word."""
    return re.match(r"\s*(.*?)(?: \W?= .*|(?<=\w)[ (].*|$)", text)[1]


def files() -> Iterator[tuple[str, Path]]:
    for chapter in chapters():
        room = folder("") / chapter
        for path in sorted(room.glob("*.py")) if room.is_dir() else [room.with_suffix(".py")]:
            yield path.relative_to(folder("")).as_posix(), path


@pytest.mark.parametrize(("name", "path"), list(files()))
def test_functions_that_compute_carry_a_number(name, path):
    assert set(untagged(path.read_text("utf8"))) == set(PLUMBING.get(name, {}))


def test_reasons_are_of_files_that_exist():
    assert set(PLUMBING) <= {name for name, _ in files()}


def alone(entries: list[Evidence]) -> list[str]:
    """The checks that are tried on fewer than two wrong versions."""
    return [f"({entry.eq}) {entry.kind} {entry.name}" for entry in entries if len(entry.wrong) < 2]


@pytest.mark.parametrize("chapter", chapters())
def test_no_check_has_one_wrong_version_alone(chapter):
    assert alone(evidence_module(chapter).ledger.entries) == []


# The rules can fail


@pytest.mark.parametrize(("good", "bad"), [
    ("return x + y  # (1.2)", "return x + y"),
    ("return np.zeros(3)", "return np.exp(x)"),
    ("return x[i + 1:]", "return x[i] + 1"),
    ("if x + 1 > 2:\n        raise ValueError", "if x + 1 > 2:\n        return x"),
    ("raise ValueError(f'{x + 1}')", "return f(x + 1)"),
    ("n = whole(n, 'n', most=m - 1)", "n = g(n, m - 1)"),
    ("return [*x] + [1]", "return x.sum()"),
    ("return f(x) + 'abc'", "return f(x) + 1"),
    ("return x | y", "return lambda: -(x @ y)"),
    ("return np.empty((x + 1, y))", "return np.full(3, x + y)"),
])
def test_what_computes_is_seen(good, bad):
    assert [list(untagged(f"def f(x, y):\n    {line}\n")) for line in (good, bad)] == [[], ["f"]]


@pytest.mark.parametrize(("line", "seen"), [
    ("a, b = x + y, x", ["f: a, b"]),
    ("a = x  # (1.2)", []),
    ("if x + y > 2:\n        return x", ["f: if"]),
    ("if x + y > 2:\n        raise ValueError", []),
    ("for a in range(x + 1):\n        a *= x", ["f: a", "f: for"]),
    ("g(x + 1)", ["f: g"]),
    ("def h(x):\n        return x + 1", ["f: return"]),
    ("a = g(\n        x + y)", ["f: a"]),
    ("a = g(  # (1.2)\n        x + y)", []),
])
def test_statements_beside_tagged_ones_are_seen(line, seen):
    assert sorted(untagged(f"def f(x, y):\n    {line}\n    return x + y  # (1.2)\n")) == seen


def test_methods_are_seen():
    assert list(untagged("class A:\n    def f(self):\n        return self.x * 2\n")) == ["A.f"]


def test_one_wrong_version_is_not_enough():
    good = Evidence("1.2", "law", "f", "It holds.", max, 0, {"one": 1, "two": 2}, 1e-12)
    bad = Evidence("1.2", "law", "g", "It holds.", max, 0, {"one": 1}, 1e-12)
    assert alone([good, bad]) == ["(1.2) law g"]
