"""Evidence for how far the estimate can be driven on a batch, (7.13) to (7.15)."""

from __future__ import annotations

import numpy as np
from scipy import special, stats
from scipy.spatial.distance import cdist

from refvae.derivations.entropy.common import distances, shifted, value
from refvae.eae import most_entropy
from refvae.entropy import knn_entropy
from refvae.evidence import Ledger, gap, holds

ledger = Ledger()
SIMPLEX = np.eye(6) - 1 / 6


def scaled(z):
    """The points with mean square d."""
    return z * np.sqrt(z.size / (z * z).sum())


def quantiles(n):
    """The points of (7.13) on a line, (n, 1)."""
    return scaled(stats.norm.ppf((np.arange(n) + 0.5) / n)[:, None])


def groups(y, k, size=0.0, rng=None):
    """k points for every row of y, at it or within `size`."""
    z = np.repeat(y, k, axis=0)
    return z if rng is None else z + size * rng.uniform(-1, 1, z.shape) / np.sqrt(z.shape[1])


# The bound


def changed(by):
    """A wrong bound: by(n, d, k, z) added."""
    return lambda z, k: most_entropy(z, k) + by(*z.shape, k, z)


BOUND_WRONG = {"radii not halved": changed(lambda n, d, k, z: -d * np.log(2)),
               "every point in one ball: log k lost": changed(lambda n, d, k, z: -np.log(k)),
               "log k - digamma(k) lost": changed(lambda n, d, k, z: special.digamma(k) - np.log(k))}
ONE = {"entropy of one coordinate": changed(lambda n, d, k, z: (1 - d) / 2 * np.log(2 * np.pi * np.e))}


@ledger.add("7.13", "law", most_entropy, bound=0, wrong=BOUND_WRONG | ONE)
def never_exceeded(bound, rng):
    """Normal and heavy-tailed points, quantiles, groups of them, a lattice, a simplex; many orders; any scale.

    And the mean square of the radii is at most that of the points times n / (2 (n - k)); for two points it is that.
    """
    lattice = np.stack(np.meshgrid(np.arange(7.0), np.arange(8.0)), -1).reshape(-1, 2) @ [[1, 0], [0.5, 0.75**0.5]]
    sets = [rng.standard_normal((30, 3)), rng.standard_t(2, (30, 2)), quantiles(201), SIMPLEX,
            lattice - lattice.mean(0), groups(quantiles(101), 3, 1e-4, rng),
            groups(rng.standard_normal((15, 2)), 2, 1e-3, rng), np.array([[1.0], [-1.0]])]
    cases = [(z, k) for z in sets for k in (1, 2, 3, 5, len(z) - 1) if k < len(z)]
    radii = [(np.sort(cdist(z, z), axis=1)[:, k] ** 2).mean() / 4 for z, k in cases]  # the first is the point itself
    return holds([*(value(z, k) <= bound(z, k) + 1e-12 for z, k in cases), *(
        r2 <= (z * z).sum() / (2 * (len(z) - k)) * (1 + 1e-12) for r2, (z, k) in zip(radii, cases, strict=True))])


@ledger.add("7.13", "identity", most_entropy, wrong=BOUND_WRONG | ONE | {
    "radii of order 1 for all": lambda z, k: most_entropy(z, 1) + np.log(k) - special.digamma(k) + special.digamma(1),
    "log n - digamma(n) lost": changed(lambda n, d, k, z: np.log(n) - special.digamma(n))})
def by_hand(bound, rng):
    """Normal points in three dimensions with mean square 3: the formula, with distances by loops, orders 1, 2 and 4."""
    z = scaled(rng.standard_normal((9, 3)))
    want = []
    for k in (1, 2, 4):
        r2 = (np.sort(distances(z), axis=1)[:, k - 1] ** 2).mean() / 4
        harmonic = lambda m: sum(1 / j for j in range(1, m)) - np.euler_gamma
        want.append(1.5 * np.log(2 * np.pi * np.e) + 3 * np.log(2) + np.log(k) - harmonic(k) - np.log(9) + harmonic(9)
                    + 1.5 * np.log(1 + r2 / 5))
    return gap(np.array([bound(z, k) for k in (1, 2, 4)]), np.array(want))


@ledger.add("7.13", "limit", most_entropy, bound=0.02, wrong=BOUND_WRONG)
def sharp_on_a_line(bound, rng):
    """1600 normal quantiles for k = 1, and 800 groups of 2 and of 5 for those orders, come within 2 % of the bound."""
    sets = [(quantiles(1600), 1), (groups(quantiles(800), 2), 2), (groups(quantiles(800), 5), 5)]
    return gap(np.array([bound(z, k) for z, k in sets]), np.array([value(z, k) for z, k in sets]))


