"""Evidence for what holds of estimates of information on any data, (6.46), (6.47) and (6.52) to (6.54)."""

from __future__ import annotations

import numpy as np
from scipy.special import digamma

from refvae.derivations.entropy.common import distances, once
from refvae.derivations.entropy.information import first, harmonic_sum, local, second, variables
from refvae.entropy import (
    conditional_mutual_information,
    exact_conditional_mutual_information,
    exact_local,
    mutual_information,
    total_correlation,
)
from refvae.evidence import Ledger, gap, holds

ledger = Ledger()

METHODS = ("ksg1", "ksg2")


# Only comparisons enter


@ledger.add("6.46", "identity", local, wrong={
    "the entropies": lambda xs, k, method: local(xs, k, "3h"), "the other method": lambda xs, k, method: local(
        xs, k, "ksg2" if method == "ksg1" else "ksg1")})
def increasing_functions_of_the_distances(values, rng):
    """Exact local values from distances d replaced by d^3 / (1 + d^3), which is no metric."""
    xs = variables(rng, 8, (2, 1, 1))
    warped = [1 / (1 + distances(x, norm=np.inf) ** -3) for x in xs]
    want = [[float(exact_local([np.delete(row[i], i) for row in warped], k, method)) for i in range(8)]
            for method in METHODS for k in (1, 3)]
    return gap(np.array([values(xs, k, method) for method in METHODS for k in (1, 3)]), np.array(want))


def relative(xs, k, method):
    """The estimate after every coordinate has been divided by its largest magnitude."""
    return local([x / np.abs(x).max(0) for x in xs], k, method)


@ledger.add("6.46", "law", local, bound=0, wrong={
    "coordinates scaled to 1": relative, "norm of each variable": lambda xs, k, method: local(
        [np.linalg.norm(x, axis=1)[:, None] for x in xs], k, method),
    "points in their order": lambda xs, k, method: local(xs, k, method)[np.argsort(xs[0][:, 0])]})
def not_a_bit_changes(values, rng):
    """Isometries and powers of two of dyadic data, exchange of variables, permuted points: the same bits."""
    xs = [np.round(1024 * x) / 1024 for x in variables(rng)]
    p, cases = rng.permutation(9), []
    for method in METHODS:
        for k in (1, 4):
            want = values(xs, k, method)
            moved = [-xs[0][:, ::-1] + 37, xs[1] - 5.5]
            cases += [values(moved, k, method) == want, values([2.0**70 * x for x in xs], k, method) == want,
                      values(xs[::-1], k, method) == want, values([x[p] for x in xs], k, method) == want[p]]
    return holds(np.concatenate(cases))


# Bounds


BOUND_WRONG = {"psi(n_c) for psi(n_c + 1)": lambda xs, k, method: local(xs, k, method) + len(xs) / k,
               "log n and log k": lambda xs, k, method: local(xs, k, method) + np.log(len(xs[0]) / k) + digamma(
                   k) - digamma(len(xs[0])) + 1 / k}


@ledger.add("6.47", "law", local, bound=0, wrong=BOUND_WRONG | {
    "sign": lambda xs, k, method: -local(xs, k, method) * 2 - 1})
def both_bounds(values, rng):
    """Dependent, nearly equal and opposed data; local values within both bounds, which are in closed form."""
    cases = []
    for xs in (variables(rng, 12), variables(rng, 12, (1, 1, 2)), nearly(rng, 12), opposed(rng, 12)):
        n, q = 12, len(xs)
        for k in (1, 3, 11):
            top = (q - 1) * (harmonic_sum(k, n) - 1 / k)
            bottom = digamma(k) + (q - 1) * digamma(n) - q * digamma(((q - 1) * n + k) / q)
            second = digamma(k) - (q - 1) / k - digamma(n - 1) + (q - 1) / (n - 1)
            cases += [*(values(xs, k, "ksg1") <= top + 1e-13), *(values(xs, k, "ksg1") >= bottom - 1e-13),
                      *(values(xs, k, "ksg2") <= top + 1e-13), *(values(xs, k, "ksg2") >= second - 1e-13)]
    return holds(cases)


def nearly(rng, n):
    """y = x plus very little noise."""
    x = rng.standard_normal((n, 1))
    return [x, x + 1e-9 * rng.standard_normal((n, 1))]


