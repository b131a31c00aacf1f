"""Evidence for columns of one scale, scores of ranks and rounding undone, (6.61) to (6.63)."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from math import gcd

import numpy as np
from scipy import stats

from refvae.derivations.entropy.common import points, value
from refvae.derivations.entropy.information import variables
from refvae.derivations.entropy.permutation import orders
from refvae.entropy import (
    conditional_mutual_information,
    total_correlation,
)
from refvae.entropy.columns import scores, standardised
from refvae.entropy.ties import last_place, unrounded
from refvae.evidence import Ledger, entrywise, gap, holds

ledger = Ledger()

# Standardised columns

scaled = lambda x, k, **how: value(x, k, standardise=True, **how)
SCALED_WRONG = {"without the determinant": lambda x, k, **how: value((x - x.mean(0)) / x.std(0), k, **how),
                "as it is": value, "by the largest deviation": lambda x, k, **how: value(
                    x / x.std(), k, **how) + np.log(x.std())}


@ledger.add("6.61", "law", scaled, wrong=SCALED_WRONG)
def under_separate_scalings(estimate, rng):
    """Columns times numbers of both signs, and moved: the logarithms of the numbers are added, both norms."""
    x, c = points(rng, 11), np.array([-3.7, 0.02, 41.0])
    cases = [(1, 2), (3, np.inf)]
    return gap(np.array([estimate(x * c + 5, k, norm=norm) for k, norm in cases]),
               np.array([estimate(x, k, norm=norm) + np.log(np.abs(c)).sum() for k, norm in cases]))


@ledger.add("6.61", "identity", scaled, wrong={
    **SCALED_WRONG, "n - 1 for n": lambda x, k, **how: value(x / x.std(0, ddof=1), k, **how) + np.log(x.std(0)).sum()})
def by_the_deviations(estimate, rng):
    """Standard deviations through all pairs, sum of their logarithms."""
    x = points(rng, 11)
    sigma = np.sqrt(np.array([((c[:, None] - c) ** 2).sum() for c in x.T]) / 2) / 11
    return gap(np.array([estimate(x, k) for k in (1, 4)]),
               np.array([value(x / sigma, k) + np.log(sigma).sum() for k in (1, 4)]))


@ledger.add("6.61", "identity", lambda x: standardised(x), wrong={
    "n - 1 for n": lambda x: (stats.zscore(x, ddof=1), np.log(x.std(0, ddof=1)).sum()),
    "sign": lambda x: (-standardised(x)[0], standardised(x)[1]),
    "by rows": lambda x: (stats.zscore(x, axis=1), standardised(x)[1])})
def scores_of_scipy(columns, rng):
    """Its z-scores, and the logarithm of the product of its deviations."""
    x = points(rng, 11)
    z, log_det = columns(x)
    return gap((z, np.array(log_det)), (stats.zscore(x), np.array(np.log(np.prod(np.std(x, axis=0))))))


def informations(xs, k, **how):
    """All estimates of information side by side."""
    return np.concatenate([*(total_correlation(xs, k, method=m, **how).local for m in ("ksg1", "ksg2", "3h")),
                           conditional_mutual_information(*xs, k, **how).local])


@ledger.add("6.61", "law", partial(informations, standardise=True), wrong={
    "as they are": informations, "each variable by one number": lambda xs, k: informations(
        [x / x.std() for x in xs], k)})
def units_do_not_matter(values, rng):
    """Every column of three variables in another unit, and moved: the same local values."""
    xs = variables(rng, 9, (2, 1, 1))
    moved = [x * np.exp(3 * rng.standard_normal(x.shape[1])) - 7 for x in xs]
    return gap(np.array([values(moved, k) for k in (1, 4)]), np.array([values(xs, k) for k in (1, 4)]))


def over_all_orders(estimate, rng):
    """The mean over all orders, plus 1, for both counting estimates: two variables of 4 points, three of 3."""
    means = []
    for n, k, dims in ((4, 2, (2, 1)), (3, 1, (1, 2, 1))):
        xs = [np.exp(2 * d * rng.standard_normal((n, d))) for d in dims]
        means += [np.mean([estimate(each, k, m) for each in orders(xs)]) for m in ("ksg1", "ksg2")]
    return gap(1 + np.array(means), np.ones(4))


def total(xs, k, method, **how):
    """The total correlation as a number."""
    return float(total_correlation(xs, k, method=method, **how))


ledger.add("6.61", "law", partial(total, standardise=True), wrong={
    "three entropies": lambda xs, k, m: total(xs, k, "3h", standardise=True),
    "second variable alone by its rows": lambda xs, k, m: total([xs[0], xs[1] + xs[0][:, :1], *xs[2:]], k, m)})(
        over_all_orders)

# Scores of ranks


ledger.add("6.62", "law", partial(total, ranks=True), wrong={
    "one offset for all columns": lambda xs, k, m: total([scores(x) for x in xs], k, m),
    "ranks": lambda xs, k, m: total([stats.rankdata(x, axis=0) for x in xs], k, m)})(over_all_orders)


@ledger.add("6.62", "identity", partial(total, method="3h", ranks=True), wrong={
    "one offset for all columns": lambda xs, k: total([scores(x) for x in xs], k, "3h"),
    "columns numbered from 1": lambda xs, k: total([scores(x, 1 + sum(y.shape[1] for y in xs[:i]))
                                                    for i, x in enumerate(xs)], k, "3h")})
def columns_numbered_throughout(estimate, rng):
    """The difference of entropies, which every offset changes: scores of all columns side by side, divided again."""
    xs = variables(rng, 9, (2, 1, 1))
    together = scores(np.hstack(xs))
    return gap(np.array([estimate(xs, k) for k in (1, 3)]),
               np.array([total([together[:, :2], together[:, 2:3], together[:, 3:]], k, "3h") for k in (1, 3)]))


@ledger.add("6.62", "law", partial(informations, ranks=True), bound=0, wrong={
    "as they are": informations, "standardised": partial(informations, standardise=True)})
def increasing_maps(values, rng):
    """Exponentials and cubes of the columns: the same bits."""
    xs = variables(rng, 9, (2, 1, 1))
    return holds(np.concatenate([values([f(x) for f, x in zip((np.exp, lambda x: x**3, np.arctan), xs, strict=True)],
                                        k) == values(xs, k) for k in (1, 3)]))


@ledger.add("6.62", "identity", scores, wrong={
    "one offset for all columns": lambda x, first: np.column_stack([scores(c[:, None], first) for c in x.T]),
    "descending": lambda x, first: scores(-x, first), "n + 1 for n": lambda x, first: stats.norm.ppf(
        stats.rankdata(x, axis=0) / (len(x) + 1))})
def by_counting(scored, rng):
    """SciPy's quantiles at the number of not larger ones less a third of 1 plus the part of 1.618... c after the point.

    """
    x = points(rng, 8)
    places = np.array([[np.sum(column <= v) for v in column] for column in x.T]).T
    part = np.array([(c * (1 + np.sqrt(5)) / 2) % 1 for c in (3, 4, 5)])
    return gap(scored(x, 2), stats.norm.ppf((places - (1 + part) / 3) / 8))


# Rounding undone


def rounded(rng):
    """Columns of tenths, of halves, of multiples of 20, of thousandths."""
    x = rng.standard_normal((40, 4)) * [1, 3, 100, 1]
    return np.column_stack([np.round(x[:, 0], 1), np.round(2 * x[:, 1]) / 2, 20 * np.round(x[:, 2] / 20),
                            np.round(x[:, 3], 3)])


@ledger.add("6.63", "identity", lambda x: [last_place(c) for c in x.T], wrong={
    "decimals alone": lambda x: [0.1, 0.1, 1.0, 0.001], "least difference": lambda x: [
        np.diff(np.unique(np.append(c, c[0] + 0.35))).min() for c in x.T]})
def in_rationals(units, rng):
    """The greatest common divisor of all differences as decimal fractions, up to 10^5; 0 for unrounded and constant."""
    x = rounded(rng)
    found, want = list(units(x)), []
    for column in x.T:
        exact = [Fraction(repr(float(v))) for v in column]
        top = np.lcm.reduce([v.denominator for v in exact])
        want.append(gcd(*(int((v - exact[0]) * int(top)) for v in exact)) / top)
    rest = np.column_stack([rng.standard_normal(40), np.full(40, 0.3), 1e5 * np.arange(40)])
    return entrywise(np.array([*found, *(1 + u for u in map(last_place, rest.T))]), np.array([*want, 1, 1, 1 + 1e5]))


@ledger.add("6.63", "law", unrounded, bound=0, wrong={
    "twice as wide": lambda x, rng: 2 * unrounded(x, rng) - x, "infinitesimal": lambda x, rng: x + 1e-9 * (
        unrounded(x, rng) - x), "one width for all": lambda x, rng: x + rng.random(x.shape) - 0.5})
def nothing_is_lost(moved, rng):
    """Rounding to the lattice gives the numbers back; the noise fills more than nine tenths of a cell."""
    x, units = rounded(rng), np.array([0.1, 0.5, 20, 0.001])
    noise = (moved(x, rng) - x) / units
    return holds([*(np.rint(noise) == 0).ravel(), *(np.ptp(noise, axis=0) > 0.9)])


@ledger.add("6.63", "limit", lambda x, rng: unrounded(x, rng), bound=1e-12, wrong={
    "from 0 to 1": lambda x, rng: x + 0.5 * rng.random(x.shape), "none": lambda x, rng: x})
def two_cells(moved, rng):
    """Numbers on a lattice of 1/2, noise of the generator itself."""
    x = np.array([[0.0], [0.5], [3.5], [1.0]])
    return gap(moved(x, np.random.default_rng(7)), x + 0.5 * (np.random.default_rng(7).random((4, 1)) - 0.5))
