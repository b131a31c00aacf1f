"""Laws whose truth is known: a sampler with its log density, score and entropy, mostly in the plane. Unit: nats."""

from __future__ import annotations

from math import tau
from typing import Any

import numpy as np
from scipy import linalg

from refvae.data.worlds_base import World, positive, reals
from refvae.data.worlds_plane import checkerboard, mixture, ring, spiral
from refvae.inputs import matrix
from refvae.trees import Array

__all__ = ["WORLDS", "World", "checkerboard", "gaussian", "laplace", "mixture", "ring", "spiral", "student_t",
           "uniform_square", "uniform_torus"]


def gaussian(mean: Any, cov: Any) -> World:
    """N(mean, cov) in any dimension: mean (d,), cov (d, d); entropy d/2 log(2 pi e) + 1/2 log det cov.

    Raises ValueError unless cov is symmetric (to 1e-12) and positive definite. [Cover & Thomas 2006, theorem 8.4.1]
    """
    mean = reals(mean, "mean", "(d,)")
    d = len(mean)
    root = _cholesky(matrix(cov, "cov"), d)
    logdet = 2 * np.log(np.diag(root)).sum()

    def white(x: Array) -> Array:
        return np.asarray(linalg.solve_triangular(root, (x - mean).T, lower=True))

    return World(
        "gaussian", d,
        lambda rng, n: mean + rng.standard_normal((n, d)) @ root.T,
        lambda x: -((white(x) ** 2).sum(0) + logdet + d * np.log(tau)) / 2,
        lambda x: -np.asarray(linalg.solve_triangular(root.T, white(x))).T,
        lambda: (d * (1 + np.log(tau)) + logdet) / 2)


def uniform_square(box: Any = ((-1, -1), (1, 1))) -> World:
    """The uniform law on a closed box (2, d), lower corner above upper corner; entropy the log of its volume."""
    box = matrix(box, "box")
    if len(box) != 2 or not (box[0] < box[1]).all():
        raise ValueError(f"box: got {box.tolist()}, wanted two rows, the first below the second in every column")
    low, high = box
    volume = np.log(high - low).sum()
    return World(
        "uniform_square", len(low),
        lambda rng, n: rng.uniform(low, high, (n, len(low))),
        lambda x: np.where(((low <= x) & (x <= high)).all(1), -volume, -np.inf),
        np.zeros_like,
        lambda: volume)


def uniform_torus(period: Any = (1, 1)) -> World:
    """The uniform law on the torus of periods (d,); entropy the log of their product.

    Coordinates are taken modulo the period: any x has the density 1 / volume. Draws lie in [0, period).
    """
    period = positive(period, "period", "(d,)")
    volume = np.log(period).sum()
    return World(
        "uniform_torus", len(period),
        lambda rng, n: rng.uniform(0, period, (n, len(period))),
        lambda x: np.full(len(x), -volume),
        np.zeros_like,
        lambda: volume)


def laplace(scale: Any = (1, 1)) -> World:
    """Independent Laplace coordinates, p = prod exp(-|x| / b) / 2b with scale b (d,); entropy sum 1 + log 2b.

    [Cover & Thomas 2006, table 17.1]
    """
    scale = positive(scale, "scale", "(d,)")
    volume = np.log(2 * scale).sum()
    return World(
        "laplace", len(scale),
        lambda rng, n: rng.laplace(0, scale, (n, len(scale))),
        lambda x: -(np.abs(x) / scale).sum(1) - volume,
        lambda x: -np.sign(x) / scale,
        lambda: len(scale) + volume)


def student_t(nu: float = 5.0) -> World:
    """The bivariate Student law of nu degrees of freedom (not a product), p = (1 + |x|^2 / nu)^(-nu/2 - 1) / 2 pi.

    Its entropy is log 2 pi + 1 + 2 / nu: u = 1 + |x|^2 / nu has P(u > s) = s^(-nu/2), so that log u is exponential with
    mean 2 / nu, and E log u counts nu/2 + 1 times. [Zografos & Nadarajah 2005, the case of two dimensions]
    """
    nu = float(positive(nu, "nu", "a number"))

    def logpdf(x: Array) -> Array:
        excess = np.logaddexp(0, 2 * np.log(np.hypot(*x.T)) - np.log(nu))
        return np.asarray(-(nu / 2 + 1) * excess - np.log(tau))

    def score(x: Array) -> Array:
        length = np.hypot(np.sqrt(nu), np.hypot(*x.T))[:, None]
        return np.asarray(-(nu + 2) * (x / length) / length)

    def draw(rng: np.random.Generator, n: int) -> Array:
        return np.asarray(rng.standard_normal((n, 2)) / np.sqrt(rng.chisquare(nu, (n, 1)) / nu))

    return World("student_t", 2, draw, logpdf, score, lambda: np.log(tau) + 1 + 2 / nu)


def _cholesky(cov: Array, d: int) -> Array:
    """The lower triangular root of a covariance (d, d)."""
    if cov.shape != (d, d):
        raise ValueError(f"cov: got shape {cov.shape}, wanted ({d}, {d})")
    skew = np.abs(cov - cov.T).max()
    if skew > 1e-12 * np.abs(cov).max():
        raise ValueError(f"cov: got mirror images that differ by {skew:.3g}, wanted a symmetric matrix")
    try:
        return np.linalg.cholesky(cov)
    except np.linalg.LinAlgError as error:
        least = np.linalg.eigvalsh(cov)[0]
        raise ValueError(f"cov: got the smallest eigenvalue {least:.3g}, wanted > 0") from error


WORLDS: dict[str, World] = {world.name: world for world in (
    gaussian((1, -2), ((2, 0.6), (0.6, 0.5))), ring(), spiral(), checkerboard(), uniform_square(), uniform_torus(),
    laplace(), student_t())}
