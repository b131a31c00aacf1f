"""The package as a whole: what setup.cfg promises, which way imports run, and the measures that code keeps here."""

import ast
import configparser
import re
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import refvae
from refvae.statements import chapters

ROOT = Path(__file__).parents[1]
ROOMS = {"refvae": ROOT / "refvae", "refvae.derivations": ROOT / "derivations", "refvae.figures": ROOT / "figures"}
MODULES = sorted(path for room in ROOMS.values() for path in room.rglob("*.py"))
PACKAGE = sorted(ROOMS["refvae"].rglob("*.py"))
SETUP_COMMANDS = [
    "python3 -m venv .venv && .venv/bin/pip install -e . && .venv/bin/refvae verify",
    'python3 -m venv .venv && .venv/bin/pip install -e ".[test]" && .venv/bin/python -m pytest',
]
Function = ast.FunctionDef | ast.AsyncFunctionDef


def setup() -> configparser.ConfigParser:
    config = configparser.ConfigParser(delimiters="=")
    config.read(ROOT / "setup.cfg", "utf8")
    return config


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


# Setup


def packages() -> dict[str, Path]:
    """The packages on disk: every folder below a room that holds modules."""
    folders = {path.parent for path in MODULES}
    return {".".join((package, *folder.relative_to(room).parts)): folder
            for package, room in ROOMS.items() for folder in folders if folder.is_relative_to(room)}


def test_setup_lists_every_package():
    assert sorted(setup()["options"]["packages"].split()) == sorted(packages())
    assert [name(folder) for folder in packages().values() if not (folder / "__init__.py").exists()] == []


def test_setup_ships_every_data_file():
    patterns = {package: globs.split(", ") for package, globs in setup()["options.package_data"].items()}
    lost = [name(path) for package, folder in packages().items() for path in folder.iterdir()
            if path.is_file() and path.suffix not in (".py", ".pyc") and not path.name.startswith(".")
            and not any(fnmatch(path.name, pattern) for pattern in patterns.get(package, []))]
    assert lost == []


def test_version_is_one():
    cited = re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text("utf8"), re.M)
    assert cited is not None
    assert cited[1].strip("\"'") == refvae.__version__
    assert f"\n## [{refvae.__version__}]" in (ROOT / "CHANGELOG.md").read_text("utf8")


def shell_lines(text: str) -> list[str]:
    fences = re.findall(r"^```(?:sh|shell|console)\n(.*?)^```$", text, re.M | re.S)
    lines = [line for fence in fences for line in fence.splitlines()]
    return [line.removeprefix("$ ") for line in lines if line.strip() and not line.startswith("#")]


def test_readme_opens_with_the_commands_that_ci_runs():
    assert shell_lines((ROOT / "README.md").read_text("utf8"))[:2] == SETUP_COMMANDS
    script = (ROOT / ".ci" / "run").read_text("utf8").splitlines()
    assert 'eval "$test_command"' in script
    [extraction] = [line for line in script if line.startswith("test_command=")]
    said = subprocess.run(["bash", "-c", f'{extraction}; printf %s "$test_command"'], cwd=ROOT, capture_output=True,
                          text=True, check=True)
    assert said.stdout == SETUP_COMMANDS[1]


def test_a_folder_of_the_same_name_does_not_hide_the_package_from_safe_python(tmp_path):
    (tmp_path / "refvae").mkdir()
    subprocess.run([sys.executable, "-P", "-c", "import refvae.trees"], cwd=tmp_path, check=True)


# Imports