def opposed(rng, n):
    """Two points in the middle of x and at the ends of y, and so on outwards: few points are near in both."""
    x = np.sort(rng.standard_normal((n, 1)), axis=0)
    return [x, np.roll(x, n // 2, axis=0)]


@ledger.add("6.47", "limit", local, bound=1e-12, wrong=BOUND_WRONG)
def attained(values, rng):
    """From above by nearly equal variables; from below at one of five points, n_x = n_y = 2; 0 for k = n - 1."""
    xs = nearly(rng, 12)
    cross = [np.array([[0, 1, -1.2, 5, 6.5]]).T, np.array([[0, 5.1, 6.6, 1.1, -1.3]]).T]
    found = [*(values(xs, 3, method).max() for method in METHODS), values(cross, 1, "ksg1")[0],
             *(1 + np.abs(values(xs, 11, method)).max() for method in METHODS)]
    top, bottom = harmonic_sum(3, 12) - 1 / 3, digamma(1) + digamma(5) - 2 * digamma(3)
    return gap(np.array(found), np.array([top, top, bottom, 1, 1]))


# Given a third variable


def given(x, y, z, k, exclude=0):
    """The estimate of conditional information as a number."""
    return float(conditional_mutual_information(x, y, z, k, exclude=exclude))


def psi_of(inside):
    """The mean of psi(count + 1)."""
    return digamma(inside.sum(1) + 1).mean()


CONDITIONAL_WRONG = {"z forgotten": lambda x, y, z, k: float(mutual_information(x, y, k)),
                     "total correlation": lambda x, y, z, k: float(total_correlation([x, y, z], k)),
                     "I(x; y, z)": lambda x, y, z, k: float(mutual_information(x, np.hstack([y, z]), k))}


@ledger.add("6.52", "identity", given, wrong=CONDITIONAL_WRONG)
def in_rationals_given_z(estimate, rng):
    """Without rounding, three variables of unequal dimensions, also of distances that differ by 1e-7."""
    found, want, samples = [], [], [variables(rng, 8, dims) for dims in ((1, 1, 1), (2, 1, 2))]
    for xs in (*samples, *([np.round(x) + 1e-7 * rng.standard_normal(x.shape) for x in xs] for xs in samples)):
        for k in (1, 3, 7):
            found.append(estimate(*xs, k))
            want.append(float(exact_conditional_mutual_information(*xs, k)))
    return gap(np.array(found), np.array(want))


@ledger.add("6.52", "limit", given, bound=1e-12, wrong={
    "total correlation": CONDITIONAL_WRONG["total correlation"], "I(x; y, z) - I(x; z)": lambda x, y, z, k: float(
        mutual_information(x, np.hstack([y, z]), k)) - float(mutual_information(x, z + 1e-3 * x, k))})
def constant_z_and_copies(estimate, rng):
    """z constant: the first estimate; x = y and z constant: psi(n) - psi(k); x = y = z: 0."""
    x, y = variables(rng)
    found = [estimate(x, y, 0 * y, 3), estimate(y, y, 0 * y, 3), 1 + estimate(y, y, y, 3)]
    return gap(np.array(found), np.array([first([x, y], 3), harmonic_sum(3, 9), 1]))


@ledger.add("6.52", "identity", given, wrong={
    "no window": lambda x, y, z, k, exclude: given(x, y, z, k),
    "window of one more": lambda x, y, z, k, exclude: given(x, y, z, k, exclude + 1)})
def apart_in_time(estimate, rng):
    """Neighbours and counts among the rows outside a window, by comparing all."""
    xs, found, want = variables(rng, 12, (2, 1, 1)), [], []
    spaces = [np.hstack(part) for part in (xs, (xs[0], xs[2]), (xs[1], xs[2]), (xs[2],))]
    for exclude in (1, 2):
        apart = np.abs(np.subtract.outer(np.arange(12), np.arange(12))) > exclude
        joint, *parts = (np.where(apart, distances(space, norm=np.inf), np.inf) for space in spaces)
        within = [psi_of(part < np.sort(joint, axis=1)[:, [2]]) for part in parts]
        found.append(estimate(*xs, 3, exclude))
        want.append(digamma(3) + within[2] - within[0] - within[1])
    return gap(np.array(found), np.array(want))


# No gradient

GRADIENT_WRONG = {"the entropies": lambda xs, k, method: local(xs, k, "3h"),
                  "relative to the spread": lambda xs, k, method: local(xs, k, method) * np.std(xs[0])}


@ledger.add("6.53", "law", local, bound=0, wrong=GRADIENT_WRONG)
def constant_nearby(values, rng):
    """Every coordinate moved by up to a quarter of the smallest difference of two distances from a point: same bits."""
    cases = []
    for xs in (variables(rng, 7), variables(rng, 6, (1, 1, 1))):
        d = np.sort(np.concatenate([distances(x, norm=np.inf) for x in xs], axis=1), axis=1)[:, :-len(xs)]
        step = np.diff(d, axis=1, prepend=0).min() / 4
        moved = [x + rng.uniform(-step, step, x.shape) for x in xs]
        for method in METHODS:
            cases.append(values(moved, 2, method) == values(xs, 2, method))
    return holds(np.concatenate(cases))


@ledger.add("6.53", "limit", local, bound=1e-12, wrong=GRADIENT_WRONG)
def a_jump(values, rng):
    """x = (0, 1, 3), y = (0, t, 5), k = 1: 0, 1/6, ... as t crosses the distances of x, in rationals."""
    found = [values([np.array([[0.0], [1], [3]]), np.array([[0], [t], [5]])], 1, method).mean()
             for method in METHODS for t in (0.5, 0.99, 1.01, 1.5, 2.4)]
    want = [np.mean([float(exact_local(rows, 1, method)) for rows in (
        [(1, 3), (t, 5)], [(1, 2), (t, 5 - t)], [(3, 2), (5, 5 - t)])]) for method in METHODS for t in (
        0.7, 0.7, 1.2, 1.2, 2.3)]
    return gap(np.array(found), np.array(want))


# Without each point


def without_each(xs, k, method):
    """The values without each point, and for three variables those of the conditional information too."""
    return total_correlation(xs, k, method=method).leave_one_out()[0]


def given_without_each(xs, k):
    """Values of the conditional information without each point."""
    return conditional_mutual_information(*xs, k).leave_one_out()[0]


def both_without(xs, k):
    """All of them side by side."""
    return np.concatenate([*(without_each(xs, k, method) for method in METHODS), given_without_each(xs, k)])


JACKKNIFE_WRONG = {
    "neighbours kept": lambda xs, k: np.concatenate([(v.sum() - v) / (len(v) - 1) for v in (
        local(xs, k, "ksg1"), local(xs, k, "ksg2"), conditional_mutual_information(*xs, k).local)]),
    "psi(n) for psi(n - 1)": lambda xs, k: both_without(xs, k) + 1 / (len(xs[0]) - 1),
    "order k + 1": lambda xs, k: both_without(xs, k + 1)}


@once
def anew(xs, k):
    """All estimates from all points but one."""
    rest = [[np.delete(x, j, 0) for x in xs] for j in range(len(xs[0]))]
    return np.array([*(f(part, k) for f in (first, second) for part in rest), *(given(*part, k) for part in rest)])


@ledger.add("6.54", "identity", both_without, wrong=JACKKNIFE_WRONG)
def computed_anew(values, rng):
    """Every point left out and all computed again, in dimensions 1, 2, 1; also near ties, and of whole numbers."""
    xs = variables(rng, 7, (1, 2, 1))
    whole = [[rng.permutation(7)[:, None].astype(float), *(10 * rng.standard_normal((2, 7, 1)))] for _ in range(4)]
    cases = [(xs, 1), (xs, 3), ([np.round(x) + 1e-7 * rng.standard_normal(x.shape) for x in xs], 3),
             *((each, k) for each in whole for k in (1, 2))]
    return gap(np.concatenate([values(*case) for case in cases]), np.concatenate([anew(*case) for case in cases]))


@ledger.add("6.54", "limit", both_without, bound=1e-12, wrong=JACKKNIFE_WRONG)
def of_copies(values, rng):
    """Three copies: twice psi(n - 1) - psi(k), and 2/k less; given one of them 0."""
    x = variables(rng)[1]
    want = 2 * harmonic_sum(2, 8) - np.array([0, 1])
    return gap(values([x, x, x], 2), np.repeat([*want, 0], 9))
