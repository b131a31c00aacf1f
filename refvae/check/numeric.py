"""Derivatives by numbers only: what a hand-written gradient is compared with. Numbers: derivations/layers.md."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refvae.trees import Array

Scalar = Callable[[Array], complex]  # of one flat vector
Vector = Callable[[Array], Array]

STEP = 1e-30


def gauss_lobatto(n: int) -> tuple[Array, Array]:
    """Nodes and weights on [0, 1], both ends included, exact for polynomials of degree 2n - 3."""
    legendre = np.polynomial.Legendre.basis(n - 1)
    nodes = np.concatenate([[-1.0], np.real(legendre.deriv().roots()), [1.0]])
    return (1 + nodes) / 2, 1 / (n * (n - 1) * legendre(nodes) ** 2)


NODES, WEIGHTS = gauss_lobatto(20)


def complex_step(f: Scalar, x: Array, v: Array) -> float:
    """Derivative of an analytic f at x in the direction v, to round-off: no difference is taken.          (1.27)"""
    return float(np.imag(f(x + 1j * STEP * v)) / STEP)                                                  # (1.27)


def line_terms(grad: Vector, x: Array, v: Array) -> Array:
    """Terms w_i <grad(x + s_i v), v>, whose sum is f(x + v) - f(x); both ends count, so no kink hides there.  (1.29)"""
    return np.array([w * (grad(x + s * v) @ v) for s, w in zip(NODES, WEIGHTS, strict=True)])           # (1.29)


def remainder(f: Scalar, x: Array, slope: float, v: Array, h: float) -> float:
    """|f(x + h v) - f(x) - h slope|: O(h^2) if slope is the derivative along v, else O(h).                (1.30)"""
    return float(abs(np.real(f(x + h * v) - f(x)) - h * slope))                                         # (1.30)


def stencil(f: Scalar, x: Array, v: Array, h: float) -> float:
    """Derivative of a smooth f at x in the direction v from six real values, error O(h^6).                (1.32)"""
    d1, d2, d3 = (float(np.real(f(x + j * h * v) - f(x - j * h * v))) for j in (1, 2, 3))
    return (45 * d1 - 9 * d2 + d3) / (60 * h)                                                           # (1.32)


def jump(f: Scalar, x: Array, v: Array, h: float) -> float:
    """Difference of the one-sided slopes at x along v: O(h) where f is smooth, O(1) at a kink."""
    return float(abs(np.real(f(x + h * v) - 2 * f(x) + f(x - h * v))) / h)


def noise(values: Array) -> float:
    """The size of the noise in values (n,) of a function at equal small steps, from their fourth differences.

    Those of a smooth function vanish, and a kink is seen by three of them only, so the median sees noise alone: of
    independent errors of variance 1 a fourth difference has variance 70, and half of them are below .6745 sigma.
    """
    return float(np.median(np.abs(np.diff(values, 4))) / (0.6745 * np.sqrt(70)))


def wobble(f: Scalar, x: Array, scale: Array, rng: np.random.Generator) -> float:
    """How far f moves when x moves by a few units in the last place of its scale: the noise floor of f."""
    unit, value = 2.0**-53, f(x)
    moved = [f(x + 4 * unit * scale * rng.standard_normal(x.shape)) for _ in range(6)]
    return float(max(abs(np.real(m - value)) for m in moved) + unit * abs(value))
