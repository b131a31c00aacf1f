"""Digits with noise, denoised by (9.2), and drawn by annealed Langevin chains, (9.25), from one network, (9.15)."""

from __future__ import annotations

from functools import partial

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from refvae.denoising import tweedie
from refvae.derivations.denoising.experiments import LONG, SHORT, ladder, sampled, split
from refvae.figures import STYLE, grey_levels, mosaic

SHOWN, SIGMA = 12, 0.4


def compute() -> np.ndarray:
    """A short training; images (6, 12, 64) in grey levels: clean, noisy, denoised; held-out; samples of two ladders."""
    score, (_, test, centre) = ladder(0, steps=700, hidden=(192,), rate=3e-3), split()
    rng, x = np.random.default_rng(1), test[:SHOWN]
    xt = x + SIGMA * rng.standard_normal(x.shape)
    rows = [x, xt, tweedie(partial(score, sigma=SIGMA), xt, SIGMA), test[SHOWN:2 * SHOWN],
            *(sampled(score, SHOWN, 2, ladder) for ladder in (LONG, SHORT))]
    return grey_levels(np.array(rows) + centre)


def draw(images: np.ndarray) -> Figure:
    """Two panels."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(6.5, 3.9), layout="constrained")
        upper, lower = figure.subplots(2, 1, height_ratios=(1, 1))
        mosaic(upper, images[:3])
        mosaic(lower, images[3:])
        upper.set(title=f"Held-out digits, noise of standard deviation {SIGMA}", yticks=9 * np.arange(3) + 3.5,
                  yticklabels=["data", "noisy", "denoised"])
        lower.set(title="Held-out digits, and samples down two ladders: 10 levels of 100 steps, 60 levels of 2",
                  yticks=9 * np.arange(3) + 3.5, yticklabels=["data", "10 × 100", "60 × 2"])
        for panel in (upper, lower):
            panel.tick_params(length=0)
    return figure
