"""The normal law: most uncertain for its variance, closed under sums, and what that means for paths between codes."""

from __future__ import annotations

from fractions import Fraction
from math import comb, cos, sin
from typing import Any

import numpy as np

from refvae.inputs import array, in_range, real, same_shape, vector
from refvae.trees import Array
from refvae.vae.normal import LOG_2PI


@in_range
def neg_entropy(p: Any, weights: Any) -> tuple[float, Array]:
    """The discretised functional sum w p log p, in nats, and its gradient with respect to p.            (5.21)

    p: (n,), a positive density at the nodes of a quadrature with weights w (n,) -> value, gradient (n,). The gradient
    over the weights is the first variation. Raises TypeError or ValueError for other input.
    """
    p, w = _positive(p, "p"), _positive(weights, "weights")
    same_shape(p, w, "p and weights")
    log_p = np.log(p)                                                                                   # (5.21)
    return w @ (p * log_p), w * (log_p + 1)                                                             # (5.21)


@in_range
def max_entropy(x: Any, weights: Any, moments: Any) -> tuple[Array, Array]:
    """The density on nodes x of largest entropy among those with the given moments 1..r.                (5.22)

    x, weights: (n,) nodes and weights > 0 of a quadrature; moments (r,): the wanted means of x, x^2, ..., x^r.
    Returns p (n,) and multipliers (r + 1,), log p = sum of multipliers[j] x^j. Newton's method on the convex dual, in
    nodes about the wanted mean. Raises TypeError or ValueError for other input, ArithmeticError for moments that no
    positive density on these nodes has.
    """
    x, w, m = vector(x, "x"), _positive(weights, "weights"), vector(moments, "moments")
    same_shape(x, w, "x and weights")
    _refuse(x, m)
    scale = np.abs(x - m[0]).max()
    shift = _powers_of_shifted(m[0], scale, len(m))
    wanted = (shift @ [Fraction(1), *map(Fraction, m.tolist())])[1:].astype(float)                      # (5.22a)
    powers = ((x - m[0]) / scale)[:, None] ** np.arange(1, len(m) + 1)                                  # (5.22a)
    theta = _dual_minimum(w, powers, wanted)
    mass, log_total = _tilted(w, powers @ theta)                                                        # (5.22a)
    missed = np.abs(mass @ powers - wanted) > 1e-9 * (mass @ np.abs(powers))
    if missed.any():
        raise ArithmeticError(f"moments: got {m}, of which no positive density on these nodes has number "
                              f"{missed.argmax() + 1}, wanted moments that can be met")
    multipliers = shift.T @ [Fraction(-log_total), *map(Fraction, theta.tolist())]                      # (5.22a)
    return mass / w, multipliers.astype(float)                                                          # (5.22)


def _refuse(x: Array, m: Array) -> None:
    """ArithmeticError for a mean at or beyond the ends of the nodes, and for a second moment without variance."""
    if not x.min() < m[0] < x.max():
        raise ArithmeticError(f"moments: got the mean {m[0]}, wanted one between the ends {x.min()} and {x.max()} of x")
    variance = 1 if len(m) == 1 else Fraction(m[1]) - Fraction(m[0]) ** 2
    if variance <= 0:
        raise ArithmeticError(f"moments: got the variance {float(variance):.6g}, wanted one above 0")


def _powers_of_shifted(centre: float, scale: float, r: int) -> Array:
    """The exact coefficients of ((x - centre) / scale)^j in 1, x, ..., x^r, row by row.              (5.22a)"""
    c, s = Fraction(centre), Fraction(scale)
    return np.array([[comb(j, i) * (-c) ** (j - i) / s**j if i <= j else Fraction(0) for i in range(r + 1)]
                     for j in range(r + 1)])                                                            # (5.22a)


def _dual_minimum(w: Array, powers: Array, wanted: Array) -> Array:
    """The multipliers of the powers, by Newton steps that are halved until the dual falls enough.       (5.22)

    ArithmeticError if the minimum is at infinity: a power that varies on the nodes, or a combination, does not there.
    """
    def dual(theta: Array) -> Any:
        return _tilted(w, powers @ theta)[1] - theta @ wanted                                           # (5.22)

    theta, rank = np.zeros(len(wanted)), 0
    for _ in range(200):
        mass = _tilted(w, powers @ theta)[0]                                                            # (5.22)
        slope, centred = wanted - mass @ powers, powers - mass @ powers                                 # (5.22)
        step, kept = _newton(centred.T @ (mass[:, None] * centred), slope)                              # (5.22)
        decrement, t = slope @ step, 1.0
        while decrement > 1e-6 and t > 1e-40 and not dual(theta + t * step) < dual(theta) - t * decrement / 4:
            t /= 2                                                                                      # (5.22)
        theta, rank = theta + t * step, max(rank, kept)                                                 # (5.22)
        if not 1e-20 < decrement < np.inf or t <= 1e-40:
            break
    if kept < rank or (_varies(np.full(len(w), 1 / len(w)), powers) & ~_varies(mass, powers)).any():
        raise ArithmeticError("moments: got ones that no positive density on these nodes has, wanted moments that can "
                              "be met")
    return theta


