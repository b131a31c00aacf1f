"""Evidence for standard errors, (6.20) and (6.21)."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np

from refvae.derivations.entropy.common import points, value
from refvae.entropy import knn_entropy
from refvae.entropy.jackknife import efron_stein
from refvae.evidence import Ledger, gap, holds

ledger = Ledger()

VARIANTS = [{"k": 1}, {"k": 3}, {"k": 2, "norm": np.inf}, {"k": 6, "weights": "bsy"},
            {"k": 3, "norm": np.inf, "box": (-60.0, 60.0)}, {"k": 3, "norm": np.inf, "periodic": 200.0},
            {"k": 2, "periodic": 200.0}, {"k": 5, "norm": np.inf, "weights": "bsy", "box": (-60.0, 60.0)}]


def without_each(x, how):
    """The estimate without each point, from one search."""
    return knn_entropy(x, **how).leave_one_out()[0]


def only_own(x, how):
    """Only the term of the point itself left out: its neighbours keep it."""
    e = knn_entropy(x, **how)
    n = len(x)
    return (e.local.sum() - e.local) / (n - 1) - 1 / (n - 1)


@ledger.add("6.20", "identity", without_each, wrong={
    "only its own term": only_own,
    "psi(n) for psi(n - 1)": lambda x, how: without_each(x, how) + 1 / (len(x) - 1),
    "mean over n": lambda x, how: without_each(x, how) * (1 - 1 / len(x))})
def computed_anew(leave_one_out, rng):
    """Every value against the estimate from the other points: all variants, and d = 1, n = 4, k = 2."""
    x = points(rng, 13)
    found = [leave_one_out(x, how) for how in VARIANTS] + [leave_one_out(x[:4, :1], {"k": 2})]
    want = [np.array([value(np.delete(x, j, 0), **how) for j in range(13)]) for how in VARIANTS]
    return gap(tuple(found), (*want, np.array([value(np.delete(x[:4, :1], j, 0), 2) for j in range(4)])))


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
                                              "half": lambda v: efron_stein(v) / 2}, bound=0)
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
