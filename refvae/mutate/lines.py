"""The mutants of a line of code: copies of its module with one piece of that line altered."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from refvae.mutate.operators import EXCHANGED, altered, nudged
from refvae.statements import TAG

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
SIGNS: dict[type[ast.AST], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
BARE = ast.Name | ast.Constant | ast.Attribute | ast.Call | ast.Subscript | ast.Slice  # want no brackets
ASSIGNED = ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Return
NO_NUMBERS = ("_", "pull", "rng", "self")  # what no array is mistaken for
NOT_COMPUTED = {"annotation", "returns", "decorator_list"}


class Slot(NamedTuple):
    """A place in a tree where a node stands: in a field of its parent, at a position if the field is a list."""

    parent: ast.AST
    field: str
    at: int | None

    def put(self, node: ast.AST) -> None:
        """Let another node stand there."""
        if self.at is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.at] = node


@dataclass(frozen=True)
class Mutant:
    """A module with one piece of a line altered; `text` is the line as it would read."""

    line: int
    text: str
    tree: ast.Module
    slot: Slot
    new: ast.AST

    def code(self, path: Path) -> Any:
        """The altered module, compiled; the tree keeps the alteration."""
        self.slot.put(self.new)
        return compile(self.tree, str(path), "exec", dont_inherit=True)


def digest(text: str) -> str:
    """A short hash of a line of code, whatever its blanks and its tag."""
    return sha256(" ".join(code_of(text).split()).encode()).hexdigest()[:12]


def mutants(source: str, line: int) -> list[Mutant]:
    """All mutants of a line (counted from 1), those that say the same once, those that change nothing left out."""
    tree, text = ast.parse(source), source.splitlines()[line - 1]
    found: dict[str, Mutant] = {}
    for statement in _statements(tree, line):
        original = ast.unparse(statement)
        siblings = _siblings(tree, line)
        for slot, old, new in _alterations(statement, line, siblings):
            _place(new, old)
            slot.put(new)
            says = ast.unparse(statement)
            slot.put(old)
            if says != original:
                found.setdefault(says, Mutant(line, _spliced(text, line, old, new), tree, slot, new))
    return list(found.values())


def _alterations(statement: ast.stmt, line: int, siblings: list[list[str]]) -> Iterator[tuple[Slot, Any, Any]]:
    for slot, node in _slots(statement):
        if isinstance(node, ast.expr) and line in _where(node):
            yield from ((slot, node, new) for new in altered(node, siblings))
        if isinstance(slot.parent, ast.AugAssign) and type(node) in EXCHANGED and slot.parent.lineno == line:
            yield slot, node, EXCHANGED[type(node)]()  # type: ignore[index]
        if _is_result(slot):
            for part, value in _parts(slot, node):
                if value.lineno <= line <= (value.end_lineno or 0):
                    yield from ((part, value, new) for new in nudged(value))


def _slots(node: ast.AST) -> Iterator[tuple[Slot, ast.AST]]:
    """All places below a node, statements inside it left out, outer before inner."""
    for field, value in ast.iter_fields(node):
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.AST) and not isinstance(child, ast.stmt) and not _is_no_computation(child, field):
                yield Slot(node, field, index), child
                yield from _slots(child)


def _is_no_computation(child: ast.AST, field: str) -> bool:
    """Types, decorators, and the guard zip(..., strict=True)."""
    return field in NOT_COMPUTED or (isinstance(child, ast.keyword) and child.arg == "strict")


def _statements(tree: ast.Module, line: int) -> Iterator[ast.stmt]:
    """The statements that have a piece of their own on the line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or 0) and any(
                child.lineno <= line <= (child.end_lineno or 0) for _, child in _slots(node)
                if isinstance(child, ast.expr)):
            yield node


def _where(node: ast.expr) -> tuple[int, ...]:
    """The lines on which an expression says what it does: where the operator stands, not its operands."""
    match node:
        case ast.BinOp():
            return node.left.end_lineno or 0, node.right.lineno
        case ast.Compare():
            return node.left.end_lineno or 0, node.comparators[0].lineno
        case ast.BoolOp():
            return tuple(value.lineno for value in node.values)
        case ast.IfExp():
            return (node.test.lineno,)
        case ast.Call():
            return (node.func.end_lineno or 0,)
        case ast.Subscript():
            return (node.slice.lineno,)
    return (node.end_lineno or 0,)


def _is_result(slot: Slot) -> bool:
    return (slot.field == "value" and isinstance(slot.parent, ASSIGNED)) \
        or (slot.field == "body" and isinstance(slot.parent, ast.Lambda))


def _parts(slot: Slot, value: Any) -> Iterator[tuple[Slot, ast.expr]]:
    """The numbers that a right-hand side consists of: the entries of a tuple or record, else the whole."""
    match value:
        case ast.Tuple() | ast.List():
            for i, each in enumerate(value.elts):
                yield from _parts(Slot(value, "elts", i), each)
        case ast.Call(func=ast.Name(id=name)) if name[:1].isupper():
            for i, each in enumerate(value.args):
                yield from _parts(Slot(value, "args", i), each)
        case ast.Lambda() | ast.Dict() | ast.Starred() | ast.Constant(value=None | str()) | ast.Attribute(attr="inf"):
            return
        case ast.expr():
            yield slot, value


def _siblings(tree: ast.Module, line: int) -> list[list[str]]:
    """Names that are bound together around the line: the parameters of a function, the targets of an assignment."""
    around = [node for node in ast.walk(tree)
              if isinstance(node, Function) and node.lineno <= line <= (node.end_lineno or 0)]
    groups = [[arg.arg for arg in (*f.args.posonlyargs, *f.args.args, *f.args.kwonlyargs)] for f in around]
    for f in around:
        groups += [[name.id for name in ast.walk(node) if isinstance(name, ast.Name)] for node in ast.walk(f)
                   if isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Store)]
        groups += [[node.id] for node in ast.walk(f) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    return [[name for name in group if not name.startswith(NO_NUMBERS)] for group in groups]


def _place(new: ast.AST, old: ast.AST) -> None:
    """New nodes stand where the old one stood, for the line numbers of the compiled code."""
    at = copy(old) if hasattr(old, "lineno") else None
    for node in ast.walk(new) if at else ():
        if "lineno" in node._attributes and not hasattr(node, "lineno"):
            ast.copy_location(node, at)  # type: ignore[arg-type]


def code_of(text: str) -> str:
    """A line without its indent and its tag."""
    return TAG.sub("", text).strip()


def _spliced(text: str, line: int, old: ast.AST, new: ast.AST) -> str:
    """The line with the new piece in place of the old, as far as the old one stands on this line."""
    if not hasattr(old, "lineno"):  # the operator of an augmented assignment
        return code_of(text.replace(f" {SIGNS[type(old)]}= ", f" {SIGNS[type(new)]}= "))
    raw = text.encode()
    start = old.col_offset if old.lineno == line else len(raw) - len(raw.lstrip())  # type: ignore[attr-defined]
    end = old.end_col_offset if old.end_lineno == line else len(raw)  # type: ignore[attr-defined]
    piece = ast.unparse(new) if isinstance(new, BARE) else f"({ast.unparse(new)})"
    return code_of(raw[:start].decode() + piece + raw[end:].decode())
