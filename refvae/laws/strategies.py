"""Hypothesis strategies for what the laws are about: samples of points, and arguments of layers."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from refvae.trees import Array

ODD = (3, 5, 7, 6, 4, 9, 2, 8)  # sizes that differ, so that no transpose is hidden


@st.composite
def samples(draw: Any, least: int = 2, most: int = 40, dims: tuple[int, int] = (1, 5), ties: bool = False) -> Array:
    """Points (n, d), on a grid so that their differences are exact: normal, in clusters or on a lattice.

    Their scale is a power of two from 2^-60 to 2^60, and they may lie far from the origin. `ties` lets rows coincide.
    """
    n, d = draw(st.integers(least, most)), draw(st.integers(*dims))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = draw(st.sampled_from(["normal", "clusters", "lattice", "heavy tails"]))
    different = rng.permutation(2 * n)[:n, None]
    laws = {"normal": rng.standard_normal((n, d)), "heavy tails": rng.standard_t(2, (n, d)),
            "clusters": rng.integers(-1, 2, (n, 1)) + (different + 128 * rng.integers(0, 4, (n, d))) / 2**20,
            "lattice": different + rng.integers(0, 4, (n, d)) / 8}
    x = np.round(laws[shape] * 2**20) / 2**20 + draw(st.sampled_from([0.0, 0.0, 1.0, 2.0**20]))
    if ties and n > 2:
        x[rng.integers(0, n, n // 3)] = x[0]
    scaled: Array = x * 2.0 ** draw(st.sampled_from([0, 0, 1, -3, 60, -60]))
    return scaled


@st.composite
def pairs(draw: Any, least: int = 3, most: int = 30) -> tuple[Array, Array]:
    """Two samples (n, d), (m, d) of one dimension and, mostly, different sizes."""
    x = draw(samples(least, most))
    m = draw(st.integers(least, most))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    y = x.mean(0) + np.round(rng.standard_normal((m, x.shape[1])) * 2**20) / 2**20 * max(float(np.ptp(x)), 2.0**-60)
    return x, y


@st.composite
def layer_arguments(draw: Any, *shapes: str) -> tuple[Array, ...]:
    """Normal arrays for shapes such as "n d", "d h", "h": every letter is a size of its own."""
    letters = sorted({letter for shape in shapes for letter in shape.split()})
    sizes = dict(zip(letters, draw(st.permutations(ODD)), strict=False))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return tuple(rng.standard_normal([sizes[letter] for letter in shape.split()]) for shape in shapes)
