"""Laws of layers and gradients written by hand, whoever wrote them and in whatever style."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from refvae import check, trees
from refvae.check.proof import PROVED
from refvae.laws.law import Case, Catalogue, LawReport
from refvae.trees import Tree


@dataclass(frozen=True)
class LayerSubject:
    """A layer f(*args) -> (y, pull) at given arguments; `zero` names cotangents that are 0 by a theorem.

    exact  its lines are plain NumPy and run on exact numbers too
    """

    f: Callable[..., Any]
    args: Sequence[Any] = ()
    zero: Sequence[str] = ()
    exact: bool = False

    def run(self, *args: Any) -> tuple[Tree, Callable[[Tree], tuple[Any, ...]]]:
        """The value, and a pull that gives a tuple in every case."""
        y, pull = self.f(*(args or trees.map(np.array, tuple(self.args))))
        return y, lambda dy: (pull(dy),) if len(self.args) == 1 else tuple(pull(dy))

    def cotangent(self, rng: np.random.Generator) -> Tree:
        """Normal numbers in the shape of the value, never ones."""
        return trees.map(lambda y: rng.standard_normal(np.shape(y)), self.run()[0])


catalogue = Catalogue("layer", LayerSubject)


def check_layer(f: Callable[..., Any], args: Sequence[Any], *, zero: Sequence[str] = (), exact: bool = False,
                expected_failures: Mapping[str, str] | None = None, seed: int = 0) -> LawReport:
    """Hold a layer, f(*args) -> (y, pull), to the laws of chapter 1 at these arguments.

    pull(dy) gives one cotangent per argument (bare for one argument), None for integers and for what is frozen. See
    `of_object` and `of_functions` for layers in other styles. `zero` names cotangents that are 0 by a theorem. With
    `exact=True`, for plain NumPy, that the pull is the adjoint must moreover be proved on exact numbers, (1.33).
    """
    return catalogue.check(f, expected_failures, seed, args=tuple(args), zero=tuple(zero), exact=exact)


def check_gradient(f: Callable[[Any], Any], x: Tree, grad: Callable[[Any], Any], *, zero: Sequence[str] = (),
                   exact: bool = False, expected_failures: Mapping[str, str] | None = None,
                   seed: int = 0) -> LawReport:
    """Hold the gradient of a scalar function of one array or tree to the same laws: f is then a layer."""
    def layer(x: Tree) -> tuple[Any, Callable[[Any], Tree]]:
        return f(x), lambda dy: trees.map(lambda leaf: dy * leaf, grad(x))

    return check_layer(layer, (x,), zero=zero, exact=exact, expected_failures=expected_failures, seed=seed)


def of_functions(forward: Callable[..., Any], backward: Callable[..., Any]) -> Callable[..., Any]:
    """A layer from forward(*args) -> y and backward(dy, *args) -> one cotangent per argument."""
    return lambda *args: (forward(*args), lambda dy: backward(dy, *args))


def of_object(make: Callable[..., Any], forward: str = "forward", backward: str = "backward",
              gradients: Callable[[Any], tuple[Any, ...]] = lambda layer: ()) -> Callable[..., Any]:
    """A layer from objects that keep state: make(*params) has forward(x) and backward(dy) -> dx.

    The layer takes (*params, x); gradients(object) gives the cotangents of params after backward. A new object is made
    for every call of the layer, and one for every pull, so that what it accumulates starts at 0.
    """
    def layer(*args: Any) -> tuple[Any, Callable[[Any], Any]]:
        *params, x = args

        def pull(dy: Any) -> Any:
            it = make(*params)
            getattr(it, forward)(x)
            dx = getattr(it, backward)(dy)
            return (*gradients(it), dx) if params else dx

        return getattr(make(*params), forward)(x), pull

    return layer


def _leaves(*each: Tree) -> np.ndarray:
    parts = [np.ravel(leaf).astype(float) for tree in each for leaf in trees.leaves(tree)]
    return np.concatenate([np.zeros(0), *parts])


@catalogue.law("1.1", "noise drawn inside", "state kept between calls")
def the_same_value_twice(f: LayerSubject, rng: np.random.Generator) -> Iterator[Case]:
    """A layer is a function: asked twice, the value is the same to the last bit."""
    yield Case("f(*args)[0], twice", {}, _leaves(f.run()[0]), _leaves(f.run()[0]), 0)


@catalogue.law("1.1", "argument changed in place")
def arguments_are_left_alone(f: LayerSubject, rng: np.random.Generator) -> Iterator[Case]:
    """Neither the layer nor its pull changes an argument."""
    args = trees.map(np.array, tuple(f.args))
    dy = f.cotangent(rng)
    f.run(*args)[1](dy)
    yield Case("args after f(*args)[1](dy)", {}, _leaves(*args), _leaves(*f.args), 0)


@catalogue.law("1.1", "gradients accumulate", "value overwritten by the pull")
def the_pull_may_be_called_twice(f: LayerSubject, rng: np.random.Generator) -> Iterator[Case]:
    """Pulled twice the cotangents are the same, and the value stays."""
    y, pull = f.run()
    before, dy = _leaves(y).copy(), f.cotangent(rng)
    first = _leaves(*pull(dy)).copy()
    yield Case("y, pull = f(*args); pull(dy), twice", {}, _leaves(*pull(dy)), first, 0)
    yield Case("y after pull(dy)", {}, _leaves(y), before, 0)


@catalogue.law("1.1", "cotangent clipped", "cotangent of ones assumed")
def the_pull_is_linear(f: LayerSubject, rng: np.random.Generator) -> Iterator[Case]:
    """pull(a u + b w) = a pull(u) + b pull(w)."""
    _, pull = f.run()
    u, w, a, b = f.cotangent(rng), f.cotangent(rng), 2.5, -30.0
    want = a * _leaves(*pull(u)) + b * _leaves(*pull(w))
    got = _leaves(*pull(trees.axpy(a, u, trees.map(lambda leaf: b * leaf, w))))
    yield Case(f"pull({a} * u + {b} * w)", {}, got, want, 1e-10 * (np.abs(want).max(initial=0) + 1e-300))


@catalogue.law("1.1", "sum left out where a bias was broadcast")
def cotangents_are_like_their_arguments(f: LayerSubject, rng: np.random.Generator) -> Iterator[Case]:
    """The cotangent of an argument has its shape, and there is one for every argument, or None."""
    got = f.run()[1](f.cotangent(rng))
    yield Case("len(pull(dy))", {}, len(got), len(f.args), 0)
    for i, (dx, x) in enumerate(zip(got, f.args, strict=True)):
        for d, leaf in zip(trees.leaves(dx), trees.leaves(x), strict=False):
            yield Case(f"pull(dy)[{i}].shape", {}, np.shape(d), np.shape(leaf), 0)


@catalogue.law("1.28", "term forgotten", "transpose forgotten", "mean for sum", "sign of one entry",
               "exp(logvar) for sigma in the pull", "batch norm without the mean term",
               "second order hidden by ReLU", "gradient off by 2e-6", "cotangent of ones assumed")
def the_pull_is_the_adjoint(f: LayerSubject, rng: np.random.Generator) -> Iterator[Case]:
    """<dy, Df v> = <pull(dy), v> on every coordinate, without an absolute tolerance; what is found is the report."""
    report = check.check_layer(f.f, list(f.args), zero=f.zero, rng=rng)
    yield Case(_commented(f"refvae.check.check_layer(f, args)\n{report}"), {},
               float(report.status in ("PASS", "KINK")), 1.0, 0)
    if f.exact:
        proof = check.check_layer(f.f, list(f.args), rng=rng, exact=True)
        yield Case(_commented(f"refvae.check.check_layer(f, args, exact=True)\n{proof}"), {},
                   float(proof.status == PROVED), 1.0, 0)


def _commented(text: str) -> str:
    """The first line as it is, the others as comments."""
    return "\n# ".join(text.splitlines())
