"""Laws in the plane whose entropy is an integral: mixtures of Gaussians and the smoothed checkerboard. Unit: nats."""

from __future__ import annotations

from collections.abc import Callable
from math import fsum, tau
from typing import Any

import numpy as np
from scipy import special

from refvae.data.worlds_base import World, positive
from refvae.inputs import matrix, whole
from refvae.trees import Array

REACH = 9  # standard deviations beyond the outermost mode where the integral of p log p ends: p is below 1e-17 there
FINE = 6  # grid points per standard deviation


# Mixtures of Gaussians


def mixture(means: Any, sigma: float, weights: Any = None, name: str = "mixture") -> World:
    """The Gaussian mixture sum_k w_k N(m_k, sigma^2 I) in the plane: means (k, 2), weights (k,), equal if None.

    The entropy is a trapezoid sum with steps of sigma / 6 that ends 9 sigma beyond the modes; p log p is analytic near
    the plane and decays fast [Trefethen & Weideman 2014], and for two modes at any distance the error is below 2e-12.
    It takes 36 densities per square of side sigma.
    Raises ValueError for other shapes, sigma <= 0, and weights that are not positive or do not sum to 1.
    """
    means, sigma = matrix(means, "means"), float(positive(sigma, "sigma", "a number"))
    if means.shape[1] != 2:
        raise ValueError(f"means: got shape {means.shape}, wanted (k, 2)")
    weights = _weights(weights, len(means))
    offsets = (means - means[:, None]) / sigma
    levels = np.log(weights) - (offsets**2).sum(2) / 2

    def compare(x: Array) -> tuple[Array, Array, Array]:
        """Offset of x from its nearest mode, offsets (n, k, 2) of all modes from that one, and log w_k p_k / p_nearest.

        Only differences of modes meet, so nothing cancels: neither near a mode nor far from all of them.
        """
        z = (x[:, None] - means) / sigma
        nearest = np.einsum("nkd,nkd->nk", z, z).argmin(1)
        near, apart = z[np.arange(len(x)), nearest], offsets[nearest]
        return near, apart, levels[nearest] + np.einsum("nkd,nd->nk", apart, near)

    def logpdf(x: Array) -> Array:
        near, _, logits = compare(x)
        return np.asarray(special.logsumexp(logits, axis=1) - (near**2).sum(1) / 2 - np.log(tau) - 2 * np.log(sigma))

    def score(x: Array) -> Array:
        near, apart, logits = compare(x)
        return np.asarray((np.einsum("nk,nkd->nd", special.softmax(logits, axis=1), apart) - near) / sigma)

    def draw(rng: np.random.Generator, n: int) -> Array:
        return np.asarray(means[rng.choice(len(means), n, p=weights)] + sigma * rng.standard_normal((n, 2)))

    return World(name, 2, draw, logpdf, score, lambda: _entropy_on_grid(logpdf, means.min(0), means.max(0), sigma))


def ring(modes: int = 8, radius: float = 2.0, sigma: float = 0.2) -> World:
    """Equally heavy Gaussians on a circle about 0, the first on the positive first axis; entropy as in `mixture`."""
    angles = tau * np.arange(whole(modes, "modes")) / modes
    return mixture(positive(radius, "radius", "a number") * _directions(angles), sigma, name="ring")


def spiral(arms: int = 2, modes: int = 30, turns: float = 1.25, radius: float = 3.0, sigma: float = 0.2) -> World:
    """Archimedean spirals about 0, each of `modes` equally heavy Gaussians; entropy as in `mixture`.

    On an arm the modes lie at radius * t and the angle 2 pi * turns * t, t^2 = 1/2m, 3/2m, ...: nearly equal steps.
    """
    t = np.sqrt((np.arange(whole(modes, "modes")) + 0.5) / modes)
    starts = tau * np.arange(whole(arms, "arms")) / arms
    points = _directions((starts[:, None] + tau * positive(turns, "turns", "a number") * t).ravel())
    return mixture(positive(radius, "radius", "a number") * np.tile(t, arms)[:, None] * points, sigma, name="spiral")


def _weights(weights: Any, k: int) -> Array:
    if weights is None:
        return np.full(k, 1 / k)
    w = positive(weights, "weights", "(k,)")
    if len(w) != k or abs(w.sum() - 1) > 1e-12:
        raise ValueError(f"weights: got shape {w.shape} and sum {w.sum()}, wanted ({k},) and sum 1")
    return np.asarray(w / w.sum())


