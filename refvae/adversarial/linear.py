"""ALI with the best discriminator on linear Gaussian models, by quadrature, and its flow where p = q in closed form."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from refvae.adversarial.ali import ali_forces
from refvae.adversarial.losses import known
from refvae.inputs import in_range, matrix, real, vector, whole
from refvae.trees import Array

MOST_STEPS = 10_000  # from the middle of a grid to its end


class Pair(NamedTuple):
    """z = a x + e^log_s noise recognises x ~ N(0, var), x = b z + e^log_r noise generates from z ~ N(0, 1)."""

    a: float
    log_s: float
    b: float
    log_r: float


class Grid(NamedTuple):
    """Nodes (n, 2) and weights (n,) of a quadrature for two standard normal variables."""

    nodes: Array
    weights: Array


def grid(step: float = 0.1, reach: float = 8.5) -> Grid:
    """Nodes from -reach to reach in both directions, step apart.                                        (10.32b)

    Raises TypeError or ValueError unless reach / 10 000 <= step < reach < 30.
    """
    step, reach = _sizes(step, reach)
    half = int(reach / step)                                                                            # (10.32b)
    u = step * np.arange(-half, half + 1)                                                               # (10.32b)
    w = np.exp(-u * u / 2)                                                                              # (10.32b)
    return _product(u, w, u, w)


def graded(step: float = 0.25, reach: float = 6.5, inner: float = 1e-3) -> Grid:
    """A grid whose second variable is inner * sinh(w) with w in steps: its nodes crowd at 0.            (10.32b)

    For laws of which one is far wider than the other: what it has in common with the other lies at small noise, and an
    even grid takes its node at 0 for a share `step` of it. Raises as `grid`, and for inner <= 0.
    """
    (step, reach), inner = _sizes(step, reach), real(inner, "inner", above=0)
    u, w = (step * np.arange(-half, half + 1)                                                           # (10.32b)
            for half in (int(reach / step), int(np.arcsinh(reach / inner) / step)))                     # (10.32b)
    v = inner * np.sinh(w)                                                                              # (10.32b)
    return _product(u, np.exp(-u * u / 2), v, np.exp(-v * v / 2) * np.cosh(w))                          # (10.32b)


def _product(u: Array, of_u: Array, v: Array, of_v: Array) -> Grid:
    """The grid of all pairs, with weights of sum 1.                                                     (10.32b)"""
    nodes = np.stack(np.meshgrid(u, v, indexing="ij"), -1).reshape(-1, 2)                               # (10.32b)
    return Grid(nodes, np.outer(of_u, of_v).ravel() / (of_u.sum() * of_v.sum()))                        # (10.32b)


def _sizes(step: float, reach: float) -> tuple[float, float]:
    reach = real(reach, "reach", above=0, below=30)
    return real(step, "step", least=reach / MOST_STEPS, below=reach), reach


COARSE = graded()


def joint_points(pair: Pair, var: float, on: Grid) -> tuple[Array, Array]:
    """Points (n, 2) of (x, z) at which the weights of the grid integrate over q, and over p.            (10.32a)"""
    u, v = on.nodes.T
    x = np.sqrt(var) * u                                                                                # (10.32a)
    z = pair.a * x + np.exp(pair.log_s) * v                                                             # (10.32a)
    return np.stack([x, z], 1), np.stack([pair.b * u + np.exp(pair.log_r) * v, u], 1)                   # (10.32a)


def log_ratio(pair: Pair, points: Array, var: float) -> Array:
    """t = log q(x, z) - log p(x, z), the logit of the best discriminator.   points (n, 2) -> (n,)       (10.32a)"""
    x, z = points.T
    of_q = x * x / var + np.log(var) + ((z - pair.a * x) * np.exp(-pair.log_s)) ** 2 + 2 * pair.log_s   # (10.32a)
    of_p = z * z + ((x - pair.b * z) * np.exp(-pair.log_r)) ** 2 + 2 * pair.log_r                       # (10.32a)
    return np.asarray((of_p - of_q) / 2)                                                                # (10.32a)


def score(given: Array, drawn: Array, gain: float, log_sigma: float) -> Array:
    """Gradient of log N(drawn; gain given, e^(2 log_sigma)) after gain and log_sigma.   (n,) -> (n, 2)  (10.32a)"""
    r = drawn - gain * given                                                                            # (10.32a)
    precision = np.exp(-2 * log_sigma)                                                                  # (10.32a)
    return np.stack([r * given * precision, r * r * precision - 1], 1)                                  # (10.32a)


@in_range
def ali_value(pair: Pair, var: float = 1.0, on: Grid | None = None) -> float:
    """KL(m || q) of the joint laws, what the complete loss descends.                                     (10.32)

    Raises TypeError or ValueError for numbers that are not finite, or var <= 0.
    """
    pair, var, on = _checked(pair, var, grid() if on is None else on)
    ratios = [log_ratio(pair, points, var) for points in joint_points(pair, var, on)]
    # log((1 + e^-t) / 2), exactly 0 at t = 0
    halves = [np.maximum(-t, 0) + np.log1p(np.expm1(-np.abs(t)) / 2) for t in ratios]                   # (10.32)
    return float(on.weights @ sum(halves) / 2)                                                          # (10.32)


@in_range
def ali_gradient(pair: Pair, variant: str, var: float = 1.0, on: Grid | None = None) -> Array:
    """The gradient (4,) of a loss at the freeze, in the order of `Pair`, with the best discriminator.    (10.33)

    That of the complete loss is twice the gradient of `ali_value`; the simplified one omits -E_p grad log q(z|x).
    Raises as `ali_value`, and ValueError for a variant that is none of VARIANTS.
    """
    pair, var, on = _checked(pair, var, grid() if on is None else on)
    of_q, of_p = joint_points(pair, var, on)
    inner = "simplified" if variant == "complete" else variant                                          # (10.33)
    force_q = ali_forces(log_ratio(pair, of_q, var), inner)[0]                                          # (10.33)
    force_p = ali_forces(log_ratio(pair, of_p, var), inner)[1]                                          # (10.33)
    enc = (on.weights * force_q) @ score(of_q[:, 0], of_q[:, 1], pair.a, pair.log_s)                    # (10.33)
    dec = (on.weights * force_p) @ score(of_p[:, 1], of_p[:, 0], pair.b, pair.log_r)                    # (10.33)
    return np.concatenate([enc - omitted(pair) if variant == "complete" else enc, dec])                 # (10.33)


def omitted(pair: Pair) -> Array:
    """E_p of the gradient of log q(z|x) after (a, log_s): what the simplified loss leaves out, negated.  (10.33)"""
    a, precision = pair.a, np.exp(-2 * pair.log_s)                                                      # (10.33)
    xx, xz, zz = pair.b**2 + np.exp(2 * pair.log_r), pair.b, 1.0                                        # (10.33)
    return np.array([(xz - a * xx) * precision, (zz - 2 * a * xz + a * a * xx) * precision - 1])        # (10.33)


@in_range
def encoder_metric(pair: Pair, var: float = 1.0) -> Array:
    """Fisher's information of the encoder after (a, log_s), which is diagonal: its two entries.         (10.34a)

    Raises as `ali_value`.
    """
    pair, var, _ = _checked(pair, var, COARSE)
    return np.array([var * np.exp(-2 * pair.log_s), 2.0])                                               # (10.34a)


@in_range
def encoder_cosines(pair: Pair, var: float = 1.0, on: Grid | None = None) -> tuple[float, float]:
    """Cosines of the encoder's gradients by (40) and (41): in Fisher's metric, and that of (a, log_s).  (10.34a)

    Raises as `ali_value`.
    """
    short = ali_gradient(pair, "simplified", var, on)[:2]
    full = short - omitted(pair)                                                                        # (10.34a)
    units = (1 / np.sqrt(encoder_metric(pair, var)), np.ones(2))                                        # (10.34a)
    of_fisher, plain = (float(u * full @ (u * short) / np.linalg.norm(u * full) / np.linalg.norm(u * short))  # (10.34a)
                        for u in units)
    return of_fisher, plain


@in_range
def ali_descent(pair: Pair, variant: str, *, steps: int, lr: float = 0.01, clip: float = 5.0, var: float = 1.0,
                on: Grid = COARSE) -> Array:
    """Gradient descent with the best discriminator at every step -> (steps + 1, 4).                      (10.35)

    Components of a gradient beyond `clip` are cut off. Raises as `ali_gradient`, and for bad steps, lr or clip.
    """
    steps, lr, clip = whole(steps, "steps"), real(lr, "lr", above=0), real(clip, "clip", above=0)
    path = [np.array(_checked(pair, var, on)[0])]
    for _ in range(steps):
        gradient = ali_gradient(Pair(*path[-1]), variant, var, on)                                      # (10.35)
        path.append(path[-1] - lr * np.clip(gradient, -clip, clip))                                     # (10.35)
    return np.array(path)


def linear_flow(a: float, variant: str) -> Array:
    """The flow (4, 4) of `ali_flow` at the solution Pair(a, log s, a, log s), s^2 = 1 - a^2, of var 1.  (10.35a)

    Raises TypeError or ValueError unless |a| < 1, and for a variant that is none of VARIANTS.
    """
    a = real(a, "a", above=-1, below=1)
    var, sign = 1 - a * a, -1 if known(variant) == "simplified" else 1                                  # (10.35a)
    own = np.diag([1 / var, 2])                                                                         # (10.35a)
    cross = np.array([[(1 - 2 * a * a) / var, -2 * a], [-2 * a, 2 * a * a]])                            # (10.35a)
    return np.asarray(np.block([[-sign * own, sign * cross], [cross, -own]]) / 2)                       # (10.35a)


def _checked(pair: Pair, var: float, on: Grid) -> tuple[Pair, float, Grid]:
    """The same numbers; TypeError or ValueError unless they are finite, var > 0, and on has nodes and weights."""
    nodes = matrix(on.nodes, "on.nodes")
    if nodes.shape[1] != 2:
        raise ValueError(f"on.nodes: got shape {nodes.shape}, wanted (n, 2)")
    on = Grid(nodes, vector(on.weights, "on.weights", len(nodes)))
    return Pair(*map(real, pair, Pair._fields)), real(var, "var", above=0), on
