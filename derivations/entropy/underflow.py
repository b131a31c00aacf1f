"""Evidence for the search in clusters whose squares underflow, (6.59a)."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np

from refvae.derivations.entropy.search import brute, plainly, worst
from refvae.entropy import neighbours
from refvae.entropy.neighbours import _found
from refvae.entropy.scale import LEAST, NEAR, lengths, rescaled, restored, zoomed
from refvae.evidence import Ledger, holds

ledger = Ledger()


def exactly(x, k, y=None, norm=2, sides=None):
    """The k smallest distances of each row in integers, as multiples of the least float, roots in 60 digits."""
    own, found = y is None, np.empty((len(x), k))
    a, b = ([[whole(v) for v in row] for row in z] for z in (x, x if own else y))
    around = [whole(s) for s in sides] if sides is not None else None
    for i, p in enumerate(a):
        gaps = [[abs(u - v) for u, v in zip(p, q, strict=True)] for j, q in enumerate(b) if not (own and i == j)]
        if around:
            gaps = [[min(g, s - g) for g, s in zip(each, around, strict=True)] for each in gaps]
        far = sorted(sum(g * g for g in each) if norm == 2 else max(each) ** 2 for each in gaps)[:k]
        found[i] = [rooted(square) for square in far]
    return found


def whole(v):
    """A float as a multiple of 2^-1074, which it is."""
    return int(Fraction(float(v)) * 2**1074)


def rooted(square):
    """The root of a whole multiple of 2^-2148, rounded once."""
    with localcontext(prec=60, Emin=-9999, Emax=9999):
        return float((Decimal(square) / 2**2148).sqrt())


def clusters(rng, d, scales):
    """Clusters of these scales about 0, one after another; some with an entry that all of them share."""
    x = np.vstack([scale * rng.standard_normal((5, d)) for scale in scales])
    if d > 1:
        x[::2, 0] = scales[0]
    return x


SCALES = [(1.0, 1e-165, 1e-300), (1e200, 1e-170, 1e-60), (1e300, 1e-290, 1e-20), (1e-155, 1e-158),
          (1e5, 1e-160, 1e-305)]


def once(name):
    """Radii of the first search alone."""
    def radii(x, k, y=None, norm=2, sides=None):
        scaled, e = rescaled(x, x if y is None else y, *([] if sides is None else [sides]))
        found = _found(scaled[0], scaled[1], k, y is None, norm, None if sides is None else scaled[2], name, 1)
        return restored(found[0], e, "x")

    return radii


def twice(name):
    """Radii of the whole search."""
    return lambda x, k, y=None, norm=2, sides=None: neighbours(
        x, k, among=y, norm=norm, periodic=sides, method=name).rho


def worst_of(radii, rng, cases):
    """The largest error over cases of (arguments, settings)."""
    outcomes = [worst(radii(*args, **how), exactly(*args, **how)) for args, how in cases]
    return max(outcomes, key=lambda outcome: outcome.error)


TREE_WRONG = {"one search": once("tree"), "SciPy": lambda x, k, y=None, norm=2, sides=None: plainly(x, k),
              "squares as they are": lambda x, k, y=None, norm=2, sides=None: brute(x, k, y, norm)}


@ledger.add("6.59a", "identity", twice("tree"), bound=1e-15, wrong=TREE_WRONG)
def clusters_beside_points_of_any_size(radii, rng):
    """In integers: clusters from 1e-305 on beside points from 1e-155 to 1e300, both norms, also of a second sample."""
    cases = []
    for scales in SCALES:
        for d in (2, 3):
            x = clusters(rng, d, scales)
            cases += [((x, 4), {}), ((x, 1), {"norm": np.inf}), ((x, 7), {}), ((x[::2], 3, x * 1.25), {})]
    return worst_of(radii, rng, cases)


@ledger.add("6.59a", "identity", twice("products"), bound=1e-15, wrong={
    "one search": once("products"), "squares as they are": TREE_WRONG["squares as they are"]})
def clusters_in_many_dimensions(radii, rng):
    """The same by products in nine dimensions."""
    return worst_of(radii, rng, [((clusters(rng, 9, scales), k), {}) for scales in SCALES for k in (1, 6)])


@ledger.add("6.59a", "identity", twice("tree"), bound=1e-15, wrong={
    "one search": once("tree"), "no torus": lambda x, k, norm=2, sides=None: twice("tree")(x, k, norm=norm)})
def clusters_on_a_torus(radii, rng):
    """Sides of 1 and of 2^-530, points at both ends of the narrow side, dyadic: the short way round, both norms."""
    sides = np.array([1.0, 2.0**-530, 3.0])
    x = rng.integers(0, 2**20, (14, 3)) * sides / 2**20
    x[:9, [0, 2]] = [[0.5, 2.0**-600]]
    x[:3, 2] = 0.0
    cases = [((x, k), {"norm": norm, "sides": sides}) for k in (2, 6) for norm in (2, np.inf)]
    return worst_of(radii, rng, cases)


def bits(name):
    """Radii of points within their own scale, and of the same times 2^400, which is given back."""
    return lambda x, k: (twice(name)(x, k), twice(name)(x * 2.0**400, k) * 2.0**-400)


@ledger.add("6.59a", "law", bits("tree"), bound=0, wrong={
    "one search": lambda x, k: (once("tree")(x, k), bits("tree")(x, k)[1]),
    "squares as they are": lambda x, k: (brute(x, k), brute(x * 2.0**400, k) * 2.0**-400)})
def bits_of_the_same_cloud_larger(both, rng):
    """A cluster of 1e-165 beside points of 1: the same bits as where all is 2^400 times larger."""
    cases = []
    for d in (2, 3, 5):
        here, there = both(clusters(rng, d, (1.0, 1e-165, 1e-162)), 6)
        cases += [np.array_equal(here, there), (here > 0).all()]
    return holds(cases)


# The points of the second search

TOP = 2.0**-400  # more than NEAR


def edited(change):
    """`zoomed` whose points and sides pass through `change`."""
    def wrong(points, sides, e):
        found = zoomed(points, sides, e)
        return None if found is None else change(*found, points, sides, e)

    return wrong


def kept(points, sides, e, zoom):
    """Whether near points keep their differences, far ones stay far, and entries and sides stay in range."""
    new, round_ = zoom(points, sides, e)
    old, new = np.concatenate(points), np.concatenate(new)
    least, n = LEAST * 2.0**e, len(old)
    before, after = (z[:, None] - z for z in (old, new))
    near = np.abs(before).max(2) < least
    yield (before[near] == after[near]).all()
    yield (np.abs(after).max(2)[~near] >= least).all()
    yield near.sum() > n
    yield np.abs(new).max() <= 8 * n * NEAR * 2.0**e
    if sides is not None:
        yield (np.minimum(np.abs(after), round_ - np.abs(after)).max(2)[~near] >= least).all()
        yield np.where(sides < NEAR * 2.0**e, round_ == sides, round_ >= 2 * new.max(0)).all()


@ledger.add("6.59a", "law", zoomed, bound=0, wrong={
    "as they are": lambda points, sides, e: (points, sides),
    "large ones to 0": edited(lambda new, round_, points, sides, e: (
        [np.where(np.abs(p) >= NEAR * 2.0**e, 0, p) for p in points], round_)),
    "one step for all": edited(lambda new, round_, points, sides, e: (
        [np.where(np.abs(p) >= NEAR * 2.0**e, NEAR * 2.0**e, p) for p in points], round_)),
    "sides as they are, entries moved": edited(lambda new, round_, points, sides, e: (new, sides)),
    "every sample by itself": lambda points, sides, e: (
        [(zoomed([p], sides, e) or ([p], 0))[0][0] for p in points], zoomed(points, sides, e)[1])})
def near_points_keep_their_differences(zoom, rng):
    """Two samples with large entries in common, of both signs and next to the bound, at two scales; and on a torus."""
    cases = []
    for e in (0, 7, 300):
        x = np.vstack([rng.choice([-1.0, 1.0, 3.0, 2.0**-440, -(2.0**-440), 2.0**-441], (24, 3)),
                       np.full((3, 3), 5.0)]) * 2.0**e
        x[:, 1] = LEAST * 2.0**e * rng.standard_normal(27) / 2
        x[:12, [0, 2]] = x[0, [0, 2]]
        points = [x, x[[3, 5, 26]] - [[0.0, x[1, 1], 0]]]
        cases += kept(points, None, e, zoom)
        sides = np.array([8.0, 2.0**-450, 2.0**-439]) * 2.0**e
        cases += kept([np.abs(p) * [1, 1, 2.0**-442] for p in points], sides, e, zoom)
    return holds(cases)


def nothing_to_do(points, e):
    """Whether `zoomed` declines."""
    return zoomed(points, None, e) is None


@ledger.add("6.59a", "limit", nothing_to_do, bound=0, wrong={
    "never": lambda points, e: False, "always": lambda points, e: True,
    "where no entry is below": lambda points, e: (np.abs(np.concatenate(points)) >= NEAR * 2.0**e).all()})
def where_one_search_is_enough(declined, rng):
    """Ordinary points, duplicates and zeros among them; and e < 0; not with a single small entry, in either sample."""
    x = np.round(rng.standard_normal((9, 3)))
    small, at = x.copy(), np.nextafter(NEAR, 0)
    small[4, 1] = -at
    return holds([declined([x], 0), declined([x, x[:2]], 0), declined([x * NEAR], 0), declined([small * TOP], -700),
                  not declined([small], 0), not declined([x, small], 0), not declined([small, x], 0),
                  declined([small * 4], 0), not declined([small * 2.0**9], 9), not declined([small * 2.0**9], 10)])


# Lengths


@ledger.add("6.59a", "identity", lengths, bound=1e-15, wrong={
    "squares as they are": lambda delta: np.sqrt((delta * delta).sum(1)),
    "maximum norm": lambda delta: np.abs(delta).max(1), "sum": lambda delta: np.abs(delta).sum(1)})
def lengths_by_guarded_loops(length, rng):
    """math.hypot of rows from 1e-300 to 1e300, entries of unequal size, and zeros."""
    delta = rng.standard_normal((60, 4)) * 10.0 ** rng.choice([-200, -9, -3, 0], (60, 4))
    delta *= 10.0 ** rng.choice([-300, -160, 0, 160, 300], (60, 1))
    delta[::7] = 0
    return worst(length(delta)[:, None], np.array([[math.hypot(*row)] for row in delta]))


@ledger.add("6.59a", "law", lengths, bound=0, wrong={
    "squares as they are": lambda delta: np.sqrt((delta * delta).sum(1)),
    "by the mean of the row": lambda delta: lengths(delta / delta.mean()) * delta.mean()})
def lengths_of_whole_numbers(length, rng):
    """3, 4, 12 and 13, times every power of two down to the least float: exact."""
    rows = np.array([[3.0, 4, 12], [-12.0, 3, 4], [4.0, -12, -3]])
    powers = 2.0 ** np.arange(-1074, 1019, 13.0)
    return holds(np.concatenate([length(rows * power) == 13 * power for power in powers]))
