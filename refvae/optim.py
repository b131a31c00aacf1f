"""Optimisers: `init(x)` makes a state, `step(state, x, g)` moves the flat vector x against the gradient g, in place."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any, NamedTuple, Protocol

import numpy as np

from refvae.inputs import real
from refvae.trees import Array, aligned

PIECE = 1 << 18  # bytes of each vector that Adam works on at a time, so that they stay in the cache


class Optimiser(Protocol):
    """What `refvae.fit` asks of an optimiser; its settings are fields, its memory is the state that `init` makes."""

    def init(self, x: Array) -> Any:
        """The state before the first step."""

    def step(self, state: Any, x: Array, g: Array) -> None:
        """Change x, and the state, in place."""


@dataclass(frozen=True)
class SGD:
    """Gradient descent: x <- x - lr g."""

    lr: float = 1e-2

    def __post_init__(self) -> None:
        _within(lr=(self.lr, np.inf))

    def init(self, x: Array) -> None:
        """No state."""

    def step(self, state: None, x: Array, g: Array) -> None:
        """One step in place."""
        x -= self.lr * g


@dataclass(frozen=True)
class Momentum:
    """Heavy ball: v <- beta v + g, x <- x - lr v. [Polyak 1964]"""

    lr: float = 1e-2
    beta: float = 0.9

    def __post_init__(self) -> None:
        _within(lr=(self.lr, np.inf), beta=(self.beta, 1))

    def init(self, x: Array) -> Array:
        """The velocity v = 0."""
        return np.zeros_like(x)

    def step(self, state: Array, x: Array, g: Array) -> None:
        """One step in place."""
        state *= self.beta
        state += g
        x -= self.lr * state


class Moments(NamedTuple):
    """State of Adam: sums of the gradients, m, and of their squares, v, that are discounted by beta1 and beta2 at every
    step, and the number t () of steps taken; (1 - beta1) m is the mean of the paper."""

    m: Array
    v: Array
    t: Array


@dataclass(frozen=True)
class Adam:
    """Adam with bias correction, eps outside the root. [Kingma & Ba 2015, algorithm 1]"""

    lr: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8

    def __post_init__(self) -> None:
        _within(lr=(self.lr, np.inf), beta1=(self.beta1, 1), beta2=(self.beta2, 1), eps=(self.eps, np.inf))

    def init(self, x: Array) -> Moments:
        """Zero moments."""
        return Moments(np.zeros_like(x), np.zeros_like(x), np.zeros((), np.int64))

    def step(self, state: Moments, x: Array, g: Array) -> None:
        """One step in place."""
        state.t[...] += 1
        t, piece = int(state.t), PIECE // x.itemsize
        work = aligned(min(piece, x.size), x.dtype)
        unit = sqrt((1 - self.beta2) / (1 - self.beta2**t))
        rate = self.lr * (1 - self.beta1) / (1 - self.beta1**t) / unit
        for start in range(0, x.size, piece):
            here = slice(start, start + piece)
            xs, gs, m, v = x[here], g[here], state.m[here], state.v[here]
            w = work[:xs.size]
            m *= self.beta1
            m += gs
            v *= self.beta2
            v += np.multiply(gs, gs, w)
            np.sqrt(v, w)
            w += self.eps / unit
            xs -= np.multiply(np.divide(m, w, w), rate, w)


@dataclass(frozen=True)
class TwoParts:
    """One optimiser for the first `size` numbers, and another for the rest."""

    size: int
    first: Optimiser
    second: Optimiser

    def init(self, x: Array) -> tuple[Any, Any]:
        """Both states."""
        return self.first.init(x[:self.size]), self.second.init(x[self.size:])

    def step(self, state: tuple[Any, Any], x: Array, g: Array) -> None:
        """One step in place."""
        self.first.step(state[0], x[:self.size], g[:self.size])
        self.second.step(state[1], x[self.size:], g[self.size:])


def _within(**settings: tuple[float, float]) -> None:
    """Raise ValueError unless every setting is positive and below its limit; a beta may be 0."""
    for name, (value, limit) in settings.items():
        if name.startswith("beta"):
            real(value, name, least=0, below=limit)
        else:
            real(value, name, above=0, below=limit)
