"""The normal law: most uncertain for its variance, closed under sums, and what that means for paths between codes."""

from __future__ import annotations

from typing import Any

import numpy as np

from refvae.inputs import matrix, same_shape
from refvae.trees import Array
from refvae.vae.normal import LOG_2PI


def neg_entropy(p: Any, weights: Any) -> tuple[float, Array]:
    """The discretised functional sum w p log p, in nats, and its gradient with respect to p.            (5.21)

    p: (n,), a positive density at the nodes of a quadrature with weights w (n,) -> value, gradient (n,). The gradient
    over the weights is the first variation. Raises TypeError or ValueError for other input.
    """
    p, w = _positive(p, "p"), _positive(weights, "weights")
    same_shape(p, w, "p and weights")
    log_p = np.log(p)
    return float(w @ (p * log_p)), w * (log_p + 1)                                                      # (5.21)


def max_entropy(x: Any, weights: Any, moments: Any) -> tuple[Array, Array]:
    """The density on nodes x of largest entropy among those with the given moments 1..r.                (5.22)

    x, weights: (n,) nodes and weights > 0 of a quadrature; moments (r,): the wanted means of x, x^2, ..., x^r.
    Returns p (n,) and multipliers (r + 1,), log p = sum of multipliers[j] x^j. Newton's method on the convex dual.
    Raises TypeError or ValueError for other input, ArithmeticError if the moments are not met.
    """
    x, m = (matrix(np.atleast_2d(each), name)[0] for each, name in ((x, "x"), (moments, "moments")))
    w = _positive(weights, "weights")
    same_shape(x, w, "x and weights")
    powers, theta = x[:, None] ** np.arange(1, len(m) + 1), np.zeros(len(m))
    with np.errstate(all="ignore"):
        for _ in range(100):
            mass = _tilted(w, powers @ theta)[0]
            slope, centred = m - mass @ powers, powers - mass @ powers
            step = np.linalg.pinv(centred.T @ (mass[:, None] * centred), hermitian=True) @ slope        # (5.22)
            decrement = step @ slope
            theta = theta + (step if decrement < 0.01 else step / (1 + np.sqrt(decrement)))             # (5.22)
            if not decrement >= 1e-20:  # NaN too: moments that cannot be met
                break
    mass, log_total = _tilted(w, powers @ theta)
    if np.abs(m - mass @ powers).max() <= 1e-9 * np.abs(powers).max():
        return mass / w, np.append(-log_total, theta)                                                   # (5.22)
    raise ArithmeticError(f"moments: got {m}, which no density on these nodes has, wanted moments that can be met")


def _positive(a: Any, name: str) -> Array:
    row: Array = matrix(np.atleast_2d(a), name)[0]
    if not (row > 0).all():
        raise ValueError(f"{name}: got {row.min()}, wanted numbers above 0")
    return row


def _tilted(w: Array, exponent: Array) -> tuple[Array, Any]:
    """Probabilities proportional to w e^exponent, and the logarithm of their sum."""
    log_mass = np.log(w) + exponent
    log_total = np.logaddexp.reduce(log_mass)
    return np.exp(log_mass - log_total), log_total


def normal_entropy(var: Any) -> Any:
    """Entropy of N(mu, var), the largest of all densities with that variance.   like var, in nats       (5.23)

    Raises ValueError unless var > 0.
    """
    if not np.all(np.asarray(var) > 0):
        raise ValueError(f"var: got {var}, wanted variances above 0")
    return (LOG_2PI + 1 + np.log(var)) / 2                                                              # (5.23)


def linear_combination(mu: Array, var: Array, weights: Array) -> tuple[Array, Array]:
    """Mean and variance of the normal law of sum_i a_i z_i for independent z_i ~ N(mu_i, var_i).        (5.25)

    mu, var: (m, ...), weights a: (m,) -> mean, variance (...)
    """
    same_shape(mu, var, "mu and var")
    a = np.asarray(weights)
    same_shape(a, np.empty(len(mu)), "weights")
    return np.tensordot(a, mu, 1), np.tensordot(a * a, var, 1)                                          # (5.25)


def interpolate(z1: Array, z2: Array, alpha: float) -> Array:
    """The straight path (1 - alpha) z1 + alpha z2.   z1, z2 of one shape                                (5.26)"""
    same_shape(z1, z2, "z1 and z2")
    path: Array = (1 - alpha) * z1 + alpha * z2                                                         # (5.26)
    return path


def rotate(z1: Array, z2: Array, theta: float) -> Array:
    """The path z1 cos(theta) + z2 sin(theta), theta from 0 to pi/2.   z1, z2 of one shape               (5.27)"""
    same_shape(z1, z2, "z1 and z2")
    path: Array = z1 * np.cos(theta) + z2 * np.sin(theta)                                               # (5.27)
    return path


def uniform_mix_density(z: Array, alpha: float) -> Array:
    """Density of (1 - alpha) u1 + alpha u2 for independent u1, u2 uniform on [-1, 1], 0 < alpha < 1.    (5.28)

    Raises ValueError for another alpha.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha: got {alpha}, wanted 0 < alpha < 1")
    product = alpha * (1 - alpha)
    ramp: Array = np.clip((1 - np.abs(z)) / (4 * product), 0, 1 / (2 * max(alpha, 1 - alpha)))          # (5.28)
    return ramp