def _varies(mass: Array, powers: Array) -> Array:
    """Which powers have a variance that is no rounding."""
    second = mass @ powers**2
    found: Array = second - (mass @ powers) ** 2 > 1e-14 * second
    return found


def _newton(hessian: Array, slope: Array) -> tuple[Array, int]:
    """Newton's step in the directions where the covariance of the powers is no rounding, and how many these are."""
    size = np.sqrt(np.diag(hessian)) + (np.diag(hessian) == 0)
    values, V = np.linalg.eigh(hessian / np.outer(size, size))                                          # (5.22)
    seen = values > 1e-14 * values[-1]
    inverse = V[:, seen] / values[seen] @ V[:, seen].T                                                  # (5.22)
    return inverse @ (slope / size) / size, int(seen.sum())                                             # (5.22)


def _positive(a: Any, name: str) -> Array:
    row = vector(a, name)
    if not (row > 0).all():
        raise ValueError(f"{name}: got {row.min()}, wanted numbers above 0")
    return row


def _tilted(w: Array, exponent: Array) -> tuple[Array, Any]:
    """Probabilities proportional to w e^exponent, and the logarithm of their sum."""
    log_mass = np.log(w) + exponent                                                                     # (5.22)
    log_total = np.logaddexp.reduce(log_mass)                                                           # (5.22)
    return np.exp(log_mass - log_total), log_total                                                      # (5.22)


def normal_entropy(var: Any) -> Any:
    """Entropy of N(mu, var), the largest of all densities with that variance.   like var, in nats       (5.23)

    Raises ValueError unless var > 0.
    """
    var = array(var, "var")
    if not np.all(var > 0):
        raise ValueError(f"var: got {var}, wanted variances above 0")
    return (LOG_2PI + 1 + np.log(var)) / 2                                                              # (5.23)


@in_range
def linear_combination(mu: Array, var: Array, weights: Array) -> tuple[Array, Array]:
    """Mean and variance of the normal law of sum_i a_i z_i for independent z_i ~ N(mu_i, var_i).        (5.25)

    mu, var: (m, ...), weights a: (m,) -> mean, variance (...)
    """
    same_shape(mu, var, "mu and var")
    mu, var, a = array(mu, "mu"), array(var, "var"), vector(weights, "weights")
    same_shape(a, np.empty(len(mu)), "weights")
    return np.tensordot(a, mu, 1), np.tensordot(a * a, var, 1)                                          # (5.25)


@in_range
def interpolate(z1: Array, z2: Array, alpha: float) -> Array:
    """The straight path (1 - alpha) z1 + alpha z2.   z1, z2 of one shape                                (5.26)"""
    same_shape(z1, z2, "z1 and z2")
    z1, z2, alpha = array(z1, "z1"), array(z2, "z2"), real(alpha, "alpha")
    path: Array = (1 - alpha) * z1 + alpha * z2                                                         # (5.26)
    return path


@in_range
def rotate(z1: Array, z2: Array, theta: float) -> Array:
    """The path z1 cos(theta) + z2 sin(theta), theta from 0 to pi/2.   z1, z2 of one shape               (5.27)"""
    same_shape(z1, z2, "z1 and z2")
    z1, z2, theta = array(z1, "z1"), array(z2, "z2"), real(theta, "theta")
    path: Array = z1 * cos(theta) + z2 * sin(theta)                                                     # (5.27)
    return path


@in_range
def uniform_mix_density(z: Array, alpha: float) -> Array:
    """Density of (1 - alpha) u1 + alpha u2 for independent u1, u2 uniform on [-1, 1], 0 < alpha < 1.    (5.28)

    Raises TypeError or ValueError for other input.
    """
    z, alpha = array(z, "z"), real(alpha, "alpha", above=0, below=1)
    product = alpha * (1 - alpha)                                                                       # (5.28)
    ramp: Array = np.clip((1 - np.abs(z)) / (4 * product), 0, 1 / (2 * max(alpha, 1 - alpha)))          # (5.28)
    return ramp
