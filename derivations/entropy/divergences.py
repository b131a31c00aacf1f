"""Evidence for divergence and cross-entropy, (6.30) to (6.37)."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from scipy import special

from refvae.derivations.entropy.common import points, radii, value
from refvae.derivations.entropy.motions import rotation
from refvae.derivations.entropy.order import NODES
from refvae.entropy import (
    kl_to_normal,
    knn_cross_entropy,
    knn_cross_entropy_layer,
    knn_divergence,
    knn_divergence_layer,
    knn_entropy,
    neighbours,
)
from refvae.evidence import Ledger, gap, holds, spoiled, z_score

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


@ledger.add("6.30", "law", divergence, wrong={key: DIVERGENCE_WRONG[key] for key in ("d missing", "p and q exchanged")})
def cross_entropy_less_entropy(estimate, rng):
    """The difference of both estimates, m much larger than n too."""
    cases = [two_samples(rng), two_samples(rng, 5, 40)]
    return gap(np.array([estimate(x, y, 2) for x, y in cases]),
               np.array([cross(x, y, 2) - value(x, 2) for x, y in cases]))


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
    "sizes confused": lambda x, y, k: divergence(x, y, k) + special.digamma(len(x) + 1) - special.digamma(len(y))})
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


# Gradients


def arguments(rng, norm=2):
    """Random arguments of the layer of the divergence."""
    x, y = two_samples(rng)
    return x, y, neighbours(x, 3, norm=norm).idx, neighbours(x, 3, among=y, norm=norm).idx


def cross_arguments(rng):
    """Random arguments of the layer of the cross-entropy."""
    x, y, _, idx = arguments(rng)
    return x, y, idx


def no_entropy(x, y, idx, idx_y, *norm):
    """The gradient of the cross-entropy for that of the divergence."""
    return knn_divergence_layer(x, y, idx, idx_y, *norm)[0], lambda dy: (
        *knn_cross_entropy_layer(x, y, idx_y, *norm)[1](dy), None)


GRADIENT_WRONG = {"without the entropy": no_entropy, "y held fixed": spoiled(
    knn_divergence_layer, lambda d: (d[0], 0 * d[1], None, None)), "sign of y": spoiled(
        knn_divergence_layer, lambda d: (d[0], -d[1], None, None))}

ledger.adjoint("6.35", knn_divergence_layer, arguments, wrong=GRADIENT_WRONG)
ledger.adjoint("6.35", knn_cross_entropy_layer, cross_arguments, name="cross-entropy", wrong={
    "sign of y": spoiled(knn_cross_entropy_layer, lambda d: (d[0], -d[1], None))})


@ledger.add("6.35", "law", knn_divergence_layer, wrong=GRADIENT_WRONG)
def sums_and_virial(layer, rng):
    """Sum 0, trace 0, symmetric, k = 3, relative to the summed absolute terms."""
    x, y, idx, idx_y = arguments(rng)
    dx, dy, _, _ = layer(x, y, idx, idx_y)[1](1.0)
    z, dz = np.vstack([x, y]), np.vstack([dx, dy])
    T, size = z.T @ dz, np.abs(z).T @ np.abs(dz)
    return gap(1 + np.r_[dz.sum(0) / np.abs(dz).sum(), np.trace(T) / np.trace(size),
                         (T - T.T)[np.triu_indices(3, 1)] / size[np.triu_indices(3, 1)]], np.ones(7))


@ledger.add("6.35", "identity", knn_divergence_layer, wrong=GRADIENT_WRONG)
def edge_by_edge(layer, rng):
    """The formula, point by point, d = 3, n = 7."""
    x, y, idx, idx_y = arguments(rng)
    dx, dy = np.zeros_like(x), np.zeros_like(y)
    for i in range(7):
        own, far = x[i] - x[idx[i, 2]], x[i] - y[idx_y[i, 2]]
        own, far = 3 / 7 * own / (own @ own), 3 / 7 * far / (far @ far)
        dx[i] += far - own
        dx[idx[i, 2]] += own
        dy[idx_y[i, 2]] -= far
    return gap(layer(x, y, idx, idx_y)[1](1.0)[:2], (dx, dy))


# Normal law, standard errors


@ledger.add("6.36", "identity", lambda z, k: float(kl_to_normal(z, k)), wrong={
    "half of log 2 pi missing": lambda z, k: float(kl_to_normal(z, k)) - np.log(2 * np.pi),
    "variance for mean square": lambda z, k: float(kl_to_normal(z, k)) - (z.mean(0) ** 2).sum() / 2,
    "entropy alone": lambda z, k: np.log(2 * np.pi * np.e) * 1.5 - value(z, k)})
def from_scipy(estimate, rng):
    """The mean of SciPy's -log density less the entropy; for standardised codes d/2 log 2 pi e less the entropy."""
    from scipy import stats

    z = points(rng, 12)
    standard = (z - z.mean(0)) / z.std(0)
    return gap(np.array([estimate(z, 2), estimate(standard, 2)]), np.array([
        -stats.multivariate_normal(np.zeros(3)).logpdf(z).mean() - value(z, 2),
        1.5 * np.log(2 * np.pi * np.e) - value(standard, 2)]))


