"""How cost grows with size: every main job over 2.5 decades and more, into growth.csv, and drawn as growth.svg.

The exponent is that of a power of the size, by least squares over the sizes from `least` on, where what does not grow
has ceased to count. Beside it stands the exponent that the law of theory has over the same sizes, by the same fit: that
of n log n between 10^4 and 10^6 is 1.09. `python -m benchmarks --only growth` measures and draws; to draw alone:
`python -m benchmarks.growth`.
"""

from __future__ import annotations

import csv
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.timing import FOLDER, line, rounds, version, write

HEADER = ("group", "job", "grows", "law", "least", "size", "milliseconds", "machine")
TALL = 5000  # rows of the matrix whose columns grow
LAWS = {"n": lambda n: n, "n²": lambda n: n**2, "n log n": lambda n: n * np.log(n),
        f"n²({TALL} + 4n/3)": lambda n: n**2 * (TALL + 4 * n / 3)}
GROUPS = ("training", "truncated SVD, nearest code", "estimates")
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")


class Job(NamedTuple):
    """A task of every size: make(n) prepares it and gives the function to be timed."""

    group: str
    name: str
    grows: str
    law: str
    least: int
    sizes: tuple[int, ...]
    make: Callable[[int], Callable[[], Any]]


def perceptron(rows, *sizes):
    """Value and gradient of a perceptron."""
    from refvae.layers import mlp, mlp_init

    rng = np.random.default_rng(0)
    x, p = rng.standard_normal((rows, sizes[0])), mlp_init(sizes, rng)
    return lambda: (lambda y, pull: pull(y))(*mlp(p, x))


def epoch(rows):
    """An epoch of the variational autoencoder 64-128-64-8 in batches of 128."""
    from refvae.fit import fit
    from refvae.vae import neg_elbo, vae_init

    rng = np.random.default_rng(0)
    x, p = (rng.random((rows, 64)) < 0.3).astype(float), vae_init((64, 128, 64, 8), rng)
    return lambda: fit(neg_elbo, p, x, epochs=1, batch=128, rng=0, progress=False,
                       draw=lambda rng, some: (some, rng.standard_normal((len(some), 8))))


def entropic(rows):
    """Value and gradient of the entropic autoencoder 64-128-3, with the search for neighbours."""
    from refvae.eae import eae_init, searching

    rng = np.random.default_rng(0)
    x, p, objective = rng.standard_normal((rows, 64)), eae_init((64, 128, 3), rng), searching(1, 1.0)
    return lambda: objective(p, x)[1](1.0)


def decomposition(rows, columns):
    """Truncated SVD, k = 10, of falling singular values."""
    from refvae.linear_ae import truncated_svd

    X = np.random.default_rng(0).standard_normal((rows, columns), np.float32)
    X *= np.geomspace(1, 0.1, columns, dtype=np.float32)
    return lambda: truncated_svd(X, min(10, columns))


def codes(rows, count):
    """The nearest of so many codes in 16 dimensions."""
    from refvae.vqvae import nearest_code

    rng = np.random.default_rng(0)
    z, codes = rng.standard_normal((rows, 16)), rng.standard_normal((count, 16))
    return lambda: nearest_code(z, codes)


def entropy(n, d):
    """The entropy of n points in d dimensions."""
    from refvae.entropy import knn_entropy

    x = np.random.default_rng(0).standard_normal((n, d))
    return lambda: knn_entropy(x, 3)


def information(n):
    """The information between two columns of n numbers."""
    from refvae.entropy import mutual_information

    x = np.random.default_rng(0).standard_normal((n, 2))
    return lambda: mutual_information(x[:, :1], x[:, 1:], 3)


def sizes(first, last, count=6):
    """Whole numbers in nearly equal ratios."""
    return tuple(round(float(n)) for n in np.geomspace(first, last, count))


JOBS = (
    Job("training", "perceptron step", "rows", "n", 500, sizes(100, 50_000), lambda n: perceptron(n, 64, 128, 64)),
    Job("training", "perceptron step", "width", "n²", 150, sizes(6, 2400), lambda n: perceptron(128, n, n, n)),
    Job("training", "VAE epoch", "rows", "n", 1000, sizes(128, 64_000), epoch),
    Job("training", "EAE step", "rows", "n log n", 1000, sizes(100, 40_000), entropic),
    Job("truncated SVD, nearest code", "truncated SVD", "rows", "n", 10_000, sizes(500, 400_000),
        lambda n: decomposition(n, 128)),
    Job("truncated SVD, nearest code", "truncated SVD", "columns", f"n²({TALL} + 4n/3)", 100, sizes(5, 1600),
        lambda n: decomposition(TALL, n)),
    Job("truncated SVD, nearest code", "nearest code", "rows", "n", 1000, sizes(100, 50_000), lambda n: codes(n, 512)),
    Job("truncated SVD, nearest code", "nearest code", "codes", "n", 500, sizes(40, 16_000), lambda n: codes(500, n)),
    Job("estimates", "entropy, d = 1", "points", "n log n", 5000, sizes(1000, 1_000_000), lambda n: entropy(n, 1)),
    Job("estimates", "entropy, d = 3", "points", "n log n", 5000, sizes(500, 250_000), lambda n: entropy(n, 3)),
    Job("estimates", "information, 1 + 1", "points", "n log n", 1000, sizes(200, 80_000), information),
)


