"""The figure of a study. Import it where it is drawn: Matplotlib takes its time to load."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from refvae.entropy.study import OURS, Summary

STYLE: Any = import_module("refvae.figures").STYLE


def draw(rows: Sequence[Summary]) -> Figure:
    """One panel for every law and dimension, a colour for every order: solid the error, dotted the size of the bias.

    Squares, dashed, are of the estimator of somebody else.
    """
    laws, dims = list(dict.fromkeys(row.law for row in rows)), list(dict.fromkeys(row.d for row in rows))
    cases = list(dict.fromkeys((row.estimator, row.k) for row in rows))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(2.2 * len(dims) + 1.6, 1.8 * len(laws) + 0.8), layout="constrained")
        panels: Any = figure.subplots(len(laws), len(dims), squeeze=False, sharex=True)
        for panel, (law, d) in zip(panels.ravel(), [(law, d) for law in laws for d in dims], strict=True):
            for number, (estimator, k) in enumerate(cases):
                case = [row for row in rows if (row.law, row.d, row.estimator, row.k) == (law, d, estimator, k)]
                own, label = estimator == OURS, f"k = {k}" if k else "no k"
                _curve(panel, case, f"C{number % 6}", own, label if own else f"{estimator}, {label}")
            panel.set(title=f"{law}, d = {d}", xscale="log", yscale="log")
            _ticks(panel, sorted({row.n for row in rows}))
        for panel in panels[-1]:
            panel.set_xlabel("points n")
        panels[0, 0].set_ylabel("nats")
        handles, labels = panels[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, frameon=False, title="error (—), bias (···)", loc="outside right upper")
    return figure


def _curve(panel: Any, case: Sequence[Summary], colour: str, own: bool, label: str) -> None:
    n = [row.n for row in case]
    panel.plot(n, [row.rmse for row in case], "o-" if own else "s--", color=colour, markersize=3, label=label)
    panel.plot(n, np.abs([row.bias for row in case]), "x:", color=colour, markersize=3)


def _ticks(panel: Any, sizes: Sequence[int]) -> None:
    """Sizes that stand apart, and a few numbers beside them."""
    shown, width = sizes[:1], np.log(sizes[-1] / sizes[0])
    for n in sizes[1:]:
        if np.log(n / shown[-1]) > width / 3:
            shown = [*shown, n]
    panel.set_xticks(shown, [f"{n:g}" for n in shown])
    low, high = panel.get_ylim()
    panel.yaxis.set_major_locator(LogLocator(subs=(1,) if high > 300 * low else (1, 2, 5), numticks=5))
    panel.yaxis.set_major_formatter("{x:g}")
    for axis in (panel.xaxis, panel.yaxis):
        axis.set_minor_locator(NullLocator())
