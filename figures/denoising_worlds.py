"""Learned scores of two spirals and of a checkerboard, (9.5), and chains that follow them, (9.23)."""

from __future__ import annotations

from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from refvae.figures import STYLE
from refvae.figures.denoising import Learned, field, followed, learned


class Arrays(NamedTuple):
    """What was learned of both laws."""

    spiral: Learned
    checkerboard: Learned


def compute() -> Arrays:
    """Two short trainings, and 400 chains each."""
    rng = np.random.default_rng(1)
    return Arrays(learned("spiral", 3.8, rng, 700), learned("checkerboard", 2.6, rng, 700))


def draw(arrays: Arrays) -> Figure:
    """Field and chains of each law."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(10.5, 3.1), layout="constrained")
        panels = figure.subplots(1, 4)
        for found, left, right in zip(arrays, panels[::2], panels[1::2], strict=True):
            field(left, found)
            followed(right, found)
    return figure
