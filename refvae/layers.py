"""Layers: pure functions f(*args) -> (y, pull), where pull(dy) gives one cotangent per argument.

The forward lines and the backward lines of a layer stand under each other and share their names. Numbers in the right
margin are those of derivations/layers.md. Arrays hold one example per row; all logarithms are natural (nats).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from refvae.activations import (
    DERIVATIVE,
    Activation,
    decay,
    relu,
    sigmoid,
    sigmoid_prime,
    softplus,
    step,
    tanh,
    tanh_prime,
)
from refvae.inputs import floating, generator, indices, same_shape, whole
from refvae.trees import Array, Pull

__all__ = ["DERIVATIVE", "NOWHERE", "Activation", "Dense", "batch_norm", "bernoulli_nll", "dense", "mlp", "mlp_grad",
           "mlp_init", "relu", "sigmoid", "sigmoid_prime", "softmax_nll", "softplus", "squared_error", "step", "tanh",
           "tanh_prime"]


class Dense(NamedTuple):
    """Parameters of an affine map: W (d, h), b (h,)."""

    W: Any
    b: Any


@lru_cache(16)
def ones(n: int, dtype: Any) -> Array:
    """The vector of n ones, read only; a product with it is the quickest sum."""
    vector = np.ones(n, dtype)
    vector.setflags(write=False)
    return vector


NOWHERE = Dense(None, None)  # no place to write a cotangent into: a new array is made


def dense(p: Dense, x: Array, frozen: bool = False, fixed: bool = False) -> tuple[Array, Pull]:
    """Affine map.   p: Dense(W (d, h), b (h,)), x: (n, d) -> y: (n, h)                  (1.3), adjoint (1.4)

    pull(dy, out=Dense(...)) writes the parameters' cotangent into `out`, for instance views of one flat vector. If x is
    frozen, or p is fixed, its cotangent is None and costs nothing.
    """
    W, b, x = floating(p.W, "p.W"), floating(p.b, "p.b"), floating(x, "x")
    if W.ndim != 2 or b.shape != W.shape[1:] or x.ndim != 2 or x.shape[1] != len(W):
        raise ValueError(f"p, x: got W {W.shape}, b {b.shape} and x {x.shape}, wanted (d, h), (h,) and (n, d)")
    y = _plus(x @ W, b)                                                                                 # (1.3)

    def pull(dy: Array, out: Dense = NOWHERE) -> tuple[Dense | None, Array | None]:
        dx = None if frozen else dy @ W.T                                                               # (1.4)
        if fixed:
            return None, dx
        dW = np.matmul(x.T, dy, out=out.W)                                                              # (1.4)
        db = np.matmul(ones(len(dy), dy.dtype), dy, out=out.b)                                          # (1.4)
        return Dense(dW, db), dx

    return y, pull


def _plus(fresh: Array, other: Array) -> Array:
    """The sum, in the first array, which nobody else has seen, if both are of one type."""
    total: Array = np.add(fresh, other, out=fresh if fresh.dtype == other.dtype else None)
    return total


# Losses, one number per example


def bernoulli_nll(logits: Array, x: Array) -> tuple[Array, Pull]:
    """-log p(x) of independent pixels.   logits, x in [0, 1]: (n, d) -> nll (n,) nats        (1.12), adjoint (1.13)

    For grey x it is a cross-entropy, no log-likelihood: its minimum over the logits is the entropy of the pixels.
    """
    logits, x = floating(logits, "logits"), floating(x, "x")
    same_shape(logits, x, "logits and x")
    positive, sign, e = decay(logits)
    miss = positive - x                                                                                 # (1.12)
    nll = np.einsum("ij,ij->i", miss, logits) + np.log1p(e) @ ones(e.shape[1], e.dtype)                 # (1.12)

    def pull(dnll: Array) -> tuple[Array, Array]:
        dlogits = sign * e                                                                              # (1.13)
        dlogits /= 1 + e                                                                                # (1.13)
        dlogits += miss                                                                                 # (1.13)
        dlogits *= dnll[:, None]                                                                        # (1.13)
        return dlogits, -dnll[:, None] * logits                                                         # (1.13)

    return nll, pull


def softmax_nll(logits: Array, labels: Array) -> tuple[Array, Pull]:
    """-log softmax(logits)[label].   logits (n, m), labels (n,) in 0..m-1 -> nll (n,) nats  (1.14), adjoint (1.15)"""
    logits, labels = floating(logits, "logits"), indices(labels, logits.shape[1], "labels")
    same_shape(logits[:, 0], labels, "a column of logits and labels")
    rows, top = np.arange(len(labels)), logits.real.argmax(1)
    shifted = logits - logits[rows, top, None]                                                          # (1.14)
    e = np.exp(shifted)                                                                                 # (1.14)
    others = np.where(np.arange(logits.shape[1]) == top[:, None], 0, e).sum(1)                          # (1.14)
    nll = np.log1p(others) - shifted[rows, labels]                                                      # (1.14)

    def pull(dnll: Array) -> tuple[Array, None]:
        dlogits = e / (1 + others)[:, None]                                                             # (1.15)
        dlogits[rows, labels] = 0
        dlogits[rows, labels] = -dlogits.sum(1)  # p - 1 would cancel                                   # (1.15)
        return dnll[:, None] * dlogits, None                                                            # (1.15)

    return nll, pull


def squared_error(xhat: Array, x: Array) -> tuple[Array, Pull]:
    """Squared distance per example.   xhat, x: (n, d) -> se (n,)                            (1.16), adjoint (1.17)"""
    xhat, x = floating(xhat, "xhat"), floating(x, "x")
    same_shape(xhat, x, "xhat and x")
    r = xhat - x                                                                                        # (1.17)
    se = (r * r).sum(1)                                                                                 # (1.16)

    def pull(dse: Array) -> tuple[Array, Array]:
        dr = 2 * dse[:, None] * r                                                                       # (1.17)
        return dr, -dr                                                                                  # (1.17)

    return se, pull


def batch_norm(x: Array, eps: float = 0.0) -> tuple[Array, Pull]:
    """Columns with mean 0 and variance 1, without affine part.   x: (n, d) -> y: (n, d)   (1.18), adjoint (1.19)

    A constant column has no such form: at eps = 0 it becomes NaN.
    """
    x = floating(x, "x")
    centred = x - x.mean(0)                                                                             # (1.18)
    sigma = np.sqrt((centred * centred).mean(0) + eps)                                                  # (1.18)
    y = centred / sigma                                                                                 # (1.18)

    def pull(dy: Array) -> Array:
        dx: Array = (dy - dy.mean(0) - y * (dy * y).mean(0)) / sigma                                    # (1.19)
        return dx

    return y, pull


# Multilayer perceptron, and its input gradient


def mlp_init(sizes: Sequence[int], rng: np.random.Generator | int) -> tuple[Dense, ...]:
    """Affine maps sizes[0] -> ... -> sizes[-1] with W ~ N(0, 1/d) for d inputs and b = 0.        (1.26)

    Raises ValueError for fewer than two sizes or one below 1, TypeError if a size is no int or rng no Generator or int.
    """
    sizes, rng = [whole(size, "size") for size in sizes], generator(rng)
    if len(sizes) < 2:
        raise ValueError(f"sizes: got {sizes}, wanted at least two")
    return tuple(Dense(rng.standard_normal((d, h)) / np.sqrt(d), np.zeros(h))                           # (1.26)
                 for d, h in pairwise(sizes))


def mlp(p: tuple[Dense, ...], x: Array, activation: Activation = tanh, *, frozen: bool = False,
        fixed: bool = False) -> tuple[Array, Pull]:
    """Affine maps with the activation between them, linear output.   x: (n, d) -> y: (n, m)   (1.22), adjoint (1.2)

    pull(dy, out=...) takes a place for the parameters' cotangent, a tree like p. If x is frozen, or p is fixed, its
    cotangent is None and costs nothing.
    """
    h, pulls = x, []
    for layer in p[:-1]:
        a, pull_dense = dense(layer, h, frozen and h is x, fixed)
        h, pull_activation = activation(a)                                                              # (1.22)
        pulls.append((pull_dense, pull_activation))
    y, pull_last = dense(p[-1], h, frozen and h is x, fixed)                                            # (1.22)

    def pull(dy: Array, out: tuple[Dense, ...] = ()) -> tuple[tuple[Dense, ...] | None, Array | None]:
        places = out or (NOWHERE,) * len(p)
        dlayer, dh = pull_last(dy, places[-1])
        dp = [dlayer]
        for (pull_dense, pull_activation), place in zip(pulls[::-1], places[-2::-1], strict=True):
            dlayer, dh = pull_dense(pull_activation(dh), place)                                         # (1.2)
            dp.insert(0, dlayer)
        return None if fixed else tuple(dp), dh

    return y, pull


def mlp_grad(p: tuple[Dense, ...], x: Array, activation: Activation = tanh, *,
             frozen: bool = False) -> tuple[Array, Pull]:
    """Input gradient s of the summed output of `mlp`.   x: (n, d) -> s: (n, d)              (1.23), adjoint (1.24)

    Its pull is the tangent, in the direction ds, of the backward pass of `mlp`: every line is the derivative of the
    line with the same name. [Pearlmutter 1994] Needs a twice differentiable activation: with `relu` it runs and says
    that s is locally constant in x, which is true and useless (1.25). It takes a place for the parameters' cotangent,
    and a frozen x, as that of `mlp`. Raises ValueError for an activation that has no entry in DERIVATIVE.
    """
    if activation not in DERIVATIVE:
        raise ValueError(f"activation: got {activation!r}, wanted a key of refvae.layers.DERIVATIVE")
    inputs, slopes, pull_slopes = _activated(p[:-1], floating(x, "x"), activation)
    dy = np.ones_like(dense(p[-1], inputs[-1])[0])
    dhs, das = [dy[:, :1] * p[-1].W.sum(1)], list[Array]()                                              # (1.23)
    for layer, slope in zip(p[-2::-1], slopes[::-1], strict=True):
        das.insert(0, dhs[0] * slope)                                                           # (1.23), (1.24)
        dhs.insert(0, das[0] @ layer.W.T)                                                               # (1.23)

    def pull(ds: Array, out: tuple[Dense, ...] = ()) -> tuple[tuple[Dense, ...], Array | None]:
        places = out or (NOWHERE,) * len(p)
        input_dots, a_dots = [ds], []
        for layer, slope in zip(p[:-1], slopes, strict=True):
            a_dots.append(input_dots[-1] @ layer.W)                                                     # (1.24)
            input_dots.append(slope * a_dots[-1])                                                       # (1.24)
        dh_dot, dW_dot = 0 * dhs[-1], np.matmul(input_dots[-1].T, dy, out=places[-1].W)                 # (1.24)
        dp_dot = [Dense(dW_dot, np.multiply(0, p[-1].b, out=places[-1].b))]                             # (1.24)
        for i in reversed(range(len(p) - 1)):
            da_dot = _plus(pull_slopes[i](dhs[i + 1] * a_dots[i]), dh_dot * slopes[i])                  # (1.24)
            dW_dot = np.matmul(input_dots[i].T, das[i], out=places[i].W)                                # (1.24)
            dW_dot = _plus(dW_dot, inputs[i].T @ da_dot)                                                # (1.24)
            db_dot = np.matmul(ones(len(da_dot), da_dot.dtype), da_dot, out=places[i].b)                # (1.24)
            dp_dot.insert(0, Dense(dW_dot, db_dot))
            dh_dot = da_dot if frozen and not i else da_dot @ p[i].W.T                                  # (1.24)
        return tuple(dp_dot), None if frozen else dh_dot

    s = dhs[0]
    return s, pull


def _activated(layers: tuple[Dense, ...], x: Array,
               activation: Activation) -> tuple[list[Array], list[Array], list[Pull]]:
    """Layers, each with its activation: x and their outputs, then the slopes of the activation, and their pulls."""
    outputs, slopes, pulls = [x], list[Array](), list[Pull]()
    for layer in layers:
        a, _ = dense(layer, outputs[-1])                                                                # (1.23)
        slope, pull = DERIVATIVE[activation](a)                                                         # (1.23)
        outputs.append(activation(a)[0])                                                                # (1.23)
        slopes.append(slope)
        pulls.append(pull)
    return outputs, slopes, pulls
