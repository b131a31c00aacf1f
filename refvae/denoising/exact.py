"""Denoising where it is known: normal data, the noise itself, and the optimum of one network for several levels."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.special import gammaln

from refvae.inputs import matrix, same_shape, whole
from refvae.trees import Array


class LinearDenoiser(NamedTuple):
    """By what the best one multiplies each principal coordinate (d,), and its mean squared error."""

    factors: Array
    risk: float


def linear_denoiser(lam: Any, sigma: float, k: int | None = None) -> LinearDenoiser:
    """The best linear denoiser of rank at most k (None: any) for data whose covariance has eigenvalues lam.     (9.9)

    lam: (d,), in any order. Raises ValueError for negative ones or sigma <= 0, and what `whole` raises.
    """
    lam, noise = _spectrum(lam), _positive(sigma, "sigma") ** 2
    k = whole(len(lam) if k is None else k, "k", least=0, most=len(lam))
    kept = np.argsort(np.argsort(-lam, kind="stable")) < k
    factors = np.where(kept, lam / (lam + noise), 0)                                                    # (9.9)
    return LinearDenoiser(factors, float((lam - lam * factors).sum()))                                  # (9.9)


def gaussian_dsm_floor(lam: Any, sigma: float) -> float:
    """The least value of `dsm` for normal data whose covariance has the eigenvalues lam (d,).           (9.10)"""
    lam, noise = _spectrum(lam), _positive(sigma, "sigma") ** 2
    return float((lam / (noise * (lam + noise))).sum() / 2)                                             # (9.10)


def denoised_variance(lam: Any, sigma: float) -> Array:
    """Variances of E[x | xt] for normal data of the variances lam (d,): less than lam.                  (9.11)"""
    lam, noise = _spectrum(lam), _positive(sigma, "sigma") ** 2
    shrunk: Array = lam - lam * noise / (lam + noise)                                                   # (9.11)
    return shrunk


def shell(d: int) -> tuple[float, float]:
    """Mean and standard deviation of |eps| / sqrt(d) for standard normal noise in d dimensions.         (9.17)"""
    d = whole(d, "d")
    mean = np.sqrt(2 / d) * np.exp(gammaln((d + 1) / 2) - gammaln(d / 2))                               # (9.17)
    return float(mean), float(np.sqrt(1 - mean * mean))                                                 # (9.17)


def pooled_score(densities: Array, scores: Array, weights: Array, factors: Array) -> Array:
    """What one field learns from L noise levels with the targets -factor eps / sigma.                   (9.16)

    densities (L, n) and scores (L, n, d) of the smoothed laws at n points, weights and factors (L,) -> (n, d)
    """
    same_shape(densities, scores[..., 0], "densities and a coordinate of the scores")
    same_shape(weights, densities[:, 0], "weights and the levels")
    same_shape(factors, weights, "factors and weights")
    share = weights[:, None] * densities / (weights @ densities)                                        # (9.16)
    return np.asarray(np.einsum("l,ln,lnd->nd", factors, share, scores))                                # (9.16)


def _spectrum(lam: Any) -> Array:
    values: Array = matrix(np.atleast_2d(lam), "lam")[0]
    if values.min() < 0:
        raise ValueError(f"lam: got {values.min()}, wanted variances of at least 0")
    return values


def _positive(value: float, name: str) -> float:
    if not 0 < value < np.inf:
        raise ValueError(f"{name}: got {value}, wanted a number above 0")
    return value
