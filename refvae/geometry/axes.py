"""What noise on the code costs, and how long the axes of an ellipse should be."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from refvae.inputs import array, floating, in_range, matrix, perceptron, real, same_shape
from refvae.layers import DERIVATIVE, Activation, Dense, squared_error, tanh
from refvae.trees import Array, Pull
from refvae.vae import Likelihood

STEP = 1e-30  # of a complex step: its error is below the last bit


def noisy_linear_cost(W: Array, mu: Array, logvar: Array, x: Array) -> tuple[Array, Pull]:
    """The mean over eps of |x - W (mu + sigma eps)|^2, in closed form.                                   (4.10)

    W (d, k), mu and logvar (n, k), x (n, d) -> (n,)
    """
    same_shape(mu, logvar, "mu and logvar")
    same_shape(x, np.empty((len(mu), len(W))), "x against (n, d)")
    same_shape(W, np.empty((len(W), mu.shape[1])), "W against (d, k)")
    W, mu, logvar, x = floating(W, "W"), floating(mu, "mu"), floating(logvar, "logvar"), floating(x, "x")
    r, var = mu @ W.T - x, np.exp(logvar)                                                               # (4.10)
    norms = (W * W).sum(0)                                                                              # (4.10)
    error = (r * r).sum(1) + var @ norms                                                                # (4.10)

    def pull(derror: Array) -> tuple[Array, Array, Array, Array]:
        dr, dvar = 2 * derror[:, None] * r, derror[:, None] * norms                                     # (4.10)
        dW = dr.T @ mu + 2 * W * (derror @ var)                                                         # (4.10)
        return dW, dr @ W, dvar * var, -dr                                                              # (4.10)

    return error, pull


class Jets(NamedTuple):
    """A decoder at codes z: its value (n, m), and its first and second derivatives along each axis (k, n, m)."""

    value: Array
    first: Array
    second: Array


@in_range
def decoder_jets(dec: tuple[Dense, ...], z: Array, activation: Activation = tanh) -> Jets:
    """Value, Jacobian and unmixed second derivatives of the perceptron `dec` at the codes z (n, k).     (4.11)

    Raises ValueError for an activation without an entry in `refvae.layers.DERIVATIVE`.
    """
    if activation not in DERIVATIVE:
        raise ValueError(f"activation: got {activation!r}, wanted a key of refvae.layers.DERIVATIVE")
    z = matrix(z, "z")
    perceptron(dec, "dec", z.shape[1])
    h, axes = z, np.eye(z.shape[1])
    first = np.repeat(axes[:, None], len(z), axis=1)
    second = np.zeros_like(first)
    for i, layer in enumerate(dec):
        h, first, second = h @ layer.W + layer.b, first @ layer.W, second @ layer.W                     # (4.11)
        if i < len(dec) - 1:                                                                            # (4.11)
            slope, pull_slope = DERIVATIVE[activation](h)
            second = pull_slope(first * first) + slope * second                                         # (4.11)
            h, first = activation(h)[0], slope * first                                                  # (4.11)
    return Jets(h, first, second)


@in_range
def noise_curvature(dec: tuple[Dense, ...], mu: Array, x: Array, *, likelihood: Likelihood = squared_error,
                    activation: Activation = tanh) -> tuple[Array, Array]:
    """Second derivative of the reconstruction cost along each axis of the code, in two terms.           (4.12)

    mu (n, k), x (n, d) -> (n, k), (n, k): the term of the decoder's Jacobian and that of its bending. For a likelihood
    that is a sum over the numbers that the decoder gives.
    """
    x = matrix(x, "x")
    y, first, second = decoder_jets(dec, mu, activation)
    one = np.ones(len(x))
    gradient = likelihood(y, x)[1](one)[0]
    hessian = likelihood(y + 1j * STEP, x)[1](one)[0].imag / STEP                                       # (4.12)
    return (hessian * first * first).sum(2).T, (gradient * second).sum(2).T                             # (4.12)


@in_range
def optimal_axes(curvature: Array, weight: float = 1.0, *, kind: str = "kl") -> Array:
    """The sigma that minimises curvature sigma^2 / 2 + weight penalty(sigma).   like `curvature`        (4.13)

    kind: "kl" or "naive". Raises ValueError for another kind, a weight that is not positive, or where there is no
    minimum because the curvature is too negative.
    """
    if kind not in ("kl", "naive"):
        raise ValueError(f"kind: got {kind!r}, wanted 'kl' or 'naive'")
    weight = real(weight, "weight", above=0)
    weight = weight if kind == "kl" else 2 * weight                                                     # (4.13)
    total = weight + array(curvature, "curvature")                                                      # (4.13)
    if not np.all(total > 0):
        raise ValueError(f"curvature: got {np.min(curvature)}, wanted numbers above {-weight}: there is no minimum")
    return np.sqrt(weight / total) if kind == "kl" else weight / total                                  # (4.13)
