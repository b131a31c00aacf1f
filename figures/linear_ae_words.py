"""How well hidden words are found again for every k, (2.28), (2.31), (2.32), and what lies near a help topic, (2.34).

`python -m refvae.figures.linear_ae_words` prints the numbers of the left panel, and what popularity alone achieves.
"""

from __future__ import annotations

from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from refvae.data import topics
from refvae.figures import STYLE
from refvae.linear_ae.words import auc, hidden_lexicon, hold_out, latent_semantics, log_entropy, recovery_auc

CLASSES, SEEDS = 4, range(10)
LEXICON_K, TOPICS_K = (1, 2, 3, 4, 5, 6, 8, 12, 20, 40, 80), (1, 2, 3, 5, 8, 10, 12, 15, 20, 40, 79)
TOPICS, CODE, NEAREST, MISSING = ("break", "global", "imaginary"), 10, 4, 3


class Arrays(NamedTuple):
    """AUC (seeds, k) for both k; by topic, the nearest ones with their cosines and the words missing in its text."""

    lexicon: np.ndarray
    topics: np.ndarray
    nearest: dict[str, list[tuple[str, float]]]
    missing: dict[str, list[str]]


def compute() -> Arrays:
    """Ten lexica of 80 x 80 pairs, and the help topics with a tenth of their words hidden, ten times."""
    analysis = latent_semantics(*topics(), CODE)
    nearest = {topic: [(name, float(cosine)) for name, cosine in analysis.nearest(topic, NEAREST)]
               for topic in TOPICS}
    missing = {topic: [term for term, _ in analysis.surprises(topic, MISSING)] for topic in TOPICS}
    return Arrays(np.array([lexicon_curve(seed) for seed in SEEDS]),
                  np.array([topics_curve(seed) for seed in SEEDS]),
                  nearest, missing)


def lexicon_curve(seed: int) -> list[float]:
    """The AUC of hidden words against pairs that are no words, for every k."""
    lexicon = hidden_lexicon(seed, classes=CLASSES)
    return [recovery_auc(lexicon.X, lexicon.hidden, lexicon.illegal, k) for k in LEXICON_K]


def topics_curve(seed: int, share: float = 0.1) -> list[float]:
    """The AUC of hidden words of a topic against words that it does not contain, for every k."""
    counts, _, _ = topics()
    kept, hidden = hold_out(counts, share, seed)
    X, absent = log_entropy(kept).toarray(), counts.toarray() == 0
    return [recovery_auc(X, hidden, absent, k) for k in TOPICS_K]


def by_popularity(seed: int, share: float = 0.1) -> float:
    """The same with the words ranked by the number of topics that they are left in, alike for every topic."""
    counts, _, _ = topics()
    kept, hidden = hold_out(counts, share, seed)
    popularity = np.broadcast_to((kept > 0).sum(0), counts.shape)
    return auc(popularity[hidden], popularity[counts.toarray() == 0])


def draw(arrays: Arrays) -> Figure:
    """Two panels."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 3.9), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(1.15, 1))
        _curves(left, arrays)
        _neighbours(right, arrays)
    return figure


def _curves(ax, arrays) -> None:
    curves = ((LEXICON_K, arrays.lexicon, "o-", "lexicon: 80 x 80 pairs, 4 classes"),
              (TOPICS_K, arrays.topics, "s--", "help topics: 79 x 1892"))
    for k, found, style, label in curves:
        [line] = ax.semilogx(k, found.mean(0), style, markersize=4, label=label)
        ax.fill_between(k, found.min(0), found.max(0), color=line.get_color(), alpha=0.2, linewidth=0)
    ax.axvline(CLASSES, color="0.5", linewidth=0.8, linestyle=":")
    ax.annotate("number of classes", (CLASSES, 0.68), (4, 0), textcoords="offset points", color="0.35")
    ticks = (1, 2, 4, 10, 20, 40, 80)
    ax.set(title="Hidden words found again: AUC, mean and range of ten seeds", xlabel="numbers per code, k",
           ylim=(0.47, 1.02))
    ax.set_xticks(ticks, [str(tick) for tick in ticks])
    ax.set_xticks([], minor=True)
    ax.legend(loc="lower left", edgecolor="none", framealpha=1)


def _neighbours(ax, arrays) -> None:
    labels = []
    for block, topic in enumerate(TOPICS):
        top = (NEAREST + 1.5) * block
        ax.text(0, top, f"expects {', '.join(arrays.missing[topic])}", va="center", fontstyle="italic")
        labels.append((top, topic))
        for row, (name, cosine) in enumerate(arrays.nearest[topic], 1):
            ax.plot((0, cosine), (top + row, top + row), color="0.85", linewidth=1, zorder=0)
            ax.plot(cosine, top + row, "o", color="C0", markersize=4)
            labels.append((top + row, name))
    ax.set_yticks([y for y, _ in labels], [label for _, label in labels])
    for tick, (_, label) in zip(ax.get_yticklabels(), labels, strict=True):
        tick.set_fontweight("bold" if label in TOPICS else "normal")
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set(title=f"Nearest help topics, words expected in vain, k = {CODE}", xlabel="cosine of the codes",
           xlim=(0, 1.02), ylim=(labels[-1][0] + 0.7, -0.7))


if __name__ == "__main__":
    found = compute()
    for ks, curves, name in ((LEXICON_K, found.lexicon, "lexicon"), (TOPICS_K, found.topics, "help topics")):
        for k, column in zip(ks, curves.T, strict=True):
            print(f"{name}, k = {k}: AUC {column.mean():.4f}, from {column.min():.4f} to {column.max():.4f}")
    print(f"help topics, by popularity: AUC {np.mean([by_popularity(seed) for seed in SEEDS]):.4f}")
