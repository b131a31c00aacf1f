"""Arguments and wrong versions that several sections use."""

from __future__ import annotations

from refvae.evidence import spoiled
from refvae.layers import Dense, mlp_init


def network(rng, *sizes):
    """A perceptron with nonzero biases."""
    return tuple(Dense(layer.W, rng.standard_normal(layer.b.shape)) for layer in mlp_init(sizes, rng))


def one(*shape, scale=1.0):
    """Arguments of a one-argument layer: a Gaussian array."""
    return lambda rng: (scale * rng.standard_normal(shape),)


def times(layer, factor):
    """A wrong version: every cotangent times `factor`."""
    return spoiled(layer, lambda d: factor * d)


def slope(layer, derivative):
    """A wrong version of an activation: derivative(y, x) stands for its derivative."""
    def wrong(x):
        y, _ = layer(x)
        return y, lambda dy: dy * derivative(y, x)

    return wrong
