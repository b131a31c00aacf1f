"""Evidence for weights over the orders, (6.22) and (6.23)."""

from __future__ import annotations

import numpy as np
from scipy import special

from refvae.derivations.entropy.common import points, value
from refvae.derivations.entropy.motions import rotation
from refvae.entropy import bsy_weights
from refvae.entropy.weights import amplification
from refvae.evidence import Ledger, gap, holds

ledger = Ledger()

CASES = [(4, 4), (9, 4), (30, 4), (12, 5), (24, 8), (30, 9), (60, 12)]


def weighted(x, k, **how):
    """The weighted estimate."""
    return value(x, k, weights="bsy", **how)


def unnormalised(x, k, **how):
    """Weights of sum 1.1."""
    return weighted(x, k, **how) * 1.1


@ledger.add("6.22", "law", weighted, wrong={"sum 1.1": unnormalised, "noise of fixed size": lambda x, k: weighted(
    x + 1e-3 * np.sin(1e3 * x), k)})
def motions(estimate, rng):
    """Rotation, translation and scaling of the weighted estimate."""
    x = points(rng, 20, 5)
    return gap(np.array([estimate(2.5 * x @ rotation(rng, 5) + 1, 10), estimate(-x[::-1], 10)]),
               np.array([estimate(x, 10) + 5 * np.log(2.5), estimate(x, 10)]))


@ledger.add("6.22", "identity", weighted, wrong={"sum 1.1": unnormalised, "equal weights": lambda x, k, **how: np.mean(
    [value(x, j, **how) for j in range(1, k + 1)])})
def sum_of_the_plain_ones(estimate, rng):
    """The weighted sum of plain estimates, for both norms, and in a box."""
    x, w = points(rng, 20, 5), bsy_weights(10, 5)
    variants = [{}, {"norm": np.inf}, {"norm": np.inf, "box": (x.min() - 1, x.max() + 1)}]
    return gap(np.array([estimate(x, 10, **how) for how in variants]),
               np.array([sum(w[j] * value(x, j + 1, **how) for j in np.flatnonzero(w)) for how in variants]))


# The conditions

WEIGHTS_WRONG = {"1/d for 2/d": lambda k, d: _variant(k, d, 1),
                 "all orders": lambda k, d: _variant(k, d, 2, every=True),
                 "plain": lambda k, d: np.eye(k)[-1], "not of sum 1": lambda k, d: 2 * bsy_weights(k, d)}


