"""Networks that give a score: a denoiser, one for every noise level, and a log density whose gradient is the score."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from refvae.denoising.matching import level
from refvae.inputs import floating, same_shape
from refvae.layers import Activation, Dense, mlp, softplus
from refvae.trees import Array, Pull

LogDensity = Callable[[Array], tuple[Array, Pull]]


def denoiser_score(p: tuple[Dense, ...], xt: Array, sigma_frozen: Any, *,
                   activation: Activation = softplus) -> tuple[Array, Pull]:
    """The score (r(xt) - xt) / sigma^2 of a network r: d -> d that denoises.   xt: (n, d) -> s: (n, d)   (9.12)"""
    xt = floating(xt, "xt")
    var = level(sigma_frozen, xt, "sigma") ** 2                                                         # (9.12)
    r, pull_net = mlp(p, xt, activation)
    same_shape(r, xt, "r and xt")
    s = (r - xt) / var                                                                                  # (9.12)

    def pull(ds: Array) -> tuple[tuple[Dense, ...], Array, None]:
        dr = ds / var                                                                                   # (9.12)
        dp, dxt = pull_net(dr)
        return dp, dxt - dr, None                                                                       # (9.12)

    return s, pull


def ladder_score(p: tuple[Dense, ...], xt: Array, sigma_frozen: Any, *, scale: float = 1.0,
                 activation: Activation = softplus) -> tuple[Array, Pull]:
    """The score of data of standard deviation `scale`, smoothed by sigma, as that of a normal law, corrected.   (9.15)

    p: a network d + 1 -> d of the scaled xt and log(sigma) / 4; xt: (n, d), sigma: a number or (n, 1) -> s: (n, d).
    [Karras, Aittala, Aila and Laine 2022, section 5]
    """
    xt = floating(xt, "xt")
    sigma = np.asarray(level(sigma_frozen, xt, "sigma"), xt.real.dtype)
    var = sigma**2 + xt.real.dtype.type(scale) ** 2                                                     # (9.15)
    root = np.sqrt(var)                                                                                 # (9.15)
    above = np.broadcast_to(np.log(sigma) / 4, xt[:, :1].shape)                                         # (9.15)
    correction, pull_net = mlp(p, np.concatenate([xt / root, above], 1), activation)                    # (9.15)
    same_shape(correction, xt, "the correction and xt")
    factor = float(scale) / (sigma * root)                                                              # (9.15)
    s = factor * correction - xt / var                                                                  # (9.15)

    def pull(ds: Array) -> tuple[tuple[Dense, ...], Array, None]:
        dp, dinput = pull_net(factor * ds)                                                              # (9.15)
        return dp, dinput[:, :-1] / root - ds / var, None                                               # (9.15)

    return s, pull


def frozen_log_density(p: tuple[Dense, ...], activation: Activation = softplus) -> LogDensity:
    """The layer x (n, d) -> log density (n,), but for a constant, of a network d -> 1 whose parameters are fixed."""
    same_shape(p[-1].b, np.empty(1), "p[-1].b and one output")

    def log_density(x: Array) -> tuple[Array, Pull]:
        value, pull_net = mlp(p, x, activation)
        return value[:, 0], lambda dvalue: pull_net(dvalue[:, None])[1]

    return log_density
