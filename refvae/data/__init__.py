"""Data that the package ships. Attribution and licence: ATTRIBUTION.md in this folder."""

from __future__ import annotations

from importlib.resources import files

import numpy as np

from refvae.trees import Array


def digits() -> tuple[Array, Array]:
    """The 8x8 handwritten digits: images (1797, 64) float64 in [0, 1] (ink in sixteenths), labels (1797,) int64.

    E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository 1998.
    """
    with files(__name__).joinpath("digits.npz").open("rb") as stream, np.load(stream) as archive:
        images = archive["images"].reshape(-1, 64) / 16.0
        return images, archive["labels"].astype(np.int64)
