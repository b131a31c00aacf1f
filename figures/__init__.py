"""The figures of the derivations: <chapter>.py, where compute() gives arrays and draw(arrays) a figure, and its SVG."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

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
