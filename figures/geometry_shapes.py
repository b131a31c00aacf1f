"""Four shapes of a set of codes, each of a trained network, with the numbers that tell them apart, (4.6)."""

from __future__ import annotations

from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from refvae.derivations.geometry.trained import brightness, posterior, train, trained, turns
from refvae.figures import STYLE
from refvae.geometry import shape_of

TITLES = ("irregular: all digits,\nautoencoder", "line: one digit at every\nbrightness, autoencoder",
          "ring: one digit turned by\nevery angle, autoencoder", "disc: all digits,\nmeans of the VAE")


class Arrays(NamedTuple):
    """Codes (4, 360, 2), centred and scaled; rank, inner share and reached share of all codes (4, 3)."""

    z: np.ndarray
    shapes: np.ndarray


def compute() -> Arrays:
    """Two networks on all digits, and one on each of the two families with one parameter."""
    families = brightness(), turns()
    clouds = [posterior(trained("points"))[0],
              *(posterior(train("points", x, epochs=150), x)[0] for x in families), posterior(trained("kl"))[0]]
    centred = [z - z.mean(0) for z in clouds]
    shown = [(z * np.sqrt(2 / (z * z).sum(1).mean()))[::len(z) // 360][:360] for z in centred]
    return Arrays(np.array(shown), np.array([shape_of(z) for z in clouds]))


def draw(arrays: Arrays) -> Figure:
    """Four panels."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 3.1), layout="constrained")
        for ax, title, z, (rank, inner, reached) in zip(figure.subplots(1, 4), TITLES, *arrays, strict=True):
            ax.scatter(*z.T, s=3, linewidths=0)
            ax.add_patch(Circle((0, 0), 1, fill=False, color="k", lw=0.8))
            ax.set(title=title, aspect="equal", xlim=(-3, 3), ylim=(-3, 3), xticks=(-2, 0, 2), yticks=(-2, 0, 2),
                   xlabel=f"rank {rank:.2g}, inner share {inner:.2g}\npoints: 0 %, within 0.1: {100 * reached:.2g} %")
    return figure
