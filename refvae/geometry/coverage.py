"""How much of the unit disc a set of ellipses covers, and what shape a cloud of codes has."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from refvae.inputs import in_range, matrix, real, same_shape, whole
from refvae.trees import Array


def disc_coverage(mu: Array, sigma: Array, *, resolution: int = 200) -> float:
    """The share of the disc |z| < 1 that lies in an ellipse |(z - mu) / sigma| < 1.   both (n, 2)        (4.5)

    Counted on the centres of a square lattice, `resolution` across the disc. An ellipse with an axis 0 is a point or a
    segment and covers nothing. Raises TypeError or ValueError for other input, or a negative sigma.
    """
    mu, sigma = _plane(mu, "mu"), _plane(sigma, "sigma")
    same_shape(mu, sigma, "mu and sigma")
    if (sigma < 0).any():
        raise ValueError(f"sigma: got {sigma.min()}, wanted lengths of 0 or more")
    line = (2 * np.arange(whole(resolution, "resolution")) + 1) / resolution - 1                        # (4.5)
    covered = np.zeros((resolution, resolution), bool)
    for (a, b), (s, t) in zip(mu, sigma, strict=True):
        i, j = (slice(*np.searchsorted(line, (c - r, c + r))) for c, r in ((a, s), (b, t)))             # (4.5)
        covered[i, j] |= (((line[i] - a) / s) ** 2)[:, None] + ((line[j] - b) / t) ** 2 < 1             # (4.5)
    return float(covered[line[:, None] ** 2 + line**2 < 1].mean())                                      # (4.5)


class Shape(NamedTuple):
    """Of a cloud of codes: directions it uses (1 to 2), share near its centre, share of the disc that it reaches."""

    rank: float
    inner: float
    reached: float


@in_range
def shape_of(z: Array, *, reach: float = 0.1) -> Shape:
    """Shape statistics of codes z (n, 2), centred and scaled to a mean squared norm of 2.                (4.6)

    Raises TypeError or ValueError for other input, codes that all agree, or a reach that is not positive.
    """
    z, reach = _plane(z, "z"), real(reach, "reach", above=0)
    z = z - z.mean(0)                                                                                   # (4.6)
    size = (z * z).sum(1).mean()                                                                        # (4.6)
    if not size > 0:
        raise ValueError(f"z: got a mean squared norm of {size} about the mean, wanted one above 0")
    z = z * np.sqrt(2 / size)                                                                           # (4.6)
    spread = z.T @ z                                                                                    # (4.6)
    rank = np.trace(spread) ** 2 / (spread * spread).sum()                                              # (4.6)
    inner = ((z * z).sum(1) < 1).mean()                                                                 # (4.6)
    return Shape(float(rank), float(inner), disc_coverage(z, np.full_like(z, reach)))


@in_range
def aggregated_moments(mu: Array, logvar: Array) -> tuple[Array, Array]:
    """Mean (k,) and covariance (k, k) of the aggregated posterior, the mixture of N(mu_i, diag e^logvar_i).   (4.7)

    mu and logvar: (n, k). Raises TypeError or ValueError for other input.
    """
    mu, logvar = matrix(mu, "mu"), matrix(logvar, "logvar")
    same_shape(mu, logvar, "mu and logvar")
    mean = mu.mean(0)                                                                                   # (4.7)
    return mean, (mu - mean).T @ (mu - mean) / len(mu) + np.diag(np.exp(logvar).mean(0))                # (4.7)


def _plane(z: Array, name: str) -> Array:
    z = matrix(z, name)
    if z.shape[1] != 2:
        raise ValueError(f"{name}: got shape {z.shape}, wanted (n, 2)")
    return z
