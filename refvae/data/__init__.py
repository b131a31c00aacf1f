"""Data: what the package ships (licences: ATTRIBUTION.md here), files of yours, and laws whose truth is known."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import numpy as np
from scipy import sparse

from refvae.data.readers import Dataset, dataset, read
from refvae.data.worlds import WORLDS, World
from refvae.trees import Array

__all__ = ["WORLDS", "Dataset", "World", "dataset", "digits", "read", "topics"]


def digits() -> tuple[Array, Array]:
    """The 8x8 handwritten digits: images (1797, 64) float64 in [0, 1] (ink in sixteenths), labels (1797,) int64.

    E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository 1998.
    """
    with files(__name__).joinpath("digits.npz").open("rb") as stream, np.load(stream) as archive:
        images = archive["images"].reshape(-1, 64) / 16.0
        return images, archive["labels"].astype(np.int64)


def topics() -> tuple[Any, Array, Array]:
    """Word counts of the help topics of CPython 3.11.7: counts (79, 1892), names (79,), terms (1892,).

    counts is a `scipy.sparse.csr_array` of float64: how often a term occurs in a topic. Names and terms are sorted.
    What counts as a word: refvae/data/make_topics.py. Copyright Python Software Foundation, PSF License Version 2.
    """
    with files(__name__).joinpath("topics.npz").open("rb") as stream, np.load(stream) as archive:
        names, terms = archive["names"], archive["terms"]
        parts = archive["data"].astype(np.float64), archive["indices"], archive["indptr"]
    return sparse.csr_array(parts, shape=(len(names), len(terms))), names, terms
