"""Likelihoods of grey pixels: what a decoder's output says of an image, one number per example.

A likelihood is a layer (out, x) -> (nll, pull), where `out` is what the decoder gives. `refvae.layers.bernoulli_nll` is
the one of black and white pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from refvae.inputs import floating, real, same_shape, whole
from refvae.layers import bernoulli_nll
from refvae.trees import Array, Pull, is_exact
from refvae.vae.normal import LOG_2PI, gaussian_nll, scaled

Likelihood = Callable[..., tuple[Any, Pull]]
WIDE = 0.375  # a bin, in standard deviations, and what the logarithm of the density changes on it
LEGENDRE = np.transpose(np.polynomial.legendre.leggauss(8))[4:].tolist()  # the nodes above 0, and their weights
HAZARD, ROOT_HALF = float(np.sqrt(2 / np.pi)), float(np.sqrt(0.5))


def gaussian(eta: float) -> Likelihood:
    """The likelihood of real x under N(out, eta I).   out, x: (n, d) -> nll (n,)                         (3.12)

    eta is the scale of the reconstruction: |x - out|^2 / (2 eta). Raises ValueError unless eta > 0.
    """
    eta = real(eta, "eta", above=0)
    # A NumPy float would turn float32 into float64
    logvar = np.log(eta) if is_exact(eta) else float(np.log(eta))                                       # (3.12)

    def nll(out: Array, x: Array) -> tuple[Array, Pull]:
        value, pull = gaussian_nll(out, 0 * out + logvar, x)                                            # (3.12)
        return value, lambda dnll: pull(dnll)[::2]

    return nll


def binomial_nll(logits: Array, counts_frozen: Array, trials: int) -> tuple[Array, Pull]:
    """-log of independent Binomial(trials, sigmoid(logits)).   (n, d) -> nll (n,) nats                   (3.15)

    counts: whole numbers in 0..trials, of any dtype.
    """
    logits, counts = floating(logits, "logits"), floating(counts_frozen, "counts").astype(float)
    share = (counts / trials).astype(logits.real.dtype)                                                 # (3.15)
    nll, pull = bernoulli_nll(logits, share)
    log_ways = -special.betaln(counts + 1, trials - counts + 1) - np.log1p(trials)                      # (3.15)
    value = trials * nll - log_ways.sum(1).astype(share.dtype)                                          # (3.15)
    return value, lambda dnll: (pull(trials * dnll)[0], None)                                           # (3.15)


def binomial(trials: int) -> Likelihood:
    """The likelihood of pixels x = j / trials, by `binomial_nll`.   out, x: (n, d) -> nll (n,)           (3.15)

    Raises TypeError or ValueError unless trials is an int above 0.
    """
    trials = whole(trials, "trials")
    return _of_pixels(trials, lambda out, x: binomial_nll(out, np.rint(trials * floating(x, "x")), trials))  # (3.15)


def discretised_gaussian_nll(mu: Array, logvar: Array, counts_frozen: Array, levels: int) -> tuple[Array, Pull]:
    """-log of the mass of N(mu, e^logvar) in the bins of the counts.   (n, d) -> nll (n,)   (3.16), adjoint (3.17)

    mu and logvar in units of counts. The bin of j is (j - 1/2, j + 1/2); those of 0 and of `levels` are half-lines.
    """
    same_shape(mu, counts_frozen, "mu and counts")
    same_shape(mu, logvar, "mu and logvar")
    mu, logvar = floating(mu, "mu"), floating(logvar, "logvar")
    counts = floating(counts_frozen, "counts").astype(mu.real.dtype)
    h = np.exp(-logvar / 2)                                                                             # (3.16)
    offset, half_line = counts - mu, (counts == 0) | (counts == levels)                                 # (3.16)
    # What lies right of the mean is reflected
    flip = np.where(half_line, counts == levels, offset.real > 0)                                       # (3.16)
    offset = np.where(flip, -offset, offset)                                                            # (3.16)
    near, middle, far = (scaled(offset + shift, h) for shift in (0.5, 0.0, -0.5))                       # (3.16)
    wide = ~half_line & (h.real < WIDE) & ((middle * h).real > -WIDE)                                   # (3.17a)
    share, log_wide = _wide(np.where(wide, middle, 0), np.where(wide, h, 0))                            # (3.17a)
    log_near = _log_ndtr(near)                                                                          # (3.16)
    ratio = np.where(half_line | wide, 0, np.exp(_log_ndtr(far) - log_near))                            # (3.16)
    log_share = np.log1p(-ratio)                                                                        # (3.16)
    nll = -np.where(wide, log_wide - logvar / 2, log_near + log_share).sum(1)                           # (3.16)

    def pull(dnll: Array) -> tuple[Array, Array, None]:
        density = HAZARD / special.erfcx(-near * ROOT_HALF) * np.exp(-log_share) * h                    # (3.17)
        density = np.where(wide, share, density)                                                        # (3.17)
        rise = np.where(half_line, -1, np.expm1(middle * h))                                           # (3.17)
        slope = dnll[:, None] * density * rise                                                          # (3.17)
        dlogvar = dnll[:, None] * density * (1 - (offset - 0.5) * rise) / 2                             # (3.17)
        return np.where(flip, slope, -slope), dlogvar, None                                             # (3.17)

    return nll, pull


def _wide(middle: Array, h: Array) -> tuple[Array, Array]:
    """Of a bin of small width h about `middle`, in standard deviations: h phi(near) / P, and log(P / h).   (3.17a)"""
    tilt, bend = middle * h / 2, h * h / 8                                                              # (3.17a)
    mean = sum(w * np.exp(-bend * t * t) * np.cosh(tilt * t) for t, w in LEGENDRE)                      # (3.17a)
    return np.exp(-tilt - bend) / mean, np.log(mean) - (middle * middle + LOG_2PI) / 2                  # (3.17a)


def discretised_gaussian(levels: int) -> Likelihood:
    """The likelihood of pixels x = j / levels, mean and variance both learned.   out (n, 2 d), x (n, d)  (3.16)

    The first half of `out` is the mean and the second the log-variance, in the units of x. Raises TypeError or
    ValueError unless levels is an int above 0.
    """
    levels = whole(levels, "levels")

    def nll(out: Array, x: Array) -> tuple[Array, Pull]:
        (mu, logvar), counts = np.split(out, 2, axis=1), np.rint(levels * floating(x, "x"))             # (3.16)
        logvar = logvar + 2 * float(np.log(levels))                                                     # (3.16)
        value, pull_nll = discretised_gaussian_nll(levels * mu, logvar, counts, levels)                 # (3.16)

        def pull(dnll: Array) -> tuple[Array, None]:
            dmu, dlogvar, _ = pull_nll(dnll)
            return np.hstack([levels * dmu, dlogvar]), None                                             # (3.17)

        return value, pull

    return _of_pixels(levels, nll)


def _of_pixels(levels: int, nll: Any) -> Likelihood:
    """The likelihood, which says of itself that it takes pixels j / levels."""
    nll.levels = levels
    likelihood: Likelihood = nll
    return likelihood


def check_pixels(x: Array, likelihood: Likelihood) -> None:
    """ValueError for pixels outside [0, 1] or off the levels j / levels of a likelihood that takes no others."""
    levels = getattr(likelihood, "levels", 0 if likelihood is bernoulli_nll else None)
    if levels is None:
        return
    if x.min() < 0 or x.max() > 1:
        raise ValueError(f"x: got pixels from {x.min():.6g} to {x.max():.6g}, wanted them in [0, 1]")
    off = np.abs(levels * x - np.rint(levels * x))
    if off.max() > 0.01:
        raise ValueError(f"x: got the pixel {x.flat[off.argmax()]:.6g}, wanted 0, 1/{levels}, 2/{levels}, ..., 1")


def _log_ndtr(x: Array) -> Array:
    """log of the normal distribution function; for x > 0 by its complement, where SciPy's complex one loses digits."""
    left = special.log_ndtr(np.where(x.real > 0, -x, x))                                                # (3.16), (3.17)
    log: Array = np.where(x.real > 0, np.log1p(-np.exp(left)), left)                                    # (3.16)
    return log
