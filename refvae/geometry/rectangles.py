"""Rectangles in place of ellipses: uniform posteriors."""

from __future__ import annotations

import numpy as np

from refvae.inputs import array, floating, in_range, same_shape
from refvae.trees import Array, Pull
from refvae.vae.normal import LOG_2PI


def kl_uniform_normal(mid: Array, loghalf: Array) -> tuple[Array, Pull]:
    """KL(uniform on the box mid +- e^loghalf || N(0, I)) in nats.   (..., k) -> (...)                  (4.25)"""
    same_shape(mid, loghalf, "mid and loghalf")
    mid, loghalf = floating(mid, "mid"), floating(loghalf, "loghalf")
    third = np.exp(2 * loghalf) / 3                                                                     # (4.25)
    kl = ((mid * mid + third + LOG_2PI) / 2 - loghalf - float(np.log(2))).sum(-1)                       # (4.25)

    def pull(dkl: Array) -> tuple[Array, Array]:
        return dkl[..., None] * mid, dkl[..., None] * (third - 1)                                       # (4.25)

    return kl, pull


@in_range
def kl_uniforms(mid: Array, half: Array, mid0: Array, half0: Array) -> Array:
    """KL of the uniform law on the box mid +- half from that on mid0 +- half0.   (..., k) -> (...) nats   (4.26)

    Infinite unless the first box lies in the second. Raises ValueError unless all shapes agree and all halves are > 0.
    """
    mid, half, mid0, half0 = (array(part, name) for part, name in (
        (mid, "mid"), (half, "half"), (mid0, "mid0"), (half0, "half0")))
    for part, name in ((half, "half"), (mid0, "mid0"), (half0, "half0")):
        same_shape(mid, part, f"mid and {name}")
    if not ((half > 0) & (half0 > 0)).all():
        raise ValueError(f"half: got {min(half.min(), half0.min())}, wanted lengths above 0")
    inside = (np.abs(mid - mid0) + half <= half0).all(-1)                                               # (4.26)
    return np.where(inside, np.log(half0 / half).sum(-1), np.inf)                                       # (4.26)