def _variant(k, d, power, every=False):
    """The weights with another power of the mass, or on all orders."""
    q = np.arange(1, k + 1) if every else np.arange(1, d + 1) * k // d
    s = power * np.arange(d // 4 + 1)[:, None] / d
    w = np.zeros(k)
    rows = np.exp(special.gammaln(q + s) - special.gammaln(q))
    w[q - 1] = np.linalg.lstsq(rows, np.eye(len(s))[0], rcond=None)[0]
    return w


def conditions(k, d):
    """The matrix of the conditions on all k orders, rows of length 1; its right side."""
    q, s = np.arange(1, k + 1), 2 * np.arange(d // 4 + 1)[:, None] / d
    rows = special.poch(q, s)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True), np.eye(len(s))[0] / np.linalg.norm(rows[0])


@ledger.add("6.23", "law", bsy_weights, wrong=WEIGHTS_WRONG)
def conditions_and_support(weights, rng):
    """The conditions with Pochhammer's symbol, relative to the terms; nothing off the support."""
    found, want = [], []
    for k, d in CASES:
        w, (rows, right) = weights(k, d), conditions(k, d)
        off = np.setdiff1d(np.arange(1, k + 1), [k * j // d for j in range(1, d + 1)])
        found += [(rows @ w - right) / (np.abs(rows) @ np.abs(w)) + 1, w[off - 1]]
        want += [np.ones(len(right)), np.zeros(len(off))]
    return gap(np.concatenate(found), np.concatenate(want))


@ledger.add("6.23", "identity", bsy_weights, bound=1e-9, wrong=WEIGHTS_WRONG | {
    "another solution": lambda k, d: _other_solution(k, d)})
def least_sum_of_squares(weights, rng):
    """Lagrange's condition: on the support the weights are in the span of the rows. At the conditioning of the rows."""
    found, want = [], []
    for k, d in CASES:
        support = np.arange(1, d + 1) * k // d - 1
        rows, right = conditions(k, d)
        basis = np.linalg.qr(rows[:, support].T)[0]
        w = weights(k, d)
        found.append(np.r_[w[support], rows[0] @ w])
        want.append(np.r_[basis @ (basis.T @ w[support]), right[0]])
        found.append(w[support])
        want.append(np.linalg.pinv(rows[:, support]) @ right)
    return gap(np.concatenate(found), np.concatenate(want))


def _other_solution(k, d):
    """The weights plus a direction that the conditions do not see."""
    support = np.arange(1, d + 1) * k // d - 1
    w = bsy_weights(k, d)
    null = np.linalg.svd(conditions(k, d)[0][:, support])[2][-1]
    w[support] += null
    return w


@ledger.add("6.23", "limit", bsy_weights, bound=1e-12, wrong={
    "plain": WEIGHTS_WRONG["plain"], "1/d for 2/d in d = 4": lambda k, d: _variant(k, d, 1)})
def small_dimensions(weights, rng):
    """d = 1: the plain estimate; d = 3: equal thirds; d = 4, k = 4: in closed form, through Gamma(q + 1/2)."""
    c = np.array([1 / 2, 3 / 4, 15 / 16, 35 / 32])  # Gamma(q + 1/2) / Gamma(q), over the square root of pi
    A = np.stack([np.ones(4), c])
    exact = A.T @ np.linalg.solve(A @ A.T, [1, 0])
    return gap((weights(3, 1), weights(9, 3)[[2, 5, 8]], weights(4, 4)),
               (np.array([0, 0, 1.0]), np.full(3, 1 / 3), exact))


@ledger.add("6.23", "law", bsy_weights, bound=0, wrong={
    key: WEIGHTS_WRONG[key] for key in ("1/d for 2/d", "plain")})
def terms_of_the_bias_vanish(weights, rng):
    """The weighted mean of E P^{2l/d} over Beta(q, n - q) is 0 to rounding, for l up to d/4 and any n."""
    cases = []
    for k, d in CASES:
        w, q = weights(k, d), np.arange(1, k + 1)
        for n in (k + 1, 1000):
            for power in range(1, d // 4 + 1):
                s = 2 * power / d
                terms = w * np.exp(special.betaln(q + s, n - q) - special.betaln(q, n - q))
                cases.append(abs(terms.sum()) < 1e-10 * np.abs(terms).sum())
    return holds(cases)


# Variance

AMPLIFICATION_WRONG = {"root of the sum of squares": np.linalg.norm, "the largest": lambda w: np.abs(w).max(),
                       "the sum": np.sum}


@ledger.add("6.23a", "law", amplification, bound=0, wrong={
    key: AMPLIFICATION_WRONG[key] for key in ("root of the sum of squares", "the largest")})
def deviation_of_a_finite_law(most, rng):
    """Twelve equally likely samples of unequal scales, d = 3 and 5: deviation against the largest plain one."""
    cases = []
    for d, k in ((3, 6), (5, 10)):
        samples = [np.exp(rng.standard_normal()) * points(rng, 20, d) for _ in range(12)]
        orders = np.flatnonzero(bsy_weights(k, d)) + 1
        plain = max(np.std([value(x, q) for x in samples]) for q in orders)
        cases.append(np.std([weighted(x, k) for x in samples]) <= most(bsy_weights(k, d)) * plain)
    return holds(cases)


@ledger.add("6.23a", "identity", amplification, wrong=AMPLIFICATION_WRONG)
def equality(most, rng):
    """One sample at many scales, d = 3; and estimates that differ in sign alone as the weights do, d = 5, 8, 10."""
    x, scales = points(rng, 12), np.exp(rng.standard_normal(7))
    found = [most(bsy_weights(6, 3))]
    want = [np.std([weighted(s * x, 6) for s in scales]) / (3 * np.std(np.log(scales)))]
    for k, d in ((10, 5), (24, 8), (30, 10)):
        w, s = bsy_weights(k, d), rng.standard_normal(50)
        found.append(most(w))
        want.append(np.std((np.sign(w) * s[:, None]) @ w) / np.std(s))
    return gap(np.array(found), np.array(want))
