"""Diagonal Gaussians: density, divergence from the standard normal, and sampling as a layer."""

from __future__ import annotations

import numpy as np

from refvae.inputs import floating, same_shape
from refvae.trees import Array, Pull

NEAR, TERMS = 0.1, (4, 2)  # below NEAR later terms are under half a unit in the last place, of float32 too
BERNOULLI = (1 / 12, -1 / 720, 1 / 30240, -1 / 1209600)
LOG_2PI = float(np.log(2 * np.pi))  # a Python float: a NumPy one would turn float32 into float64


def gaussian_nll(mu: Array, logvar: Array, x: Array) -> tuple[Array, Pull]:
    """-log N(x; mu, diag e^logvar) in nats.   all (..., d) -> nll (...)                     (3.3), adjoint (3.4)"""
    same_shape(mu, x, "mu and x")
    same_shape(logvar, x, "logvar and x")
    mu, logvar, x = floating(mu, "mu"), floating(logvar, "logvar"), floating(x, "x")
    root = np.exp(-logvar / 2)                                                                          # (3.3)
    t = scaled(x - mu, root)                                                                            # (3.4)
    nll = (LOG_2PI + logvar + t * t).sum(-1) / 2                                                        # (3.3)

    def pull(dnll: Array) -> tuple[Array, Array, Array]:
        dr = dnll[..., None] * scaled(t, root)                                                          # (3.4)
        dlogvar = dnll[..., None] * (1 - t * t) / 2                                                     # (3.4)
        return -dr, dlogvar, dr                                                                         # (3.4)

    return nll, pull


def scaled(a: Array, factor: Array) -> Array:
    """a times the factor; 0 where a is 0, though the factor has overflowed to infinity."""
    product: Array = a * np.where(a == 0, a, factor)                                                    # (3.3), (3.8)
    return product


def kl_std_normal(mu: Array, logvar: Array) -> tuple[Array, Pull]:
    """KL(N(mu, diag e^logvar) || N(0, I)) in nats.   mu, logvar: (..., k) -> kl (...)       (3.5), adjoint (3.7)

    Zero exactly at mu = logvar = 0, and precise to the last digits beside it. [Kingma & Welling 2014, appendix B]
    """
    same_shape(mu, logvar, "mu and logvar")
    mu, logvar = floating(mu, "mu"), floating(logvar, "logvar")
    growth = np.expm1(logvar)                                                                           # (3.5)
    kl = (mu * mu + _less(growth, logvar)).sum(-1) / 2                                                  # (3.5)

    def pull(dkl: Array) -> tuple[Array, Array]:
        return dkl[..., None] * mu, dkl[..., None] / 2 * growth                                         # (3.7)

    return kl, pull


def exp_minus_tangent(x: Array) -> Array:
    """e^x - 1 - x >= 0, where the three terms cancel near 0 by the series of 1 - x / (e^x - 1).          (3.6)"""
    return _less(np.expm1(x), x)                                                                        # (3.6)


def _less(growth: Array, x: Array) -> Array:
    """growth - x for growth = e^x - 1.                                                                   (3.6)"""
    near = np.minimum(np.maximum(x, -NEAR), NEAR)                                                       # (3.6)
    square = near * near                                                                                # (3.6)
    last, *others = BERNOULLI[:TERMS[x.dtype == np.float32]][::-1]
    series = last * square                                                                              # (3.6)
    for coefficient in others:
        series += coefficient                                                                           # (3.6)
        series *= square                                                                                # (3.6)
    less = np.asarray(growth - x)                                                                       # (3.6)
    np.putmask(less, near == x, growth * (near / 2 - series))                                           # (3.6)
    return less


def reparam(mu: Array, logvar: Array, eps: Array) -> tuple[Array, Pull]:
    """z = mu + sigma eps with sigma = e^(logvar / 2).   all (..., k) -> z like them         (3.8), adjoint (3.9)

    For standard normal noise eps, z has the law N(mu, diag e^logvar).
    """
    same_shape(mu, logvar, "mu and logvar")
    same_shape(mu, eps, "mu and eps")
    mu, logvar, eps = floating(mu, "mu"), floating(logvar, "logvar"), floating(eps, "eps")
    sigma = np.exp(logvar / 2)                                                                          # (3.8)
    noise = scaled(eps, sigma)                                                                          # (3.8)
    z = mu + noise                                                                                      # (3.8)

    def pull(dz: Array) -> tuple[Array, Array, Array]:
        return dz.copy(), dz * noise / 2, scaled(dz, sigma)                                             # (3.9)

    return z, pull
