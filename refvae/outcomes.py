"""What a check of evidence gives: two routes compared, sums that vanish, statements that hold, means, orders."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from refvae import trees
from refvae.check.identity import equal
from refvae.check.proof import Found
from refvae.check.report import block_error
from refvae.inputs import same_shape
from refvae.trees import Array, Tree, witnesses


class Outcome(NamedTuple):
    """What a check measured, what it expected, and the error that is held against the bound."""

    measured: float
    expected: float
    error: float
    note: str = ""
    conclusive: bool = True
    exact: Found | None = None  # where both routes were exact numbers, (1.33)


def gap(got: Tree, want: Tree) -> Outcome:
    """Two routes to the same numbers: norm of the difference over the larger norm, over all leaves together."""
    trees.map(lambda u, v: same_shape(u, v, "the two routes"), got, want)
    a, b = (trees.flatten(trees.map(_real, tree)).vector for tree in (got, want))
    if not a.size:
        raise ValueError("gap: got no numbers, wanted some")
    measured, expected = (a[0], b[0]) if a.size == 1 else (np.linalg.norm(a), np.linalg.norm(b))
    return Outcome(float(measured), float(expected), block_error(a, b), exact=equal(got, want))


def _real(leaf: Any) -> Array:
    if np.iscomplexobj(leaf):
        raise ValueError("gap: got complex numbers, wanted real ones")
    return np.asarray(witnesses(leaf), float)


def entrywise(got: Array, want: Array) -> Outcome:
    """Two routes to the same nonzero numbers: the worst relative error of an entry, and the entries where it is."""
    same_shape(got, want, "the two routes")
    a, b = np.atleast_1d(witnesses(got)), np.atleast_1d(witnesses(want))
    errors = np.abs(a - b) / np.abs(b)
    worst = np.unravel_index(np.argmax(errors), errors.shape)
    return Outcome(float(a[worst]), float(b[worst]), float(errors[worst]), exact=equal(got, want))


def vanishes(terms: Array) -> Outcome:
    """Sums over axis 0 that are zero by theorem: the largest, relative to the sum of the absolute terms."""
    real, sums = witnesses(terms), terms.sum(0)
    sizes, largest = np.abs(real).sum(0), np.abs(real.sum(0))
    return Outcome(float(np.max(largest)), 0.0, float(np.max(largest / sizes)), exact=equal(sums, 0 * sums))


def holds(truths: Any) -> Outcome:
    """A statement that is exactly true or false, case by case; the error counts the cases where it fails."""
    cases = np.atleast_1d(np.asarray(truths))
    if cases.dtype != bool or not cases.size:
        raise ValueError(f"holds: got {cases.size} values of type {cases.dtype}, wanted truth values")
    return Outcome(float(cases.sum()), float(cases.size), float((~cases).sum()))


def z_score(sample: Array, expected: float) -> Outcome:
    """The mean of independent numbers against its expectation, in standard errors."""
    error = sample.std(ddof=1) / np.sqrt(sample.size)
    note = f"detects a discrepancy of {(6.11 + 4.75) * error:.2g} with probability 1 - 1e-6"
    return Outcome(float(sample.mean()), expected, float(np.abs(sample.mean() - expected) / error), note)


def order(steps: Array, errors: Array, expected: float) -> Outcome:
    """The slope of log error on log step; the error is its distance from the expected order."""
    slope = float(np.polyfit(np.log(steps), np.log(errors), 1)[0])
    return Outcome(slope, expected, abs(slope - expected))
