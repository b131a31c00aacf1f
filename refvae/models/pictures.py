"""What the pictures of models are made of. Import it where they are drawn: Matplotlib takes its time to load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import IO, Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from refvae.trees import Array

STYLE: Any = import_module("refvae.figures").STYLE
INCHES, FLAT = 0.55, 4.0  # longer side of a small image, and how many times the other one it may be as it is drawn
MOST = 2000  # points in a scatter
DATES = {"svg": "Date", "pdf": "CreationDate"}  # names of what would differ from run to run
# Dark ones first: ten that one can tell apart (Tol's bright and vibrant colours), then ten pale ones.
COLOURS = ("#0077bb", "#ee7733", "#009988", "#cc3311", "#aa3377", "#000000", "#997700", "#66ccee", "#ee99aa", "#999999",
           "#99bbdd", "#ffcc99", "#99ddcc", "#eeaaaa", "#ddaacc", "#555555", "#ddcc77", "#cceeff", "#ffdddd", "#dddddd")


def save(figure: Figure, stream: IO[bytes], ending: str) -> None:
    """Write svg, png or pdf, the same bytes on every run on one machine."""
    with mpl.rc_context(STYLE):
        figure.savefig(stream, format=ending, dpi=150, metadata={DATES[ending]: None} if ending in DATES else None)


def mosaic(images: Array, *, shape: tuple[int, int], title: str, names: Sequence[str] = ()) -> Figure:
    """Images in rows, white for 0 and black for 1, with a name before each row.   images: (rows, columns, d)"""
    (down, across, _), (height, width) = images.shape, shape
    padded = np.zeros((down, across, height + 1, width + 1))
    padded[:, :, :height, :width] = np.clip(images.reshape(down, across, height, width), 0, 1)
    canvas = padded.swapaxes(1, 2).reshape(down * (height + 1), across * (width + 1))[:-1, :-1]
    tall, wide = (INCHES * max(side / max(height, width), 1 / FLAT) for side in (height, width))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(wide * across + 1, tall * down + 0.5), layout="constrained")
        ax: Any = figure.subplots()
        ax.imshow(canvas, cmap="Greys", vmin=0, vmax=1, interpolation="none",
                  aspect="auto" if max(height, width) > FLAT * min(height, width) else "equal")
        middles = (height + 1) * np.arange(len(names)) + (height - 1) / 2
        ax.set(title=title, xticks=[], yticks=middles, yticklabels=names)
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
    return figure


def scatter(codes: Array, labels: Array | None, title: str, names: Sequence[str] = (),
            axes: tuple[str, str] = ("$z_1$", "$z_2$")) -> Figure:
    """The first points of many in the plane, coloured by their labels 0, 1, ...   codes: (n, 2)"""
    codes, kinds = codes[:MOST], np.zeros(len(codes), int) if labels is None else labels
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(5, 4), layout="constrained")
        ax: Any = figure.subplots()
        known = np.unique(kinds)
        for kind in known:
            ax.scatter(*codes[kinds[:MOST] == kind].T, c=COLOURS[kind % len(COLOURS)], s=7, linewidths=0,
                       label=names[kind] if names else str(kind))
        ax.set(title=title, xlabel=axes[0], ylabel=axes[1], aspect="equal")
        if 1 < len(known) <= len(COLOURS):
            ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5), markerscale=2)
    return figure


def curves(steps: Array, losses: Mapping[str, Array], unit: str) -> Figure:
    """Losses against the steps taken, each of (epochs,); those of the sides of a game in a panel of their own."""
    sides = {name: each for name, each in losses.items() if name not in ("training", "held out")}
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(5, 3 + 2.5 * bool(sides)), layout="constrained")
        panels: Any = figure.subplots(1 + bool(sides), 1, squeeze=False)[:, 0]
        for ax, group in zip(panels, (losses.keys() - sides.keys(), sides.keys()), strict=False):
            for name in (each for each in losses if each in group):
                ax.plot(steps, losses[name], marker="." if len(steps) < 2 else None, label=name)
            ax.set(xlabel="steps")
            ax.legend(frameon=False)
        panels[0].set(title="Mean loss of every epoch, and of the held-out rows after it", ylabel=unit)
        if sides:
            panels[1].set(title="Both sides, held-out rows; dashed: a discriminator that cannot tell, log 4")
            panels[1].axhline(np.log(4), color="0.6", linestyle="--", linewidth=0.8)
    return figure