def imports(nodes: Iterator[ast.AST], package: str) -> Iterator[str]:
    """The dotted names that the import statements among the nodes of a module in `package` bring in."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[:-(node.level - 1) or None] if node.level else []
            yield from (".".join((*above, *([node.module] if node.module else []), alias.name)) for alias in node.names)


def outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that run when a module is imported."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, Function | ast.Lambda):
            yield from outside_functions(child)


def part(path: Path) -> str:
    """The module or subpackage of refvae that a file belongs to: `layers`, `check`."""
    return path.relative_to(ROOMS["refvae"]).parts[0].removesuffix(".py")


def package_of(path: Path) -> str:
    return next(package for package, folder in packages().items() if folder == path.parent)


@cache
def uses() -> dict[str, set[str]]:
    """Part of refvae -> the other parts that it imports, anywhere in it."""
    found: dict[str, set[str]] = {part(path): set() for path in PACKAGE}
    for path in PACKAGE:
        names = imports(ast.walk(ast.parse(path.read_text("utf8"))), package_of(path))
        found[part(path)] |= {dotted.split(".")[1] for dotted in names if dotted.startswith("refvae.")}
    return {user: {used for used in parts if not used.startswith("__")} - {user} for user, parts in found.items()}


def test_the_ground_floor_stands_alone():
    found = uses()
    assert found["trees"] | found["inputs"] <= {"trees", "inputs"}
    assert found["activations"] <= {"trees", "inputs"}
    assert found["layers"] <= {"trees", "inputs", "activations"}


def test_a_chapter_imports_no_later_chapter_and_nothing_above():
    order, found = list(chapters()), uses()
    above = {"check", "cli", "derivations", "evidence", "figures", "laws", "models", "statements", "svg", "verdict"}
    assert order[:1] == ["layers"]
    assert set(order) <= set(found)
    wrong = {chapter: bad for i, chapter in enumerate(order) if (bad := found[chapter] & (above | set(order[i:])))}
    assert wrong == {}


def test_tools_for_checking_import_no_chapter():
    tools = ("check", "evidence", "inputs", "outcomes", "statements", "svg", "trees", "verdict")
    wrong = {tool: bad for tool in tools if (bad := uses().get(tool, set()) & {"layers", *chapters()})}
    assert wrong == {}


def test_importing_needs_only_what_setup_requires():
    required = {re.split(r"[<>=]", line)[0] for line in setup()["options"]["install_requires"].split()}
    assert required == {"numpy", "scipy", "matplotlib", "tqdm"}
    known = required | {"refvae"} | sys.stdlib_module_names
    extras = {("refvae/laws/plugin.py", "pytest"), ("refvae/laws/strategies.py", "hypothesis.strategies")}
    strange = [(name(path), dotted) for path in MODULES
               for dotted in imports(outside_functions(ast.parse(path.read_text("utf8"))), package_of(path))
               if dotted.split(".")[0] not in known]
    assert set(strange) == extras


@pytest.mark.parametrize(("source", "wanted"), [
    ("import os.path", ["os.path"]), ("from numpy import linalg", ["numpy.linalg"]),
    ("from . import trees", ["refvae.check.trees"]), ("from ..trees import Array", ["refvae.trees.Array"]),
    ("if True:\n    import torch", ["torch"]), ("def f():\n    import torch", []),
])
def test_imports_are_seen(source, wanted):
    assert list(imports(outside_functions(ast.parse(source)), "refvae.check")) == wanted


# Measures


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def length(function: Function) -> int:
    """Lines from `def` to the end, without the docstring."""
    total = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function) is None:
        return total
    return total - (function.body[0].end_lineno - function.body[0].lineno + 1)


def public(body: list[ast.stmt]) -> Iterator[Function | ast.ClassDef]:
    """Public functions and classes of a module, and the public methods of those classes."""
    for node in body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body)


def test_functions_are_short():
    long = [f"{name(path)}:{function.lineno} {function.name}: {length(function)} lines" for path in PACKAGE
            for function in functions(ast.parse(path.read_text("utf8"))) if length(function) > 30]
    assert long == []


def test_modules_are_short():
    lengths = {name(path): len(path.read_text("utf8").splitlines()) for path in MODULES}
    assert {path: lines for path, lines in lengths.items() if lines > 260} == {}


def explained_elsewhere(path: Path, node: Function | ast.ClassDef) -> bool:
    """An overload, or a method by which exact numbers answer to a function of NumPy that has its name."""
    overload = any(isinstance(each, ast.Name) and each.id == "overload" for each in node.decorator_list)
    return overload or (part(path) == "check" and any(hasattr(each, node.name) for each in (
        np, np.ndarray, np.random.Generator)))


def test_what_is_public_has_a_docstring():
    bare = [f"{name(path)}:{node.lineno} {node.name}" for path in PACKAGE
            for node in public(ast.parse(path.read_text("utf8")).body)
            if not ast.get_docstring(node) and not explained_elsewhere(path, node)]
    assert bare == []


def test_measures_are_taken():
    source = 'def f():\n    """One\n    two."""\n    return 1\n\n\nclass C:\n    def g(self):\n        def h(): ...\n'
    tree = ast.parse(source)
    assert [(function.name, length(function)) for function in functions(tree)] == [("f", 2), ("g", 2), ("h", 1)]
    assert [node.name for node in public(tree.body)] == ["f", "C", "g"]
