"""Images that small autoencoders make of codes drawn from N(0, I): (7.2), and others for comparison."""

from __future__ import annotations

from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from refvae.derivations.eae.experiments import D, trained
from refvae.figures import STYLE, grey_levels, mosaic

MODELS = {"AE": ("AE", 0.0), "AE, normalised codes": ("AE+BN", 0.0), "EAE, λ = 0.5": ("EAE", 0.5),
          "VAE, λ = 0.5": ("VAE", 0.5)}
ROWS, COLUMNS = 4, 5


class Arrays(NamedTuple):
    """Grey levels of images (models, 4, 5, 64)."""

    samples: np.ndarray


def compute() -> Arrays:
    """Four models of 16 epochs with one hidden layer, and the same codes for all.

    Training with the entropy is chaotic: who is nearest is a choice, and last bits grow tenfold in two epochs. After 16
    they make less than a thousandth of a grey level, after 30 they would make five.
    """
    z = np.random.default_rng(1).standard_normal((ROWS * COLUMNS, D))
    made = [trained(*model, 0, epochs=16, hidden=(64,), rate=1e-2).decode(z) for model in MODELS.values()]
    return Arrays(grey_levels(np.array(made)).reshape(-1, ROWS, COLUMNS, 64))


def draw(arrays: Arrays) -> Figure:
    """Four panels."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 2.1), layout="constrained")
        for panel, images, name in zip(figure.subplots(1, 4), arrays.samples, MODELS, strict=True):
            mosaic(panel, images)
            panel.set(title=name)
    return figure
