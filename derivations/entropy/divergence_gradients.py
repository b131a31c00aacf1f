"""Evidence for gradients and standard errors of divergences, and for a known reference, (6.35) to (6.37)."""

from __future__ import annotations

from functools import partial
from itertools import product

import numpy as np
from scipy import stats

from refvae.derivations.entropy.common import distances, once, points, value
from refvae.derivations.entropy.divergences import cross, divergence, two_samples
from refvae.entropy import (
    kl_to_normal,
    knn_cross_entropy,
    knn_cross_entropy_layer,
    knn_divergence,
    knn_divergence_layer,
    knn_entropy,
    neighbours,
)
from refvae.evidence import Ledger, gap, holds, spoiled
from refvae.trees import witnesses

ledger = Ledger()

# Gradients


def arguments(rng, norm=2):
    """Random arguments of the layer of the divergence."""
    x, y = two_samples(rng)
    return x, y, neighbours(witnesses(x), 3, norm=norm).idx, neighbours(
        witnesses(x), 3, among=witnesses(y), norm=norm).idx


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
    "sign of y": spoiled(knn_cross_entropy_layer, lambda d: (d[0], -d[1], None)),
    "rows of y in another order": spoiled(knn_cross_entropy_layer, lambda d: (d[0], d[1][::-1], None))})


@ledger.add("6.35", "law", knn_divergence_layer, exact=True, wrong=GRADIENT_WRONG)
def sums_and_virial(layer, rng):
    """Sum 0, trace 0, symmetric, k = 3, relative to the summed absolute terms."""
    x, y, idx, idx_y = arguments(rng)
    dx, dy, _, _ = layer(x, y, idx, idx_y)[1](1.0)
    z, dz = np.vstack([x, y]), np.vstack([dx, dy])
    T, size = z.T @ dz, np.abs(z).T @ np.abs(dz)
    return gap(1 + np.r_[dz.sum(0) / np.abs(dz).sum(), np.trace(T) / np.trace(size),
                         (T - T.T)[np.triu_indices(3, 1)] / size[np.triu_indices(3, 1)]], np.ones(7))


@ledger.add("6.35", "identity", knn_divergence_layer, exact=True, wrong=GRADIENT_WRONG)
def edge_by_edge(layer, rng):
    """The formula, point by point, d = 3, n = 7."""
    x, y, idx, idx_y = arguments(rng)
    dx, dy, t = 0 * x, 0 * y, rng.standard_normal()
    for i in range(7):
        own, far = x[i] - x[idx[i, 2]], x[i] - y[idx_y[i, 2]]
        own, far = 3 * t * own / (7 * (own @ own)), 3 * t * far / (7 * (far @ far))
        dx[i] += far - own
        dx[idx[i, 2]] += own
        dy[idx_y[i, 2]] -= far
    return gap(layer(x, y, idx, idx_y)[1](t)[:2], (dx, dy))


@ledger.add("6.35", "limit", knn_divergence_layer, bound=1e-9, wrong=GRADIENT_WRONG)
def differences_that_search_anew(layer, rng):
    """Central differences of the estimate, order 8, on samples whose radii of orders 2 to 4 are apart by 1e-3."""
    x, y = two_samples(rng, 5, 6, 2)
    while not all((np.diff(np.sort(d, axis=1)[:, 1:4]) > 1e-3).all() for d in (distances(x), distances(x, y))):
        x, y = two_samples(rng, 5, 6, 2)
    z, steps = np.vstack([x, y]), 1e-5 * np.arange(1, 5)
    weights = np.array([8 / 5, -2 / 5, 8 / 105, -1 / 140]) / 2e-5
    g = np.zeros_like(z)
    for entry in np.ndindex(z.shape):
        e = np.zeros_like(z)
        e[entry] = 1
        at = lambda h, e=e: divergence(*np.split(z + h * e, [5]), 3)
        g[entry] = weights @ np.array([at(h) - at(-h) for h in steps])
    idx, idx_y = neighbours(x, 3).idx, neighbours(x, 3, among=y).idx
    return gap(np.vstack(layer(x, y, idx, idx_y)[1](1.0)[:2]), g)


# Normal law, standard errors


@ledger.add("6.36", "identity", lambda z, k: float(kl_to_normal(z, k)), wrong={
    "half of log 2 pi missing": lambda z, k: float(kl_to_normal(z, k)) - np.log(2 * np.pi),
    "variance for mean square": lambda z, k: float(kl_to_normal(z, k)) - (z.mean(0) ** 2).sum() / 2,
    "entropy alone": lambda z, k: np.log(2 * np.pi * np.e) * 1.5 - value(z, k)})
