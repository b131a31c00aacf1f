"""What may be wrong with data or settings although a number comes out: short sentences, each with its remedy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from refvae.entropy.counts import below, counts_within
from refvae.entropy.neighbours import Neighbours
from refvae.entropy.virial import virial_of
from refvae.trees import Array

SHARE = 0.05  # of the rows that may be touched by what would not happen in data with a density
FLAT = 0.1  # of the virial tensor of equal columns, below which a column takes no part in the distances
WIDE, RATIO, UNLIKE = 0.2, 10.0, 5.0  # share of rows near a typical one; against other variables, as its spread
SERIAL = 6.0  # standard deviations of a lag-1 correlation of independent rows
LARGE = 0.25  # of n, for k


def of_every_sample(samples: Mapping[str, Array], k: int, d: int, exclude: int | None) -> Iterator[str]:
    """What is said of any estimate: of its dimension, its order, rounded columns and dependent rows."""
    n = min(map(len, samples.values()))
    if d >= 3:
        yield (f"biased for d >= 3, here {d}: at an edge the bias falls as n^(-1/d), and no interval accounts for it; "
               "compare with fewer columns")
    if k > LARGE * n:
        yield f"k = {k} is of the order of n = {n}, so neighbours are not near: take a smaller k"
    for name, x in samples.items():
        coarse = [c for c in range(x.shape[1]) if 1 < len(np.unique(x[:, c])) < len(x) / 2]
        if coarse:
            yield (f"{name}: columns {coarse} have few different values, and a lattice has no density: "
                   "ties = 'unround' for rounded numbers, mixed_information for a discrete variable")
    if not exclude:
        yield from of_series(samples)


def of_series(samples: Mapping[str, Array]) -> Iterator[str]:
    """Rows that resemble those before them."""
    for name, x in samples.items():
        r = max(map(lag_correlation, x.T), key=abs)
        if abs(r) > max(0.1, SERIAL / np.sqrt(len(x))):
            yield (f"{name}: lag-1 correlation {r:.2f}, as in a series, whose rows are not independent: "
                   "exclude = w leaves out w rows on either side (a sorted file needs nothing)")


def lag_correlation(column: Array) -> float:
    """Correlation of a column (n,) with itself one row later; 0 if one of both is constant."""
    a, b = (part - part.mean() for part in (column[:-1] / 2, column[1:] / 2))
    size = max(np.abs(a).max(initial=0), np.abs(b).max(initial=0))
    if not size > 0:
        return 0.0
    a, b = a / size, b / size
    both = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / both if both > 0 else 0.0


def of_columns(delta: Array, norm: float) -> Iterator[str]:
    """Columns of a sample that take no part in its distances, for their units are too small."""
    delta = delta[(delta != 0).any(1)]
    if delta.shape[1] > 1 and len(delta):
        flat = np.flatnonzero(np.diag(virial_of(delta, norm)) < FLAT)
        if len(flat):
            yield (f"columns {flat.tolist()} do not matter for the distances, their units are too small: "
                   "standardise = True")


def of_spaces(variables: Mapping[str, Array], near: Neighbours, k: int, exclude: int, workers: int) -> Iterator[str]:
    """Variables whose units are too small, and equal distances; `near` has the k nearest in the joint space."""
    rho, names = near.rho[:, -1], list(variables)
    nearer = [counts_within(x, below(rho), workers, exclude) for x in variables.values()]
    within = [counts_within(x, rho, workers, exclude) for x in variables.values()]
    typical = np.array([np.median(count) for count in nearer])
    spread = np.array([x.std(0).max() for x in variables.values()])
    small = (typical > WIDE * len(rho)) & (typical > RATIO * typical.min()) & (UNLIKE * spread < spread.max())
    for c in np.flatnonzero(small & (spread > 0)):
        yield (f"{names[c]}: {typical[c]:.0f} of {len(rho)} rows count as near a typical one, its units are too small "
               "beside the others': standardise = True or ranks = True")
    equal = np.sum(within, axis=0) - np.sum(nearer, axis=0) > 1
    if equal.mean() > SHARE:
        yield (f"{equal.sum()} of {len(rho)} rows have several others at one distance, which are counted wrongly: "
               "ties = 'unround' for rounded numbers, mixed_information for a discrete variable")


def of_two_samples(x: Array, y: Array) -> Iterator[str]:
    """Rows that occur in both samples."""
    both = {row.tobytes() for row in x + 0.0} & {row.tobytes() for row in y + 0.0}
    if both:
        yield (f"{len(both)} rows of x are rows of y too, so the samples are not independent: "
               "leave out of one what is in the other")