@ledger.add("6.36", "law", lambda z, k: float(kl_to_normal(z, k)), wrong={
    "half of log 2 pi missing": lambda z, k: float(kl_to_normal(z, k)) - np.log(2 * np.pi),
    "of standardised codes": lambda z, k: float(kl_to_normal((z - z.mean(0)) / z.std(0), k))})
def scaled_and_moved(estimate, rng):
    """Under z -> az + b it gains ((a^2 - 1) |z|^2 + 2a z.b + b^2) / 2 - d log a; two points in closed form."""
    z, a, b = points(rng, 12), 1.7, rng.standard_normal(3)
    gain = (((a * z + b) ** 2).sum(1) - (z**2).sum(1)).mean() / 2 - 3 * np.log(a)
    pair = np.array([[0.3], [-1.1]])
    exact = np.log(2 * np.pi) / 2 + (0.09 + 1.21) / 4 - 1 - np.log(2 * 1.4)
    return gap(np.array([estimate(a * z + b, 2) - estimate(z, 2), estimate(pair, 1)]), np.array([gain, exact]))


def errors(x, y, k, **how):
    """The values without each point of x, of y: divergence, and cross-entropy."""
    return *knn_divergence(x, y, k, **how).leave_one_out(), *knn_cross_entropy(x, y, k, **how).leave_one_out()


@ledger.add("6.37", "identity", errors, wrong={
    "samples exchanged": lambda x, y, k, **how: errors(x, y, k, **how)[1::-1] + errors(x, y, k, **how)[:1:-1],
    "neighbours in y kept": lambda x, y, k, **how: (lambda e: (e[0], e[1] * 0 + divergence(x, y, k, **how), *e[2:]))(
        errors(x, y, k, **how))})
def computed_anew(leave_one_out, rng):
    """Every value against the estimate from the other points, both norms."""
    x, y = two_samples(rng)
    found, want = [], []
    for k, norm in ((1, 2), (3, 2), (2, np.inf)):
        found += list(leave_one_out(x, y, k, norm=norm))
        for f in (divergence, cross):
            want += [np.array([f(np.delete(x, j, 0), y, k, norm=norm) for j in range(7)]),
                     np.array([f(x, np.delete(y, j, 0), k, norm=norm) for j in range(8)])]
    return gap(tuple(found), tuple(want))


@ledger.add("6.37", "law", lambda x, y, k: knn_divergence(x, y, k).jackknife_se, wrong={
    "of x alone": lambda x, y, k: (lambda v: np.sqrt(len(v)) * v.std())(knn_divergence(x, y, k).leave_one_out()[0]),
    "naive": lambda x, y, k: knn_divergence(x, y, k).naive_se})
def both_samples_count(se, rng):
    """The square is the sum of both sums of squares, with estimates computed anew; unchanged by a common scale."""
    x, y = two_samples(rng)
    values = (np.array([divergence(np.delete(x, j, 0), y, 2) for j in range(7)]),
              np.array([divergence(x, np.delete(y, j, 0), 2) for j in range(8)]))
    want = np.sqrt(sum(((v - v.mean()) ** 2).sum() for v in values))
    return gap(np.array([se(x, y, 2), se(3 * x, 3 * y, 2)]), np.array([want, want]))
