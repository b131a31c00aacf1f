"""Check gradients written by hand, yours or ours: `check_layer(f, args)` and `check_gradient(f, x, grad)`.

>>> import numpy as np
>>> from refvae.check import check_gradient
>>> x = np.array([0.3, -1.2, 2.0])
>>> check_gradient(lambda x: np.sum(x**4), x, lambda x: 4 * x**3).status
'PASS'
>>> print(check_gradient(lambda x: np.sum(x**4), x, lambda x: (4 + 1e-6) * x**3))      # doctest: +ELLIPSIS
FAIL: worst block x, relative error 2.5e-07 (bound 1e-12)
...

Every coordinate is compared by complex step where the function is analytic, by real differences where it is not (the
report says which, and why); a Taylor rate and a line integral in real arithmetic stand beside it, and for layers an
adjoint test. With `exact=True` the lines run on exact numbers instead, where a gradient is proved or refuted without
rounding. There is no absolute tolerance: a zero gradient of a loss of size 1e-6 fails. Where rounding of the
function decides, the report is INCONCLUSIVE and says from what size on an error could still be seen. What each method
can see, and why, is (1.27) to (1.32) of derivations/layers.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, overload

import numpy as np

from refvae import trees
from refvae.check import legs
from refvae.check.exact import prove_gradient, prove_layer
from refvae.check.problem import Layer, Problem
from refvae.check.proof import Proof
from refvae.check.report import GradientError, Report, entry_errors, overall
from refvae.inputs import generator
from refvae.trees import Tree

__all__ = ["GradientError", "Proof", "Report", "check_gradient", "check_layer"]


@overload
def check_gradient(f: Callable[[Any], Any], x: Tree, grad: Any, *, zero: Sequence[str] = ...,
                   branches: Callable[[Any], Any] | None = ..., rng: np.random.Generator | int = ...,
                   exact: Literal[False] = ...) -> Report: ...


@overload
def check_gradient(f: Callable[[Any], Any], x: Tree, grad: Any, *, rng: np.random.Generator | int = ...,
                   exact: Literal[True], explain: bool = ...) -> Proof: ...


def check_gradient(f: Callable[[Any], Any], x: Tree, grad: Any, *, zero: Sequence[str] = (),
                   branches: Callable[[Any], Any] | None = None, rng: np.random.Generator | int = 0,
                   exact: bool = False, explain: bool = False) -> Report | Proof:
    """Compare the claimed gradient of a scalar function with numbers that use the function alone.

    f         maps a tree (an array, or nested tuples of arrays) to a scalar
    x         the point: floats, taken as float64
    grad      a function that gives the gradient at a tree, or the gradient at x itself (then no line integral is run)
    zero      names of blocks whose gradient is zero by a theorem; a lone array is called "x", else see `trees.names`
    branches  x -> the branches that f takes at x (signs, argmax, neighbours): then a kink is recognised for certain
    rng       seed or generator for the random directions
    exact     run f and grad on exact numbers instead, which proves or refutes for all x in a cell, (1.33): a `Proof`
    explain   with exact=True, show where it is refuted the difference as a formula (needs SymPy, few numbers)

    Raises ValueError if f(x) is no finite scalar, differs from call to call or changes x, if the gradient is not shaped
    like x, or if `zero` names no block; TypeError if x is no tree of real arrays or the gradient is complex.
    """
    if exact:
        return prove_gradient(f, x, grad, _seed(rng), explain=explain)
    names = [name or "x" for name in trees.names(x)]
    return _report(Problem(f, x, grad, names, branches), zero, generator(rng))


@overload
def check_layer(f: Callable[..., Any], args: Sequence[Any], *, zero: Sequence[str] = ...,
                branches: Callable[..., Any] | None = ..., rng: np.random.Generator | int = ...,
                exact: Literal[False] = ...) -> Report: ...


@overload
def check_layer(f: Callable[..., Any], args: Sequence[Any], *, rng: np.random.Generator | int = ...,
                exact: Literal[True], explain: bool = ...) -> Proof: ...


def check_layer(f: Callable[..., Any], args: Sequence[Any], *, zero: Sequence[str] = (),
                branches: Callable[..., Any] | None = None, rng: np.random.Generator | int = 0,
                exact: bool = False, explain: bool = False) -> Report | Proof:
    """Check every cotangent that the pull of a layer gives, for Gaussian cotangents of its value.

    f     a layer: f(*args) -> (y, pull), where pull(dy) gives one cotangent per argument, bare if there is only one
    args  float arrays and trees of them are checked; for integer arrays and arguments named *_frozen pull gives None
    zero, branches, rng, exact, explain   as in `check_gradient`; branches takes all arguments; blocks are named as in
          `p[0].W`

    Raises what `check_gradient` raises, and ValueError if f gives no (y, pull) or the cotangents are not one per
    argument, shaped like it, and None where it has none.
    """
    if exact:
        return prove_layer(f, args, _seed(rng), explain=explain, decimals=True)
    return layer_report(f, args, zero, rng, branches)


def layer_report(f: Callable[..., Any], args: Sequence[Any], zero: Sequence[str], rng: np.random.Generator | int,
                 branches: Callable[..., Any] | None = None, *, until_failed: bool = False) -> Report:
    """The report of `check_layer`; with `until_failed` nothing else is looked at where one block has failed."""
    layer, [rng] = Layer(f, args), generator(rng).spawn(1)
    dy = layer.cotangent(rng)
    pattern = None if branches is None else lambda x: branches(*layer.args(x))
    problem = Problem(layer.value(dy), layer.x, layer.gradient(dy), layer.names, pattern)
    return _report(problem, zero, rng, layer, until_failed)


def _seed(rng: np.random.Generator | int) -> int:
    return int(generator(rng).integers(2**62))


def _report(problem: Problem, zero: Sequence[str], rng: np.random.Generator, layer: Layer | None = None,
            until_failed: bool = False) -> Report:
    zero = (zero,) if isinstance(zero, str) else zero
    if unknown := set(zero) - set(problem.blocks):
        raise ValueError(f"zero: got {sorted(unknown)}, wanted names among {list(problem.blocks)}")
    v, declared = legs.direction(problem, rng), set(zero)
    found = legs.kink(problem, v)
    why, refused = legs.agreement(problem, v, kinked=bool(found))
    bound = legs.DIFFERENCES if refused else legs.EXACT
    first = [[legs.suspect(problem, v)]] if until_failed and not (refused or declared) else []
    for names in (*first, list(problem.blocks)):
        numeric, doubts = legs.numeric_gradient(problem, names, exact=not refused)
        blocks = [block for block in legs.compare(problem, numeric, doubts, declared, bound) if block.name in names]
        if failed := any(block.status == "FAIL" for block in blocks):
            break
    if not found and not (until_failed and failed):
        found += [legs.taylor(problem, v)] + ([legs.line(problem, v)] if problem.has_gradient else [])
        found += [legs.adjoint(layer, problem, declared, rng)] if layer and not refused else []
    worst = max(blocks, key=lambda block: (block.status == "FAIL", np.inf if np.isnan(block.error) else block.error))
    at = problem.blocks[worst.name]
    a, n = problem.slope[at], numeric[at]
    index = int(np.argmax(np.nan_to_num(entry_errors(a, n), nan=np.inf)))
    return Report(overall(blocks, found), worst.error, bound, worst.name,
                  (float(np.linalg.norm(a)), float(np.linalg.norm(n))),
                  problem.entry(at.start + index), float(a[index]), 0.0 if worst.name in declared else float(n[index]),
                  "real differences" if refused else "complex step", why, problem.note, tuple(blocks), tuple(found))
