"""Evidence for windows around rows and for the virial tensor, (6.64) and (6.70)."""

from __future__ import annotations

import numpy as np
from scipy.special import digamma

from refvae.derivations.entropy.common import distances, points, value
from refvae.derivations.entropy.information import variables
from refvae.derivations.entropy.permutation import orders
from refvae.entropy import knn_entropy, knn_entropy_layer, neighbours, total_correlation, virial
from refvae.entropy.counts import counts_within
from refvae.evidence import Ledger, gap, holds, z_score

ledger = Ledger()

# Windows


def by_pairs(xs, k, w, method, add=1):
    """The local values by loops over pairs, rows up to w places away left out."""
    d, n = np.array([distances(x, norm=np.inf) for x in xs]), len(xs[0])
    local = np.zeros(n)
    for i in range(n):
        far = [j for j in range(n) if abs(i - j) > w]
        near = sorted(far, key=lambda j: d[:, i, j].max())[:k]
        psi = digamma(len(far) + add)
        if method == "entropy":
            local[i] = psi - digamma(k) + d.shape[0] * np.log(2 * d[:, i, near[-1]].max())
        elif method == "ksg1":
            counts = [sum(each[i, j] < d[:, i, near[-1]].max() for j in far) for each in d]
            local[i] = digamma(k) + (len(xs) - 1) * psi - sum(digamma(np.array(counts) + 1))
        else:
            counts = [sum(each[i, j] <= max(each[i, near]) for j in far) for each in d]
            local[i] = digamma(k) + (len(xs) - 1) * (psi - 1 / k) - sum(digamma(counts))
    return local


def windowed(xs, k, w, method):
    """The local values of the estimate."""
    if method == "entropy":
        return knn_entropy(np.hstack(xs), k, norm=np.inf, exclude=w).local
    return total_correlation(xs, k, method=method, exclude=w).local


WINDOW_WRONG = {"no window": lambda xs, k, w, method: windowed(xs, k, 0, method),
                "psi(n)": lambda xs, k, w, method: windowed(xs, k, w, method) + digamma(len(xs[0])) - digamma(
                    len(xs[0]) - 2 * w), "one row less": lambda xs, k, w, method: windowed(xs, k, w - 1, method)}


@ledger.add("6.64", "identity", windowed, wrong=WINDOW_WRONG)
def pair_by_pair(values, rng):
    """Entropy and both counting estimates of three variables of one and two columns, windows of 1 and 3 rows."""
    xs, plane = variables(rng, 12, (1, 1, 1)), variables(rng, 12, (2, 1))
    cases = [(1, 1), (2, 3), (4, 3)]
    found = [values(xs, k, w, m) for k, w in cases for m in ("entropy", "ksg1", "ksg2")]
    want = [by_pairs(xs, k, w, m) for k, w in cases for m in ("entropy", "ksg1", "ksg2")]
    found += [values(plane, k, w, m) for k, w in cases for m in ("ksg1", "ksg2")]
    return gap(np.array(found), np.array(want + [by_pairs(plane, k, w, m) for k, w in cases for m in ("ksg1", "ksg2")]))


@ledger.add("6.64", "law", windowed, wrong={key: WINDOW_WRONG[key] for key in ("psi(n)",)} | {
    "ends counted as the middle": lambda xs, k, w, method: windowed(xs, k, w, method) + 0.1 * np.eye(5)[2]})
def each_local_value_in_all_orders(values, rng):
    """Five rows in all orders of the second variable, window of 1: every row's mean is 0."""
    xs = variables(rng, 5, (1, 2))
    means = [np.mean([values(each, k, 1, m) for each in orders(xs)], axis=0) for k in (1, 2) for m in ("ksg1", "ksg2")]
    return gap(1 + np.array(means), np.ones((4, 5)))


@ledger.add("6.64", "law", lambda x, w: value(x, 2, exclude=w, standardise=True), wrong={
    "without the determinant": lambda x, w: value((x - x.mean(0)) / x.std(0), 2, exclude=w),
    "all columns by one number": lambda x, w: value(x / x.std(), 2, exclude=w) + 3 * np.log(x.std())})
def in_other_units(estimate, rng):
    """Standardised columns in other units, window of 3: the logarithms of the units are added."""
    x = points(rng, 14)
    return gap(np.array(estimate(x * [3, 0.1, 40], 3)), np.array(estimate(x, 3) + np.log(12)))


@ledger.add("6.64", "identity", counts_within, bound=0, wrong={
    "nearer": lambda x, r, w, e: counts_within(x, np.maximum(r - 0.5, 0), w, e),
    "no window": lambda x, r, w, e: counts_within(x, r, w)})
def whole_numbers(counts, rng):
    """Whole coordinates and radii, so that many are equal: counted by loops, on a line and in the plane."""
    cases = []
    for d in (1, 2):
        x, r = rng.integers(0, 4, (20, d)).astype(float), rng.integers(0, 4, 20).astype(float)
        want = [sum(abs(i - j) > 3 and np.abs(x[i] - x[j]).max() <= r[i] for j in range(20)) for i in range(20)]
        cases.append(np.array_equal(counts(x, r, 1, 3), want))
    return holds(cases)


@ledger.add("6.64", "montecarlo", lambda x: knn_entropy(x, 2, norm=np.inf, periodic=1.0, exclude=3).value, wrong={
    "psi(n)": lambda x: knn_entropy(x, 2, norm=np.inf, periodic=1.0, exclude=3).value + digamma(20) - digamma(14),
    "no torus": lambda x: knn_entropy(x, 2, norm=np.inf, exclude=3).value})
def on_a_torus(estimate, rng):
    """150 samples of 20 uniform points in the plane: the mean is 0."""
    return z_score(np.array([estimate(rng.random((20, 2))) for _ in range(150)]), 0.0)


# The virial tensor


VIRIAL_WRONG = {"without d": lambda x, k, norm: virial(x, k, norm) / x.shape[1],
                "next neighbour": lambda x, k, norm: virial(x, k + 1, norm),
                "the other norm": lambda x, k, norm: virial(x, k, 2 if norm == np.inf else np.inf)}


@ledger.add("6.70", "identity", virial, wrong=VIRIAL_WRONG)
def from_the_gradient(tensor, rng):
    """X^T g with the gradient of the layer, both norms."""
    x = points(rng, 11)
    cases = [(1, 2), (3, 2), (2, np.inf)]
    want = [x.T @ knn_entropy_layer(x, neighbours(x, k, norm=norm).idx, norm)[1](1.0)[0] for k, norm in cases]
    return gap(np.array([tensor(x, *case) for case in cases]), np.array(want))


@ledger.add("6.70", "law", virial, wrong={key: VIRIAL_WRONG[key] for key in ("without d", "the other norm")})
def share_of_columns(tensor, rng):
    """Trace d; for the maximum norm the diagonal counts the points whose neighbour is farthest in each column."""
    x = points(rng, 11)
    far = np.abs(x - x[neighbours(x, 2, norm=np.inf).idx[:, -1]]).argmax(1)
    return gap(np.array([np.trace(tensor(x, 2, 2)), *np.diag(tensor(x, 2, np.inf))]),
               np.array([3, *(3 * np.mean(far == c) for c in range(3))]))
