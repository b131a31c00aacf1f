"""The training loop, the only user of random numbers: it shuffles, draws noise, and steps; objectives are layers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from refvae import trees
from refvae.inputs import generator, parameters, same_shape, whole
from refvae.optim import Adam, Optimiser
from refvae.trees import Array, Pull, Tree

Objective = Callable[..., tuple[Any, Pull]]
Draw = Callable[[np.random.Generator, Array], tuple[Any, ...]]
Renew = Callable[[Tree, np.random.Generator], Tree]


ADAM = Adam()


def only_data(rng: np.random.Generator, x: Array) -> tuple[Array]:
    """The arguments of an objective without noise: the batch itself."""
    return (x,)


class Fit(NamedTuple):
    """What training gives: the parameters, and the mean loss of every epoch (epochs,)."""

    p: Tree
    history: Array


class State(NamedTuple):
    """A run between two epochs: all that its future depends on.

    p          parameters
    memory     state of the optimiser
    generator  state of the bit generator, as NumPy gives it
    step       steps taken
    history    mean loss of every epoch (epochs,)
    """

    p: Tree
    memory: Tree
    generator: Mapping[str, Any]
    step: int
    history: Array


def fit(objective: Objective, p: Tree, data: Array, *, batch: int, rng: np.random.Generator | int,
        epochs: int | None = None, steps: int | None = None, optimiser: Optimiser = ADAM, draw: Draw = only_data,
        state: State | None = None, save: Callable[[State], None] | None = None, renew: Renew | None = None,
        progress: bool | None = None, unit: str = "nats") -> Fit:
    """Minimise the scalar objective(p, *draw(rng, batch of data)) over p; p itself is not changed.

    objective  a layer (p, *args) -> (loss, pull) whose first cotangent is the gradient
    data       (n, ...), visited in a new order every epoch, in batches of `batch` rows (the last may be smaller)
    epochs     or `steps`, one of the two: how long the whole run is; with `steps` its last epoch may be partial
    draw       makes the arguments of a step, for instance (x, eps) with fresh noise
    state      what `save` got from a run with the same other arguments: goes on from there, and not from p
    save       gets the state before the first epoch and after every whole one, in arrays of its own
    renew      (p, rng) -> the parameters to go on with, before every epoch but the first
    progress   a bar with the loss, in `unit`, on stderr: always, never, or (None) if that is a terminal

    The result is a function of the arguments: with the same seed it repeats bit for bit on one machine, in one part or
    in two, whatever end the first part had in view. Raises TypeError or ValueError for bad counts, rng or state,
    FloatingPointError naming epoch and step if a loss is not finite, or the epochs after which p is not.
    """
    _check(p, data)
    batch, rng = whole(batch, "batch", most=len(data)), generator(rng)
    per_epoch = -(-len(data) // batch)
    end = _end(epochs, steps, per_epoch)
    start = _start(parameters(p, "p"), optimiser, rng)
    run = _Run(start if state is None else _checked(state, start, per_epoch, end), optimiser, rng)
    with tqdm(total=end, initial=run.step, unit="step", disable=not _shown(progress)) as bar:
        while True:
            if save is not None and run.step == len(run.history) * per_epoch:
                save(run.state())
            if run.step == end:
                return Fit(run.p, np.array(run.history))
            if renew is not None and run.history:
                run.vector[:] = trees.flatten(renew(run.p, rng)).vector
            total, seen = 0.0, 0
            for rows in islice(batches(len(data), batch, rng), end - run.step):
                total += len(rows) * run.advance(objective, draw(rng, data.take(rows, 0)), per_epoch)
                seen += len(rows)
                bar.set_postfix_str(f"loss {total / seen:.6g} {unit}", refresh=False)
                bar.update()
            run.close_epoch(total / seen)


class _Run:
    """What changes, in place, while a run is under way; the leaves of p are views into the vector."""

    def __init__(self, start: State, optimiser: Optimiser, rng: np.random.Generator) -> None:
        self.vector, self.p = trees.flatten(start.p)
        self.gradient = trees.flatten(start.p)
        self.places = trees.leaves(self.gradient.tree)
        self.memory, self.optimiser = trees.map(trees.copy, start.memory), optimiser
        self.step, self.history, self.rng = start.step, list(start.history), rng
        rng.bit_generator.state = start.generator

    @np.errstate(over="ignore", divide="ignore", invalid="ignore")
    def advance(self, objective: Objective, args: tuple[Any, ...], per_epoch: int) -> float:
        """Take a step, and give the loss before it."""
        loss, gradient = value_and_gradient(objective, self.p, *args, out=self.gradient.tree)
        if not isfinite(loss):
            raise FloatingPointError(f"loss: got {loss} in epoch {len(self.history)}, step {self.step % per_epoch}, "
                                     "wanted a finite one")
        self._collect(gradient)
        self.optimiser.step(self.memory, self.vector, self.gradient.vector)
        self.step += 1
        return loss

    def _collect(self, gradient: Tree) -> None:
        """Copy the leaves of a gradient into one vector, but for those that are in it already."""
        if not self.step:
            trees.map(lambda u, v: same_shape(u, v, "p and its gradient"), self.p, gradient)
        for place, part in zip(self.places, trees.leaves(gradient), strict=True):
            if part is not place:
                same_shape(place, part, "p and its gradient")
                np.copyto(place, part)

    def close_epoch(self, loss: float) -> None:
        """Enter the mean loss of an epoch."""
        self.history.append(loss)
        if not np.isfinite(self.vector).all():
            raise FloatingPointError(f"p: got NaN or infinite parameters after {len(self.history)} epochs, wanted "
                                     "finite ones")

    def state(self) -> State:
        """A copy of where the run stands."""
        return State(trees.map(np.copy, self.p), trees.map(np.copy, self.memory), self.rng.bit_generator.state,
                     self.step, np.array(self.history))


def _check(p: Tree, data: Array) -> None:
    if not isinstance(data, np.ndarray) or not data.shape or not len(data):
        raise ValueError(f"data: got {type(data).__name__} of shape {np.shape(data)}, wanted an array with rows")
    kinds = {np.asarray(leaf).dtype for leaf in trees.leaves(p)}
    if any(kind.kind != "f" or kind == np.float16 for kind in kinds):
        raise TypeError(f"p: got leaves of {', '.join(sorted(map(str, kinds)))}, wanted float64 or float32")


def _end(epochs: int | None, steps: int | None, per_epoch: int) -> int:
    """The number of steps of the whole run."""
    if (epochs is None) == (steps is None):
        raise TypeError(f"epochs, steps: got {'none' if steps is None else 'both'}, wanted one of the two")
    return whole(steps, "steps") if epochs is None else whole(epochs, "epochs") * per_epoch


def _start(p: Tree, optimiser: Optimiser, rng: np.random.Generator) -> State:
    return State(p, optimiser.init(trees.flatten(p).vector), rng.bit_generator.state, 0, np.zeros(0))


def _checked(state: State, start: State, per_epoch: int, end: int) -> State:
    """The state; ValueError if it is not of the run that begins at `start`."""
    for part in ("p", "memory"):
        got, wanted = (_layout(getattr(each, part)) for each in (state, start))
        if got != wanted:
            raise ValueError(f"state.{part}: got {got}, wanted {wanted}")
    if state.step != len(state.history) * per_epoch:
        raise ValueError(f"state.step: got {state.step} after {len(state.history)} epochs, wanted {per_epoch} steps in "
                         "each: the data or the batch are others")
    if state.step > end:
        raise ValueError(f"state.step: got {state.step}, wanted at most the {end} steps of the run")
    known = isinstance(state.generator, Mapping)
    kind = state.generator.get("bit_generator") if known else type(state.generator).__name__
    if kind != start.generator["bit_generator"]:
        raise ValueError(f"state.generator: got {kind}, wanted "
                         f"{start.generator['bit_generator']}")
    return state


def _layout(tree: Tree) -> str:
    """Names, shapes and dtypes of the leaves, in one line."""
    parts = zip(trees.names(tree), trees.leaves(tree), strict=True)
    return ", ".join(f"{name} {np.shape(leaf)} {np.asarray(leaf).dtype}".lstrip() for name, leaf in parts) or "nothing"


def _shown(progress: bool | None) -> bool:
    return sys.stderr.isatty() if progress is None else progress


def value_and_gradient(objective: Objective, p: Tree, *args: Any, out: Tree = None) -> tuple[float, Tree]:
    """The scalar objective(p, *args), and its gradient with respect to p, some or all of whose leaves are in `out`.

    out  None, or a tree like p: a place for the gradient, for a pull that takes one
    """
    loss, pull = objective(p, *args)
    cotangents = pull(np.ones_like(loss), **trees.place(pull, out))
    if args and (not isinstance(cotangents, tuple) or len(cotangents) != 1 + len(args)):
        got = len(cotangents) if isinstance(cotangents, tuple) else 1
        raise ValueError(f"pull: got {got} cotangents, wanted one for each of {1 + len(args)} arguments")
    return float(loss), cotangents[0] if args else cotangents


def batches(n: int, size: int, rng: np.random.Generator) -> Iterator[Array]:
    """A random order of 0..n-1, cut into pieces of `size`."""
    order = rng.permutation(n)
    yield from (order[start:start + size] for start in range(0, n, size))

