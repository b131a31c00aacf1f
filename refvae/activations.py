"""Activations: elementwise layers of chapter 1, and their derivatives, which are layers too."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refvae.inputs import floating
from refvae.trees import Array, Pull


def tanh(x: Array) -> tuple[Array, Pull]:
    """Hyperbolic tangent.   x -> y, like x                                                       (1.5)"""
    x = floating(x, "x")
    return np.tanh(x), lambda dy: dy * bell(x)                                                          # (1.5)


def sigmoid(x: Array) -> tuple[Array, Pull]:
    """Logistic function 1 / (1 + exp(-x)), without overflow.   x -> y, like x               (1.6), adjoint (1.7)"""
    x = floating(x, "x")
    positive, _, e = decay(x)
    y = (positive + (1 - positive) * e) / (1 + e)                                                       # (1.6)
    return y, lambda dy: dy * e / (1 + e) ** 2                                                          # (1.7)


def softplus(x: Array) -> tuple[Array, Pull]:
    """log(1 + exp(x)), without overflow.   x -> y, like x                                   (1.8), adjoint (1.9)"""
    x = floating(x, "x")
    positive, _, e = decay(x)
    y = positive_part(positive, x) + np.log1p(e)                                                        # (1.8)
    return y, lambda dy: dy * (positive + (1 - positive) * e) / (1 + e)                                 # (1.9)


def relu(x: Array) -> tuple[Array, Pull]:
    """Positive part; by convention its derivative at 0 is 0.   x -> y, like x                    (1.10)"""
    x = floating(x, "x")
    on = x.real > 0                                                                                     # (1.10)

    def pull(dy: Array) -> Array:
        numbers = _numbers(on, x)
        return np.multiply(numbers, dy, out=numbers if x.dtype == dy.dtype else None)                   # (1.10)

    return positive_part(on, x), pull                                                                   # (1.10)


def tanh_prime(x: Array) -> tuple[Array, Pull]:
    """Derivative of `tanh` as a layer of its own.   x -> y, like x                               (1.11)"""
    x = floating(x, "x")
    y = bell(x)                                                                                         # (1.11)

    def pull(dy: Array) -> Array:
        slope = np.tanh(x)                                                                              # (1.11)
        slope *= -2                                                                                     # (1.11)
        slope *= y                                                                                      # (1.11)
        dx: Array = dy * slope                                                                          # (1.11)
        return dx

    return y, pull


def sigmoid_prime(x: Array) -> tuple[Array, Pull]:
    """Derivative of `sigmoid` as a layer of its own.   x -> y, like x                            (1.11)"""
    x = floating(x, "x")
    *_, e = decay(x)
    y = e / (1 + e) ** 2                                                                                # (1.11)
    return y, lambda dy: dy * y * -np.tanh(x / 2)                                                       # (1.11)


def step(x: Array) -> tuple[Array, Pull]:
    """Derivative of `relu` as a layer of its own: 1 where x > 0, else 0; its pull is 0.          (1.11)"""
    x = floating(x, "x")
    return (x.real > 0) + 0 * x, lambda dy: 0 * dy                                                      # (1.11)


Activation = Callable[[Array], tuple[Array, Pull]]
DERIVATIVE: dict[Activation, Activation] = {tanh: tanh_prime, softplus: sigmoid, sigmoid: sigmoid_prime, relu: step}


def bell(x: Array) -> Array:
    """1 - tanh(x)^2 without cancellation or overflow; it is even, so that of x and -x either would do.   (1.5)"""
    e = np.asarray(np.minimum(x, -x))                                                                   # (1.5)
    np.exp(e, out=e)                                                                                    # (1.5)
    e *= e                                                                                              # (1.5)
    below = 1 + e                                                                                       # (1.5)
    below *= below                                                                                      # (1.5)
    e *= 4                                                                                              # (1.5)
    e /= below                                                                                          # (1.5)
    return e


def decay(x: Array) -> tuple[Array, Array, Array]:
    """1 where x >= 0, else 0; -1 there, else 1; and exp(-|x|), which never overflows, analytic in x on either side."""
    positive = _numbers(x.real >= 0, x)
    sign = np.asarray(-2 * positive)                                                                    # (1.6), (1.8)
    sign += 1                                                                                           # (1.6), (1.8)
    e = np.asarray(sign * x)                                                                            # (1.6), (1.8)
    np.exp(e, out=e)                                                                                    # (1.6), (1.8)
    return positive, sign, e


def _numbers(which: Array, x: Array) -> Array:
    """1 for true and 0 for false, in the type of x: products with them are many times faster than `np.where`."""
    numbers: Array = which.astype(x.real.dtype)
    return numbers


def positive_part(positive: Array, x: Array) -> Array:
    """x where `positive`, else 0: their product, which at -inf is no number, so that floats take the maximum."""
    if x.dtype.kind != "f":
        return np.asarray(positive * x)                                                                 # (1.8), (1.10)
    return np.asarray(np.maximum(x, 0))                                                                 # (1.8), (1.10)
