"""The figures of the derivations: <chapter>.py, where compute() gives arrays and draw(arrays) a figure, and its SVG."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from refvae import files

STYLE = {"svg.fonttype": "none", "svg.hashsalt": "refvae", "font.family": "sans-serif", "font.size": 9,
         "axes.spines.top": False, "axes.spines.right": False, "axes.titlesize": 9, "axes.titlelocation": "left",
         "axes.prop_cycle": mpl.cycler(color=["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#000000", "#999999"])}

DATA, ENCODER, MODEL, WRONG = "#000000", "#0072b2", "#d55e00", "#cc79a7"  # what a colour means where there are sides


def save(figure: Figure, path: Path | IO[bytes]) -> None:
    """Write SVG that is the same byte for byte on every run on one machine: no date, no random identifiers."""
    def fill(stream: IO[bytes]) -> None:
        with mpl.rc_context(STYLE):
            figure.savefig(stream, format="svg", metadata={"Date": None})

    if isinstance(path, Path):
        files.write(path, fill)
    else:
        fill(path)


class Squares(Artist):
    """Grey levels (rows, columns), 0 white to 255 black, a unit square each in data coordinates; in SVG alone.

    Every pixel is an element of its own, white ones too: one that differs by a rounding changes a colour and no more.
    """

    def __init__(self, greys: np.ndarray) -> None:
        super().__init__()
        self.greys = greys

    def draw(self, renderer: Any) -> None:
        """Write the squares into the renderer's SVG."""
        (scale, _, left), (_, _, bottom), _ = self.axes.transData.get_matrix()
        svg = renderer.writer
        svg.start("g", attrib={"shape-rendering": "crispEdges",
                               "transform": f"translate({left:.6f} {renderer.height - bottom:.6f}) scale({scale:.6f})"})
        for (y, x), grey in np.ndenumerate(self.greys):
            svg.element("path", d=f"M{x} {y}h1v1h-1z", fill="#" + 3 * f"{255 - grey:02x}")
        svg.end("g")


def mosaic(ax: Any, images: np.ndarray, side: int = 8) -> None:
    """Small images in a grid with gaps of a pixel, one unit square a pixel.   images: grey levels (rows, columns, d)"""
    rows, columns = images.shape[:2]
    greys = np.zeros((rows, side + 1, columns, side + 1), int)
    greys[:, :side, :, :side] = images.reshape(rows, columns, side, side).swapaxes(1, 2)
    ax.add_artist(Squares(greys.reshape(rows * (side + 1), -1)[:-1, :-1]))
    ax.set(xlim=(-0.5, (side + 1) * columns - 0.5), ylim=((side + 1) * rows - 0.5, -0.5), xticks=[], yticks=[],
           aspect="equal")
    ax.spines[:].set_visible(False)


def grey_levels(images: np.ndarray) -> np.ndarray:
    """Pixels in [0, 1], or beyond, as whole levels from 0, white, to 255, black."""
    return np.clip(np.rint(255 * images), 0, 255).astype(int)
