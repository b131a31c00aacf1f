"""How a piece of an expression is altered: what people mistype in a formula."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from itertools import pairwise

NUDGE = 1 + 1e-6
EXCHANGED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}
COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt), ast.LtE: (ast.Lt, ast.GtE), ast.Gt: (ast.GtE, ast.Lt), ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,)}
TWINS = [("sum", "mean"), ("log1p", "log"), ("expm1", "exp"), ("max", "min"), ("argmax", "argmin"), ("any", "all"),
         ("maximum", "minimum"), ("mu", "logvar"), ("z", "eps"), ("sigma", "var"), ("W", "b"), ("weights", "means")]
REDUCED = {"sum", "mean", "max", "min", "prod", "any", "all", "cumsum"}

Siblings = Sequence[Sequence[str]]  # names that were bound together


def altered(node: ast.AST, siblings: Siblings = ()) -> Iterator[ast.AST]:
    """What may stand for an expression by mistake; `siblings` are groups of names that can be taken for each other."""
    match node:
        case ast.BinOp():
            yield from _binary(node)
        case ast.UnaryOp(op=ast.USub() | ast.Not() | ast.Invert()):
            yield node.operand
        case ast.Compare():
            yield from _compared(node)
        case ast.BoolOp():
            yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
        case ast.IfExp():
            yield ast.IfExp(node.test, node.orelse, node.body)
        case ast.Constant():
            yield from _constant(node.value)
        case ast.Attribute(ctx=ast.Load()):
            yield from [node.value] if node.attr == "T" else (
                ast.Attribute(node.value, other, node.ctx) for other in _twins(node.attr))
        case ast.Name(ctx=ast.Load()):
            yield from (ast.Name(other, node.ctx) for other in _names(node.id, siblings))
        case ast.Call():
            yield from _called(node)
        case ast.Subscript(ctx=ast.Load()):
            yield from (ast.Subscript(node.value, index, node.ctx) for index in _indices(node.slice))


def nudged(value: ast.expr) -> Iterator[ast.expr]:
    """A right-hand side times 1 + 1e-6, and with the other sign; what is written 0 or 0 * x stays 0 and has none."""
    if _is_zero(value.left if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Mult) else value):
        return
    yield ast.BinOp(value, ast.Mult(), ast.Constant(NUDGE))
    yield ast.UnaryOp(ast.USub(), value)


def _binary(node: ast.BinOp) -> Iterator[ast.expr]:
    left, op, right = node.left, node.op, node.right
    if isinstance(op, ast.MatMult | ast.Sub | ast.Div):
        yield ast.BinOp(right, op, left)
    if type(op) in EXCHANGED and not _is_zero(left):
        yield ast.BinOp(left, EXCHANGED[type(op)](), right)
    if isinstance(op, ast.MatMult):
        yield from (ast.BinOp(a, op, b) for a, b in ((_transposed(left), right), (left, _transposed(right))))
    if isinstance(op, ast.Add | ast.Sub | ast.Mult | ast.Div | ast.MatMult):
        yield left
        yield (ast.UnaryOp(ast.USub(), right) if isinstance(op, ast.Sub)
               else ast.BinOp(ast.Constant(1), op, right) if isinstance(op, ast.Div) else right)


def _is_zero(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value == 0


def _transposed(value: ast.expr) -> ast.expr:
    is_transposed = isinstance(value, ast.Attribute) and value.attr == "T"
    return value if is_transposed else ast.Attribute(value, "T", ast.Load())


def _compared(node: ast.Compare) -> Iterator[ast.expr]:
    for i, op in enumerate(node.ops):
        for other in COMPARED.get(type(op), ()):
            yield ast.Compare(node.left, [*node.ops[:i], other(), *node.ops[i + 1:]], node.comparators)


def _constant(value: object) -> Iterator[ast.expr]:
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int | float | complex):
        yield from (ast.Constant(other) for other in (2 * value, value + 1, value - 1))


def _twins(name: str) -> Iterator[str]:
    for pair in TWINS:
        if name in pair:
            yield pair[1 - pair.index(name)]


def _names(name: str, siblings: Siblings) -> Iterator[str]:
    """The next name of each group that holds this one; a twin, if it is bound or a function."""
    known = {each for group in siblings for each in group}
    for group in siblings:
        for one, following in pairwise([*group, *group[:1]]):
            if one == name != following:
                yield following
    yield from (twin for twin in _twins(name) if twin in known or name not in known)


def _called(node: ast.Call) -> Iterator[ast.expr]:
    """A reduction over all axes instead of one, and the bounds of a range."""
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in REDUCED and isinstance(node.func, ast.Attribute):
        kept = [keyword for keyword in node.keywords if keyword.arg != "axis"]
        if len(kept) < len(node.keywords):
            yield ast.Call(node.func, node.args, kept)
        elif len(node.args) == 1 and isinstance(node.args[0], ast.Constant):
            yield ast.Call(node.func, [], node.keywords)
    if name == "range":
        for i, bound in enumerate(node.args):
            for other in _shifted(bound):
                yield ast.Call(node.func, [*node.args[:i], other, *node.args[i + 1:]], node.keywords)


def _indices(index: ast.expr) -> Iterator[ast.expr]:
    match index:
        case ast.Tuple():
            for i, each in enumerate(index.elts):
                yield from (ast.Tuple([*index.elts[:i], other, *index.elts[i + 1:]], ast.Load())
                            for other in _indices(each))
        case ast.Slice():
            yield from (ast.Slice(other, index.upper, index.step) for other in _shifted(index.lower))
            yield from (ast.Slice(index.lower, other, index.step) for other in _shifted(index.upper))
        case _:
            yield from _shifted(index)


def _shifted(bound: ast.expr | None) -> Iterator[ast.expr]:
    """One more and one less; constants are altered as constants."""
    is_constant = isinstance(bound.operand if isinstance(bound, ast.UnaryOp) else bound, ast.Constant)
    if bound is not None and not is_constant:
        yield from (ast.BinOp(bound, op, ast.Constant(1)) for op in (ast.Add(), ast.Sub()))
