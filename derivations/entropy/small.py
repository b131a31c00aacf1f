"""Evidence for samples whose estimate is known exactly, and for inequalities, (6.14) to (6.17)."""

from __future__ import annotations

import numpy as np
from scipy import special

from refvae.derivations.entropy.common import distances, points, radii, shifted, value
from refvae.derivations.entropy.gradients import EDGE_WRONG, gradients
from refvae.entropy import knn_entropy, knn_entropy_layer, log_ball_volume, neighbours
from refvae.evidence import Ledger, gap, holds

ledger = Ledger()

CONSTANT_WRONG = {"log(n - 1)": shifted(lambda n, k, d: np.log(n - 1) - special.digamma(n)),
                  "diameter for radius": shifted(lambda n, k, d: d * np.log(2)),
                  "order k + 1 for k": shifted(lambda n, k, d: -1 / k)}


@ledger.add("6.14", "identity", value, wrong=CONSTANT_WRONG)
def two_points_and_simplex(estimate, rng):
    """Two points in both norms; a simplex of side r in six dimensions, all orders."""
    x, r = rng.standard_normal((2, 3)), 0.7
    simplex = r / np.sqrt(2) * np.eye(6)
    found = [estimate(x, 1), estimate(x, 1, norm=np.inf), *(estimate(simplex, k) for k in range(1, 6))]
    want = [1 + np.log(4 / 3 * np.pi) + 3 * np.log(np.linalg.norm(x[0] - x[1])),
            1 + np.log(8) + 3 * np.log(np.abs(x[0] - x[1]).max()),
            *(sum(1 / np.arange(k, 6)) + np.log(np.pi**3 / 6) + 6 * np.log(r) for k in range(1, 6))]
    return gap(np.array(found), np.array(want))


@ledger.add("6.14", "law", lambda x, k, **how: neighbours(x, k, **how).rho, wrong={
    "the point itself counted": lambda x, k, **how: np.c_[0 * x[:, 0], neighbours(x, k, **how).rho[:, :-1]],
    "descending": lambda x, k, **how: neighbours(x, k, **how).rho[:, ::-1]})
def cross_polytope_and_circle(radii, rng):
    """sqrt 2 up to order 2d - 2 and then 2; ceil(k / 2) / n on a circle."""
    cross, circle = np.vstack([np.eye(4), -np.eye(4)]), np.arange(7)[:, None] / 7
    return gap((radii(cross, 7), radii(circle, 6, periodic=1.0, norm=np.inf)),
               (np.tile(np.sqrt([2, 2, 2, 2, 2, 2, 4]), (8, 1)), np.tile(np.array([1, 1, 2, 2, 3, 3]) / 7, (7, 1))))


# The mean over all orders


@ledger.add("6.15", "identity", value, wrong=CONSTANT_WRONG)
def all_pairs(estimate, rng):
    """1 + log V + d times the mean of the log-distances of all pairs, both norms."""
    x, pairs = points(rng), np.triu_indices(9, 1)
    found = [np.mean([estimate(x, k, norm=norm) for k in range(1, 9)]) for norm in (2, np.inf)]
    want = [1 + volume + 3 * np.log(distances(x, norm=norm)[pairs]).mean()
            for norm, volume in ((2, np.log(4 / 3 * np.pi)), (np.inf, np.log(8)))]
    return gap(np.array(found), np.array(want))


@ledger.add("6.15", "law", knn_entropy_layer, exact=True, wrong={
    key: EDGE_WRONG[key] for key in EDGE_WRONG if "sign" not in key})
def gradient_of_all_pairs(layer, rng):
    """The mean of the gradients over all orders is the gradient of the mean log-distance."""
    x = points(rng)
    delta = x[:, None] - x
    square = (delta**2).sum(2) + np.eye(9)
    return gap(np.mean([gradients(layer, x, k) for k in range(1, 9)], axis=0),
               2 * 3 / 72 * (delta / square[:, :, None]).sum(1))


