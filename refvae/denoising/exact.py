"""Denoising where it is known: normal data, the noise itself, and the optimum of one network for several levels."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from refvae.inputs import floating, in_range, real, same_shape, vector, whole
from refvae.trees import Array


class LinearDenoiser(NamedTuple):
    """By what the best one multiplies each principal coordinate (d,), and its mean squared error."""

    factors: Array
    risk: float


@in_range
def linear_denoiser(lam: Any, sigma: float, k: int | None = None) -> LinearDenoiser:
    """The best linear denoiser of rank at most k (None: any) for data whose covariance has eigenvalues lam.     (9.9)

    lam: (d,), in any order. Raises TypeError or ValueError for other input, negative eigenvalues and sigma <= 0 too.
    """
    lam, sigma = _spectrum(lam), real(sigma, "sigma", above=0)
    noise = sigma**2                                                                                    # (9.9)
    k = whole(len(lam) if k is None else k, "k", least=0, most=len(lam))
    kept, factors = np.argsort(-lam, kind="stable")[:k], np.zeros_like(lam)                             # (9.9)
    factors[kept] = lam[kept] / (lam[kept] + noise)                                                     # (9.9)
    return LinearDenoiser(factors, (lam - lam * factors).sum())                                         # (9.9)


@in_range
def gaussian_dsm_floor(lam: Any, sigma: float) -> float:
    """The least value of `dsm` for normal data whose covariance has the eigenvalues lam (d,).           (9.10)"""
    lam, sigma = _spectrum(lam), real(sigma, "sigma", above=0)
    noise = sigma**2                                                                                    # (9.10)
    floor: float = (lam / (noise * (lam + noise))).sum() / 2                                            # (9.10)
    return floor


@in_range
def denoised_variance(lam: Any, sigma: float) -> Array:
    """Variances of E[x | xt] for normal data of the variances lam (d,): less than lam.                  (9.11)"""
    lam, sigma = _spectrum(lam), real(sigma, "sigma", above=0)
    noise = sigma**2                                                                                    # (9.11)
    shrunk: Array = lam - lam * noise / (lam + noise)                                                   # (9.11)
    return shrunk


TAIL = (-1 / 2, 1 / 12, -1 / 10, 17 / 56, -31 / 18)  # of log mean^2 in odd powers of 1 / d
STEPS = 2 * np.arange(16)


def shell(d: int) -> tuple[float, float]:
    """Mean and standard deviation of |eps| / sqrt(d) for standard normal noise in d dimensions.         (9.17)

    To full precision for every d: no gamma functions are divided, and nothing is subtracted from 1.
    """
    d = whole(d, "d")
    far = d + float(2 * len(STEPS))                                                                     # (9.17)
    tail = sum(c / far ** (2 * j + 1) for j, c in enumerate(TAIL))                                      # (9.17)
    log_square = np.log1p(-1 / (d + 1.0 + STEPS) ** 2).sum() + tail                                     # (9.17)
    return float(np.exp(log_square / 2)), float(np.sqrt(-np.expm1(log_square)))                         # (9.17)


@in_range
def pooled_score(densities: Array, scores: Array, weights: Array, factors: Array) -> Array:
    """What one field learns from L noise levels with the targets -factor eps / sigma.                   (9.16)

    densities (L, n) and scores (L, n, d) of the smoothed laws at n points, weights and factors (L,) -> (n, d). Raises
    TypeError or ValueError for bad input.
    """
    densities, scores, weights, factors = (floating(each, name) for each, name in (
        (densities, "densities"), (scores, "scores"), (weights, "weights"), (factors, "factors")))
    same_shape(densities, scores[..., 0], "densities and a coordinate of the scores")
    same_shape(weights, densities[:, 0], "weights and the levels")
    same_shape(factors, weights, "factors and weights")
    share = weights[:, None] * densities / (weights @ densities)                                        # (9.16)
    return np.asarray(np.einsum("l,ln,lnd->nd", factors, share, scores))                                # (9.16)


def _spectrum(lam: Any) -> Array:
    values = vector(lam, "lam")
    if values.min() < 0:
        raise ValueError(f"lam: got {values.min()}, wanted variances of at least 0")
    return values
