"""The figure of a study. Import it where it is drawn: Matplotlib takes its time to load."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from refvae.entropy.study import Summary

STYLE: Any = import_module("refvae.figures").STYLE


def draw(rows: Sequence[Summary]) -> Figure:
    """One panel for every law and dimension, a colour for every order: solid the error, dotted the size of the bias."""
    laws, dims = list(dict.fromkeys(row.law for row in rows)), list(dict.fromkeys(row.d for row in rows))
    orders = list(dict.fromkeys(row.k for row in rows))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(2.2 * len(dims) + 1, 1.8 * len(laws) + 0.8), layout="constrained")
        panels: Any = figure.subplots(len(laws), len(dims), squeeze=False, sharex=True)
        for panel, (law, d) in zip(panels.ravel(), [(law, d) for law in laws for d in dims], strict=True):
            for number, k in enumerate(orders):
                case = [row for row in rows if (row.law, row.d, row.k) == (law, d, k)]
                n, colour = [row.n for row in case], f"C{number % 6}"
                panel.plot(n, [row.rmse for row in case], "o-", color=colour, markersize=3, label=f"k = {k}")
                panel.plot(n, np.abs([row.bias for row in case]), "x:", color=colour, markersize=3)
            panel.set(title=f"{law}, d = {d}", xscale="log", yscale="log")
        for panel in panels[-1]:
            panel.set_xlabel("points n")
        panels[0, 0].set_ylabel("nats")
        panels[0, -1].legend(frameon=False, title="error (—), bias (···)", fontsize=7, title_fontsize=7)
    return figure
