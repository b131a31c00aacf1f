"""A discretised functional and its exact gradient: one function for the normal law, the denoiser and the spring."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from refvae.bottleneck import neg_entropy
from refvae.inputs import floating, in_range, real, same_shape, vector
from refvae.trees import Array, Pull

Linear = Callable[[Array], tuple[Array, Pull]]  # a linear layer
Smooth = Callable[[Array], tuple[Any, Array]]  # a value and its gradient


def functional(terms: Sequence[tuple[Linear, Smooth]], u: Array) -> tuple[Any, Array]:
    """The sum of f(A u) over the terms (A, f), and its gradient with respect to u.                      (11.3)

    u: an array; A: a linear layer u -> (v, pull); f: v -> (value, gradient). The gradient over the weights of a
    quadrature is the first variation at its nodes.
    """
    u = floating(u, "u")
    total, slope = 0, np.zeros_like(u)
    for linear, f in terms:
        v, pull = linear(u)
        value, gradient = f(v)
        total = total + value                                                                           # (11.3)
        slope = slope + pull(gradient)                                                                  # (11.3)
    return total, slope


def half_square(weights: Any, target: Any, v: Array) -> tuple[Any, Array]:
    """The functional half the sum of weights (v - target)^2, and its gradient (11.3).   all of one shape, or ()"""
    v = floating(v, "v")
    weights, target = (each if isinstance(each, (int, float)) else floating(each, name) for each, name in (
        (weights, "weights"), (target, "target")))
    for each, name in ((weights, "weights"), (target, "target")):
        if np.ndim(each):
            same_shape(each, v, f"{name} and v")
    rest = weights * (v - target)  # (11.6), (11.19)
    return (rest * (v - target)).sum() / 2, rest  # (11.6), (11.19)


def identity(u: Array) -> tuple[Array, Pull]:
    """The values themselves, a linear layer like any other.   u -> u                                    (11.3)"""
    return floating(u, "u"), lambda du: du.copy()                                                       # (11.3)


def differences(y: Array) -> tuple[Array, Pull]:
    """n (y_j - y_{j-1}) for j = 1..n, where y_0 = 0 is held; the pull sums by parts.   y: (n,) -> (n,)  (11.4)"""
    n, y = len(y), floating(y, "y")
    same_shape(y, np.empty(n), "y and one number for each joint")
    v = n * np.concatenate([y[:1], y[1:] - y[:-1]])                                                     # (11.4)

    def pull(dv: Array) -> Array:
        dy: Array = n * np.concatenate([dv[:-1] - dv[1:], dv[-1:]])                                     # (11.4)
        return dy

    return v, pull


@in_range
def entropy_functional(p: Any, x: Any, weights: Any, multipliers: Any) -> tuple[float, Array]:
    """Sum of w p (log p - 1 - sum of multipliers[j] x^j), in nats, and its gradient in p.               (11.5)

    p: (n,), a positive density at nodes x (n,) of weights w (n,) > 0; multipliers (r + 1,). Its stationary point is
    what `refvae.bottleneck.max_entropy` finds. Raises TypeError or ValueError for other input.
    """
    p, x, w, theta = (vector(each, name) for each, name in (
        (p, "p"), (x, "x"), (weights, "weights"), (multipliers, "multipliers")))
    same_shape(p, x, "p and x")
    same_shape(p, w, "p and weights")
    cost = w * (1 + x[:, None] ** np.arange(len(theta)) @ theta)                                        # (11.5)
    return functional([(identity, partial(neg_entropy, weights=w)),                                     # (11.5)
                       (identity, lambda v: (-(cost @ v), -cost))], p)                                  # (11.5)


@in_range
def denoising_functional(g: Any, xt: Any, weights: Any, x: Any, p: Any, sigma: float) -> tuple[float, Array]:
    """Half the mean squared error of g at noisy inputs, integrated over them, and its gradient in g.    (11.6)

    g: (n,), answers at nodes xt (n,) of weights (n,) > 0; x, p: (m,) clean values and their probabilities; sigma > 0,
    the standard deviation of the noise. Raises TypeError or ValueError for other input.
    """
    g, xt, w, x, p = (vector(each, name) for each, name in (
        (g, "g"), (xt, "xt"), (weights, "weights"), (x, "x"), (p, "p")))
    for each, other, what in ((g, xt, "g and xt"), (g, w, "g and weights"), (x, p, "x and p")):
        same_shape(each, other, what)
    sigma = real(sigma, "sigma", above=0)
    if p.min() < 0 or w.min() <= 0:
        raise ValueError(f"p, weights: got {p.min()}, {w.min()} at the least, wanted p >= 0 and weights above 0")
    noise = np.exp(-((xt[:, None] - x) / sigma) ** 2 / 2) / (np.sqrt(2 * np.pi) * sigma)                # (11.6)
    error = partial(half_square, w[:, None] * p * noise, np.broadcast_to(x, noise.shape))               # (11.6)
    to_pairs = lambda u: (np.repeat(u[:, None], len(x), 1), lambda d: d.sum(1))                         # (11.6)
    return functional([(to_pairs, error)], g)                                                           # (11.6)
