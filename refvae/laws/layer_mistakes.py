"""Wrong layers, each with one mistake that was seen in public code; the laws must find every one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from refvae.laws.layer import catalogue
from refvae.trees import Array

RNG = np.random.default_rng(0)
X, W, B = RNG.standard_normal((7, 6)), RNG.standard_normal((6, 3)), RNG.standard_normal(3)
DENSE, ONE = {"args": (W, B, X)}, {"args": (X,)}
MU, LOGVAR, EPS = RNG.standard_normal((3, 7, 2))
Result = tuple[Any, Callable[[Any], Any]]


def dense(w: Array, b: Array, x: Array) -> Result:
    """The right affine map."""
    return x @ w + b, lambda dy: (x.T @ dy, dy.sum(0), dy @ w.T)


def spoiled(name: str, spoil: Callable[[Array, Array, Array, Array], Any]) -> None:
    """Register the affine map with another pull(dy, w, b, x)."""
    catalogue.mistake(name, **DENSE)(lambda w, b, x: (x @ w + b, lambda dy: spoil(dy, w, b, x)))


spoiled("term forgotten", lambda dy, w, b, x: (x.T @ dy, 0 * b, dy @ w.T))
spoiled("mean for sum", lambda dy, w, b, x: (x.T @ dy, dy.mean(0), dy @ w.T))
spoiled("sum left out where a bias was broadcast", lambda dy, w, b, x: (x.T @ dy, dy, dy @ w.T))
spoiled("gradient off by 2e-6", lambda dy, w, b, x: (x.T @ dy, dy.sum(0), (1 + 2e-6) * dy @ w.T))
spoiled("cotangent clipped", lambda dy, w, b, x: (x.T @ dy, dy.sum(0), np.clip(dy, -1, 1) @ w.T))
spoiled("cotangent of ones assumed", lambda dy, w, b, x: (
    x.T @ np.ones_like(dy), np.ones_like(dy).sum(0), np.ones_like(dy) @ w.T))


@catalogue.mistake("transpose forgotten", args=(RNG.standard_normal((6, 6)), X))
def untransposed(w: Array, x: Array) -> Result:
    """A square layer, where the shapes do not tell."""
    return x @ w, lambda dy: (x.T @ dy, dy @ w)


@catalogue.mistake("sign of one entry", **DENSE)
def one_sign(w: Array, b: Array, x: Array) -> Result:
    """The smallest entry of the cotangent of W has the wrong sign."""
    y, pull = dense(w, b, x)

    def spoilt(dy: Array) -> Any:
        dw, db, dx = pull(dy)
        at = np.unravel_index(np.abs(dw).argmin(), dw.shape)
        dw[at] = -dw[at]
        return dw, db, dx

    return y, spoilt


@catalogue.mistake("noise drawn inside", **ONE)
def noisy(x: Array) -> Result:
    """Dropout with a mask of its own."""
    mask = np.random.default_rng().random(x.shape) < 0.5
    return x * mask, lambda dy: dy * mask


class Counter:
    """A layer that counts its calls."""

    calls = 0

    def __call__(self, x: Array) -> Result:
        """A running factor."""
        self.calls += 1
        factor = 1 + 0.5**self.calls
        return factor * x, lambda dy: factor * dy


catalogue.mistake("state kept between calls", **ONE)(Counter())


@catalogue.mistake("argument changed in place", **ONE)
def in_place(x: Array) -> Result:
    """Centred in place."""
    if x.flags.writeable:
        x -= x.mean(0)
    return x - x.mean(0), lambda dy: dy - dy.mean(0)


@catalogue.mistake("gradients accumulate", **DENSE)
def accumulating(w: Array, b: Array, x: Array) -> Result:
    """The sum of all pulls so far."""
    dw = np.zeros_like(w)

    def pull(dy: Array) -> Any:
        nonlocal dw
        dw = dw + x.T @ dy
        return dw, dy.sum(0), dy @ w.T

    return x @ w + b, pull


@catalogue.mistake("value overwritten by the pull", **ONE)
def overwritten(x: Array) -> Result:
    """tanh whose value holds the work of its pull."""
    y = np.tanh(x)

    def pull(dy: Array) -> Array:
        y[...] = 1 - np.tanh(x) ** 2
        dx: Array = dy * y
        return dx

    return y, pull


@catalogue.mistake("exp(logvar) for sigma in the pull", args=(MU, LOGVAR, EPS))
def reparam(mu: Array, logvar: Array, eps: Array) -> Result:
    """z = mu + exp(logvar / 2) eps."""
    return mu + np.exp(logvar / 2) * eps, lambda dz: (dz, dz * np.exp(logvar) * eps / 2, dz * np.exp(logvar / 2))


@catalogue.mistake("batch norm without the mean term", **ONE)
def batch_norm(x: Array) -> Result:
    """The cotangent's mean is not taken off."""
    sigma = x.std(0) if np.isrealobj(x) else np.sqrt(((x - x.mean(0)) ** 2).mean(0))
    y = (x - x.mean(0)) / sigma
    return y, lambda dy: (dy - y * (dy * y).mean(0)) / sigma


@catalogue.mistake("second order hidden by ReLU", args=(W, RNG.standard_normal(3), X))
def energy_gradient(w: Array, v: Array, x: Array) -> Result:
    """The input gradient of v . tanh(x W), whose pull forgets the second derivative of tanh."""
    slope = 1 - np.tanh(x @ w) ** 2
    s = (slope * v) @ w.T
    return s, lambda ds: (ds.T @ (slope * v), (ds @ w * slope).sum(0), 0 * x)
