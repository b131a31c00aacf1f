"""Information as a layer: entropies of the parts minus the joint one, with an exact gradient."""

from __future__ import annotations

import numpy as np

from refvae.entropy.kl import knn_entropy_layer
from refvae.inputs import floating, same_shape
from refvae.trees import Array, Pull


def mutual_information_layer(x: Array, y: Array, idx_x: Array, idx_y: Array, idx_xy: Array,
                             norm: float = np.inf) -> tuple[Array, Pull]:
    """H(x) + H(y) - H(x, y) in nats.   x: (n, d), y: (n, e), idx: (n, k) -> i ()              (6.43), adjoint (6.44)

    idx_x, idx_y and idx_xy hold the nearest other rows of x, of y and of both side by side, as `neighbours` gives them
    for the same norm. The counting estimates (6.41), (6.42) have no gradient to follow (6.53).
    """
    x, y = floating(x, "x"), floating(y, "y")
    same_shape(x[:, 0], y[:, 0], "a column of x and of y")
    h_x, pull_x = knn_entropy_layer(x, idx_x, norm)
    h_y, pull_y = knn_entropy_layer(y, idx_y, norm)
    h_xy, pull_xy = knn_entropy_layer(np.hstack([x, y]), idx_xy, norm)
    i = h_x + h_y - h_xy                                                                                # (6.43)

    def pull(di: Array) -> tuple[Array, Array, None, None, None]:
        dxy, d = pull_xy(di)[0], x.shape[1]
        return pull_x(di)[0] - dxy[:, :d], pull_y(di)[0] - dxy[:, d:], None, None, None                 # (6.44)

    return i, pull
