"""Weights over the orders of neighbours that cancel the leading terms of the bias [Berrett, Samworth and Yuan 2019]."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

from refvae.inputs import whole
from refvae.trees import Array


def bsy_weights(k: int, d: int) -> Array:
    """Weights (k,) of sum 1 on the orders k/d, 2k/d, ..., k (rounded down) with the least sum of squares.  (6.23)

    They satisfy sum_j w_j Gamma(j + 2l/d) / Gamma(j) = 0 for l = 1, ..., floor(d/4): nothing for d <= 3. Raises
    ValueError for k < d, where the orders would not be different.   [Berrett, Samworth and Yuan 2019, (2)]
    """
    d = whole(d, "d")
    k = whole(k, "k", least=d)
    orders = np.arange(1, d + 1) * k // d
    powers = 2 * np.arange(d // 4 + 1)[:, None] / d
    rows = np.exp(gammaln(orders + powers) - gammaln(orders) - powers * np.log(k))                      # (6.23)
    w = np.zeros(k)
    w[orders - 1] = np.linalg.lstsq(rows, np.eye(len(rows))[0], rcond=None)[0]                          # (6.23)
    return w
