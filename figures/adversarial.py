"""ALI with the best discriminator, (10.33) to (10.35a), and the exact rounds of a generator, (10.17)."""

from __future__ import annotations

from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from refvae.adversarial import (
    VARIANTS,
    Pair,
    ali_descent,
    ali_gradient,
    ali_value,
    complete_step,
    encoder_metric,
    graded,
)
from refvae.derivations.adversarial.experiments import STARTS, pairs
from refvae.figures import STYLE

ON = graded(0.4, 6.0, 1e-2)
STEPS, EVERY, MODELS, ROUNDS = 500, 10, 400, 12
LABELS = dict(zip(VARIANTS, ("complete (40)", "simplified (41)", "minimax (42)", "non-saturating (43)"), strict=True))
BINS = np.linspace(0, 180, 37)


class Arrays(NamedTuple):
    """KL(m || q) on paths (4, 3, 51); counts of angles (3, 36); ranges of log p/q (5, 12)."""

    paths: np.ndarray
    angles: np.ndarray
    ranges: np.ndarray


def path(variant: str, start: Pair) -> list[float]:
    """KL(m || q) on every tenth of 500 steps."""
    steps = ali_descent(start, variant, steps=STEPS, lr=0.02, on=ON)
    return [ali_value(Pair(*pair), on=ON) for pair in steps[::EVERY]]


def angles() -> np.ndarray:
    """Angles in degrees, in Fisher's metric, of the encoder's gradient by three losses with that by (40), counted."""
    found = np.array([[ali_gradient(pair, variant, on=ON)[:2] / np.sqrt(encoder_metric(pair)) for variant in VARIANTS]
                      for pair in pairs(MODELS)])
    unit = found / np.linalg.norm(found, axis=2, keepdims=True)
    degrees = np.degrees(np.arccos(np.clip((unit[:, 1:] * unit[:, :1]).sum(2), -1, 1)))
    return np.array([np.histogram(column, BINS)[0] for column in degrees.T])


def ranges(seed: int) -> list[float]:
    """max log p/q - min log p/q, round by round, on ten points."""
    rng = np.random.default_rng(seed)
    q, p = (rng.dirichlet(np.full(10, a)) for a in (2.0, 0.5))
    found = []
    for _ in range(ROUNDS):
        found.append(float(np.ptp(np.log(p / q))))
        p = complete_step(q, p)[0]
    return found


def compute() -> Arrays:
    """Twelve paths, 400 models, five sequences of rounds."""
    return Arrays(np.array([[path(variant, start) for start in STARTS[:3]] for variant in VARIANTS]), angles(),
                  np.array([ranges(seed) for seed in range(5)]))


def draw(arrays: Arrays) -> Figure:
    """Three panels."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.5, 3.2), layout="constrained")
        left, middle, right = figure.subplots(1, 3)
        at = EVERY * np.arange(arrays.paths.shape[2])
        styles = ("-", "-", "--", ":")
        for i, (variant, style) in enumerate(zip(VARIANTS, styles, strict=True)):
            left.plot(at, arrays.paths[i].T, color=f"C{i}", linestyle=style, linewidth=1.2,
                      label=[LABELS[variant], *["_"] * 2])
        left.set(title="Descent with the best discriminator", xlabel="steps", ylabel=r"KL(m $\Vert$ q) in nats",
                 yscale="log", ylim=(1e-6, 1e6))
        left.legend(frameon=False, fontsize=8)
        for i, variant in enumerate(VARIANTS[1:], 1):
            middle.stairs(arrays.angles[i - 1], BINS, color=f"C{i}", label=LABELS[variant])
        middle.axvline(90, color="0.6", linewidth=0.8, linestyle=":")
        middle.set(title="Encoder's gradient, angle with (40)", xlabel="degrees in Fisher's metric",
                   ylabel="models of 400", xticks=[0, 45, 90, 135, 180])
        middle.legend(frameon=False, fontsize=8)
        right.plot(arrays.ranges.T, "o-", markersize=3, linewidth=1, color="C0", alpha=0.7)
        halves = arrays.ranges[:, -1].min() * 2.0 ** np.arange(ROUNDS - 1, -1, -1)
        right.plot(halves, "--", color="0.4", linewidth=1, label="halving")
        right.set(title="Exact rounds of the complete loss", xlabel="rounds", ylabel=r"range of $\log\,p/q$",
                  yscale="log", xticks=range(0, ROUNDS, 2))
        right.legend(frameon=False)
    return figure
