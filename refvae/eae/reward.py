"""How far the estimate of entropy can be driven on one batch of points."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import digamma

from refvae.entropy import neighbours
from refvae.entropy.scale import rescaled
from refvae.inputs import in_range, matrix, whole


@in_range
def most_entropy(z: Any, k: int) -> float:
    """A bound in nats of the estimate of order k on the points z (n, d), from their second moment and radii.   (7.13)

    Whatever their arrangement, the estimate exceeds the entropy of the normal law with this mean square by at most
    d log 2 + log k - digamma(k), and a term that vanishes with the radii. Raises TypeError or ValueError for bad input.
    """
    (z,), e = rescaled(matrix(z, "z"))                                                                  # (7.13)
    n, d = z.shape
    k = whole(k, "k", most=n - 1)
    square = (z * z).sum() / n + d / (d + 2) * (neighbours(z, k).rho[:, -1] ** 2).mean() / 4            # (7.13)
    slack = d * np.log(2) + np.log(k) - digamma(k) + digamma(n) - np.log(n)                             # (7.13)
    return float(d / 2 * np.log(2 * np.pi * np.e * square / d) + d * e * np.log(2) + slack)             # (7.13)
