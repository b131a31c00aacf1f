"""Evidence for standard errors, (6.20) and (6.21)."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np

from refvae.derivations.entropy.common import once, points, value
from refvae.entropy import knn_entropy
from refvae.entropy.estimate import whitened
from refvae.entropy.jackknife import PART, efron_stein, left_out
from refvae.evidence import Ledger, gap, holds

ledger = Ledger()

VARIANTS = [{"k": 1}, {"k": 3}, {"k": 2, "norm": np.inf}, {"k": 6, "weights": "bsy"},
            {"k": 3, "norm": np.inf, "box": (-60.0, 60.0)}, {"k": 3, "norm": np.inf, "periodic": 200.0},
            {"k": 2, "periodic": 200.0}, {"k": 5, "norm": np.inf, "weights": "bsy", "box": (-60.0, 60.0)},
            {"k": 2, "whiten": True}, {"k": 3, "whiten": True, "norm": np.inf},
            {"k": 6, "whiten": True, "weights": "bsy"}]


def without_each(x, how):
    """The estimate without each point, from one search."""
    return knn_entropy(x, **how).leave_one_out()[0]


def only_own(x, how):
    """Only the term of the point itself left out: its neighbours keep it."""
    e = knn_entropy(x, **how)
    n = len(x)
    return (e.local.sum() - e.local) / (n - 1) - 1 / (n - 1)


def covariance_fixed(x, how):
    """Points whitened once, with the covariance of all."""
    if not how.get("whiten"):
        return without_each(x, how)
    z, log_det = whitened(x)
    return without_each(z, how | {"whiten": False}) + log_det


def no_determinant(x, how):
    """Without the logarithm of the determinant."""
    lost = [whitened(np.delete(x, j, 0))[1] if how.get("whiten") else 0.0 for j in range(len(x))]
    return without_each(x, how) - lost


@once
def anew(x, how):
    """The estimates from all points but one."""
    return np.array([value(np.delete(x, j, 0), **how) for j in range(len(x))])


@ledger.add("6.20", "identity", without_each, wrong={
    "only its own term": only_own, "covariance held fixed": covariance_fixed, "without log det": no_determinant,
    "psi(n) for psi(n - 1)": lambda x, how: without_each(x, how) + 1 / (len(x) - 1),
    "mean over n": lambda x, how: without_each(x, how) * (1 - 1 / len(x))})
def computed_anew(leave_one_out, rng):
    """Every value against the estimate from the others: all variants, d = 1 and n = 4, a last point near to nobody."""
    x = points(rng, 13)
    cases = [(x, how) for how in VARIANTS] + [(x[:4, :1], {"k": 2}), (np.vstack([x[:6], 99 + x[6]]), {"k": 2})]
    found = tuple(leave_one_out(*case) for case in cases)
    return gap(found, tuple(anew(*case) for case in cases))


@ledger.add("6.20", "law", without_each, wrong={
    "only its own term": only_own, "in another order": lambda x, how: without_each(x, how)[::-1]})
def order_and_scale(leave_one_out, rng):
    """Permuting the points permutes the values; doubling them adds d log 2."""
    x, order = points(rng, 13), rng.permutation(13)
    found = [leave_one_out(2 * x[order], {"k": 3})]
    each = np.array([value(np.delete(x, j, 0), 3) for j in range(13)])
    return gap(found[0], each[order] + 3 * np.log(2))


# The inequality


def law_of(f, n, p, values):
    """E of sum_j (f_(-j) - mean)^2 at n points, and Var f at n - 1, over all outcomes of a finite law."""
    def moments(m, g):
        outcomes = list(product(range(len(p)), repeat=m))
        weight = np.array([np.prod(p[list(o)]) for o in outcomes])
        return weight, np.array([g(values[list(o)]) for o in outcomes])

    weight, squares = moments(n, lambda x: f(x, n))
    w, y = moments(n - 1, lambda x: f(x, None))
    return weight @ squares, w @ (y - w @ y) ** 2


def sums_of_squares(se, statistic):
    """The statistic at n - 1 points (None), or the squared error from all subsets of n - 1."""
    def f(x, n):
        if n is None:
            return statistic(x)
        return se(np.array([statistic(np.delete(x, j)) for j in range(n)])) ** 2

    return f


STATISTICS = {"mean log gap": lambda x: np.mean([np.log(0.1 + abs(a - b)) for a, b in combinations(x, 2)]),
              "largest": np.max, "variance": np.var}
SE_WRONG = {"(n - 1) / n": lambda v: efron_stein(v) * np.sqrt(1 - 1 / len(v)),
            "error of a mean": lambda v: v.std(ddof=1) / np.sqrt(len(v)),
            "without centring": lambda v: np.sqrt(np.sum(v * v))}


@ledger.add("6.21", "identity", efron_stein, wrong=SE_WRONG)
def equality_for_sums(se, rng):
    """For a sum of functions of single points the mean square is the variance, exactly, over all outcomes."""
    p, values, g = rng.dirichlet(np.ones(3)), rng.standard_normal(3), rng.standard_normal(3)
    table = dict(zip(values, g, strict=True))
    found, want = law_of(sums_of_squares(se, lambda x: 2 + sum(table[each] for each in x)), 4, p, values)
    return gap(np.array(found), np.array(want))


@ledger.add("6.21", "law", efron_stein, wrong={"error of a mean": SE_WRONG["error of a mean"],
                                              "half": lambda v: efron_stein(v) / 2,
                                              "median for the mean": lambda v: np.sqrt(
                                                  np.median((v - v.mean()) ** 2))}, bound=0)
def at_least_the_variance(se, rng):
    """Three symmetric statistics that are no sums, over all outcomes of a law on three points, n = 4."""
    p, values = rng.dirichlet(np.ones(3)), rng.standard_normal(3)
    pairs = [law_of(sums_of_squares(se, f), 4, p, values) for f in STATISTICS.values()]
    return holds([found > want for found, want in pairs])


@ledger.add("6.21", "identity", efron_stein, wrong=SE_WRONG)
def each_size_counted_by_itself(se, rng):
    """A product of centred functions of all pairs has components of size 2 only: twice the variance."""
    p = rng.dirichlet(np.ones(3))
    values = rng.standard_normal(3)
    values = values - p @ values
    pair_sum = lambda x: sum(a * b for a, b in combinations(x, 2))
    found, want = law_of(sums_of_squares(se, pair_sum), 5, p, values)
    return gap(np.array(found), np.array(2 * want))


# Some of the points


def part_of(se, statistic, rows):
    """The squared error from the values without these points."""
    def f(x, n):
        if n is None:
            return 0.0
        return se(np.array([statistic(np.delete(x, j)) for j in rows]), n) ** 2

    return f


PART_WRONG = {"not scaled up": lambda v, n: efron_stein(v), "n / b": lambda v, n: efron_stein(v) * np.sqrt(n / len(v)),
              "without centring": lambda v, n: np.sqrt((n - 1) / (len(v) - 1) * np.sum(v * v))}


@ledger.add("6.21a", "limit", lambda v, n: efron_stein(v, sizes=[n]), bound=1e-12, wrong=PART_WRONG | {
    "sign": lambda v, n: -efron_stein(v, sizes=[n])})
def two_of_five(se, rng):
    """Two values of distance 2, of five points: the root of 4 times their variance 2."""
    c = rng.standard_normal()
    return gap(np.array(se(np.array([c, c + 2]), 5)), np.array(np.sqrt(8)))


@ledger.add("6.21a", "identity", lambda v, n: efron_stein(v, sizes=[n]), wrong=PART_WRONG)
def any_part_has_the_same_mean(se, rng):
    """Over all outcomes of a law on three points, n = 4: two or three points left out against all four."""
    p, values, found, want = rng.dirichlet(np.ones(3)), rng.standard_normal(3), [], []
    for f in STATISTICS.values():
        all_of_them = law_of(sums_of_squares(efron_stein, f), 4, p, values)[0]
        for rows in ((0, 1), (1, 3), (0, 2, 3), range(4)):
            found.append(law_of(part_of(se, f, rows), 4, p, values)[0])
            want.append(all_of_them)
    return gap(np.array(found), np.array(want))


@ledger.add("6.21a", "law", left_out, bound=0, wrong={
    "the first ones": lambda n: np.arange(min(n, PART)), "every tenth": lambda n: np.arange(0, n, 10),
    "with repetition": lambda n: np.linspace(0, n - 1, PART).astype(int)})
def evenly_spaced(rows, rng):
    """All of up to 200; of more 200 different ones, from first to last, with gaps that differ by one at most."""
    cases = []
    for n in (2, 13, PART, PART + 1, 1000, 12345):
        found = rows(n)
        gaps = np.diff(found)
        cases += [len(found) == min(n, PART), found[0] == 0, found[-1] == n - 1, gaps.min() >= 1,
                  gaps.max() <= gaps.min() + 1]
    return holds(cases)
