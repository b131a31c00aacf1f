"""Evidence for the permutation test and for variables that are discrete, in part or wholly, (6.65) to (6.68)."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import permutations, product

import numpy as np
from scipy.special import digamma

from refvae.entropy import exact_total_correlation, mutual_information
from refvae.entropy.independence import block_order, p_value
from refvae.entropy.mixed import of_mixture, plug_in, same_label
from refvae.entropy.rational import harmonic
from refvae.evidence import Ledger, gap, holds

ledger = Ledger()

# The test

P_WRONG = {"share of the draws": lambda t, null: float(np.mean(np.asarray(null) >= t)),
           "strictly above": lambda t, null: float((1 + np.sum(np.asarray(null) > t)) / (1 + len(null))),
           "one draw too many": lambda t, null: float((1 + np.sum(np.asarray(null) >= t)) / (2 + len(null)))}


@ledger.add("6.65", "law", p_value, bound=0, wrong={key: P_WRONG[key] for key in ("share of the draws",
                                                                            "strictly above")})
def over_all_outcomes(p, rng):
    """Three rows, two draws: all 6^3 outcomes of g_0, g_1, g_2, for a statistic without ties and one with ties."""
    cases = []
    group, numbers = list(permutations(range(3))), rng.standard_normal(3)
    for statistic in ({g: float(numbers @ np.array([1, 10, 100.0])[list(g)]) for g in group},
                      {g: float(g[0] == 0) for g in group}):
        found = [p(statistic[g[0]], np.array([statistic[tuple(g[0][i] for i in h)] for h in g[1:]]))
                 for g in product(group, repeat=3)]
        cases += [np.sum(np.array(found) <= j / 3 + 1e-12) <= j * 6**3 / 3 for j in range(4)]
    return holds([*cases, min(found) > 0])


@ledger.add("6.65", "identity", p_value, wrong=P_WRONG)
def the_place_among_all(p, rng):
    """By sorting: the place from above of the value, last of its equals, over N + 1."""
    found, want = [], []
    for null in (rng.standard_normal(19), rng.integers(0, 3, 19).astype(float)):
        t = null[4]
        together = sorted([t, *null], reverse=True)
        found.append(p(t, null))
        want.append(float(Fraction(20 - together[::-1].index(t), 20)))
    return gap(np.array(found), np.array(want))


@ledger.add("6.65", "law", block_order, bound=0, wrong={
    "rows": lambda n, size, rng: rng.permutation(n), "blocks turned round": lambda n, size, rng: np.concatenate(
        [block_order(n, size, rng)[:n // size * size].reshape(-1, size)[:, ::-1].ravel(), np.arange(n - n % size, n)]),
    "shifted in a circle": lambda n, size, rng: np.roll(np.arange(n), size * rng.integers(n))})
def blocks_in_all_orders(order, rng):
    """Eleven rows in blocks of 3, 600 draws: blocks whole, the last two rows in place, all 6 orders, each at least 50.

    """
    drawn = np.array([order(11, 3, rng) for _ in range(600)])
    blocks = drawn[:, :9].reshape(-1, 3, 3)
    seen = Counter(map(tuple, blocks[:, :, 0] // 3))
    return holds([(blocks - blocks[:, :, :1] == np.arange(3)).all(), (blocks[:, :, 0] % 3 == 0).all(),
                  (drawn[:, 9:] == [9, 10]).all(), len(seen) == 6, min(seen.values()) >= 50])


# Discrete variables


def labels(rng, n=17):
    """Two dependent labels of three and four kinds."""
    x = rng.integers(0, 3, n)
    return x[:, None].astype(float), ((x + rng.integers(0, 2, n)) % 4)[:, None].astype(float)


counted = lambda x, y: float(plug_in(x, y).mean())
COUNTED_WRONG = {"n missing": lambda x, y: counted(x, y) - np.log(len(x)),
                 "psi": lambda x, y: float(np.mean(counted_with(x, y, digamma))),
                 "of x with itself": lambda x, y: counted(x, x)}


def counted_with(x, y, log):
    """The local values with another function in the place of the logarithm."""
    same = [each == each.T for each in (x, y)]
    n_x, n_y, n_xy = (each.sum(1) for each in (*same, same[0] & same[1]))
    return log(len(x)) + log(n_xy) - log(n_x) - log(n_y)


@ledger.add("6.66", "identity", counted, wrong=COUNTED_WRONG)
def one_rational_number(information, rng):
    """The logarithm over n of the product of n n_xy / (n_x n_y), as a fraction."""
    x, y = labels(rng)
    pairs = list(zip(x[:, 0], y[:, 0], strict=True))
    a, b, both = Counter(x[:, 0]), Counter(y[:, 0]), Counter(pairs)
    exact = Fraction(1)
    for u, v in pairs:
        exact *= Fraction(17 * both[u, v], a[u] * b[v])
    return gap(np.array(information(x, y)), np.array((np.log(float(exact.numerator)) - np.log(
        float(exact.denominator))) / 17))


@ledger.add("6.66", "law", counted, wrong=COUNTED_WRONG)
def of_the_empirical_law(information, rng):
    """Entropies of relative frequencies; 0 for a product; the entropy for copies; labels by other names."""
    entropy = lambda *xs: -sum(c / 17 * np.log(c / 17) for c in Counter(map(tuple, np.hstack(xs))).values())
    x, y = labels(rng)
    grid = np.array(list(product([0.0, 1, 2], [0.0, 1], [0.0, 1])))
    found = [information(x, y), information(y, x), information(x, x), 1 + information(grid[:, :1], grid[:, 1:2]),
             information(np.exp(-x), 9 - y)]
    want = entropy(x) + entropy(y) - entropy(x, y)
    return gap(np.array(found), np.array([want, want, entropy(x), 1, want]))


ross = lambda x, y, k: same_label(x, y, k)
ROSS_WRONG = {"m without the last": lambda x, y, k: ross(x, y, k) + 1 / np.exp(digamma(k)) / len(x),
              "k for all labels": lambda x, y, k: ross(x, y, k) + np.where(
                  (x == x.T).sum(1) <= k, digamma(k) - digamma((x == x.T).sum(1) - 1), 0),
              "psi(n_i - 1)": lambda x, y, k: ross(x, y, k) + 1 / ((x == x.T).sum(1) - 1),
              "log n": lambda x, y, k: ross(x, y, k) + np.log(len(x)) - digamma(len(x))}


@ledger.add("6.67", "identity", ross, wrong=ROSS_WRONG)
def in_rationals(values, rng):
    """Local values through harmonic numbers, by comparisons alone; labels of 2, 4 and 5 rows, k = 1 and 3."""
    x, y = np.array([0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2.0])[rng.permutation(11), None], rng.standard_normal((11, 2))
    d = np.abs(y[:, None] - y).max(2)
    want = []
    for k in (1, 3):
        for i in range(11):
            own = sorted(d[i, j] for j in range(11) if j != i and x[j] == x[i])
            order = min(k, len(own))
            m = sum(d[i, j] <= own[order - 1] for j in range(11) if j != i)
            want.append(float(harmonic(10) - harmonic(len(own)) + harmonic(order - 1) - harmonic(m - 1)))
    return gap(np.concatenate([values(x, y, k) for k in (1, 3)]), np.array(want))


@ledger.add("6.67", "law", ross, wrong=ROSS_WRONG)
def mean_over_all_orders(values, rng):
    """Five rows with labels of 2 and 3, all 120 orders of y: every local value has the mean 0, k = 1, 2, 3."""
    x, y = np.array([0, 1, 1, 0, 1.0])[:, None], rng.standard_normal((5, 1))
    means = [np.mean([values(x, y[list(order)], k) for order in permutations(range(5))], axis=0) for k in (1, 2, 3)]
    return gap(1 + np.array(means), np.ones((3, 5)))


# Mixtures

mixture = lambda x, y, k: of_mixture(x, y, k)
closed = lambda x, y, k: np.array([digamma(k) + np.log(len(x)) - sum(
    np.log(np.sum(np.abs(each - each[i]).max(1) <= np.sort(np.maximum(np.abs(x - x[i]).max(1), np.abs(
        y - y[i]).max(1)))[k])) for each in (x, y)) for i in range(len(x))])
MIXTURE_WRONG = {"closed balls and logarithms": closed, "order k + 1": lambda x, y, k: mixture(x, y, k + 1),
                 "counts everywhere": lambda x, y, k: counted_with(x[:, :1], y[:, :1], np.log)}


@ledger.add("6.68", "identity", mixture, wrong=MIXTURE_WRONG)
def without_ties(values, rng):
    """The exact rational value of (6.41)."""
    x = rng.standard_normal((9, 1))
    y = x + rng.standard_normal((9, 2))
    return gap(np.array([values(x, y, k).mean() for k in (1, 3)]),
               np.array([float(exact_total_correlation([x, y], k)) for k in (1, 3)]))


@ledger.add("6.68", "law", mixture, wrong=MIXTURE_WRONG | {
    "(6.41) everywhere": lambda x, y, k: mutual_information(x + 0.0, y + 0.0, k, ties="jitter", rng=0).local})
def with_labels(values, rng):
    """Pairs of at least 4 rows each by counts; labels far apart by (6.67), k = 3; both in one sample of two parts."""
    pairs = np.repeat([[0, 0], [0, 1], [1, 1.0]], 5, axis=0)
    x, y = rng.permutation(np.repeat([0, 100.0, 250], 5))[:, None], rng.standard_normal((15, 2))
    found = [*values(pairs[:, :1], pairs[:, 1:], 3), *values(x, y, 3)]
    return gap(np.array(found), np.array([*counted_with(pairs[:, :1], pairs[:, 1:], np.log), *same_label(x, y, 3)]))


@ledger.add("6.68", "limit", mixture, bound=1e-12, wrong={key: MIXTURE_WRONG[key] for key in (
    "closed balls and logarithms", "counts everywhere")})
def lattices(values, rng):
    """Corners of a square, -1/3; a lattice of 3 by 4 without two of its points, by loops over pairs, k = 1 and 2."""
    x, y = np.array([[0, 0, 1, 1.0]]).T, np.array([[0, 1, 0, 1.0]]).T
    grid = np.array(list(product([0.0, 1, 3], [0.0, 1, 2, 4])))[1:-1]
    d, want = np.abs(grid[:, None] - grid), []
    for k in (1, 2):
        for own in d:
            rho = np.sort(own.max(1))[k]
            N, N_x, N_y = ((each <= rho).sum() - 1 for each in (own.max(1), own[:, 0], own[:, 1]))
            nearer = [(each < rho).sum() for each in own.T]
            want.append(digamma(10) + (digamma(N) - digamma(N_x + 1) - digamma(N_y + 1) if k < N else digamma(
                k) - digamma(nearer).sum()))
    found = [values(x, y, 1), *(values(grid[:, :1], grid[:, 1:], k) for k in (1, 2))]
    return gap(np.concatenate(found), np.concatenate([np.full(4, -1 / 3), want]))
