"""The question that a check answers: a scalar function of one flat vector, and the gradient somebody claims for it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate, pairwise
from math import prod
from typing import Any

import numpy as np

from refvae import trees
from refvae.check.numeric import noise, wobble
from refvae.trees import Array, Tree

Function = Callable[..., Any]


class Problem:
    """f and its claimed gradient as functions of one float64 vector x; `blocks` are the slices of its named leaves.

    scale  at every coordinate the root mean square of its block, so that steps and floors have the right units
    slope  the claimed gradient at x
    floor  what round-off alone can make of a difference of values of f near x, computed when first asked for
    single  whether f computes in single precision: all its values near x are numbers of float32; likewise
    """

    def __init__(self, f: Function, x: Tree, grad: Any, names: list[str], branches: Function | None = None) -> None:
        self.x, self.like = trees.flatten(trees.map(_double, x))
        self.shapes = dict(zip(names, map(np.shape, trees.leaves(self.like)), strict=True))
        ends = np.cumsum([0, *(leaf.size for leaf in trees.leaves(self.like))])
        self._tree = unflattener(self.like)
        self.blocks = {name: slice(a, b) for name, a, b in zip(names, ends[:-1], ends[1:], strict=True)}
        self._f, self._grad, self._branches = f, grad, branches
        self.has_gradient = callable(grad)
        self.names_branches = branches is not None
        if not self.x.size:
            raise ValueError("x: got no coordinates, wanted at least one")
        self.scale = self._scales()
        self.note = ""
        self.slope = self.gradient(self.x)
        value, again = (self._pure(self._f, self.x) for _ in range(2))
        self.value = value
        if isinstance(value, (tuple, list)):
            raise ValueError(f"f(x): got a {type(value).__name__} of {len(value)}, wanted a finite scalar; if f gives "
                             "(value, gradient), check lambda x: f(x)[0] and lambda x: f(x)[1]; layers: check_layer")
        if np.ndim(value) == 0 and value != again and np.isfinite(value):
            raise ValueError(f"f: got {value} and then {again} at the same x, wanted a function: noise is an argument")
        if np.ndim(value) or not np.isfinite(value) or not np.isfinite(self.x).all():
            raise ValueError(f"f(x): got {value!r}, wanted a finite scalar at a finite x")

    @property
    def floor(self) -> float:
        return self._precision[0]

    @property
    def single(self) -> bool:
        return self._precision[1]

    def f(self, x: Array) -> Any:
        """The value at a flat vector, real or complex; that at x itself is known."""
        return self.value if x is self.x else self._pure(self._f, x)

    def gradient(self, x: Array) -> Array:
        """The claimed gradient at a flat vector, as a flat vector."""
        gradient = self._pure(self._grad, x) if self.has_gradient else self._grad
        got = [np.shape(leaf) for leaf in trees.leaves(gradient)]
        if got != list(self.shapes.values()):
            raise ValueError(f"gradient: got shapes {got}, wanted {self.shapes}")
        if any(np.iscomplexobj(leaf) for leaf in trees.leaves(gradient)):
            raise TypeError("gradient: got complex numbers, wanted real ones")
        if any(np.asarray(leaf).dtype in (np.float32, np.float16) for leaf in trees.leaves(gradient)):
            self.note = self.note or "the gradient is computed in single precision; check it in float64"
        vector = trees.flatten(trees.map(lambda leaf: np.asarray(leaf, np.float64), gradient)).vector
        return np.where(np.isfinite(vector), vector, np.nan)  # NaN goes through all arithmetic in silence

    def _pure(self, f: Function, x: Array) -> Any:
        """f at a flat vector, which it cannot change."""
        fixed = x.copy()
        fixed.flags.writeable = False
        return call(f, self._tree(fixed))

    def one_piece(self, v: Array) -> bool:
        """Whether the branches, where somebody named them, are the same all along [x, x + v]."""
        return len({self.pattern(self.x + s * v) for s in np.linspace(0, 1, 33)}) == 1

    def pattern(self, x: Array) -> bytes:
        """The branches taken at x; empty where nobody named any."""
        if self._branches is None:
            return b""
        branches = self._branches(trees.unflatten(x, self.like))
        return b"".join(np.asarray(leaf).tobytes() for leaf in trees.leaves(branches))

    def entry(self, index: int) -> str:
        """The name of one coordinate, as in `p[0].W[3, 2]`."""
        return entry(self.shapes, index)

    @cached_property
    def _precision(self) -> tuple[float, bool]:
        """The noise floor of f, and whether it computes in single precision; a note says what is worth knowing."""
        rng = np.random.default_rng(0)
        floor, v = wobble(self.f, self.x, self.scale, rng), 2.0**-20 * self.scale * rng.standard_normal(self.x.shape)
        values = np.array([np.real(self.f(self.x + j * v)) for j in range(-6, 7)])
        rough = noise(values)
        with np.errstate(over="ignore"):
            single = bool((values == values.astype(np.float32)).all() and np.ptp(values) > 0)
        if single:
            self.note = "f computes in single precision; check it in float64"
        elif rough > 2.0**-33 * np.abs(values).max():
            self.note = f"the values of f jitter by {rough:.1g}, as after single precision or a cancellation inside"
        return 16 * max(floor, rough), single

    def _scales(self) -> Array:
        overall = np.sqrt(np.mean(self.x**2)) or 1.0
        return np.concatenate([np.full(b.stop - b.start, np.sqrt(np.mean(self.x[b] ** 2)) or overall)
                               for b in self.blocks.values()])


def entry(shapes: Mapping[str, tuple[int, ...]], index: int) -> str:
    """The name of one coordinate of the blocks of these shapes, as in `p[0].W[3, 2]`."""
    for name, shape in shapes.items():
        if index < (size := prod(shape)):
            position = np.unravel_index(index, shape)
            return name + (f"[{', '.join(str(int(i)) for i in position)}]" if position else "")
        index -= size
    raise IndexError(f"index: got {index} beyond {dict(shapes)}")


class Layer:
    """A layer at given arguments: which of them move, what they are called, and its scalar shadows <dy, f(x)>."""

    def __init__(self, f: Function, args: Sequence[Any]) -> None:
        if type(args) not in (tuple, list):
            raise TypeError(f"args: got {type(args).__name__}, wanted a tuple of arguments such as (x,)")
        self.f, self.all = f, tuple(trees.map(_fixed, arg) for arg in args)
        self.labels = argument_names(f, len(self.all))
        self.moves = [not label.endswith("_frozen") and _is_float(arg, label)
                      for label, arg in zip(self.labels, self.all, strict=True)]
        self.names = [name for label, arg, moves in zip(self.labels, self.all, self.moves, strict=True) if moves
                      for name in trees.names(arg, label)]
        self.x = self._moving(self.all)
        if not self.names:
            raise ValueError("args: got no float array, wanted at least one argument that has a cotangent")

    def args(self, x: tuple[Any, ...]) -> list[Any]:
        """All arguments, with the moving ones taken from x."""
        moving = iter(x)
        return [next(moving) if moves else arg for arg, moves in zip(self.all, self.moves, strict=True)]

    def cotangent(self, rng: np.random.Generator) -> Tree:
        """Gaussian, shaped like the value: never ones, which batch norm and softmax annihilate (1.31)."""
        found = call(self.f, *self.all)
        if not isinstance(found, tuple) or len(found) != 2 or not callable(found[1]):
            raise ValueError(f"f: got {type(found).__name__}, wanted a layer's (y, pull)")
        return trees.map(lambda leaf: rng.standard_normal(np.shape(leaf)), found[0])

    def value(self, dy: Tree) -> Function:
        """x -> <dy, f(x)>."""
        return lambda x: trees.dot(dy, self.f(*self.args(x))[0])

    def gradient(self, dy: Tree) -> Function:
        """x -> the cotangents that pull(dy) gives for the moving arguments."""
        return lambda x: self.cotangents(self.f(*self.args(x))[1](dy))

    def cotangents(self, got: Any) -> tuple[Any, ...]:
        """What a pull gave for the moving arguments; ValueError unless it is one for each, and None for the others."""
        each = (got,) if len(self.all) == 1 else got
        if not isinstance(each, tuple) or len(each) != len(self.all):
            found = f"{len(each)} cotangents" if isinstance(each, tuple) else f"{type(each).__name__} for cotangents"
            raise ValueError(f"pull: got {found}, wanted one for each of {len(self.all)} arguments, in a tuple")
        for label, d, arg in zip(self.labels, each, self.all, strict=True):
            if d is not None and parts(d) != parts(arg):
                raise ValueError(f"pull: got {parts(d)} for {label}, wanted {parts(arg)}")
        if any(d is not None for d, moves in zip(each, self.moves, strict=True) if not moves):
            raise ValueError("pull: got a cotangent for an integer or frozen argument, wanted None")
        return self._moving(each)

    def _moving(self, each: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(one for one, moves in zip(each, self.moves, strict=True) if moves)


def unflattener(like: Tree) -> Callable[[Array], Tree]:
    """`trees.unflatten` for many vectors of one shape: where each leaf stands is found once."""
    shapes = [np.shape(leaf) for leaf in trees.leaves(like)]
    ends = accumulate((prod(shape) for shape in shapes), initial=0)
    return _cutter(like, zip(pairwise(ends), shapes, strict=True))


def _cutter(like: Tree, places: Iterator[Any]) -> Callable[[Array], Tree]:
    if like is None:
        return lambda vector: None
    if not isinstance(like, tuple):
        (start, end), shape = next(places)
        return lambda vector: vector[start:end].reshape(shape)
    parts = [_cutter(part, places) for part in like]
    if hasattr(like, "_fields"):
        return lambda vector: type(like)(*[part(vector) for part in parts])
    return lambda vector: tuple(part(vector) for part in parts)


def parts(tree: Tree) -> str:
    """What a tree is, in words: an array, or a tuple of how many."""
    return f"a tuple of {len(tree)}" if isinstance(tree, tuple) else "an array"


def call(f: Function, *args: Any) -> Any:
    """f(*args); writing to an argument, which is read-only here, is said to be no pure function."""
    try:
        return f(*args)
    except ValueError as error:
        if "read-only" in str(error):
            raise ValueError("f: changes its argument in place, wanted a pure function") from error
        raise


def _fixed(leaf: Any) -> Array:
    """A read-only copy of an array of numbers."""
    if isinstance(leaf, (dict, list, str, np.ma.MaskedArray)) or np.asarray(leaf).dtype.kind not in "biuf":
        kind = leaf.dtype if type(leaf) is np.ndarray else type(leaf).__name__
        raise TypeError(f"x: got {kind}, wanted real arrays, or nested tuples of them")
    copy = np.array(leaf)
    copy.flags.writeable = False
    return copy


def _double(leaf: Any) -> Array:
    return _fixed(leaf).astype(np.float64)


def argument_names(f: Function, count: int) -> list[str]:
    """The names of the first positional parameters of f, or arg0, arg1, ... where it does not tell them."""
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    known = [q.name for q in parameters if q.kind in (q.POSITIONAL_ONLY, q.POSITIONAL_OR_KEYWORD)][:count]
    return known + [f"arg{i}" for i in range(len(known), count)]


def _is_float(arg: Tree, label: str) -> bool:
    kinds = {np.asarray(leaf).dtype.kind for leaf in trees.leaves(arg)}
    if kinds != {"f"} and not kinds <= set("iub"):
        raise ValueError(f"{label}: got dtype kinds {sorted(kinds)}, wanted floats alone or integers alone")
    return kinds == {"f"}
