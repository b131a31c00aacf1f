"""Adversarially learned inference with the best discriminator: exact on tables, and on linear Gaussian models."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.special import rel_entr

from refvae.adversarial.finite import fisher, optimal_discriminator
from refvae.inputs import matrix, same_shape, whole
from refvae.layers import softplus
from refvae.trees import Array

VARIANTS = ("complete", "simplified", "minimax", "non_saturating")


class Pair(NamedTuple):
    """z = a x + e^log_s noise recognises x ~ N(0, var), x = b z + e^log_r noise generates from z ~ N(0, 1)."""

    a: float
    log_s: float
    b: float
    log_r: float


class Grid(NamedTuple):
    """Nodes (n, 2) and weights (n,) of the trapezoid rule for two standard normal variables."""

    nodes: Array
    weights: Array


def ali_complete(q: Any, p: Any, q_old: Any, p_old: Any) -> float:
    """The complete loss of encoder and decoder on tables (n, m) over x and z, D the best against q_old, p_old. (10.30)

    q and q_old share p_data(x), p and p_old share p(z). Raises ValueError for other tables, or entries of 0.
    """
    tables = [matrix(each, "a table") for each in (q, p, q_old, p_old)]
    for each in tables:
        same_shape(each, tables[0], "the tables")
    q, p, q_old, p_old = tables
    if min(each.min() for each in tables) <= 0 or np.abs(q.sum(1) - q_old.sum(1)).max() > 1e-9 or (
            np.abs(p.sum(0) - p_old.sum(0)).max() > 1e-9):
        raise ValueError("tables: got entries of 0 or new marginals, wanted positive ones and old marginals")
    d = optimal_discriminator(q_old.ravel(), p_old.ravel()).reshape(q.shape)
    decoders = rel_entr(p / p.sum(0), p_old / p_old.sum(0)).sum(0)
    encoders = np.log(q_old / q)  # both have the marginal p_data(x)
    return float(-((q + p) * np.log(d)).sum() + p.sum(0) @ decoders + (p * encoders).sum())             # (10.30)


def ali_forces(t: Array, variant: str) -> tuple[Array, Array]:
    """Derivatives of a loss after q and after p at a point, D the best, by its logit t = log q/p.         (10.32)

    variant  one of VARIANTS: (40), (41), (42), (43) of the article
    """
    _known(variant)
    missed, taken = softplus(-t)[0], softplus(t)[0]  # -log D, -log(1 - D)
    if variant == "complete":
        return missed - np.exp(-t), missed + 0                                                          # (10.32)
    if variant == "simplified":
        return missed, missed + 0                                                                       # (10.33)
    return (-missed, -taken) if variant == "minimax" else (taken, missed)                               # (10.32)


def ali_flow(q: Any, enc: Any, dec: Any, variant: str) -> Array:
    """Gradient descent linearised where p = q: the matrix A of d(phi, theta)/dt = A (phi, theta).        (10.35)

    q (n,) the common law; enc (n, k), dec (n, l) the derivatives of q after phi and of p after theta -> (k + l, k + l)
    Raises ValueError for other input.
    """
    _known(variant)
    enc, dec = matrix(enc, "enc"), matrix(dec, "dec")
    same_shape(enc[:, 0], dec[:, 0], "columns of enc and dec")
    gram = fisher(q, np.hstack([enc, -dec]))
    sign = np.repeat([-1.0 if variant == "simplified" else 1.0, 1.0], [enc.shape[1], dec.shape[1]])
    return np.asarray(-sign[:, None] * gram / 2)                                                        # (10.35)


def _known(variant: str) -> None:
    if variant not in VARIANTS:
        raise ValueError(f"variant: got {variant!r}, wanted one of {', '.join(VARIANTS)}")


# Linear Gaussian models


def grid(step: float = 0.1, reach: float = 8.5) -> Grid:
    """Nodes from -reach to reach in both directions; the error of analytic integrands falls like e^(-c / step)."""
    if not 0 < step < reach < 30:
        raise ValueError(f"step, reach: got {step}, {reach}, wanted 0 < step < reach < 30")
    half = int(reach / step)
    u = step * np.arange(-half, half + 1)
    w = np.exp(-u * u / 2)
    nodes = np.stack(np.meshgrid(u, u, indexing="ij"), -1).reshape(-1, 2)
    return Grid(nodes, np.outer(w, w).ravel() / w.sum() ** 2)


def graded(step: float = 0.25, reach: float = 6.5, inner: float = 1e-3) -> Grid:
    """A grid whose second variable is inner * sinh(w) with w in steps: its nodes crowd at 0.

    For laws of which one is far wider than the other: what it has in common with the other lies at small noise, and an
    even grid takes its node at 0 for a share `step` of it.
    """
    if not (0 < step < reach < 30 and inner > 0):
        raise ValueError(f"step, reach, inner: got {step}, {reach}, {inner}, wanted 0 < step < reach < 30, inner > 0")
    u, w = (step * np.arange(-half, half + 1) for half in (int(reach / step), int(np.arcsinh(reach / inner) / step)))
    v = inner * np.sinh(w)
    of_u, of_v = np.exp(-u * u / 2), np.exp(-v * v / 2) * np.cosh(w)
    nodes = np.stack(np.meshgrid(u, v, indexing="ij"), -1).reshape(-1, 2)
    return Grid(nodes, np.outer(of_u, of_v).ravel() / (of_u.sum() * of_v.sum()))


COARSE = graded()


def ali_value(pair: Pair, var: float = 1.0, on: Grid | None = None) -> float:
    """KL(m || q) of the joint laws, what the complete loss descends.                                     (10.32)"""
    on = grid() if on is None else on
    values = [on.weights @ softplus(-log_ratio(pair, points, var))[0] for points in joint_points(pair, var, on)]
    return float(sum(values) / 2 - np.log(2))                                                           # (10.32)


def ali_gradient(pair: Pair, variant: str, var: float = 1.0, on: Grid | None = None) -> Array:
    """The gradient (4,) of a loss at the freeze, in the order of `Pair`, with the best discriminator.    (10.33)

    That of the complete loss is twice the gradient of `ali_value`; the simplified one omits -E_p grad log q(z|x).
    """
    on = grid() if on is None else on
    of_q, of_p = joint_points(pair, var, on)
    inner = "simplified" if variant == "complete" else variant
    force_q = ali_forces(log_ratio(pair, of_q, var), inner)[0]
    force_p = ali_forces(log_ratio(pair, of_p, var), inner)[1]
    enc = (on.weights * force_q) @ score(of_q[:, 0], of_q[:, 1], pair.a, pair.log_s)                    # (10.33)
    dec = (on.weights * force_p) @ score(of_p[:, 1], of_p[:, 0], pair.b, pair.log_r)                    # (10.33)
    return np.concatenate([enc - omitted(pair) if variant == "complete" else enc, dec])                 # (10.33)


def omitted(pair: Pair) -> Array:
    """E_p of the gradient of log q(z|x) after (a, log_s): what the simplified loss leaves out, negated.  (10.33)"""
    a, precision = pair.a, np.exp(-2 * pair.log_s)
    xx, xz, zz = pair.b**2 + np.exp(2 * pair.log_r), pair.b, 1.0
    return np.array([(xz - a * xx) * precision, (zz - 2 * a * xz + a * a * xx) * precision - 1])        # (10.33)


def ali_descent(pair: Pair, variant: str, *, steps: int, lr: float = 0.01, clip: float = 5.0, var: float = 1.0,
                on: Grid = COARSE) -> Array:
    """Gradient descent with the best discriminator at every step -> (steps + 1, 4).

    Components of a gradient beyond `clip` are cut off. Raises TypeError or ValueError for bad steps or variants.
    """
    path = [np.array(pair, float)]
    for _ in range(whole(steps, "steps")):
        gradient = ali_gradient(Pair(*path[-1]), variant, var, on)
        path.append(path[-1] - lr * np.clip(gradient, -clip, clip))
    return np.array(path)


def joint_points(pair: Pair, var: float, on: Grid) -> tuple[Array, Array]:
    """Points (n, 2) of (x, z) at which the weights of the grid integrate over q, and over p."""
    u, v = on.nodes.T
    x = np.sqrt(var) * u
    z = pair.a * x + np.exp(pair.log_s) * v
    return np.stack([x, z], 1), np.stack([pair.b * u + np.exp(pair.log_r) * v, u], 1)


def log_ratio(pair: Pair, points: Array, var: float) -> Array:
    """t = log q(x, z) - log p(x, z), the logit of the best discriminator (10.9).   points (n, 2) -> (n,)"""
    x, z = points.T
    of_q = x * x / var + np.log(var) + ((z - pair.a * x) * np.exp(-pair.log_s)) ** 2 + 2 * pair.log_s
    of_p = z * z + ((x - pair.b * z) * np.exp(-pair.log_r)) ** 2 + 2 * pair.log_r
    return np.asarray((of_p - of_q) / 2)


def score(given: Array, drawn: Array, gain: float, log_sigma: float) -> Array:
    """Gradient of log N(drawn; gain given, e^(2 log_sigma)) after gain and log_sigma.   (n,) -> (n, 2)"""
    r = drawn - gain * given
    precision = np.exp(-2 * log_sigma)
    return np.stack([r * given * precision, r * r * precision - 1], 1)