def _directions(angles: Array) -> Array:
    return np.stack([np.cos(angles), np.sin(angles)], 1)


# The checkerboard


def checkerboard(cells: int = 4, side: float = 1.0, sigma: float = 0.1) -> World:
    """The uniform law on the dark squares of a board of cells x cells squares about 0, plus noise N(0, sigma^2 I).

    Dark are the squares (i, j) with i + j even. A square and noise give a product of differences of normal cdfs, so the
    density is (E(x) E(y) + O(x) O(y)) / (dark squares * side^2), E the sum over even indices and O over odd ones.
    Entropy as in `mixture`. Raises TypeError or ValueError for cells < 2, side <= 0, sigma <= 0.
    """
    cells = whole(cells, "cells", least=2)
    side, sigma = (float(positive(value, name, "a number")) for value, name in ((side, "side"), (sigma, "sigma")))
    centres = side * (np.arange(cells) - (cells - 1) / 2)
    dark = np.argwhere(np.add.outer(np.arange(cells), np.arange(cells)) % 2 == 0)
    area = np.log(len(dark) * side**2)

    def colours(x: Array) -> tuple[Array, Array]:
        """Logarithms of E E and O O (n, 2), and their gradients (n, 2, 2)."""
        logs, slopes = _smoothed_interval(x[..., None] - centres, side / 2, sigma)
        each = [(logs[..., odd::2], slopes[..., odd::2]) for odd in (0, 1)]
        gradients = [(special.softmax(np.nan_to_num(log), axis=2) * slope).sum(2) for log, slope in each]
        return np.stack([special.logsumexp(log, axis=2).sum(1) for log, _ in each], 1), np.stack(gradients, 1)

    def score(x: Array) -> Array:
        logs, gradients = colours(x)
        return np.asarray(np.einsum("nc,ncd->nd", special.softmax(np.nan_to_num(logs), axis=1), gradients))

    def logpdf(x: Array) -> Array:
        return np.asarray(special.logsumexp(colours(x)[0], axis=1) - area)

    def draw(rng: np.random.Generator, n: int) -> Array:
        corner = centres[dark[rng.integers(len(dark), size=n)]] - side / 2
        return np.asarray(corner + side * rng.random((n, 2)) + sigma * rng.standard_normal((n, 2)))

    edge = np.full(2, cells * side / 2)
    return World("checkerboard", 2, draw, logpdf, score, lambda: _entropy_on_grid(logpdf, -edge, edge, sigma))


def _smoothed_interval(x: Array, half: float, sigma: float) -> tuple[Array, Array]:
    """log F and its derivative, F(x) = Phi((x + half) / sigma) - Phi((x - half) / sigma); accurate in both tails.

    F is even, so with t = |x| it is Phi(a) - Phi(b), a = (half - t) / sigma and b = -(half + t) / sigma <= -|a|. The
    ratios phi(b) / phi(a) and Phi(b) / Phi(a) come from b^2 - a^2 = 4 half t / sigma^2 and erfcx.
    """
    t = np.abs(x)
    a, b = (half - t) / sigma, -(half + t) / sigma
    drop = -2 * half / sigma * (t / sigma)
    scaled_a, scaled_b = special.erfcx(-a / np.sqrt(2)), special.erfcx(-b / np.sqrt(2))
    ratio = np.exp(drop) * scaled_b / scaled_a
    slope = np.sqrt(2 / np.pi) / scaled_a * np.expm1(drop) / (1 - ratio) / sigma
    return special.log_ndtr(a) + np.log1p(-ratio), np.sign(x) * slope


# Entropy


def _entropy_on_grid(logpdf: Callable[[Array], Array], low: Array, high: Array, sigma: float) -> float:
    """-integral of p log p by the trapezoid rule, row by row; [low, high] holds the law but for noise of sd sigma."""
    step = sigma / FINE
    counts = np.ceil((high - low) / step).astype(int) + 2 * REACH * FINE + 1
    u, v = (start + step * np.arange(count) for start, count in zip(low - REACH * sigma, counts, strict=True))
    rows = (logpdf(np.stack([np.full_like(v, s), v], 1)) for s in u)
    return -(step**2) * fsum(float(np.exp(row) @ row) for row in rows)