# Inequalities


@ledger.add("6.16", "law", lambda x, k, **how: knn_entropy(x, k, **how).local, bound=0, wrong={
    "psi(k) twice": lambda x, k, **how: knn_entropy(x, k, **how).local - special.digamma(k),
    "norms exchanged": lambda x, k, norm: knn_entropy(x, k, norm=np.inf if norm == 2 else 2).local})
def orders_points_and_norms(local, rng):
    """H_{k+1} - H_k >= -1/k for every local value; radii, those of brute force, shrink with a point; norms."""
    x, cases = points(rng, 12), []
    log_v = {2: log_ball_volume(3), np.inf: log_ball_volume(3, np.inf)}
    rho = lambda x, k, norm: np.exp((local(x, k, norm=norm) - log_v[norm] - special.digamma(len(x))
                                     + special.digamma(k)) / 3)
    for norm in (2, np.inf):
        for k in range(1, 10):
            cases += list(local(x, k + 1, norm=norm) - local(x, k, norm=norm) >= -1 / k - 1e-13)
            cases += list(rho(x, k, norm)[:11] <= rho(x[:11], k, norm) * (1 + 1e-13))
        cases += list(np.abs(rho(x, 4, norm) / radii(x, 4, norm=norm) - 1) < 1e-12)
    for k in range(1, 10):
        small, large = rho(x, k, np.inf), rho(x, k, 2)
        cases += list((small <= large * (1 + 1e-13)) & (large <= np.sqrt(3) * small * (1 + 1e-13)))
    return holds(cases)


@ledger.add("6.16", "limit", value, bound=1e-12, wrong=CONSTANT_WRONG)
def equality(estimate, rng):
    """H_{k+1} - H_k = -1/k on a simplex, where all radii agree."""
    h = np.array([estimate(np.eye(8), k) for k in range(1, 8)])
    first = 1 + sum(1 / np.arange(2, 8)) + np.log(np.pi**4 / 24) + 4 * np.log(2)
    return gap(np.r_[h[0], np.diff(h)], np.r_[first, -1 / np.arange(1, 7)])


@ledger.add("6.17", "law", lambda x, k, norm: neighbours(x, k, norm=norm).idx, bound=0, wrong={
    "the farthest": lambda x, k, norm: np.argsort(-distances(x, norm=norm), axis=1)[:, 1:k + 1],
    "the same for all": lambda x, k, norm: np.tile(np.arange(k), (len(x), 1))})
def few_have_a_point_for_neighbour(idx, rng):
    """In-degrees sum to nk; at most 2k on a line, k 2^d for the maximum norm; a star of points does not exceed it."""
    cases = []
    for d in (1, 2, 3):
        star = np.vstack([np.zeros(d), rng.standard_normal((60, d)), 1e3 * rng.standard_normal((20, d))])
        for k in (1, 2, 4):
            degree = np.bincount(idx(star, k, np.inf).ravel(), minlength=81)
            cases += [degree.sum() == 81 * k, degree.max() <= k * 2**d]
    return holds(cases)


@ledger.add("6.17", "limit", lambda x, k, norm: neighbours(x, k, norm=norm).idx, bound=0, wrong={
    "the farthest": lambda x, k, norm: np.argsort(-distances(x, norm=norm), axis=1)[:, 1:k + 1],
    "the second": lambda x, k, norm: neighbours(x, k + 1, norm=norm).idx[:, 1:]})
def attained(idx, rng):
    """The corners of a cube have its centre for their nearest neighbour: 2^d points, k = 1."""
    x = np.array([[0, 0, 0], *([a, b, c] for a in (-1, 1) for b in (-1, 1) for c in (-1, 1))]) * [1, 1.01, 1.02]
    return gap(np.array(np.sum(idx(x, 1, np.inf)[1:, 0] == 0)), np.array(8))
