"""Pictures of estimates: points with local values and radii, and heat maps. Matplotlib loads when they are drawn."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from refvae import files
from refvae.cli.estimate.variables import Variables
from refvae.cli.select import BadInput
from refvae.entropy import neighbours
from refvae.trees import Array

ENDINGS = (".svg", ".png", ".pdf")
DATES = {".svg": "Date", ".pdf": "CreationDate"}  # names of what would differ from run to run
MOST = 2000  # points in a picture
PLAIN = ("n", "d", "k", "norm")  # settings under which radii are those of the points as they stand


def check(file: str | None) -> None:
    """BadInput for a picture that cannot be written."""
    if file is None:
        return
    path = Path(file)
    if path.suffix not in ENDINGS or not path.parent.is_dir():
        got = f"the ending {path.suffix!r}" if path.parent.is_dir() else f"no folder {path.parent}"
        raise BadInput(f"--plot: got {got}, wanted a file {', '.join(ENDINGS)} in a folder that is there")


def write(figure: Any, file: str) -> None:
    """Make or replace the file at once."""
    path = Path(file)
    more = {"format": path.suffix[1:], "metadata": {DATES[path.suffix]: None} if path.suffix in DATES else None}
    mpl, style = import_module("matplotlib"), import_module("refvae.figures").STYLE
    try:
        with mpl.rc_context(style):
            files.write(path, lambda stream: figure.savefig(stream, dpi=150, **more))
    except OSError as error:
        raise BadInput(f"--plot: got {file}, which cannot be written ({error.strerror})") from error


def draw(arguments: argparse.Namespace, data: Variables, found: Any) -> Any:
    """Every point where its first two coordinates are, in the colour of its local value."""
    base = np.log(2) if arguments.base == "2" else 1.0
    unit, local = "bits" if arguments.base == "2" else "nats", found.local[:MOST] / base
    across, up, names = _axes(arguments.quantity, data, local, unit)
    figure, ax = _figure((5.4, 4))
    top = float(np.abs(local).max()) or 1.0
    signed = {"cmap": "RdBu_r", "vmin": -top, "vmax": top}
    colours: dict[str, Any] = {"cmap": "viridis"} if arguments.quantity == "entropy" else signed
    if arguments.quantity == "entropy" and set(_used(found)) <= set(PLAIN):
        _add_radii(ax, data.arrays["x"], found, across, up)
    points = ax.scatter(across, up, c=local, s=8, linewidths=0.2, edgecolors="0.6", **colours)
    figure.colorbar(points, ax=ax, label=f"local value, {unit}")
    shown = f", the first {len(local)} of {len(found.local)} rows" if len(found.local) > len(local) else ""
    ax.set(title=f"{arguments.quantity} {found.value / base:.4g} {unit}{shown}", xlabel=names[0], ylabel=names[1])
    return figure


def _used(found: Any) -> list[str]:
    return [name for name, value in found.settings.items() if value is not None and value is not False]


def _axes(quantity: str, data: Variables, local: Array, unit: str) -> tuple[Array, Array, tuple[str, str]]:
    """Coordinates and their names: of x and y if they are paired, else two of x, or one against the local values."""
    x, titles = data.arrays["x"][:MOST], data.parts["x"].titles
    if quantity in ("mi", "cmi", "te"):
        return x[:, 0], data.arrays["y"][:MOST, 0], (titles[0], data.parts["y"].titles[0])
    if x.shape[1] > 1:
        return x[:, 0], x[:, 1], (titles[0], titles[1])
    return x[:, 0], local, (titles[0], f"local value, {unit}")


def _add_radii(ax: Any, x: Array, found: Any, across: Array, up: Array) -> None:
    """The ball of each point up to its k-th neighbour, in the plane or on the line."""
    norm, d = found.settings["norm"], x.shape[1]
    if d > 2:
        return
    rho = neighbours(x, found.settings["k"], norm=norm).rho[:MOST, -1]
    if d == 1:
        ax.hlines(up, across - rho, across + rho, colors="0.7", linewidths=0.5, zorder=0)
        return
    patches, collections = import_module("matplotlib.patches"), import_module("matplotlib.collections")
    balls = [patches.Circle(centre, r) if norm == 2 else patches.Rectangle(centre - r, 2 * r, 2 * r)
             for centre, r in zip(x[:MOST], rho, strict=True)]
    ax.add_collection(collections.PatchCollection(balls, facecolor="none", edgecolor="0.7", linewidths=0.3, zorder=0))
    ax.set_aspect("equal")


def heat(matrix: Array, rows: Sequence[str], columns: Sequence[str], unit: str) -> Any:
    """A matrix of informations; what is missing stays white."""
    across, down = len(columns), len(rows)
    figure, ax = _figure((min(1.8 + 0.45 * across, 16), min(1.2 + 0.45 * down, 16)))
    image = ax.imshow(matrix, cmap="viridis", vmin=min(0.0, float(np.nanmin(matrix, initial=0))), interpolation="none")
    ax.set_xticks(range(across), columns, rotation=90)
    ax.set_yticks(range(down), rows)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    middle = (image.norm.vmin + image.norm.vmax) / 2
    for (i, j), value in np.ndenumerate(matrix) if max(across, down) <= 12 else ():
        if np.isfinite(value):
            shade = "white" if value < middle else "black"
            ax.text(j, i, f"{value:.2f}", ha="center", va="center", fontsize=7, color=shade)
    figure.colorbar(image, ax=ax, label=unit)
    ax.set_title("Mutual information")
    return figure


def _figure(size: tuple[float, float]) -> tuple[Any, Any]:
    mpl, style = import_module("matplotlib"), import_module("refvae.figures").STYLE
    with mpl.rc_context(style):
        figure = import_module("matplotlib.figure").Figure(figsize=size, layout="constrained")
        return figure, figure.subplots()
