"""What the pictures of models are made of. Import it where they are drawn: Matplotlib takes its time to load."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from refvae.trees import Array

STYLE: Any = import_module("refvae.figures").STYLE
INCHES = 0.55  # side of a small image
MOST = 2000  # points in a scatter


def mosaic(images: Array, *, shape: tuple[int, int], title: str, names: Sequence[str] = ()) -> Figure:
    """Images in rows, white for 0 and black for 1, with a name before each row.   images: (rows, columns, d)"""
    (down, across, _), (height, width) = images.shape, shape
    padded = np.zeros((down, across, height + 1, width + 1))
    padded[:, :, :height, :width] = np.clip(images.reshape(down, across, height, width), 0, 1)
    canvas = padded.swapaxes(1, 2).reshape(down * (height + 1), across * (width + 1))[:-1, :-1]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(INCHES * across + 1, INCHES * down * height / width + 0.5), layout="constrained")
        ax: Any = figure.subplots()
        ax.imshow(canvas, cmap="Greys", vmin=0, vmax=1, interpolation="none")
        middles = (height + 1) * np.arange(len(names)) + (height - 1) / 2
        ax.set(title=title, xticks=[], yticks=middles, yticklabels=names)
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
    return figure


def scatter(codes: Array, labels: Array | None, title: str) -> Figure:
    """The first points of many in the plane, coloured by their labels.   codes: (n, 2)"""
    codes, labels = codes[:MOST], None if labels is None else labels[:MOST]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(5, 4), layout="constrained")
        ax: Any = figure.subplots()
        kinds = np.zeros(len(codes), int) if labels is None else np.unique(labels, return_inverse=True)[1]
        points = ax.scatter(*codes.T, c=kinds % 20, cmap="tab20", vmin=0, vmax=19, s=6, linewidths=0)
        ax.set(title=title, xlabel="$z_1$", ylabel="$z_2$", aspect="equal")
        if labels is not None and kinds.max() < 20:
            marks = points.legend_elements(num=None)[0]
            ax.legend(marks, np.unique(labels), frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def curve(steps: Array, history: Array, unit: str) -> Figure:
    """The mean loss of every epoch against the steps taken.   both (epochs,)"""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(5, 3), layout="constrained")
        ax: Any = figure.subplots()
        ax.plot(steps, history, marker="." if len(history) < 2 else None)
        ax.set(title="Mean loss of every epoch", xlabel="steps", ylabel=unit)
    return figure
