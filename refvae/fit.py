"""The training loop, the only user of random numbers: it shuffles, draws noise, and steps; objectives are layers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from refvae import trees
from refvae.inputs import generator, same_shape, whole
from refvae.optim import Adam, Optimiser
from refvae.trees import Array, Pull, Tree

Objective = Callable[..., tuple[Any, Pull]]
Draw = Callable[[np.random.Generator, Array], tuple[Any, ...]]


ADAM = Adam()


def only_data(rng: np.random.Generator, x: Array) -> tuple[Array]:
    """The arguments of an objective without noise: the batch itself."""
    return (x,)


class Fit(NamedTuple):
    """What training gives: the parameters, and the mean loss of every epoch (epochs,)."""

    p: Tree
    history: Array


def fit(objective: Objective, p: Tree, data: Array, *, epochs: int, batch: int, rng: np.random.Generator | int,
        optimiser: Optimiser = ADAM, draw: Draw = only_data, progress: bool | None = None) -> Fit:
    """Minimise the scalar objective(p, *draw(rng, batch of data)) over p; p itself is not changed.

    objective  a layer (p, *args) -> (loss, pull) whose first cotangent is the gradient
    data       (n, ...), visited in a new order every epoch, in batches of `batch` rows (the last may be smaller)
    draw       makes the arguments of a step, for instance (x, eps) with fresh noise
    progress   a bar with the loss on stderr: always, never, or (None) if that is a terminal

    The result is a function of the arguments: with the same seed it repeats bit for bit on one machine. Raises
    TypeError or ValueError for bad counts or rng, FloatingPointError naming epoch and step if a loss is not finite.
    """
    if not isinstance(data, np.ndarray) or not data.shape or not len(data):
        raise ValueError(f"data: got {type(data).__name__} of shape {np.shape(data)}, wanted an array with rows")
    if any(np.asarray(leaf).dtype.kind != "f" for leaf in trees.leaves(p)):
        raise TypeError("p: got leaves that are no floats, wanted floating-point parameters")
    epochs, batch = whole(epochs, "epochs"), whole(batch, "batch", most=len(data))
    rng = generator(rng)
    vector, tree = trees.flatten(p)
    state, history = optimiser.init(vector), np.zeros(epochs)
    with tqdm(total=epochs, unit="epoch", disable=not (sys.stderr.isatty() if progress is None else progress)) as bar:
        for epoch in range(epochs):
            losses: list[float] = []
            for rows in batches(len(data), batch, rng):
                loss, gradient = value_and_gradient(objective, tree, *draw(rng, data[rows]))
                if not np.isfinite(loss):
                    raise FloatingPointError(f"loss: got {loss} in epoch {epoch}, step {len(losses)}, not a finite one")
                trees.map(lambda u, v: same_shape(u, v, "p and its gradient"), tree, gradient)
                flat = trees.flatten(gradient).vector
                same_shape(vector, flat, "p and its gradient, flat")
                optimiser.step(state, vector, flat)
                losses.append(loss * len(rows))
            history[epoch] = sum(losses) / len(data)
            bar.set_postfix_str(f"loss {history[epoch]:.6g}")
            bar.update()
    if not np.isfinite(vector).all():
        raise FloatingPointError(f"p: got NaN or infinite parameters after {epochs} epochs, wanted finite ones")
    return Fit(tree, history)


def value_and_gradient(objective: Objective, p: Tree, *args: Any) -> tuple[float, Tree]:
    """The scalar objective(p, *args), and its gradient with respect to p."""
    loss, pull = objective(p, *args)
    cotangents = pull(np.ones_like(loss))
    if args and (not isinstance(cotangents, tuple) or len(cotangents) != 1 + len(args)):
        got = len(cotangents) if isinstance(cotangents, tuple) else 1
        raise ValueError(f"pull: got {got} cotangents, wanted one for each of {1 + len(args)} arguments")
    return float(loss), cotangents[0] if args else cotangents


def batches(n: int, size: int, rng: np.random.Generator) -> Iterator[Array]:
    """A random order of 0..n-1, cut into pieces of `size`."""
    order = rng.permutation(n)
    yield from (order[start:start + size] for start in range(0, n, size))

