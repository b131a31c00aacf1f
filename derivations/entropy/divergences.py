"""Evidence for divergence and cross-entropy, (6.30) to (6.34)."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import combinations

import numpy as np
from scipy import special

from refvae.derivations.entropy.common import points, radii, value
from refvae.derivations.entropy.motions import rotation
from refvae.derivations.entropy.order import NODES
from refvae.entropy import (
    knn_cross_entropy,
    knn_cross_entropy_layer,
    knn_divergence,
    knn_divergence_layer,
    knn_entropy,
    neighbours,
)
from refvae.entropy.divergence import log_ratio
from refvae.evidence import Ledger, gap, holds, z_score

ledger = Ledger()


def two_samples(rng, n=7, m=8, d=3):
    """Two correlated Gaussian samples that overlap."""
    return points(rng, n, d), points(rng, m, d) + 0.5


def divergence(x, y, k, **how):
    """The estimate of the divergence as a number."""
    return float(knn_divergence(x, y, k, **how))


def cross(x, y, k, **how):
    """The estimate of the cross-entropy as a number."""
    return float(knn_cross_entropy(x, y, k, **how))


def by_layer(x, y, k, norm=2):
    """The divergence by the layer."""
    idx, idx_y = neighbours(x, k, norm=norm).idx, neighbours(x, k, among=y, norm=norm).idx
    return knn_divergence_layer(x, y, idx, idx_y, norm)[0]


def cross_by_layer(x, y, k, norm=2):
    """The cross-entropy by the layer."""
    return knn_cross_entropy_layer(x, y, neighbours(x, k, among=y, norm=norm).idx, norm)[0]


DIVERGENCE_WRONG = {
    "log(m / (n - 1))": lambda x, y, k, **how: divergence(x, y, k, **how) + np.log(len(y) / (len(x) - 1))
    - special.digamma(len(y) + 1) + special.digamma(len(x)),
    "d missing": lambda x, y, k, **how: divergence(x, y, k, **how) / 3,
    "p and q exchanged": lambda x, y, k, **how: divergence(y, x, k, **how),
    "log(m / n)": lambda x, y, k, **how: divergence(x, y, k, **how) - 1 / len(x)}


@ledger.add("6.30", "identity", lambda *a, **how: np.array([divergence(*a, **how), by_layer(*a, **how)]),
            wrong=DIVERGENCE_WRONG)
def by_loops(estimate, rng):
    """Radii by brute force and harmonic numbers, both norms, by estimate and layer."""
    x, y = two_samples(rng)
    found, want = [], []
    for norm in (2, np.inf):
        for k in (1, 3, 6):
            ratio = np.log(radii(x, k, y, norm) / radii(x, k, norm=norm)).mean()
            want.append((3 * ratio + 1 / 7 + 1 / 8) * np.ones(2))  # psi(9) - psi(7)
            found.append(estimate(x, y, k, norm=norm) * np.ones(2))
    return gap(np.array(found), np.array(want))


def by_quotients(x, y, k):
    """The logarithm of the quotient of the radii, which may be infinite or 0."""
    with np.errstate(over="ignore", divide="ignore"):
        ratio = np.log(neighbours(x, k, among=y).rho[:, -1] / neighbours(x, k).rho[:, -1])
    return 3 * ratio.mean() + special.digamma(len(y) + 1) - special.digamma(len(x))


@ledger.add("6.30", "law", divergence, wrong={"quotients of radii": by_quotients, **{
    key: DIVERGENCE_WRONG[key] for key in ("d missing", "p and q exchanged")}})
def cross_entropy_less_entropy(estimate, rng):
    """The difference of both estimates, m much larger than n too, and scales of 1e-200 and 1e200."""
    cases = [two_samples(rng), two_samples(rng, 5, 40)]
    cases += [(1e-200 * x, 1e200 * y) for x, y in cases]
    return gap(np.array([estimate(x, y, 2) for x, y in cases]),
               np.array([cross(x, y, 2) - value(x, 2) for x, y in cases]))


RATIO_WRONG = {"quotient": lambda a, b: np.log(a / b), "exponents to base 2": lambda a, b: np.where(
    np.abs(np.log2(a) - np.log2(b)) > 1000, np.log2(a) - np.log2(b), np.log(a / b)), "inverse": lambda a, b: log_ratio(
        b, a)}


@ledger.add("6.30", "identity", log_ratio, wrong=RATIO_WRONG)
def logarithms_of_quotients(ratio, rng):
    """Of floats from 5e-324 to 1.7e308, against logarithms of exact fractions."""
    sizes = np.array([5e-324, 1e-310, 1e-200, 1e-3, 1.0, 1e3, 1e155, 1.7e308])
    a, b = np.repeat(sizes, 8) * rng.uniform(0.6, 1, 64), np.tile(sizes, 8)
    a = np.maximum(a, 5e-324)
    fractions = [Fraction(p) / Fraction(q) for p, q in zip(a, b, strict=True)]
    want = np.array([math.log(each.numerator) - math.log(each.denominator) for each in fractions])
    return gap(ratio(a, b), want)


# Cross-entropy


CROSS_WRONG = {"psi(m)": lambda x, y, k, **how: cross(x, y, k, **how) - 1 / len(y),
               "diameter for radius": lambda x, y, k, **how: cross(x, y, k, **how) + x.shape[1] * np.log(2),
               "log m": lambda x, y, k, **how: cross(x, y, k, **how) + np.log(len(y)) - special.digamma(len(y) + 1)}


@ledger.add("6.31", "identity", lambda *a, **how: np.array([cross(*a, **how), cross_by_layer(*a, **how)]),
            wrong=CROSS_WRONG)
def cross_by_loops(estimate, rng):
    """Radii by brute force, both norms, by estimate and layer."""
    x, y = two_samples(rng)
    found, want = [], []
    for norm, volume in ((2, 4 / 3 * np.pi), (np.inf, 8)):
        for k in (1, 4, 8):
            logs = np.log(volume * radii(x, k, y, norm) ** 3).mean()
            want.append((sum(1 / np.arange(k, 9)) + logs) * np.ones(2))
            found.append(estimate(x, y, k, norm=norm) * np.ones(2))
    return gap(np.array(found), np.array(want))


@ledger.add("6.31", "limit", cross, bound=1e-9, wrong=CROSS_WRONG)
def one_uniform_point(estimate, rng):
    """x = 0 and y uniform on [-1/2, 1/2], m = 1: the mean over y is 0, no approximation."""
    t, w = NODES
    mean = (6 * t**5 * w) @ np.array([estimate(np.array([[0.0]]), np.array([[s**6 / 2]]), 1) for s in t])
    return gap(np.array(1 + mean), np.array(1.0))


@ledger.add("6.31", "montecarlo", cross, wrong={
    "psi(m)": CROSS_WRONG["psi(m)"], "diameter for radius": CROSS_WRONG["diameter for radius"],
    "off the centre": lambda x, y, k, norm: cross(x + 0.4, y, k, norm=norm)})
def uniform_in_a_cube(estimate, rng):
    """x in the centre of a cube of volume 8, y three uniform points, k = 2, maximum norm: the mean is log 8."""
    found = [estimate(np.zeros((1, 3)), rng.uniform(-1, 1, (3, 3)), 2, norm=np.inf) for _ in range(400)]
    return z_score(np.array(found), np.log(8))


# Exactly zero


@ledger.add("6.32", "law", divergence, bound=1e-12, wrong={
    "log(m / n)": DIVERGENCE_WRONG["log(m / n)"], "other sizes": lambda x, y, k, **how: divergence(
        np.vstack([x, y[:1]]), y[1:], min(k, len(y) - 1), **how)})
def mean_over_all_labels(estimate, rng):
    """Of seven points, all 35 choices of four; relative to the mean absolute value, and both norms."""
    pool, found = points(rng, 7, 2), []
    for norm in (2, np.inf):
        for k in (1, 2, 3):
            choices = [list(c) for c in combinations(range(7), 4)]
            values = np.array([estimate(pool[c], np.delete(pool, c, 0), k, norm=norm) for c in choices])
            found.append(values.mean() / np.abs(values).mean())
    return gap(1 + np.array(found), np.ones(6))


@ledger.add("6.32", "montecarlo", divergence, wrong={
    "sizes confused": lambda x, y, k: divergence(x, y, k) + special.digamma(len(x) + 1) - special.digamma(len(y)),
    "another order in the second sample": lambda x, y, k: divergence(x, y, k) + 1 / k})
def mean_for_one_law(estimate, rng):
    """Five and four points of a mixture of two exponential laws."""
    draw = lambda n: rng.exponential(size=(n, 1)) * rng.choice([-1, 3], (n, 1))
    return z_score(np.array([estimate(draw(5), draw(4), 2) for _ in range(250)]), 0.0)


@ledger.add("6.33", "identity", divergence, wrong={
    "log(m / n)": DIVERGENCE_WRONG["log(m / n)"], "of other points": lambda x, y, k: divergence(x, y + 1e-3, k)})
def a_sample_against_itself(estimate, rng):
    """1/n + d times the mean log-ratio of the orders k - 1 and k, by brute force."""
    x = points(rng)
    return gap(np.array([estimate(x, x, k) for k in (2, 5, 8)]),
               np.array([1 / 9 + 3 * np.log(radii(x, k - 1) / radii(x, k)).mean() for k in (2, 5, 8)]))


@ledger.add("6.33", "law", divergence, bound=0, wrong={"entropy for cross-entropy": lambda x, y, k: value(x, k) + 9,
                                                       "order k - 1": lambda x, y, k: divergence(x, y, max(k - 1, 1))})
def never_above_one_over_n(estimate, rng):
    """At most 1/n for all orders above 1; refused for k = 1, where it is -infinity."""
    x, refused = points(rng), False
    try:
        estimate(x, x, 1)
    except ValueError:
        refused = True
    values = np.array([_or_nan(estimate, x, k) for k in range(2, 9)])
    return holds(np.r_[values <= 1 / 9, refused])


def _or_nan(estimate, x, k):
    try:
        return estimate(x, x, k)
    except ValueError:
        return np.nan


@ledger.add("6.34", "law", lambda x, y, k, **how: knn_divergence(x, y, k, **how).local, bound=0, wrong={
    "difference of logarithms": lambda x, y, k, **how: knn_cross_entropy(x, y, k, **how).local - knn_entropy(
        x, k, **how).local, "each standardised": lambda x, y, k, **how: knn_divergence(
            x / x.std(), y / (1 + y.std()), k, **how).local})
def bit_for_bit(local, rng):
    """Multiplied by a power of two, or with the order of y reversed."""
    x, y = two_samples(rng, 20, 30)
    same = lambda a, b, **how: np.array_equal(local(a, b, 3, **how), local(x, y, 3, **how))
    return holds([same(x * s, y * s, norm=norm) for norm in (2, np.inf) for s in (2.0**-200, -4.0, 2.0**200)]
                 + [same(x, y[::-1], norm=np.inf), same(x, y[::-1])])


@ledger.add("6.34", "identity", divergence, wrong={
    "each centred": lambda x, y, k: divergence(x - x.mean(0), y + 0 * x.mean(0), k),
    "cross-entropy": cross})
def moved_together(estimate, rng):
    """A common rotation, scale and translation."""
    x, y = two_samples(rng)
    R = rotation(rng, 3)
    return gap(np.array(estimate(0.3 * x @ R - 2, 0.3 * y @ R - 2, 3)), np.array(divergence(x, y, 3)))
