"""What each gradient check can see, (1.27) to (1.32), and what a cotangent of ones cannot, (1.31)."""

from __future__ import annotations

from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from refvae.check.numeric import complex_step, line_terms, stencil
from refvae.check.report import block_error
from refvae.figures import STYLE
from refvae.layers import batch_norm, mlp, mlp_init, softplus, squared_error
from refvae.trees import flatten, unflatten

FLOOR = 1e-14  # smaller errors are drawn here


class Arrays(NamedTuple):
    """Injected faults (m,), reported errors (m,) by method, and errors by wrong batch norm for ones and Gaussian dy."""

    faults: np.ndarray
    errors: dict[str, np.ndarray]
    blind: dict[str, tuple[float, float]]


def loss_of_network():
    """The squared error of a small softplus network as a function of its flat parameters, with its gradient."""
    rng = np.random.default_rng(7)
    x, target = rng.standard_normal((7, 6)), rng.standard_normal((7, 3))
    start, p = flatten(mlp_init((6, 5, 3), rng))

    def value(vector):
        return squared_error(mlp(unflatten(vector, p), x, softplus)[0], target)[0].sum()

    def gradient(vector):
        y, pull = mlp(unflatten(vector, p), x, softplus)
        return flatten(pull(squared_error(y, target)[1](np.ones(7))[0])[0]).vector

    return value, gradient, start


def compute() -> Arrays:
    """Every method's error for a gradient wrong by 1 + fault; faults from 1e-11, above rounding, to 1."""
    value, gradient, x = loss_of_network()
    basis, faults = np.eye(x.size), np.logspace(-11, 0, 23)
    v = np.random.default_rng(8).standard_normal(x.size) / np.sqrt(x.size)
    numeric = {"forward difference, h = 1e-5": [(value(x + 1e-5 * e) - value(x)) / 1e-5 for e in basis],
               "central difference, h = 1e-3": [(value(x + 1e-3 * e) - value(x - 1e-3 * e)) / 2e-3 for e in basis],
               "six points, h = 0.05": [stencil(value, x, e, 0.05) for e in basis],
               "complex step": [complex_step(value, x, e) for e in basis]}
    errors = {name: seen([block_error((1 + d) * gradient(x), np.array(n)) for d in faults])
              for name, n in numeric.items()}
    total, want = line_terms(gradient, x, v).sum(), value(x + v) - value(x)
    errors["line integral"] = seen([abs((1 + d) * total - want) / abs(want) for d in faults])
    return Arrays(faults, errors, blind_spots())


def blind_spots() -> dict[str, tuple[float, float]]:
    """How wrong pulls of batch norm look with dy of ones and with Gaussian dy, relative to a Gaussian pull."""
    rng = np.random.default_rng(9)
    x, dy = rng.standard_normal((2, 7, 6))
    pull, sigma = batch_norm(x)[1], x.std(0)
    wrong = {"last term lost": lambda dy: (dy - dy.mean(0)) / sigma, "returns zeros": lambda dy: 0 * dy,
             "mean term lost": lambda dy: pull(dy) + dy.mean(0) / sigma}
    size = np.linalg.norm(pull(dy))
    return {name: tuple(seen([np.linalg.norm(version(d) - pull(d)) / size for d in (np.ones_like(x), dy)]))
            for name, version in wrong.items()}


def seen(errors) -> np.ndarray:
    """Errors for the eye: nothing below the floor."""
    return np.maximum(errors, FLOOR)


def draw(arrays: Arrays) -> Figure:
    """Two panels."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 3.6), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(1.5, 1))
        for (name, errors), style in zip(arrays.errors.items(), ("-", "-", "-", "-", "k."), strict=True):
            line, = left.loglog(arrays.faults, errors, style)
            if errors[0] > 2 * arrays.faults[0]:
                left.text(1e-12, 1.6 * errors[0], name, color=line.get_color())
        left.text(3e-8, 3e-9, "complex step (line),\nline integral (dots)", va="top")
        levels = (1e-3, "a common default, 1e-3", 1e-12, "left"), (1e-12, "bound 1e-12", 1, "right")
        for level, name, at, side in levels:
            left.axhline(level, color="0.6", lw=0.8, ls=":")
            left.text(at, 1.5 * level, name, color="0.4", ha=side)
        left.set(title="Gradient wrong by a factor 1 + fault", xlabel="injected fault",
                 ylabel="error that the check reports", xlim=(5e-13, 2), ylim=(2.5e-13, 4))
        _points(right, arrays.blind)
    return figure


def _points(ax, blind) -> None:
    at = np.arange(len(blind))
    for i, (label, marker) in enumerate((("cotangent of ones", "s"), ("Gaussian cotangent", "o"))):
        ax.semilogx([pair[i] for pair in blind.values()], at, marker, clip_on=False, label=label)
    ax.set(title="Batch norm with a wrong pull", xlim=(FLOOR, 10), ylim=(-0.5, len(blind) - 0.5),
           xlabel="error that the check reports", yticks=at, yticklabels=list(blind))
    ax.grid(axis="y", color="0.9")
    for i, pair in enumerate(blind.values()):
        if pair[0] == FLOOR:
            ax.text(3 * FLOOR, i + 0.1, "0")
    ax.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.4, -0.18), ncols=2)