def from_scipy(estimate, rng):
    """The mean of SciPy's -log density less the entropy; for standardised codes d/2 log 2 pi e less the entropy."""
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


def normal_without_each(z, how):
    """The divergence from the normal law without each point."""
    return kl_to_normal(z, **how).leave_one_out()[0]


def with_sign(sign, z, how):
    """The mean energy of the others, and the entropy without each point with a factor."""
    entropy = knn_entropy(z, **how).leave_one_out()[0]
    return normal_without_each(z, how) + (1 + sign) * entropy


@ledger.add("6.37", "identity", normal_without_each, wrong={
    "sign of the entropy": partial(with_sign, 1), "without the entropy": partial(with_sign, 0),
    "energy of all": lambda z, how: float(kl_to_normal(z, **how)) + knn_entropy(z, **how).value - knn_entropy(
        z, **how).leave_one_out()[0]})
def normal_computed_anew(leave_one_out, rng):
    """The known reference: every value against the estimate from the other codes, plain, whitened, weighted."""
    z = points(rng, 11)
    hows = [{"k": 1}, {"k": 3, "norm": np.inf}, {"k": 2, "whiten": True}, {"k": 6, "weights": "bsy"}]
    return gap(tuple(leave_one_out(z, how) for how in hows), tuple(
        np.array([float(kl_to_normal(np.delete(z, j, 0), **how)) for j in range(11)]) for how in hows))


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


# The naive error


NAIVE_WRONG = {"of x alone": lambda e: e.local.std(ddof=1) / np.sqrt(len(e.local)),
               "of y alone": lambda e: np.sqrt(np.sum((e.leave_one_out()[1] - e.leave_one_out()[1].mean()) ** 2)),
               "errors added": lambda e: NAIVE_WRONG["of x alone"](e) + NAIVE_WRONG["of y alone"](e)}


@ledger.add("6.37a", "identity", lambda e: e.naive_se, wrong=NAIVE_WRONG)
def both_parts(se, rng):
    """Divergence and cross-entropy: the mean square over pairs of local values, and values without each y anew."""
    x, y = two_samples(rng)
    found, want = [], []
    for estimate in (knn_divergence, knn_cross_entropy):
        e = estimate(x, y, 2)
        pairs = np.mean([(a - b) ** 2 for a, b in product(e.local, repeat=2)]) / 2 * 7 / 6 / 7
        anew = np.array([float(estimate(x, np.delete(y, j, 0), 2)) for j in range(8)])
        found.append(se(e))
        want.append(np.sqrt(pairs + 8 * anew.var()))
    return gap(np.array(found), np.array(want))


def draws(points, size):
    """All samples of so many of these points on the line."""
    return [points[list(o)][:, None] for o in product(range(len(points)), repeat=size)]


@once
def estimates(a, b, size):
    """Cross-entropies from all samples of two points of a and so many of b."""
    return [[knn_cross_entropy(x, y, 1) for y in draws(b, size)] for x in draws(a, 2)]


@ledger.add("6.37a", "law", lambda e: e.naive_se, bound=0, wrong={key: NAIVE_WRONG[key] for key in (
    "of x alone", "of y alone")})
def over_all_outcomes(se, rng):
    """Two points of x and three of y from finite laws: the equation, and the inequality, with x scarce and y scarce."""
    cases = []
    for spread in (1.0, 0.1):
        a, b = np.array([0.0, spread, 2.2 * spread]), np.array([5.0, 5 + 1 / spread, 5 + 3 / spread])
        p, q = rng.dirichlet(np.full(3, 5.0), 2)
        weight = lambda law, size: np.array([np.prod(law[list(o)]) for o in product(range(3), repeat=size)])
        found = [[(e.value, e.local.var(ddof=1) / 2) for e in row] for row in estimates(a, b, 2)]
        value, square = np.moveaxis(found, 2, 0)
        extra = np.array([[se(e) ** 2 - e.local.var(ddof=1) / 2 for e in row] for row in estimates(a, b, 3)])
        u, v, w = weight(p, 2), weight(q, 2), weight(q, 3)
        given = u @ value
        within, between = u @ square @ v, (given - v @ given) ** 2 @ v
        variance = u @ (value - u @ value @ v) ** 2 @ v
        cases += [abs(variance - within - between) < 1e-12 * variance, variance <= within + u @ extra @ w]
    return holds(cases)
