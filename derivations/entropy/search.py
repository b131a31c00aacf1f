"""Evidence for the neighbour search on a line, at any scale and on a torus, (6.56), (6.59), (6.60)."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product

import numpy as np
from scipy.spatial import cKDTree

from refvae.entropy import neighbours
from refvae.entropy.line import line_radii, line_search
from refvae.entropy.scale import rescaled
from refvae.entropy.tree import tree_search
from refvae.evidence import Ledger, Outcome, gap, holds

ledger = Ledger()


def brute(x, k, y=None, norm=2):
    """The k smallest distances of each row, from all differences in float64."""
    delta = x[:, None] - (x if y is None else y)
    far = np.sqrt((delta**2).sum(2)) if norm == 2 else np.abs(delta).max(2)
    if y is None:
        np.fill_diagonal(far, np.inf)
    return np.sort(far, axis=1)[:, :k]


def worst(got, want):
    """The largest relative error of a distance; a distance that should be 0 must be 0."""
    if got.shape != want.shape:
        raise ValueError(f"distances: got shape {got.shape}, wanted {want.shape}")
    errors = np.abs(got - want) / np.where(want == 0, np.finfo(float).tiny, want)
    at = np.unravel_index(np.argmax(errors), errors.shape)
    return Outcome(float(got[at]), float(want[at]), float(errors[at]))


def method(name):
    """The radii of one method."""
    return lambda x, k, y=None: neighbours(x, k, among=y, method=name).rho


# On a line

LINE_WRONG = {
    "the nearest ranks, not the nearest points": lambda x, k, y=None: np.abs(x - np.sort(x, 0)[np.argsort(np.argsort(
        x[:, 0]))[:, None] - 1 - np.arange(k), 0]) if y is None else method("line")(x, k, y) + 0.1,
    "the left side alone": lambda x, k, y=None: np.sort(np.where(x - x[:, 0] > 0, x - x[:, 0], 1e9), 1)[:, :k],
    "the point itself counts": lambda x, k, y=None: neighbours(x, k, among=x if y is None else y, method="line").rho}


@ledger.add("6.56", "identity", method("line"), bound=0, wrong=LINE_WRONG)
def all_pairs_sorted(radii, rng):
    """Bit for bit all distances sorted: Gaussian, rounded with duplicates, and apart from a second sample."""
    cases = []
    for x in (rng.standard_normal((60, 1)), np.round(2 * rng.standard_normal((60, 1))), np.zeros((60, 1))):
        cases += [np.array_equal(radii(x, k), brute(x, k)) for k in (1, 2, 7, 59)]
        cases += [np.array_equal(radii(a, 5, b), brute(a, 5, b)) for a, b in ((x, x[:7] + 1), (x[:7] + 1, x))]
    return holds(cases)


@ledger.add("6.56", "law", line_search, bound=0, wrong={
    "one order too early": lambda x, y, k, own, first: (
        line_search(x, y, k - 1, own, first - 1) if first > 1 else line_search(x, y, k, own)),
    "all orders": lambda x, y, k, own, first: line_search(x, y, k, own)})
def higher_orders_alone(found, rng):
    """Orders 3 to 6 and 6 alone are those of all six, within a sample and from another."""
    x, y = rng.standard_normal((19, 1)), rng.standard_normal((11, 1))
    cases = []
    for first, (sample, own) in product((1, 3, 6), ((x, True), (y, False))):
        part, whole = found(x, sample, 6, own, first), line_search(x, sample, 6, own)
        cases += [np.array_equal(a, b[:, first - 1:]) for a, b in zip(part, whole, strict=True)]
    return holds(cases)


@ledger.add("6.56", "identity", line_radii, bound=0, wrong={
    "order below": lambda x, k: line_radii(x, k - 1) if k > 1 else 2 * line_radii(x, k),
    "the left side alone": lambda x, k: LINE_WRONG["the left side alone"](x, k)[:, -1:]})
def one_order_alone(radii, rng):
    """The last column of all distances sorted, orders odd and even to the last, with duplicates, bit for bit."""
    cases = []
    for x in (rng.standard_normal((13, 1)), np.round(2 * rng.standard_normal((13, 1))), np.zeros((5, 1))):
        cases += [np.array_equal(radii(x, k), brute(x, k)[:, -1:]) for k in range(1, len(x))]
    return holds(cases)


@ledger.add("6.56", "law", lambda s, k: neighbours(s[:, None], k, method="line").rho, wrong={
    key: lambda s, k, radii=LINE_WRONG[key]: radii(s[:, None], k) for key in LINE_WRONG})
def windows_in_fractions(radii, rng):
    """The minimum over windows of sorted points, in exact fractions of dyadic numbers."""
    s = np.sort(rng.integers(-2**30, 2**30, 23)) / 2.0**20
    exact = [Fraction(each) for each in s]
    want = np.zeros((23, 6))
    for i, q in product(range(23), range(1, 7)):
        starts = range(max(i - q, 0), min(i, 22 - q) + 1)
        want[i, q - 1] = min(max(exact[i] - exact[a], exact[a + q] - exact[i]) for a in starts)
    return gap(radii(s, 6), want)


@ledger.add("6.56", "law", lambda x, k: neighbours(x, k, method="line"), bound=0, wrong={
    "the right one first": lambda x, k: neighbours(-x, k, method="line"), "the same side twice": lambda x, k: (
        lambda found: found._replace(idx=found.idx[:, np.maximum(np.arange(k) - 1, 0)]))(neighbours(
            x, k, method="line"))})
def indices_on_a_lattice(found, rng):
    """Equidistant points: both sides in turn, the left one first; with duplicates: different rows, and not itself."""
    x = rng.permutation(np.arange(21.0))[:, None]
    rho, idx = found(x, 6)
    inner = (x[:, 0] > 2) & (x[:, 0] < 18)
    cases = [np.array_equal((x[idx, 0] - x)[inner], np.tile([-1.0, 1, -2, 2, -3, 3], (inner.sum(), 1)))]
    z = np.round(2 * rng.standard_normal((40, 1)))
    rho, idx = found(z, 7)
    cases += [np.array_equal(np.abs(z[idx, 0] - z), np.abs(rho)), all(len({i, *row}) == 8 for i, row in enumerate(idx))]
    return holds(cases)


# Scale

EXPONENTS = (-1000, -600, -90, 7, 520, 1000)


def plainly(x, k):
    """Radii by SciPy without rescaling."""
    return cKDTree(x).query(x, np.arange(2, k + 2))[0]


def by_loops(x, k):
    """Radii by math.dist, which guards against overflow and underflow."""
    far = np.array([[math.dist(a, b) for b in x] for a in x])
    return np.sort(far, axis=1)[:, 1:k + 1]


SCALE_WRONG = {
    "SciPy": plainly, "squares as they are": brute,
    "divided by the spread": lambda x, k: method("tree")(x / x.std(), k) * x.std(),
    "exponent not given back": lambda x, k: method("tree")(*rescaled(x)[0], k)}


@ledger.add("6.59", "law", method("tree"), bound=0, wrong=SCALE_WRONG)
def bit_for_bit(radii, rng):
    """Radii scale with powers of two from 2^-1000 to 2^1000."""
    x = rng.standard_normal((30, 3))
    return holds([np.array_equal(radii(x * 2.0**e, 4), radii(x, 4) * 2.0**e) for e in EXPONENTS])


@ledger.add("6.59", "law", method("products"), bound=0, wrong={key: SCALE_WRONG[key] for key in SCALE_WRONG if key !=
                                                               "exponent not given back"})
def bit_for_bit_with_products(radii, rng):
    """The same for products in eight dimensions, of which some are 2^-90 times narrower."""
    x = rng.standard_normal((40, 8)) * 2.0 ** np.r_[0, 0, 0, 0, 0, 0, -90, -90]
    return holds([np.array_equal(radii(x * 2.0**e, 4), radii(x, 4) * 2.0**e) for e in (-800, -90, 7, 1000)])


def range_of(x):
    """Binary exponents after rescaling: of the largest magnitude, and of the factor."""
    (scaled,), e = rescaled(x)
    return int(np.frexp(scaled.max())[1]), e


@ledger.add("6.59", "limit", range_of, bound=0, wrong={
    "from 2^-400": lambda x: range_of(x) if not -400 < np.frexp(x.max())[1] < -100 else (int(np.frexp(x.max())[1]), 0),
    "up to 2^508": lambda x: range_of(x) if not 500 < np.frexp(x.max())[1] < 508 else (int(np.frexp(x.max())[1]), 0)})
def ends_of_the_range(ends, rng):
    """Nothing is done for a largest magnitude in [2^-101, 2^500), to the last bit; else it comes to [2^499, 2^500)."""
    below = lambda power: np.nextafter(2.0**power, 0)
    cases = [(2.0**-101, -100, 0), (below(500), 500, 0), (below(-101), 500, -601), (2.0**500, 500, 1),
             (2.0**-300, 500, -799), (2.0**505, 500, 6), (2.0**1023, 500, 524)]
    return holds([ends(np.array([[large], [-large / 2]])) == (top, e) for large, top, e in cases])


@ledger.add("6.59", "law", method("tree"), bound=0, wrong={"SciPy": plainly, "squares as they are": brute})
def small_beside_large(radii, rng):
    """A cluster with differences from 2^-400 of the largest magnitude on keeps its bits, at both ends of the range."""
    cluster = rng.integers(1, 2**20, (12, 3)) * 2.0**-400
    x = np.vstack([cluster, np.ones((2, 3))])
    return holds([np.array_equal(radii(x * 2.0**e, 3)[:12], radii(cluster, 3) * 2.0**e)
                  for e in (-101, -102, -300, 499, 500)])


@ledger.add("6.59", "identity", method("tree"), bound=1e-15, wrong=SCALE_WRONG)
def by_guarded_loops(radii, rng):
    """Distances of 1e-300, 1e-160, 1e155 and 1e307 by math.dist."""
    outcomes = [worst(radii(x, 4), by_loops(x, 4)) for x in (scale * rng.standard_normal((20, 3)) for scale in (
        1e-300, 1e-160, 1e155, 1e307))]
    return max(outcomes, key=lambda outcome: outcome.error)


# Torus

SIDES = np.array([1.0, 0.5, 3.0])


def on_torus(x, k, sides, norm):
    """The radii on a torus."""
    return neighbours(x, k, periodic=sides, norm=norm).rho


TORUS_WRONG = {"no torus": lambda x, k, sides, norm: neighbours(x, k, norm=norm).rho,
               "one side for all axes": lambda x, k, sides, norm: on_torus(x, k, sides.max(), norm),
               "half the sides": lambda x, k, sides, norm: on_torus(x, k, sides / 2, norm)}


@ledger.add("6.60", "identity", on_torus, wrong=TORUS_WRONG)
def all_images(radii, rng):
    """Brute force over 27 images of every point, both norms."""
    x = rng.random((25, 3)) * SIDES
    images = np.concatenate([x + SIDES * shift for shift in product((-1, 0, 1), repeat=3)])
    found, want = [], []
    for norm in (2, np.inf):
        far = np.linalg.norm(x[:, None] - images, norm, axis=2).reshape(25, 27, 25).min(1)
        found.append(radii(x, 5, SIDES, norm))
        want.append(np.sort(far, axis=1)[:, 1:6])
    return gap(np.array(found), np.array(want))


@ledger.add("6.60", "law", on_torus, bound=0, wrong={key: TORUS_WRONG[key] for key in TORUS_WRONG if "half" not in key})
def turned(radii, rng):
    """Dyadic points turned by dyadic angles, also out of the torus and below 0, or by less than an ulp: same bits."""
    x, cases = rng.integers(0, 2**20, (40, 3)) * SIDES / 2**20, []
    for norm in (2, np.inf):
        for turn in (0.25, 0.5, -3.0, 96.0):
            cases.append(np.array_equal(radii(x + turn, 5, SIDES, norm), radii(x, 5, SIDES, norm)))
        edge = np.where(x < 0.25, 0.0, x)
        moved = np.where(edge == 0, -1e-20, edge)
        cases.append(np.array_equal(radii(moved, 5, SIDES, norm), radii(edge, 5, SIDES, norm)))
        cases.append((radii(x, 39, SIDES, norm) <= np.linalg.norm(SIDES / 2, norm)).all())
    return holds(cases)


@ledger.add("6.60", "identity", lambda x, y, k, norm: tree_search(x, y, k, None, norm, SIDES)[0], wrong={
    "no torus": lambda x, y, k, norm: tree_search(x, y, k, None, norm)[0],
    "the other way round": lambda x, y, k, norm: tree_search(y, x, k, None, norm, SIDES)[0][:len(x)],
    "within the first": lambda x, y, k, norm: tree_search(x, x, k, None, norm, SIDES)[0]})
def from_another_sample(radii, rng):
    """Few points and their neighbours in a larger sample, by the shorter way round on every axis, both norms."""
    x, y, found, want = rng.random((7, 3)) * SIDES, rng.random((19, 3)) * SIDES, [], []
    apart = np.abs(x[:, None] - y)
    for norm in (2, np.inf):
        found.append(radii(x, y, 4, norm))
        want.append(np.sort(np.linalg.norm(np.minimum(apart, SIDES - apart), norm, axis=2), axis=1)[:, :4])
    return gap(np.array(found), np.array(want))
