"""The figures of the derivations: <chapter>.py, where compute() gives arrays and draw(arrays) a figure, and its SVG."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline

STYLE = {"svg.fonttype": "none", "svg.hashsalt": "refvae", "font.family": "sans-serif", "font.size": 9,
         "axes.spines.top": False, "axes.spines.right": False, "axes.titlesize": 9, "axes.titlelocation": "left",
         "axes.prop_cycle": mpl.cycler(color=["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#000000", "#999999"])}


def save(figure: Figure, path: Path) -> None:
    """Write SVG that is the same byte for byte on every run: no date, no random identifiers."""
    with mpl.rc_context(STYLE):
        figure.savefig(path, format="svg", metadata={"Date": None})


def significant(x: Any, digits: int = 3) -> np.ndarray:
    """Rounded to significant digits, so that the last bits of a processor's arithmetic do not reach the picture."""
    x = np.asarray(x, float)
    scale = 10.0 ** (digits - 1 - np.floor(np.log10(np.abs(np.where(x == 0, 1, x)))))
    return np.round(x * scale) / scale


def mosaic(ax: Any, images: np.ndarray, side: int = 8) -> None:
    """Small images in a grid, one unit square a pixel and every grey level one path.   images: (rows, columns, d) 0..16

    Pixels of one level that touch in a row are one rectangle, which keeps the file small.
    """
    corners: dict[int, list] = {level: [] for level in range(1, 17)}
    for row, column in np.ndindex(images.shape[:2]):
        for y, pixels in enumerate(images[row, column].reshape(-1, side)):
            ends = np.flatnonzero(np.diff(pixels, prepend=-1, append=-1))
            for start, end in pairwise(ends):
                if level := int(pixels[start]):
                    x0, x1, top = (side + 1) * column + start, (side + 1) * column + end, (side + 1) * row + y
                    corners[level].append([(x0, top), (x1, top), (x1, top + 1), (x0, top + 1)])
    for level, boxes in corners.items():
        if boxes:
            path = Outline.make_compound_path_from_polys(np.array(boxes, float))
            ax.add_patch(PathPatch(path, facecolor=str(1 - level / 16), linewidth=0))
    rows, columns = images.shape[:2]
    ax.set(xlim=(-0.5, (side + 1) * columns - 0.5), ylim=((side + 1) * rows - 0.5, -0.5), xticks=[], yticks=[],
           aspect="equal")
    ax.spines[:].set_visible(False)


def sixteenths(images: np.ndarray) -> np.ndarray:
    """Pixels in [0, 1] as whole sixteenths, so that the last bits of a processor do not reach the picture."""
    return np.clip(np.rint(16 * images), 0, 16).astype(int)