def exponent(n, cost, least):
    """The power of n as which the cost grows from size `least` on."""
    kept = np.asarray(n) >= least
    return float(np.polyfit(np.log(np.asarray(n)[kept]), np.log(np.asarray(cost)[kept]), 1)[0])


def machine():
    """What the figure says of where it was measured."""
    info = Path("/proc/cpuinfo")
    models = [row.partition(":")[2].strip() for row in info.read_text().splitlines() if row.startswith("model name")] \
        if info.exists() else []
    return f"{(models or [platform.machine()])[0]}, one thread, NumPy {version('numpy')}, SciPy {version('scipy')}"


def main():
    """Milliseconds at every size, the exponents, and the figure; the first call of every size is a rehearsal."""
    rows, lines, where = [], [], machine()
    for job in JOBS:
        spent = [1e3 * float(np.median(rounds({"": job.make(n)}, 3, 1)[""])) for n in job.sizes]
        rows += [(job.group, job.name, job.grows, job.law, job.least, n, f"{each:.4g}", where)
                 for n, each in zip(job.sizes, spent, strict=True)]
        theory = exponent(job.sizes, LAWS[job.law](np.array(job.sizes, float)), job.least)
        lines.append(line(f"growth: {job.name}", f"exponent in {job.grows}, {job.law}: {theory:.2f}", spent[-1],
                          exponent(job.sizes, spent, job.least)))
    write(FOLDER / "growth.csv", rows, HEADER)
    draw_all()
    return lines


# The figure


def read(path=FOLDER / "growth.csv"):
    """The table as {(group, job, grows, law, least): (sizes, milliseconds)}, and the machine."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    found = {}
    for row in rows:
        n, cost = found.setdefault((*(row[name] for name in HEADER[:4]), int(row["least"])), ([], []))
        n.append(int(row["size"]))
        cost.append(float(row["milliseconds"]))
    return {job: tuple(map(np.array, values)) for job, values in found.items()}, rows[0]["machine"]


def draw(table, where):
    """Three panels, log-log: points as measured, and the law of theory where it is fitted."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    from refvae.figures import STYLE

    with mpl.rc_context(STYLE):
        figure = Figure((11, 4.4), layout="constrained")
        figure.supxlabel(f"size n of what grows; lines: the law of theory; {where}", fontsize=8)
        for ax, group in zip(figure.subplots(1, 3), GROUPS, strict=True):
            ax.set(xscale="log", yscale="log", title=group, ylabel="milliseconds" if group == GROUPS[0] else "")
            panel(ax, {job: values for job, values in table.items() if job[0] == group})
    return figure


def panel(ax, table):
    """The jobs of a panel, each with its name and its exponents beside the end of its line."""
    ends = []
    for colour, ((_, name, grows, law, least), (n, cost)) in zip(COLOURS, table.items(), strict=False):
        fine = np.geomspace(least, n[-1], 50)
        kept = n >= least
        level = np.exp(np.mean(np.log(cost[kept]) - np.log(LAWS[law](n[kept].astype(float)))))
        ax.plot(fine, level * LAWS[law](fine), color=colour, lw=1)
        ax.plot(n, cost, "o", color=colour, ms=3.5)
        theory = exponent(n, LAWS[law](n.astype(float)), least)
        found = exponent(n, cost, least)
        ends.append((cost[-1], n[-1], colour, f"{name}\nin {grows}: {found:.2f} ({law}: {theory:.2f})"))
    low, high = ax.get_ylim()
    ax.set_ylim(low, high)
    right = max(end[1] for end in ends)
    ax.set_xlim(right=1.5 * right)
    height, places = np.log(high / low) / 9.5, []
    for cost, _, _, _ in sorted(ends):
        places.append(max(np.log(cost), places[-1] + height if places else -np.inf))
    over = max(0.0, places[-1] - np.log(high) + height / 2)
    for place, (_, _, colour, text) in zip(places, sorted(ends), strict=True):
        ax.text(2 * right, np.exp(place - over), text, color=colour, fontsize=7.5, va="center")


def draw_all():
    """growth.svg from growth.csv."""
    from refvae.figures import save

    save(draw(*read()), FOLDER / "growth.svg")


if __name__ == "__main__":
    draw_all()
