"""Score matching in three forms, and what a score says of the clean data. Unit of all objectives: nats per length^2."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from refvae.inputs import array, floating, in_range, matrix, real, same_shape, whole
from refvae.trees import Array, Pull, Tree, map, place

Layer = Callable[..., tuple[Array, Pull]]
STEP = 1e-30  # imaginary, so small that its square is lost


def level(sigma: Any, x: Array, name: str) -> Any:
    """A number, or a column (n, 1), that keeps float32; ValueError for other shapes, which could broadcast wrongly."""
    if not np.ndim(sigma):
        return float(sigma) if isinstance(sigma, (int, float, np.bool, np.integer, np.floating)) else sigma
    same_shape(sigma, x[:, :1], f"{name} and a column of x")
    return floating(sigma, name)


@in_range
def tweedie(score: Callable[[Array], Array], xt: Array, sigma: Any) -> Array:
    """E[x | xt], the best denoiser, from the score of the noisy law.   xt: (n, d) -> (n, d)              (9.2)

    sigma: standard deviation of the noise, a number or (n, 1). [Robbins 1956; Miyasawa 1961]
    """
    xt = matrix(xt, "xt")
    sigma = level(array(sigma, "sigma"), xt, "sigma") if np.ndim(sigma) else real(sigma, "sigma", least=0)
    s = floating(score(xt), "the score")
    same_shape(s, xt, "the score and xt")
    r: Array = xt + sigma**2 * s                                                                        # (9.2)
    return r


@in_range
def denoising_floor(fisher: float, d: int, sigma: float) -> float:
    """The least mean squared error of any denoiser, from the Fisher information of the noisy law.        (9.3)"""
    fisher, d, sigma = real(fisher, "fisher", least=0), whole(d, "d"), real(sigma, "sigma", above=0)
    return d * sigma**2 - sigma**4 * fisher                                                             # (9.3)


@in_range
def posterior_covariance(score_map: Layer, xt: Array, sigma: float) -> Array:
    """Cov(x | xt) from the derivative of the score.   xt: (n, d) -> (n, d, d)                            (9.4)

    score_map: a layer x -> (s, pull), as in `jacobian`.
    """
    xt, sigma = matrix(xt, "xt"), real(sigma, "sigma", above=0)
    cov: Array = sigma**2 * np.eye(xt.shape[1]) + sigma**4 * jacobian(score_map, xt)                    # (9.4)
    return cov


def dsm(score_map: Layer, p: Tree, x: Array, eps: Array, sigma_frozen: Any, weight: Any = 1.0) -> tuple[Any, Pull]:
    """Denoising score matching: mean over the batch of weight / 2 |s(x + sigma eps) + eps / sigma|^2.    (9.5)

    score_map  a layer (p, xt) -> (s, pull): `denoiser_score`, `mlp_grad` of a log-density network, ...
    x, eps     (n, d), data and standard normal noise
    sigma, weight   numbers or (n, 1): the standard deviation of the noise, and what a row counts

    The cotangents are those of p, x, eps and sigma (None); those of x and eps are None too if the score map is frozen
    in xt. pull(dloss, out=...) hands a place for that of p on. [Vincent 2011, (11)]
    """
    same_shape(x, eps, "x and eps")
    x, eps = floating(x, "x"), floating(eps, "eps")
    sigma, weight = level(sigma_frozen, x, "sigma"), level(weight, x, "weight")
    xt = x + sigma * eps                                                                                # (9.5)
    s, pull_score = score_map(p, xt)
    same_shape(s, xt, "the score and x")
    r = s + eps / sigma                                                                                 # (9.5)
    loss = (weight * r * r).sum() / len(r) / 2                                                          # (9.5)

    def pull(dloss: Any, out: Tree = None) -> tuple[Tree, Array | None, Array | None, None]:
        dr = dloss / len(r) * weight * r                                                                # (9.5)
        dp, dxt, *_ = pull_score(dr, **place(pull_score, out))
        if dxt is None:
            return dp, None, None, None
        return dp, dxt, sigma * dxt + dr / sigma, None                                                  # (9.5)

    return loss, pull


@in_range
def jacobian(score_map: Layer, x: Array) -> Array:
    """J[n, i, j] = d s_i / d x_j of a layer x -> (s, pull), by d pulls.   x: (n, d) -> (n, d, d)         (9.7)"""
    x = floating(x, "x")
    if x.ndim != 2:
        raise ValueError(f"x: got shape {x.shape}, wanted (n, d)")
    s, pull = score_map(x)
    same_shape(s, x, "the score and x")
    rows = np.eye(x.shape[1], dtype=x.dtype)
    return np.stack([pull(np.broadcast_to(row, x.shape)) for row in rows], 1)                           # (9.7)


@in_range
def implicit(score_map: Layer, x: Array) -> Array:
    """|s|^2 / 2 + div s at each row, whose mean is half the squared score error but for a constant.      (9.7)

    score_map: a layer x -> (s, pull); x: (n, d) -> (n,). [Hyvarinen 2005, theorem 1]
    """
    x = floating(x, "x")
    s, _ = score_map(x)
    each: Array = (s * s).sum(1) / 2 + np.trace(jacobian(score_map, x), axis1=1, axis2=2)               # (9.7)
    return each


def sliced(score_map: Layer, p: Tree, x_frozen: Array, v_frozen: Array) -> tuple[float, Callable[[Any], Any]]:
    """Sliced score matching: mean over the batch of |s|^2 / 2 + <v, Ds v>, in random directions v.       (9.8)

    score_map: a layer (p, x) -> (s, pull) that runs on complex numbers; x, v: (n, d), E v v^T = I. The derivative along
    v is an imaginary step, and so is its derivative in p; therefore this is an objective for `fit` but no layer, whose
    lines would run on complex numbers. [Song, Garg, Shi and Ermon 2019, (8)]
    """
    same_shape(x_frozen, v_frozen, "x and v")
    x, v = floating(x_frozen, "x"), floating(v_frozen, "v")
    s, pull_score = score_map(p, x)
    same_shape(s, x, "the score and x")
    moved, pull_moved = score_map(p, x + 1j * STEP * v)                                                 # (9.8)
    slope = (v * moved).sum(1).imag / STEP                                                       # (9.8)
    loss = ((s * s).sum(1) / 2 + slope).mean()                                                          # (9.8)

    def pull(dloss: Any) -> tuple[Tree, None, None]:
        d = dloss / len(s)                                                                              # (9.8)
        direct, through = pull_score(d * s)[0], pull_moved(d * v + 0j)[0]                        # (9.8)
        return map(lambda u, w: u + w.imag / STEP, direct, through), None, None                         # (9.8)

    return float(loss), pull