@ledger.add("7.13", "law", most_entropy, bound=1e-13, wrong={
    "squares as they are": lambda z, k: most_entropy(z, k) if 1e-100 < np.abs(z).max() < 1e100 else -np.inf,
    "a power of two more": lambda z, k: most_entropy(z, k) + 3 * np.log(2) * (np.abs(z).max() < 1e-100),
    "scale of one coordinate": lambda z, k: most_entropy(z, k) + np.log(np.abs(z).max())})
def at_any_size(bound, rng):
    """Points times 2^-1000, 2^-520 and 2^520, whose squares underflow or overflow: d log 2 more for every power."""
    z = rng.standard_normal((9, 3))
    powers = np.array([-1000, -520, 0, 520])
    return gap(np.array([bound(np.ldexp(z, e), 2) for e in powers]), bound(z, 2) + 3 * np.log(2) * powers)


# All orders

CONSTANT_WRONG = {"diameter for radius": shifted(lambda n, k, d: d * np.log(2)),
                  "digamma(k) lost": shifted(lambda n, k, d: special.digamma(k)),
                  "log n for psi(n), and 1 / k": shifted(lambda n, k, d: np.log(n) - special.digamma(n) + 1 / k)}


def mean_bound(n, d):
    """The right side of (7.14)."""
    return 1 + d / 2 * np.log(np.pi) - special.gammaln(d / 2 + 1) + d / 2 * np.log(2 * d * n / (n - 1))


@ledger.add("7.14", "law", value, bound=0, wrong={
    key: CONSTANT_WRONG[key] for key in CONSTANT_WRONG if "lost" not in key})
def mean_over_orders(estimate, rng):
    """Normal points, a simplex in five dimensions that is moved a little, and quantiles, all of mean square d."""
    simplex = SIMPLEX @ np.linalg.svd(SIMPLEX)[2][:5].T
    sets = [scaled(z) for z in (rng.standard_normal((12, 2)), rng.standard_normal((7, 5)),
                                simplex + 1e-3 * rng.standard_normal((6, 5)), quantiles(20))]
    return holds([np.mean([estimate(z, k) for k in range(1, len(z))]) <= mean_bound(*z.shape) for z in sets])


@ledger.add("7.14", "limit", value, bound=1e-12, wrong=CONSTANT_WRONG)
def simplex(estimate, rng):
    """Equality for a turned simplex of six points in five dimensions, and for two points on a line."""
    turn = stats.ortho_group.rvs(5, random_state=rng)
    sets = [scaled(SIMPLEX @ np.linalg.svd(SIMPLEX)[2][:5].T @ turn), np.array([[1.0], [-1.0]])]
    return gap(np.array([np.mean([estimate(z, k) for k in range(1, len(z))]) for z in sets]),
               np.array([mean_bound(*z.shape) for z in sets]))


# Groups


@ledger.add("7.15", "identity", value, wrong=CONSTANT_WRONG | {
    "the point's copies not counted": lambda z, k: float(knn_entropy(np.unique(z, axis=0), 1))})
def groups_count_once(estimate, rng):
    """k codes at each of seven places: the formula from brute-force distances of the places, k = 1, 2, 3, 5."""
    y = rng.standard_normal((7, 3))
    first = 3 * np.log(distances(y).min(1)).mean() + np.log(4 / 3 * np.pi)
    harmonic = lambda m: sum(1 / j for j in range(1, m))
    return gap(np.array([estimate(groups(y, k), k) for k in (1, 2, 3, 5)]),
               np.array([first + harmonic(7 * k) - harmonic(k) for k in (1, 2, 3, 5)]))


@ledger.add("7.15", "law", value, bound=0, wrong={
    "the order below": lambda z, k: value(z, k - 1),
    "all orders": lambda z, k: np.mean([value(z, j) for j in (1, 2, 3)]),
    "squares of the distances": lambda z, k: value(z, k) + z.shape[1] * np.log(np.sort(distances(z))[:, k - 1]).mean()})
def insides_are_free(estimate, rng):
    """Groups of 3 within delta: order 3 changes by at most d times the mean of log(1 + 2 delta / (rho - 2 delta))."""
    y, cases = rng.standard_normal((7, 2)), []
    rho, rest = distances(y).min(1), np.log(np.pi) + special.digamma(21) - special.digamma(3)
    at_once = 2 * np.log(rho).mean() + rest
    for delta in (1e-2, 1e-4, 1e-8):
        delta *= rho.min()
        moved = groups(y, 3, delta, rng)
        cases.append(abs(estimate(moved, 3) - at_once) <= 2 * np.log(1 + 2 * delta / (rho - 2 * delta)).mean() + 1e-12)
    return holds(cases)
